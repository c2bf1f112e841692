# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""No secret, however it is written, is in anything that a run at -vvvv --diff shows or leaves behind."""

from __future__ import annotations

import pytest

from . import chosen
from .secret_cases import CASES, SAMPLE, Case
from .secret_runs import run_case
from .world import World


@pytest.mark.parametrize("case", chosen(CASES, SAMPLE), ids=lambda case: case.name)
def test_no_secret_shows(world: World, case: Case) -> None:
    run_case(world, case)
