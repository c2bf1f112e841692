# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Optional

from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._output.keys_report import format_keys
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._output.plan_report import (
    format_differences,
    format_plan,
    format_problems,
)
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._plan.absence_variables import (
    GONE,
    SKIP,
    LimitError,
    gone_hosts,
    most_unreachable,
)
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._plan.failing import (
    blame,
    failing_hosts,
)
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._plan.fleet_plan import (
    Storage,
    next_key,
    plan_run,
)
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._steps.task_variables import (
    TaskVariables,
    VariableError,
    reads_of_plan,
    result_of_read,
)

_DISTRIBUTION = "cloudfront_recording_distribution"
_RESULTS = "s3_recording_results"
_NO_DISTRIBUTION = (
    "Bucket {bucket} has no CloudFront distribution yet to send viewers to. Run storage.yml first, or set "
    "s3_recording_cloudfront_distribution"
)
# What the plays that follow need to know: they ask for their hosts. A task makes facts of it: those that an
# action returns would be in a fact cache.
_FOR_LATER_PLAYS = ("changing", "unchanged", "present", "skipped", "gone")
_SKIPPED = {
    "problem": {
        "kind": "refused",
        "tried": "Reading the server",
        "actual": "a condition of the play skipped the task that reads it",
        "remedy": "Leave servers out by the hosts of the play or by --limit",
    }
}
_PLAN = "plan"
_SITE = "site"
_DRIFT = "drift"
_AUDIT = "audit"
_SPEC = {"view": {"type": "str", "choices": [_PLAN, _SITE, _DRIFT, _AUDIT], "default": _PLAN}}
# Views of what there is, which is to be as planned.
_NO_CHANGES = (_DRIFT, _AUDIT)


