# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The probe on a store and a server made of plain objects: what it asks, what it removes, how it ends."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._check import upload as _upload_check
from ansible_collections.antmedia.s3_recording.plugins.module_utils._check.evidence import EvidenceCollector
from ansible_collections.antmedia.s3_recording.plugins.module_utils._check.explain_upload import Evidence
from ansible_collections.antmedia.s3_recording.plugins.module_utils._check.playback import Viewer
from ansible_collections.antmedia.s3_recording.plugins.module_utils._check.probe import RecordingProbe
from ansible_collections.antmedia.s3_recording.plugins.module_utils._check.report import (
    CheckResult,
    module_result,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._check.signals import (
    termination_as_exception,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.errors import (
    AmsError,
    CollectionError,
)
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ProfileNotFound,
    SSOTokenLoadError,
)

STORE = "http://store:9000"
ORIGIN = "http://ams:5080"
SETTINGS = {
    "s3RecordingEnabled": True,
    "s3AccessKey": "AKIAEXAMPLE",
    "s3SecretKey": "secret-of-a-test",
    "s3BucketName": "recordings",
    "s3RegionName": "eu-west-1",
    "s3Endpoint": STORE,
    "s3StreamsFolderPath": "streams",
    "s3Permission": "bucket-owner-full-control",
    "httpForwardingExtension": "mp4",
    "httpForwardingBaseURL": f"{STORE}/recordings",
    "ipFilterEnabled": True,
    "remoteAllowedCIDR": "127.0.0.1",
}
HEALTHY = ["settings", "list", "head", "put", "redirect", "get", "range"]
HEALTHY += [f"cors for {ORIGIN}", "cors for someone else's origin", "hls-upload", "remove"]
# Without a header, and with that of the server itself.
DOOR = ["hls-upload", "hls-upload"]


def refused(code: str, status: int = 403, message: str = "", retries: int = 0) -> ClientError:
    details: Any = {"HTTPStatusCode": status, "RetryAttempts": retries, "HTTPHeaders": {}}
    return ClientError(
        {"Error": {"Code": code, "Message": message}, "ResponseMetadata": details}, "Operation"
    )


NOT_THERE = refused("404", 404)
DENIED = refused("AccessDenied", message="Access Denied")


@dataclass
class Store:
    """What both clients of the probe talk to. answers: one after the other, the last for ever."""

    calls: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    clients: list[str] = field(default_factory=list)
    answers: dict[str, list[Any]] = field(default_factory=dict)

    def client(self, _settings: Any, _timeout: float, provisioning: bool) -> Any:
        self.clients.append("provisioning" if provisioning else "key")
        return Client(self, self.clients[-1])

    def answer(self, who: str, operation: str, given: dict[str, Any]) -> Any:
        if operation == "delete_object" and not self.of("put_object"):
            # Of what is not there yet, to find out whether it may be deleted.
            operation = "try_delete"
        self.calls.append((who, operation, given))
        waiting = self.answers.get(f"{who}:{operation}") or self.answers.get(operation) or []
        found = waiting.pop(0) if len(waiting) > 1 else (waiting or [None])[0]
        if callable(found):
            found = found()
        if isinstance(found, BaseException):
            raise found
        if found is None and operation == "head_object":
            raise NOT_THERE
        return found or {"ResponseMetadata": {"RetryAttempts": 0}}

    @property
    def operations(self) -> list[str]:
        return [f"{who}:{operation}" for who, operation, _given in self.calls]

    def of(self, operation: str) -> list[dict[str, Any]]:
        return [given for _who, name, given in self.calls if name == operation]


class Client:
    meta = SimpleNamespace(endpoint_url=STORE)

    def __init__(self, store: Store, who: str) -> None:
        self._store, self._who = store, who

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        return lambda **given: self._store.answer(self._who, operation, given)


class Web:
    """The viewer's side. change: takes what would be answered, by the method, and may answer otherwise."""

    def __init__(self, probe: RecordingProbe) -> None:
        self.probe = probe
        self.asked: list[str] = []
        self.change: dict[str, Callable[[Any], Any]] = {}

    def _answer(self, kind: str, status: int, content: bytes = b"", **headers: str) -> Any:
        self.asked.append(kind)
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        text = content.decode("latin-1")
        answer = SimpleNamespace(status_code=status, content=content, text=text, headers=given)
        answer.history, answer.url = [], STORE
        return self.change.get(kind, lambda same: same)(answer)

    def get(self, url: str, **options: Any) -> Any:
        if "/hls-upload/" in url:
            return self._answer("hls-upload", 403, b"Not allowed IP")
        if url.startswith(ORIGIN):
            base = self.probe.settings["httpForwardingBaseURL"]
            return self._answer("redirect", 302, Location=f"{base}/streams/{url.rpartition('/')[2]}")
        if "Range" in options["headers"]:
            return self._answer("range", 206, self.probe.body[:100])
        return self._answer("get", 200, self.probe.body)

    def fetch(self, url: str, **options: Any) -> Any:
        return self.get(url, **options)

    def beyond(self, _url: str) -> Web:
        return self

    def options(self, _url: str, headers: dict[str, str], **_options: Any) -> Any:
        if headers["Origin"] != ORIGIN:
            return self._answer("foreign", 403)
        return self._answer("preflight", 200, Access_Control_Allow_Origin=ORIGIN)


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Store:
    made = Store()
    monkeypatch.setattr(_upload_check, "s3_client", made.client)
    for question in ("about_key", "about_owner", "about_access", "about_user"):
        monkeypatch.setattr(EvidenceCollector, question, lambda _self: Evidence())
    return made


@dataclass
class Parts:
    probe: RecordingProbe
    web: Web


def parts(
    expected: dict[str, Any] | None = None,
    wait: float = 0,
    closed: bool | None = None,
    allow_open: bool = False,
    **settings: Any,
) -> Parts:
    viewer = Viewer(ORIGIN, True, 5, wait, [ORIGIN])
    asked = {"s3Endpoint": STORE, **(expected or {})}
    probe = RecordingProbe(
        "live", {**SETTINGS, **settings}, viewer, asked, closed, allow_open_hls_upload=allow_open
    )
    web = Web(probe)
    probe._playback._http = web  # type: ignore[assignment]
    return Parts(probe, web)


def run_checks(probes: list[RecordingProbe]) -> list[CheckResult]:
    with termination_as_exception():
        return [result for probe in probes for result in probe.run()]


def names(links: list[CheckResult], broken: bool = True) -> list[str]:
    return [link.check for link in links if not (broken and link.ok)]


def link(links: list[CheckResult], name: str) -> CheckResult:
    (found,) = [each for each in links if each.check == name]
    return found


class TestHealthy:
    def test_nothing_is_asked_twice(self, store: Store) -> None:
        it = parts()
        links = list(it.probe.run())
        assert names(links, broken=False) == HEALTHY
        assert names(links) == []
        assert store.operations == [
            "key:list_objects_v2",
            "key:head_object",
            "provisioning:try_delete",
            # What earlier checks have left.
            "key:list_objects_v2",
            "key:put_object",
            "provisioning:delete_object",
        ]
        assert it.web.asked == ["redirect", "get", "range", "preflight", "foreign", *DOOR]

    def test_each_client_is_made_once(self, store: Store) -> None:
        list(parts().probe.run())
        assert store.clients == ["key", "provisioning"]

    def test_the_upload_is_that_of_ams(self, store: Store) -> None:
        it = parts(s3StorageClass="STANDARD_IA", s3CacheControl="no-store", s3Permission="nonsense")
        list(it.probe.run())
        (put,) = store.of("put_object")
        assert put == {
            "Bucket": "recordings",
            "Key": it.probe.key,
            "Body": it.probe.body,
            "ContentType": "video/mp4",
            "ACL": "public-read",
            "StorageClass": "STANDARD_IA",
            "CacheControl": "no-store",
        }

    def test_without_forwarding_no_viewer_is_sent(self, store: Store) -> None:
        it = parts(httpForwardingExtension="", httpForwardingBaseURL="")
        expected = ["settings", "list", "head", "put", "hls-upload", "remove"]
        assert names(list(it.probe.run()), broken=False) == expected
        assert it.web.asked == DOOR

    def test_a_star_among_the_origins(self, store: Store) -> None:
        it = parts()
        it.probe._playback._viewer = Viewer(ORIGIN, True, 5, 0, ["*"])
        list(it.probe.run())
        assert it.web.asked == ["redirect", "get", "range", *DOOR]

    def test_an_https_page(self, store: Store) -> None:
        it = parts()
        it.probe._playback._viewer = Viewer(ORIGIN, True, 5, 0, ["https://player"])
        links = list(it.probe.run())
        assert link(links, "mixed content").actual == "http://store:9000"
        assert names(links)[0] == "mixed content"


class TestDoor:
    """Recordings in a closed bucket are not closed where the server gives them out with its own key."""

    def opened(self, closed: bool | None, *, allow_open: bool = False, **settings: Any) -> list[CheckResult]:
        it = parts(closed=closed, allow_open=allow_open, **settings)
        is_open = SimpleNamespace(status_code=200, content=it.probe.body, text="")
        it.web.change["hls-upload"] = lambda _refused: is_open
        return list(it.probe.run())

    @pytest.mark.parametrize(("closed", "ok"), [(True, False), (False, True), (None, True)])
    def test_it_is_judged_by_the_delivery(self, store: Store, closed: bool | None, ok: bool) -> None:
        found = link(self.opened(closed, ipFilterEnabled=False), "hls-upload")
        assert (found.ok, bool(found.warning), bool(found.remedy)) == (ok, ok, not ok)

    def test_without_forwarding_recordings_are_closed(self, store: Store) -> None:
        off: dict[str, Any] = {
            "httpForwardingExtension": "",
            "httpForwardingBaseURL": "",
            "ipFilterEnabled": False,
        }
        assert names(self.opened(None, **off)) == ["hls-upload"]

    def test_an_open_one_that_is_allowed_is_a_warning(self, store: Store) -> None:
        """Before, only a filter that lets in the whole network made such a fleet pass."""
        links = self.opened(True, allow_open=True, ipFilterEnabled=False)
        assert names(links) == []
        assert "ipFilterEnabled is false" in link(links, "hls-upload").warning

    def test_one_that_was_never_reached_is_no_link_that_holds(self, store: Store) -> None:
        """Without forwarding it is the only request to the server: a wrong viewer_url was green."""
        off: dict[str, Any] = {"httpForwardingExtension": "", "httpForwardingBaseURL": ""}
        it = parts(**off)
        it.web.change["hls-upload"] = lambda _refused: SimpleNamespace(status_code=502, content=b"", text="")
        result = module_result(ORIGIN, list(it.probe.run()))
        assert "not tried: hls-upload" in result["msg"]
        assert len(result["warnings"]) == 1

    def test_a_warning_reaches_the_result(self, store: Store) -> None:
        (warning,) = module_result(ORIGIN, self.opened(False, ipFilterEnabled=False))["warnings"]
        assert "ipFilterEnabled is false" in warning

    def test_without_the_object_it_is_not_asked(self, store: Store) -> None:
        store.answers["put_object"] = [DENIED]
        it = parts()
        list(it.probe.run())
        assert "hls-upload" not in it.web.asked


class TestUploads:
    def test_before_and_after(self, store: Store) -> None:
        probe = parts().probe
        assert not probe.has_uploaded
        list(probe.run())
        assert probe.has_uploaded

    def test_a_viewers_link_does_not_count(self, store: Store) -> None:
        it = parts()
        it.web.change["redirect"] = lambda _answer: SimpleNamespace(status_code=404, headers={})
        assert names(list(it.probe.run())) == ["redirect"]
        assert it.probe.has_uploaded

    @pytest.mark.parametrize("operation", ["list_objects_v2", "head_object", "put_object"])
    def test_each_link_of_the_upload_does(self, store: Store, operation: str) -> None:
        store.answers[operation] = [DENIED]
        probe = parts().probe
        list(probe.run())
        assert not probe.has_uploaded

    @pytest.mark.parametrize(
        ("settings", "expected", "broken"),
        [
            ({"s3AccessKey": ""}, {}, ["key"]),
            ({"s3RecordingEnabled": False}, {}, ["settings"]),
            ({"s3RecordingEnabled": False}, {"s3RecordingEnabled": False}, []),
            ({}, {"s3Permission": "private"}, ["settings"]),
            ({}, {"s3Permision": "private"}, ["settings"]),
        ],
    )
    def test_the_settings_do(
        self, store: Store, settings: dict[str, Any], expected: dict[str, Any], broken: list[str]
    ) -> None:
        probe = parts(expected, **settings).probe
        assert names(list(probe.run())) == broken
        assert not probe.has_uploaded


class TestBroken:
    @pytest.mark.parametrize(
        "error",
        [refused("InvalidAccessKeyId"), refused("PermanentRedirect", 301), refused("SignatureDoesNotMatch")],
    )
    def test_what_makes_the_rest_impossible(self, store: Store, error: ClientError) -> None:
        store.answers["list_objects_v2"] = [error]
        it = parts()
        assert names(list(it.probe.run())) == ["list"]
        assert store.operations == ["key:list_objects_v2"]
        assert it.web.asked == ["redirect", "preflight", "foreign"]

    @pytest.mark.parametrize(
        "error", [refused("NoSuchBucket", 404), EndpointConnectionError(endpoint_url=STORE, error=OSError())]
    )
    def test_no_bucket_that_could_answer(self, store: Store, error: Exception) -> None:
        store.answers["list_objects_v2"] = [error]
        it = parts()
        assert names(list(it.probe.run())) == ["list"]
        assert it.web.asked == ["redirect"]

    def test_a_store_that_does_not_answer(self, store: Store) -> None:
        store.answers["list_objects_v2"] = [ConnectTimeoutError(endpoint_url=f"{STORE}/recordings")]
        found = link(list(parts().probe.run()), "list")
        assert found.actual == "no connection to store:9000 within 5 s"
        assert "firewall" in found.remedy

    def test_no_piece_of_what_could_not_be_fetched(self, store: Store) -> None:
        it = parts()
        it.web.change["get"] = lambda _answer: SimpleNamespace(
            status_code=403, content=b"<Error><Code>AccessDenied</Code></Error>"
        )
        found = link(list(it.probe.run()), "get")
        assert found.actual == "403 AccessDenied with 40 bytes"
        assert "range" not in it.web.asked

    def test_a_range_that_is_not_honoured(self, store: Store) -> None:
        it = parts()
        it.web.change["range"] = lambda answer: SimpleNamespace(status_code=200, content=it.probe.body)
        found = link(list(it.probe.run()), "range")
        assert found.actual == "200 with 2048 bytes"
        assert "CDN that does not pass range requests on" in found.remedy

    @pytest.mark.parametrize(
        ("elsewhere", "remedy"),
        [
            ("", "remove that CORS rule"),
            ("MINIO_API_CORS_ALLOW_ORIGIN", "set MINIO_API_CORS_ALLOW_ORIGIN to"),
        ],
    )
    def test_every_site_is_allowed(self, store: Store, elsewhere: str, remedy: str) -> None:
        """A rule that is wider than asked for is a warning: recording and playback work with it."""
        it = parts()
        it.probe._playback._viewer = Viewer(ORIGIN, True, 5, 0, [ORIGIN], elsewhere)
        headers = {"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Credentials": "true"}
        it.web.change["foreign"] = lambda _answer: SimpleNamespace(status_code=200, headers=headers, text="")
        links = list(it.probe.run())
        assert names(links) == []
        found = link(links, "cors for someone else's origin")
        assert found.actual == "200 that allows *"
        result = module_result(ORIGIN, links)
        assert "failed" not in result
        (warning,) = result["warnings"]
        assert warning == found.warning
        assert "allows pages of every site to read the recordings and to send credentials" in warning
        assert "Recording and playback work" in warning
        assert remedy in warning
        # So that Ansible says it once for all servers of the bucket.
        assert ORIGIN not in warning

    def test_an_origin_that_is_refused_where_cors_is_set_elsewhere(self, store: Store) -> None:
        it = parts()
        it.probe._playback._viewer = Viewer(ORIGIN, True, 5, 0, [ORIGIN], "MINIO_API_CORS_ALLOW_ORIGIN")
        it.web.change["preflight"] = lambda _answer: SimpleNamespace(status_code=403, headers={}, text="")
        found = link(list(it.probe.run()), f"cors for {ORIGIN}")
        assert not found.ok
        assert f"set by MINIO_API_CORS_ALLOW_ORIGIN: allow the origin {ORIGIN}" in found.remedy

    def test_the_key_of_another_extension(self, store: Store) -> None:
        it = parts({"httpForwardingExtension": "mp4,m3u8"})
        it.web.change["redirect"] = lambda _answer: SimpleNamespace(status_code=404, headers={})
        links = list(it.probe.run())
        assert names(links) == ["settings", "redirect"]
        assert it.probe.key.endswith(".m3u8")
        assert "m3u8 is not forwarded" in link(links, "redirect").remedy

    def test_settings_tell_both_sides_and_no_secret(self, store: Store) -> None:
        expected = {"s3Permission": "private", "s3SecretKey": "another-secret-of-a-test"}
        found = link(list(parts(expected).probe.run()), "settings")
        assert "s3Permission='private'" in found.expected
        assert "s3Permission='bucket-owner-full-control'" in found.actual
        assert "secret-of-a-test" not in str(found)


class TestWaiting:
    @pytest.fixture(autouse=True)
    def _no_time(self, monkeypatch: pytest.MonkeyPatch) -> None:
        now = [0.0]
        monkeypatch.setattr("time.monotonic", lambda: now[0])
        monkeypatch.setattr("time.sleep", lambda seconds: now.__setitem__(0, now[0] + seconds))

    def test_for_a_key_that_becomes_known(self, store: Store) -> None:
        unknown = refused("InvalidAccessKeyId")
        store.answers["list_objects_v2"] = [unknown, unknown, unknown, {}]
        links = list(parts(wait=30).probe.run())
        assert names(links) == []
        assert link(links, "list").actual == "as expected, after 3 s"

    def test_no_longer_than_asked(self, store: Store) -> None:
        store.answers["list_objects_v2"] = [refused("InvalidAccessKeyId", message="Unknown")]
        found = link(list(parts(wait=4.5).probe.run()), "list")
        assert found.actual == "InvalidAccessKeyId: Unknown, still after 4 s"
        assert len(store.of("list_objects_v2")) == 6

    def test_once_for_all_links(self, store: Store) -> None:
        store.answers.update(list_objects_v2=[DENIED], head_object=[DENIED], put_object=[DENIED])
        list(parts(wait=10).probe.run())
        assert len(store.of("list_objects_v2")) == 11
        assert len(store.of("head_object")) == 1

    def test_not_for_what_does_not_come(self, store: Store) -> None:
        store.answers["list_objects_v2"] = [refused("SignatureDoesNotMatch")]
        list(parts(wait=10).probe.run())
        assert len(store.of("list_objects_v2")) == 1

    def test_for_a_policy_that_becomes_known(self, store: Store) -> None:
        it = parts(wait=10)
        answers = iter([403, 403, 200])

        def change(answer: Any) -> Any:
            answer.status_code = next(answers)
            return answer

        it.web.change["get"] = change
        assert link(list(it.probe.run()), "get").actual == "200, after 2 s"


class TestWithoutAnAcl:
    def test_it_is_tried_where_the_store_names_no_action(self, store: Store) -> None:
        store.answers["put_object"] = [DENIED, {"ResponseMetadata": {}, "VersionId": "v1"}]
        it = parts()
        links = list(it.probe.run())
        assert names(links) == ["put"]
        assert "(without an ACL the object was stored)" in link(links, "put").remedy
        first, second = store.of("put_object")
        assert (first["Key"], "ACL" in second) == (second["Key"], False)
        assert store.of("delete_object") == [{"Bucket": "recordings", "Key": it.probe.key, "VersionId": "v1"}]
        assert "get" not in it.web.asked

    @pytest.mark.parametrize("action", ["s3:PutObject", "s3:PutObjectAcl"])
    def test_it_is_not_where_the_store_does(self, store: Store, action: str) -> None:
        message = f"User: u is not authorized to perform: {action} on resource: x because no policy allows it"
        store.answers["put_object"] = [refused("AccessDenied", message=message)]
        list(parts().probe.run())
        assert len(store.of("put_object")) == 1
        assert store.of("delete_object") == []


class TestRemoval:
    """Whatever happens, nothing is left, and what is left is told."""

    def test_nothing_was_stored(self, store: Store) -> None:
        store.answers["put_object"] = [refused("AccessControlListNotSupported", 400)]
        assert "remove" not in names(list(parts().probe.run()), broken=False)
        assert store.of("delete_object") == []

    def test_the_version_that_was_put(self, store: Store) -> None:
        store.answers["put_object"] = [{"ResponseMetadata": {}, "VersionId": "v1"}]
        list(parts().probe.run())
        assert [given["VersionId"] for given in store.of("delete_object")] == ["v1"]

    @pytest.mark.parametrize(
        "put",
        [
            {"ResponseMetadata": {"RetryAttempts": 1}, "VersionId": "v2"},
            refused("InternalError", 500),
            refused("AccessDenied", retries=1),
            ConnectTimeoutError(endpoint_url=STORE),
        ],
    )
    def test_all_versions_where_one_answer_was_lost(self, store: Store, put: Any) -> None:
        store.answers["put_object"] = [put]
        store.answers["list_object_versions"] = [{"Versions": [{"VersionId": "v1"}, {"VersionId": "v2"}]}]
        it = parts()
        links = list(it.probe.run())
        assert link(links, "remove").ok
        assert store.of("list_object_versions")[0]["Prefix"] == it.probe.key
        assert [given["VersionId"] for given in store.of("delete_object")] == ["v1", "v2"]

    def test_a_bucket_without_versions(self, store: Store) -> None:
        store.answers["put_object"] = [refused("InternalError", 500)]
        store.answers["list_object_versions"] = [{"Versions": [{"VersionId": "null"}]}]
        list(parts().probe.run())
        assert ["VersionId" in given for given in store.of("delete_object")] == [False]

    def test_an_upload_that_arrives_late(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(_upload_check, "_LATEST", 0)
        store.answers["put_object"] = [ConnectTimeoutError(endpoint_url=STORE)]
        store.answers["list_object_versions"] = [{}, {"Versions": [{"VersionId": "v1"}]}]
        list(parts().probe.run())
        assert [given["VersionId"] for given in store.of("delete_object")] == ["v1"]

    @pytest.mark.parametrize("hidden", [True, False])
    def test_versions_that_may_not_be_listed(self, store: Store, hidden: bool) -> None:
        store.answers["put_object"] = [refused("InternalError", 500)]
        store.answers["list_object_versions"] = [DENIED]
        store.answers["delete_object"] = [{"DeleteMarker": hidden}]
        assert link(list(parts().probe.run()), "remove").ok is not hidden

    def test_with_the_key_itself(self, store: Store) -> None:
        store.answers["provisioning:delete_object"] = [DENIED]
        assert link(list(parts().probe.run()), "remove").ok
        assert store.operations[-2:] == ["provisioning:delete_object", "key:delete_object"]

    def test_what_stays_is_named(self, store: Store) -> None:
        store.answers["delete_object"] = [DENIED]
        it = parts(wait=60)
        found = link(list(it.probe.run()), "remove")
        assert found.actual == "AccessDenied: Access Denied"
        assert found.remedy.startswith(f"Remove {it.probe.key} from bucket recordings by hand")
        assert found.remedy.endswith("need s3:DeleteObject on recordings/streams/*")

    def test_what_a_bucket_with_versions_asks_for(self, store: Store) -> None:
        store.answers["put_object"] = [{"ResponseMetadata": {}, "VersionId": "v1"}]
        store.answers["delete_object"] = [DENIED]
        found = link(list(parts().probe.run()), "remove")
        assert found.remedy.endswith(
            "need s3:DeleteObject and s3:DeleteObjectVersion on recordings/streams/*"
        )

    def test_after_an_error_in_the_program(self, store: Store) -> None:
        it = parts()

        def fail(_answer: Any) -> Any:
            raise ZeroDivisionError

        it.web.change["get"] = fail
        with pytest.raises(ZeroDivisionError):
            run_checks([it.probe])
        assert len(store.of("delete_object")) == 1

    def test_what_stays_after_an_error_is_told_with_it(self, store: Store) -> None:
        store.answers["put_object"] = [ZeroDivisionError()]
        store.answers["delete_object"] = [DENIED]
        store.answers["list_object_versions"] = [{"Versions": [{"VersionId": "null"}]}]
        it = parts()
        with pytest.raises(
            AmsError, match=rf"ZeroDivisionError.*Remove {it.probe.key} from bucket recordings"
        ):
            run_checks([it.probe])

    def test_where_nobody_reads_on(self, store: Store) -> None:
        links = parts().probe.run()
        for found in links:
            if found.check == "put":
                break
        links.close()  # type: ignore[attr-defined]
        assert len(store.of("delete_object")) == 1


class TestRemovalIsKnownBefore:
    """Nothing is put that could not be removed, and the credentials that lack are told apart."""

    @pytest.mark.parametrize(
        ("error", "came", "remedy"),
        [
            (NoCredentialsError(), "no AWS credentials were found", "AWS_PROFILE, or AWS_ACCESS_KEY_ID"),
            (ProfileNotFound(profile="prod"), "there is no profile 'prod'", "unset AWS_PROFILE"),
            (
                SSOTokenLoadError(error_msg="Token for prod does not exist"),
                "nobody is logged in",
                "aws sso login",
            ),
            (refused("ExpiredToken", 400), "the AWS credentials have expired", "Get new ones"),
            (refused("InvalidAccessKeyId"), "AWS does not know the access key", "Was it deleted"),
            (
                DENIED,
                "AccessDenied: Access Denied",
                "s3:DeleteObject and s3:DeleteObjectVersion on recordings/",
            ),
        ],
    )
    def test_without_leave_nothing_is_put(
        self, store: Store, error: Exception, came: str, remedy: str
    ) -> None:
        store.answers.update({"provisioning:try_delete": [error], "key:try_delete": [DENIED]})
        it = parts()
        links = list(it.probe.run())
        assert store.of("put_object") == []
        assert names(links) == ["remove"]
        found = link(links, "remove")
        assert found.actual.startswith(came)
        assert found.actual.endswith("Nothing was uploaded")
        assert remedy in found.remedy
        assert not it.probe.has_uploaded
        message = module_result(ORIGIN, links)["msg"]
        assert message.startswith(f"{ORIGIN}: the recording chain could not be verified (remove)")
        assert "is broken" not in message
        assert "BROKEN" not in message

    def test_the_servers_own_key_will_do(self, store: Store) -> None:
        store.answers["provisioning:try_delete"] = [NoCredentialsError()]
        store.answers["provisioning:delete_object"] = [NoCredentialsError()]
        links = list(parts().probe.run())
        assert names(links) == []
        assert store.operations[-1] == "key:delete_object"

    def test_the_mark_of_a_bucket_with_versions_goes_as_well(self, store: Store) -> None:
        store.answers["try_delete"] = [{"DeleteMarker": True, "VersionId": "m1"}, {}]
        assert names(list(parts().probe.run())) == []
        assert [each.get("VersionId") for each in store.of("try_delete")] == [None, "m1"]

    def test_versions_that_could_not_be_removed_are_not_made(self, store: Store) -> None:
        store.answers["provisioning:try_delete"] = [{"DeleteMarker": True, "VersionId": "m1"}, DENIED]
        store.answers["key:try_delete"] = [DENIED]
        assert names(list(parts().probe.run())) == ["remove"]
        assert store.of("put_object") == []

    @pytest.mark.parametrize("code", ["NoSuchKey", "404"])
    def test_a_store_that_says_there_is_nothing(self, store: Store, code: str) -> None:
        store.answers["try_delete"] = [refused(code, 404)]
        assert names(list(parts().probe.run())) == []


def send(number: int) -> Callable[[], Any]:
    def now() -> Any:
        os.kill(os.getpid(), number)
        return {}

    return now


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
class TestSignals:
    @pytest.fixture(autouse=True)
    def _handlers(self, number: int) -> Any:
        # Under nohup it would be ignored from the beginning.
        before = signal.signal(number, signal.SIG_DFL)
        yield
        signal.signal(number, before)

    @pytest.mark.parametrize("at", ["put_object", "delete_object"])
    def test_the_probe_is_removed(self, store: Store, number: int, at: str) -> None:
        store.answers["list_object_versions"] = [{"Versions": [{"VersionId": "null"}]}]
        store.answers[at] = [send(number), {}]
        with pytest.raises(KeyboardInterrupt, match=f"signal {number}"):
            run_checks([parts().probe])
        assert store.operations[-1] == "provisioning:delete_object"
        assert len(store.of("delete_object")) == (2 if at == "delete_object" else 1)

    def test_a_second_signal_does_not_cut_off_the_removal(self, store: Store, number: int) -> None:
        store.answers["put_object"] = [send(number)]
        store.answers["list_object_versions"] = [{"Versions": [{"VersionId": "a"}, {"VersionId": "b"}]}]
        store.answers["delete_object"] = [send(number), send(signal.SIGTERM)]
        with pytest.raises(KeyboardInterrupt):
            run_checks([parts().probe])
        assert [given["VersionId"] for given in store.of("delete_object")] == ["a", "b"]

    def test_what_stays_is_told(self, store: Store, number: int) -> None:
        store.answers["put_object"] = [send(number)]
        store.answers["delete_object"] = [DENIED]
        store.answers["list_object_versions"] = [{"Versions": [{"VersionId": "null"}]}]
        it = parts()
        with pytest.raises(KeyboardInterrupt, match=f"Remove {it.probe.key} from bucket recordings"):
            run_checks([it.probe])

    def test_handlers_are_put_back(self, store: Store, number: int) -> None:
        before = signal.getsignal(number)
        run_checks([parts().probe])
        assert signal.getsignal(number) is before

    def test_what_is_ignored_stays_so(self, store: Store, number: int) -> None:
        signal.signal(number, signal.SIG_IGN)
        store.answers["put_object"] = [send(number)]
        assert names(run_checks([parts().probe])) == []


def test_the_table() -> None:
    links = [
        CheckResult("live", "list", True, "a list", "as expected"),
        CheckResult("live", "put", False, "an object", "AccessDenied", "Run storage.yml"),
        CheckResult("WebRTCApp", "mixed content", True, "https", "https"),
    ]
    result = module_result("http://ams", links)
    assert result["failed"]
    assert result["checks"][1]["remedy"] == "Run storage.yml"
    assert result["msg"].splitlines() == [
        "http://ams: the recording chain is broken (put):",
        "live       list           ok",
        "live       put            BROKEN  expected an object, got AccessDenied. Run storage.yml",
        "WebRTCApp  mixed content  ok",
    ]
    whole = module_result("http://ams", [links[0], links[2]])
    assert whole["msg"] == "WebRTCApp, live: all 2 checks passed"
    assert "failed" not in whole


@pytest.mark.parametrize(("package", "installs"), [("botocore", "boto3"), ("requests", "requests")])
def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch, package: str, installs: str) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(CollectionError) as caught:
        parts()
    assert f"{package} is not installed for {sys.executable}. " in str(caught.value)
    assert str(caught.value).endswith(f"Run: {sys.executable} -m pip install {installs}.")
