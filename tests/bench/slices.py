# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Measure the servers of a fleet in one job and in slices at the same time, as shares of the one job.

python -m tests.bench.slices [--hosts 1000] [--slices 1,2,4]

Each slice is a run of its own with every n-th host, as AWX makes them; all share the cores of this machine.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

from stand_ins.ansible_environment import BIN

from .site import LOGIN, THREE, Site, WrongWork, site
from .table import machine

PLAYBOOK = "antmedia.s3_recording.servers"


def sliced(here: Site, hosts: int, slices: int) -> float:
    """Return the seconds until the last slice has ended."""
    inventory = here.inventory(hosts, THREE)
    each: dict[str, Any] = inventory["all"]["hosts"]
    commands = []
    for number in range(slices):
        part = {name: each[name] for name in list(each)[number::slices]}
        path = here.folder / f"slice-{number}.json"
        path.write_text(json.dumps({"all": {**inventory["all"], "hosts": part}}), encoding="utf-8")
        commands.append([str(BIN / "ansible-playbook"), "-i", str(path), PLAYBOOK])
    here.fleet.clear_requests()
    start = time.monotonic()
    runs = [
        subprocess.Popen(
            command, env=here.env, cwd=here.folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
        for command in commands
    ]
    codes = [run.wait() for run in runs]
    seconds = time.monotonic() - start
    if any(codes):
        raise WrongWork(f"slices ended with {codes}")
    _one_login_each(here, hosts)
    return seconds


def _one_login_each(here: Site, hosts: int) -> None:
    asked = [each for each in here.fleet.requests() if f"{each['method']} {each['path']}" == LOGIN]
    logins = Counter(each["host"] for each in asked)
    if len(logins) != hosts or set(logins.values()) != {1}:
        raise WrongWork(f"{len(logins)} of {hosts} hosts had a login, {sorted(set(logins.values()))} each")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--hosts", type=int, default=1000)
    parser.add_argument("--slices", default="1,2,4", help="how many at the same time, one after the other")
    given = parser.parse_args(arguments)
    numbers = [int(part) for part in given.slices.split(",")]
    print(f"{machine()}\n\nservers.yml on {given.hosts} hosts, https, three applications\n", flush=True)
    print(f"{'slices':>8}{'first run':>12}{'second run':>12}", flush=True)
    with site(given.hosts, tls=True) as here:
        whole: list[float] = []
        for slices in numbers:
            here.fleet.reset()
            seconds = [sliced(here, given.hosts, slices) for _run in range(2)]
            whole = whole or seconds
            shares = [f"{one / of:>10.0%}  " for one, of in zip(seconds, whole, strict=True)]
            print(f"{slices:>8}{''.join(shares)}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
