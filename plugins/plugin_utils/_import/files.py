# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decide which files on a server's disk are recordings to import. Plain data in, plain data out.

Measured on 2.17.1, see tests/contract/test_broadcasts.py: a recording whose upload fails at once stays as
NAME.mp4.tmp_extension, and is a whole MP4. While its stream is live the file has no index: AMS writes that
last, in one go. The next stream of that name gets a file of its own, NAME_1.mp4.tmp_extension. So a file that
is whole, and was not written to for an hour, is of no live stream.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.recording_rules import (
    UNFINISHED,
    object_key,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._check.backlog import SETTLED_AFTER
from ansible_collections.antmedia.s3_recording.plugins.module_utils._check.leftovers import is_of_check
from ansible_collections.antmedia.s3_recording.plugins.module_utils._import.wanted import (
    Unusable,
    Wanted,
    why_unusable,
)

RECORDINGS = (".mp4", ".webm")
ENDINGS = (*RECORDINGS, *(f"{each}{UNFINISHED}" for each in RECORDINGS))
_DAY = 86400.0


@dataclass(frozen=True)
class LocalFile:
    """A file to import. path: below the folder. mtime_ns: when it was last written to."""

    path: str
    mtime_ns: int
    wanted: Wanted

    @property
    def size(self) -> int:
        return self.wanted.size

    @property
    def key(self) -> str:
        return self.wanted.key

    @property
    def is_unfinished(self) -> bool:
        """True if AMS has not given it its name, because its upload failed at once."""
        return self.path.endswith(UNFINISHED)

    def as_listed(self) -> dict[str, Any]:
        """Return what the program on the server compares the file with."""
        return {"path": self.path, "size": self.size, "mtime_ns": self.mtime_ns}


@dataclass
class Choice:
    """What is on the disk. listed: how many files, without those of checks. unusable: with the reason.

    links: to files and folders elsewhere, such as those that AMS makes when it imports a folder (userVod).
    """

    listed: int = 0
    links: list[str] = field(default_factory=list)
    files: list[LocalFile] = field(default_factory=list)
    unusable: list[Unusable] = field(default_factory=list)

    @property
    def skipped(self) -> int:
        """Return how many are so young that AMS may be uploading them, or so old that they have expired."""
        return self.listed - len(self.files) - len(self.unusable)


def choose(
    app: str,
    lines: Iterable[Mapping[str, Any]],
    settings: Mapping[str, Any],
    expire_days: int = 0,
    min_age: float = SETTLED_AFTER,
) -> Choice:
    """Return which files to import. lines: of the program on the server.

    expire_days: after so many days the bucket deletes an object; 0: never. min_age: in seconds. A file that
    AMS has not finished must be an hour old in any case.
    """
    found = Choice()
    by_key: dict[str, LocalFile] = {}
    # A recording that AMS has finished comes before an unfinished one for the same object.
    for line in sorted(lines, key=lambda each: (str(each["path"]).endswith(UNFINISHED), str(each["path"]))):
        path, age = str(line["path"]), float(line.get("age") or 0)
        if is_of_check(path):
            continue
        if line.get("kind") == "link":
            found.links.append(path)
            continue
        found.listed += 1
        least = SETTLED_AFTER if path.endswith(UNFINISHED) else min_age
        if "kind" not in line and (age < least or 0 < expire_days * _DAY < age):
            continue
        file = _file(app, line, path, settings)
        problem = _problem(line, file, by_key)
        if problem:
            found.unusable.append(Unusable(path, problem))
            continue
        by_key[file.key] = file
        found.files.append(file)
    return found


def _file(app: str, line: Mapping[str, Any], path: str, settings: Mapping[str, Any]) -> LocalFile:
    name = path.removesuffix(UNFINISHED)
    size, mtime_ns = (int(line.get(each) or 0) for each in ("size", "mtime_ns"))
    return LocalFile(path, mtime_ns, Wanted(app, name, object_key(settings, name), size))


def _problem(line: Mapping[str, Any], file: LocalFile, by_key: Mapping[str, LocalFile]) -> str:
    """Return why a file cannot be imported; empty if it can."""
    if line.get("kind"):
        return f"it cannot be read: {line.get('message')}"
    if not line.get("size"):
        return "it is empty"
    if file.is_unfinished and line.get("is_whole") is not True:
        return "AMS has not finished it, and it is no whole MP4. A video tool may repair it"
    if file.key in by_key:
        return f"{by_key[file.key].path} is for the same object, {file.key}"
    return why_unusable(file.wanted.path, file.key)
