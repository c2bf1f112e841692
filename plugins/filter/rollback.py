# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters for the backups of a fleet."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.backup import Layer
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.backup_file import (
    BackupFile,
    run_names,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.errors import AmsError
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.storage_needs import (
    reads_of_access,
    restored_settings,
    uploads_with_acls,
    user_tasks,
)
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._output.rollback_report import (
    Rollback,
    describe_rollback,
)
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._plan.restored_runs import (
    hosts_with_run,
    restored_runs,
)
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._plan.runs import (
    History,
    chosen_run,
    name_of_run,
    sets_otherwise,
    since_run,
)

Hosts = Mapping[str, Mapping[str, Any]]


def recording_rollback(
    hosts: Hosts, run: Any, since: Any, backup_dir: str, buckets: Sequence[Mapping[str, Any]] = ()
) -> dict[str, Any]:
    """See recording_rollback.yml."""
    name, folder = str(run), os.path.expanduser(backup_dir)
    backups: dict[str, list[Layer]] = {}
    problems = []
    for host in hosts:
        try:
            backups[host] = _layers(hosts[host])
        except AmsError as error:
            problems.append(f"{host}: {error}")
    if problems:
        return _refused("\n".join(["A backup cannot be used. Nothing was changed.", *problems]))
    paths = {host: str(each["backup_path"]) for host, each in hosts.items()}
    elsewhere = hosts_with_run(folder, name, paths.values()) if name else []
    history = History({host: restored_runs(path) for host, path in paths.items()}, elsewhere)
    choice = chosen_run(backups, name, str(since), backup_dir, history)
    if choice.problem:
        return _refused(choice.problem)
    to_restore = {host: since_run(backups[host], first) for host, first in choice.hosts.items()}
    restored = list(restored_settings(hosts, to_restore))
    acls = uploads_with_acls(buckets, restored)
    return {
        "problem": "",
        "lines": [],
        "storage": user_tasks(buckets, restored),
        "acls": acls,
        "access": reads_of_access(buckets, acls),
        "since": choice.since,
        "hosts": dict(choice.hosts),
        "done": list(choice.done),
        "later": choice.later,
        "elsewhere": elsewhere,
        "set_again": [host for host, layers in to_restore.items() if sets_otherwise(hosts[host], layers)],
    }


def _refused(problem: str) -> dict[str, Any]:
    first, *rest = problem.splitlines()
    lines = [f"STOP  {first}", *(f"{' ' * 6}{line}" for line in rest)]
    nothing: dict[str, Any] = {
        "done": [],
        "later": "",
        "elsewhere": [],
        "set_again": [],
        "storage": [],
        "acls": {},
        "access": [],
    }
    return {"problem": problem, "lines": lines, "since": "", "hosts": {}, **nothing}


def recording_restored(
    hosts: Iterable[str],
    hostvars: Hosts,
    rollback: Mapping[str, Any],
    planned: Hosts,
    run: Any = "",
    check_mode: bool = False,
) -> dict[str, Any]:
    """See recording_restored.yml."""
    no_result = {"failed": True, "msg": "there is no result, so the server could not be reached"}
    results = {
        host: (hostvars[host].get("__s3_recording_restored") or no_result)
        if host in rollback["hosts"]
        else {}
        for host in hosts
    }
    lines, failed = describe_rollback(
        results,
        Rollback(
            rollback["since"],
            is_named=bool(str(run)),
            done=rollback["done"],
            later=rollback["later"],
            elsewhere=rollback["elsewhere"],
            clusters={host: str(each.get("cluster") or "") for host, each in planned.items()},
            buckets={host: str(each["bucket"]) for host, each in planned.items()},
            set_again=rollback["set_again"],
            check_mode=check_mode,
        ),
    )
    return {"lines": lines, "failed": failed}


def recording_run_name(now: str, backup_dir: str) -> str:
    """See recording_run_name.yml."""
    return name_of_run(now, run_names(os.path.expanduser(backup_dir)))


def _layers(host: Mapping[str, Any]) -> list[Layer]:
    return BackupFile(host["backup_path"], host["ams_url"].strip()).all_layers()


class FilterModule:
    """The filters for backups."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {
            "recording_restored": recording_restored,
            "recording_rollback": recording_rollback,
            "recording_run_name": recording_run_name,
        }
