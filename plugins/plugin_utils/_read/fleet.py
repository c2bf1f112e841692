# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read many servers at once, in threads, until all are read or the time is up."""

from __future__ import annotations

import contextvars
import queue
import threading
from collections.abc import Mapping, Sequence
from typing import Any, Callable

from .schedule import OF_LOGIN, Job, Schedule, Turn

THREADS = 32
# So many servers of one user and password connect before the first of them is logged in.
CANDIDATES = 8
# For so many servers together; for more, proportionally more.
SECONDS, SERVERS = 30, 1000

# Seconds.
_GLANCE = 1.0

Read = dict[str, Any]
# Returns what was read, and true if the login was refused.
Reader = Callable[[Turn], "tuple[Read, bool]"]
# Gets what was read so far, the hosts whose turn has come, and the seconds that are left.
Watch = Callable[[Mapping[str, Read], "set[str]", float], None]


def seconds_for(count: int) -> float:
    """Return how many seconds the read of so many servers may take."""
    return SECONDS * max(1.0, count / SERVERS)


def _unwatched(_found: Mapping[str, Read], _started: set[str], _left: float) -> None:
    pass


def read_all(
    jobs: Sequence[Job],
    read: Reader,
    late: Callable[[Job, bool], Read],
    left: Callable[[], float],
    watch: Watch = _unwatched,
    threads: int = THREADS,
) -> dict[str, Read]:
    """Return what was read of each host.

    late: returns what to say of a server that was not read in time, and whose turn had come or not. left:
    returns the seconds that are left. watch: is called at least once a second.

    A server that hangs holds its thread. Nobody waits for that: the threads are daemons, which end with the
    process.
    """
    schedule = Schedule(jobs, {OF_LOGIN: CANDIDATES})
    results: queue.SimpleQueue[tuple[str, Read]] = queue.SimpleQueue()
    for _number in range(min(threads, len(jobs))):
        # Each says what it waits for to the one who listens here.
        here = contextvars.copy_context()
        threading.Thread(target=here.run, args=(_work, schedule, read, results), daemon=True).start()
    try:
        found = _collect(
            results, len(jobs), left, lambda found, seconds: watch(found, schedule.started, seconds)
        )
    finally:
        schedule.close()
    return {
        job.host: found[job.host] if job.host in found else late(job, job.host in schedule.started)
        for job in jobs
    }


def _collect(
    results: queue.SimpleQueue[tuple[str, Read]],
    count: int,
    left: Callable[[], float],
    look: Callable[[Mapping[str, Read], float], None],
) -> dict[str, Read]:
    found: dict[str, Read] = {}
    while len(found) < count:
        seconds = left()
        look(found, seconds)
        try:
            host, result = results.get(timeout=min(seconds, _GLANCE)) if seconds > 0 else results.get_nowait()
        except queue.Empty:
            if seconds <= 0:
                break
        else:
            found[host] = result
    return found


def _work(schedule: Schedule, read: Reader, results: queue.SimpleQueue[tuple[str, Read]]) -> None:
    while True:
        turn = schedule.next()
        if turn is None:
            return
        result: Read = {}
        refused = False
        try:
            result, refused = read(turn)
        finally:
            results.put((turn.job.host, result))
            turn.end(refused=refused)
