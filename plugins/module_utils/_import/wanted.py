# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Decide which recordings of an application belong into the bucket. Plain data in, plain data out.

The names in a server's list are a stranger's data: none may lead out of the application's folder.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .._ams.recording_rules import object_key, path_below_streams
from .._ams.recordings import Recording
from .._check.backlog import SETTLED_AFTER, settled
from .._common.plain_text import one_line, printable

# Bytes, a limit of S3.
_LONGEST_KEY = 1024


@dataclass(frozen=True)
class Wanted:
    """A recording that should be in the bucket.

    path: below the application's streams. size: in bytes, as the server lists it.
    """

    app: str
    path: str
    key: str
    size: int


@dataclass(frozen=True)
class Unusable:
    """A name that cannot be imported, and why."""

    path: str
    reason: str


@dataclass
class Selection:
    """The recordings of an application. listed: how many its list has. wanted: by their keys."""

    listed: int = 0
    wanted: dict[str, Wanted] = field(default_factory=dict)
    unusable: list[Unusable] = field(default_factory=list)

    @property
    def size(self) -> int:
        return sum(each.size for each in self.wanted.values())


def select(
    app: str,
    settings: Mapping[str, Any],
    listed: Iterable[Recording],
    now: float,
    expire_days: int = 0,
    min_age: float = SETTLED_AFTER,
) -> Selection:
    """Return the recordings that should be in the bucket. Those of the last hour may be on their way.

    Recordings of any kind count: forwarding also redirects viewers of those that AMS never uploads.
    now: in seconds since 1970. expire_days: after so many days the bucket deletes an object; 0: never.
    min_age: in seconds.
    """
    found = Selection()

    def counted() -> Iterable[Recording]:
        for each in listed:
            found.listed += 1
            yield each

    for each in settled(counted(), now, expire_days, min_age):
        path = path_below_streams(app, each.path)
        reason = why_unusable(path, object_key(settings, path))
        if reason:
            found.unusable.append(Unusable(one_line(each.path)[:_LONGEST_KEY], reason))
        else:
            key = object_key(settings, path)
            found.wanted.setdefault(key, Wanted(app, path, key, each.size))
    return found


def why_unusable(path: str, key: str) -> str:
    if not path or path.endswith("/"):
        return "the list has no name of a file"
    if ".." in path or path.startswith("/") or "/./" in f"/{path}":
        return "AMS serves and forwards no name with two dots, or that leads out of the folder"
    if printable(path) != path or "\n" in path or "\t" in path or not _is_text(path):
        return "its name has control characters, or is not UTF-8"
    if len(key.encode()) > _LONGEST_KEY:
        return f"its key has more than {_LONGEST_KEY} bytes, the most that S3 allows"
    return ""


def _is_text(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True
