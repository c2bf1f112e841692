# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Print measures as ratios to a no-op task of the same hosts in the same batch."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from statistics import median

from .candidates import EMPTY, NOOP, ROLE, TASK, URI, Candidate
from .measure import Cost
from .site import FIRST, FORKS, SECOND

NOTES = f"""\
- Marginal CPU: user and system time of the whole process tree, less that of a play without a task on the
  same hosts, a host. A unit is the marginal CPU of a no-op task on the same hosts in the same turn: all
  candidates of a batch take turns. Each number is the median of its turns, a ratio that of the ratios of each
  turn. The simulated fleet is not counted.
- Load: what the machine did in the minute before, the benchmark and its simulated fleet included.
- Wall: seconds of the whole command; "x no-op" compares marginal wall time a host. {FORKS} forks.
- Memory: peak of the sum of PSS over the process tree, sampled.
- The server delays each answer by as much as said. The round trips of a new connection (one for TCP, two
  more for TLS 1.2) are not delayed: on a real network each connection costs as many more.
- First run: every application differs. Second run: none does. The uri playbook reads nothing back, and a
  second time it posts again, as the recipe has it, unless it compares.
- Each run is checked to have sent exactly the requests that it should, and over one connection a host where
  it is ours. A bare client is counted in whole, with its start."""
_COLUMNS = (
    "what",
    "hosts",
    "CPU, ms a host",
    "units",
    "wall, s",
    "x no-op",
    "peak, MiB",
    "requests a host",
    "turns",
    "load",
)


@dataclass(frozen=True)
class Batch:
    """What is measured together, on the same fleet."""

    hosts: int
    tls: bool
    delay: float

    @property
    def label(self) -> str:
        scheme = "https" if self.tls else "http"
        return f"{self.hosts} hosts, {scheme}, {self.delay * 1000:.0f} ms of delay"


@dataclass
class Results:
    """The cost of each candidate in each turn, by its label and number of hosts."""

    batch: Batch
    costs: dict[tuple[str, int], list[Cost]] = field(default_factory=dict)

    def add(self, candidate: Candidate, hosts: int, cost: Cost) -> None:
        self.costs.setdefault((candidate.label, hosts), []).append(cost)

    def cost(self, candidate: Candidate, hosts: int) -> Cost:
        """Return the medians of the whole runs, and the highest peak."""
        costs = self.costs[candidate.label, hosts]
        peaks = [each.peak for each in costs if each.peak is not None]
        cpu, wall, load = (median(getattr(each, name) for each in costs) for name in ("cpu", "wall", "load"))
        return Cost(cpu, wall, max(peaks) if peaks else None, load)

    def marginal(self, candidate: Candidate) -> Cost:
        """Return a host's share of CPU and wall time."""
        shares, hosts = self._shares(candidate)
        whole = self.cost(candidate, hosts)
        cpu, wall = (median(getattr(each, name) for each in shares) for name in ("cpu", "wall"))
        return Cost(cpu, wall, whole.peak, whole.load)

    def units(self, candidate: Candidate) -> float:
        return self._ratio(candidate, "cpu")

    def times_of_wall(self, candidate: Candidate) -> float:
        """Return how many times the wall time of a no-op task it is."""
        return self._ratio(candidate, "wall")

    def has(self, candidate: Candidate) -> bool:
        return any(label == candidate.label for label, _hosts in self.costs)

    def _ratio(self, candidate: Candidate, name: str) -> float:
        pairs = zip(self._shares(candidate)[0], self._shares(NOOP)[0])
        return median(getattr(share, name) / getattr(unit, name) for share, unit in pairs)

    def _shares(self, candidate: Candidate) -> tuple[list[Cost], int]:
        """Return a host's share in each turn, and how many hosts there were."""
        hosts, costs = next(
            (hosts, costs) for (label, hosts), costs in self.costs.items() if label == candidate.label
        )
        nothing = [Cost(0, 0)] * len(costs)
        empty = self.costs[EMPTY.label, hosts] if candidate.in_ansible else nothing
        pairs = zip(costs, empty)
        return [
            Cost((cost.cpu - base.cpu) / hosts, (cost.wall - base.wall) / hosts) for cost, base in pairs
        ], hosts


