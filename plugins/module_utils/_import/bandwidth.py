# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Limit the bytes of a second that a run transfers, in all of its threads, or in all of its processes."""

from __future__ import annotations

import fcntl
import os
import threading
import time
from contextlib import suppress
from contextvars import ContextVar
from typing import Callable, Optional

# The file by which the processes of a run of Ansible share a limit.
SHARED: ContextVar[Optional[str]] = ContextVar("shared", default=None)


class Bandwidth:
    """So many bytes of a second. rate: 0 for no limit.

    path: of a file for all processes that share the limit, on a disk of this host. Without one it is for
    the threads of this process.
    """

    def __init__(self, rate: float, path: Optional[str] = None) -> None:
        self._rate, self._path = rate, path
        self._changing = threading.Lock()
        self._free_at = 0.0

    def take(self, size: int, sleep: Callable[[float], object] = time.sleep) -> None:
        """Wait until so many bytes may be transferred. sleep: may end earlier, when the run is stopped."""
        if not self._rate:
            return
        with self._changing:
            begin = self._reserve(size / self._rate)
        sleep(max(0.0, begin - time.monotonic()))

    def _reserve(self, seconds: float) -> float:
        """Return when the transfer may begin, on the clock that all processes of a host have."""
        if self._path is None:
            begin = max(time.monotonic(), self._free_at)
            self._free_at = begin + seconds
            return begin
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        # The lock ends with the file, at the latest when the process is killed.
        with os.fdopen(handle, "r+", encoding="ascii") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            free_at = 0.0
            with suppress(ValueError):
                free_at = float(file.read())
            begin = max(time.monotonic(), free_at)
            file.seek(0)
            file.write(f"{begin + seconds:.6f}")
            file.truncate()
        return begin
