# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decide which servers a run verifies, and which of them by a test stream. Plain data in, plain data out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from .._intent.verification import ALL, FIRST, ROTATE
from .verifications import NEVER, Record


@dataclass(frozen=True)
class Candidate:
    """A server that may be verified. live_test: its variable. record: of its last verification."""

    host: str
    live_test: str
    record: Record = NEVER


def is_recent(record: Record, of: str, every: int, now: float, release: str = "") -> bool:
    """True if a server was verified in the last so many seconds, for what is still desired.

    release: that it has now, and must have had then.
    """
    return record.of == of and record.release == release and 0 <= now - record.at < every


def live_hosts(candidates: Sequence[Candidate], first: str, *, in_batch: bool, in_site: bool) -> set[str]:
    """Return the hosts that are verified by a test stream.

    first: the first server of the rollout, or of the play. in_batch: the servers were changed just now.
    in_site: site.yml verifies, by itself or after a rollout.
    """
    live = {each.host for each in candidates if each.live_test == ALL}
    if in_batch or not in_site:
        live |= {each.host for each in candidates if each.host == first and _is_of_first(each, in_batch)}
    if not in_batch:
        turns = [each for each in candidates if _is_of_turns(each, in_site)]
        live |= {_longest_ago(turns)} if turns else set()
    return live


def _is_of_first(candidate: Candidate, in_batch: bool) -> bool:
    # Whatever the turns are, a rollout begins with a server that records.
    return candidate.live_test == FIRST or (in_batch and candidate.live_test in ("", ROTATE))


def _is_of_turns(candidate: Candidate, in_site: bool) -> bool:
    return candidate.live_test == ROTATE or (candidate.live_test == "" and not in_site)


def _longest_ago(candidates: Iterable[Candidate]) -> str:
    """Return the host whose last live check is longest ago; the first of those that had none."""
    return min(candidates, key=lambda each: each.record.live_at).host


def after(
    records: Mapping[str, Record],
    verified: Mapping[str, str],
    streamed: Iterable[str],
    now: float,
    releases: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, Record]:
    """Return the new records of servers.

    verified: name to a digest of what was desired. streamed: names of those whose turn of a test stream it
    was. releases: name to the release, as far as it was read.
    """
    live = set(streamed)
    found: dict[str, Record] = {}
    for name in {**verified, **dict.fromkeys(live)}:
        record = records.get(name, NEVER)
        if name in verified:
            # Where no plan has read it, an older one lets the next site.yml verify again.
            release = releases.get(name) or record.release
            record = replace(record, at=now, of=verified[name], release=release)
        found[name] = replace(record, live_at=now) if name in live else record
    return found
