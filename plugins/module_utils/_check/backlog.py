# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""The backlog of an application: recordings in the server's list whose object is not in the bucket.

AMS uploads a recording once, when its stream has ended. If that fails it says so in its log alone, and never
tries again.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from itertools import chain
from typing import Any, Optional

from .._ams.broadcasts import Broadcasts
from .._ams.recording_rules import MP4, location, object_key, uploads
from .._ams.recordings import NEVER_UPLOADED, Recording, recordings
from .._common.errors import AmsError, AwsError
from .bucket_listing import BucketListings
from .leftovers import is_of_check
from .report import Check, CheckResult

# Seconds. A recording that is younger may still be on its way.
SETTLED_AFTER = 3600.0
_DAY = 86400.0
_MOST_NAMED = 3


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
        self._not_read = ""

    def run(self, timeout: float, expire_days: int) -> None:
        """Read both lists. timeout: seconds for each response."""
        if not uploads(self._settings, MP4):
            return
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
        found = self._found
        if found is None or not (found.missing or found.never):
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
        }

    def results(self, most: Optional[int], *, has_uploaded: bool) -> list[CheckResult]:
        """Return the result, if there is one.

        most: how many recordings may be missing before the check fails; None: any number. has_uploaded:
        whether an upload works now.
        """
        app, where = self._application.app, location(self._settings)
        expected = f"every recording that is older than an hour in {where}/"
        if self._not_read:
            return [CheckResult(app, Check.BACKLOG, True, expected, self._not_read, tried=False)]
        found = self._found
        if found is None:
            return []
        is_ok = most is None or found.missing <= most
        return [CheckResult(app, Check.BACKLOG, is_ok, expected, _actual(found), _remedy(has_uploaded))]


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
    return f"{found['app']}: {' and '.join(texts)} are not in {found['location']}/"


def _actual(found: Backlog) -> str:
    if not found.missing:
        return "as expected"
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
