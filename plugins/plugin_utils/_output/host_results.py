# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read from the variables of hosts how the role's steps have ended there."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ...module_utils._ams.backup_file import unproved_path
from .rollout_report import Ended, noted, stopped

Variables = Mapping[str, Mapping[str, Any]]
# The facts of the steps: applied, verified, restored.
_STEPS = ("applied", "proof", "back")


def describe_stopped(
    batch: Sequence[str],
    hostvars: Variables,
    all_hosts: Sequence[str],
    run: str,
    again: str = "",
    leaked: bool = False,
) -> str:
    """Return the message after a rollout that was stopped in a batch."""
    last = max((all_hosts.index(host) for host in batch if host in all_hosts), default=-1)
    after = [host for host in all_hosts[last + 1 :] if host not in batch]
    return stopped([_ended(host, hostvars[host]) for host in batch], after, run, again, leaked)


def has_unverified(batch: Sequence[str], hosts: Variables, hostvars: Variables) -> bool:
    """True if a host of the batch has a change that is not verified yet. hosts: those of the plan."""
    # A host's variables are put together anew for each look at them; its file is enough, but for a node of a
    # cluster that was not written itself.
    return any(
        os.path.exists(unproved_path(hosts[host]["backup_path"]))
        or (hosts[host]["cluster"] and (hostvars[host].get("__s3_recording_applied") or {}).get("unproved"))
        for host in batch
    )


def not_applied(hosts: Iterable[str], hostvars: Variables) -> list[str]:
    """Return the hosts whose settings were neither changed nor found as desired."""
    applied = _applied(hosts, hostvars)
    return [host for host, result in applied.items() if result.get("failed") or "apps" not in result]


def key_users(hosts: Iterable[str], hostvars: Variables, bucket: str) -> list[str]:
    """Return which servers use which access key of a bucket, one line a key."""
    users: dict[str, list[str]] = {}
    not_read = []
    for host in hosts:
        read = (hostvars[host].get("__s3_recording_read") or {}).get("settings")
        if read is None:
            not_read.append(host)
            continue
        of_bucket = [each for each in read.values() if each.get("s3BucketName") == bucket]
        for key_id in sorted({str(each.get("s3AccessKey") or "no key") for each in of_bucket}):
            users.setdefault(key_id, []).append(host)
    lines = [f"{bucket}: {key_id} is used by {', '.join(users[key_id])}" for key_id in sorted(users)]
    lines += [] if users else [f"{bucket}: no server that was read records to it"]
    return [*lines, f"{bucket}: not read were {', '.join(not_read)}"] if not_read else lines


def changes(hosts: Iterable[str], hostvars: Variables) -> list[str]:
    """Return what was changed, one line a host."""
    applied = _applied(hosts, hostvars)
    return [f"{host}: {result.get('msg', '')}" for host, result in applied.items() if result.get("changed")]


def results_and_notes(hosts: Iterable[str], hostvars: Variables) -> tuple[dict[str, str], list[str]]:
    """Return one word for how each host ended, and the notes of changing and of checking the servers."""
    steps = {host: _steps(hostvars[host]) for host in hosts}
    texts = [noted({host: each[step].get("notes") or [] for host, each in steps.items()}) for step in (0, 1)]
    return {host: _result(each) for host, each in steps.items()}, texts


def notes_of_check(hosts: Iterable[str], hostvars: Variables) -> str:
    """Return the notes of checking the servers, each once for all its hosts."""
    return noted({host: _steps(hostvars[host])[1].get("notes") or [] for host in hosts})


def _applied(hosts: Iterable[str], hostvars: Variables) -> dict[str, Mapping[str, Any]]:
    return {host: _steps(hostvars[host])[0] for host in hosts}


def _steps(variables: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [variables.get(f"__s3_recording_{step}") or {} for step in _STEPS]


def _result(steps: Sequence[Mapping[str, Any]]) -> str:
    applied, verified, rollback = steps
    if not applied:
        return "unknown"
    if rollback.get("failed"):
        return "stuck"
    if _is_restored(rollback):
        return "restored"
    if applied.get("failed") or applied.get("unreachable") or verified.get("failed"):
        return "failed"
    return "changed" if applied.get("changed") else "unchanged"


def _is_restored(rollback: Mapping[str, Any]) -> bool:
    return any(each["changed"] for each in (rollback.get("apps") or {}).values())


def _ended(host: str, variables: Mapping[str, Any]) -> Ended:
    applied, verified, rollback = _steps(variables)
    broken = [each for each in (applied, verified) if each.get("failed") or each.get("unreachable")]
    has_login = not (applied.get("login_refused") or applied.get("login_unsure"))
    # A restore reads what it has a backup of; without one, this run has sent nothing.
    was_read = has_login and "apps" in rollback and not rollback.get("failed")
    by_node = bool(applied.get("written_by")) and not rollback.get("apps")
    is_well = "apps" in applied and not applied.get("failed")
    return Ended(
        host,
        broken=str(broken[0].get("msg", "")) if broken else "",
        back=_is_restored(rollback),
        read=was_read and bool(rollback["apps"]),
        by_node=by_node,
        unchanged=was_read and is_well and not (applied.get("changed") or by_node),
        unwritten=(was_read and not by_node and not applied.get("changed"))
        or not has_login
        or bool(applied.get("skipped")),
        stuck=str(rollback.get("msg", "")) if rollback.get("failed") else "",
        left_alone=_left_alone(rollback),
    )


def _left_alone(rollback: Mapping[str, Any]) -> list[str]:
    found = rollback.get("left_alone") or {}
    return sorted(f"{app}: {name}" for app, names in found.items() for name in names)
