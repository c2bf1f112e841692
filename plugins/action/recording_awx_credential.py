# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any, Optional

from ansible.plugins.action import ActionBase
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._steps.task_variables import (
    TaskVariables,
    VariableError,
)

_SPEC = {
    "name": {"type": "str", "required": True},
    "type": {"type": "str", "required": True},
}
_PREFIX = "s3_recording_awx_"


class ActionModule(ActionBase):
    """Run awx.awx.credential with secrets that the task itself does not have."""

    _supports_check_mode = True

    def run(self, tmp: Optional[str] = None, task_vars: Optional[dict[str, Any]] = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        _validation, options = self.validate_argument_spec(_SPEC)
        variables = TaskVariables(task_vars or {}, self._templar)
        try:
            secrets = variables(f"__{_PREFIX}inputs")
            inputs = secrets.get(options["type"])
            if inputs is None:
                raise VariableError(
                    "The role s3_recording_awx has no secrets for a credential of the type "
                    f"{options['type']}. Its types are {', '.join(sorted(secrets))}. Nothing was changed"
                )
            arguments = {
                "name": options["name"],
                "organization": variables(f"{_PREFIX}organization"),
                "credential_type": options["type"],
                "inputs": {name: value for name, value in inputs.items() if value not in (None, "")},
                "update_secrets": variables(f"{_PREFIX}update_secrets"),
            }
        except VariableError as error:
            return {**result, "failed": True, "msg": f"{error}."}
        made = self._execute_module("awx.awx.credential", arguments, task_vars=task_vars)
        made.pop("invocation", None)
        return {**result, **made}
