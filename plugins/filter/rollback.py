# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters for the backups of a fleet."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.backup import Layer
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.backup_file import (
    BackupFile,
    run_names,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.errors import AmsError
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._output.rollback_report import restored
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._rollback.runs import (
    chosen_run,
    name_of_run,
)

Hosts = Mapping[str, Mapping[str, Any]]


def recording_rollback(hosts: Hosts, run: Any, since: Any, backup_dir: str) -> dict[str, Any]:
    """See recording_rollback.yml."""
    backups: dict[str, list[Layer]] = {}
    problems = []
    for host in hosts:
        try:
            backups[host] = _layers(hosts[host])
        except AmsError as error:
            problems.append(f"{host}: {error}")
    if problems:
        return {"problem": "\n".join(["Nothing was changed.", *problems]), "since": "", "hosts": {}}
    choice = chosen_run(backups, str(run), str(since), backup_dir)
    return {"problem": choice.problem, "since": choice.since, "hosts": dict(choice.hosts)}


def recording_restored(
    hosts: Iterable[str], hostvars: Hosts, rollback: Mapping[str, Any], check_mode: bool = False
) -> dict[str, Any]:
    """See recording_restored.yml."""
    no_result = {"failed": True, "msg": "there is no result, so the server could not be reached"}
    results = {
        host: (hostvars[host].get("__s3_recording_restored") or no_result)
        if host in rollback["hosts"]
        else {}
        for host in hosts
    }
    text, failed = restored(results, rollback["since"], check_mode)
    return {"msg": text, "failed": failed}


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
