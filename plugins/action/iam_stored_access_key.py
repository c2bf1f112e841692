# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import math
import time
from typing import Any, Optional

from ansible_collections.antmedia.s3_recording.plugins.modules import iam_stored_access_key
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._actions import vault_secrets, waiting
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._actions.on_controller import AwsAction

_DEFAULT_TIMEOUT = 60
# Seconds that the module itself waits. A running module displays nothing, and AWS may need a minute: without
# turns the run would not say what it is waiting for.
_TURN = 5


class ActionModule(AwsAction):
    """Run the module of the same name with the vault passwords of the run, which a module cannot see.

    While AWS needs time, run the module in turns and display what it is waiting for.
    """

    module = iam_stored_access_key

    def run(self, tmp: Optional[str] = None, task_vars: Optional[dict[str, Any]] = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        del tmp
        arguments = dict(self._task.args)
        label = vault_secrets.inject_vault_passwords(arguments, self._connection, self._loader)
        if label:
            arguments["vault_id"] = arguments.get("vault_id") or label
        result.update(self._in_turns(arguments, task_vars))
        return result

    def _in_turns(self, arguments: dict[str, Any], task_vars: Optional[dict[str, Any]]) -> dict[str, Any]:
        begun = time.monotonic()
        timeout = waiting.seconds_of(arguments.get("wait_timeout"), _DEFAULT_TIMEOUT)
        # For the last key, counted from here: the document that could record the start is deleted with it.
        is_last = arguments.get("state") == "absent"
        switch_wait = waiting.seconds_of(arguments.get("switch_wait", 0), 0) if is_last else 0
        earlier: dict[str, Any] = {}
        display = waiting.Waiting()
        while True:
            left = timeout - (time.monotonic() - begun)
            # The module refuses a value that is not a number.
            turn = arguments if timeout <= _TURN else {**arguments, "wait_timeout": min(_TURN, round(left))}
            if switch_wait:
                turn = {**turn, "switch_wait": max(0, math.ceil(switch_wait - (time.monotonic() - begun)))}
            result = _with_earlier(earlier, self._execute_module(module_args=turn, task_vars=task_vars))
            is_waiting = result.get("not_yet") or (result.get("pending") and not self._task.check_mode)
            waited = time.monotonic() - begun
            if not is_waiting or timeout - waited < 1:
                return result
            display.say(waiting.key_message(result, timeout))
            earlier = result
            if result.get("pending"):
                # The module itself does not wait for that.
                time.sleep(min(timeout - waited, _TURN))


def _with_earlier(earlier: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
    """Return the result of a turn with the changes of earlier turns, which the module does not know."""
    if not earlier.get("changed"):
        return result
    deleted = [
        each["deleted_access_key_ids"] for each in (earlier, result) if "deleted_access_key_ids" in each
    ]
    then, now = earlier["diff"], result.get("diff") or {}
    return {
        **result,
        "changed": True,
        "deleted_access_key_ids": [key for keys in deleted for key in keys],
        "diff": {
            **then,
            "before": {**now.get("before", {}), **then["before"]},
            "after": {**then["after"], **now.get("after", {})},
        },
    }
