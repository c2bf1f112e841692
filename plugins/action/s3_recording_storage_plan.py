# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any, Optional

from ansible_collections.antmedia.s3_recording.plugins.modules import s3_recording_storage_plan
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._actions import vault_secrets
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._actions.on_controller import (
    AwsAction,
)


class ActionModule(AwsAction):
    """Run the module of the same name with the vault passwords of the run, which a module cannot see."""

    module = s3_recording_storage_plan

    def run(self, tmp: Optional[str] = None, task_vars: Optional[dict[str, Any]] = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        del tmp
        arguments = dict(self._task.args)
        if any(_is_in_file(bucket) for bucket in arguments.get("buckets") or []):
            file_options = {"store": "file", "vault_password": arguments.get("vault_password")}
            label = vault_secrets.inject_vault_passwords(file_options, self._connection, self._loader)
            arguments["vault_password"] = file_options["vault_password"]
            arguments["vault_id"] = arguments.get("vault_id") or label or None
        result.update(self._execute_module(module_args=arguments, task_vars=task_vars))
        if not self._task.diff:
            result.pop("diff", None)
        return result


def _is_in_file(bucket: Any) -> bool:
    if not isinstance(bucket, dict):
        return False
    modules = [bucket.get(name) for name in ("iam_stored_access_key", "previous_iam_user")]
    stores = ("store", "previous_store", "key_store")
    return any(isinstance(each, dict) and each.get(name) == "file" for each in modules for name in stores)
