# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What recording_check says of forwarding extensions that somebody has set by hand."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.modules import recording_check

from stand_ins.ams import Fleet
from stand_ins.aws import AwsStandIn

BUCKET = "forwarded-by-hand"
# Nothing listens there: where a viewer is sent is what counts here.
BASE = "http://127.0.0.1:9"
APP: dict[str, Any] = {"name": "live", "settings": {}}


@pytest.fixture(scope="module")
def bucket(aws: AwsStandIn) -> dict[str, Any]:
    """The settings of an application that records there."""
    place = {"LocationConstraint": aws.region}
    aws.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration=place)
    allowed = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    key = aws.make_user({"Version": "2012-10-17", "Statement": [allowed]})
    return {
        "s3RecordingEnabled": True,
        "s3BucketName": BUCKET,
        "s3RegionName": aws.region,
        "s3Endpoint": aws.endpoint_url,
        "s3PathStyleAccessEnabled": True,
        "s3Permission": "bucket-owner-full-control",
        "s3StreamsFolderPath": "streams",
        "s3AccessKey": key.access_key_id,
        "s3SecretKey": key.secret_access_key,
    }


@pytest.mark.parametrize(
    ("extensions", "asked_for", "is_forwarded"),
    [
        ("mp4", "mp4", True),
        ("MP4", "mp4", False),
        ("mp4, webm", "webm", False),
        (".mp4", "mp4", True),
        (",webm", "webm", True),
    ],
)
def test_it_is_judged_as_the_server_does_it(
    bucket: dict[str, Any],
    fleet: Fleet,
    monkeypatch: pytest.MonkeyPatch,
    aws: AwsStandIn,
    extensions: str,
    asked_for: str,
    is_forwarded: bool,
) -> None:
    """MP4 was called right, though no recording ends so; .mp4, which forwards them, was called broken."""
    for name, value in aws.env().items():
        monkeypatch.setenv(name, value)
    forwarding = {"httpForwardingExtension": extensions, "httpForwardingBaseURL": BASE}
    fleet.set_settings(0, "live", {**bucket, **forwarding})
    host = fleet.hosts[0]
    given = {"url": host.url, "email": host.email, "password": host.password, "apps": [APP]}
    params = {name: option.get("default") for name, option in recording_check.ARGUMENT_SPEC.items()} | given
    (redirect,) = [
        link for link in recording_check.run(params, False)["checks"] if link["check"] == "redirect"
    ]
    assert redirect["ok"] is is_forwarded
    assert redirect["expected"].endswith(f".{asked_for}")
    if not is_forwarded:
        right = "mp4" if extensions == "MP4" else "mp4,webm"
        assert f"httpForwardingExtension ('{extensions}') exactly" in redirect["remedy"]
        assert f"set it to '{right}', run servers.yml" in redirect["remedy"]
