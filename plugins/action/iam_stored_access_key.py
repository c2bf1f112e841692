# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import math
import time
from typing import Any, Optional

from ansible_collections.antmedia.s3_recording.plugins.modules import iam_stored_access_key
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._actions import (
    vault_secrets,
    waiting,
)
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._actions.on_controller import (
    AwsAction,
)

_PATIENCE = 60
# How long the module itself waits before there is something to be said. A module cannot speak while it runs.
_TURN = 5


class ActionModule(AwsAction):
    """Runs the module of the same name, with the vault passwords of the run, which a module cannot see.

    Where something takes time on the side of AWS, the module is run in turns, and what it waits for is told.
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
        patience = waiting.seconds_of(arguments.get("wait_timeout"), _PATIENCE)
        # Of the last key, counted from here: with it goes the document that could note when that began.
        is_last = arguments.get("state") == "absent"
        quiet = waiting.seconds_of(arguments.get("quiet", 0), 0) if is_last else 0
        earlier: dict[str, Any] = {}
        told = waiting.Waiting()
        while True:
            left = patience - (time.monotonic() - begun)
            # What is no number goes to the module, which says so.
            turn = arguments if patience <= _TURN else {**arguments, "wait_timeout": min(_TURN, round(left))}
            if quiet:
                turn = {**turn, "quiet": max(0, math.ceil(quiet - (time.monotonic() - begun)))}
            result = _with_earlier(earlier, self._execute_module(module_args=turn, task_vars=task_vars))
            is_waiting = result.get("not_yet") or (result.get("pending") and not self._task.check_mode)
            waited = time.monotonic() - begun
            if not is_waiting or patience - waited < 1:
                return result
            told.say(waiting.for_the_key(result, patience))
            earlier = result
            if result.get("pending"):
                # The module does not wait for that itself.
                time.sleep(min(patience - waited, _TURN))


def _with_earlier(earlier: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
    """The result of a turn with what the turns before have done, of which the module does not know."""
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
