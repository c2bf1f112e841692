# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Numbers, sizes and spans of time as people read them."""

from __future__ import annotations


def count(number: int, noun: str) -> str:
    """Return a number with its noun: "1 file", "2 files"."""
    return f"{number} {noun}" + ("" if number == 1 else "s")


def data_size(size: float) -> str:
    """Return a number of bytes in the largest unit that fits: "1.2 GB"."""
    for unit, name in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if size >= unit:
            return f"{size / unit:.1f} {name}"
    return count(int(size), "byte")


def span(seconds: float) -> str:
    """Return a span of time in the largest unit that fits: "3 hours"."""
    for unit, noun in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= unit:
            return count(int(seconds // unit), noun)
    return "less than a minute"
