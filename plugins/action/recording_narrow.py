# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Optional

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase
from ansible_collections.antmedia.s3_recording.plugins.action import recording_read, s3_recording_storage
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.other_folders import FORGET
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.policy_union import with_uploads
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.errors import CollectionError
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.plain_text import one_line
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._actions.on_controller import beside
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._display.display_lines import (
    display_lines,
    run_stats,
)
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._output.narrowing_report import (
    format_narrowing,
)
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._plan.absent_hosts import GONE, gone_hosts
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._plan.narrowing import (
    Narrowing,
    narrow,
)
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._plan.readers import is_local
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._steps.task_variables import (
    TaskVariables,
    VariableError,
    reads_of_plan,
)

_USER = "iam_programmatic_user"
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
        # First of all: whatever comes now, the servers have changed.
        lines = display_lines(given["lines"])
        try:
            changed, of_rights = self._narrow(task_vars or {})
        except (AnsibleError, CollectionError, VariableError) as error:
            changed = False
            of_rights = [f"  Kept         all rights to upload, because {one_line(str(error))}"]
        return {
            **result,
            "changed": changed,
            **run_stats(given["stats"]),
            "msg": [*lines, *display_lines(of_rights)],
            # The lines were printed; -v adds nothing to them.
            "_ansible_verbose_override": True,
        }

    def _narrow(self, task_vars: dict[str, Any]) -> tuple[bool, list[str]]:
        """Return whether something was removed, and the lines about it."""
        rights = self._kept_rights()
        # The servers of a check have not changed yet. The plan names the rights.
        if not rights or self._task.check_mode:
            return False, []
        fleet = self._variables.fact("__s3_recording_fleet")
        hosts = self._hosts(fleet)
        before = reads_of_plan(task_vars["hostvars"], self._readers())
        after = self._reads([host for host in hosts if host in fleet["hosts"]], task_vars)
        found = {name: narrow(name, each, hosts, before, after) for name, each in rights.items()}
        buckets = [bucket for bucket in fleet["buckets"] if bucket["bucket"] in rights]
        done = self._remove([each for each in buckets if found[each["bucket"]].removed], found, task_vars)
        lines = [line for each in buckets for line in format_narrowing(each, found[each["bucket"]], done)]
        return bool(done.get("changed")), lines

    def _hosts(self, fleet: Mapping[str, Any]) -> list[str]:
        """Return all hosts of the play, --limit or not, and of its buckets, that are not gone for good."""
        of_play = self._variables.fact("__s3_recording_play").get("hosts") or []
        of_buckets = [host for bucket in fleet["buckets"] for host in bucket["hosts"]]
        gone = gone_hosts(self._variables(GONE, []))
        return [host for host in dict.fromkeys([*of_play, *of_buckets, *fleet["hosts"]]) if host not in gone]

    def _readers(self) -> dict[str, list[str]]:
        of_controller = self._variables.fact("hostvars")["localhost"]
        readers: dict[str, list[str]] = of_controller["__s3_recording_readers"]
        return readers

    def _kept_rights(self) -> dict[str, list[str]]:
        """Return the rights that the user of each bucket has beside those that the inventory asks for."""
        done = self._variables("__s3_recording_storage_done", {}) or {}
        users = {bucket: each.get(_USER) or {} for bucket, each in (done.get("buckets") or {}).items()}
        return {bucket: each["kept_rights"] for bucket, each in users.items() if each.get("kept_rights")}

    def _reads(self, hosts: Sequence[str], task_vars: dict[str, Any]) -> dict[str, Any]:
        """Read the servers that the controller reaches itself. The others count as not read."""
        hostvars = task_vars["hostvars"]
        reachable = {
            host
            for reader, theirs in self._readers().items()
            for host in theirs
            if is_local(hostvars[reader], self._task.connection)
        }
        skipped = hostvars["localhost"]["__s3_recording_servers"].get("skipped") or []
        reachable -= {host for host in reachable if host in skipped or _is_refused(hostvars[host])}
        read: dict[str, Any] = beside(recording_read.ActionModule, self).read_here(
            [host for host in hosts if host in reachable], task_vars, all_apps=True
        )
        return read

    def _remove(
        self, buckets: Sequence[Mapping[str, Any]], found: Mapping[str, Narrowing], task_vars: dict[str, Any]
    ) -> dict[str, Any]:
        if not buckets:
            return {}
        task = self._task.copy()
        task.args = {"buckets": [_narrowed(each, found[each["bucket"]].kept) for each in buckets]}
        done: dict[str, Any] = beside(s3_recording_storage.ActionModule, self, task).run(None, task_vars)
        return done


def _is_refused(variables: Mapping[str, Any]) -> bool:
    """True for a server whose password may be wrong: another try could block the account."""
    applied = variables.get("__s3_recording_applied") or {}
    return bool(applied.get("login_refused") or applied.get("login_unsure"))


def _narrowed(bucket: Mapping[str, Any], kept: Sequence[str]) -> dict[str, Any]:
    """Return what sets the policy of a bucket's user to what the inventory asks for and these rights."""
    storage = bucket["storage"]
    user = {**storage[_USER], "policy": with_uploads(bucket["key_policy"], kept), "other_folders": FORGET}
    place = {name: each for name, each in storage.items() if name in ("name", "region", "endpoint_url")}
    return {**place, _USER: user, "unless_uploading": True}
