# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read one server: its release, and what the plan would change there. No template and no display in here."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, Callable, Optional

from ...module_utils._ams.arguments import error_parts, not_tried
from ...module_utils._ams.client import LOGIN_GATE, Connection, LoginGate
from ...module_utils._ams.preview import preview
from ...module_utils._ams.settings import secrets_of
from ...module_utils._ams.update_plan import DesiredSettings
from ...module_utils._common.errors import AmsError, CollectionError
from ...module_utils._common.plain_text import one_line, printable_result
from .schedule import OF_LOGIN, Job, Turn

UNREACHABLE, LOGIN, REFUSED = "unreachable", "login", "refused"
CONNECT_SECONDS = 5
# Where no timeout is given.
ANSWER_SECONDS = 10
# What to do about a defect of this collection.
REPORT = "Report it, please"
Guard = Callable[[str, str], AbstractContextManager[None]]


@dataclass(frozen=True)
class Server:
    """A server that is to be read, and what is desired of it. hint: what to set if it is not reached."""

    host: str
    connection: Connection
    desired: Sequence[DesiredSettings]
    cluster: str = ""
    cluster_hosts: int = 0
    hint: str = ""

    @property
    def secrets(self) -> list[Optional[str]]:
        of_settings = [secret for each in self.desired for secret in secrets_of(each.settings)]
        return [*self.connection.secrets, *of_settings]

    @property
    def job(self) -> Job:
        """Return its place in the schedule."""
        return job_of(self.host, self.connection, self.cluster)


def job_of(host: str, connection: Connection, cluster: str = "") -> Job:
    """Return a server's place in the schedule; with a token there is no login that could block an account."""
    if connection.jwt_token:
        return Job(host)
    pair = (OF_LOGIN, connection.email or "", connection.password or "")
    return Job(host, (pair, ("cluster", cluster)) if cluster else (pair,))


def problem(kind: str, tried: str, actual: str, remedy: str = "") -> dict[str, Any]:
    """Return what was read of a server that could not be read."""
    found = {"kind": kind, "tried": one_line(tried), "actual": one_line(actual), "remedy": one_line(remedy)}
    return {"release": "", "apps": {}, "warnings": [], "problem": found}


def problem_of(parts: Mapping[str, Any], hint: str, *, login: bool) -> dict[str, Any]:
    """Return the problem that the parts of an error describe. login: whether the login was refused."""
    kind = LOGIN if login else UNREACHABLE if parts["unreachable"] else REFUSED
    remedy = parts["remedy"]
    if kind == UNREACHABLE and hint:
        remedy = f"{remedy.rstrip('.')}. {hint}" if remedy else hint
    return problem(kind, parts["tried"], parts["actual"], remedy)


def is_of_login(result: Mapping[str, Any], *, has_token: bool) -> bool:
    """True if the result of a failed task is that of a login, or of a token that is not accepted."""
    return bool(result.get("login_refused")) or (has_token and result.get("status") in (401, 403))


def reader(
    servers: Mapping[str, Server], guard: Guard, *, all_apps: bool = False
) -> Callable[[Turn], tuple[dict[str, Any], bool]]:
    """Return a function that reads a server. guard: makes logins wait for those of other processes.

    all_apps: see preview.
    """

    def read(turn: Turn) -> tuple[dict[str, Any], bool]:
        server = servers[turn.job.host]
        if turn.refused_by:
            return _not_tried(server, turn.refused_by), False
        try:
            with guard(server.host, server.connection.url), announced(turn):
                found = preview(server.connection, server.desired, server.cluster_hosts, all_apps=all_apps)
        except CollectionError as error:
            # One that was not tried decides nothing for others: the one that refused does.
            decides = isinstance(error, AmsError) and error.login_refused and not error.not_tried
            return _failed(server, error), decides
        except Exception as error:  # noqa: BLE001 - one server's answer must not end the read of all others
            return _broken(server, error), False
        return printable_result({**found, "problem": None}), False

    return read


def too_late(server: Server, seconds: float, *, started: bool) -> dict[str, Any]:
    """Return what to say of a server that was not read in the seconds that all servers may take."""
    url = server.connection.url
    if started:
        actual = f"it was not done within the {seconds:g} s that the read of all servers may take"
        return problem(UNREACHABLE, f"Reading the server at {url}", actual, "Is the server overloaded?")
    actual = f"its turn did not come within the {seconds:g} s that the read of all servers may take"
    remedy = "Others did not answer in time. Leave those out, and run again"
    return problem(UNREACHABLE, f"Reading the server at {url}", actual, remedy)


@contextmanager
def announced(turn: Turn) -> Iterator[None]:
    """Open the gates of others as soon as the login is accepted; after the end of the read log in no more."""
    guarded = LOGIN_GATE.get()
    token = LOGIN_GATE.set(_announcing(turn, guarded) if guarded else None)
    try:
        yield
    finally:
        LOGIN_GATE.reset(token)


def _announcing(turn: Turn, guarded: LoginGate) -> LoginGate:
    @contextmanager
    def gate(user: str, password: str) -> Iterator[None]:
        with guarded(user, password):
            if turn.is_over:
                raise AmsError(f"Logging in as {user}", "the time of the read is up")
            yield
        turn.accept()

    return gate


def _not_tried(server: Server, refused_by: str) -> dict[str, Any]:
    error = not_tried(server.connection.email or "", server.connection.url, refused_by)
    return problem_of(error_parts(error, server.secrets), "", login=True)


def _failed(server: Server, error: CollectionError) -> dict[str, Any]:
    login = is_of_login(error.result(), has_token=bool(server.connection.jwt_token))
    return problem_of(error_parts(error, server.secrets), server.hint, login=login)


def _broken(server: Server, error: Exception) -> dict[str, Any]:
    return problem(
        REFUSED,
        f"Reading the server at {server.connection.url}",
        describe_defect(error),
        REPORT,
    )


def describe_defect(error: Exception) -> str:
    """Say where this collection has failed, without the error's text, which may quote a secret."""
    place = error.__traceback__
    while place and place.tb_next:
        place = place.tb_next
    where = f"{os.path.basename(place.tb_frame.f_code.co_filename)}:{place.tb_lineno}" if place else "?"
    return f"an error in this collection ({type(error).__name__} in {where})"
