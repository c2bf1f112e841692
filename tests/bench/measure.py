# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Measure a command and all that it starts: CPU, wall time, memory."""

from __future__ import annotations

import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

SAMPLE_EVERY = 0.25


@dataclass(frozen=True)
class Cost:
    """cpu: user and system seconds of the whole tree; peak: bytes, None where memory was not sampled.

    load: processes that wanted a core in the minute before, those of this benchmark included.
    """

    cpu: float
    wall: float
    peak: int | None = None
    load: float = 0.0


class CommandFailed(Exception):
    """A command that was to be measured ended with an error."""


def measured(
    command: Sequence[str], *, env: Mapping[str, str], cwd: Path, with_memory: bool = False
) -> tuple[Cost, str]:
    """Run a command to its end, and return its cost and its output.

    The numbers of wait4 for a process hold those of all descendants that were waited for, and Ansible waits
    for each of its workers, as these do for what they start.
    """
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output:
        load = os.getloadavg()[0]
        start = time.monotonic()
        process = subprocess.Popen(
            list(command), env=dict(env), cwd=cwd, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
        sampler = _Sampler(process.pid) if with_memory else None
        try:
            _pid, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            process.terminate()
            raise
        wall = time.monotonic() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        peak = sampler.stop() if sampler else None
        output.seek(0)
        printed = output.read()
    if process.returncode != 0:
        raise CommandFailed(f"exit code {process.returncode} of {' '.join(command)}\n{printed[-4000:]}")
    return Cost(usage.ru_utime + usage.ru_stime, wall, peak, load), printed


class _Sampler:
    """The largest sum of PSS over a process and its descendants: of a shared page each has its part."""

    def __init__(self, root: int) -> None:
        self._root = root
        self._peak = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._thread.start()

    def stop(self) -> int:
        self._ended.set()
        self._thread.join()
        return self._peak

    def _sample(self) -> None:
        while not self._ended.wait(SAMPLE_EVERY):
            self._peak = max(self._peak, sum(_pss(pid) for pid in _tree(self._root)))


def _tree(root: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                # After the name in brackets, which may hold anything, come the state and the parent.
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, ValueError):
                continue
            children.setdefault(parent, []).append(int(entry.name))
    found = [root]
    for pid in found:
        found.extend(children.get(pid, []))
    return found


def _pss(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
