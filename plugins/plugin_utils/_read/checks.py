# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the checks of many servers at once, in threads. What is the same for several is tried once.

A check that fails is that server's result, and no other's.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Optional

from ...module_utils._ams.arguments import connection_secrets, not_tried
from ...module_utils._ams.backup_file import BackupFile
from ...module_utils._ams.client import Connection
from ...module_utils._check.leftovers import LIVE, PROBE
from ...module_utils._check.live_waits import REMOVAL_SECONDS
from ...module_utils._check.playback import ignoring_insecure_requests
from ...module_utils._check.server_check import ServerCheck
from ...module_utils._check.shared_upload import SharedUploads
from ...module_utils._check.signals import termination_as_exception
from ...module_utils._common.errors import AmsError, CollectionError
from ...module_utils._common.plain_text import printable_result
from .fleet import read_all
from .schedule import Turn
from .server import REPORT, Guard, announced, describe_defect, job_of

Result = dict[str, Any]


@dataclass(frozen=True)
class Server:
    """A server that is to be checked. params: of the module recording_check."""

    host: str
    params: Mapping[str, Any]
    connection: Connection

    @property
    def secrets(self) -> tuple[Any, ...]:
        return connection_secrets(self.params)


def check_all(servers: Mapping[str, Server], guard: Guard) -> dict[str, Result]:
    """Return the result of the module for each host. guard: makes logins wait for other processes."""
    has_live = any(server.params["live"] for server in servers.values())
    uploads = SharedUploads((PROBE, LIVE) if has_live else (PROBE,))
    run = _Run(servers, uploads, guard)
    # Of all threads at once: each of them ignores these warnings, and none may undo what another has done.
    with (
        ignoring_insecure_requests(),
        termination_as_exception(),
        uploads.removed_at_the_end(),
        run.stopped_on_error(),
    ):
        read_all(
            [job_of(host, server.connection) for host, server in servers.items()],
            run.check,
            lambda _job, _started: {},
            lambda: threading.TIMEOUT_MAX,
        )
    return {host: run.result(host) for host in servers}


class _Run:
    """The checks of all servers."""

    def __init__(self, servers: Mapping[str, Server], uploads: SharedUploads, guard: Guard) -> None:
        self._servers, self._uploads, self._guard = servers, uploads, guard
        self._checks: dict[str, ServerCheck] = {}
        self._failures: dict[str, Result] = {}
        self._seconds: dict[str, float] = {}
        self._live: set[str] = set()
        self._changed = threading.Condition()

    def check(self, turn: Turn) -> tuple[Result, bool]:
        """Check a server, and return true if its login was refused."""
        host, start = turn.job.host, time.monotonic()
        with self._counted(self._servers[host]):
            error = self._try(turn)
        self._seconds[host] = round(time.monotonic() - start, 1)
        return {}, isinstance(error, AmsError) and error.login_refused and not error.not_tried

    def _try(self, turn: Turn) -> Optional[Exception]:
        server = self._servers[turn.job.host]
        try:
            if turn.refused_by:
                raise not_tried(server.connection.email or "", server.connection.url, turn.refused_by)
            check = self._checks[server.host] = ServerCheck(server.params, server.connection, self._uploads)
            with self._guard(server.host, server.connection.url), announced(turn):
                check.run()
        except CollectionError as error:
            self._failures[server.host] = error.result(server.secrets)
            return error
        except Exception as error:  # noqa: BLE001 - one server's answer must not end the checks of all others
            checking = f"Checking the server at {server.connection.url}"
            failure = AmsError(checking, describe_defect(error), REPORT)
            self._failures[server.host] = failure.result()
        return None

    @contextmanager
    def _counted(self, server: Server) -> Iterator[None]:
        """Count which servers have a live check, which removes what it has made."""
        with self._changed:
            self._live |= {server.host} if server.params["live"] else set()
        try:
            yield
        finally:
            with self._changed:
                self._live.discard(server.host)
                self._changed.notify_all()

    @contextmanager
    def stopped_on_error(self) -> Iterator[None]:
        """Stop all checks after an error, above all a signal, and wait for live checks to clean up."""
        try:
            yield
        except BaseException:
            for check in list(self._checks.values()):
                check.stop()
            with self._changed:
                self._changed.wait_for(lambda: not self._live, 2 * REMOVAL_SECONDS)
            raise

    def result(self, host: str) -> Result:
        """Return a host's result, once the shared objects are removed."""
        if host in self._failures:
            return {"failed": True, "changed": False, **self._failures[host]}
        if host not in self._seconds:
            text = "The checks of this server ended without a result."
            return {"failed": True, "changed": False, "msg": text}
        found: Result = printable_result({**self._checks[host].result(), "seconds": self._seconds[host]})
        path = self._servers[host].params.get("backup_path")
        if not path or found.get("failed"):
            return found
        try:
            BackupFile(str(path), self._servers[host].connection.url).mark_verified()
        except AmsError as error:
            return {**found, "failed": True, **error.result()}
        return {**found, "verified": True}
