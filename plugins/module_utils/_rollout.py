# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""How a rollout ended, in words. Plain data in, text out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

_FEW = 5
_OWN_LINE, _BACK, _READ, _UNWRITTEN, _UNKNOWN = "own line", "back", "read", "unwritten", "unknown"
_ADDRESS = re.compile(r"https?://[^\s,'/]*[^\s,'/.:;)]")


@dataclass(frozen=True)
class Ended:
    """How one host of a batch that failed has ended.

    broken: why it failed, empty where it did not. back: whether former settings were written back.
    read: whether its settings were read and are as before. unwritten: whether nothing was sent to be written.
    stuck: why they could not be. left_alone: settings that somebody else has changed in between.
    """

    host: str
    broken: str = ""
    back: bool = False
    read: bool = False
    unwritten: bool = False
    stuck: str = ""
    left_alone: Sequence[str] = field(default_factory=tuple)


def stopped(batch: Sequence[Ended], not_touched: Sequence[str], run: str, rotates: str = "") -> str:
    """The last word on a rollout that was stopped: what failed where, and how every server is now.

    rotates: normal or leaked where the access key was being rotated, which is not rolled back by name.
    """
    again = "rotate_key.yml" if rotates else f"rollback.yml with s3_recording_run={run}, or servers.yml"
    lines = [f"The rollout was stopped (run {run})."]
    lines += [f"- {each.host}: {each.broken}" for each in batch if each.broken]
    hosts: dict[str, list[str]] = {}
    for each in batch:
        hosts.setdefault(_state(each), []).append(each.host)
    if _BACK in hosts:
        lines.append(f"The former settings are back on {few(hosts[_BACK])}.")
    if _READ in hosts:
        lines.append(f"As before the run: {few(hosts[_READ])}.")
    if _UNWRITTEN in hosts:
        lines.append(f"Nothing was written to {few(hosts[_UNWRITTEN])}.")
    if _UNKNOWN in hosts:
        lines.append(
            f"Not known: {few(hosts[_UNKNOWN])}. Run verify.yml for them, or rollback.yml with "
            f"s3_recording_run={run}."
        )
    lines += [
        f"{each.host}: the former settings could not be taken back: {each.stuck} They are kept; "
        f"when the server answers: {again} again"
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
    if rotates == "leaked":
        lines.append(
            "This run has not made the leaked access key inactive. Run rotate_key.yml with "
            "s3_recording_key_leaked=true again, and leave out servers that fail (--limit): it goes on with "
            "the next key that is stored, and then makes the leaked one inactive."
        )
    return "\n".join(lines)


def _state(ended: Ended) -> str:
    """Return in which line the host is named; those with a line of their own are in none."""
    if ended.stuck or (ended.left_alone and not ended.back):
        return _OWN_LINE
    known = ((ended.back, _BACK), (ended.read, _READ), (ended.unwritten, _UNWRITTEN))
    return next((state for holds, state in known if holds), _UNKNOWN)


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
