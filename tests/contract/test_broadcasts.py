# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Sources that the server pulls by itself: what it says of them, and what becomes of what they play."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.recording_rules import (
    object_key,
    path_below_streams,
)

from stand_ins.aws import AwsStandIn, Credentials
from tests.contract.client import FAILED, OK, Client
from tests.contract.sources import APP, SHORT_HLS, Broadcast, Media, new_name, until

BUCKET, FOLDER = "contract-recordings", "live/streams"
CLASS = "io.antmedia.datastore.db.types.Broadcast"


@pytest.fixture(scope="module")
def aws() -> Iterator[AwsStandIn]:
    with AwsStandIn() as stand_in:
        place = {"LocationConstraint": stand_in.region}
        stand_in.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration=place)
        yield stand_in


def key_for(aws: AwsStandIn, *actions: str) -> Credentials:
    return aws.make_user(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": list(actions),
                    "Resource": [f"arn:aws:s3:::{BUCKET}", f"arn:aws:s3:::{BUCKET}/*"],
                }
            ],
        }
    )


def uploads(admin: Client, aws: AwsStandIn, key: Credentials, **more: Any) -> None:
    store = {"s3BucketName": BUCKET, "s3RegionName": aws.region, "s3Endpoint": aws.endpoint_url}
    store |= {"s3AccessKey": key.access_key_id, "s3SecretKey": key.secret_access_key}
    how = {"s3PathStyleAccessEnabled": True, "s3StreamsFolderPath": FOLDER, "hlsMuxingEnabled": False}
    how |= {"s3RecordingEnabled": True, "s3Permission": "bucket-owner-full-control"}
    admin.change("live", store | how | more)


def keys(aws: AwsStandIn, prefix: str) -> list[str]:
    listed = aws.client("s3").list_objects_v2(Bucket=BUCKET, Prefix=prefix)
    return [each["Key"] for each in listed.get("Contents", [])]


def is_played(client: Client, path: str) -> bool:
    """The server remembers for some seconds that a file was not there."""
    return bool(until(lambda: client.call("GET", f"//live/{path}").status == 200))


# --- what is said of a broadcast


def test_a_new_broadcast_is_told_in_full(new: Callable[..., Broadcast], admin: Client, media: Media) -> None:
    told = new(**SHORT_HLS).read()
    name = told["streamId"]
    assert (told["status"], told["type"], told["streamUrl"]) == ("created", "streamSource", media.url)
    assert told["hlsParameters"] == {"hlsTime": "1", "hlsListSize": "1", "hlsPlayListType": None}
    assert (told["width"], told["receivedBytes"], told["startTime"]) == (0, 0, 0)
    assert told["rtmpURL"].endswith(f"/live/{name}")
    assert len(told) == 73
    assert list(told)[:6] == ["streamId", "status", "playListStatus", "type", "publishType", "name"]
    assert admin.call("GET", f"{APP}/broadcasts/count").json() == {"number": 1}
    # It is there, but not live.
    assert admin.call("GET", f"{APP}/broadcasts/active-live-stream-count").json() == {"number": 0}
    assert admin.call("GET", f"{APP}/broadcasts/list/0/50").json() == [told]
    assert admin.call("GET", f"{APP}/broadcasts/list/1/50").json() == []


def test_without_a_name_it_gets_one(admin: Client) -> None:
    bodies: tuple[Any, ...] = ("", {})
    for body in bodies:
        reply = admin.call("POST", f"{APP}/broadcasts/create", body)
        made = reply.json()
        assert (reply.status, made["type"], made["status"]) == (200, "liveStream", "created")
        assert len(made["streamId"]) >= 24
        broadcast = Broadcast(admin, made["streamId"])
        start = admin.call("POST", f"{broadcast.path}/start").json()
        told = "Stream url is null and it's not an IP camera to get stream url for id:"
        assert start == FAILED | {"message": told + broadcast.name}
        assert admin.call("POST", f"{broadcast.path}/stop").json() == FAILED
        assert broadcast.delete().json()["success"] is True


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"streamId": "a b/c"}, "Stream id is not valid."),
        ({"streamUrl": ""}, "Stream url is not valid. "),
        ({"streamUrl": "nothing"}, "Stream url is not valid. "),
        ({"streamUrl": "ftp://x/y"}, "Stream url is not valid. "),
    ],
)
def test_what_cannot_be_a_source(admin: Client, fields: dict[str, str], message: str) -> None:
    body = {"streamId": new_name(), "type": "streamSource", "streamUrl": "http://127.0.0.1:9/x"} | fields
    reply = admin.call("POST", f"{APP}/broadcasts/create", body)
    assert (reply.status, reply.json()) == (400, FAILED | {"message": message})


