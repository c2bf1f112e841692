# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""JSON of a stranger: an error if Python would read more than JSON into it, or pay too much for it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from typing import Any, Union

from .plain_text import one_line

# A value costs up to 120 bytes, 40 times as much as its text. Settings have 210, a page some thousands.
MOST_VALUES = 32_768
DEEPEST = 64
_LONGEST_NUMBER = 64
_LONGEST_QUOTE = 60


class JsonError(ValueError):
    """JSON that is refused. The message follows "the answer is"."""


def parse(content: Union[bytes, str]) -> Any:
    """Return the value of JSON; raise JsonError if it is refused, ValueError if it is none."""
    text = _text(content)
    opened = text.count("{") + text.count("[")
    if text.count(",") + opened > MOST_VALUES:
        raise JsonError(f"JSON with more than {MOST_VALUES} values")
    try:
        value = _DECODER.decode(text)
    except RecursionError:
        raise _too_deep() from None
    if opened > DEEPEST:
        _refuse_depth(value)
    if "\\u" in text:
        _refuse_lone_surrogates(value)
    return value


def _text(content: Union[bytes, str]) -> str:
    if isinstance(content, str):
        return content
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise JsonError("JSON that is not UTF-8") from None


def _refuse_depth(value: Any) -> None:
    level = [value]
    for _depth in range(DEEPEST + 1):
        level = [part for each in level for part in _parts(each) if isinstance(part, (dict, list))]
        if not level:
            return
    raise _too_deep()


def _parts(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _too_deep() -> JsonError:
    return JsonError(f"JSON that is nested more than {DEEPEST} levels deep")


def _refuse_lone_surrogates(value: Any) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise JsonError("JSON with half a character (a lone surrogate)") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _value in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise JsonError(f"JSON that has '{one_line(twice)[:_LONGEST_QUOTE]}' twice in one object")
    return found


def _whole(text: str) -> int:
    if len(text) > _LONGEST_NUMBER:
        raise JsonError(f"JSON with a number of {len(text)} digits")
    return int(text)


def _fraction(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise JsonError(f"JSON with the number {text[:_LONGEST_QUOTE]}, which is too large")
    return number


def _no_number(text: str) -> Any:
    raise JsonError(f"JSON with {text}, which is no number of JSON")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique, parse_int=_whole, parse_float=_fraction, parse_constant=_no_number
)
