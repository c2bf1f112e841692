# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""/APP/hls-upload: the bucket with the server's key, and the filter that alone guards it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from stand_ins.aws import AwsStandIn
from tests.contract.client import Client, Reply

FOLDER = "live/streams"
BODY = b"0123456789" * 100
STRANGER = "203.0.113.7"
RIGHTS = ("s3:ListBucket", "s3:GetObject", "s3:PutObject", "s3:PutObjectAcl")


class Door:
    """The application live of a server, with a closed bucket behind it."""

    def __init__(self, admin: Client, client: Client, aws: AwsStandIn) -> None:
        self.admin, self.client, self.aws = admin, client, aws
        self.bucket = f"door-{uuid.uuid4().hex[:12]}"
        self.s3 = aws.client("s3")
        place = {"LocationConstraint": aws.region}
        self.s3.create_bucket(Bucket=self.bucket, CreateBucketConfiguration=place)
        self.s3.put_object(Bucket=self.bucket, Key=f"{FOLDER}/clip.mp4", Body=BODY)

    def record(self, rights: tuple[str, ...] = RIGHTS, **more: Any) -> None:
        resources = [f"arn:aws:s3:::{self.bucket}", f"arn:aws:s3:::{self.bucket}/*"]
        allowed = {"Effect": "Allow", "Action": rights, "Resource": resources}
        key = self.aws.make_user({"Version": "2012-10-17", "Statement": [allowed]})
        settings = {
            "s3RecordingEnabled": True,
            "s3BucketName": self.bucket,
            "s3RegionName": self.aws.region,
            "s3Endpoint": self.aws.endpoint_url,
            "s3PathStyleAccessEnabled": True,
            "s3Permission": "bucket-owner-full-control",
            "s3StreamsFolderPath": FOLDER,
            "s3AccessKey": key.access_key_id,
            "s3SecretKey": key.secret_access_key,
        }
        self.admin.change("live", settings | more)

    def call(
        self, method: str = "GET", name: str = "clip.mp4", body: bytes | None = None, said: str = ""
    ) -> Reply:
        """said: X-Forwarded-For."""
        headers = {"X-Forwarded-For": said} if said else {}
        return self.client.call(method, f"//live/hls-upload/{name}", body, headers=headers, kind=None)

    def let_in(self, said: str = "") -> bool:
        reply = self.call(said=said)
        if reply.status == 200:
            assert reply.body == BODY
            return True
        assert (reply.status, reply.message) == (403, "Not allowed IP")
        return False

    def stored(self, name: str) -> bytes | None:
        try:
            found = self.s3.get_object(Bucket=self.bucket, Key=f"{FOLDER}/{name}")
        except ClientError:
            return None
        body: bytes = found["Body"].read()
        return body


@pytest.fixture
def door(admin: Client, connect: Callable[[], Client], aws: AwsStandIn) -> Door:
    return Door(admin, connect(), aws)


def test_a_closed_bucket_is_read_and_overwritten_from_loopback(door: Door) -> None:
    door.record()
    reply = door.call()
    assert (reply.status, reply.body) == (200, BODY)
    assert reply.kind == "application/vnd.apple.mpegurl;charset=UTF-8"
    assert door.client.call("GET", "//live/streams/clip.mp4").status == 404
    put = door.call("PUT", body=b"overwritten")
    assert (put.status, put.body, put.kind) == (200, b"", None)
    assert door.stored("clip.mp4") == b"overwritten"


def test_what_the_store_refuses_shows_that_one_is_let_in(door: Door) -> None:
    door.record()
    missing = door.call(name="none.mp4")
    assert missing.status == 500
    assert missing.message.startswith("Error processing request: ")
    assert "Service: Amazon S3; Status Code: 404; Error Code: NoSuchKey" in missing.message
    refused = door.call("DELETE")
    assert refused.status == 500
    assert "Service: Amazon S3; Status Code: 403; Error Code: AccessDenied" in refused.message
    assert door.stored("clip.mp4") == BODY
    assert door.call(name="none.mp4", said=STRANGER).message == "Not allowed IP"


def test_it_is_deleted_where_the_key_may(door: Door) -> None:
    door.record((*RIGHTS, "s3:DeleteObject"))
    assert door.call("DELETE").status == 200
    assert door.stored("clip.mp4") is None


