# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""The result of an import, and what is displayed while it runs."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Optional

from .._common.amounts import count, data_size, span
from .._common.errors import CollectionError
from .._common.plain_text import abbreviate, printable
from .._common.progress import say_done
from .http_source import VANISHED, SourceError
from .transfer import COPIED, DIFFERS, FAILED, PRESENT, Progress, Result
from .wanted import Selection, Wanted

# Recordings that a result names.
MOST_NAMED = 100
_MORE = {"differing": "differ", "gone": "are not there", "failed": "failed"}
# Seconds between two lines about the progress.
_INTERVAL = 10.0
_OTHERS = {
    "present": "there already",
    "skipped": "too young or expired",
    "unfinished": "of them with a name that AMS had not finished",
    "deleted": "deleted on the server's disk",
    "kept": "kept on the server's disk, since no checksum says that the object is the same",
    "differing_count": "different",
    "gone_count": "not on the server any more",
    "failed_count": "failed",
    "not_tried": "not tried",
}


@dataclass
class Named:
    """Recordings that are counted, and of which the first are named."""

    count: int = 0
    first: list[dict[str, str]] = field(default_factory=list)

    def add(self, path: str, reason: str) -> None:
        self.count += 1
        if len(self.first) < MOST_NAMED:
            self.first.append({"name": printable(path), "reason": reason})


@dataclass
class AppReport:
    """What became of the recordings of an application.

    location: the folder in the bucket. skipped: recordings that may be on their way, and those that the
    bucket has deleted by now. error: why the import of the application ended early, or did not begin.

    way: http, or ssh for an import from the server's disk. There, unfinished: of those that were copied, or
    would be, the ones that AMS had not finished; deleted: on the disk; kept: there, since no ETag says that
    the object is the same.
    """

    app: str
    location: str = ""
    listed: int = 0
    skipped: int = 0
    present: int = 0
    copied: int = 0
    copied_size: int = 0
    to_copy: int = 0
    to_copy_size: int = 0
    unfinished: int = 0
    deleted: int = 0
    kept: int = 0
    names: list[str] = field(default_factory=list)
    differing: Named = field(default_factory=Named)
    gone: Named = field(default_factory=Named)
    failed: Named = field(default_factory=Named)
    not_tried: int = 0
    error: Optional[CollectionError] = None
    way: str = "http"
    links: int = 0
    warnings: list[str] = field(default_factory=list)

    def select(self, found: Selection) -> None:
        """Count the recordings of the list, and name those that cannot be imported."""
        self.listed = found.listed
        self.skipped = found.listed - len(found.unusable) - len(found.wanted)
        for each in found.unusable:
            self.failed.add(each.path, f"{each.reason}. Copy it by hand, with another name, or delete it")

    def plan(self, wanted: Iterable[Wanted]) -> None:
        """Count what would be copied."""
        for each in wanted:
            self.to_copy += 1
            self.to_copy_size += each.size
            self._name(each.path)

    def add(self, result: Result) -> None:
        """Count what became of a recording."""
        if result.state == PRESENT:
            self.present += 1
        elif result.state == DIFFERS:
            self.differing.add(result.wanted.path, str(result.error))
        elif result.state == FAILED:
            (self.gone if _is_gone(result) else self.failed).add(result.wanted.path, str(result.error))
        elif result.state == COPIED:
            self.copied += 1
            self.copied_size += result.size
            self._name(result.wanted.path)

    def _name(self, path: str) -> None:
        if len(self.names) < MOST_NAMED:
            self.names.append(printable(path))

    @property
    def has_failed(self) -> bool:
        return bool(self.error or self.failed.count or self.not_tried)

    @property
    def all_warnings(self) -> list[str]:
        return [*_warnings(self), *self.warnings]

    @property
    def result(self) -> dict[str, Any]:
        """Return the application's part of the module's result."""
        return {
            "app": self.app,
            "way": self.way,
            "location": self.location,
            "listed": self.listed,
            "skipped": self.skipped,
            "present": self.present,
            "copied": self.copied,
            "copied_bytes": self.copied_size,
            "to_copy": self.to_copy,
            "to_copy_bytes": self.to_copy_size,
            "unfinished": self.unfinished,
            "deleted": self.deleted,
            "kept": self.kept,
            "names": self.names,
            "differing_count": self.differing.count,
            "differing": self.differing.first,
            "links": self.links,
            "gone_count": self.gone.count,
            "gone": self.gone.first,
            "failed_count": self.failed.count,
            "failed": self.failed.first,
            "not_tried": self.not_tried,
            "error": str(self.error) if self.error else "",
        }


