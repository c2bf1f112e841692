# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines of a result about recordings that are not in their bucket, one for each folder of a bucket."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .._display.lines import count, data_size, listed

# A host, what it shares its list with (empty: nothing), and an entry of the module's result.
Found = tuple[str, str, Mapping[str, Any]]
Of = tuple[str, Mapping[str, Any]]


def backlog_lines(found: Iterable[Found]) -> list[str]:
    """Return a line for each folder, the one that most is missing from first."""
    folders: dict[str, list[Of]] = {}
    seen: set[tuple[str, str]] = set()
    for host, cluster, each in found:
        # The nodes of a cluster have one list.
        if not cluster or (cluster, each["app"]) not in seen:
            folders.setdefault(each["location"], []).append((host, each))
        seen.add((cluster, each["app"]))
    by_missing = sorted(folders.items(), key=lambda folder: -_total(folder[1], "missing"))
    return [line for location, entries in by_missing for line in _lines(location, entries)]


def _lines(location: str, entries: Sequence[Of]) -> list[str]:
    missing, never = _total(entries, "missing"), _total(entries, "never_uploaded")
    lines = []
    if missing:
        what = _are(missing), f"not in {location}/", f"({_extent(entries)}): {_servers(entries)}."
        lines.append(f"{' '.join(what)} AMS does not upload them again")
    if never:
        lines.append(f"{_are(never)} not in {location}/, since AMS uploads only what a stream has made")
    return lines


def _extent(entries: Sequence[Of]) -> str:
    oldest = min(each["oldest"] for _host, each in entries if each["missing"])
    newest = max(each["newest"] for _host, each in entries if each["missing"])
    return f"{data_size(_total(entries, 'bytes'))}, made {_days(oldest, newest)}"


def _servers(entries: Sequence[Of]) -> str:
    missing, of = Counter[str](), Counter[str]()
    for host, each in entries:
        missing[host] += each["missing"]
        of[host] += each["listed"]
    return listed([f"{host} {number} of {of[host]}" for host, number in missing.items() if number])


def _total(entries: Sequence[Of], name: str) -> int:
    return sum(each[name] for _host, each in entries)


def _are(number: int) -> str:
    return f"{count(number, 'recording')} {'is' if number == 1 else 'are'}"


def _days(oldest: str, newest: str) -> str:
    first, last = oldest.partition("T")[0], newest.partition("T")[0]
    return f"on {first}" if first == last else f"from {first} to {last}"