def test_without_s3_recording_there_is_nothing_behind_it(door: Door) -> None:
    door.record(s3RecordingEnabled=False)
    assert (door.call().status, door.call().message) == (500, "Storage client is not available")
    assert door.call(said=STRANGER).status == 403


@pytest.mark.parametrize(
    ("said", "let_in"),
    [
        ("", True),
        ("127.0.0.1", True),
        (STRANGER, False),
        ("10.1.1.1", False),
        # The first from the right that is neither loopback nor private, or the leftmost.
        (f"127.0.0.1, {STRANGER}", False),
        (f"{STRANGER}, 127.0.0.1", False),
        ("127.0.0.1, 10.1.1.1", True),
        ("10.1.1.1, 127.0.0.1", False),
    ],
)
def test_the_header_is_believed_from_loopback(door: Door, said: str, let_in: bool) -> None:
    door.record()
    assert door.let_in(said) is let_in
    assert door.call("PUT", "new.mp4", b"new", said).status == (200 if let_in else 403)
    assert (door.stored("new.mp4") is not None) is let_in


@pytest.mark.parametrize(
    ("cidr", "plain", "ten", "stranger"),
    [
        ("10.0.0.0/8", False, True, False),
        ("10.0.0.5/8 , 127.0.0.1", True, True, False),
        ("nonsense!,10.0.0.0/8", False, True, False),
        ("10.0.0.0/8,,127.0.0.1", True, True, False),
        ("0.0.0.0/0", True, True, True),
        ("/0", True, True, True),
        ("localhost", True, False, False),
        ("::/0", False, False, False),
        # What cannot be understood lets nobody in.
        ("", False, False, False),
        (" 10.0.0.0/8", False, False, False),
        ("10.0.0.0/8;127.0.0.1", False, False, False),
        ("10.0.0.0/255.0.0.0", False, False, False),
        ("10.0.0.0/33,127.0.0.1", True, False, False),
        ("10.0.0.0/ 8", False, False, False),
    ],
)
def test_whom_the_filter_lets_in(door: Door, cidr: str, plain: bool, ten: bool, stranger: bool) -> None:
    door.record(remoteAllowedCIDR=cidr)
    assert (door.let_in(), door.let_in("10.1.1.1"), door.let_in(STRANGER)) == (plain, ten, stranger)


def test_addresses_of_ipv6(door: Door) -> None:
    door.record(remoteAllowedCIDR="fd00::/8,10.0.0.0/8")
    assert door.let_in("fd00::5")
    assert not door.let_in("2001:db8::7")
    assert door.let_in("::ffff:10.1.1.1")


def test_a_header_that_is_no_address_makes_it_fail(door: Door) -> None:
    door.record()
    reply = door.call(said="nonsense")
    assert (reply.status, reply.message) == (500, "begin 0, end -1, length 8")


def test_without_the_filter_everybody_is_let_in(door: Door) -> None:
    door.record(ipFilterEnabled=False)
    assert [door.let_in(said) for said in ("", STRANGER, "10.1.1.1")] == [True] * 3
    assert door.call("PUT", body=b"overwritten", said=STRANGER).status == 200
    assert door.stored("clip.mp4") == b"overwritten"


def test_neither_the_jwt_of_the_rest_api_nor_play_tokens_guard_it(door: Door) -> None:
    door.record(jwtControlEnabled=True, jwtSecretKey="x" * 40, playTokenControlEnabled=True)
    assert door.let_in()
    assert not door.let_in(STRANGER)


def test_the_rest_api_has_the_same_filter(door: Door) -> None:
    for said, status in (("", 200), (STRANGER, 403)):
        headers = {"X-Forwarded-For": said} if said else {}
        assert door.client.call("GET", "//live/rest/v2/vods/count", headers=headers).status == status


def test_what_the_server_asks_of_the_store(door: Door) -> None:
    """It lists the bucket once, before the first request with new settings."""
    door.record()
    door.aws.clear_requests()
    asked = []
    for _time in range(2):
        assert door.let_in()
        asked.append([each["operation"] for each in door.aws.requests()])
        door.aws.clear_requests()
    assert asked == [["ListObjectsV2", "GetObject"], ["GetObject"]]
