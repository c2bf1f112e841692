# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module recordings_import against a simulated server and AWS: what it copies, and what it refuses."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.errors import CollectionError
from ansible_collections.antmedia.s3_recording.plugins.module_utils._import import patience
from ansible_collections.antmedia.s3_recording.plugins.module_utils._import.parts import UNIT
from ansible_collections.antmedia.s3_recording.plugins.modules import recordings_import

from stand_ins.ams import Fleet
from stand_ins.aws import AwsStandIn
from tests.harness.generate_policies import filled_in

from .conftest import BUCKET

FOLDER, OLD = "live/streams", 7200.0
ODD = ["a b.mp4", "ä ö#1%20.mp4", "folder/ü?x=1&y.webm", "a+b;c.mp4"]
# Of a length that no part is a multiple of: each part is another one.
PIECE, TIMES = bytes(range(251)), 2 * UNIT // 251 + 100
LARGE = PIECE * TIMES


class Import:
    """A server that records to a bucket, and imports into it."""

    def __init__(self, fleet: Fleet, aws: AwsStandIn) -> None:
        self.fleet, self.aws = fleet, aws
        self.settings = {
            "s3BucketName": BUCKET,
            "s3RegionName": aws.region,
            "s3Endpoint": aws.endpoint_url,
            "s3PathStyleAccessEnabled": True,
        }
        more = {
            "s3RecordingEnabled": True,
            "s3StreamsFolderPath": FOLDER,
            "s3Permission": "bucket-owner-full-control",
            "s3AccessKey": "of-the-application",
            "s3SecretKey": "secret-of-the-application",
        }
        fleet.set_settings(0, "live", {**self.settings, **more})

    def add(self, name: str, content: bytes, *, size: int | None = None, age: float = OLD, **of: Any) -> None:
        self.fleet.add_recordings(
            0, "live", [name], age=age, size=len(content) if size is None else size, **of
        )
        piece, times = (PIECE, TIMES) if content == LARGE else (content, 1)
        self.fleet.add_file(0, "live", f"streams/{name}", piece, times=times, age=age)

    def run(self, *, check: bool = False, **given: Any) -> dict[str, Any]:
        host = self.fleet.hosts[0]
        spec = recordings_import.ARGUMENT_SPEC
        params = {name: option.get("default") for name, option in spec.items()}
        params |= {"url": host.url, "email": host.email, "password": host.password, "timeout": 10.0}
        params |= {"apps": [{"name": "live", "settings": self.settings}], **given}
        return recordings_import.run(params, check)

    def app(self, **given: Any) -> dict[str, Any]:
        return dict(self.run(**given)["apps"][0])

    def objects(self) -> dict[str, bytes]:
        s3 = self.aws.client("s3")
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
        keys = [each["Key"] for page in pages for each in page.get("Contents", ())]
        return {key: s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in keys}

    def open_uploads(self) -> list[Any]:
        return list(self.aws.client("s3").list_multipart_uploads(Bucket=BUCKET).get("Uploads", ()))


@pytest.fixture
def server(fleet: Fleet, aws: AwsStandIn, monkeypatch: pytest.MonkeyPatch) -> Import:
    monkeypatch.setattr(patience, "growing", lambda *_pauses: iter([0.05] * 10_000))
    return Import(fleet, aws)


def numbers(app: dict[str, Any]) -> dict[str, int]:
    counted = (
        "listed",
        "skipped",
        "present",
        "copied",
        "differing_count",
        "gone_count",
        "failed_count",
        "not_tried",
    )
    return {name: app[name] for name in counted if app[name]}


def test_everything_is_copied_once_with_odd_names_and_of_any_kind(server: Import) -> None:
    for name in ODD:
        server.add(name, name.encode())
    server.add("of a user.mp4", b"uploaded", kind="uploadedVod")
    server.add("large.mp4", LARGE)
    server.add("young.mp4", b"on its way", age=60)
    planned = server.run(check=True)
    assert planned["changed"] is True
    assert planned["apps"][0]["to_copy"] == 6
    assert sorted(planned["apps"][0]["names"]) == sorted([*ODD, "of a user.mp4", "large.mp4"])
    assert server.objects() == {}
    result = server.run()
    assert result["changed"] is True
    assert "failed" not in result
    assert numbers(result["apps"][0]) == {"listed": 7, "skipped": 1, "copied": 6}
    assert server.objects() == {
        **{f"{FOLDER}/{name}": name.encode() for name in ODD},
        f"{FOLDER}/of a user.mp4": b"uploaded",
        f"{FOLDER}/large.mp4": LARGE,
    }
    server.aws.clear_requests()
    again = server.run()
    assert again["changed"] is False
    assert numbers(again["apps"][0]) == {"listed": 7, "skipped": 1, "present": 6}
    assert server.aws.writes() == []
    assert server.run(check=True)["changed"] is False


def test_no_request_of_check_mode_writes(server: Import) -> None:
    server.add("a.mp4", b"hello")
    server.aws.clear_requests()
    assert server.run(check=True)["msg"].endswith("would be copied: a.mp4")
    assert server.aws.writes() == []


