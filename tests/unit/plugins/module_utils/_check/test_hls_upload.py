# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who is let in at /APP/hls-upload: what is asked, what it says, and what follows for each delivery."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, cast

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._check import (
    hls_upload_check as _hls_upload_check,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._check.hls_upload import (
    CLOSED,
    DOUBTFUL,
    NOT_JUDGED,
    OPEN,
    UNKNOWN,
    Attempt,
    judge,
    next_header,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._check.hls_upload_check import (
    HlsUploadCheck,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._check.playback import (
    Response,
    Viewer,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._check.report import CheckResult
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.network import NoAnswer

DEFAULT = {"ipFilterEnabled": True, "remoteAllowedCIDR": "127.0.0.1"}
OFF = {**DEFAULT, "ipFilterEnabled": False}
TEN = {**DEFAULT, "remoteAllowedCIDR": "10.0.0.0/8"}
EVERYBODY = {**DEFAULT, "remoteAllowedCIDR": "0.0.0.0/0"}
LOOPBACK, PRIVATE, PUBLIC, STRANGER = "127.0.0.1", "192.168.1.5", "198.51.100.20", "203.0.113.7"
BODY = b"the probe"


def tried(*answers: tuple[str, bool | None]) -> list[Attempt]:
    came = {True: "200", False: "403", None: "502"}
    return [Attempt(header, came[let_in], let_in) for header, let_in in answers]


@pytest.mark.parametrize(
    ("settings", "before", "header"),
    [
        (DEFAULT, [], ""),
        # Who is refused pretends to be the server itself, then whom else the filter allows.
        (DEFAULT, [("", False)], LOOPBACK),
        (DEFAULT, [("", False), (LOOPBACK, False)], None),
        (TEN, [("", False), (LOOPBACK, False)], "10.0.0.1"),
        (TEN, [("", False), (LOOPBACK, True)], None),
        (DEFAULT, [("", None)], LOOPBACK),
        # Who is let in pretends to be a stranger, whom a filter that works refuses.
        (DEFAULT, [("", True)], STRANGER),
        (DEFAULT, [("", True), (STRANGER, False)], None),
        (OFF, [("", True)], LOOPBACK),
        (OFF, [("", True), (LOOPBACK, True)], None),
    ],
)
def test_what_is_asked_next(
    settings: Mapping[str, Any], before: list[tuple[str, bool | None]], header: str | None
) -> None:
    assert next_header(settings, tried(*before)) == header


@pytest.mark.parametrize(
    ("settings", "source", "answers", "state", "reason"),
    [
        (DEFAULT, PUBLIC, [("", False), (LOOPBACK, False)], CLOSED, ""),
        (OFF, LOOPBACK, [("", False), (LOOPBACK, False)], CLOSED, ""),
        (OFF, LOOPBACK, [("", True), (LOOPBACK, True)], OPEN, "ipFilterEnabled is false"),
        (EVERYBODY, LOOPBACK, [("", True), (LOOPBACK, True)], OPEN, "allows everybody"),
        # The check on the server itself is let in by right.
        (DEFAULT, LOOPBACK, [("", True), (STRANGER, False)], NOT_JUDGED, "not judged from here"),
        (DEFAULT, LOOPBACK, [("", True), (STRANGER, True)], DOUBTFUL, "as 203.0.113.7 as well"),
        (TEN, "10.2.3.4", [("", True), (STRANGER, False)], NOT_JUDGED, "10.2.3.4, which the filter allows"),
        # NAT or a proxy hides the address that the server sees, so that nothing is proved.
        (DEFAULT, "", [("", True), (STRANGER, False)], DOUBTFUL, "an address that this host does not know"),
        (DEFAULT, "", [("", True), (STRANGER, True)], DOUBTFUL, "as 203.0.113.7 as well"),
        # What is no answer of the server, or none at all.
        (DEFAULT, PUBLIC, [("", None), (LOOPBACK, None)], UNKNOWN, "said whether strangers have access"),
        (DEFAULT, PUBLIC, [("", False), (LOOPBACK, None)], UNKNOWN, "said whether strangers have access"),
        (OFF, PUBLIC, [("", None), (LOOPBACK, None)], UNKNOWN, "ipFilterEnabled is false"),
        (DEFAULT, PUBLIC, [("", None), (LOOPBACK, True)], OPEN, "a stranger's header reaches the server"),
        # A proxy on the server that does not say who asks.
        (DEFAULT, PUBLIC, [("", True), (STRANGER, False)], OPEN, "hides the addresses of its clients"),
        (DEFAULT, PRIVATE, [("", True), (STRANGER, True)], OPEN, "hides the addresses of its clients"),
        # The header of whoever asks is believed.
        (DEFAULT, PUBLIC, [("", False), (LOOPBACK, True)], OPEN, "a stranger's header reaches the server"),
        (DEFAULT, PRIVATE, [("", False), (LOOPBACK, True)], OPEN, "private addresses such as 192.168.1.5"),
        (DEFAULT, "", [("", False), (LOOPBACK, True)], OPEN, "a stranger's header reaches the server"),
        (
            TEN,
            LOOPBACK,
            [("", False), (LOOPBACK, False), ("10.0.0.1", True)],
            DOUBTFUL,
            "on the server itself",
        ),
    ],
)
def test_what_the_answers_say(
    settings: Mapping[str, Any], source: str, answers: list[tuple[str, bool | None]], state: str, reason: str
) -> None:
    verdict = judge("live", settings, source, tried(*answers))
    assert verdict.state == state
    assert reason in verdict.reason
    assert bool(verdict.remedy) is (state in (OPEN, DOUBTFUL, UNKNOWN))


class Server:
    """Answers by the header. answers: status and body."""

    def __init__(self, answers: Mapping[str, tuple[int, bytes] | NoAnswer]) -> None:
        self.answers = answers
        self.asked: list[str] = []

    def ask(self, url: str, headers: Mapping[str, str]) -> Response:
        assert url == "https://ams.example.com/live/hls-upload/probe.mp4"
        header = headers.get("X-Forwarded-For", "")
        self.asked.append(header)
        answer = self.answers[header]
        if isinstance(answer, NoAnswer):
            return answer
        status, content = answer
        made = SimpleNamespace(status_code=status, content=content, text=content.decode())
        return cast("Response", made)


def link_of(
    monkeypatch: pytest.MonkeyPatch,
    answers: Mapping[str, tuple[int, bytes] | NoAnswer],
    source: str = PUBLIC,
    closed: bool = True,
    **settings: Any,
) -> CheckResult:
    monkeypatch.setattr(_hls_upload_check, "source_address", lambda _url: source)
    viewer = Viewer("https://ams.example.com", True, 5, 0)
    door = HlsUploadCheck("live", viewer, "probe.mp4", {**DEFAULT, **settings}, closed)
    server = Server(answers)
    found = door.run(BODY, server.ask)
    assert server.asked == list(answers)
    return found


REFUSED = (403, b"Not allowed IP")


class TestLink:
    def test_a_closed_door(self, monkeypatch: pytest.MonkeyPatch) -> None:
        found = link_of(monkeypatch, {"": REFUSED, LOOPBACK: REFUSED})
        assert (found.ok, found.warning, found.remedy) == (True, "", "")
        assert found.actual == "403 without a header; 403 with X-Forwarded-For: 127.0.0.1"

    def test_a_release_that_has_none(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert link_of(monkeypatch, {"": (404, b""), LOOPBACK: (404, b"")}).ok

    @pytest.mark.parametrize(
        "answer", [(200, b"<html>"), (302, b""), (401, b""), (403, b"Forbidden"), (502, b""), (500, b"")]
    )
    def test_what_a_proxy_says_proves_nothing(
        self, monkeypatch: pytest.MonkeyPatch, answer: tuple[int, bytes]
    ) -> None:
        """Before, all of these were a door that is closed."""
        found = link_of(monkeypatch, {"": answer, LOOPBACK: answer})
        assert (found.ok, found.tried) == (True, False)
        assert f"The response was: {answer[0]} without a header" in found.warning
        assert "404 for /live/hls-upload/, which counts as closed" in found.warning

    def test_an_open_one_fails_where_recordings_are_closed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        found = link_of(monkeypatch, {"": REFUSED, LOOPBACK: (200, BODY)})
        assert (found.ok, found.warning) == (False, "")
        assert "200 and the recording with X-Forwarded-For: 127.0.0.1; a stranger's header" in found.actual
        assert "set X-Forwarded-For to the address of the client alone" in found.remedy
        assert "refuse /live/hls-upload/" in found.remedy
        assert "s3_recording_allow_open_hls_upload" in found.remedy

    def test_and_is_a_warning_elsewhere(self, monkeypatch: pytest.MonkeyPatch) -> None:
        found = link_of(monkeypatch, {"": REFUSED, LOOPBACK: (200, BODY)}, closed=False)
        assert (found.ok, found.remedy) == (True, "")
        assert found.warning.startswith("https://ams.example.com/live/hls-upload/NAME reads and overwrites")

    def test_a_doubtful_one_is_a_warning_everywhere(self, monkeypatch: pytest.MonkeyPatch) -> None:
        found = link_of(monkeypatch, {"": (200, BODY), STRANGER: (200, BODY)}, source=LOOPBACK)
        assert found.ok
        assert "Run the check from another machine" in found.warning

    def test_on_the_server_itself_it_is_a_note(self, monkeypatch: pytest.MonkeyPatch) -> None:
        found = link_of(monkeypatch, {"": (200, BODY), STRANGER: REFUSED}, source=LOOPBACK)
        assert (found.ok, found.warning) == (True, "")
        assert "not judged from here: the check runs from 127.0.0.1, which the filter allows" in found.actual

    @pytest.mark.parametrize(
        "body",
        [
            b"Error processing request: denied (Service: Amazon S3; Status Code: 403)",
            b"HTTP method GET is not supported by this URL",
        ],
    )
    def test_an_error_from_behind_the_filter_is_let_in(
        self, monkeypatch: pytest.MonkeyPatch, body: bytes
    ) -> None:
        """Who may not read there can write all the same."""
        found = link_of(monkeypatch, {"": (500, body), STRANGER: (500, body)})
        assert not found.ok
        assert found.actual.startswith("500 from behind the filter without a header")

    def test_no_answer_is_no_closed_door(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Before, a server that was never reached was said to let nobody in."""
        nothing = NoAnswer("refused", "the connection was refused")
        found = link_of(monkeypatch, {"": nothing, LOOPBACK: nothing})
        assert (found.ok, found.tried) == (True, False)
        assert found.actual.startswith("the connection was refused without a header")
        assert "could not be tried" in found.warning
        assert "viewer_url" in found.warning

    def test_behind_nat_an_answer_is_no_proof(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Before, a rollout from an address that the filter allows failed, since NAT changes the address."""
        source = _hls_upload_check.seen_address(PRIVATE, "203.0.113.20")
        allowed: dict[str, Any] = {"remoteAllowedCIDR": "127.0.0.1,198.51.100.1"}
        answers = {"": (200, BODY), STRANGER: REFUSED}
        found = link_of(monkeypatch, answers, source, **allowed)
        assert found.ok
        assert "because of a proxy or NAT" in found.warning


class TestSource:
    @pytest.mark.parametrize(
        ("own", "other", "seen"),
        [
            (PRIVATE, "203.0.113.20", ""),
            ("100.64.0.9", "203.0.113.20", ""),
            ("fd00::5", "2001:db8::1", ""),
            (PRIVATE, "10.0.0.1", PRIVATE),
            (PUBLIC, "203.0.113.20", PUBLIC),
            (PUBLIC, "10.0.0.1", PUBLIC),
            (LOOPBACK, LOOPBACK, LOOPBACK),
        ],
    )
    def test_from_a_private_to_a_public_address_is_nat(self, own: str, other: str, seen: str) -> None:
        assert _hls_upload_check.seen_address(own, other) == seen

    def test_of_loopback(self) -> None:
        assert _hls_upload_check.source_address("http://127.0.0.1:5080") == LOOPBACK
        assert _hls_upload_check.source_address("https://127.0.0.1") == LOOPBACK

    def test_behind_a_proxy_it_is_not_known(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
        assert _hls_upload_check.source_address("http://ams.example.com") == ""
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        assert _hls_upload_check.source_address("http://127.0.0.1:5080") == LOOPBACK

    def test_of_a_name_that_is_not_known(self) -> None:
        assert _hls_upload_check.source_address("http://nowhere.invalid") == ""
