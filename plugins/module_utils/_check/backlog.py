# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""The backlog of an application: recordings in the server's list whose object is not in the bucket.

AMS uploads a recording once, when its stream has ended. If that fails it says so in its log alone, and never
tries again.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from itertools import chain
from typing import Any, Optional

from .._ams.broadcasts import Broadcasts
from .._ams.recording_rules import MP4, UNFINISHED, local_folder, location, object_key, uploads
from .._ams.recordings import NEVER_UPLOADED, Recording, recordings
from .._common.errors import AmsError, AwsError
from .bucket_listing import BucketListings
from .leftovers import is_of_check
from .report import Check, CheckResult
from .unfinished import Unfinished, unfinished

# Seconds. A recording that is younger may still be on its way.
SETTLED_AFTER = 3600.0
_DAY = 86400.0
_MOST_NAMED = 3
_UNFINISHED = f"NAME.mp4{UNFINISHED}"


@dataclass
class Backlog:
    """What is missing.

    listed: how many recordings were looked for. never: how many are missing of each kind that AMS never
    uploads.
    """

    listed: int = 0
    missing: int = 0
    size: int = 0
    oldest: float = 0.0
    newest: float = 0.0
    names: list[str] = field(default_factory=list)
    never: Counter[str] = field(default_factory=Counter)

    def add(self, recording: Recording, *, is_stored: bool) -> None:
        self.listed += 1
        if is_stored:
            return
        self.missing += 1
        self.size += recording.size
        self.oldest = min(self.oldest or recording.created, recording.created)
        self.newest = max(self.newest, recording.created)
        if len(self.names) < _MOST_NAMED:
            self.names.append(recording.path)


def find(
    listed: Iterable[Recording],
    stored: Container[str],
    settings: Mapping[str, Any],
    now: float,
    expire_days: int = 0,
) -> Backlog:
    """Return the recordings of a list that are not stored.

    expire_days: after so many days the bucket deletes an object, which is then not missing; 0: never.
    """
    found = Backlog()
    for each in listed:
        age = now - each.created
        has_expired = expire_days and age > (expire_days - 1) * _DAY
        if age < SETTLED_AFTER or has_expired or is_of_check(each.path):
            continue
        is_stored = object_key(settings, each.path) in stored
        if each.kind not in NEVER_UPLOADED:
            found.add(each, is_stored=is_stored)
        elif not is_stored:
            found.never[each.kind] += 1
    return found


class BacklogCheck:
    """Looks for the backlog of one application."""

    def __init__(
        self, application: Broadcasts, settings: Mapping[str, Any], listings: BucketListings
    ) -> None:
        self._application, self._settings, self._listings = application, settings, listings
        self._found: Optional[Backlog] = None
        self._unfinished = Unfinished()
        self._not_read = ""

    def run(self, timeout: float, expire_days: int, ams_dir: str = "") -> None:
        """Read both lists. timeout: seconds for each response. ams_dir: of AMS, if its disk is here."""
        if not uploads(self._settings, MP4):
            return
        if ams_dir:
            folder = os.path.join(ams_dir, local_folder(self._application.app))
            self._unfinished = unfinished(folder, time.time() - SETTLED_AFTER)
        try:
            listed = recordings(self._application)
            first = next(listed, None)
            if first is None:
                self._found = Backlog()
                return
            stored = self._listings.keys(self._settings, timeout)
            self._found = find(chain([first], listed), stored, self._settings, time.time(), expire_days)
        except (AmsError, AwsError) as error:
            self._not_read = str(error)

    @property
    def found(self) -> Optional[dict[str, Any]]:
        """Return what is missing, for the module's result; None if nothing is, or nobody looked."""
        found, left = self._found or Backlog(), self._unfinished
        if not (found.missing or found.never or left.count):
            return None
        return {
            "app": self._application.app,
            "location": location(self._settings),
            "listed": found.listed,
            "missing": found.missing,
            "bytes": found.size,
            "oldest": _moment(found.oldest) if found.missing else None,
            "newest": _moment(found.newest) if found.missing else None,
            "never_uploaded": sum(found.never.values()),
            "unfinished": left.count,
            "unfinished_bytes": left.size,
        }

    def results(self, most: Optional[int], *, has_uploaded: bool) -> list[CheckResult]:
        """Return the result, if there is one.

        most: how many recordings may be missing or unfinished before the check fails; None: any number.
        has_uploaded: whether an upload works now.
        """
        app, where = self._application.app, location(self._settings)
        expected = f"every recording that is older than an hour in {where}/"
        found, left = self._found, self._unfinished
        not_read = self._not_read or (left.error and f"the server's disk could not be read: {left.error}")
        number = (found.missing if found else 0) + left.count
        is_ok = most is None or number <= most
        if not_read and is_ok:
            return [CheckResult(app, Check.BACKLOG, True, expected, not_read, tried=False)]
        if found is None and not left.count:
            return []
        actual = _actual(found or Backlog(), left)
        return [CheckResult(app, Check.BACKLOG, is_ok, expected, actual, _remedy(has_uploaded))]


def describe_backlog(found: Mapping[str, Any]) -> str:
    """Return a sentence about an application's backlog. found: as BacklogCheck.found returns it."""
    texts = []
    if found["missing"]:
        span = f"made from {found['oldest']} to {found['newest']}"
        texts.append(f"{found['missing']} of {found['listed']} recordings ({found['bytes']} bytes, {span})")
    if found["never_uploaded"]:
        texts.append(
            f"{found['never_uploaded']} recordings that AMS never uploads, since no stream made them,"
        )
    if found["unfinished"]:
        texts.append(f"{found['unfinished']} files ({found['unfinished_bytes']} bytes) named {_UNFINISHED}")
    return f"{found['app']}: {' and '.join(texts)} are not in {found['location']}/"


def _actual(found: Backlog, left: Unfinished) -> str:
    texts = [_missing(found)] if found.missing else []
    if left.count:
        texts.append(f"{left.count} files on the server's disk named {_UNFINISHED} ({left.size} bytes)")
    return " and ".join(texts) or "as expected"


def _missing(found: Backlog) -> str:
    span = f"made from {_moment(found.oldest)} to {_moment(found.newest)}"
    return (
        f"{found.missing} of {found.listed} are missing ({found.size} bytes, {span}), such as "
        f"{', '.join(found.names)}"
    )


def _remedy(has_uploaded: bool) -> str:
    why = (
        "An upload works now, and AMS does not try an old one again"
        if has_uploaded
        else "The failed check of the upload says why"
    )
    return f"{why}. Copy the files from the server's disk into the bucket"


def _moment(seconds: float) -> str:
    """Return a moment in UTC. What a server answers may be no moment at all."""
    try:
        return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (OverflowError, OSError, ValueError):
        return "an unknown time"
