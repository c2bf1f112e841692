# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Optional

from ansible.plugins.action import ActionBase
from ansible_collections.antmedia.s3_recording.plugins.action import recording_read, s3_recording_storage
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._display.display_lines import (
    display_lines,
    run_stats,
)
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._output.narrowing_report import (
    format_narrowing,
)
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._plan.limits import GONE, gone_hosts
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._plan.narrowing import (
    Narrowing,
    narrow,
    narrowed_policy,
)
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._steps.task_variables import TaskVariables

_USER = "iam_programmatic_user"
_LOCAL = ("local", "ansible.builtin.local")
_SPEC = {
    "lines": {"type": "list", "elements": "str", "required": True},
    "stats": {"type": "dict", "default": {}},
}


class ActionModule(ActionBase):
    """Remove the upload rights that no server needs any more, and print the result of the run."""

    _supports_check_mode = True

    def run(self, tmp: Optional[str] = None, task_vars: Optional[dict[str, Any]] = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        _validation, given = self.validate_argument_spec(_SPEC)
        self._variables = TaskVariables(task_vars or {}, self._templar)
        narrowed = self._narrow(task_vars or {})
        lines = display_lines([*given["lines"], *narrowed.pop("lines", ())])
        return {
            **result,
            "changed": False,
            **narrowed,
            **run_stats(given["stats"]),
            "msg": lines,
            # The lines were printed; -v adds nothing to them.
            "_ansible_verbose_override": True,
        }

    def _narrow(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        rights = self._kept_rights()
        # The servers of a check have not changed yet. The plan names the rights.
        if not rights or self._task.check_mode:
            return {}
        fleet = self._variables.fact("__s3_recording_fleet")
        buckets = [bucket for bucket in fleet["buckets"] if bucket["bucket"] in rights]
        reads = self._reads(fleet, task_vars)
        gone = gone_hosts(self._variables(GONE, []))
        found = {each["bucket"]: narrow(each, rights[each["bucket"]], reads, gone) for each in buckets}
        done = self._remove([each for each in buckets if found[each["bucket"]].removed], found, task_vars)
        lines = [line for each in buckets for line in format_narrowing(each, found[each["bucket"]], done)]
        return {"changed": bool(done.get("changed")), "lines": lines}

    def _kept_rights(self) -> dict[str, list[str]]:
        """Return the rights that the user of each bucket has beside those that the inventory asks for."""
        done = self._variables("__s3_recording_storage_done", {}) or {}
        users = {bucket: each.get(_USER) or {} for bucket, each in (done.get("buckets") or {}).items()}
        return {bucket: each["kept_rights"] for bucket, each in users.items() if each.get("kept_rights")}

    def _reads(self, fleet: Mapping[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """Read the servers that the controller reaches itself. The others count as not read."""
        readers = self._variables.fact("hostvars")["localhost"]["__s3_recording_readers"]
        hosts = [
            host for reader, theirs in readers.items() for host in theirs if self._is_local(reader, task_vars)
        ]
        reading = recording_read.ActionModule.beside(self)
        read: dict[str, Any] = reading.read_here(
            [host for host in hosts if host in fleet["hosts"]], task_vars, all_apps=True
        )
        return read

    def _is_local(self, host: str, task_vars: Mapping[str, Any]) -> bool:
        return task_vars["hostvars"][host].get("ansible_connection", self._task.connection) in _LOCAL

    def _remove(
        self, buckets: Sequence[Mapping[str, Any]], found: Mapping[str, Narrowing], task_vars: dict[str, Any]
    ) -> dict[str, Any]:
        if not buckets:
            return {}
        task = self._task.copy()
        task.args = {"buckets": [_narrowed(each, found[each["bucket"]].kept) for each in buckets]}
        action = s3_recording_storage.ActionModule(
            task=task,
            connection=self._connection,
            play_context=self._play_context,
            loader=self._loader,
            templar=self._templar,
            shared_loader_obj=self._shared_loader_obj,
        )
        done: dict[str, Any] = action.run(None, task_vars)
        return done


def _narrowed(bucket: Mapping[str, Any], kept: Sequence[str]) -> dict[str, Any]:
    """Return what sets the policy of a bucket's user to what the inventory asks for and these rights."""
    storage = bucket["storage"]
    user = {**storage[_USER], "policy": narrowed_policy(bucket["key_policy"], kept), "keep_rights": False}
    place = {name: each for name, each in storage.items() if name in ("name", "region", "endpoint_url")}
    return {**place, _USER: user, "unless_uploading": True}
