# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Optional

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.action import ActionBase
from ansible_collections.antmedia.s3_recording.plugins.action import (
    ams_app_settings,
    ams_server_info,
    recordings_import,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.errors import AmsError
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._actions.in_process import (
    InProcessAction,
    plain,
)
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._actions.on_controller import beside
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._plan.restored_runs import (
    remember_restored,
)
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._steps.alias import explain_alias
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._steps.arguments import (
    OF_CONNECTION,
    arguments_of,
    imports_first,
)
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._steps.import_first import (
    apps_to_import,
    import_first,
    import_of,
)
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._steps.task_variables import (
    TaskVariables,
    VariableError,
    reads_of,
)

_ACTIONS: dict[str, type[InProcessAction]] = {
    "apply": ams_app_settings.ActionModule,
    "import": recordings_import.ActionModule,
    "read": ams_server_info.ActionModule,
    "restore": ams_app_settings.ActionModule,
}
_SPEC = {"step": {"type": "str", "choices": list(_ACTIONS), "required": True}}

# There is nothing to restore on the server.
_NOT_SENT = {"failed": True, "changed": False, "unsent": True}


class ActionModule(ActionBase):
    """Run the module of a step of the role, with arguments that the task itself does not have."""

    _supports_async = True
    _supports_check_mode = True

    def run(self, tmp: Optional[str] = None, task_vars: Optional[dict[str, Any]] = None) -> dict[str, Any]:
        _validation, given = self.validate_argument_spec(_SPEC)
        step = given["step"]
        variables = TaskVariables(task_vars or {}, self._templar)
        try:
            arguments = plain(arguments_of(step, variables))
            imported = self._to_import_first(step, variables)
        except AmsError as error:
            return {**_NOT_SENT, **error.result()}
        except (VariableError, ValueError) as error:
            return {**_NOT_SENT, "msg": f"{error}."}

        begun: list[str] = []

        def run(name: str, given: Mapping[str, Any]) -> dict[str, Any]:
            begun.append(name)
            try:
                return beside(_ACTIONS[name], self).run_with(given, tmp, task_vars, prefix=OF_CONNECTION)
            except AnsibleConnectionFailure as error:
                if len(begun) == 1:
                    raise
                # Ansible would not restore a server that it takes for out of reach.
                return {"failed": True, "changed": False, "msg": f"The connection was lost: {error}"}

        read = reads_of(task_vars or {}).get(str(variables("inventory_hostname")), {}) if imported else {}
        names = apps_to_import(arguments, read) if imported else []
        if names:
            result = import_first(run, arguments, import_of(imported, names), names)
        else:
            result = run(step, arguments)
        restore = arguments.get("restore") or {}
        if restore.get("forget") and not self._task.check_mode:
            remember_restored(restore["path"], result)
        return explain_alias(result, task_vars or {})

    def _to_import_first(self, step: str, variables: TaskVariables) -> dict[str, Any]:
        """Return the arguments of an import that comes before forwarding; none in check mode."""
        is_first = imports_first(step, variables) and not self._task.check_mode
        return plain(arguments_of("import", variables)) if is_first else {}
