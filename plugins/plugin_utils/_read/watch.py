# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words for how far the read of all servers is, and for which of them it waits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...module_utils._common.amounts import count
from ...module_utils._common.progress import Wait, say_wait
from .._display.lines import listed
from .server import CONNECT_SECONDS, UNREACHABLE

# Seconds from one look to the next, and names of a kind.
_EVERY, _NAMES = 1.0, 3


class Watch:
    """Looks at the read of so many servers, which may take so many seconds."""

    def __init__(self, servers: int, seconds: float) -> None:
        self._servers, self._seconds = servers, seconds
        self._looked = 0.0
        # Servers that are being read, and when that was first seen.
        self._since: dict[str, float] = {}

    def __call__(self, found: Mapping[str, Mapping[str, Any]], started: set[str], left: float) -> None:
        """Say how far the read is. found: what was read. started: hosts whose turn has come."""
        waited = self._seconds - left
        if waited - self._looked < _EVERY:
            return
        self._looked = waited
        # Threads add to it meanwhile.
        reading = sorted(started.copy() - found.keys())
        self._since = {host: self._since.get(host, waited) for host in reading}
        slow = [host for host, since in self._since.items() if waited - since >= CONNECT_SECONDS]
        unreachable = [host for host, read in found.items() if _kind(read) == UNREACHABLE]
        groups = {"slow": slow, "unreachable": unreachable}
        named = [f"{word}: {listed(hosts, _NAMES)}" for word, hosts in groups.items() if hosts]
        say_wait(
            Wait(
                f"{self._servers - len(found)} of {count(self._servers, 'server')} to be read",
                ", ".join(named),
                part_of="the read of all servers",
            ),
            waited,
            self._seconds,
        )


def _kind(read: Mapping[str, Any]) -> str:
    return str((read["problem"] or {}).get("kind", ""))