def test_an_object_that_differs_is_named_and_stays(server: Import) -> None:
    server.add("a.mp4", b"hello")
    server.aws.client("s3").put_object(Bucket=BUCKET, Key=f"{FOLDER}/a.mp4", Body=b"of somebody else")
    for check in (True, False):
        result = server.run(check=check)
        assert result["changed"] is False
        assert result["apps"][0]["differing"][0]["name"] == "a.mp4"
        assert "16 bytes" in result["apps"][0]["differing"][0]["reason"]
        assert result["warnings"]
    assert server.objects() == {f"{FOLDER}/a.mp4": b"of somebody else"}


def test_names_that_lead_elsewhere_are_refused(server: Import) -> None:
    server.add("a.mp4", b"hello")
    server.fleet.add_recordings(0, "live", ["../../conf/red5.properties"], age=OLD)
    app = server.app()
    assert numbers(app) == {"listed": 2, "copied": 1, "failed_count": 1}
    assert app["failed"][0]["name"] == "streams/../../conf/red5.properties"
    assert not [request for request in server.fleet.requests(0) if "red5" in request["path"]]


@pytest.mark.parametrize("check", [True, False])
def test_a_server_that_forwards_is_left_to_the_other_way(server: Import, check: bool) -> None:
    server.add("a.mp4", b"hello")
    server.add("b.webm", b"webm")
    forwards = {"httpForwardingExtension": "mp4", "httpForwardingBaseURL": "https://cdn.example.com"}
    server.fleet.set_settings(0, "live", forwards)
    result = server.run(check=check)
    app = result["apps"][0]
    assert result["failed"] is True
    assert (app["copied"] + app["to_copy"], app["not_tried"]) == (1, 1)
    assert "https://cdn.example.com/streams/a.mp4" in app["error"]
    assert "from the server's disk over ssh" in app["error"]


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize("status", [401, 403, 302])
def test_a_server_that_gives_viewers_nothing(server: Import, status: int, check: bool) -> None:
    for number in range(30):
        server.add(f"{number}.mp4", b"hello")
    fault = {"action": "redirect"} if status == 302 else {"action": "status", "status": status}
    server.fleet.fault(0, path="/live/streams/", **fault)
    app = server.app(check=check)
    assert app["copied"] == 0
    assert app["error"].startswith("Reading http://127.")
    assert f": {status}, " in app["error"]
    assert "over ssh" in app["error"]
    if not check:
        assert app["not_tried"] == 30
        assert len([each for each in server.fleet.requests(0) if "/live/streams/" in each["path"]]) <= 4


def test_a_recording_that_vanishes_is_named_and_the_others_are_copied(server: Import) -> None:
    server.add("a.mp4", b"hello")
    server.fleet.add_recordings(0, "live", ["gone.mp4"], age=OLD)
    server.add("large.mp4", LARGE)
    server.fleet.fault(0, "vanishes", path="large.mp4", nth=2)
    app = server.app()
    assert numbers(app) == {"listed": 3, "copied": 1, "gone_count": 2}
    assert all("404, the file is not there" in each["reason"] for each in app["gone"])
    assert server.open_uploads() == []


def test_a_recording_that_grows_is_never_mixed(server: Import) -> None:
    server.add("large.mp4", LARGE)
    server.fleet.fault(0, "grows", path="large.mp4", nth=3, times=1)
    app = server.app()
    # The second try sees that it was just written to.
    assert app["failed"][0]["reason"].endswith("Run the import again when it is finished.")
    assert server.objects() == {}
    assert server.open_uploads() == []


def test_a_list_that_is_wrong_about_the_size_is_no_reason(server: Import) -> None:
    server.add("a.mp4", b"hello", size=999)
    assert numbers(server.app()) == {"listed": 1, "copied": 1}
    assert numbers(server.app()) == {"listed": 1, "present": 1}


def test_a_bucket_that_says_503_for_a_while(server: Import) -> None:
    server.add("a.mp4", b"hello")
    server.add("large.mp4", LARGE)
    for action in ("s3:PutObject", "s3:HeadObject"):
        server.aws.fault(action, count=6, status=503, code="SlowDown")
    assert numbers(server.app()) == {"listed": 2, "copied": 2}
    assert server.objects()[f"{FOLDER}/large.mp4"] == LARGE


def test_a_full_quota_stops_and_the_next_run_goes_on(server: Import) -> None:
    server.add("large.mp4", LARGE)
    server.add("a.mp4", b"hello")
    server.aws.fault("s3:PutObject", skip=1, count=50, status=403, code="QuotaExceeded")
    app = server.app(connections=1)
    assert "QuotaExceeded" in app["error"]
    assert "Raise the quota" in app["error"]
    assert app["not_tried"] >= 1
    server.aws.clear_faults()
    numbers_now = numbers(server.app())
    assert numbers_now["copied"] + numbers_now.get("present", 0) == 2
    assert server.objects()[f"{FOLDER}/large.mp4"] == LARGE


