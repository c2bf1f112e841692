# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The live check without a server and a store: its rules, its order, and what it removes whatever happens."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.recording_rules import (
    HLS,
    MP4,
    PREVIEWS,
    hls_seconds,
    object_key,
    stream_prefixes,
    uploads,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._check import (
    live_cleanup,
    live_pull,
    server_check,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._check.clip import (
    CLIP_SECONDS,
    clip,
    mp4_fault,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._check.live import LiveCheck
from ansible_collections.antmedia.s3_recording.plugins.module_utils._check.live_bucket import RecordingBucket
from ansible_collections.antmedia.s3_recording.plugins.module_utils._check.live_leftovers import (
    remove_leftovers,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._check.live_stream import LiveStream
from ansible_collections.antmedia.s3_recording.plugins.module_utils._check.playback import Viewer
from ansible_collections.antmedia.s3_recording.plugins.module_utils._check.report import (
    CheckResult,
    module_result,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.errors import AmsError
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.progress import Wait, listener
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.secret_forms import MASK, scrub
from botocore.exceptions import ClientError, ProfileNotFound

from tests.harness.forwarding import FORWARDED

URL = "https://bucket.example.com/clip?X-Amz-Security-Token=a%2Ftoken&X-Amz-Signature=0123456789abcdef"
SETTINGS = {
    "s3StreamsFolderPath": "live/streams",
    "s3BucketName": "recordings",
    "hlsMuxingEnabled": False,
    "uploadExtensionsToS3": 7,
}
NAMES = ["live source", "live pull", "live recording", "live upload", "live playback", "live removal"]


# --- the clip


def test_the_clip_is_a_whole_mp4_and_small() -> None:
    assert mp4_fault(clip()) == ""
    assert len(clip()) < 15_000
    assert CLIP_SECONDS == 6
    assert all(kind in clip() for kind in (b"avc1", b"mp4a"))


def box(kind: bytes, size: int, body: bytes = b"") -> bytes:
    return size.to_bytes(4, "big") + kind + body


FTYP, MOOV = box(b"ftyp", 12, b"isom"), box(b"moov", 8)


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", "0 bytes that do not begin as an MP4 does"),
        (b"<html></html>", "13 bytes that do not begin as an MP4 does"),
        (clip()[:-1], "an MP4 that breaks off in its box 'mdat' after 11038 bytes"),
        (FTYP + MOOV[:5], "an MP4 that breaks off in its box 'm' after 17 bytes"),
        (FTYP + box(b"free", 4), "an MP4 that breaks off in its box 'free' after 20 bytes"),
        (FTYP + box(b"mdat", 8), "an MP4 without its box 'moov'"),
        (FTYP + MOOV, "an MP4 without its box 'mdat'"),
        (FTYP + MOOV + box(b"mdat", 0, b"up to the end"), ""),
        (FTYP + MOOV + box(b"mdat", 1, (18).to_bytes(8, "big") + b"xx"), ""),
    ],
)
def test_what_is_no_whole_mp4(data: bytes, fault: str) -> None:
    assert mp4_fault(data) == fault


# --- the rules of AMS


@pytest.mark.parametrize(
    ("settings", "prefixes"),
    [
        ({"s3StreamsFolderPath": "streams"}, ["streams/s"]),
        ({"s3StreamsFolderPath": "live/streams/"}, ["live/streams/s"]),
        ({"s3StreamsFolderPath": ""}, ["/s"]),
        ({"s3StreamsFolderPath": None}, ["/s"]),
        ({"s3StreamsFolderPath": "rec/%s/", "subFolder": "%m/%s/x"}, ["rec/%s/s/x/s"]),
        ({"s3StreamsFolderPath": "rec", "subFolder": "/a/%m/b/"}, ["rec/a/b/s"]),
        ({"s3StreamsFolderPath": "rec", "subFolder": "%m"}, ["rec/s"]),
        ({"s3StreamsFolderPath": "rec", "generatePreview": True}, ["rec/s", "previews/s"]),
        (
            {"s3StreamsFolderPath": "rec", "generatePreview": True, "s3PreviewsFolderPath": "live/p/"},
            ["rec/s", "live/p/s"],
        ),
        ({"s3StreamsFolderPath": "r", "generatePreview": True, "uploadExtensionsToS3": 3}, ["r/s"]),
    ],
)
def test_what_the_keys_of_a_stream_begin_with(settings: dict[str, Any], prefixes: list[str]) -> None:
    assert stream_prefixes(settings, "s") == prefixes


def test_the_key_of_a_file() -> None:
    assert object_key(SETTINGS, "streams/s.mp4") == "live/streams/s.mp4"
    assert object_key(SETTINGS, "streams/a/b/s.mp4") == "live/streams/a/b/s.mp4"
    assert object_key({}, "streams/s.mp4") == "/s.mp4"


@pytest.mark.parametrize(
    ("asked", "kinds"), [(7, [MP4, HLS, PREVIEWS]), (0, []), (None, [MP4, HLS, PREVIEWS]), (2, [HLS])]
)
def test_what_is_uploaded(asked: int | None, kinds: list[int]) -> None:
    settings = {"uploadExtensionsToS3": asked}
    assert [kind for kind in (MP4, HLS, PREVIEWS) if uploads(settings, kind)] == kinds


@pytest.mark.parametrize(
    ("settings", "own", "seconds"),
    [
        ({"hlsMuxingEnabled": True}, {}, 30),
        ({"hlsMuxingEnabled": True, "hlsTime": "2", "hlsListSize": "5"}, {}, 10),
        ({"hlsMuxingEnabled": True, "hlsTime": "2"}, {"hlsTime": "1", "hlsListSize": "1"}, 1),
        ({"hlsMuxingEnabled": True, "hlsTime": "2"}, None, 30),
        ({"hlsMuxingEnabled": False}, {}, None),
        ({"hlsMuxingEnabled": True, "uploadExtensionsToS3": 1}, {}, None),
    ],
)
def test_when_hls_files_are_uploaded(
    settings: dict[str, Any], own: dict[str, str] | None, seconds: float | None
) -> None:
    assert hls_seconds(settings, {"hlsParameters": own}) == seconds


@pytest.mark.parametrize(
    ("settings", "begins"),
    [
        ({"s3RegionName": "eu-west-1"}, "https://recordings.s3.eu-west-1.amazonaws.com/k?X-Amz-Algorithm="),
        (
            {"s3RegionName": "eu-west-1", "s3BucketName": "with.dots"},
            "https://s3.eu-west-1.amazonaws.com/with.dots/k?X-Amz-Algorithm=",
        ),
        ({"s3RegionName": "cn-north-1"}, "https://recordings.s3.cn-north-1.amazonaws.com.cn/k?"),
        (
            {"s3RegionName": "eu-west-1", "s3PathStyleAccessEnabled": True},
            "https://s3.eu-west-1.amazonaws.com/recordings/k?X-Amz-Algorithm=",
        ),
        (
            {"s3RegionName": "us-east-1", "s3Endpoint": "http://127.0.0.1:9000"},
            "http://127.0.0.1:9000/recordings/k?X-Amz-Algorithm=AWS4-HMAC-SHA256",
        ),
    ],
)
def test_the_address_that_a_server_can_read(
    settings: dict[str, Any], begins: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the bucket's own region, since elsewhere a redirect would break the signature."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret-of-a-test")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    url = RecordingBucket({"s3BucketName": "recordings", **settings}, 5).signed_url("k", 90.7)
    assert url.startswith(begins)
    assert "X-Amz-Expires=90&" in url


# --- stand-ins for the server and the store


def refused(code: str, status: int) -> ClientError:
    told = {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(told, "Anything")  # type: ignore[arg-type]


class FakeStore:
    name = "recordings"

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.refusals: list[Exception] = []
        self.no_removal: list[Exception] = []

    def require_removal(self, key: str) -> None:
        for refusal in self.no_removal:
            raise refusal

    def put(self, key: str, body: bytes) -> None:
        self.objects[key] = body

    def signed_url(self, key: str, seconds: float) -> str:
        return URL

    def read(self, key: str) -> bytes:
        return self.objects[key]

    def sizes(self, prefix: str) -> dict[str, int]:
        return {key: len(body) for key, body in self.objects.items() if key.startswith(prefix)}

    def remove(self, prefix: str) -> list[str]:
        for refusal in self.refusals:
            raise refusal
        found = [key for key in self.objects if key.startswith(prefix)]
        for key in found:
            del self.objects[key]
        return found


class FakeBroadcasts:
    """A server that pulls, records and uploads as soon as it is told to start."""

    app, url = "live", "http://ams.example.com"

    def __init__(self, store: FakeStore) -> None:
        self.store = store
        self.known: dict[str, dict[str, Any]] = {}
        self.listed: list[dict[str, Any]] = []
        self.secrets: list[str] = []
        self.calls: list[str] = []
        self.errors: dict[str, Exception] = {}
        self.refusal = self.error = ""
        self.signs, self.streams = False, 0
        self.names = ["{}.mp4"]
        self.uploaded = True

    def _called(self, name: str) -> None:
        self.calls.append(name)
        if name in self.errors:
            raise self.errors[name]

    def keep_secret(self, *secrets: str) -> None:
        self.secrets += secrets

    def without_secrets(self, text: str) -> str:
        return scrub(text, self.secrets)

    def create(self, broadcast: dict[str, Any]) -> dict[str, Any]:
        self._called("create")
        self.known[broadcast["streamId"]] = {**broadcast, "status": "created", "width": 0}
        return self.known[broadcast["streamId"]]

    def named(self, part: str) -> list[dict[str, Any]]:
        return [each for each in self.known.values() if part in each["streamId"]]

    def recordings_named(self, part: str) -> list[dict[str, Any]]:
        return [each for each in self.listed if part in each.get("vodName", "")]

    def live_count(self) -> int:
        return self.streams

    def start(self, stream_id: str) -> str:
        self._called("start")
        if self.refusal:
            return self.refusal
        self.known[stream_id].update(status="finished", width=0 if self.error else 96)
        if not self.error:
            self.record(stream_id)
        return ""

    def record(self, stream_id: str) -> None:
        for number, name in enumerate(self.names):
            file = name.format(stream_id)
            entry = {"vodId": file, "filePath": f"streams/{file}", "fileSize": 7, "creationDate": number}
            self.listed.insert(0, entry)
            if self.uploaded:
                self.store.objects[f"live/streams/{file}"] = clip()

    def broadcast(self, stream_id: str) -> dict[str, Any] | None:
        self._called("broadcast")
        return self.known.get(stream_id)

    def pull_error(self, stream_id: str) -> str:
        return self.error

    def delete(self, stream_id: str) -> None:
        self._called("delete")
        self.known.pop(stream_id, None)

    def recordings(self, stream_id: str) -> list[dict[str, Any]]:
        self._called("recordings")
        return list(self.listed)

    def delete_recording(self, vod_id: str) -> None:
        self._called("delete_recording")
        self.listed = [entry for entry in self.listed if entry["vodId"] != vod_id]


class Case:
    def __init__(self) -> None:
        self.store = FakeStore()
        self.server = FakeBroadcasts(self.store)

    def live(self, timeout: float = 0.2, **settings: Any) -> LiveCheck:
        viewer = Viewer("http://ams.example.com", True, 5, 0)
        stream = LiveStream({**SETTINGS, **settings}, viewer, self.server, timeout)  # type: ignore[arg-type]
        stream.bucket = stream.cleanup.bucket = self.store  # type: ignore[assignment]
        return LiveCheck(stream)

    def run(self, **options: Any) -> list[CheckResult]:
        return list(self.live(**options).run())

    @property
    def is_empty(self) -> bool:
        return not (self.store.objects or self.server.known or self.server.listed)


@pytest.fixture
def case(monkeypatch: pytest.MonkeyPatch) -> Case:
    monkeypatch.setattr(live_cleanup, "QUIET_SECONDS", 0.05)
    monkeypatch.setattr(live_cleanup, "REMOVAL_SECONDS", 0.5)
    monkeypatch.setattr(live_pull, "RECORDING_LATE", 0.1)
    monkeypatch.setattr(live_pull, "HLS_LATE", 0.1)
    monkeypatch.setattr(live_pull, "PULL_PATIENCE", 0.1)
    return Case()


def broken(links: list[CheckResult]) -> CheckResult:
    (found,) = [link for link in links if not link.ok]
    return found


# --- what it says while it waits


class Listener:
    def __init__(self) -> None:
        self.waits: dict[str, tuple[Wait, float]] = {}

    def wait(self, wait: Wait, waited: float, at_most: float) -> None:
        assert waited >= 0
        self.waits[wait.what] = wait, at_most

    def done(self, text: str) -> None:
        raise AssertionError(text)


@pytest.fixture
def heard() -> Iterator[dict[str, tuple[Wait, float]]]:
    each = Listener()
    with listener(each):
        yield each.waits


def of_stream(heard: dict[str, tuple[Wait, float]]) -> dict[str, float]:
    """Return of each wait before the removal how long it takes at most."""
    parts = {what: found for what, found in heard.items() if "what is left" not in what}
    assert all(wait.part_of.startswith("live-check-") for wait, _most in parts.values())
    return {what: most for what, (_wait, most) in parts.items()}


def test_a_server_that_does_not_upload_is_waited_for(
    case: Case, heard: dict[str, tuple[Wait, float]]
) -> None:
    case.server.uploaded = False
    assert broken(case.run()).check == "live upload"
    assert of_stream(heard) == {"http://ams.example.com to upload the recording of application 'live'": 0.2}


def test_a_server_that_does_not_record_is_waited_for(
    case: Case, heard: dict[str, tuple[Wait, float]]
) -> None:
    case.server.names = []
    assert broken(case.run()).check == "live recording"
    assert of_stream(heard) == {"http://ams.example.com to list the recording of application 'live'": 0.2}


def test_the_removal_says_what_it_waits_for(case: Case, heard: dict[str, tuple[Wait, float]]) -> None:
    assert all(link.ok for link in case.run())
    what = "http://ams.example.com to upload what is left of the test stream of application 'live'"
    assert list(heard) == [what]
    wait, at_most = heard[what]
    assert (wait.detail, wait.part_of, at_most) == ("all of it is removed", what, 0.5)


# --- the order


def test_all_links_hold_and_nothing_is_left(case: Case) -> None:
    links = case.run()
    assert [link.check for link in links] == NAMES
    assert all(link.ok for link in links)
    assert case.is_empty
    # Before its next pull, so that there is one recording.
    assert case.server.calls.index("delete") < case.server.calls.index("recordings")


def test_of_two_recordings_the_first_is_followed(case: Case) -> None:
    case.server.names = ["{}.mp4", "{}_1.mp4"]
    links = case.run()
    assert all(link.ok for link in links)
    assert links[2].actual.startswith("streams/live-check-")
    assert "_1.mp4" not in links[2].actual
    assert case.is_empty


def test_a_recording_of_another_name_is_found_by_the_list(case: Case) -> None:
    case.server.names = ["{}-2026-11-24_22-50-13.123.mp4"]
    links = case.run()
    assert all(link.ok for link in links)
    assert "-2026-11-24" in links[3].expected
    assert case.is_empty


def test_a_clip_that_cannot_be_stored_ends_it_and_there_is_nothing_to_remove(case: Case) -> None:
    def put(key: str, body: bytes) -> None:
        raise refused("AccessDenied", 403)

    case.store.put = put  # type: ignore[method-assign]
    (link,) = case.run()
    assert (link.ok, link.tried) == (True, False)
    assert "the clip could not be put into the bucket: AccessDenied: no" in link.warning
    assert "s3:PutObject" in link.remedy
    assert case.server.calls == []


def test_no_clip_is_stored_that_could_not_be_removed(case: Case) -> None:
    case.store.no_removal = [ProfileNotFound(profile="prod")]
    (link,) = case.run()
    assert (link.ok, link.tried) == (True, False)
    assert "there is no profile 'prod'" in link.warning
    assert case.is_empty


def test_a_put_whose_answer_was_lost_is_removed(case: Case) -> None:
    stored = case.store.put

    def put(key: str, body: bytes) -> None:
        stored(key, body)
        raise refused("InternalError", 500)

    case.store.put = put  # type: ignore[method-assign]
    links = case.run()
    assert [link.check for link in links] == ["live check", "live removal"]
    assert case.is_empty


# --- what keeps the check from being made


def not_made(case: Case, **options: Any) -> CheckResult:
    """The one link that says so; the others hold, and nothing is left or said to be left."""
    links = case.run(**options)
    assert all(link.ok for link in links)
    assert case.is_empty
    (found,) = [link for link in links if not link.tried]
    assert found.check == "live check"
    result = module_result("http://ams.example.com", [CheckResult("live", "put", True, "", ""), *links])
    assert result["warnings"] == [found.warning]
    assert "failed" not in result
    assert "not tried: live check" in result["msg"]
    assert "by hand" not in str(links)
    return found


@pytest.mark.parametrize(
    ("came", "settings", "signs", "remedy"),
    [
        ("status 403 with 'Invalid App JWT Token'", {}, False, "has no jwtSecretKey"),
        ("status 403 with 'Invalid App JWT Token'", {"jwksURL": "https://k"}, False, "signed elsewhere"),
        ("status 403 with 'Invalid App JWT Token'", {}, True, "signed with its own jwtSecretKey"),
        (
            "status 403 with 'Not allowed IP'",
            {"remoteAllowedCIDR": "10.0.0.0/8"},
            False,
            "(remoteAllowedCIDR '10.0.0.0/8') blocks 127.0.0.1",
        ),
        (
            "status 403 with 'Not allowed to access this resource'",
            {},
            False,
            "lacks the permission (see its scope)",
        ),
    ],
)
@pytest.mark.parametrize("at", ["create", "start"])
def test_an_application_that_takes_no_call_is_no_broken_recording(
    case: Case, at: str, came: str, settings: dict[str, Any], signs: bool, remedy: str
) -> None:
    case.server.errors[at] = AmsError(
        "Asking", f"{came} for {URL}", "lacks the permission (see its scope)", status=403
    )
    case.server.signs = signs
    link = not_made(case, **settings)
    assert f"Asking: {came} for {MASK}" in link.warning
    assert remedy in link.warning
    assert "jwtServerSecretKey" not in link.warning
    if at == "create":
        # Nothing was made there, so the server is not asked to remove anything.
        assert case.server.calls == ["create"]


@pytest.mark.parametrize(
    ("refusal", "remedy"),
    [
        ("Not enough resource on server to start streaming.", "server.cpu_limit"),
        ("current system resources not enough", "server.memory_limit_percentage"),
        ("License is suspended", "license"),
        ("Active ingesting stream limit is exceeded", "ingestingStreamLimit"),
    ],
)
def test_a_server_that_takes_no_stream_is_no_broken_recording(case: Case, refusal: str, remedy: str) -> None:
    case.server.refusal = refusal
    link = not_made(case)
    assert refusal in link.warning
    assert remedy in link.remedy
    assert (case.server.calls.count("start") > 1) is ("resource" in refusal)


@pytest.mark.parametrize(
    ("limit", "active", "room"), [(2, 2, False), (2, 1, True), (-1, 9, True), (None, 9, True)]
)
def test_an_application_that_is_full(case: Case, limit: int | None, active: int, room: bool) -> None:
    """Of streams that its own limit allows: the server would stop one more."""
    case.server.streams = active
    if room:
        assert all(link.ok and link.tried for link in case.run(ingestingStreamLimit=limit))
        return
    assert (
        "allows 2 streams at once (ingestingStreamLimit) and has 2"
        in not_made(case, ingestingStreamLimit=limit).warning
    )
    assert case.server.calls == []


def test_a_failure_of_the_server_may_have_left_something(case: Case) -> None:
    """Its answer to one who may only read; whether there is a broadcast is looked at."""
    create = case.server.create

    def failing(broadcast: dict[str, Any]) -> dict[str, Any]:
        create(broadcast)
        raise AmsError("Creating a broadcast", "status 500", "Look at the server's log", status=500)

    case.server.create = failing  # type: ignore[method-assign]
    assert "Look at the server's log" in not_made(case).remedy
    assert "delete" in case.server.calls


@pytest.mark.parametrize("status", [None, 200])
def test_what_nobody_understands_is_a_broken_link(case: Case, status: int | None) -> None:
    case.server.errors["create"] = AmsError("Creating a broadcast", "odd", "Look", status=status)
    link = broken(case.run())
    assert (link.check, link.actual) == ("live pull", "Creating a broadcast: odd")
    assert case.is_empty


@pytest.mark.parametrize("text", [URL, "0123456789abcdef", "a%2Ftoken", "a/token"])
def test_the_signed_address_is_a_secret(case: Case, text: str) -> None:
    case.server.refusal = f"no resource for {text}"
    assert text not in str(case.run())


def test_a_refused_start_that_nobody_understands_is_not_tried_again(case: Case) -> None:
    case.server.refusal = "No Stream Exists"
    assert broken(case.run()).actual == "the start was refused: No Stream Exists"
    assert case.server.calls.count("start") == 1


@pytest.mark.parametrize("timeout", [0.05, 5])
def test_a_pull_that_fails_is_told_in_the_words_of_the_server(case: Case, timeout: float) -> None:
    case.server.error = "Connection refused"
    link = broken(case.run(timeout=timeout))
    assert (link.check, link.actual) == (
        "live pull",
        "the server could not read the clip: Connection refused",
    )
    assert case.is_empty


def test_a_broadcast_that_somebody_else_has_deleted(case: Case) -> None:
    def start(stream_id: str) -> str:
        case.server.known.clear()
        return ""

    case.server.start = start  # type: ignore[method-assign]
    assert broken(case.run()).actual == "somebody else has deleted the broadcast"


def test_an_upload_that_does_not_come(case: Case) -> None:
    case.server.uploaded = False
    link = broken(case.run())
    assert link.actual.startswith("nothing within 0.2 s; the list of recordings has streams/live-check-")
    assert "AmazonS3Exception" in link.remedy
    assert "HLS" not in link.remedy
    assert case.is_empty
    assert "lacks the 1" in broken(case.run(uploadExtensionsToS3=6)).remedy
    assert "HLS files" in broken(case.run(hlsMuxingEnabled=True, hlsTime="1", hlsListSize="1")).remedy


def test_a_broken_recording(case: Case) -> None:
    def read(key: str) -> bytes:
        return clip()[:-1]

    case.store.read = read  # type: ignore[method-assign]
    link = broken(case.run())
    assert (link.check, link.actual[:18]) == ("live playback", "an MP4 that breaks")
    assert case.is_empty


def test_a_server_of_an_old_release_is_given_no_hls_parameters(case: Case) -> None:
    given: list[dict[str, Any]] = []
    create = case.server.create

    def old(broadcast: dict[str, Any]) -> dict[str, Any]:
        given.append(broadcast)
        if "hlsParameters" in broadcast:
            raise AmsError("Creating", 'status 400 with \'Unrecognized field "hlsParameters"', status=400)
        return create(broadcast)

    case.server.create = old  # type: ignore[method-assign]
    assert all(link.ok for link in case.run())
    assert [set(each) >= {"hlsParameters"} for each in given] == [True, False]


# --- the end


@pytest.mark.parametrize("where", ["create", "start", "broadcast", "recordings"])
def test_whatever_goes_wrong_everything_is_removed(case: Case, where: str) -> None:
    case.server.errors[where] = KeyboardInterrupt("signal 15")  # type: ignore[assignment]

    def once(name: str, called: Callable[[str], None] = case.server._called) -> None:
        try:
            called(name)
        finally:
            case.server.errors.pop(name, None)

    case.server._called = once  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt, match=r"^signal 15$"):
        case.run()
    assert case.is_empty


def test_what_could_not_be_removed_is_told_with_the_signal(case: Case) -> None:
    case.server.errors["start"] = KeyboardInterrupt("signal 15")  # type: ignore[assignment]
    case.store.refusals = [refused("AccessDenied", 403)]
    with pytest.raises(KeyboardInterrupt, match=r"^signal 15; live: live removal: .*AccessDenied.* by hand"):
        case.run()
    assert not case.server.known


def test_what_could_not_be_removed_is_told_with_an_error_of_our_own(case: Case) -> None:
    case.server.errors["start"] = RuntimeError("odd")
    case.store.refusals = [refused("AccessDenied", 403)]
    with pytest.raises(AmsError, match=r"Checking live live: RuntimeError\('odd'\)\. live: live removal: "):
        case.run()


def test_a_removal_that_is_refused_is_a_broken_link_and_not_tried_for_ever(case: Case) -> None:
    case.store.refusals = [refused("AccessDenied", 403)]
    tries: list[str] = []
    remove = case.store.remove

    def counted(prefix: str) -> list[str]:
        tries.append(prefix)
        return remove(prefix)

    case.store.remove = counted  # type: ignore[method-assign]
    link = broken(case.run())
    assert link.check == "live removal"
    assert "the objects: An error occurred (AccessDenied)" in link.actual
    assert "live/streams/live-check-" in link.remedy
    assert len(tries) == 1


def test_a_server_that_is_gone_for_a_moment_is_asked_again(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The moment is counted in calls, whatever the machine takes for them.
    monkeypatch.setattr(live_cleanup, "REMOVAL_SECONDS", 60)
    gone = AmsError("Reading a broadcast", "the connection was refused")
    live = case.live()
    live.stream.cleanup.has_broadcast = True
    case.server.known[live.stream.name] = {}
    case.server.errors["broadcast"] = gone
    seen: list[int] = []

    def late(name: str) -> None:
        seen.append(1)
        if len(seen) > 8:
            case.server.errors.clear()
        if name in case.server.errors:
            raise case.server.errors[name]

    case.server._called = late  # type: ignore[method-assign]
    assert live.stream.cleanup.run() == []
    assert case.is_empty


def test_what_comes_late_is_waited_for(case: Case) -> None:
    live = case.live()
    live.stream.cleanup.has_broadcast = True
    live.stream.cleanup.expected[".m3u8"] = 5
    passes: list[int] = []

    def late(name: str) -> None:
        passes.append(1)
        if len(passes) == 4:
            case.store.objects[f"live/streams/{live.stream.name}.m3u8"] = b""

    case.server._called = late  # type: ignore[method-assign]
    assert live.stream.cleanup.run() == []
    assert live.stream.cleanup.expected == {}
    assert case.is_empty


def test_what_never_ends_is_told(case: Case) -> None:
    live = case.live()
    live.stream.cleanup.has_broadcast = True

    def again(name: str) -> None:
        case.store.objects[f"live/streams/{live.stream.name}_7.mp4"] = b""

    case.server._called = again  # type: ignore[method-assign]
    (trouble,) = live.stream.cleanup.run()
    assert trouble.startswith("something still came after ")


def test_a_signal_waits_until_everything_is_removed(case: Case) -> None:
    live = case.live()
    live.stream.cleanup.has_broadcast = True
    live.stream.cleanup.expected[".mp4"] = 0.2
    case.store.objects[f"live/streams/{live.stream.name}.mp4"] = b""
    case.server.errors["broadcast"] = AmsError("Reading", "not yet")

    def struck(name: str) -> None:
        if case.server.errors.pop(name, None):
            os.kill(os.getpid(), signal.SIGTERM)
            raise AmsError("Reading", "not yet")

    case.server._called = struck  # type: ignore[method-assign]
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt, match="signal 15"):
        live.stream.cleanup.run()
    assert case.is_empty
    assert signal.getsignal(signal.SIGTERM) is before


# --- beside the probe


class FakeProbe:
    def __init__(self, uploads: bool) -> None:
        self.app, self.has_uploaded, self.has_stored = "live", uploads, uploads

    def check(self) -> list[CheckResult]:
        return [CheckResult("live", "put", self.has_uploaded, "", "")]

    def removal(self) -> list[CheckResult]:
        return []


@pytest.mark.parametrize(("holds", "names"), [(True, ["put", *NAMES]), (False, ["put"])])
def test_without_an_upload_the_server_is_not_made_to_record(
    case: Case, holds: bool, names: list[str]
) -> None:
    chain = server_check.AppCheck(FakeProbe(holds), case.live())  # type: ignore[arg-type]
    chain.run()
    assert [link.check for link in chain.results()] == names
    said = server_check.left_out([chain])
    assert ("live: live was not tried, because a check of the upload failed" in said) is not holds
    assert (said == "") is holds
    assert case.is_empty


@pytest.mark.parametrize(("extensions", "forwarded"), FORWARDED)
def test_the_live_check_expects_a_redirect_where_ams_makes_one(
    case: Case, extensions: str | None, forwarded: set[str]
) -> None:
    """For ",webm", which forwards everything, it expected none."""
    live = case.live(httpForwardingExtension=extensions, httpForwardingBaseURL="https://cdn.example.com//")
    expected = f"https://cdn.example.com//streams/{live.stream.name}.mp4" if "mp4" in forwarded else ""
    assert live.stream.target == expected


# --- what a killed check leaves on the server


NOW = 1_800_000_000.0
KILLED = "live-check-0123456789abcdef"


def of(name: str, seconds_ago: float) -> tuple[dict[str, Any], dict[str, Any]]:
    made = (NOW - seconds_ago) * 1000
    broadcast = {"streamId": name, "date": made}
    return broadcast, {"vodId": f"id of {name}", "vodName": f"{name}.mp4", "creationDate": made}


@pytest.mark.parametrize(
    ("name", "seconds_ago", "removed"),
    [
        (KILLED, 3700, 2),
        # Another run may be at it.
        (KILLED, 3500, 0),
        ("live-check-of-the-camera", 9000, 0),
        (f"my-{KILLED}", 9000, 0),
        ("recording-check-0123456789abcdef", 9000, 0),
    ],
)
def test_what_a_killed_check_has_left_on_the_server_is_removed(
    name: str, seconds_ago: float, removed: int
) -> None:
    server = FakeBroadcasts(FakeStore())
    broadcast, recording = of(name, seconds_ago)
    server.known[name] = broadcast
    server.listed = [recording]
    application: Any = server
    assert remove_leftovers(application, NOW) == removed
    assert (bool(server.known), bool(server.listed)) == (not removed, not removed)


def test_an_entry_without_a_moment_is_left_alone() -> None:
    server = FakeBroadcasts(FakeStore())
    server.known[KILLED] = {"streamId": KILLED, "date": None}
    application: Any = server
    assert remove_leftovers(application, NOW) == 0


def test_a_live_check_says_what_it_has_removed() -> None:
    case = Case()
    case.server.known[KILLED], recording = of(KILLED, 0)
    case.server.known[KILLED]["date"] = recording["creationDate"] = 1.0
    case.server.listed = [recording]
    pulled = next(each for each in case.live().run() if each.check == "live pull")
    assert pulled.actual.endswith(", after removing 2 leftovers of killed checks from the server")
