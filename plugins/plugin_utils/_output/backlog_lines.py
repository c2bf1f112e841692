# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines of a result about recordings that are not in their bucket, one for each folder of a bucket."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ...module_utils._ams.recording_rules import UNFINISHED
from ...module_utils._common.amounts import count, data_size
from .._display.lines import listed

# A host, what it shares its list with (empty: nothing), and an entry of the module's result.
Found = tuple[str, str, Mapping[str, Any]]
# A host, whose list it is (the host's or its cluster's), and the entry.
Of = tuple[str, str, Mapping[str, Any]]
_OF_LIST = {"listed": 0, "missing": 0, "bytes": 0, "never_uploaded": 0}


def backlog_lines(found: Iterable[Found]) -> list[str]:
    """Return a line for each folder, the one that most is missing from first."""
    folders: dict[str, list[Of]] = {}
    seen: set[tuple[str, str]] = set()
    for host, cluster, each in found:
        # The nodes of a cluster have one list, and a disk each.
        is_known = bool(cluster) and (cluster, each["app"]) in seen
        entry = {**each, **_OF_LIST} if is_known else each
        owner = f"cluster {cluster}" if cluster else host
        folders.setdefault(each["location"], []).append((host, owner, entry))
        seen.add((cluster, each["app"]))
    by_missing = sorted(folders.items(), key=lambda folder: -_total(folder[1], "missing"))
    return [line for location, entries in by_missing for line in _lines(location, entries)]


def _lines(location: str, entries: Sequence[Of]) -> Iterator[str]:
    missing, never = _total(entries, "missing"), _total(entries, "never_uploaded")
    if missing:
        what = _are(missing), f"not in {location}", f"({_extent(entries)}): {_servers(entries)}."
        yield f"{' '.join(what)} import_recordings.yml copies them, AMS does not"
    unfinished = Counter[str]()
    for host, _owner, each in entries:
        unfinished[host] += each["unfinished"]
    if any(unfinished.values()):
        size = data_size(_total(entries, "unfinished_bytes"))
        total = sum(unfinished.values())
        disks = listed([f"{host} ({number})" for host, number in unfinished.items() if number])
        yield (
            f"{_are(total)} on the disk of {disks} as NAME.mp4{UNFINISHED} ({size}), since "
            f"the upload to {location} failed at once"
        )
    if never:
        yield f"{_are(never)} not in {location}, since AMS uploads only what a stream has made"


def _extent(entries: Sequence[Of]) -> str:
    oldest = min(each["oldest"] for *_of, each in entries if each["missing"])
    newest = max(each["newest"] for *_of, each in entries if each["missing"])
    return f"{data_size(_total(entries, 'bytes'))}, made {_days(oldest, newest)}"


def _servers(entries: Sequence[Of]) -> str:
    missing, of = Counter[str](), Counter[str]()
    newest = {owner for _host, owner, each in entries if not each["complete"]}
    for _host, owner, each in entries:
        missing[owner] += each["missing"]
        of[owner] += each["listed"]
    return listed(
        [
            f"{owner} {number} of {'the newest ' if owner in newest else ''}{of[owner]}"
            for owner, number in missing.items()
            if number
        ]
    )


def _total(entries: Sequence[Of], name: str) -> int:
    return sum(each[name] for *_of, each in entries)


def _are(number: int) -> str:
    return f"{count(number, 'recording')} {'is' if number == 1 else 'are'}"


def _days(oldest: str, newest: str) -> str:
    first, last = oldest.partition("T")[0], newest.partition("T")[0]
    return f"on {first}" if first == last else f"from {first} to {last}"
