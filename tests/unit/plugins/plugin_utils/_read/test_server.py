# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is said of a server, whatever it does, with a client that only pretends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.client import LOGIN_GATE, Connection
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.update_plan import DesiredSettings
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.errors import AmsError
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._read import server as of_server
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._read.schedule import Schedule
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._read.server import (
    Server,
    problem_of,
    reader,
    too_late,
)

URL = "https://ams-1:5443"
DESIRED = [DesiredSettings("live", {"s3SecretKey": "the-secret-key"})]
READ = {"release": "2.17.1", "apps": {}, "warnings": []}


@contextmanager
def guard(_host: str, _url: str) -> Iterator[None]:
    """As that of the actions, without a file."""

    @contextmanager
    def gate(_user: str, _password: str) -> Iterator[None]:
        yield

    token = LOGIN_GATE.set(gate)
    try:
        yield
    finally:
        LOGIN_GATE.reset(token)


def server(host: str = "ams-1", **options: Any) -> Server:
    connection = Connection(URL, "admin", "a-password")
    return Server(host, **{"connection": connection, "desired": DESIRED, **options})


def read(preview: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, **options: Any) -> dict[str, Any]:
    """Return what is read of the first of two servers with one password."""
    monkeypatch.setattr(of_server, "preview", preview)
    servers = {name: server(name, **options) for name in ("ams-1", "ams-2")}
    turn = Schedule([each.job for each in servers.values()]).next()
    assert turn is not None
    result, refused = reader(servers, guard)(turn)
    turn.end(refused=refused)
    second = turn.schedule.next()
    assert second is not None
    assert bool(second.refused_by) is refused
    return result


def fail_with(error: Exception) -> Callable[..., Any]:
    def preview(*_arguments: Any, all_apps: bool) -> dict[str, Any]:
        raise error

    return preview


def test_what_is_read_is_printable(monkeypatch: pytest.MonkeyPatch) -> None:
    found = read(lambda *_given, all_apps: {**READ, "release": "2.17\x1b[1m"}, monkeypatch)
    assert found == {**READ, "release": "2.17[1m", "problem": None}


@pytest.mark.parametrize(
    ("facts", "kind"),
    [
        ({}, "refused"),
        ({"status": 204}, "refused"),
        ({"status": 403}, "refused"),
        ({"unreachable": True}, "unreachable"),
        ({"unreachable": True, "login_unsure": True}, "unreachable"),
        ({"starting": True, "status": 403}, "unreachable"),
        ({"login_refused": True}, "login"),
    ],
)
def test_the_kind_of_a_problem(facts: dict[str, Any], kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    error = AmsError("Reading", "it has the-secret-key and a-password\x1b", "Do this", **facts)
    problem = read(fail_with(error), monkeypatch)["problem"]
    assert problem["kind"] == kind
    assert (problem["tried"], problem["remedy"]) == ("Reading", "Do this")
    assert not any(text in problem["actual"] for text in ("the-secret-key", "a-password", "\x1b"))


@pytest.mark.parametrize(("status", "kind"), [(401, "login"), (403, "login"), (404, "refused")])
def test_a_token_that_is_not_accepted(status: int, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    connection = Connection(URL, jwt_token="a-token")
    error = AmsError("Reading", "no", status=status)
    assert read(fail_with(error), monkeypatch, connection=connection)["problem"]["kind"] == kind


def test_an_error_of_our_own_is_the_problem_of_one_server_and_quotes_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    problem = read(fail_with(KeyError("a-password")), monkeypatch)["problem"]
    assert problem["kind"] == "refused"
    assert "KeyError in test_server.py:" in problem["actual"]
    assert "a-password" not in repr(problem)


def test_others_have_their_turn_while_the_first_one_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    servers = {name: server(name) for name in ("ams-1", "ams-2")}
    schedule = Schedule([each.job for each in servers.values()])
    seen: list[str] = []

    def preview(*_given: Any, all_apps: bool) -> dict[str, Any]:
        gate = LOGIN_GATE.get()
        assert gate
        with gate("admin", "a-password"):
            seen.append("login")
        second = schedule.next()
        assert second is not None
        seen.append(second.job.host)
        return READ

    monkeypatch.setattr(of_server, "preview", preview)
    turn = schedule.next()
    assert turn is not None
    reader(servers, guard)(turn)
    assert seen == ["login", "ams-2"]
    assert LOGIN_GATE.get() is None


def test_after_the_end_of_the_read_nobody_logs_in(monkeypatch: pytest.MonkeyPatch) -> None:
    servers = {"ams-1": server()}
    schedule = Schedule([servers["ams-1"].job])
    turn = schedule.next()
    assert turn is not None

    def preview(*_given: Any, all_apps: bool) -> dict[str, Any]:
        schedule.close()
        gate = LOGIN_GATE.get()
        assert gate
        with gate("admin", "a-password"):
            raise AssertionError("it logs in")

    monkeypatch.setattr(of_server, "preview", preview)
    result, refused = reader(servers, guard)(turn)
    assert "the time of the read is up" in result["problem"]["actual"]
    assert not refused


@pytest.mark.parametrize(("started", "text"), [(True, "it was not done"), (False, "its turn did not come")])
def test_what_was_not_read_in_time_is_unreachable(started: bool, text: str) -> None:
    problem = too_late(server(), 30, started=started)["problem"]
    assert problem["kind"] == "unreachable"
    assert text in problem["actual"]
    assert "30 s" in problem["actual"]
    assert URL in problem["tried"]


def test_the_hint_is_for_a_server_that_is_not_reached() -> None:
    parts = {"tried": "Reading", "actual": "no", "remedy": "Check the address.", "unreachable": True}
    reached = {**parts, "unreachable": False}
    assert problem_of(parts, "Set it.", login=False)["problem"]["remedy"] == "Check the address. Set it."
    assert problem_of({**parts, "remedy": ""}, "Set it.", login=False)["problem"]["remedy"] == "Set it."
    assert problem_of(reached, "Set it.", login=False)["problem"]["remedy"] == "Check the address."
