# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Measure what it costs to read a whole fleet in one task, as a ratio to a no-op task on the same hosts.

python -m tests.bench.read [--hosts 1000] [--repetitions 3] [--lookup] [--hanging 5]

The read is what a play with the plan, the keys and the read costs more than one without the read. A unit is
the marginal CPU of a no-op task on the same hosts in the same batch. Three applications, https, nothing
differs. With --lookup the password of each host is a lookup of its own. With --hanging so many percent of the
servers do not answer a login, in a run of its own.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from .candidates import EMPTY, NOOP
from .measure import Cost
from .site import LOGIN, LOGOUT, SETTINGS, THREE, Site, WrongWork, site
from .table import Batch, Results, machine

ROLE = {"name": "antmedia.s3_recording.s3_recording", "tasks_from": "shared/desired", "rolespec_validate": False}
PLAN = (
    {"name": "Plan", "ansible.builtin.import_role": ROLE},
    {"name": "Keys", "antmedia.s3_recording.recording_keys": {}, "run_once": True},
)
READ = {
    "name": "Read",
    "antmedia.s3_recording.recording_read": {"hosts": "{{ ansible_play_hosts_all }}"},
    "run_once": True,
    "register": "read",
}
ALL_READ = {
    "name": "All are read, and nothing differs",
    "ansible.builtin.assert": {
        "that": [
            "read.servers | length == ansible_play_hosts_all | length",
            "read.servers.values() | map(attribute='problem') | select | list | length == 0",
        ],
        "quiet": True,
    },
    "run_once": True,
}
REQUESTS = [LOGIN, "GET /rest/v2/version", *(f"GET {SETTINGS}{app}" for app in THREE), LOGOUT]
# Of the budget of a plan, of which the read is the largest part.
MOST_UNITS, MOST_SECONDS, MOST_MIB = 0.4, 8, 500
MOST_SECONDS_HANGING = 30


def play(here: Site, hosts: int, tasks: Sequence[dict[str, Any]], *, lookup: bool) -> Cost:
    """Return the cost of tasks on a fleet. lookup: whether each host's password is a lookup."""
    given: dict[str, Any] = {"hosts": "all", "connection": "local", "gather_facts": False, "become": False}
    if lookup:
        path = here.folder / "password"
        path.write_text(here.fleet.hosts[0].password, encoding="utf-8")
        template = f"{{{{ lookup('ansible.builtin.file', '{path}', host=inventory_hostname) }}}}"
        given["vars"] = {"s3_recording_ams_password": template}
    return here.play([{**given, "tasks": list(tasks)}], hosts, THREE, with_memory=True)


def measure(here: Site, hosts: int, *, lookup: bool, repetitions: int) -> tuple[Results, Cost, Cost]:
    """Return the costs of no-op tasks, of a play without and of one with the read; of each the least."""
    results = Results(Batch(hosts, tls=True, delay=0))
    here.bare_client(hosts, THREE)
    without, with_it = [], []
    for _repetition in range(repetitions):
        for candidate in (EMPTY, NOOP):
            results.add(candidate, hosts, candidate.run(here, hosts, False))
        without.append(play(here, hosts, [*PLAN, ALL_READ | {"when": False}], lookup=lookup))
        here.fleet.clear_requests()
        with_it.append(play(here, hosts, [*PLAN, READ, ALL_READ], lookup=lookup))
        check(here, hosts)
    return results, least(without), least(with_it)


def measure_hanging(here: Site, hosts: int, without: Cost, percent: int) -> str:
    """Return how long the read takes where some servers do not answer, and all others are read."""
    hanging = range(0, hosts, 100 // percent)
    for number in hanging:
        here.fleet.fault(number, "slow", path="authenticate", seconds=300)
    counted = "map(attribute='problem') | select | map(attribute='kind')"
    expected = {
        **ALL_READ,
        "ansible.builtin.assert": {
            "that": f"read.servers.values() | {counted} | list == ['unreachable'] * {len(hanging)}"
        },
    }
    wall = play(here, hosts, [*PLAN, READ, expected], lookup=False).wall - without.wall
    verdict = "met" if wall <= MOST_SECONDS_HANGING else "MISSED"
    what = f"{len(hanging)} servers hang, wall, s"
    return f"{verdict:7}{what:30}{wall:<26.2f}at most {MOST_SECONDS_HANGING}"


def least(costs: Sequence[Cost]) -> Cost:
    return Cost(
        min(each.cpu for each in costs),
        min(each.wall for each in costs),
        max(each.peak or 0 for each in costs),
    )


def check(here: Site, hosts: int) -> None:
    """Check that each host got exactly these requests, over one connection."""
    came: dict[str, list[dict[str, Any]]] = {}
    for request in here.fleet.requests():
        came.setdefault(request["host"], []).append(request)
    if len(came) != hosts:
        raise WrongWork(f"{len(came)} of {hosts} hosts were read")
    for host, requests in came.items():
        found = [f"{each['method']} {each['path']}" for each in requests]
        if found != REQUESTS or len({each["connection"] for each in requests}) != 1:
            raise WrongWork(f"{host}: {found} instead of {REQUESTS} over one connection")


def report(hosts: int, results: Results, without: Cost, with_it: Cost) -> str:
    unit = results.marginal(NOOP).cpu
    cpu, wall = with_it.cpu - without.cpu, with_it.wall - without.wall
    units, peak = cpu / hosts / unit, (with_it.peak or 0) / 2**20
    more = (with_it.peak or 0) / 2**20 - (without.peak or 0) / 2**20
    share = max(1.0, hosts / 1000)
    rows = [
        (
            "units a server",
            f"{units:.2f} ({cpu / hosts * 1000:.1f} of {unit * 1000:.1f} ms)",
            MOST_UNITS,
            units,
        ),
        ("wall of the read, s", f"{wall:.2f}", MOST_SECONDS * share, wall),
        ("peak of the whole play, MiB", f"{peak:.0f} ({more:+.0f} by the read)", MOST_MIB * share, peak),
    ]
    return "\n".join(
        f"{'met' if found <= most else 'MISSED':7}{what:30}{text:26}at most {most:g}"
        for what, text, most, found in rows
    )


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--hosts", type=int, default=1000)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--lookup", action="store_true")
    parser.add_argument("--hanging", type=int, default=0, help="percent of the servers")
    given = parser.parse_args(arguments)
    print(f"{machine()}\n\n{given.hosts} hosts, https, three applications, nothing differs\n", flush=True)
    with site(given.hosts, tls=True) as here:
        measured = measure(here, given.hosts, lookup=given.lookup, repetitions=given.repetitions)
        print(report(given.hosts, *measured), flush=True)
        if given.hanging:
            print(measure_hanging(here, given.hosts, measured[1], given.hanging))
    return 0


if __name__ == "__main__":
    sys.exit(main())
