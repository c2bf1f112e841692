# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""site.yml on servers of other releases, whose settings differ: simulated ones, and a real one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._display.lines import listed

from stand_ins.ams import Fleet
from stand_ins.aws import AwsStandIn
from stand_ins.real_ams import RealAms, unavailable
from stand_ins.waiting import wait_for
from tests.harness.playbook import PlaybookRun, ran, run_playbook

from .test_site_real import RealSite

OURS = "antmedia.s3_recording."
SITE = OURS + "site"
RELEASES = ["2.6.4", "2.10.0", "2.13.2", "2.17.1", "3.0.3"]
FORMER = "2.16.2"


def proved(run: PlaybookRun) -> dict[str, bool]:
    checks = ran(run.of_step("check"))
    return {each.host: all(link["ok"] for link in each["checks"]) for each in checks}


def test_one_fleet_of_all_releases(aws: AwsStandIn, tmp_path: Path) -> None:
    bucket = "release-recordings"
    with Fleet(hosts=len(RELEASES), release=RELEASES) as fleet:
        first = fleet.hosts[0]
        hosts = {
            f"ams-{release}": {"s3_recording_ams_url": host.url}
            for release, host in zip(RELEASES, fleet.hosts, strict=True)
        }
        variables: dict[str, Any] = {
            "s3_recording_bucket": bucket,
            "s3_recording_region": aws.region,
            "s3_recording_endpoint": aws.endpoint_url,
            "s3_recording_aws_endpoint_url": aws.endpoint_url,
            # Path style came with 2.13; botocore, as AMS in the check, uses it for digits anyway.
            "s3_recording_path_style": False,
            "s3_recording_base_url": f"{aws.endpoint_url}/{bucket}",
            "s3_recording_live_test": "first",
            "s3_recording_key_switch_wait": 0,
            "s3_recording_ams_email": first.email,
            "s3_recording_ams_password": first.password,
            "s3_recording_backup_dir": str(tmp_path / "former"),
        }
        inventory = {"all": {"hosts": hosts, "vars": variables}}

        def run(playbook: str = SITE, **more: Any) -> PlaybookRun:
            return run_playbook(playbook, inventory=inventory, env=aws.env(), **more)

        def recording() -> list[bool]:
            return [fleet.settings(number, "live")["s3RecordingEnabled"] for number in range(len(hosts))]

        whole = dict.fromkeys(hosts, True)
        first_run = run()
        assert proved(first_run) == whole
        assert run().changed == 0
        newer = {"s3_recording_path_style": True}
        refused = run(extra_vars=newer, arguments=["--limit", "ams-2.10.0"], expected_rc=2)
        assert "needs AMS 2.13 or later, AMS 2.10.0 does not have it" in " ".join(refused.stdout.split())

        # Every other entry point of the role.
        assert proved(run(OURS + "verify")) == whole
        assert proved(run(OURS + "rotate_key")) == whole
        assert f"is used by {listed([*hosts])}" in " ".join(run(OURS + "audit").stdout.split())
        (name,) = set(re.findall(r"s3_recording_rollback_run=(\w+)", first_run.stdout))
        run(OURS + "rollback", extra_vars={"s3_recording_rollback_run": name})
        assert not any(recording())
        assert proved(run()) == whole
        assert all(recording())
        run(OURS + "decommission")
        assert not any(recording())


@pytest.mark.real_ams
@pytest.mark.skipif(unavailable(FORMER) is not None, reason=str(unavailable(FORMER)))
def test_a_real_server_of_the_former_release(tmp_path: Path) -> None:
    with AwsStandIn() as aws, RealAms(FORMER) as ams:
        site = RealSite(aws, ams, tmp_path, s3_recording_upload=["mp4"])
        assert proved(site.run()) == {"ams-real": True}
        ams.publish("live", "former", 3)
        assert wait_for(lambda: "streams/former.mp4" in site.keys()), ams.log_text()[-3000:]
        assert site.run().changed == 0
