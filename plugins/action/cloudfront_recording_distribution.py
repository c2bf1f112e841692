# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any, Optional

from ansible.module_utils.parsing.convert_bool import boolean
from ansible_collections.antmedia.s3_recording.plugins.modules import cloudfront_recording_distribution
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._actions import waiting
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._actions.on_controller import (
    AwsAction,
)

_PATIENCE = 1200


class ActionModule(AwsAction):
    """Run the module of the same name and display that it waits, which a running module cannot do."""

    module = cloudfront_recording_distribution

    def run(self, tmp: Optional[str] = None, task_vars: Optional[dict[str, Any]] = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        del tmp
        arguments = dict(self._task.args)
        waits = not self._task.check_mode and boolean(arguments.get("wait", True), strict=False)
        first = {**arguments, "wait": False} if waits else arguments
        made = self._execute_module(module_args=first, task_vars=task_vars)
        result.update(made)
        if not waits or made.get("failed") or made.get("status") in (None, "Deployed"):
            return result
        seconds = waiting.seconds_of(arguments.get("wait_timeout"), _PATIENCE)
        waiting.Waiting().say(waiting.distribution_message(made, seconds))
        deployed = self._execute_module(module_args=arguments, task_vars=task_vars)
        # The second run only waits: the changes are those of the first.
        of_first = ("changed", "steps", "diff", *(() if deployed.get("failed") else ("msg",)))
        result.update({**deployed, **{name: made[name] for name in of_first}})
        return result
