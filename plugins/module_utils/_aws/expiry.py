# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""What a change of lifecycle rules does to objects that are in the bucket already.

Plain data in, plain data out. Nothing brings back what S3 deletes, so it is counted before a rule is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Optional

# Nobody can read an object in these classes before it is restored.
_ARCHIVES = ("GLACIER", "DEEP_ARCHIVE")
_EXAMPLES = 3


@dataclass(frozen=True)
class Lifetime:
    """The days that a rule gives the objects whose keys begin with prefix; None: no end.

    current: until an object is deleted. noncurrent: until a former version is. readable: until an object
    moves to an archive.
    """

    prefix: str
    current: Optional[int] = None
    noncurrent: Optional[int] = None
    readable: Optional[int] = None


KINDS = ("current", "noncurrent", "readable")


@dataclass(frozen=True)
class Stored:
    """An object, or a former version of one; since: when it was put, or when the next version replaced it."""

    key: str
    size: int
    since: datetime
    storage_class: str = "STANDARD"
    is_current: bool = True


def lifetimes(rules: Sequence[Mapping[str, Any]]) -> list[Lifetime]:
    """Return what the enabled rules about a whole prefix say.

    A rule of somebody else's that is narrowed by tags or sizes, or that goes by a date, stays as it is and
    protects nothing: it is left out.
    """
    found = []
    for rule in rules:
        prefix = _plain_prefix(rule)
        if rule.get("Status") == "Enabled" and prefix is not None:
            found.append(
                Lifetime(
                    prefix,
                    (rule.get("Expiration") or {}).get("Days"),
                    _noncurrent_days(rule.get("NoncurrentVersionExpiration") or {}),
                    min(_archive_days(rule), default=None),
                )
            )
    return found


def _plain_prefix(rule: Mapping[str, Any]) -> Optional[str]:
    narrowed = rule.get("Filter") or {}
    if set(narrowed) - {"Prefix"}:
        return None
    return str(narrowed.get("Prefix") or rule.get("Prefix") or "")


def _noncurrent_days(expiration: Mapping[str, Any]) -> Optional[int]:
    return None if expiration.get("NewerNoncurrentVersions") else expiration.get("NoncurrentDays")


def _archive_days(rule: Mapping[str, Any]) -> list[int]:
    moves = rule.get("Transitions") or []
    return [each["Days"] for each in moves if each.get("StorageClass") in _ARCHIVES and "Days" in each]


def shortened(before: Sequence[Lifetime], after: Sequence[Lifetime], kind: str) -> list[str]:
    """Return the prefixes for which a rule of one of KINDS is new, or ends a life earlier than before."""
    return [
        each.prefix
        for each in after
        if getattr(each, kind) is not None and not any(_covers(old, each, kind) for old in before)
    ]


def _covers(old: Lifetime, new: Lifetime, kind: str) -> bool:
    days = getattr(old, kind)
    return days is not None and days <= getattr(new, kind) and new.prefix.startswith(old.prefix)


def outermost(prefixes: Iterable[str]) -> list[str]:
    """Return the prefixes that no other of them holds, so that nothing is counted twice."""
    found: list[str] = []
    for each in sorted(set(prefixes)):
        if not found or not each.startswith(found[-1]):
            found.append(each)
    return found


@dataclass
class Tally:
    """A number of objects; examples: the keys of the first ones."""

    count: int = 0
    size: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, stored: Stored) -> None:
        self.count += 1
        self.size += stored.size
        if len(self.examples) < _EXAMPLES:
            self.examples.append(stored.key)


