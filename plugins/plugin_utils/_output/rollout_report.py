# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages about a rollout that was stopped, a rotation that is not finished, and notes of servers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...module_utils._common.plain_text import abbreviate
from .._display.lines import group_by_text, limited, of_hosts, without_address

_OWN_LINE, _BACK, _READ, _UNCHANGED = "own line", "back", "read", "unchanged"
_BY_NODE, _UNWRITTEN, _UNKNOWN = "by node", "unwritten", "unknown"
_MOST_BUCKETS = 3
_LINES = {
    _BACK: "The previous settings are restored on",
    _READ: "As before the run:",
    _UNCHANGED: "Not changed by this run:",
    _BY_NODE: "Changed through another node of the cluster, and not read since that node was rolled back:",
    _UNWRITTEN: "Nothing was written to",
}


@dataclass(frozen=True)
class HostResult:
    """The state of one host of a batch that failed.

    back: True if previous settings were written back.
    read: True if the backup was compared with the settings of the host, and nothing differed.
    unchanged: True if this run found its settings as desired, and had nothing to roll back.
    unwritten: True if nothing was sent to it. by_node: True if another node of its cluster was written and
    rolled back, and this host was not read since. stuck: why its settings could not be restored.
    left_alone: settings that somebody else has changed in between.
    """

    host: str
    back: bool = False
    read: bool = False
    unchanged: bool = False
    by_node: bool = False
    unwritten: bool = False
    stuck: str = ""
    left_alone: Sequence[str] = field(default_factory=tuple)


def describe_stop(run: str, on_aws: Mapping[str, Sequence[str]], *, leaked: bool = False) -> list[str]:
    """Return what a rollout that was stopped leaves behind beside the servers.

    on_aws: bucket to what this run changed of its storage. leaked: True if the access key was being rotated
    because it has leaked.
    """
    lines = [f"The rollout was stopped (run {run})."]
    if leaked:
        lines.append(
            "This run has not made the leaked access key inactive. Run rotate_key.yml with "
            "s3_recording_key_leaked=true again, and leave out servers that fail (--limit): it continues "
            "with the stored key, makes the previous one inactive, and fails at the end to say which one "
            "was not replaced."
        )
    still = [
        f"Changed on AWS, and not rolled back with the servers: {', '.join(changed)} of {bucket}."
        for bucket, changed in on_aws.items()
    ]
    return [*lines, *limited(still, _MOST_BUCKETS, "bucket", "Changed on AWS: ")]


def describe_states(batch: Sequence[HostResult], run: str, again: str = "") -> list[str]:
    """Return in which state the hosts of a batch are that failed."""
    return [
        *_states(batch, run, again),
        *_stuck(batch, run, again),
        *_by_text((each.host, _not_restored(each)) for each in batch if each.left_alone),
    ]


def _states(batch: Iterable[HostResult], run: str, again: str) -> list[str]:
    """Return a line for each state, with the hosts that are in it."""
    hosts: dict[str, list[str]] = {}
    for each in batch:
        hosts.setdefault(_state(each), []).append(each.host)
    lines = [f"{words} {abbreviate(hosts[state])}." for state, words in _LINES.items() if state in hosts]
    if _UNKNOWN in hosts:
        remedy = f"Run {again} again" if again else f"Run verify.yml for them, or {_rollback_of(run)}"
        lines.append(f"Not known: {abbreviate(hosts[_UNKNOWN])}. {remedy}.")
    return lines


def _stuck(batch: Iterable[HostResult], run: str, again: str) -> list[str]:
    playbook = again or f"{_rollback_of(run)}, or servers.yml"
    after = f"They are kept; when the server answers, run {playbook} again"
    return _by_text(
        (each.host, f"the previous settings could not be restored: {each.stuck} {after}")
        for each in batch
        if each.stuck
    )


def _not_restored(each: HostResult) -> str:
    return f"not restored, somebody else changed it: {', '.join(each.left_alone)}"


def _by_text(found: Iterable[tuple[str, str]]) -> list[str]:
    return [of_hosts(hosts, text) for text, hosts in group_by_text(found).items()]


def _rollback_of(run: str) -> str:
    return f"rollback.yml with s3_recording_rollback_run={run}"


def _state(result: HostResult) -> str:
    """Return the state of a host, by which the message groups it."""
    if result.stuck or (result.left_alone and not result.back):
        return _OWN_LINE
    known = (
        (result.back, _BACK),
        (result.read, _READ),
        (result.unchanged, _UNCHANGED),
        (result.by_node, _BY_NODE),
        (result.unwritten, _UNWRITTEN),
    )
    return next((state for holds, state in known if holds), _UNKNOWN)


def not_replaced(retired: Mapping[str, Mapping[str, Any]], kept: Mapping[str, str], check_mode: bool) -> str:
    """Return a line for each bucket whose leaked key a rotation has not replaced; empty if there is none.

    retired: bucket to the result of making its previous key inactive. kept: bucket to the key that was
    already stored, where an unfinished rotation had to be finished first.
    """
    was, again = ("would NOT be", "run this twice") if check_mode else ("was NOT", "run this again")
    return "\n".join(
        f"{bucket}: {_gone(retired[bucket], check_mode)}{key} {was} replaced: "
        f"if {key} is the leaked one, {again}."
        for bucket, key in kept.items()
        if bucket in retired and retired[bucket]["access_key_id"] == key
    )


def _gone(result: Mapping[str, Any], check_mode: bool) -> str:
    inactive = [each["access_key_id"] for each in result["previous_access_keys"] if not each["active"]]
    verb = "would be" if check_mode else "is now"
    states = ((inactive, "inactive"), (result["deleted_access_key_ids"], "deleted"))
    return "".join(f"{', '.join(keys)} {verb} {state}. " for keys, state in states if keys)


def group_notes(notes: Mapping[str, Sequence[str]]) -> str:
    """Return the notes of servers, the same text once for all of them; empty where there is none.

    notes: host to its notes, of each of which the first address is the server's.
    """
    hosts_of: dict[str, list[str]] = {}
    for host, texts in notes.items():
        for text in texts:
            hosts_of.setdefault(without_address(text), []).append(host)
    return "\n".join(f"{abbreviate(hosts)}: {text}" for text, hosts in hosts_of.items())
