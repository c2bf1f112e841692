# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any, Optional

from ansible_collections.antmedia.s3_recording.plugins.modules import iam_stored_access_key
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._actions import vault_secrets
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._actions.on_controller import AwsAction


class ActionModule(AwsAction):
    """Run the module of the same name with the vault passwords of the run, which a module cannot see."""

    module = iam_stored_access_key

    def run(self, tmp: Optional[str] = None, task_vars: Optional[dict[str, Any]] = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        del tmp
        arguments = dict(self._task.args)
        label = vault_secrets.inject_vault_passwords(arguments, self._connection, self._loader)
        if label:
            arguments["vault_id"] = arguments.get("vault_id") or label
        result.update(self._execute_module(module_args=arguments, task_vars=task_vars))
        return result
