# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Remove what a live check can leave, also what comes late: a server still uploads after a stream's end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Callable, Optional

from .._ams.broadcasts import Broadcasts
from .._common.errors import AmsError
from .._common.plain_text import one_line
from .._common.polling import Deadline, growing
from .._common.progress import Wait, say_wait
from .live_bucket import RecordingBucket
from .live_waits import QUIET_SECONDS, REMOVAL_SECONDS
from .signals import defer_termination

with suppress(ImportError):  # RecordingBucket reports it.
    from botocore.exceptions import BotoCoreError, ClientError


class Cleanup:
    """Removes broadcast, recordings and objects repeatedly, until nothing new appears.

    is_needed: something may exist. has_broadcast: the broadcast may exist. expected: suffixes of objects that
    the server may still upload, and for how many seconds that may take.
    """

    def __init__(
        self, broadcasts: Broadcasts, bucket: RecordingBucket, name: str, prefixes: Sequence[str]
    ) -> None:
        self.expected: dict[str, float] = {}
        self.is_needed = self.has_broadcast = False
        self._broadcasts, self.bucket = broadcasts, bucket
        self._name, self._prefixes = name, prefixes
        self._failures: dict[str, str] = {}
        self._given_up: set[str] = set()

    def run(self) -> list[str]:
        """Remove everything and return a text for each thing that could not be removed."""
        with defer_termination():
            return self._run(Deadline(REMOVAL_SECONDS + self._late()))

    def _run(self, deadline: Deadline) -> list[str]:
        quiet, pauses = self._quiet_period()
        server, app = self._broadcasts.url, self._broadcasts.app
        what = f"{server} to upload what is left of the test stream of application '{app}'"
        wait = Wait(what, "all of it is removed", part_of=what)
        while True:
            if self._remove_all():
                quiet, pauses = self._quiet_period()
            elif quiet.left <= 0 and deadline.waited >= self._late():
                return list(self._failures.values())
            say_wait(wait, deadline.waited, deadline.seconds)
            if not deadline.pause(next(pauses)):
                late = f"something still came after {deadline.waited:.0f} s"
                return list(self._failures.values()) or [late]

    def _quiet_period(self) -> tuple[Deadline, Iterator[float]]:
        return Deadline(QUIET_SECONDS if self.has_broadcast else 0), growing(0.1, 1.5, 1.0)

    def _late(self) -> float:
        return max(self.expected.values(), default=0)

    def _remove_all(self) -> bool:
        """Remove all there is now. Return True if there was anything, or if that is not known."""
        found = [
            self._attempt("the broadcast", self._remove_broadcast),
            self._attempt("the recordings", self._remove_recordings),
            self._attempt("the objects", self._remove_objects),
        ]
        return any(found)

    def _attempt(self, subject: str, remove: Callable[[], bool]) -> bool:
        if subject in self._given_up:
            return False
        try:
            anything = remove()
        except (AmsError, BotoCoreError, ClientError, ValueError) as error:
            text = f"{error.tried}: {error.came_back}" if isinstance(error, AmsError) else str(error)
            self._failures[subject] = f"{subject}: {one_line(text)}"
            if _status(error) in (401, 403) or not self.has_broadcast:
                self._given_up.add(subject)
            return True
        self._failures.pop(subject, None)
        return anything

    def _remove_broadcast(self) -> bool:
        if not self.has_broadcast or self._broadcasts.broadcast(self._name) is None:
            return False
        self._broadcasts.delete(self._name)
        return True

    def _remove_recordings(self) -> bool:
        if not self.has_broadcast:
            return False
        listed = self._broadcasts.recordings(self._name)
        for entry in listed:
            self._broadcasts.delete_recording(str(entry.get("vodId")))
        return bool(listed)

    def _remove_objects(self) -> bool:
        keys = [key for prefix in self._prefixes for key in self.bucket.remove(prefix)]
        for suffix in list(self.expected):
            if any(key.endswith(suffix) for key in keys):
                del self.expected[suffix]
        return bool(keys)


def _status(error: Exception) -> Optional[int]:
    if isinstance(error, AmsError):
        return error.status
    status: Optional[int] = getattr(error, "response", {}).get("ResponseMetadata", {}).get("HTTPStatusCode")
    return status
