# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read which servers are verified by a test stream, and how often a server is verified."""

from __future__ import annotations

import re

FIRST, ROTATE, ALL, NONE = "first", "rotate", "all", "none"
LIVE_TESTS = (FIRST, ROTATE, ALL, NONE)
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"(\d+)\s*([smhd]?)")


def seconds_of(duration: str) -> int:
    """Return the seconds of a duration such as 12h; ValueError if it is none."""
    found = _DURATION.fullmatch(str(duration).strip().lower())
    if not found:
        raise ValueError(f"must be seconds, or a number with s, m, h or d such as 12h, not {duration!r}")
    return int(found[1]) * _UNITS[found[2]]
