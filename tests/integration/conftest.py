# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The targets first: some of them take minutes, and the longest test must not be the last."""

from __future__ import annotations

from pathlib import Path

import pytest

LONGEST = Path(__file__).parent / "test_targets.py"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path != LONGEST)
