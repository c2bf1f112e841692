# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A run that moves servers and is killed at any write leaves every server able to record and to play."""

from __future__ import annotations

import pytest

from . import chosen
from .kill_cases import Kill
from .move_cases import CASES, SAMPLE, Move
from .move_runs import run_move
from .world import World


@pytest.mark.parametrize(
    ("move", "at"), chosen(CASES, SAMPLE), ids=lambda each: each.name if isinstance(each, Move) else str(each)
)
def test_a_killed_move_breaks_neither_uploads_nor_links(world: World, move: Move, at: Kill) -> None:
    run_move(world, move, at)
