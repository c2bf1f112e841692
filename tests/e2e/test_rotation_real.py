# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A key that is rotated while a real Ant Media Server records and uploads: nothing is lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from stand_ins.aws import AwsStandIn
from stand_ins.real_ams import RealAms, unavailable
from stand_ins.waiting import wait_for
from tests.harness.playbook import PlaybookRun, run_playbook

from .test_site_real import BUCKET, REGION, RealSite

ROTATE = "antmedia.s3_recording.rotate_key"
USER = f"{BUCKET}-recording"

pytestmark = [
    pytest.mark.real_ams,
    pytest.mark.skipif(unavailable() is not None, reason=str(unavailable())),
]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealSite]:
    with AwsStandIn() as aws, RealAms() as ams:
        site = RealSite(
            aws,
            ams,
            tmp_path_factory.mktemp("inventory"),
            s3_recording_live_test="none",
            s3_recording_key_switch_wait=0,
            s3_recording_key_delete_after=0,
        )
        site.run()
        yield site


def rotate(site: RealSite) -> PlaybookRun:
    return run_playbook(ROTATE, inventory=site.inventory, env=site.aws.env())


def keys_of_user(site: RealSite) -> list[str]:
    listed = site.aws.client("iam").list_access_keys(UserName=USER)["AccessKeyMetadata"]
    return [each["AccessKeyId"] for each in listed]


def writes_of(site: RealSite, name: str) -> list[dict[str, Any]]:
    wanted = ("PutObject", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload")
    return [
        each for each in site.aws.requests() if each["operation"] in wanted and name in each.get("path", "")
    ]


def test_a_stream_that_runs_through_the_rotation_is_recorded_in_whole(site: RealSite) -> None:
    former = site.settings("live")["s3AccessKey"]
    stream = threading.Thread(target=site.ams.publish, args=("live", "through", 30))
    stream.start()
    assert wait_for(lambda: any(each["streamId"] == "through" for each in site.ams.streams("live")))
    rotate(site)
    assert stream.is_alive(), "the stream ended before the rotation did, which proves nothing"
    new = site.settings("live")["s3AccessKey"]
    assert keys_of_user(site) == [new]
    assert new != former
    stream.join()
    assert wait_for(lambda: "streams/through.mp4" in site.keys()), site.ams.log_text()[-3000:]
    (recording,) = [each for each in site.ams.recordings("live") if each["streamId"] == "through"]
    head = site.aws.client("s3", region_name=REGION).head_object(Bucket=BUCKET, Key="streams/through.mp4")
    assert head["ContentLength"] == recording["fileSize"]
    assert recording["duration"] > 25_000
    assert {each["access_key_id"] for each in writes_of(site, "through")} == {new}


def test_an_upload_that_began_before_the_rotation_ends_with_the_former_key(site: RealSite) -> None:
    former = site.settings("live")["s3AccessKey"]
    site.aws.clear_requests()
    # AMS uploads in parts from 5 MiB on, https://docs.aws.amazon.com/sdk-for-java: TransferManager.
    # Longer than a rotation on a busy machine, and not as long as the server waits for an answer (50 s).
    site.aws.fault("s3:UploadPart", count=20, delay=35)
    site.ams.publish("live", "large", 8, megabits=30)
    assert wait_for(lambda: writes_of(site, "large.mp4")), site.ams.files("live")
    begun = time.monotonic()
    run = rotate(site)
    assert "uploads in progress may have begun with it: streams/large.mp4" in run.output
    new = site.settings("live")["s3AccessKey"]
    assert keys_of_user(site) == [new], f"after {time.monotonic() - begun:.0f} s"
    assert "streams/large.mp4" in site.keys()
    assert {each["access_key_id"] for each in writes_of(site, "large.mp4")} == {former}
    assert all(each["status"] == 200 for each in writes_of(site, "large.mp4"))
    assert wait_for(lambda: "large.mp4" not in " ".join(site.ams.files("live")))
