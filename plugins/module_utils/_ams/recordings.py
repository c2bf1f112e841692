# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""The list of an application's recordings (VoD), read page by page, the newest first.

AMS reads all entries for each page, and nothing else uses its database meanwhile. Measured with that of
2.17.1: 0.2 s a page with 10,000 entries, 2.4 s with 100,000. So of a long list only the newest are read.

Measured on 2.17.1, see tests/contract/test_broadcasts.py: a recording whose upload fails before its first
byte (no right to list the bucket or to read in it, a key that S3 does not know) never gets into the list. Its
file stays on the disk as NAME.mp4.tmp_extension. One whose upload is refused later, such as for its ACL, is
listed.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Optional

from .broadcasts import Broadcasts

# AMS gives at most 250 at once.
AT_ONCE = 200
# Entries, and seconds after which no other page is read.
MOST, MOST_SECONDS = 10_000, 30.0
# Measured on 2.17.1: AMS never uploads these, whatever its settings are.
NEVER_UPLOADED = {"uploadedVod": "uploaded by users", "userVod": "imported from a folder"}


@dataclass(frozen=True)
class Recording:
    """An entry of the list. path: as AMS names it. size: in bytes. created: in seconds since 1970."""

    path: str
    kind: str
    size: int
    created: float

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> Recording:
        """Read what a server answers, which may lack anything."""
        return cls(
            str(entry.get("filePath") or ""),
            str(entry.get("type")),
            int(_number(entry.get("fileSize"))),
            _number(entry.get("creationDate")) / 1000,
        )


def _number(value: Any) -> float:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else 0.0


class Recordings:
    """The newest recordings of an application, at most so many.

    most: None for all of them. seconds: after which no other page is read. total: how many its list has.
    read: how many were read.
    """

    def __init__(
        self, application: Broadcasts, most: Optional[int] = MOST, seconds: float = MOST_SECONDS
    ) -> None:
        self._application, self._most, self._seconds = application, most, seconds
        self._has_ended = False
        self.total = application.recordings_count()
        self.read = 0

    @property
    def is_whole(self) -> bool:
        return self._has_ended or self.read >= self.total

    def __iter__(self) -> Iterator[Recording]:
        end = time.monotonic() + self._seconds
        # A recording that is new moves the others into the next page.
        previous: set[Any] = set()
        while self._most is None or self.read + AT_ONCE <= self._most:
            if self.read >= self.total or time.monotonic() >= end:
                return
            page = self._application.recordings_page(self.read, AT_ONCE)
            if not page:
                self._has_ended = True
                return
            for entry in page:
                if entry.get("vodId") is None or entry["vodId"] not in previous:
                    yield Recording.of(entry)
            previous = {entry.get("vodId") for entry in page}
            self.read += len(page)
