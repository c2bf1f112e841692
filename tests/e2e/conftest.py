# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The longest files first: each is run by one worker, and a long one that begins last has the others wait."""

from __future__ import annotations

from pathlib import Path

import pytest

HERE = Path(__file__).parent
# In the order of their time; tests/run.py says at its end which take longest.
LONGEST = (
    *("test_moves", "test_key_life", "test_awx_jobs", "test_awx_setup", "test_faults", "test_fleet_plan"),
    *("test_storage", "test_verify_fleet", "test_contributing", "test_rollout", "test_variants"),
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    place = {HERE / f"{name}.py": number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.path, len(place)))
