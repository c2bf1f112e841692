# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Optional

from ansible.plugins.action import ActionBase
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._actions.play import (
    become_problem,
    hosts_of,
    strategy_problem,
    tags_problem,
)

_SPEC = {
    "tags": {"type": "list", "elements": "str"},
    "without_become": {"type": "list", "elements": "str", "default": []},
}


class ActionModule(ActionBase):
    """Return the hosts of the play, and refuse a play in which the role does not work."""

    def run(self, tmp: Optional[str] = None, task_vars: Optional[dict[str, Any]] = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        _validation, given = self.validate_argument_spec(_SPEC)
        problem = self._problem(given)
        if problem:
            return {**result, "failed": True, "msg": problem}
        hosts = hosts_of(self._task.get_play().hosts, task_vars or {}, self._loader, self._templar)
        return {**result, "changed": False, "hosts": hosts, "connection": self._task.connection}

    def _problem(self, given: Mapping[str, Any]) -> str:
        play = self._task.get_play()
        problem = strategy_problem(str(play.strategy))
        if not problem and given["tags"] is not None:
            problem = tags_problem(play.only_tags, play.skip_tags, given["tags"])
        if not problem and given["without_become"] and self._connection.become is not None:
            problem = become_problem(given["without_become"])
        return problem
