# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Find what a change of lifecycle rules does to existing objects.

Plain data in, plain data out. Nothing brings back what S3 deletes, so it is counted before a rule is written:
also what is not deleted at once, since a rule applies to a younger object some days later without a warning.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from typing import Any, Optional

# Nobody can read an object in these classes before it is restored.
_ARCHIVES = ("GLACIER", "DEEP_ARCHIVE")
_EXAMPLES = 3


@dataclass(frozen=True)
class Lifetime:
    """The days that a rule gives the objects whose keys begin with prefix; None: no end.

    current: until an object is deleted. noncurrent: until a noncurrent version is. readable: until an object
    moves to an archive.
    """

    prefix: str
    current: Optional[int] = None
    noncurrent: Optional[int] = None
    readable: Optional[int] = None


KINDS = ("current", "noncurrent", "readable")


@dataclass(frozen=True)
class StoredObject:
    """An object, or a noncurrent version; since: when it was put, or when the next version replaced it."""

    key: str
    size: int
    since: datetime
    storage_class: str = "STANDARD"
    is_current: bool = True


def lifetimes(rules: Sequence[Mapping[str, Any]]) -> list[Lifetime]:
    """Return what the enabled rules about a whole prefix say.

    Someone else's rule that is narrowed by tags or sizes, or that has a date, stays as it is and protects
    nothing: it is left out.
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
    """Return the prefixes for which a rule of one of KINDS is new, or ends a life earlier."""
    return [
        each.prefix
        for each in after
        if getattr(each, kind) is not None and not any(_covers(old, each, kind) for old in before)
    ]


def _covers(old: Lifetime, new: Lifetime, kind: str) -> bool:
    days = getattr(old, kind)
    return days is not None and days <= getattr(new, kind) and new.prefix.startswith(old.prefix)


def outermost(prefixes: Iterable[str]) -> list[str]:
    """Return the prefixes that no other of them contains, so that nothing is counted twice."""
    found: list[str] = []
    for each in sorted(set(prefixes)):
        if not found or not each.startswith(found[-1]):
            found.append(each)
    return found


@dataclass
class Tally:
    """A number of objects, and when rules apply to them; examples: the keys of the first ones."""

    count: int = 0
    size: int = 0
    at_once: int = 0
    first: Optional[datetime] = None
    last: Optional[datetime] = None
    examples: list[str] = field(default_factory=list)

    def add(self, stored: StoredObject, due: datetime, now: datetime) -> None:
        self.count += 1
        self.size += stored.size
        if len(self.examples) < _EXAMPLES:
            self.examples.append(stored.key)
        if due <= now:
            self.at_once += 1
            return
        self.first = min(self.first or due, due)
        self.last = max(self.last or due, due)


class Impact:
    """What new rules do, at once and later, to the objects that are under a prefix now.

    Objects are added one by one. has_versions: True if an object that expires becomes a noncurrent version,
    which a rule about those then deletes.
    """

    def __init__(
        self,
        prefix: str,
        before: Sequence[Lifetime],
        after: Sequence[Lifetime],
        now: datetime,
        *,
        has_versions: bool = False,
    ) -> None:
        self.prefix = prefix
        self.objects = 0
        self.tallies = {kind: Tally() for kind in KINDS}
        self._before = _days(prefix, before)
        self._after = _days(prefix, after)
        self._now = now
        self._has_versions = has_versions

    def add(self, stored: StoredObject) -> None:
        self.objects += stored.is_current
        life = "current" if stored.is_current else "noncurrent"
        deleted = self._earlier(life, stored)
        if deleted:
            self.tallies[life].add(stored, deleted, self._now)
        elif stored.is_current and self._has_versions:
            self._add_version_to_come(stored)
        if not stored.is_current or stored.storage_class in _ARCHIVES:
            return
        moved_at, deleted_at = self._earlier("readable", stored), _due(self._after[life], stored)
        if moved_at and (deleted_at is None or moved_at < deleted_at):
            self.tallies["readable"].add(stored, moved_at, self._now)

    def _add_version_to_come(self, stored: StoredObject) -> None:
        expires = _due(self._after["current"], stored)
        if expires is None:
            return
        version = replace(stored, since=max(expires, self._now), is_current=False)
        deleted = self._earlier("noncurrent", version)
        if deleted:
            self.tallies["noncurrent"].add(version, deleted, self._now)

    def _earlier(self, kind: str, stored: StoredObject) -> Optional[datetime]:
        """Return when the new rules end the life of an object, if the old ones let it live longer."""
        after, before = _due(self._after[kind], stored), _due(self._before[kind], stored)
        if after is None:
            return None
        after = max(after, self._now)
        return after if before is None or before > after else None

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
            "expiring_at_once": current.at_once,
            "expiring_by": _day(current.last),
            "versions_expiring": versions.count,
            "versions_expiring_bytes": versions.size,
            "versions_expiring_at_once": versions.at_once,
            "versions_expiring_by": _day(versions.last),
            "moving_to_archive": self.tallies["readable"].count,
        }


def _days(prefix: str, rules: Sequence[Lifetime]) -> dict[str, list[tuple[str, timedelta]]]:
    """Return for each of KINDS the prefixes of its rules, with the life that they give."""
    near = [each for each in rules if each.prefix.startswith(prefix) or prefix.startswith(each.prefix)]
    return {
        kind: [
            (each.prefix, timedelta(days=getattr(each, kind)))
            for each in near
            if getattr(each, kind) is not None
        ]
        for kind in KINDS
    }


def _due(rules: Sequence[tuple[str, timedelta]], stored: StoredObject) -> Optional[datetime]:
    lives = [life for prefix, life in rules if stored.key.startswith(prefix)]
    return stored.since + min(lives) if lives else None


def _day(due: Optional[datetime]) -> str:
    """Return the day on which S3 acts, which rounds up to midnight in UTC; empty for none."""
    if due is None:
        return ""
    return (due.astimezone(timezone.utc) + timedelta(days=1, microseconds=-1)).date().isoformat()


def describe_deletions(impacts: Sequence[Impact]) -> str:
    """Describe what the rules would delete of the existing objects; empty for nothing."""
    return "; ".join(f"the rules delete {_loss(each)}" for each in impacts if each.deletes)


def _loss(impact: Impact) -> str:
    current, versions = impact.tallies["current"], impact.tallies["noncurrent"]
    parts = []
    if current.count:
        parts.append(f"{current.count} of {impact.objects} objects in {_place(impact)} ({_details(current)})")
    if versions.count:
        parts.append(f"{versions.count} noncurrent versions in {_place(impact)} ({_details(versions)})")
    return " and ".join(parts)


def _details(tally: Tally) -> str:
    more = ", ..." if tally.count > len(tally.examples) else ""
    return f"{_when(tally)}; {size_text(tally.size)}: {', '.join(repr(key) for key in tally.examples)}{more}"


def _when(tally: Tally) -> str:
    if tally.at_once == tally.count:
        return "all at once"
    at_once, one = (f"{tally.at_once}", "next") if tally.at_once else ("none", "first")
    return f"{at_once} at once, the {one} on {_day(tally.first)}, all by {_day(tally.last)}"


def _place(impact: Impact) -> str:
    return f"'{impact.prefix}'" if impact.prefix else "the bucket"


def describe_harmless(impacts: Sequence[Impact]) -> list[str]:
    """Describe folders that hold objects of which none is deleted earlier than before."""
    return [
        f"none of the {each.objects} objects in {_place(each)} is deleted earlier than before"
        for each in impacts
        if each.objects and not each.deletes
    ]


def warnings(impacts: Sequence[Impact]) -> list[str]:
    """Describe what becomes unplayable without being deleted."""
    return [
        f"The lifecycle rules move {tally.count} of {each.objects} objects in {_place(each)} to an archive "
        f"({_details(tally)}). Nobody can play them from then on before they are restored."
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
