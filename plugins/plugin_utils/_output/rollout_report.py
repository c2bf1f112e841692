# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a rollout ended, in words. Plain data in, text out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

_FEW = 5
_OWN_LINE, _BACK, _READ, _UNCHANGED = "own line", "back", "read", "unchanged"
_BY_NODE, _UNWRITTEN, _UNKNOWN = "by node", "unwritten", "unknown"
_WORDS = {
    _BACK: "The former settings are back on",
    _READ: "As before the run:",
    _UNCHANGED: "Not changed by this run:",
    _BY_NODE: "Changed through another node of the cluster, and not read since that was taken back:",
    _UNWRITTEN: "Nothing was written to",
}
_ADDRESS = re.compile(r"https?://[^\s,'/]*[^\s,'/.:;)]")


@dataclass(frozen=True)
class Ended:
    """How one host of a batch that failed has ended.

    broken: why it failed, empty where it did not. back: whether former settings were written back.
    read: whether the backup was compared with its settings, which are as before. unchanged: whether this run
    found its settings as asked, and had nothing to take back. unwritten: whether nothing was sent to it.
    by_node: whether another node of its cluster was written and taken back, and it was not read since.
    stuck: why they could not be. left_alone: settings that somebody else has changed in between.
    """

    host: str
    broken: str = ""
    back: bool = False
    read: bool = False
    unchanged: bool = False
    by_node: bool = False
    unwritten: bool = False
    stuck: str = ""
    left_alone: Sequence[str] = field(default_factory=tuple)


def stopped(
    batch: Sequence[Ended], not_touched: Sequence[str], run: str, again: str = "", leaked: bool = False
) -> str:
    """The last word on a rollout that was stopped: what failed where, and how every server is now.

    again: the playbook to run again, where the run is not rolled back by name. leaked: whether the access
    key was being rotated because it has leaked.
    """
    back = f"rollback.yml with s3_recording_run={run}"
    go_on = again or f"{back}, or servers.yml"
    lines = [f"The rollout was stopped (run {run})."]
    lines += [f"- {each.host}: {each.broken}" for each in batch if each.broken]
    hosts: dict[str, list[str]] = {}
    for each in batch:
        hosts.setdefault(_state(each), []).append(each.host)
    lines += [f"{words} {few(hosts[state])}." for state, words in _WORDS.items() if state in hosts]
    if _UNKNOWN in hosts:
        what = f"Run {again} again" if again else f"Run verify.yml for them, or {back}"
        lines.append(f"Not known: {few(hosts[_UNKNOWN])}. {what}.")
    lines += [
        f"{each.host}: the former settings could not be taken back: {each.stuck} They are kept; "
        f"when the server answers: {go_on} again"
        for each in batch
        if each.stuck
    ]
    lines += [
        f"{each.host}: left as somebody else has set it in the meantime: {', '.join(each.left_alone)}"
        for each in batch
        if each.left_alone
    ]
    if not_touched:
        lines.append(f"Not touched: {few(not_touched)}.")
    if leaked:
        lines.append(
            "This run has not made the leaked access key inactive. Run rotate_key.yml with "
            "s3_recording_key_leaked=true again, and leave out servers that fail (--limit): it goes on with "
            "the key that is stored, makes the one before it inactive, and fails at the end to say which one "
            "was not replaced."
        )
    return "\n".join(lines)


def _state(ended: Ended) -> str:
    """Return in which line the host is named; those with a line of their own are in none."""
    if ended.stuck or (ended.left_alone and not ended.back):
        return _OWN_LINE
    known = (
        (ended.back, _BACK),
        (ended.read, _READ),
        (ended.unchanged, _UNCHANGED),
        (ended.by_node, _BY_NODE),
        (ended.unwritten, _UNWRITTEN),
    )
    return next((state for holds, state in known if holds), _UNKNOWN)


def not_replaced(retired: Mapping[str, Mapping[str, Any]], kept: Mapping[str, str], check_mode: bool) -> str:
    """What a rotation of leaked keys has left open, a line for each bucket; empty where all were replaced.

    retired: bucket to the result of making its former key inactive. kept: bucket to the key that was stored
    before, where that was an unfinished rotation to be finished first.
    """
    was, again = ("would NOT be", "run this twice") if check_mode else ("was NOT", "run this again")
    return "\n".join(
        f"{bucket}: {_gone(retired[bucket], check_mode)}{key} {was} replaced: "
        f"if {key} is the leaked one, {again}."
        for bucket, key in kept.items()
        if bucket in retired and retired[bucket]["access_key_id"] == key
    )


def _gone(result: Mapping[str, Any], check_mode: bool) -> str:
    inactive = [each["access_key_id"] for each in result["former_access_keys"] if not each["active"]]
    verb = "would be" if check_mode else "is now"
    states = ((inactive, "inactive"), (result["deleted_access_key_ids"], "deleted"))
    return "".join(f"{', '.join(keys)} {verb} {state}. " for keys, state in states if keys)


def noted(notes: Mapping[str, Sequence[str]]) -> str:
    """What is to be known of some servers, the same words once for all of them; empty where there is nothing.

    notes: host to its notes, of each of which the first address is the server's.
    """
    hosts_of: dict[str, list[str]] = {}
    for host, texts in notes.items():
        for text in texts:
            hosts_of.setdefault(_without_address(text), []).append(host)
    return "\n".join(f"{few(hosts)}: {text}" for text, hosts in hosts_of.items())


def _without_address(text: str) -> str:
    """Return the text without the address of the server; those of a bucket or a CDN stay."""
    first = _ADDRESS.search(text)
    if first is None:
        return text
    own = re.compile(re.escape(first[0]) + r"(?![\w:-]|\.\w)(/?)")
    return own.sub(lambda found: "the server's /" if found[1] else "the server", text)


def few(hosts: Sequence[str]) -> str:
    """Names of a few hosts, and how many more there are."""
    more = len(hosts) - _FEW
    return ", ".join(hosts[:_FEW]) + (f" and {more} more" if more > 0 else "")
