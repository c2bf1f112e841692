# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Texts of a stranger, for a terminal: nothing in them moves the cursor or turns the direction of reading."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

# C0 but tab and line feed, DEL and C1, marks that turn the direction, line separators, half characters.
_CONTROLS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)


def printable(text: str) -> str:
    """Return a text without its control characters; tabs and ends of lines stay."""
    return text if text.isprintable() else _CONTROLS.sub("", text)


def one_line(text: str) -> str:
    """Return a text in one line, without its control characters."""
    return printable(" ".join(text.split()))


def printable_result(value: Any) -> Any:
    """Return the result of a task with all of its texts printable."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, Mapping):
        return {printable_result(name): printable_result(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [printable_result(each) for each in value]
    return value
