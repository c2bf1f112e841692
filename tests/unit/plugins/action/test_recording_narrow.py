# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The action that narrows the storage at the end of a run: what a step that fails leaves of the result."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

from ansible.errors import AnsibleError
from ansible_collections.antmedia.s3_recording.plugins.action.recording_narrow import ActionModule


class FailsInTheSecondStep(ActionModule):
    def _narrow(self) -> Iterator[tuple[bool, list[str]]]:
        yield True, ["  Removed      a right"]
        raise AnsibleError("the next step was refused")


def test_what_was_done_before_a_step_failed_is_in_the_result() -> None:
    task = SimpleNamespace(
        args={"lines": ["RESULT"]}, async_val=0, check_mode=False, diff=False, no_log=False
    )
    mocks = {
        name: MagicMock() for name in ("connection", "play_context", "loader", "templar", "shared_loader_obj")
    }
    action: Any = FailsInTheSecondStep(task=task, **mocks)
    result = action.run(task_vars={})
    assert result["changed"] is True
    assert result["msg"][:2] == ["RESULT", "  Removed      a right"]
    assert "the next step was refused" in result["msg"][2]