def test_parts_of_an_earlier_run_are_not_sent_again(server: Import) -> None:
    server.add("large.mp4", LARGE)
    server.aws.fault("s3:PutObject", skip=2, count=50, status=403, code="QuotaExceeded")
    assert "QuotaExceeded" in server.app(connections=1)["error"]
    (upload,) = server.open_uploads()
    of = {"Bucket": BUCKET, "Key": upload["Key"], "UploadId": upload["UploadId"]}
    stored = {each["PartNumber"] for each in server.aws.client("s3").list_parts(**of)["Parts"]}
    assert stored
    server.aws.clear_faults()
    server.aws.clear_requests()
    assert numbers(server.app()) == {"listed": 1, "copied": 1}
    assert server.objects()[f"{FOLDER}/large.mp4"] == LARGE
    puts = [each for each in server.aws.writes() if "partNumber" in json.dumps(each)]
    assert len(puts) == 3 - len(stored)


def test_a_server_that_restarts_in_the_middle(server: Import) -> None:
    for number in range(5):
        server.add(f"{number}.mp4", b"hello")
    server.add("large.mp4", LARGE)
    server.fleet.fault(0, "restart", path="/live/streams/", nth=3, times=1, seconds=1)
    assert numbers(server.app()) == {"listed": 6, "copied": 6}
    assert server.objects()[f"{FOLDER}/large.mp4"] == LARGE


def test_nothing_is_sent_to_where_the_server_alone_wants_it(server: Import) -> None:
    server.add("a.mp4", b"hello")
    server.fleet.set_settings(0, "live", {"s3BucketName": "of-somebody-else"})
    server.aws.clear_requests()
    app = server.app()
    assert "Nothing was sent to what the server names" in app["error"]
    assert server.aws.requests() == []
    assert server.run(apps=[{"name": "live", "settings": {"s3BucketName": BUCKET}}])["failed"] is True


def test_a_server_that_does_not_record_to_s3(server: Import) -> None:
    server.fleet.set_settings(0, "live", {"s3RecordingEnabled": False})
    assert "it does not record to S3. Run site.yml before the import" in server.app()["error"]


def test_credentials_without_a_permission(server: Import, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(9):
        server.add(f"{number}.mp4", b"hello")
    statement = {"Effect": "Allow", "Action": ["s3:ListBucket", "s3:GetObject"], "Resource": "*"}
    key = server.aws.make_user({"Version": "2012-10-17", "Statement": [statement]})
    for name, value in server.aws.env(key).items():
        monkeypatch.setenv(name, value)
    app = server.app()
    assert "need the permission s3:PutObject" in app["error"]
    assert "docs/policies/import.json has it" in app["error"]
    assert app["not_tried"] == 9


def test_a_long_list_is_read_to_its_end(server: Import) -> None:
    server.fleet.add_recordings(0, "live", [f"{number}.mp4" for number in range(450)], age=OLD, size=2)
    for number in (0, 449):
        server.fleet.add_file(0, "live", f"streams/{number}.mp4", b"hi", age=OLD)
    app = server.app(connections=16)
    assert (app["listed"], app["copied"], app["gone_count"]) == (450, 2, 448)
    assert len(app["gone"]) == 100


def test_the_ready_policy_is_enough_and_all_of_it_is_needed(
    server: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = filled_in("import", BUCKET=BUCKET, ACCOUNT="123456789012", REGION=server.aws.region)
    key = server.aws.make_user(policy)
    for name, value in server.aws.env(key).items():
        monkeypatch.setenv(name, value)
    server.add("large.mp4", LARGE)
    server.add("a.mp4", b"hello")
    # Parts of an import that was cut otherwise, which is aborted.
    s3 = server.aws.client("s3")
    key_of_object = f"{FOLDER}/large.mp4"
    begun = s3.create_multipart_upload(Bucket=BUCKET, Key=key_of_object)["UploadId"]
    of = {"Bucket": BUCKET, "Key": key_of_object, "UploadId": begun}
    s3.upload_part(**of, PartNumber=1, Body=bytes(2 * UNIT))
    server.aws.clear_requests()
    assert numbers(server.app()) == {"listed": 2, "copied": 2}
    assert server.open_uploads() == []
    used = {each["action"] for each in server.aws.requests()}
    actions = {action for each in policy["Statement"][:2] for action in each["Action"]}
    # An upload with an ACL needs s3:PutObjectAcl, a HEAD s3:GetObject.
    assert actions - used <= {"s3:PutObjectAcl", "s3:GetObject"}, used


@pytest.mark.parametrize(
    ("option", "value", "text"),
    [("connections", 0, "0 is not between 1 and 32"), ("bandwidth", -1, "less than 0")],
)
def test_options_that_cannot_work(server: Import, option: str, value: Any, text: str) -> None:
    with pytest.raises(CollectionError, match=text):
        server.run(**{option: value})


def test_secrets_are_in_no_result(server: Import) -> None:
    server.add("a.mp4", b"hello")
    server.fleet.fault(0, "status", status=500, path="/live/streams/", body="secret-of-the-application")
    server.aws.fault(
        "s3:HeadObject", count=100, status=403, code="AccessDenied", message=server.aws.endpoint_url
    )
    text = json.dumps(server.run())
    assert server.aws.credentials.secret_access_key not in text
    assert "secret-of-the-application" not in text
