# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A stream that is live while a real Ant Media Server moves to another bucket, folder and key arrives."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from stand_ins.aws import AwsStandIn
from stand_ins.real_ams import RealAms, unavailable
from stand_ins.waiting import wait_for

from .test_site_real import MP4_ALONE, REGION, RealSite

MOVED = {"s3_recording_bucket": "e2e-moved-recordings", "s3_recording_prefix": "new"}

pytestmark = [
    pytest.mark.real_ams,
    pytest.mark.skipif(unavailable() is not None, reason=str(unavailable())),
]


@pytest.fixture
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealSite]:
    with AwsStandIn() as aws, RealAms() as ams:
        site = RealSite(aws, ams, tmp_path_factory.mktemp("inventory"), **MP4_ALONE)
        site.run()
        yield site


def change(site: RealSite, **variables: Any) -> None:
    inventory = json.loads(site.inventory.read_text())
    inventory["all"]["hosts"]["ams-real"].update(variables)
    site.inventory.write_text(json.dumps(inventory))


def keys(site: RealSite, bucket: str) -> list[str]:
    listed = site.aws.client("s3", region_name=REGION).list_objects_v2(Bucket=bucket)
    return [each["Key"] for each in listed.get("Contents", [])]


def test_a_stream_that_is_live_while_everything_moves_arrives(site: RealSite) -> None:
    """The new key had no right to the folder with which the stream began, and the file stayed on the disk."""
    former = site.settings("live")["s3AccessKey"]
    change(site, **MOVED)
    stream = threading.Thread(target=site.ams.publish, args=("live", "through", 40))
    stream.start()
    assert wait_for(lambda: any(each["streamId"] == "through" for each in site.ams.streams("live")))
    run = site.run()
    assert stream.is_alive(), "the stream ended before the move did, which shows nothing"
    assert site.settings("live")["s3AccessKey"] != former
    bucket = MOVED["s3_recording_bucket"]
    assert "1 stream was live in application 'live' when its settings changed" in " ".join(run.stdout.split())
    stream.join()
    assert wait_for(lambda: "streams/through.mp4" in keys(site, bucket)), site.ams.log_text()[-3000:]
    assert wait_for(lambda: "through.mp4" not in " ".join(site.ams.files("live")))
    site.ams.publish("live", "after", 4)
    assert wait_for(lambda: "new/streams/after.mp4" in keys(site, bucket)), site.ams.log_text()[-3000:]
    last = site.run()
    text = f"Removed the right of {bucket}-recording to upload to {bucket}/previews/, {bucket}/streams/"
    assert text in " ".join(last.stdout.split())
