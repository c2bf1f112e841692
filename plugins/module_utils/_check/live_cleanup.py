# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Removes what a live check can leave, also what comes late: a server uploads on after a stream's end."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, Callable, Optional

from .._ams.broadcasts import Broadcasts
from .._common.errors import AmsError
from .live_bucket import Store
from .report import undisturbed

try:
    from botocore.exceptions import BotoCoreError, ClientError

    IMPORT_ERROR: Optional[Exception] = None
except ImportError as error:  # The store tells of it.
    IMPORT_ERROR = error

SHORTEST_PAUSE, LONGEST_PAUSE = 0.1, 1.0
REMOVAL_SECONDS = 30.0
QUIET_SECONDS = 1.5


class Removal:
    """Goes over broadcast, recordings and objects again and again, until nothing new comes.

    expected: endings of objects that the server may still upload, and for how many seconds that may take.
    """

    def __init__(self, broadcasts: Broadcasts, store: Store, name: str, prefixes: Sequence[str]) -> None:
        self.expected: dict[str, float] = {}
        self.created = False
        self._broadcasts, self._store = broadcasts, store
        self._name, self._prefixes = name, prefixes
        self._trouble: dict[str, str] = {}
        self._hopeless: set[str] = set()

    def run(self) -> list[str]:
        """Remove everything; what stays, in words."""
        with undisturbed():
            return self._run()

    def _run(self) -> list[str]:
        begun = quiet_since = time.monotonic()
        last = begun + REMOVAL_SECONDS + self._late()
        pause = SHORTEST_PAUSE
        while True:
            anything = self._pass()
            now = time.monotonic()
            if anything:
                quiet_since, pause = now, SHORTEST_PAUSE
            elif now >= max(quiet_since + (QUIET_SECONDS if self.created else 0), begun + self._late()):
                return list(self._trouble.values())
            if now >= last:
                return list(self._trouble.values()) or [f"something still came after {now - begun:.0f} s"]
            time.sleep(pause)
            pause = min(pause * 1.5, LONGEST_PAUSE)

    def _late(self) -> float:
        return max(self.expected.values(), default=0)

    def _pass(self) -> bool:
        """Whether something was there, or may be."""
        found = [
            self._attempt("the broadcast", self._drop_broadcast),
            self._attempt("the recordings", self._drop_recordings),
            self._attempt("the objects", self._drop_objects),
        ]
        return any(found)

    def _attempt(self, what: str, drop: Callable[[], bool]) -> bool:
        if what in self._hopeless:
            return False
        try:
            anything = drop()
        except (AmsError, BotoCoreError, ClientError, ValueError) as error:
            self._trouble[what] = f"{what}: {_in_words(error)}"
            if _status(error) in (401, 403) or not self.created:
                self._hopeless.add(what)
            return True
        self._trouble.pop(what, None)
        return anything

    def _drop_broadcast(self) -> bool:
        if not self.created or self._broadcasts.broadcast(self._name) is None:
            return False
        self._broadcasts.delete(self._name)
        return True

    def _drop_recordings(self) -> bool:
        if not self.created:
            return False
        listed = self._broadcasts.recordings(self._name)
        for entry in listed:
            self._broadcasts.delete_recording(str(entry.get("vodId")))
        return bool(listed)

    def _drop_objects(self) -> bool:
        keys = [key for prefix in self._prefixes for key in self._store.remove(prefix)]
        for ending in list(self.expected):
            if any(key.endswith(ending) for key in keys):
                del self.expected[ending]
        return bool(keys)


def _status(error: Exception) -> Optional[int]:
    if isinstance(error, AmsError):
        return error.status
    answer: dict[str, Any] = getattr(error, "response", {})
    status: Optional[int] = answer.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return status


def _in_words(error: Exception) -> str:
    text = f"{error.tried}: {error.came_back}" if isinstance(error, AmsError) else str(error)
    return " ".join(text.split())
