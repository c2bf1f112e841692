# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""recording_check compares the list of a server with the bucket, and warns of what is missing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.broadcasts import Broadcasts
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.client import AmsClient, Connection
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.recordings import Recordings
from ansible_collections.antmedia.s3_recording.plugins.module_utils._check.run import run
from ansible_collections.antmedia.s3_recording.plugins.modules.recording_check import ARGUMENT_SPEC

from stand_ins.ams import Fleet
from stand_ins.aws import AwsStandIn

BUCKET = "counted-recordings"
TWO_HOURS = 7200


@pytest.fixture(scope="module")
def aws() -> Iterator[AwsStandIn]:
    with AwsStandIn() as stand_in:
        place = {"LocationConstraint": stand_in.region}
        stand_in.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration=place)
        yield stand_in


@pytest.fixture
def upload(aws: AwsStandIn, fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    for name, value in aws.env().items():
        monkeypatch.setenv(name, value)
    statement = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    key = aws.make_user({"Version": "2012-10-17", "Statement": [statement]})
    settings = {
        "s3RecordingEnabled": True,
        "s3BucketName": BUCKET,
        "s3RegionName": aws.region,
        "s3Endpoint": aws.endpoint_url,
        "s3PathStyleAccessEnabled": True,
        "s3StreamsFolderPath": "streams",
        "s3Permission": "bucket-owner-full-control",
    }
    fleet.set_settings(
        0,
        "live",
        {**settings, "s3AccessKey": key.access_key_id, "s3SecretKey": key.secret_access_key},
    )
    return settings


def checked(fleet: Fleet, settings: dict[str, Any], **more: Any) -> dict[str, Any]:
    params = {name: option.get("default") for name, option in ARGUMENT_SPEC.items()}
    host = fleet.hosts[0]
    login = {
        "url": host.url,
        "email": host.email,
        "password": host.password,
        "timeout": 10,
        "validate_certs": True,
    }
    apps = [{"name": "live", "settings": settings}]
    return run({**params, **login, "apps": apps, "wait_timeout": 0, "backlog": True, **more}, False)


def test_the_result_and_a_warning_say_what_is_missing(
    aws: AwsStandIn, fleet: Fleet, upload: dict[str, Any]
) -> None:
    fleet.add_recordings(0, "live", ["a.mp4", "b.mp4"], age=TWO_HOURS)
    aws.client("s3").put_object(Bucket=BUCKET, Key="streams/b.mp4", Body=b"b")
    result = checked(fleet, upload)
    (found,) = result["backlog"]
    assert (found["location"], found["listed"], found["missing"]) == (f"s3://{BUCKET}/streams/", 2, 1)
    assert result["checks"][-1]["check"] == "backlog"
    assert any(text.startswith("live: 1 of 2 recordings (1000000 bytes, ") for text in result["warnings"])
    assert checked(fleet, upload, backlog_max=0)["failed"] is True
    assert "failed" not in checked(fleet, upload, backlog_max=1)


def test_a_bucket_that_the_server_names_is_not_listed(
    aws: AwsStandIn, fleet: Fleet, upload: dict[str, Any]
) -> None:
    """The inventory decides where requests are sent, and nothing is read before that is clear."""
    fleet.add_recordings(0, "live", ["a.mp4"], age=TWO_HOURS)
    aws.clear_requests()
    result = checked(fleet, {**upload, "s3BucketName": "another-bucket"})
    assert aws.requests() == []
    assert [each["check"] for each in result["checks"]] == ["settings"]
    assert "backlog" not in result


def test_an_application_whose_list_is_refused_is_not_tried(
    aws: AwsStandIn, fleet: Fleet, upload: dict[str, Any]
) -> None:
    fleet.add_recordings(0, "live", ["a.mp4"], age=TWO_HOURS)
    fleet.fault(0, "status", status=403, method="GET", path="/vods/list")
    result = checked(fleet, upload)
    fleet.clear_faults()
    assert (result["checks"][-1]["check"], result["checks"][-1]["tried"]) == ("backlog", False)
    assert result["msg"].endswith("not tried: backlog")


def test_a_secret_that_the_server_quotes_is_masked(
    aws: AwsStandIn, fleet: Fleet, upload: dict[str, Any]
) -> None:
    fleet.add_recordings(0, "live", ["a.mp4"], age=TWO_HOURS)
    secret = fleet.settings(0, "live")["s3SecretKey"]
    fleet.fault(0, "status", status=400, method="GET", path="/vods/list", body=f"settings: {secret}")
    result = checked(fleet, upload)
    fleet.clear_faults()
    assert result["checks"][-1]["tried"] is False
    assert secret not in str(result)


def test_the_newest_recordings_are_read_first(fleet: Fleet) -> None:
    for name, age in (("b.mp4", 20), ("a.mp4", 30), ("c.mp4", 10)):
        fleet.add_recordings(0, "live", [name], age=age)
    host = fleet.hosts[0]
    with AmsClient(Connection(host.url, host.email, host.password)) as client:
        listed = [each.path for each in Recordings(Broadcasts(client, "live"))]
    assert listed == ["streams/c.mp4", "streams/b.mp4", "streams/a.mp4"]