def test_a_name_is_taken_once(new: Callable[..., Broadcast], admin: Client) -> None:
    reply = admin.call("POST", f"{APP}/broadcasts/create", {"streamId": new().name})
    told = "Stream id is already being used. Please change stream id or keep it empty"
    assert (reply.status, reply.json()) == (400, FAILED | {"message": told})


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            {"nonsense": 1},
            f'Unrecognized field "nonsense" (class {CLASS}), not marked as ignorable (72 known',
        ),
        ({"anyoneWatching": True}, f'Unrecognized field "anyoneWatching" (class {CLASS}), not marked'),
        (
            {"hlsParameters": {"x": 1}},
            f'Unrecognized field "x" (class {CLASS}$HLSParameters), not marked as ignorable (3 known',
        ),
        ('{"a', "Unexpected end-of-input in field name\n at [Source: REDACTED"),
        ({"publish": "x"}, 'Cannot deserialize value of type `boolean` from String "x": only "true"'),
    ],
)
def test_a_body_that_is_none(admin: Client, body: Any, said: str) -> None:
    reply = admin.call("POST", f"{APP}/broadcasts/create", body)
    assert (reply.status, reply.kind) == (400, "text/plain")
    assert reply.text.startswith(said)


def test_numbers_become_text_where_text_is_asked_for(new: Callable[..., Broadcast]) -> None:
    assert new(hlsParameters={"hlsTime": 1}).read()["hlsParameters"]["hlsTime"] == "1"


def test_what_is_not_there(admin: Client) -> None:
    assert admin.call("GET", f"{APP}/broadcasts/none").status == 404
    assert admin.call("GET", f"{APP}/broadcasts/create").status == 404
    started = admin.call("POST", f"{APP}/broadcasts/none/start").json()
    assert started == FAILED | {"message": "No Stream Exists with id:none"}
    assert admin.call("POST", f"{APP}/broadcasts/none/stop").json() == FAILED
    assert admin.call("DELETE", f"{APP}/broadcasts/none").json() == FAILED
    assert admin.call("DELETE", f"{APP}/vods/none").json() == FAILED
    told = "Camera is not found with streamId: none"
    assert Broadcast(admin, "none").error() == FAILED | {"message": told}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "vods/list/0/5", 405),
        ("DELETE", "broadcasts/list/0/5", 405),
        ("POST", "broadcasts/x", 405),
        ("GET", "broadcasts/x/start", 405),
        ("DELETE", "broadcasts/x/stop", 405),
        ("POST", "vods/x", 405),
        ("GET", "broadcasts/x/nonsense", 404),
    ],
)
def test_a_method_that_is_not_there(admin: Client, method: str, path: str, status: int) -> None:
    assert admin.call(method, f"{APP}/{path}").status == status


def test_a_body_must_be_called_json(admin: Client) -> None:
    assert admin.call("POST", f"{APP}/broadcasts/create", "{}", kind="text/plain").status == 415


def test_who_may_make_a_broadcast(admin: Client, new_user: Callable[..., tuple[str, Client]]) -> None:
    _name, reader = new_user(userType="READ_ONLY", scope="system")
    assert reader.call("POST", f"{APP}/broadcasts/create", {}).status == 500
    _name, other = new_user(userType="ADMIN", scope="LiveApp")
    assert other.call("POST", f"{APP}/broadcasts/create", {}).status == 403
    _name, own = new_user(userType="ADMIN", scope="live")
    reply = own.call("POST", f"{APP}/broadcasts/create", {"streamId": new_name()})
    assert reply.status == 200
    assert Broadcast(own, reply.json()["streamId"]).delete().json()["success"] is True


