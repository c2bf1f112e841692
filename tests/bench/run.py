# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Measure what the settings of a fleet cost, by the collection and by other ways, as ratios.

python tests/bench/run.py [--quick] [--hosts 100,1000] [--repetitions 3]

Prints one table for each batch and the verdicts of the budget. A run that did other work than it should is an
error; a budget that is missed is said, and is no error, since the machine has a part in it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.bench.candidates import (
    BARE,
    EMPTY,
    NOOP,
    ROLE,
    SHIPPED,
    TASK,
    URI,
    URI_COMPARING,
    Candidate,
)
from tests.bench.site import FIRST, SECOND, Site, site
from tests.bench.table import NOTES, Batch, Results, machine, table, verdicts

DELAYS = (0.0, 0.08)
OURS = (TASK[SECOND, 3], ROLE[FIRST, 3], ROLE[SECOND, 3])
LIMITS = (BARE[FIRST], BARE[SECOND])


def candidates_of(batch: Batch, smallest: int) -> list[Candidate]:
    """Return all candidates where that is cheap; on many hosts and with a delay those of the budget."""
    if batch.hosts > smallest:
        return [EMPTY, NOOP, *OURS, BARE[SECOND]]
    if batch.delay:
        return [EMPTY, NOOP, *OURS, SHIPPED[SECOND, 3], URI[FIRST, 3], *LIMITS]
    slow = [SHIPPED[SECOND, 1], SHIPPED[SECOND, 3], *URI.values(), URI_COMPARING] if batch.tls else []
    return [EMPTY, NOOP, *TASK.values(), *ROLE.values(), *slow, *LIMITS]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--hosts", type=_numbers, help="the sizes of the fleet, the smallest first")
    parser.add_argument("--few", type=int, default=20, help="hosts for what is slow; shares a host compare")
    parser.add_argument("--repetitions", type=int, help="of each candidate in each batch")
    parser.add_argument("--quick", action="store_true", help="few hosts, once, https without a delay")
    given = parser.parse_args()
    sizes = given.hosts or ([30] if given.quick else [100, 1000])
    few = min(given.few, 5 if given.quick else given.few, sizes[0])

    print(f"{machine()}\n", flush=True)
    everything: list[Results] = []
    for hosts, tls in _fleets(sizes, given.quick):
        repetitions = given.repetitions or (1 if given.quick else 3 if hosts == sizes[0] else 2)
        with site(hosts, tls=tls) as here:
            for delay in DELAYS[: 1 if given.quick or not tls else None]:
                batch = Batch(hosts, tls, delay)
                candidates = candidates_of(batch, sizes[0])
                results = measure(here, batch, candidates, few, repetitions)
                everything.append(results)
                print(table(results, candidates), flush=True)
    print(verdicts(everything))
    print(NOTES)
    return 0


def _numbers(text: str) -> list[int]:
    return sorted(int(part) for part in text.split(","))


def _fleets(sizes: Sequence[int], quick: bool) -> Iterator[tuple[int, bool]]:
    yield sizes[0], True
    if not quick:
        yield sizes[0], False
    for hosts in sizes[1:]:
        yield hosts, True


def measure(here: Site, batch: Batch, candidates: Sequence[Candidate], few: int, repetitions: int) -> Results:
    results = Results(batch)
    here.set_delay(batch.delay)
    for repetition in range(repetitions):
        # One after the other, so that a slow minute of the machine meets all of them.
        for candidate in candidates:
            is_last = repetition == repetitions - 1
            for hosts in _numbers_of_hosts(candidate, candidates, batch.hosts, few):
                _say(f"{batch.label}: {repetition + 1}/{repetitions} {candidate.label}")
                results.add(candidate, hosts, here.run(candidate, hosts, with_memory=is_last))
    _say("")
    return results


def _numbers_of_hosts(
    candidate: Candidate, all_of_them: Sequence[Candidate], most: int, few: int
) -> set[int]:
    if candidate.few_hosts:
        return {few}
    # What is slow is compared with a play without a task on as many hosts.
    return {most, few} if candidate == EMPTY and any(each.few_hosts for each in all_of_them) else {most}


def _say(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