class Impact:
    """What new rules do at once to the objects under a prefix. It is told of one object after the other."""

    def __init__(
        self, prefix: str, before: Sequence[Lifetime], after: Sequence[Lifetime], now: datetime
    ) -> None:
        self.prefix = prefix
        self.objects = 0
        self.tallies = {kind: Tally() for kind in KINDS}
        self._before = _due_times(prefix, before, now)
        self._after = _due_times(prefix, after, now)

    def add(self, stored: Stored) -> None:
        self.objects += stored.is_current
        kind = self._fate(stored)
        if kind:
            self.tallies[kind].add(stored)

    def _fate(self, stored: Stored) -> str:
        """Return which of KINDS the new rules end at once and those of before did not; empty for none."""
        life = "current" if stored.is_current else "noncurrent"
        if _is_due(self._after[life], stored):
            return "" if _is_due(self._before[life], stored) else life
        if not stored.is_current or stored.storage_class in _ARCHIVES:
            return ""
        is_moved = _is_due(self._after["readable"], stored) and not _is_due(self._before["readable"], stored)
        return "readable" if is_moved else ""

    @property
    def deletes(self) -> bool:
        return bool(self.tallies["current"].count or self.tallies["noncurrent"].count)

    def result(self) -> dict[str, Any]:
        current, versions = self.tallies["current"], self.tallies["noncurrent"]
        return {
            "prefix": self.prefix,
            "objects": self.objects,
            "expiring": current.count,
            "expiring_bytes": current.size,
            "versions_expiring": versions.count,
            "versions_expiring_bytes": versions.size,
            "moving_to_archive": self.tallies["readable"].count,
        }


def _due_times(
    prefix: str, rules: Sequence[Lifetime], now: datetime
) -> dict[str, list[tuple[str, datetime]]]:
    """Return for each of KINDS the prefixes of its rules, with the time before which they end a life."""
    near = [each for each in rules if each.prefix.startswith(prefix) or prefix.startswith(each.prefix)]
    return {
        kind: [
            (each.prefix, now - timedelta(days=getattr(each, kind)))
            for each in near
            if getattr(each, kind) is not None
        ]
        for kind in KINDS
    }


def _is_due(rules: Sequence[tuple[str, datetime]], stored: Stored) -> bool:
    return any(stored.key.startswith(prefix) and stored.since <= time for prefix, time in rules)


def deletions(impacts: Sequence[Impact]) -> str:
    """Return what the rules would delete at once, in words; empty for nothing."""
    return "; ".join(f"the rules delete at once {_loss(each)}" for each in impacts if each.deletes)


def _loss(impact: Impact) -> str:
    current, versions = impact.tallies["current"], impact.tallies["noncurrent"]
    parts = []
    if current.count:
        parts.append(f"{current.count} of {impact.objects} objects in {_place(impact)} ({_details(current)})")
    if versions.count:
        parts.append(f"{versions.count} former versions in {_place(impact)} ({_details(versions)})")
    return " and ".join(parts)


def _details(tally: Tally) -> str:
    more = ", ..." if tally.count > len(tally.examples) else ""
    return f"{size_text(tally.size)}: {', '.join(repr(key) for key in tally.examples)}{more}"


def _place(impact: Impact) -> str:
    return f"'{impact.prefix}'" if impact.prefix else "the bucket"


def harmless(impacts: Sequence[Impact]) -> list[str]:
    """Return what a result says of folders that hold objects of which none goes at once."""
    return [
        f"none of the {each.objects} objects in {_place(each)} is old enough to be deleted now"
        for each in impacts
        if each.objects and not each.deletes
    ]


def warnings(impacts: Sequence[Impact]) -> list[str]:
    """Return what becomes unplayable without being deleted."""
    return [
        f"The lifecycle rules move {tally.count} of {each.objects} objects in {_place(each)} at once to an "
        f"archive ({_details(tally)}). Nobody can play them before they are restored."
        for each in impacts
        for tally in (each.tallies["readable"],)
        if tally.count
    ]


def size_text(size: int) -> str:
    amount, units = float(size), ["bytes", "kB", "MB", "GB", "TB"]
    while amount >= 1000 and len(units) > 1:
        amount /= 1000
        units.pop(0)
    return f"{amount:.0f} {units[0]}" if units[0] == "bytes" else f"{amount:.1f} {units[0]}"
