# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""One session with one server: read the settings of applications, write them, read them back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any, Callable, Optional, TypeVar

from .._common.errors import AmsError
from .._common.polling import Deadline
from .client import AmsClient, Connection
from .settings import SettingsError, differing, merged, not_applied, secrets_of
from .update_plan import Plan, describe_values

# Seconds between two looks at a server that is starting or that another node has to reach.
PAUSE = 0.5
NOTHING_WRITTEN = "Nothing was written"
_T = TypeVar("_T")


class SettingsSession:
    """Reads and writes the settings of one server. ready_by: until when an application may be loading."""

    def __init__(self, client: AmsClient, ready_by: Deadline) -> None:
        self.client = client
        self._ready_by = ready_by
        self._release: Optional[str] = None

    def read(self, app: str) -> dict[str, Any]:
        """Return the settings of an application."""
        while True:
            try:
                current = self.client.settings(app)
            except AmsError as error:
                # While a server starts, it answers as if it had no applications.
                if error.status != 204 or not self._ready_by.pause(PAUSE):
                    raise
            else:
                self.client.secrets.extend(secrets_of(current))
                return current

    def release(self) -> str:
        """Return the release of the server."""
        if self._release is None:
            self._release = str(self.client.version().get("versionName") or "")
        return self._release

    def mask(self, backup: Mapping[str, Mapping[str, Any]]) -> None:
        """Mask the secrets of a backup in every text from the server."""
        for moment in ("before", "after"):
            self.client.secrets.extend(secrets_of({name: each[moment] for name, each in backup.items()}))

    def plan(self, app: str, decide: Callable[[], _T]) -> _T:
        """Return what is decided; a value that the server would refuse is an AmsError."""
        try:
            return decide()
        except SettingsError as error:
            raise AmsError(
                f"Planning the settings of application '{app}' at {self.client.url}",
                str(error),
                NOTHING_WRITTEN,
            ) from None

    def write(self, plans: Sequence[Plan], back_up: Optional[Callable[[Plan], None]] = None) -> list[Plan]:
        """Write what differs and read it back; return the plans as they were written.

        The server has no locking and replaces the whole object, so read and plan each application again just
        before its write. back_up: saves what is about to be overwritten.
        """
        written: list[Plan] = []
        for planned in plans:
            try:
                written.append(self._write(planned, back_up) if planned.change else planned)
            except AmsError as error:
                done = [each.app for each in written if each.change]
                if not done:
                    raise
                came_back = f"{error.came_back} (already written: {', '.join(done)})"
                raise replace(error, came_back=came_back) from None
        return written

    def _write(self, first: Plan, back_up: Optional[Callable[[Plan], None]]) -> Plan:
        planned = first.again(self.read(first.app))
        if not planned.change:
            return planned
        if back_up:
            back_up(planned)
        posted = merged(planned.current, planned.change)
        lost: Optional[AmsError] = None
        try:
            self.client.write_settings(planned.app, posted)
        except AmsError as error:
            if not error.uncertain:
                raise error.with_note("Nothing of this application was written") from None
            lost = error
        now = self._read_back(planned, lost)
        missing = not_applied(now, planned.change)
        if missing and lost is not None:
            raise lost.with_remedy(
                f"Read back: {describe_values(missing)} is not as requested. {lost.remedy}"
            )
        if missing:
            raise AmsError(
                f"Reading back the settings of application '{planned.app}' at {self.client.url}",
                f"the server said success but has {describe_values(missing)}",
                "It refused or rewrote them, or somebody else wrote at the same moment; look at its log",
            )
        return replace(planned, others=differing(now, posted, planned.change.names))

    def _read_back(self, planned: Plan, lost: Optional[AmsError]) -> dict[str, Any]:
        try:
            return self.client.settings(planned.app)
        except AmsError as error:
            if lost is None:
                not_read = "The settings were written but could not be read back"
                raise error.with_remedy(f"{not_read}. {error.remedy}") from None
            raise lost.with_remedy(
                "It is not known whether the write was carried out: reading back failed "
                f"({error.came_back}). Run again. {lost.remedy}"
            ) from None


@contextmanager
def open_session(connection: Connection, start_timeout: float) -> Iterator[SettingsSession]:
    """Log in; wait while the server refuses connections, which is no login."""
    ready_by = Deadline(start_timeout)
    with ExitStack() as stack:
        while True:
            try:
                client = stack.enter_context(AmsClient(connection))
            except AmsError as error:
                if not (error.starting and ready_by.pause(PAUSE)):
                    raise
            else:
                break
        try:
            yield SettingsSession(client, ready_by)
        except AmsError as error:
            raise error.masked(client.secrets) from None
