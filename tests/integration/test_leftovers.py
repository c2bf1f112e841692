# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a check has put that was killed does not stay public for ever."""

from __future__ import annotations

import os
import signal
from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._check import leftovers as _leftovers
from ansible_collections.antmedia.s3_recording.plugins.module_utils._check.upload import UploadCheck
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.polling import Deadline

from stand_ins.aws import AwsStandIn

BUCKET = "left-over"
OTHERS = [
    "streams/recording-check-of-somebody.mp4",
    "streams/live.mp4",
    "recording-check-0123456789abcdef.mp4",
]


@pytest.fixture
def uploads(aws: AwsStandIn, monkeypatch: pytest.MonkeyPatch) -> list[UploadCheck]:
    """Three checks of one application, each with an object of its own."""
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": aws.region})
    for key in OTHERS:
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"x")
    for name, value in aws.env().items():
        monkeypatch.setenv(name, value)
    allowed = {"Effect": "Allow", "Action": ["s3:List*", "s3:Get*", "s3:Put*"], "Resource": "*"}
    user = aws.make_user({"Version": "2012-10-17", "Statement": [allowed]})
    settings: dict[str, Any] = {
        "s3BucketName": BUCKET,
        "s3RegionName": aws.region,
        "s3Endpoint": aws.endpoint_url,
        "s3PathStyleAccessEnabled": True,
        "s3Permission": "bucket-owner-full-control",
        "s3AccessKey": user.access_key_id,
        "s3SecretKey": user.secret_access_key,
    }
    names = [f"streams/recording-check-{number:016x}.mp4" for number in range(3)]
    return [UploadCheck("live", settings, name, b"x", 30, Deadline(0)) for name in names]


def test_the_next_check_removes_it(
    uploads: list[UploadCheck], aws: AwsStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stayed: nothing that runs at the end survives SIGKILL."""
    killed, soon, later = uploads

    def keys() -> list[str]:
        listed = aws.client("s3").list_objects_v2(Bucket=BUCKET)
        return [each["Key"] for each in listed["Contents"]]

    child = os.fork()
    if not child:
        killed.run()
        os.kill(os.getpid(), signal.SIGKILL)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL
    # It may be that of a run that is under way.
    assert "leftovers" not in [link.check for link in soon.run()]
    assert soon.remove() is not None
    assert keys() == sorted([*OTHERS, killed.target.key])
    monkeypatch.setattr(_leftovers, "OLD", timedelta(seconds=-60))
    links = {link.check: link for link in later.run()}
    assert links["leftovers"].actual == "1 of them, removed"
    assert "objects of earlier checks that were killed" in links["leftovers"].warning
    assert later.remove() is not None
    assert keys() == sorted(OTHERS)
