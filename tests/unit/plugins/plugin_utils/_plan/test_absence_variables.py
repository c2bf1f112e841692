# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How many servers may be out of reach, and which are gone for good."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._plan.absence_variables import (
    LimitError,
    gone_hosts,
    most_unreachable,
)


@pytest.mark.parametrize(
    ("value", "most"),
    [(None, 0), ("", 0), (0, 0), (False, 0), (3, 3), ("3", 3), ("5%", 10), ("5 %", 10), ("100%", 200)],
)
def test_a_number_or_a_percentage(value: Any, most: int) -> None:
    assert most_unreachable(value, 200) == most


@pytest.mark.parametrize("value", [True, -1, "101%", "some", "5 percent", 1.5, [1]])
def test_anything_else_is_refused_with_what_to_give(value: Any) -> None:
    with pytest.raises(LimitError, match="percentage"):
        most_unreachable(value, 200)


@pytest.mark.parametrize(
    ("value", "hosts"),
    [(None, []), ("", []), ([], []), (["a", "b"], ["a", "b"]), ("a, b", ["a", "b"]), ("a", ["a"])],
)
def test_names_of_hosts(value: Any, hosts: list[str]) -> None:
    assert gone_hosts(value) == hosts


@pytest.mark.parametrize("value", [{"a": 1}, 3, True])
def test_what_names_no_hosts(value: Any) -> None:
    with pytest.raises(LimitError, match="list of hosts"):
        gone_hosts(value)
