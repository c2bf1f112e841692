# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""import_recordings.yml for a real server that is reached by ssh: what no list of AMS has is brought in."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from stand_ins.aws import AwsStandIn
from stand_ins.real_ams import RealAms, unavailable
from stand_ins.ssh import Sshd
from stand_ins.ssh import unavailable as no_ssh
from stand_ins.waiting import wait_for
from tests.harness.blocks import RESULT, block
from tests.harness.playbook import PlaybookRun, run_playbook

from .test_site_real import BUCKET, MP4_ALONE, REGION, RealSite

IMPORT = "antmedia.s3_recording.import_recordings"
OLD = 1_700_000_000
USER = f"{BUCKET}-recording"

pytestmark = [
    pytest.mark.real_ams,
    pytest.mark.skipif(bool(unavailable() or no_ssh()), reason=str(unavailable() or no_ssh())),
]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[RealSite]:
    """Forwards viewers to the bucket already: over HTTP nobody could read its recordings."""
    with AwsStandIn() as aws, RealAms() as ams:
        ams_dir = {"s3_recording_ams_dir": str(ams.app_dir("live").parents[1])}
        made = RealSite(aws, ams, tmp_path, **MP4_ALONE, **ams_dir)
        made.run()
        yield made


@pytest.fixture
def ssh() -> Iterator[Sshd]:
    with Sshd() as ssh:
        yield ssh


def without_listing(policy: dict[str, Any]) -> dict[str, Any]:
    """Return the policy of a key whose uploads fail at once."""
    statements = [each for each in policy["Statement"] if "s3:ListBucket" not in each["Action"]]
    assert len(statements) < len(policy["Statement"])
    return {**policy, "Statement": statements}


def test_recordings_whose_upload_failed_at_once(site: RealSite, ssh: Sshd) -> None:
    iam = site.aws.client("iam")
    policy = iam.get_user_policy(UserName=USER, PolicyName="recordings")["PolicyDocument"]

    def put(document: dict[str, Any]) -> None:
        iam.put_user_policy(UserName=USER, PolicyName="recordings", PolicyDocument=json.dumps(document))

    put(without_listing(policy))
    for _stream in range(2):
        site.ams.publish("live", "refused", 3)
    names = ["refused.mp4.tmp_extension", "refused_1.mp4.tmp_extension"]
    streams = site.ams.app_dir("live") / "streams"
    paths = [streams / name for name in names]
    # The index is written last.
    assert wait_for(lambda: all(path.is_file() and b"moov" in path.read_bytes() for path in paths))
    assert site.ams.recordings("live") == []
    put(policy)
    contents = [path.read_bytes() for path in paths]
    for path in paths:
        probe = ["ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", str(path)]
        done = subprocess.run(probe, capture_output=True, text=True, check=True, timeout=60)
        assert (float(done.stdout) > 2, done.stderr) == (True, "")

    def run(*arguments: str, **variables: Any) -> PlaybookRun:
        given = {"s3_recording_import_min_age": 0, **ssh.variables(), **variables}
        env = site.aws.env()
        return run_playbook(IMPORT, inventory=site.inventory, env=env, extra_vars=given, arguments=arguments)

    # AMS may still write to what is so young.
    assert run().changed == 0
    for path in paths:
        os.utime(path, (OLD, OLD))
    run("--check", s3_recording_import_delete=True)
    assert (site.keys(), [path.is_file() for path in paths]) == (set(), [True, True])
    lines = block(run(s3_recording_import_delete=True), RESULT)
    size = f"{sum(map(len, contents)) / 1000:.1f} kB"
    assert lines[0] == f"2 recordings ({size}) copied and verified"
    assert " ".join(lines[1:]).endswith(
        "2 of them with a name that AMS had not finished, 2 deleted on the server's disk"
    )
    s3 = site.aws.client("s3", region_name=REGION)
    for name, content in zip(("refused.mp4", "refused_1.mp4"), contents):
        stored = s3.get_object(Bucket=BUCKET, Key=f"streams/{name}")
        assert (stored["Body"].read() == content, stored["ContentType"]) == (True, "video/mp4")
        answer = requests.get(f"{site.ams.url}/live/streams/{name}", timeout=30)
        assert (answer.content == content, len(answer.history)) == (True, 1)
    assert [path.is_file() for path in paths] == [False, False]
    assert run().changed == 0
