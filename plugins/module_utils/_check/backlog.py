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
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from itertools import islice, takewhile
from typing import Any, Optional

from .._ams.broadcasts import Broadcasts
from .._ams.recording_rules import (
    MP4,
    UNFINISHED,
    local_folder,
    object_key,
    path_below_streams,
    uploads,
)
from .._ams.recordings import NEVER_UPLOADED, Recording, Recordings
from .._common.errors import AmsError, AwsError
from .bucket_listing import BucketListings, Stored, address_of
from .leftovers import is_of_check
from .report import Check, CheckResult
from .unfinished import Unfinished, unfinished

# Seconds. A recording that is younger may still be on its way.
SETTLED_AFTER = 3600.0
_DAY = 86400.0
_MOST_NAMED, _LONGEST_NAME = 3, 100
_UNFINISHED = f"NAME.mp4{UNFINISHED}"


@dataclass
class Backlog:
    """What is missing.

    listed: how many recordings were looked for. is_whole: False if older ones were not. never: how many are
    missing of each kind that AMS never uploads.
    """

    listed: int = 0
    is_whole: bool = True
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
            self.names.append(recording.path[:_LONGEST_NAME])


def settled(
    listed: Iterable[Recording], now: float, expire_days: int = 0, min_age: float = SETTLED_AFTER
) -> Iterable[Recording]:
    """Return the recordings that should be in the bucket: not on their way, not expired, and of no check.

    expire_days: after so many days the bucket deletes an object; 0: never. min_age: in seconds, see
    SETTLED_AFTER.
    """
    for each in listed:
        age = now - each.created
        has_expired = expire_days and age > expire_days * _DAY
        if age >= min_age and not has_expired and not is_of_check(each.path):
            yield each


def find(app: str, listed: Iterable[Recording], stored: Stored, settings: Mapping[str, Any]) -> Backlog:
    """Return which of an application's recordings are not stored."""
    found = Backlog()
    for each in islice(listed, stored.most):
        is_stored = object_key(settings, path_below_streams(app, each.path)) in stored
        if each.kind not in NEVER_UPLOADED:
            found.add(each, is_stored=is_stored)
        elif not is_stored:
            found.never[each.kind] += 1
    found.is_whole = next(iter(listed), None) is None
    return found


class BacklogCheck:
    """Looks for the backlog of one application.

    ams_dir: where AMS is installed, if its disk is here. timeout: seconds for each response of S3.
    """

    def __init__(
        self,
        application: Broadcasts,
        settings: Mapping[str, Any],
        listings: BucketListings,
        timeout: float,
        expire_days: int = 0,
        ams_dir: str = "",
    ) -> None:
        self._application, self._settings, self._listings = application, settings, listings
        self._timeout, self._expire_days, self._ams_dir = timeout, expire_days, ams_dir
        self._found: Optional[Backlog] = None
        self._unfinished = Unfinished()
        self._not_read = ""
        self._is_stopped = False

    def run(self) -> None:
        """Read the list and the bucket, and the disk if it is here."""
        try:
            if not uploads(self._settings, MP4):
                return
            if self._ams_dir:
                folder = os.path.join(self._ams_dir, local_folder(self._application.app))
                self._unfinished = unfinished(folder, time.time() - SETTLED_AFTER)
            self._found = self._compare()
        except (AmsError, AwsError, TypeError, ValueError) as error:
            self._not_read = str(error)

    def stop(self) -> None:
        """Look at no other recording."""
        self._is_stopped = True

    def _compare(self) -> Backlog:
        listed = Recordings(self._application)
        if not listed.total:
            return Backlog()
        stored = self._listings.stored(self._settings, self._timeout)
        running = takewhile(lambda _each: not self._is_stopped, listed)
        of_now = iter(settled(running, stored.at, self._expire_days))
        found = find(self._application.app, of_now, stored, self._settings)
        found.is_whole = found.is_whole and listed.is_whole
        return found

    @property
    def found(self) -> Optional[dict[str, Any]]:
        """Return what is missing, for the module's result; None if nothing is, or nobody looked."""
        found, left = self._found or Backlog(), self._unfinished
        if not (found.missing or found.never or left.count):
            return None
        return {
            "app": self._application.app,
            "location": address_of(self._settings),
            "listed": found.listed,
            "complete": found.is_whole,
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
        found, left = self._found, self._unfinished
        expected = f"every recording that is older than an hour in {address_of(self._settings)}"
        not_read = self._not_read or (left.error and f"the server's disk could not be read: {left.error}")
        number = (found.missing if found else 0) + left.count
        is_ok = most is None or number <= most
        app = self._application.app
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
        of = _of(found["listed"], found["complete"])
        texts.append(f"{found['missing']} of {of} recordings ({found['bytes']} bytes, {span})")
    if found["never_uploaded"]:
        texts.append(
            f"{found['never_uploaded']} recordings that AMS never uploads, since no stream made them,"
        )
    if found["unfinished"]:
        texts.append(f"{found['unfinished']} files ({found['unfinished_bytes']} bytes) named {_UNFINISHED}")
    return f"{found['app']}: {' and '.join(texts)} are not in {found['location']}"


def _of(number: int, is_whole: bool) -> str:
    return f"{'' if is_whole else 'the newest '}{number}"


def _actual(found: Backlog, left: Unfinished) -> str:
    texts = [_missing(found)] if found.missing else []
    if left.count:
        texts.append(f"{left.count} files on the server's disk named {_UNFINISHED} ({left.size} bytes)")
    return " and ".join(texts) or "as expected"


def _missing(found: Backlog) -> str:
    span = f"made from {_moment(found.oldest)} to {_moment(found.newest)}"
    of = _of(found.listed, found.is_whole)
    names = ", ".join(found.names)
    return f"{found.missing} of {of} are missing ({found.size} bytes, {span}), such as {names}"


def _remedy(has_uploaded: bool) -> str:
    now = "An upload works now" if has_uploaded else "Uploads fail now, see the check 'put'"
    return (
        f"{now}. AMS does not upload old recordings later. Run import_recordings.yml, over ssh where viewers "
        "are forwarded, or copy them from where the server recorded before"
    )


def _moment(seconds: float) -> str:
    """Return a moment in UTC. What a server answers may be no moment at all."""
    try:
        return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (OverflowError, OSError, ValueError):
        return "an unknown time"