# --- the pull


def test_start_stop_and_delete(new: Callable[..., Broadcast], admin: Client) -> None:
    broadcast = new(streamUrl="http://127.0.0.1:9/x.mp4")
    name, path = broadcast.name, broadcast.path
    nothing = FAILED | {"message": f"No matching stream source in this server:{name}", "dataId": name}
    assert admin.call("POST", f"{path}/stop").json() == nothing
    broadcast.start()
    again = admin.call("POST", f"{path}/start").json()
    told = "Stream is already active. It's already streaming or trying to connect"
    assert again == FAILED | {"message": told}
    assert admin.call("POST", f"{path}/stop").json() == OK | {"message": "Stream stopped"}
    assert admin.call("POST", f"{path}/stop").json() == nothing
    told = "broadcast is deleted but could not stopped "
    assert broadcast.delete().json() == OK | {"message": told}
    assert broadcast.delete().json() == FAILED
    running = new(streamUrl="http://127.0.0.1:9/x.mp4")
    running.start()
    told = "broadcast is deleted and stopped successfully"
    assert running.delete().json() == OK | {"message": told}
    assert admin.call("GET", running.path).status == 404


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (400, b"x", "Server returned 400 Bad Request"),
        (401, b"", "Server returned 401 Unauthorized (authorization failed)"),
        (403, b"x", "Server returned 403 Forbidden (access denied)"),
        (404, b"x", "Server returned 404 Not Found"),
        (410, b"", "Server returned 4XX Client Error, but not one of 40{0,1,3,4}"),
        (500, b"", "Server returned 5XX Server Error reply"),
        (200, b"garbage" * 50, "Invalid data found when processing input"),
        (200, b"", "Invalid data found when processing input"),
    ],
)
def test_a_source_that_cannot_be_read(
    new: Callable[..., Broadcast], media: Media, status: int, body: bytes, message: str
) -> None:
    media.status, media.body = status, body
    broadcast = new()
    broadcast.start()
    until(lambda: broadcast.error()["message"])
    assert broadcast.error() == FAILED | {"message": message}
    told = until(lambda: broadcast.read()["status"] == "finished" and broadcast.read())
    assert (told["width"], told["receivedBytes"], told["duration"]) == (0, 0, 0)
    assert told["startTime"] > 0
    assert broadcast.recordings() == []


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://127.0.0.1:9/x.mp4", "Connection refused"),
        ("http://no-such-host.invalid/x.mp4", "Input/output error"),
    ],
)
def test_a_source_that_cannot_be_reached(new: Callable[..., Broadcast], url: str, message: str) -> None:
    broadcast = new(streamUrl=url)
    broadcast.start()
    until(lambda: broadcast.error()["message"])
    assert broadcast.error() == FAILED | {"message": message}


def test_a_source_is_pulled_again_and_again(
    new: Callable[..., Broadcast], admin: Client, media: Media
) -> None:
    broadcast = new()
    broadcast.start()
    until(lambda: len(broadcast.recordings()) == 2)
    assert broadcast.error() == OK
    told = broadcast.read()
    assert (told["width"], told["height"]) == (96, 64)
    assert told["receivedBytes"] > 0
    first, second = sorted(broadcast.recordings(), key=lambda entry: entry["creationDate"])
    assert (first["vodName"], second["vodName"]) == (f"{broadcast.name}.mp4", f"{broadcast.name}_1.mp4")
    assert first["filePath"] == f"streams/{broadcast.name}.mp4"
    assert (first["type"], first["processStatus"], first["streamName"]) == (
        "streamVod",
        None,
        broadcast.name,
    )
    played = admin.call("GET", f"//live/{first['filePath']}").body
    assert (len(played), played[4:8]) == (first["fileSize"], b"ftyp")
    assert admin.call("GET", f"{APP}/vods/{first['vodId']}").json() == first


