# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Optional

from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._display.display_lines import (
    display_lines,
    failure,
    run_stats,
)
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._output.plan_report import (
    format_differences,
    format_plan,
    format_problems,
)
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._plan.absent_hosts import (
    GONE,
    SKIP,
    LimitError,
    gone_hosts,
    most_unreachable,
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
_SPEC = {"view": {"type": "str", "choices": [_PLAN, _SITE, _DRIFT], "default": _PLAN}}


class ActionModule(ActionBase):
    """Plan a run from what the tasks before have read, display the plan, and fail if it has a problem."""

    _supports_check_mode = True

    def run(self, tmp: Optional[str] = None, task_vars: Optional[dict[str, Any]] = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        _validation, given = self.validate_argument_spec(_SPEC)
        self._variables = TaskVariables(task_vars or {}, self._templar)
        try:
            plan = self._plan()
        except (VariableError, LimitError) as error:
            return {**result, "failed": True, "msg": f"{error}. Nothing was changed."}
        return {**result, "changed": False, **self._result(plan, given["view"])}

    def _plan(self) -> dict[str, Any]:
        desired = self._variables.fact("__s3_recording_fleet")
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
        readers = self._variables.fact("ansible_play_hosts_all")
        skipped = {reader: _SKIPPED for reader in readers if result_of_read(hostvars, reader).get("skipped")}
        return {**reads_of_plan(hostvars, readers), **skipped}

    def _is_true(self, name: str, *, default: bool) -> bool:
        return bool(boolean(self._variables(name, default)))

    def _result(self, plan: Mapping[str, Any], view: str) -> dict[str, Any]:
        servers = plan["servers"]
        # Where the variables cannot work there is no plan beside their problems.
        lines = format_plan(plan) if plan["is_made"] else []
        if self._task.diff or view == _DRIFT:
            lines += format_differences(servers["changes"])
        if plan["problems"]:
            return _failure([*lines, *format_problems(plan)], "The plan has problems, listed above")
        differs = servers["changing"] or any(each["changes"] for each in plan["buckets"].values())
        if view == _DRIFT and differs:
            return _failure(lines, "There is drift, listed above. Run site.yml to bring it back")
        return {
            "msg": display_lines(lines),
            "servers": _for_later_plays(plan, self._variables.fact("__s3_recording_fleet")["hosts"]),
            **(_stats(servers) if view == _SITE else {}),
            # The lines were printed; -v adds nothing to them.
            "_ansible_verbose_override": True,
        }


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


def _failure(lines: list[str], problem: str) -> dict[str, Any]:
    return failure(display_lines(lines), f"{problem}. Nothing was changed.")


def _stats(servers: Mapping[str, Any]) -> dict[str, Any]:
    """Return the statistics of servers that have no task after the plan; each batch adds its own."""
    results = {
        **dict.fromkeys(servers["unchanged"], "unchanged"),
        **dict.fromkeys([*servers["skipped"], *servers["gone"]], "skipped"),
    }
    return run_stats({_RESULTS: results})
