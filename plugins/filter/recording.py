# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters for the role's plan, and for the results of its steps on the hosts."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from ansible.utils.display import Display
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.backup_file import (
    SUFFIX,
    latest_playbook,
)
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.login_variables import (
    login_problems,
)
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.plan import plan_fleet
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.role_variables import (
    read_members,
    values_of_task,
)
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._output import host_results
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._output.import_lines import import_lines
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._output.rollout_report import not_replaced
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._output.storage_record import (
    storage_record,
)
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._plan.absence_variables import (
    LimitError,
    gone_hosts,
)
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._plan.host_patterns import patterns_of
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._plan.readers import readers_of
from jinja2 import pass_context
from jinja2.runtime import Context

Variables = Mapping[str, Mapping[str, Any]]


class _ReadOnce(Mapping[str, Mapping[str, Any]]):
    """The variables of hosts, which Ansible would put together again each time that somebody reads them."""

    def __init__(self, hostvars: Variables) -> None:
        self._hostvars = hostvars
        self._read: dict[str, Mapping[str, Any]] = {}

    def __getitem__(self, host: str) -> Mapping[str, Any]:
        if host not in self._read:
            self._read[host] = self._hostvars[host]
        return self._read[host]

    def __contains__(self, host: object) -> bool:
        return host in self._hostvars

    def __iter__(self) -> Iterator[str]:
        return iter(self._hostvars)

    def __len__(self) -> int:
        return len(self._hostvars)


@pass_context
def recording_fleet(
    context: Context,
    values: Mapping[str, Any],
    hostvars: Variables,
    host: str,
    chosen: Iterable[str],
    inventory_hosts: Iterable[str] = (),
    backup_dir: str = "",
    logs_in: bool = True,
) -> dict[str, Any]:
    """See recording_fleet.yml."""
    chosen = list(chosen)
    given = {**values_of_task(context), **values}
    known = _ReadOnce(hostvars)
    members, problems = read_members(given, known, host, chosen, inventory_hosts)
    problems += login_problems(context, known, host, chosen) if logs_in else []
    folder = os.path.expanduser(backup_dir)
    unverified = glob.glob(os.path.join(glob.escape(folder), f"*{SUFFIX}")) if folder else []
    result = plan_fleet(members, problems, folder, {path: latest_playbook(path) for path in unverified})
    for warning in result["warnings"]:
        Display().warning(warning)
    return result


def recording_readers(
    hosts: Iterable[str], hostvars: Variables, connection: str, gone: Any = ()
) -> dict[str, list[str]]:
    """See recording_readers.yml."""
    try:
        not_read = gone_hosts(gone)
    except LimitError:
        # The plan refuses it, in a task that can say so.
        not_read = []
    return readers_of(hosts, hostvars, connection, not_read)


def recording_not_replaced(retired: Variables, kept: Mapping[str, str], check_mode: bool = False) -> str:
    """See recording_not_replaced.yml."""
    return not_replaced(retired, kept, check_mode)


def recording_results(hosts: Iterable[str], hostvars: Variables) -> dict[str, str]:
    """See recording_results.yml."""
    results, notes = host_results.results_and_notes(hosts, hostvars)
    for text in notes:
        _warn(text)
    return results


def recording_notes(hosts: Iterable[str], hostvars: Variables) -> list[str]:
    """See recording_notes.yml."""
    return _warn(host_results.notes_of_check(hosts, hostvars))


def _warn(text: str) -> list[str]:
    if text:
        Display().warning(text)
    return text.splitlines()


class FilterModule:
    """The filters for the plan and its results."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {
            "recording_batch": host_results.current_batch,
            "recording_broken": host_results.broken,
            "recording_fleet": recording_fleet,
            "recording_import_lines": import_lines,
            "recording_missing": host_results.not_applied,
            "recording_not_replaced": recording_not_replaced,
            "recording_results": recording_results,
            "recording_notes": recording_notes,
            "recording_patterns": patterns_of,
            "recording_readers": recording_readers,
            "recording_storage_record": storage_record,
            "recording_to_verify": host_results.without_verification,
        }