def test_a_delete_after_the_first_pull_leaves_one_recording(
    new: Callable[..., Broadcast], admin: Client, media: Media
) -> None:
    broadcast, next_one = new(), new()
    broadcast.start()
    until(lambda: broadcast.read()["width"] and broadcast.read()["status"] == "finished")
    pulled = media.requests
    assert broadcast.delete().json()["success"] is True
    (entry,) = until(broadcast.recordings)
    next_one.start()
    # Its second pull comes later than a second one of the first would.
    until(lambda: len(next_one.recordings()) == 2)
    assert broadcast.recordings() == [entry]
    assert media.requests == pulled + 2
    deleted = admin.call("DELETE", f"{APP}/vods/{entry['vodId']}").json()
    assert deleted == OK | {"message": "vod deleted"}
    assert broadcast.recordings() == []
    assert admin.call("GET", f"//live/{entry['filePath']}").status == 404
    assert admin.call("GET", f"{APP}/vods/{entry['vodId']}").json()["vodId"] is None


def test_a_stop_between_two_pulls_lets_one_more_through(new: Callable[..., Broadcast], admin: Client) -> None:
    broadcast = new()
    broadcast.start()
    (first,) = until(broadcast.recordings)
    assert admin.call("POST", f"{broadcast.path}/stop").json()["success"] is True
    until(lambda: len(broadcast.recordings()) == 2)
    (second,) = [entry for entry in broadcast.recordings() if entry["vodId"] != first["vodId"]]
    assert second["fileSize"] < first["fileSize"]


# --- the upload


ALL_RIGHTS = ("s3:ListBucket", "s3:GetObject", "s3:PutObject", "s3:PutObjectAcl")


def test_a_recording_is_uploaded_with_the_applications_key(
    new: Callable[..., Broadcast], admin: Client, aws: AwsStandIn
) -> None:
    key = key_for(aws, *ALL_RIGHTS)
    uploads(admin, aws, key)
    aws.clear_requests()
    broadcast = new()
    wanted = f"{FOLDER}/{broadcast.name}.mp4"
    broadcast.start()
    until(lambda: keys(aws, wanted))
    (entry,) = until(broadcast.recordings)
    broadcast.delete()
    assert entry["filePath"] == f"streams/{broadcast.name}.mp4"
    asked = [each for each in aws.requests() if each["access_key_id"] == key.access_key_id]
    assert [each["operation"] for each in asked] == ["ListObjectsV2", "HeadObject", "PutObject"]
    until(lambda: admin.call("GET", f"//live/{entry['filePath']}").status == 404)
    # The key may not delete; nobody is told.
    deleted = admin.call("DELETE", f"{APP}/vods/{entry['vodId']}").json()
    assert deleted == OK | {"message": "vod deleted"}
    until(lambda: any(each["operation"] == "DeleteObject" for each in aws.requests()))
    assert keys(aws, wanted) == [wanted]


def test_hls_files_follow_the_mp4(new: Callable[..., Broadcast], admin: Client, aws: AwsStandIn) -> None:
    uploads(admin, aws, key_for(aws, *ALL_RIGHTS), hlsMuxingEnabled=True)
    broadcast = new(**SHORT_HLS)
    broadcast.start()
    until(lambda: broadcast.read()["width"] and broadcast.read()["status"] == "finished")
    broadcast.delete()
    begin = f"{FOLDER}/{broadcast.name}"
    until(lambda: {key.rpartition(".")[2] for key in keys(aws, begin)} == {"mp4", "m3u8", "ts"})
    puts = [entry["path"] for entry in aws.requests("s3:PutObject") if begin in entry["path"]]
    assert puts[0].endswith(".mp4")