class ActionModule(ActionBase):
    """Plan a run from what the tasks before have read, for a later task to display, and say who fails."""

    _supports_check_mode = True

    def run(self, tmp: Optional[str] = None, task_vars: Optional[dict[str, Any]] = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        _validation, given = self.validate_argument_spec(_SPEC)
        self._view = given["view"]
        self._variables = TaskVariables(task_vars or {}, self._templar)
        try:
            planned = self._planned()
        except VariableError as error:
            return {**result, "failed": True, "msg": f"{error}. Nothing was changed."}
        # Its lines are displayed by a later task, and -v adds nothing to them.
        return {**result, "changed": False, **planned, "_ansible_verbose_override": True}

    def _planned(self) -> dict[str, Any]:
        desired = self._variables.fact("__s3_recording_fleet")
        # Those that failed before have no task in which they could fail.
        hosts = self._variables.fact("ansible_play_hosts")
        is_limited = bool(self._variables("ansible_limit", ""))
        try:
            plan = self._plan(desired)
        except LimitError as error:
            return _ending(f"{error}", [], blame([[]], hosts, is_limited=is_limited))
        changes_fail = self._view in _NO_CHANGES
        failing = failing_hosts(plan, desired, hosts, fails_on_changes=changes_fail, is_limited=is_limited)
        return self._result(plan, failing or hosts[:1])

    def _plan(self, desired: Mapping[str, Any]) -> dict[str, Any]:
        reads_servers = self._is_true("__s3_recording_reads_servers", default=True)
        gone = gone_hosts(self._variables(GONE, []))
        servers = len([host for host in desired["hosts"] if host not in gone])
        return plan_run(
            desired,
            self._storage(desired),
            self._reads() if reads_servers else None,
            gone=gone,
            most_unreachable=most_unreachable(self._variables(SKIP, 0), servers),
            verifies=self._is_true("s3_recording_verify", default=True)
            or self._is_true("__s3_recording_ends_key", default=False),
        )

    def _storage(self, desired: Mapping[str, Any]) -> Storage:
        read = self._variables.fact("__s3_recording_storage_read")
        keys = self._variables.fact("__s3_recording_keys_read")
        found = [*desired["problems"], *(read.get("problems") or [])]
        is_created = self._is_true("__s3_recording_reads_storage", default=True)
        if not is_created:
            without = _without_domain(desired, read["buckets"])
            found += [_NO_DISTRIBUTION.format(bucket=bucket) for bucket in without]
        # The key is read where the storage is: it fails for the same reason.
        buckets = read["buckets"] if is_created else self._next_keys(desired)
        return Storage(buckets, found or keys.get("problems") or [])

    def _next_keys(self, desired: Mapping[str, Any]) -> dict[str, Any]:
        """Return the access keys that a rotation creates after the plan."""
        names = self._variables("__s3_recording_next_keys", [])
        buckets = [bucket for bucket in desired["buckets"] if bucket["bucket"] in names]
        return {bucket["bucket"]: {"changes": [next_key(bucket)]} for bucket in buckets}

    def _reads(self) -> dict[str, Any]:
        """Return what was read of each server, by whichever host had the task."""
        hostvars = self._variables.fact("hostvars")
        readers = self._variables.fact("__s3_recording_readers")
        skipped = {reader: _SKIPPED for reader in readers if result_of_read(hostvars, reader).get("skipped")}
        return {**reads_of_plan(hostvars, readers), **skipped}

    def _is_true(self, name: str, *, default: bool) -> bool:
        return bool(boolean(self._variables(name, default)))

    def _result(self, plan: Mapping[str, Any], hosts: list[str]) -> dict[str, Any]:
        servers, lines = plan["servers"], self._lines(plan)
        if plan["problems"]:
            return _ending("The plan has problems, listed above", [*lines, *format_problems(plan)], hosts)
        if self._view in _NO_CHANGES and _differs(plan):
            return _ending("There is drift, listed above. Run site.yml to bring it back", lines, hosts)
        stats = _stats(servers) if self._view == _SITE else {}
        return {
            "servers": _for_later_plays(plan, self._variables.fact("__s3_recording_fleet")["hosts"]),
            "display": {"hosts": hosts, "lines": lines, "problem": "", "stats": stats},
        }

    def _lines(self, plan: Mapping[str, Any]) -> list[str]:
        # Where the variables cannot work there is no plan beside their problems.
        lines = format_plan(plan) if plan["is_made"] else []
        if self._view == _AUDIT:
            lines += format_keys(plan)
        if self._task.diff or self._view in _NO_CHANGES:
            lines += format_differences(plan["servers"]["changes"])
        return lines


def _differs(plan: Mapping[str, Any]) -> bool:
    return bool(plan["servers"]["changing"]) or any(each["changes"] for each in plan["buckets"].values())


def _without_domain(desired: Mapping[str, Any], buckets: Mapping[str, Any]) -> list[str]:
    """Return the buckets whose distribution does not exist, where that is known."""
    results = {name: each["results"].get(_DISTRIBUTION) for name, each in buckets.items()}
    names = [bucket["bucket"] for bucket in desired["buckets"] if bucket["needs_domain"]]
    return [name for name in names if results.get(name) and not results[name].get("domain_name")]


def _for_later_plays(plan: Mapping[str, Any], hosts: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    servers, buckets = plan["servers"], plan["buckets"]
    used = {hosts[host].get("bucket") for host in servers["unchanged"]}
    return {
        **{name: list(servers[name]) for name in _FOR_LATER_PLAYS},
        "folders_in_use": {name: each["folders_in_use"] for name, each in buckets.items()},
        # No server sends viewers there before the run has changed one.
        "unused_buckets": [name for name in buckets if name not in used],
    }


def _ending(problem: str, lines: list[str], hosts: list[str]) -> dict[str, Any]:
    """Return a result with which the run ends. It has no hosts for later plays."""
    problem = f"{problem}. Nothing was changed."
    return {"servers": {}, "display": {"hosts": hosts, "lines": lines, "problem": problem, "stats": {}}}


def _stats(servers: Mapping[str, Any]) -> dict[str, Any]:
    """Return the statistics of servers that have no task after the plan; each batch adds its own."""
    return {
        _RESULTS: {
            **dict.fromkeys(servers["unchanged"], "unchanged"),
            **dict.fromkeys([*servers["skipped"], *servers["gone"]], "skipped"),
        }
    }
