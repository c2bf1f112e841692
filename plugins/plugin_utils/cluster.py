# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first node of a cluster decides for the others of the same run.

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
from dataclasses import dataclass, field
from typing import IO, Any, Optional

from ansible import constants


@dataclass
class Decided:
    """What is known of a cluster in this run.

    refused: user to the host that refused it. accepted: users that were let in.
    done: what was asked, as a digest, to the host that did it and whether something changed.
    """

    refused: dict[str, str] = field(default_factory=dict)
    accepted: list[str] = field(default_factory=list)
    done: dict[str, list[Any]] = field(default_factory=dict)


@dataclass
class Turn:
    """One node's turn. asked: a digest of what is asked of the cluster; None where nothing is written."""

    host: str
    user: str
    asked: Optional[str]
    decided: Decided
    outcome: Optional[Mapping[str, Any]] = None

    @property
    def refused_at(self) -> Optional[str]:
        return self.decided.refused.get(self.user)

    @property
    def done_by(self) -> Optional[str]:
        done = self.decided.done.get(self.asked or "")
        return str(done[0]) if done else None

    @property
    def done_with_change(self) -> bool:
        done = self.decided.done.get(self.asked or "")
        return bool(done and done[1])

    @property
    def is_first(self) -> bool:
        """Whether the others have to wait for the end of this one."""
        if self.refused_at:
            return False
        return self.user not in self.decided.accepted or bool(self.asked and not self.done_by)

    def learn(self) -> None:
        outcome = self.outcome
        if outcome is None:
            return
        if outcome.get("login_refused"):
            self.decided.refused[self.user] = self.host
        elif not outcome.get("failed"):
            self.decided.accepted = sorted({*self.decided.accepted, self.user})
            if self.asked:
                self.decided.done[self.asked] = [self.host, bool(outcome.get("changed"))]


@contextmanager
def turn_of(cluster: str, host: str, user: str, asked: Optional[str]) -> Iterator[Turn]:
    """Waits while another node goes first. The outcome, put into the turn, decides for those that follow."""
    name = hashlib.sha256(cluster.encode()).hexdigest()[:32]
    path = os.path.join(constants.DEFAULT_LOCAL_TMP, f"antmedia-cluster-{name}.json")
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(handle, "r+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        turn = Turn(host, user, asked, Decided(**json.loads(file.read() or "{}")))
        first = turn.is_first
        if not first:
            fcntl.flock(file, fcntl.LOCK_UN)
        yield turn
        if first:
            turn.learn()
            _write(file, turn.decided)


def digest(asked: Mapping[str, Any]) -> str:
    """Tells whether two tasks ask the same of a cluster."""
    return hashlib.sha256(json.dumps(asked, sort_keys=True, default=str).encode()).hexdigest()


def _write(file: IO[str], decided: Decided) -> None:
    # The lock goes with the file, at the latest when the process is killed.
    file.seek(0)
    file.truncate()
    file.write(json.dumps(vars(decided)))
    file.flush()
