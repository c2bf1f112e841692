# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decide which server of a task is read next, so that servers that wait for a login hold no thread.

Servers that have a user and password in common, or a cluster, share a gate. One of them goes first and the
others wait. Once it is logged in they all go. If its login is refused, no other is tried. If it does not
answer it decides nothing, and the next one goes first. A server that waits at a gate holds no thread.

Some servers of a gate may connect at the same time, so that one that is switched off holds up nobody. Of
those that share a user and password, guarded_logins lets one after the other log in.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Optional

# What kind of gate it is, and what its servers have in common.
Gate = tuple[str, ...]
OF_LOGIN = "login"


@dataclass(frozen=True)
class Job:
    """A server that is to be read. gates: what others may share with it."""

    host: str
    gates: tuple[Gate, ...] = ()


@dataclass(frozen=True)
class Turn:
    """A server's turn. refused_by: the host whose login was refused for all of a gate."""

    job: Job
    schedule: Schedule
    refused_by: str = ""

    @property
    def is_over(self) -> bool:
        """True if nobody waits for the result any more."""
        return self.schedule.closed

    def accept(self) -> None:
        """Open the gates: the server has accepted the login."""
        self.schedule.decide(self.job, "")

    def end(self, *, refused: bool) -> None:
        """End the turn. refused: whether the login was."""
        self.schedule.end(self.job, refused=refused)


class Schedule:
    """Gives each server its turn, to one thread after the other."""

    def __init__(self, jobs: Iterable[Job], at_once: Optional[Mapping[str, int]] = None) -> None:
        """at_once: how many may try a gate at the same time, by the kind of gate; one by default."""
        self._waiting = list(jobs)
        self._at_once = at_once or {}
        # Gate to the hosts that are trying, and to the one that was refused (empty: the gate is open).
        self._trying: dict[Gate, set[str]] = {}
        self._decided: dict[Gate, str] = {}
        self._changed = threading.Condition()
        self.started: set[str] = set()
        self.closed = False

    def next(self) -> Optional[Turn]:
        """Wait for the turn of a server; None if there is no more."""
        with self._changed:
            while self._waiting and not self.closed:
                for job in self._waiting:
                    turn = self._turn_of(job)
                    if turn:
                        self._waiting.remove(job)
                        return turn
                self._changed.wait()
        return None

    def _turn_of(self, job: Job) -> Optional[Turn]:
        refused_by = next(filter(None, map(self._decided.get, job.gates)), "")
        undecided = [gate for gate in job.gates if gate not in self._decided]
        if not refused_by and any(map(self._is_full, undecided)):
            return None
        if not refused_by:
            for gate in undecided:
                self._trying.setdefault(gate, set()).add(job.host)
            self.started.add(job.host)
        return Turn(job, self, refused_by)

    def _is_full(self, gate: Gate) -> bool:
        return len(self._trying.get(gate, ())) >= self._at_once.get(gate[0], 1)

    def decide(self, job: Job, refused_by: str) -> None:
        """Open the gates that a server tries, or close them for all."""
        with self._changed:
            for gate in self._tried_by(job):
                self._decided.setdefault(gate, refused_by)
            self._release(job)

    def end(self, job: Job, *, refused: bool) -> None:
        """End a server's turn; a gate that it has not decided is tried by the next one."""
        if refused:
            self.decide(job, job.host)
        else:
            with self._changed:
                self._release(job)

    def close(self) -> None:
        """Give nobody a turn any more."""
        with self._changed:
            self.closed = True
            self._changed.notify_all()

    def _tried_by(self, job: Job) -> list[Gate]:
        return [gate for gate in job.gates if job.host in self._trying.get(gate, ())]

    def _release(self, job: Job) -> None:
        for gate in self._tried_by(job):
            self._trying[gate].remove(job.host)
        self._changed.notify_all()
