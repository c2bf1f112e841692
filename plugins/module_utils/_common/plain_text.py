# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Make texts safe and short for a terminal: without control characters, in one line, cut."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from typing import Any

_LONGEST_EXCERPT = 400
# Of a body: the time of the patterns below may grow with its square.
_LONGEST_BODY = 8192
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


def excerpt(body: str) -> str:
    """Return what a person can read of an answer's body: HTML without its tags, in one line."""
    body = body[:_LONGEST_BODY]
    if "<" in body:
        body = re.sub(r"(?is)<(style|script|head)\b.*?</\1>", " ", body)
        body = html.unescape(re.sub(r"(?s)<[^>]*>", " ", body))
    line = one_line(body)
    if not line:
        return "an empty body"
    return f"'{line[:_LONGEST_EXCERPT]}…'" if len(line) > _LONGEST_EXCERPT else f"'{line}'"


def printable_result(value: Any) -> Any:
    """Return the result of a task with all of its texts printable."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, Mapping):
        return {printable_result(name): printable_result(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [printable_result(each) for each in value]
    return value


def abbreviate(names: Sequence[str], most: int = 5) -> str:
    """Return the first names, and the number of the others."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")
