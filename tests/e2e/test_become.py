# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""ansible_become is meant for the servers; what runs on the controller takes no notice of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stand_ins.ams import Fleet
from stand_ins.aws import AwsStandIn
from tests.harness.playbook import run_playbook

BUCKET = "become-recordings"
# As on a controller without sudo.
BECOME = {"ansible_become": True, "ansible_become_method": "sudo", "ansible_become_exe": "/no/such/sudo"}


@pytest.fixture
def inventory(aws: AwsStandIn, fleet: Fleet, tmp_path: Path) -> dict[str, Any]:
    host = fleet.hosts[0]
    variables = {
        "s3_recording_bucket": BUCKET,
        "s3_recording_region": "eu-west-1",
        "s3_recording_endpoint": aws.endpoint_url,
        "s3_recording_aws_endpoint_url": aws.endpoint_url,
        "s3_recording_ams_url": host.url,
        "s3_recording_ams_email": host.email,
        "s3_recording_ams_password": host.password,
        "s3_recording_backup_dir": str(tmp_path / "backups"),
        "s3_recording_verify": False,
        "s3_recording_live_test": "none",
        "s3_recording_delete_bucket": True,
    }
    return {"all": {"hosts": {"ams-1": {}}, "vars": {**variables, **BECOME}}}


def test_the_controller_stays_who_it_is(aws: AwsStandIn, fleet: Fleet, inventory: dict[str, Any]) -> None:
    """Without this storage fails at its first module for AWS, and with that made servers fails as well.

    An extra variable beats everything that a play can say.
    """
    extra = {"ansible_become": True}
    run_playbook("antmedia.s3_recording.site", inventory=inventory, env=aws.env(), extra_vars=extra)
    assert fleet.settings(0, "live")["s3BucketName"] == BUCKET

    decommission = "antmedia.s3_recording.decommission"
    run_playbook(decommission, inventory=inventory, env=aws.env(), extra_vars=extra)
    assert fleet.settings(0, "live")["s3BucketName"] == ""
    left = aws.client("s3").list_buckets()["Buckets"]
    assert BUCKET not in [bucket["Name"] for bucket in left]
