# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Measure what a run costs that changes nothing, verification included, as a ratio to a no-op task.

python -m tests.bench.converged [--hosts 100] [--repetitions 3] [--most 1000]

A unit is the marginal CPU of a no-op task on the same hosts, measured beside each run. Three applications,
https, one bucket, nothing differs, no live check. --most: a second size of the fleet, measured once.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stand_ins.aws import AwsStandIn

from .candidates import EMPTY, NOOP
from .measure import Cost, measured
from .site import BIN, THREE, Site, site
from .table import machine

SITE, VERIFY = (f"antmedia.s3_recording.{name}" for name in ("site", "verify"))
MOST_UNITS = {SITE: 3.0, VERIFY: 1.5}


@dataclass(frozen=True)
class Pair:
    """A run, and the unit that was measured beside it: seconds of CPU a server."""

    cost: Cost
    unit: float
    hosts: int

    @property
    def units(self) -> float:
        return self.cost.cpu / self.hosts / self.unit


class Converged:
    """A fleet of which site.yml has set up every server."""

    def __init__(self, here: Site, aws: AwsStandIn) -> None:
        self.here, self.aws = here, aws

    def run(self, playbook: str, hosts: int, *, with_memory: bool = False) -> Cost:
        inventory = self.here.inventory(hosts, THREE)
        variables: dict[str, Any] = inventory["all"]["vars"]
        for name in ("access_key_id", "secret_access_key", "verify"):
            del variables[f"s3_recording_{name}"]
        variables.update(
            {
                "s3_recording_endpoint": self.aws.endpoint_url,
                "s3_recording_aws_endpoint_url": self.aws.endpoint_url,
                "s3_recording_live_test": "none",
                "s3_recording_cors_origins": ["https://player.example.com"],
            }
        )
        path = Path(self.here.folder, "converged.json")
        path.write_text(json.dumps(inventory), encoding="utf-8")
        command = [str(BIN / "ansible-playbook"), "-i", str(path), playbook]
        env = {**self.here.env, **self.aws.env()}
        return measured(command, env=env, cwd=self.here.folder, with_memory=with_memory)[0]

    def pair(self, playbook: str, hosts: int) -> Pair:
        empty = EMPTY.run(self.here, hosts, False).cpu
        unit = (NOOP.run(self.here, hosts, False).cpu - empty) / hosts
        return Pair(self.run(playbook, hosts, with_memory=True), unit, hosts)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--hosts", type=int, default=100)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--most", type=int, default=0)
    given = parser.parse_args()
    print(machine(), flush=True)
    for hosts, repetitions in ((given.hosts, given.repetitions), (given.most, 1)):
        if hosts:
            with site(hosts, tls=True) as here, AwsStandIn() as aws:
                fleet = Converged(here, aws)
                first = fleet.run(SITE, hosts)
                print(f"{hosts} servers, first run: {first.cpu:.1f} s of CPU, {first.wall:.1f} s", flush=True)
                for playbook, most in MOST_UNITS.items():
                    pairs = [fleet.pair(playbook, hosts) for _repetition in range(repetitions)]
                    print(report(playbook, pairs, most), flush=True)
    return 0


def report(playbook: str, pairs: list[Pair], most: float) -> str:
    units = statistics.median(pair.units for pair in pairs)
    cpu, wall, load = (
        statistics.median(getattr(pair.cost, name) for pair in pairs) for name in ("cpu", "wall", "load")
    )
    peak = max(pair.cost.peak or 0 for pair in pairs) / 2**20
    verdict = "met" if units <= most else "MISSED"
    of_server = cpu / pairs[0].hosts * 1000
    return (
        f"{verdict:7}{playbook:30}{units:.2f} units a server (at most {most:g}; {of_server:.1f} ms), "
        f"{wall:.1f} s, {peak:.0f} MiB, {len(pairs)} pairs, load {load:.1f}"
    )


if __name__ == "__main__":
    sys.exit(main())
