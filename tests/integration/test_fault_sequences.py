# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whatever goes wrong, in whatever order: what ams_app_settings may never do, and that it can be fixed."""

from __future__ import annotations

import json
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams import client, session
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.errors import AmsError
from ansible_collections.antmedia.s3_recording.plugins.modules import ams_app_settings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stand_ins.ams import Fleet, FleetHost
from tests.harness.expected_changes import SERVERS_OWN

SETTINGS = "/applications/settings/"
LOGIN = "/users/authenticate"
FORMER_SECRET, SECRET, WRONG = "former-secret-of-a-test", "asked-secret-of-a-test", "wrong-password-of-a-test"
WISH = {
    "mp4MuxingEnabled": True,
    "s3RecordingEnabled": True,
    "s3BucketName": "b-of-a-test",
    "s3SecretKey": SECRET,
    "httpForwardingExtension": "mp4",
}
TIMEOUT = 0.4
SLOW = 0.9
RUN = "20261124T120000Z"
ECHO = f"<p>{SECRET} {FORMER_SECRET}</p>"

STEPS = st.sampled_from([(None, ""), ("POST", LOGIN), ("GET", SETTINGS), ("POST", SETTINGS), ("DELETE", "")])
WHEN = {"nth": st.integers(1, 4), "times": st.sampled_from([None, 1, 2])}


def at_a_step(action: str, **options: Any) -> st.SearchStrategy[dict[str, Any]]:
    return st.builds(
        lambda step, **when: {"action": action, "method": step[0], "path": step[1], **when, **options},
        STEPS,
        **WHEN,
    )


def at(action: str, method: str, path: str, **options: Any) -> st.SearchStrategy[dict[str, Any]]:
    return st.builds(
        lambda **when: {"action": action, "method": method, "path": path, **when, **options}, **WHEN
    )


FAULTS = st.one_of(
    *(at_a_step("status", status=status) for status in (400, 403, 500, 502, 503)),
    *(
        at_a_step(action)
        for action in (
            "html",
            "truncate",
            "cut",
            "reset_before",
            "reset_after",
            "empty",
            "redirect",
            "session_lost",
        )
    ),
    at_a_step("restart", seconds=0.2, starting=0.1),
    at_a_step("loading", seconds=0.2),
    # At a POST of settings: see the test of the write that comes late.
    at("slow", "POST", LOGIN, seconds=SLOW),
    at("slow", "GET", SETTINGS, seconds=SLOW),
    # Another value of what was asked: of anything else the fault itself would break the promise.
    at("rewrite", "POST", SETTINGS, values={"s3BucketName": "of-somebody-else"}),
    at("status", "POST", SETTINGS, status=500, body=ECHO),
    # The former secret is known only when the settings were read.
    at("status", "GET", SETTINGS, status=500, body=f"<p>{SECRET}</p>"),
)
SEQUENCES = st.lists(st.tuples(st.integers(0, 1), FAULTS), min_size=1, max_size=4)


@pytest.fixture(scope="module")
def running() -> Iterator[Fleet]:
    with pytest.MonkeyPatch.context() as patch, Fleet(hosts=2) as fleet:
        patch.setattr(client, "LONGEST_PAUSE", 0.02)
        patch.setattr(session, "PAUSE", 0.02)
        yield fleet


@pytest.fixture
def fleet(running: Fleet) -> Fleet:
    running.reset()
    return running


