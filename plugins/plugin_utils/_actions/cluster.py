# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Let the first node of a cluster decide for the others of the same run.

Workers know nothing of each other. What they share lies in the folder that Ansible makes for each run and
removes at its end: a file for each cluster, held by the one that goes first.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any, Optional

from ansible import constants


@dataclass
class Turn:
    """One node's turn. request: a digest of what the task wants of the cluster.

    done: request to the host that carried it out, and true if that changed something.
    """

    host: str
    request: str
    done: dict[str, list[Any]]
    result: Optional[Mapping[str, Any]] = None

    @property
    def done_by(self) -> Optional[str]:
        done = self.done.get(self.request)
        return str(done[0]) if done else None

    @property
    def done_with_change(self) -> bool:
        done = self.done.get(self.request)
        return bool(done and done[1])

    def learn(self) -> None:
        if self.result is not None and not self.result.get("failed"):
            self.done[self.request] = [self.host, bool(self.result.get("changed"))]


@contextmanager
def turn_of(cluster: str, host: str, request: str) -> Iterator[Turn]:
    """Wait while another node goes first. The result that is put into the turn decides for the others."""
    name = hashlib.sha256(cluster.encode()).hexdigest()[:32]
    path = os.path.join(constants.DEFAULT_LOCAL_TMP, f"antmedia-cluster-{name}.json")
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(handle, "r+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        turn = Turn(host, request, json.loads(file.read() or "{}"))
        first = not turn.done_by
        if not first:
            fcntl.flock(file, fcntl.LOCK_UN)
        yield turn
        if first:
            turn.learn()
            _write(file, turn.done)


def digest(options: Mapping[str, Any]) -> str:
    """Return the same text for two tasks that want the same of a cluster."""
    return hashlib.sha256(json.dumps(options, sort_keys=True, default=str).encode()).hexdigest()


def _write(file: IO[str], done: Mapping[str, Any]) -> None:
    # The lock ends with the file, at the latest when the process is killed.
    file.seek(0)
    file.truncate()
    file.write(json.dumps(done))
    file.flush()
