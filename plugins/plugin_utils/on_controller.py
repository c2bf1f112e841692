# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Actions that call an API, as the user who runs Ansible.

ansible_become of the inventory is meant for the servers, and beats become: false of a play. On the controller
it would change nothing but whose credentials are found, and fail where there is no sudo.
"""

from __future__ import annotations

from typing import Any, Optional

from ansible.plugins.action.normal import ActionModule as NormalAction
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils.texts import texts_problem

# With the aliases that amazon.aws gives them.
_TEXTS = (
    "access_key",
    "aws_access_key",
    "aws_access_key_id",
    "secret_key",
    "aws_secret_key",
    "aws_secret_access_key",
    "session_token",
    "aws_session_token",
)


def stay_the_same_user(connection: Any) -> None:
    """Switch become off where a task runs on the controller."""
    if connection.transport == "local":
        connection.set_become_plugin(None)


class ApiAction(NormalAction):
    """Run the module of the same name."""

    def run(self, tmp: Optional[str] = None, task_vars: Optional[dict[str, Any]] = None) -> dict[str, Any]:
        stay_the_same_user(self._connection)
        problem = texts_problem(self._task.args, _TEXTS)
        if problem:
            return {"failed": True, "changed": False, "msg": problem}
        result: dict[str, Any] = super().run(tmp, task_vars)
        return result
