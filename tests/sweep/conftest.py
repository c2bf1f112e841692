# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The stand-ins of the sweeps, which their cases share one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from stand_ins.ams import Fleet
from stand_ins.aws import AwsStandIn

from .world import World


@pytest.fixture(scope="session")
def servers() -> Iterator[Fleet]:
    with Fleet(hosts=2) as fleet:
        yield fleet


@pytest.fixture
def world(aws: AwsStandIn, servers: Fleet, tmp_path: Path) -> World:
    return World(aws, servers, tmp_path)
