# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""The desired settings of applications, the plan for each, and the result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Callable, Optional

from .._common.errors import AmsError
from .backup_file import BackupFile
from .settings import Change, plan


@dataclass(frozen=True)
class DesiredSettings:
    """The desired settings of one application.

    only_if: settings that it must have, otherwise it is left alone.
    undo: settings to restore, each with its value before and the value after that it must still have.
    """

    app: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    reset: Sequence[str] = ()
    only_if: Mapping[str, Any] = field(default_factory=dict)
    undo: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class ApplyOptions:
    """Options of a change.

    backup: file to which the previous values are added, under the names of backup_run and backup_playbook.
    backup_only: write the backup but not the settings.
    is_backed_up: the backup is made already; write nothing that is not in it.
    start_timeout: seconds to wait for a server that is starting. idle_timeout: for its live streams to end.
    forget: remove what is restored from the backup.
    access_key: restore an access key too that was replaced by another.
    written_by: the node of the cluster that has written; wait for it, cluster_timeout seconds at most.
    cluster_hosts: number of known nodes of the cluster, 0 not to compare it.
    """

    check_mode: bool = False
    backup: Optional[BackupFile] = None
    backup_run: Optional[str] = None
    backup_playbook: Optional[str] = None
    backup_only: bool = False
    is_backed_up: bool = False
    start_timeout: float = 0
    idle_timeout: float = 0
    forget: bool = True
    access_key: bool = True
    written_by: Optional[str] = None
    cluster_hosts: int = 0
    cluster_timeout: float = 60


@dataclass(frozen=True)
class Plan:
    """The planned change of one application.

    again: makes the plan again, from settings that were read later.
    left_alone: of a rollback, what somebody else has changed. key_stays: the settings of an access key that
    is not rolled back. kept: all settings that are not restored.
    unmet: the conditions that the application does not meet, so that it is left alone.
    others: what somebody else has set while this was written.
    """

    app: str
    current: Mapping[str, Any]
    change: Change
    again: Callable[[Mapping[str, Any]], Plan] = field(repr=False, compare=False)
    left_alone: Mapping[str, Any] = field(default_factory=dict)
    key_stays: Sequence[str] = ()
    kept: Sequence[str] = ()
    unmet: str = ""
    others: Mapping[str, Any] = field(default_factory=dict)


def unmet_conditions(current: Mapping[str, Any], only_if: Mapping[str, Any]) -> str:
    """Describe the settings that are not as the condition requires."""
    if not only_if:
        return ""
    change = plan(current, only_if)
    return describe_values({name: change.redacted()[name]["before"] for name in change.names})


def warnings_of(url: str, planned: Plan) -> list[str]:
    """Return what to know of a change that was made."""
    where = f"{url}, application '{planned.app}'"
    found = [
        f"{where}: the server stores '{stored}' for {name}, which is not the requested value"
        for name, stored in planned.change.rewritten.items()
        if name in planned.change.after
    ]
    if planned.left_alone:
        found.append(
            f"{where}: not restored, somebody else changed it: {describe_values(planned.left_alone)}"
        )
    if planned.others:
        found.append(
            f"{where}: after this write it has {describe_values(planned.others)}, which this run did not "
            "write. Somebody else, or the server, set it meanwhile. It stays"
        )
    return found


def describe_values(values: Mapping[str, Any]) -> str:
    """Return name='value' of each, with commas."""
    return ", ".join(f"{name}={value!r}" for name, value in sorted(values.items()))


def result_of(url: str, plans: Sequence[Plan], check_mode: bool) -> dict[str, Any]:
    """Return the result of a task."""
    diff = [planned.change.diff(f"{url} {planned.app}") for planned in plans if planned.change]
    return {
        "changed": any(planned.change for planned in plans),
        "apps": {
            planned.app: {"changed": bool(planned.change), "changes": planned.change.redacted()}
            for planned in plans
        },
        "msg": "; ".join(_describe(planned, check_mode) for planned in plans),
        **({"diff": diff} if diff else {}),
    }


def refuse_odd_names(desired: Sequence[DesiredSettings]) -> None:
    """Raise AmsError for a name that is empty or listed twice."""
    names = [each.app for each in desired]
    if not all(name.strip() for name in names):
        # The server would make a new application, called settings.
        raise AmsError("Reading the options app and apps", "the name of an application is empty")
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise AmsError("Reading the option apps", f"listed more than once: {', '.join(doubled)}")


def _describe(planned: Plan, check_mode: bool) -> str:
    names = planned.change.names
    if planned.unmet:
        return f"{planned.app}: left alone, since {planned.unmet}"
    stays = ", the access key stays, since a replaced one is not written back" if planned.key_stays else ""
    if not names:
        return f"{planned.app}: nothing to change{stays}"
    noun = "setting" if len(names) == 1 else "settings"
    verb = "would change" if check_mode else "changed"
    return f"{planned.app}: {len(names)} {noun} {verb} ({', '.join(names)}){stays}"
