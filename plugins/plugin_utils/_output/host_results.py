# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read from the variables of hosts how the role's steps have ended there."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Optional

from ...module_utils._ams.backup_file import unverified_path
from .rollout_report import HostResult, format_stopped, group_notes

Variables = Mapping[str, Mapping[str, Any]]


class _Steps:
    """The results of changing a server, of checking it, and of restoring it."""

    def __init__(self, variables: Mapping[str, Any]) -> None:
        self.applied, self.verified, self.rollback = (
            variables.get(f"__s3_recording_{step}") or {} for step in ("applied", "verified", "restored")
        )
        # A restore reads what it has a backup of; without one, this run has sent nothing.
        self.was_read = self.has_login and "apps" in self.rollback and not self.rollback.get("failed")
        self.by_node = bool(self.applied.get("written_by")) and not self.rollback.get("apps")

    @property
    def has_login(self) -> bool:
        return not any(self.applied.get(name) for name in ("login_refused", "login_unsure", "unsent"))

    @property
    def is_restored(self) -> bool:
        return any(each["changed"] for each in (self.rollback.get("apps") or {}).values())

    @property
    def is_applied(self) -> bool:
        return "apps" in self.applied and not self.applied.get("failed")

    def result(self) -> str:
        if not self.applied:
            return "unknown"
        if self.rollback.get("failed"):
            return "stuck"
        if self.is_restored:
            return "restored"
        if _is_broken(self.applied) or self.verified.get("failed"):
            return "failed"
        return "changed" if self.applied.get("changed") else "unchanged"

    def ended(self, host: str) -> HostResult:
        broken: Mapping[str, Any] = next(filter(_is_broken, (self.applied, self.verified)), {})
        is_changed = self.applied.get("changed") or self.by_node
        return HostResult(
            host,
            broken=str(broken.get("msg", "")),
            back=self.is_restored,
            read=self.was_read and bool(self.rollback["apps"]),
            by_node=self.by_node,
            unchanged=self.was_read and self.is_applied and not is_changed,
            unwritten=(self.was_read and not is_changed)
            or not self.has_login
            or bool(self.applied.get("skipped")),
            stuck=str(self.rollback.get("msg", "")) if self.rollback.get("failed") else "",
            left_alone=self._left_alone(),
        )

    def _left_alone(self) -> list[str]:
        found = self.rollback.get("left_alone") or {}
        return sorted(f"{app}: {name}" for app, names in found.items() for name in names)


def _is_broken(result: Mapping[str, Any]) -> bool:
    return bool(result.get("failed") or result.get("unreachable"))


def describe_stopped(
    batch: Sequence[str],
    hostvars: Variables,
    all_hosts: Sequence[str],
    run: str,
    again: str = "",
    leaked: bool = False,
    storage: Optional[Variables] = None,
) -> str:
    """Return the message after a rollout that was stopped in a batch.

    storage: bucket to what the run did there, with its changes.
    """
    last = max((all_hosts.index(host) for host in batch if host in all_hosts), default=-1)
    after = [host for host in all_hosts[last + 1 :] if host not in batch]
    on_aws = {bucket: each["changes"] for bucket, each in (storage or {}).items() if each.get("changes")}
    ended = [_Steps(hostvars[host]).ended(host) for host in batch]
    return format_stopped(ended, after, run, again, leaked, on_aws)


def has_unverified(batch: Sequence[str], hosts: Variables, hostvars: Variables) -> bool:
    """True if a host of the batch has a change that is not verified yet. hosts: those of the plan."""
    # A host's variables are put together anew for each look at them; its file is enough, but for a node of a
    # cluster that was not written itself.
    return any(
        os.path.exists(unverified_path(hosts[host]["backup_path"]))
        or (hosts[host]["cluster"] and (hostvars[host].get("__s3_recording_applied") or {}).get("unverified"))
        for host in batch
    )


def not_applied(hosts: Iterable[str], hostvars: Variables) -> list[str]:
    """Return the hosts whose settings were neither changed nor found as desired."""
    return [host for host in hosts if not _Steps(hostvars[host]).is_applied]


def key_users(hosts: Iterable[str], hostvars: Variables, bucket: str) -> list[str]:
    """Return which servers use which access key of a bucket, one line a key."""
    reads = {host: (hostvars[host].get("__s3_recording_read") or {}).get("settings") for host in hosts}
    users: dict[str, list[str]] = {}
    for host, read in reads.items():
        for key_id in _keys_of(bucket, read or {}):
            users.setdefault(key_id, []).append(host)
    lines = [f"{bucket}: {key_id} is used by {', '.join(users[key_id])}" for key_id in sorted(users)]
    lines += [] if users else [f"{bucket}: no server that was read records to it"]
    not_read = [host for host, read in reads.items() if read is None]
    return [*lines, f"{bucket}: not read were {', '.join(not_read)}"] if not_read else lines


def _keys_of(bucket: str, settings: Variables) -> list[str]:
    of_bucket = [each for each in settings.values() if each.get("s3BucketName") == bucket]
    return sorted({str(each.get("s3AccessKey") or "no key") for each in of_bucket})


def changes(hosts: Iterable[str], hostvars: Variables) -> list[str]:
    """Return what was changed, one line a host."""
    applied = {host: _Steps(hostvars[host]).applied for host in hosts}
    return [f"{host}: {result.get('msg', '')}" for host, result in applied.items() if result.get("changed")]


def results_and_notes(hosts: Iterable[str], hostvars: Variables) -> tuple[dict[str, str], list[str]]:
    """Return one word for how each host ended, and the notes of changing and of checking the servers."""
    steps = {host: _Steps(hostvars[host]) for host in hosts}
    notes = [
        group_notes({host: each.applied.get("notes") or [] for host, each in steps.items()}),
        group_notes({host: each.verified.get("notes") or [] for host, each in steps.items()}),
    ]
    return {host: each.result() for host, each in steps.items()}, notes


def notes_of_check(hosts: Iterable[str], hostvars: Variables) -> str:
    """Return the notes of checking the servers, each once for all its hosts."""
    return group_notes({host: _Steps(hostvars[host]).verified.get("notes") or [] for host in hosts})