def module_result(reports: Sequence[AppReport], seconds: float) -> dict[str, Any]:
    """Return the module's result."""
    results = [each.result for each in reports]
    result = {
        "changed": any(each.copied or each.to_copy or each.deleted for each in reports),
        "apps": results,
        "seconds": round(seconds, 1),
        "msg": "\n".join(line for each in results for line in describe(each)),
    }
    warnings = [text for each in reports for text in each.all_warnings]
    return {
        **result,
        **({"warnings": warnings} if warnings else {}),
        **({"failed": True} if any(each.has_failed for each in reports) else {}),
    }


def _is_gone(result: Result) -> bool:
    """True for a recording that the server lists and does not have. Nobody can play it, import or not."""
    return isinstance(result.error, SourceError) and result.error.kind == VANISHED


def _warnings(report: AppReport) -> Iterator[str]:
    if report.differing.count:
        names = abbreviate([each["name"] for each in report.differing.first])
        number = count(report.differing.count, "object")
        yield (
            f"{report.app}: {number} in {report.location} with the name of another recording, "
            f"not replaced: {names}"
        )
    if report.gone.count:
        names = abbreviate([each["name"] for each in report.gone.first])
        number = count(report.gone.count, "recording")
        yield f"{report.app}: {number} in the server's list, and the server does not have the file: {names}"
    yield from report.warnings


def describe(found: Mapping[str, Any]) -> list[str]:
    """Return the lines about an application. found: as AppReport.result returns it."""
    app = found["app"]
    if not found["listed"] and not found["error"]:
        has = "'s disk has" if found["way"] == "ssh" else " lists"
        return [f"{app}: the server{has} no recordings"]
    lines = [f"{app}: {_numbers(found)}"] if found["listed"] else []
    if found["error"]:
        lines.append(f"{app}: {found['error']}")
    for name in ("differing", "gone", "failed"):
        lines += [f"{app}: {each['name']}: {each['reason']}" for each in found[name]]
        more = found[f"{name}_count"] - len(found[name])
        if more:
            lines.append(f"{app}: and {more} more that {_MORE[name]}")
    if found["to_copy"]:
        lines.append(f"{app}: would be copied: {abbreviate(found['names'], MOST_NAMED)}")
    return lines


def _numbers(found: Mapping[str, Any]) -> str:
    number, done = ("to_copy", "would be copied") if found["to_copy"] else ("copied", "copied")
    copied = f"{found[number]} of {count(found['listed'], 'recording')} {done} to {found['location']}"
    others = [f"{found[name]} {words}" for name, words in _OTHERS.items() if found[name]]
    return ", ".join([f"{copied} ({data_size(found[f'{number}_bytes'])})", *others])


class ProgressLines:
    """Says every ten seconds how far an import is. what: of what."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._last = time.monotonic()

    def __call__(self, progress: Progress) -> None:
        now = time.monotonic()
        if now - self._last >= _INTERVAL:
            self._last = now
            say_done(f"{self._what}: {describe_progress(progress, progress.seconds)}")


def describe_progress(progress: Progress, seconds: float) -> str:
    """Return how far an import is after so many seconds: files, bytes, rate and time left."""
    rate = progress.done_size / max(seconds, 0.001)
    files = f"{progress.done_files} of {count(progress.files, 'recording')}"
    size = f"{data_size(progress.done_size)} of {data_size(progress.size)}"
    left = max(progress.size - progress.done_size, 0)
    time_left = f"{span(left / rate)} left" if rate else "waiting"
    return f"{files}, {size}, {data_size(rate)} a second, {time_left}"
