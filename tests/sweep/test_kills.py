# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A run that is killed, at whatever request, is finished or taken back by the next, and leaves nothing."""

from __future__ import annotations

import pytest

from . import chosen
from .kill_cases import CASES, SAMPLE, Case
from .kill_runs import run_case
from .world import World


@pytest.mark.parametrize("case", chosen(CASES, SAMPLE), ids=lambda case: case.name)
def test_a_killed_run_is_finished_by_the_next(world: World, case: Case) -> None:
    run_case(world, case)
