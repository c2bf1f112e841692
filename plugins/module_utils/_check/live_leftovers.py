# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Remove from a server what a killed live check has left: a broadcast, which stays, and its recordings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._ams.broadcasts import Broadcasts
from .leftovers import LIVE, OLD, is_of_check


def remove_leftovers(application: Broadcasts, now: float) -> int:
    """Delete broadcasts and recordings of old live checks, and return how many. now: in seconds since 1970.

    The objects of these checks are removed with those of the small object, see upload.
    """
    broadcasts = [each for each in application.named(LIVE) if _is_left(each, "streamId", "date", now)]
    for each in broadcasts:
        application.delete(each["streamId"])
    listed = application.recordings_named(LIVE)
    recordings = [each for each in listed if _is_left(each, "vodName", "creationDate", now)]
    for each in recordings:
        application.delete_recording(str(each["vodId"]))
    return len(broadcasts) + len(recordings)


def _is_left(entry: Mapping[str, Any], name: str, moment: str, now: float) -> bool:
    made = entry.get(moment)
    is_old = isinstance(made, (int, float)) and made / 1000 < now - OLD.total_seconds()
    return is_old and is_of_check(str(entry.get(name)), LIVE)