class Server:
    """One server, and the tasks of runs on it. password: what the runs give."""

    def __init__(self, fleet: Fleet, number: int, folder: Path, password: str = "") -> None:
        self.fleet, self.number, self.folder = fleet, number, folder
        self.host: FleetHost = fleet.hosts[number]
        self.password = password or self.host.password
        self.path = folder / f"{number}.json"
        fleet.set_settings(number, "live", {"s3SecretKey": FORMER_SECRET})
        self.before = self.settings()
        # A value of somebody else was found on the way back, and stays.
        self.left_alone = False

    def settings(self) -> dict[str, Any]:
        """With "" for null, as the server has it after a restart."""
        now = self.fleet.settings(self.number, "live")
        return {
            name: "" if value is None else value for name, value in now.items() if name not in SERVERS_OWN
        }

    def task(self, **given: Any) -> tuple[dict[str, Any] | None, AmsError | None]:
        """The result, or the error; no secret is in either."""
        who = {"url": self.host.url, "email": self.host.email, "password": self.password, "timeout": TIMEOUT}
        spec = ArgumentSpecValidator(ams_app_settings.ARGUMENT_SPEC).validate({**who, **given})
        assert not spec.error_messages
        try:
            result, error = ams_app_settings.run(dict(spec.validated_parameters), False), None
        except AmsError as caught:
            result, error = None, caught
        shown = json.dumps(result) if error is None else f"{error}{error.result()}"
        for secret in (self.host.password, self.password, SECRET, FORMER_SECRET):
            assert secret not in shown
        for path in self.folder.iterdir():
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
        now = self.settings()
        assert {name for name in self.before | now if self.before.get(name) != now.get(name)} <= set(WISH)
        return result, error

    def apply(self, run: str = RUN, **given: Any) -> tuple[dict[str, Any] | None, AmsError | None]:
        backup = {"backup_path": str(self.path), "backup_run": run}
        return self.task(app="live", settings=WISH, **backup, **given)

    def roll_back(self, forget: bool) -> tuple[dict[str, Any] | None, AmsError | None]:
        """What the role does after a failure."""
        return self.task(restore={"path": str(self.path), "since": RUN, "unverified": True, "forget": forget})

    def is_as_asked(self) -> bool:
        now = self.settings()
        return all(now[name] == value for name, value in WISH.items())

    def is_as_before(self) -> bool:
        return self.settings() == self.before

    def wrong_logins(self) -> int:
        """While a server starts it answers 403 and looks at no password."""
        if self.password == self.host.password:
            return 0
        return len([login for login in self.fleet.logins(self.number) if login["status"] != 403])


def is_true(server: Server, error: AmsError | None) -> None:
    """As asked where the task said so; where it failed the server is named."""
    if error is None:
        assert server.is_as_asked()
    else:
        assert server.host.url in str(error)


def is_rolled_back(server: Server, forget: bool = True) -> None:
    result, error = server.roll_back(forget)
    if result is None:
        assert server.host.url in str(error)
        assert list(server.folder.glob(f"{server.number}*.json")), "what is stuck can still be taken back"
        return
    server.left_alone = server.left_alone or bool(result.get("left_alone"))
    assert server.left_alone or server.is_as_before()


def one_run(server: Server, start_timeout: float) -> AmsError | None:
    _result, error = server.apply(start_timeout=start_timeout)
    is_true(server, error)
    if error is not None and not (error.login_refused or error.login_unsure):
        is_rolled_back(server, forget=not error.uncertain)
    assert server.wrong_logins() <= 1
    return error


@settings(
    max_examples=200, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None
)
@given(sequence=SEQUENCES, wrong=st.booleans(), start_timeout=st.sampled_from([0.0, 1.0]))
def test_no_sequence_of_faults_breaks_a_promise(
    running: Fleet, sequence: list[tuple[int, dict[str, Any]]], wrong: bool, start_timeout: float
) -> None:
    running.reset()
    with tempfile.TemporaryDirectory() as name:
        servers = [Server(running, number, Path(name), WRONG if wrong else "") for number in range(2)]
        for number, fault in sequence:
            running.fault(number, **fault)
        errors = [one_run(server, start_timeout) for server in servers]
        running.clear_faults()
        for server, error in zip(servers, errors):
            server.password = server.host.password
            if error is not None and not error.login_refused:
                until_it_answers(server)
                is_rolled_back(server)
            _result, still = server.apply("20261124T130000Z", start_timeout=5)
            assert still is None, still
            assert server.is_as_asked()


def until_it_answers(server: Server) -> None:
    """A server that restarts: with nothing asked of it, nothing is written."""
    _result, error = server.task(app="live", start_timeout=5)
    assert error is None, error


def test_a_server_that_is_stuck_is_rolled_back_later(fleet: Fleet, tmp_path: Path) -> None:
    server = Server(fleet, 0, tmp_path)
    fleet.fault(0, "reset_after", method="POST", path=SETTINGS)
    fleet.fault(0, "status", method="GET", path=SETTINGS, nth=3, status=503)
    assert "It is not known whether" in str(one_run(server, 0))
    assert server.is_as_asked()
    fleet.clear_faults()
    is_rolled_back(server)
    assert server.is_as_before()
    assert list(tmp_path.iterdir()) == []


