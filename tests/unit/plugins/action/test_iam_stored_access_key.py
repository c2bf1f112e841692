# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The turns in which the action runs the module of an access key."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.action import iam_stored_access_key as action


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def test_the_last_key_goes_when_the_quiet_time_since_the_begin_of_the_task_is_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A turn that was given the whole time each time would never end."""
    clock = Clock()
    monkeypatch.setattr(action, "time", clock)
    asked: list[int] = []

    def execute(_self: Any, module_args: dict[str, Any], **_more: Any) -> dict[str, Any]:
        asked.append(module_args["switch_wait"])
        waits = {"pending": "a moment"} if module_args["switch_wait"] else {}
        return {"changed": not waits, "user_name": "recording", "msg": "told", **waits}

    monkeypatch.setattr(action.ActionModule, "_execute_module", execute)
    runner = action.ActionModule.__new__(action.ActionModule)
    runner._task = SimpleNamespace(check_mode=False)
    given = {"state": "absent", "switch_wait": 12, "wait_timeout": 30}
    result = runner._in_turns(given, {})
    assert asked == [12, 7, 2, 0]
    assert result["changed"]
