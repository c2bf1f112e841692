# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Recordings that forwarding hides, because they are on the server's disk alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .broadcasts import Broadcasts
from .recordings import NEVER_UPLOADED, Recordings

MOST = 1000
OF_BEFORE = "recordings from before this change"
_REMEDY = "Before forwarding is on, import_recordings.yml copies them, or site.yml with s3_recording_import"


@dataclass(frozen=True)
class Listed:
    """An application's list (VoD): its total, how many entries were read, and these by their type."""

    total: int = 0
    read: int = 0
    types: Mapping[str, int] = field(default_factory=dict)


def listed(application: Broadcasts) -> Listed:
    """Read the list, at most MOST entries."""
    found = Recordings(application, MOST)
    types = Counter(each.kind for each in found)
    return Listed(found.total, found.read, types)


def turned_on_for(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """True if forwarding is off and will be on."""
    return bool(after.get("httpForwardingExtension")) and not before.get("httpForwardingExtension")


def hidden(before: Mapping[str, Any], found: Listed) -> list[str]:
    """Return a warning about what forwarding will hide. before: the settings until now."""
    if before.get("s3RecordingEnabled"):
        # What was recorded may be in S3 already.
        return never_uploaded(found)
    if not found.total:
        return []
    # Which of them the bucket has is not known here: S3 recording may have been on before it was off.
    are = "recording from before this change is" if found.total == 1 else f"{OF_BEFORE} are"
    text = (
        f"{found.total} {are} in its list; requests for them now lead to S3, and those that are not in the "
        f"bucket cannot be played. {_REMEDY}"
    )
    kinds = _kinds(found)
    return [f"{text}. AMS itself never puts recordings {kinds} into S3" if kinds else text]


def never_uploaded(found: Listed) -> list[str]:
    """Return a warning about what AMS never puts into S3, because it has not recorded it itself."""
    kinds = _kinds(found)
    if not kinds:
        return []
    text = (
        f"AMS never puts recordings {kinds} into S3, and requests for them are forwarded there. Those that "
        f"are not in the bucket cannot be played. {_REMEDY}"
    )
    return [text]


def _kinds(found: Listed) -> str:
    counted = [
        f"{words} ({found.types[kind]})" for kind, words in NEVER_UPLOADED.items() if kind in found.types
    ]
    if counted and found.read < found.total:
        counted[-1] += f", among the first {found.read} of {found.total},"
    return " and ".join(counted)
