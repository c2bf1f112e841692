# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Optional

from ansible.plugins.action import ActionBase
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.backup_file import BackupFile
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.errors import AmsError
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._steps.task_variables import (
    TaskVariables,
)

# The result at the end has all of them.
_MOST = 10
_SPEC = {
    "hosts": {"type": "list", "elements": "str", "required": True},
    "unchecked": {"type": "bool", "default": False},
}


class ActionModule(ActionBase):
    """Record that the changes of a whole batch are verified; fail if one of its servers is not.

    It runs once, but not by run_once: where such a task fails, Ansible brings one host to the rescue section
    and takes the others out of the play.
    """

    BYPASS_HOST_LOOP = True

    def run(self, tmp: Optional[str] = None, task_vars: Optional[dict[str, Any]] = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        _validation, given = self.validate_argument_spec(_SPEC)
        result["changed"] = False
        if self._task.check_mode:
            return {**result, "hosts": []}
        return {**result, **self._result(given["hosts"], task_vars or {}, given["unchecked"])}

    def _result(self, hosts: Sequence[str], task_vars: Mapping[str, Any], unchecked: bool) -> dict[str, Any]:
        results = self._results(hosts, task_vars)
        failed = {host: result for host, result in results.items() if result.get("failed")}
        if failed:
            return self._failure(failed)
        return self._record([host for host in hosts if unchecked or results[host]], task_vars)

    def _record(self, to_record: Sequence[str], task_vars: Mapping[str, Any]) -> dict[str, Any]:
        planned = (task_vars.get("__s3_recording_fleet") or {}).get("hosts") or {}
        unplanned = [host for host in to_record if host not in planned]
        if unplanned:
            return {"failed": True, "msg": f"The plan has no {', '.join(unplanned)}."}
        try:
            return {"hosts": [host for host in to_record if _is_verified_now(planned[host])]}
        except AmsError as error:
            return {"failed": True, **error.result()}

    def _failure(self, failed: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        problems = [f"{host}: {result.get('msg') or 'it failed'}" for host, result in failed.items()]
        # Of each host that has failed in this play or before.
        failed_before = bool(self._task.get_play()._removed_hosts)  # noqa: SLF001 - it has no public name
        found = {"not_verified": list(failed), "failed_before": failed_before}
        return {"failed": True, **found, "msg": "\n".join(problems[:_MOST])}

    def _results(self, hosts: Sequence[str], task_vars: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
        """Return the result of the checks of each host, empty for one that was not checked."""
        variables = TaskVariables(task_vars, self._templar)
        together = variables.fact("__s3_recording_together", True)
        return {
            host: _result_of(host, task_vars if together else variables.fact("hostvars").raw_get(host))
            for host in hosts
        }


def _result_of(host: str, variables: Mapping[str, Any]) -> Mapping[str, Any]:
    checked: Mapping[str, Any] = variables.get("__s3_recording_verified") or {}
    found: Mapping[str, Any] = (checked.get("hosts") or {}).get(host) or {}
    return found


def _is_verified_now(host: dict[str, Any]) -> bool:
    backup = BackupFile(host["backup_path"], host["ams_url"].strip())
    open_before = backup.is_unverified
    backup.mark_verified()
    return open_before