def machine() -> str:
    names = ("ansible-core", "urllib3", "requests", "aiohttp")
    versions = ", ".join(f"{name} {version(name)}" for name in names)
    return f"{os.cpu_count()} cores, Python {platform.python_version()}, {versions}"


def table(results: Results, candidates: Sequence[Candidate]) -> str:
    unit = results.marginal(NOOP)
    lines = [
        f"### {results.batch.label}; a unit is {unit.cpu * 1000:.1f} ms",
        "",
        f"| {' | '.join(_COLUMNS)} |",
        f"|---{'|--:' * (len(_COLUMNS) - 1)}|",
    ]
    for candidate in candidates:
        for (label, hosts), costs in results.costs.items():
            if label != candidate.label or candidate == EMPTY:
                continue
            share, cost = results.marginal(candidate), results.cost(candidate, hosts)
            cells = [
                label,
                str(hosts),
                f"{share.cpu * 1000:.1f}",
                f"{results.units(candidate):.2f}",
                f"{cost.wall:.2f}",
                f"{results.times_of_wall(candidate):.2f}",
                f"{cost.peak / 2**20:.0f}" if cost.peak else "",
                str(len(candidate.expected)) if candidate.expected else "",
                str(len(costs)),
                f"{cost.load:.1f}",
            ]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def verdicts(everything: Sequence[Results]) -> str:
    """Return a table of the budget and what was measured without delay over https."""
    measured = [each for each in everything if each.batch.tls and not each.batch.delay]
    lines: list[str] = []
    for each in measured:
        lines += _of_batch(each)
    with_role = [each for each in measured if each.has(ROLE[SECOND, 3])]
    if len(with_role) > 1:
        least, most = with_role[0], with_role[-1]
        growth = most.units(ROLE[SECOND, 3]) / least.units(ROLE[SECOND, 3])
        shares = " to ".join(f"{each.marginal(ROLE[SECOND, 3]).cpu * 1000:.1f}" for each in (least, most))
        what = f"servers play, units a host from {least.batch.hosts} to {most.batch.hosts} hosts"
        lines.append(_verdict(growth <= 1.2, what, f"x {growth:.2f} ({shares} ms)", "at most x 1.2"))
    return "\n".join(["### Budget", "", "| | what | measured | asked |", "|---|---|--:|--:|", *lines, ""])


def _of_batch(results: Results) -> Iterable[str]:
    where = f"{results.batch.hosts} hosts, https, three applications"
    for candidates, most in ((TASK, 2.0), (ROLE, 3.0)):
        candidate = candidates[SECOND, 3]
        if results.has(candidate):
            units = results.units(candidate)
            what = f"{candidate.name}, {SECOND}; {where}"
            yield _verdict(units <= most, what, f"{units:.2f} units", f"at most {most:.0f}")
    for state in (FIRST, SECOND):
        if results.has(URI[state, 3]) and results.has(ROLE[state, 3]):
            times = results.marginal(URI[state, 3]).cpu / results.marginal(ROLE[state, 3]).cpu
            what = f"uri playbook to servers play, {state}; {where}"
            yield _verdict(times >= 40, what, f"x {times:.0f}", "at least x 40")
    ours = [each for each in (*TASK.values(), *ROLE.values()) if results.has(each)]
    peak = max((results.marginal(each).peak or 0 for each in ours), default=0) / 2**20
    if peak:
        what = f"peak memory of settings task and servers play; {results.batch.hosts} hosts"
        yield _verdict(peak < 1024, what, f"{peak:.0f} MiB", "less than 1024 MiB")


def _verdict(met: bool, what: str, measured: str, asked: str) -> str:
    return f"| {'met' if met else 'MISSED'} | {what} | {measured} | {asked} |"
