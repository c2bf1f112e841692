# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which hosts fail where a plan ends the run."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._plan.failing import (
    blame,
    failing_hosts,
)

HOSTS = ["ams1", "ams2", "ams3"]
CHANGED = {"changes": [{"action": "add"}]}
OF_AMS3 = {"hosts": ["ams3"], "text": "unreachable"}
OF_STORAGE = {"hosts": [], "text": "somebody else's bucket"}
OF_VARIABLES = {"hosts": [], "text": "ams2: no bucket"}
DESIRED = {"problem_hosts": {"ams2: no bucket": ["ams2"]}}


def plan(*problems: Any, changing: Any = (), bucket: Any = None) -> dict[str, Any]:
    buckets = {"videos": bucket or {"changes": []}}
    return {"problems": problems, "servers": {"changing": dict.fromkeys(changing)}, "buckets": buckets}


@pytest.mark.parametrize(
    ("problems", "failing"),
    [
        ([OF_AMS3], ["ams3"]),
        ([OF_AMS3, OF_VARIABLES], ["ams2", "ams3"]),
        ([OF_STORAGE], ["localhost"]),
        ([OF_AMS3, OF_STORAGE], ["ams3", "localhost"]),
        ([], []),
    ],
)
def test_who_has_a_problem_fails(problems: list[Any], failing: list[str]) -> None:
    assert failing_hosts(plan(*problems), DESIRED, HOSTS) == failing


def test_with_a_limit_the_first_host_stands_for_the_controller() -> None:
    """Ansible leaves localhost out of each play then, and nothing would fail."""
    assert failing_hosts(plan(OF_STORAGE), DESIRED, HOSTS, is_limited=True) == ["ams1"]
    assert failing_hosts(plan(OF_STORAGE, OF_AMS3), DESIRED, HOSTS, is_limited=True) == ["ams3"]
    assert failing_hosts(plan(OF_STORAGE), DESIRED, ["localhost"], is_limited=True) == ["localhost"]
    assert blame([[]], HOSTS, is_limited=True) == ["ams1"]


def test_a_host_without_tasks_cannot_display_the_problems() -> None:
    """One that failed in an earlier play has a problem, and Ansible runs no task on it."""
    assert failing_hosts(plan(OF_AMS3), DESIRED, HOSTS[:2]) == ["localhost"]
    assert failing_hosts(plan(OF_AMS3), DESIRED, HOSTS[:2], is_limited=True) == ["ams1"]


def test_what_differs_fails_in_the_views_that_want_no_change() -> None:
    differs = plan(changing=["ams2"], bucket=CHANGED)
    assert failing_hosts(differs, DESIRED, HOSTS) == []
    assert failing_hosts(differs, DESIRED, HOSTS, fails_on_changes=True) == ["ams2", "localhost"]
    refused = {**differs, "problems": [OF_AMS3]}
    assert failing_hosts(refused, DESIRED, HOSTS, fails_on_changes=True) == ["ams3"]