def test_a_write_that_comes_late(fleet: Fleet, tmp_path: Path) -> None:
    server = Server(fleet, 0, tmp_path)
    # The end of the session would be the end of the write too, in the simulator.
    fleet.fault(0, "status", status=503, method="DELETE")
    fleet.fault(0, "slow", method="POST", path=SETTINGS, times=1, seconds=SLOW)
    one_run(server, 0)
    time.sleep(SLOW)
    assert server.is_as_before() or list(tmp_path.iterdir()), "it can still be taken back"


def test_a_wrong_login_whose_answer_is_lost_while_an_earlier_run_is_unverified(
    fleet: Fleet, tmp_path: Path
) -> None:
    server = Server(fleet, 0, tmp_path)
    assert server.apply("20261124T110000Z")[1] is None
    server.password = WRONG
    fleet.clear_requests()
    fleet.fault(0, "reset_after", path=LOGIN, times=1)
    one_run(server, 0)


THEIRS = {"tokenHashSecret": "set-by-a-person-in-a-test", "acceptOnlyStreamsInDataStore": True}


def between(patch: pytest.MonkeyPatch, call: str, fleet: Fleet, values: dict[str, Any]) -> None:
    """After the first call of this kind a person sets something else on the first server."""
    whole = getattr(client.AmsClient, call)
    calls: list[str] = []

    def followed(self: Any, *arguments: Any) -> Any:
        answer = whole(self, *arguments)
        calls.append(call)
        if len(calls) == 1:
            fleet.set_settings(0, "live", values)
        return answer

    patch.setattr(client.AmsClient, call, followed)


def test_what_a_person_sets_between_read_and_write_stays(
    fleet: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The object of the first read was posted, and undid it in silence; a rollback did it as well."""
    server = Server(fleet, 0, tmp_path)
    server.before = {**server.before, **THEIRS}
    with monkeypatch.context() as patch:
        between(patch, "settings", fleet, THEIRS)
        result, error = server.apply()
    assert error is None, error
    assert result is not None
    assert server.is_as_asked()
    assert {name: server.settings()[name] for name in THEIRS} == THEIRS

    later = {"tokenHashSecret": "set-later-in-a-test", "acceptOnlyStreamsInDataStore": False}
    server.before = {**server.before, **later}
    with monkeypatch.context() as patch:
        between(patch, "settings", fleet, later)
        is_rolled_back(server)
    assert server.is_as_before()


def test_the_backup_is_of_what_was_overwritten(
    fleet: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A setting that the run changes too: the first read was kept, and the person's value lost for good."""
    server = Server(fleet, 0, tmp_path)
    theirs = {"httpForwardingExtension": "webm"}
    with monkeypatch.context() as patch:
        between(patch, "settings", fleet, theirs)
        result, _error = server.apply()
    assert result is not None
    assert result["apps"]["live"]["changes"]["httpForwardingExtension"] == {"before": "webm", "after": "mp4"}
    server.before = {**server.before, **theirs}
    is_rolled_back(server)
    assert server.is_as_before()


def test_what_is_as_asked_by_now_is_not_written(
    fleet: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server(fleet, 0, tmp_path)
    with monkeypatch.context() as patch:
        between(patch, "settings", fleet, WISH)
        result, _error = server.apply()
    assert result is not None
    assert (result["changed"], result["unverified"], fleet.writes(0)) == (False, False, [])


def test_what_differs_after_the_write_is_named(
    fleet: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second writer at the same moment was seen by nobody; a secret is not shown."""
    server = Server(fleet, 0, tmp_path)
    server.before = {**server.before, **THEIRS}
    with monkeypatch.context() as patch:
        between(patch, "write_settings", fleet, THEIRS)
        result, error = server.apply()
    assert error is None, error
    assert result is not None
    (warning,) = result["warnings"]
    assert "after this write it has acceptOnlyStreamsInDataStore=True, tokenHashSecret='********'" in warning


def test_a_change_after_the_backup_of_a_module_on_a_target_is_not_written(
    fleet: Fleet, tmp_path: Path
) -> None:
    """There backup and write are two runs of the module, and the second wrote what was not kept."""
    server = Server(fleet, 0, tmp_path)
    theirs = {"httpForwardingExtension": "webm"}
    assert server.apply(carried=True, backup_only=True)[1] is None
    fleet.set_settings(0, "live", theirs)
    server.before = {**server.before, **theirs}
    _result, error = server.apply(carried=True)
    assert error is not None
    assert error.result()["stale"]
    assert fleet.writes(0) == []
    fleet.set_settings(0, "live", {"httpForwardingExtension": ""})
    assert server.apply(carried=True)[1] is None
    assert server.is_as_asked()