@pytest.mark.parametrize(
    ("folder", "sub_folder", "below"),
    [
        ("rec/%s/", "%m/%s/x", "rec/%s/{name}/x/{name}"),
        ("rec", "a/b", "rec/a/b/{name}"),
        ("", "", "/{name}"),
    ],
)
def test_the_key_of_a_recording(
    new: Callable[..., Broadcast],
    admin: Client,
    aws: AwsStandIn,
    folder: str,
    sub_folder: str,
    below: str,
) -> None:
    key = key_for(aws, *ALL_RIGHTS)
    uploads(admin, aws, key, s3StreamsFolderPath=folder, subFolder=sub_folder)
    broadcast = new()
    broadcast.start()
    wanted = f"{below.format(name=broadcast.name)}.mp4"
    until(lambda: keys(aws, wanted))
    broadcast.delete()
    (entry,) = broadcast.recordings()
    path = path_below_streams("live", entry["filePath"])
    assert object_key({"s3StreamsFolderPath": folder}, path) == wanted


def test_a_part_of_a_name_is_found_in_both_lists(
    new: Callable[..., Broadcast], admin: Client, aws: AwsStandIn
) -> None:
    uploads(admin, aws, key_for(aws, *ALL_RIGHTS))
    broadcast, other = new(), new()
    broadcast.start()
    until(broadcast.recordings)
    part = broadcast.name[2:]
    listed = admin.call("GET", f"{APP}/broadcasts/list/0/50&search={part}").json()
    assert [each["streamId"] for each in listed] == [broadcast.name]
    assert isinstance(listed[0]["date"], int)
    broadcast.delete()
    names = {each["vodName"] for each in admin.call("GET", f"{APP}/vods/list/0/50&search={part}").json()}
    assert f"{broadcast.name}.mp4" in names
    assert not [name for name in names if other.name in name]


def test_the_list_has_the_oldest_first_on_request(
    new: Callable[..., Broadcast], admin: Client, aws: AwsStandIn
) -> None:
    uploads(admin, aws, key_for(aws, *ALL_RIGHTS))
    made = []
    for _number in range(2):
        broadcast = new()
        broadcast.start()
        until(broadcast.recordings)
        broadcast.delete()
        made.append(broadcast.name)
    for order, expected in (("asc", made), ("desc", made[::-1])):
        listed = admin.call("GET", f"{APP}/vods/list/0/250&sort_by=date&order_by={order}").json()
        of_these = [each["streamId"] for each in listed if each["streamId"] in made]
        assert list(dict.fromkeys(of_these)) == expected
        dates = [each["creationDate"] for each in listed]
        assert dates == sorted(dates, reverse=order == "desc")


@pytest.mark.parametrize(
    ("actions", "settings", "listed"),
    [
        (("s3:GetObject", "s3:PutObject", "s3:PutObjectAcl"), {}, False),
        (ALL_RIGHTS, {"s3AccessKey": "AKIAIOSFODNN7EXAMPLE"}, False),
        (ALL_RIGHTS, {"s3Endpoint": "http://127.0.0.1:9"}, False),
        (("s3:ListBucket", "s3:GetObject"), {}, True),
        (ALL_RIGHTS, {"uploadExtensionsToS3": 2}, True),
        (ALL_RIGHTS, {"s3Permission": "nonsense"}, True),
    ],
    ids=["no-list", "unknown-key", "no-endpoint", "no-put", "not-asked", "acl"],
)
def test_an_upload_that_fails_is_silent(
    new: Callable[..., Broadcast],
    admin: Client,
    media: Media,
    aws: AwsStandIn,
    actions: tuple[str, ...],
    settings: dict[str, Any],
    listed: bool,
) -> None:
    """A recording that the server could not name is in no list; one that it could not send is on its disk."""
    uploads(admin, aws, key_for(aws, *actions), **settings)
    broadcast = new()
    broadcast.start()
    until(lambda: broadcast.read()["width"] and broadcast.read()["status"] == "finished")
    if listed:
        (entry,) = until(broadcast.recordings)
        assert is_played(admin, entry["filePath"])
    else:
        until(lambda: media.requests > 1)
        assert broadcast.recordings() == []
        assert is_played(admin, f"streams/{broadcast.name}.mp4.tmp_extension")
    assert broadcast.error() == OK
    broadcast.delete()
    assert keys(aws, f"{FOLDER}/{broadcast.name}") == []
