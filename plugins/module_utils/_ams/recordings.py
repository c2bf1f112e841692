# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""The list of an application's recordings (VoD), read page by page.

Measured on 2.17.1, see tests/contract/test_broadcasts.py: a recording whose upload fails before its first
byte (no right to list the bucket or to read in it, a key that S3 does not know) never gets into the list. Its
file stays on the disk as NAME.mp4.tmp_extension. One whose upload is refused later, such as for its ACL, is
listed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .broadcasts import Broadcasts

# AMS gives at most 250 at once.
AT_ONCE = 200
# Measured on 2.17.1: AMS never uploads these, whatever its settings are.
NEVER_UPLOADED = {"uploadedVod": "uploaded by users", "userVod": "imported from a folder"}


@dataclass(frozen=True)
class Recording:
    """An entry of the list. path: below the application. size: in bytes. created: in seconds since 1970."""

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


def recordings(application: Broadcasts) -> Iterator[Recording]:
    """Read the list; the oldest come first, so that a new one does not move the others."""
    offset = 0
    while True:
        page = application.recordings_page(offset, AT_ONCE)
        yield from map(Recording.of, page)
        offset += len(page)
        if len(page) < AT_ONCE:
            return
