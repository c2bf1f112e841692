# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Masks secrets in a text, as they are or in the form that the writer of the text made of them."""

from __future__ import annotations

import base64
import html.entities
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import groupby
from typing import Optional
from urllib.parse import quote

MASK = "********"
# A shorter secret would be replaced inside ordinary words; by name it is masked whatever its length.
SHORTEST = 6
# What no writer escapes.
_ALWAYS_PLAIN = re.compile(r"[A-Za-z0-9]+")
_BLANK = (
    r"(?:\s|\+|\\{1,7}(?:[nrtfv ]|u00(?:20|0[9A-Fa-f]))"
    r"|%(?:25){0,3}(?:20|0[9A-Da-d])|&(?:amp;){0,3}(?:nbsp|#0*(?:32|9|10|13)|#[xX]0*(?:20|[9aAdD]));)+"
)


def scrub(text: str, secrets: Iterable[Optional[str]]) -> str:
    """Return a text without the secrets that it may quote.

    Known forms are those of JSON, also of JSON in JSON, of URLs, HTML, Java's properties, and base64.
    """
    known = {secret.strip() for secret in secrets if secret and len(secret.strip()) >= SHORTEST}
    for secret in sorted(known, key=len, reverse=True):
        for form in _in_base64(secret):
            text = text.replace(form, MASK)
        if _ALWAYS_PLAIN.fullmatch(secret):
            text = text.replace(secret, MASK)
        else:
            text = _pattern(secret).sub(MASK, text)
    return text


@lru_cache(maxsize=256)
def _pattern(secret: str) -> re.Pattern[str]:
    runs = (("".join(run), kind) for kind, run in groupby(secret, _kind))
    return re.compile("".join(_run(text, kind) for text, kind in runs))


def _kind(char: str) -> str:
    if char.isspace():
        return "blank"
    return "backslash" if char == "\\" else "other"


def _run(text: str, kind: str) -> str:
    if kind == "blank":
        return _BLANK
    if kind == "backslash":
        # Each level of JSON doubles them.
        coded = r"(?:%(?:25){0,3}5[cC]|\\{1,7}u005[cC]|&(?:amp;){0,3}(?:#0*92|#[xX]0*5[cC]|bsol);)"
        return rf"(?:\\{{{len(text)},{8 * len(text)}}}|{coded}{{{len(text)}}})"
    return "".join(re.escape(char) if _ALWAYS_PLAIN.fullmatch(char) else _escaped(char) for char in text)


def _escaped(char: str) -> str:
    """Return a pattern for a character and what becomes of it."""
    in_url = "".join(f"%(?:25){{0,3}}{byte:02x}" for byte in char.encode("utf-8", "surrogatepass"))
    units = char.encode("utf-16-be", "surrogatepass")
    pairs = [units[at : at + 2].hex() for at in range(0, len(units), 2)]
    # The backslashes before the first one are those of any character.
    in_java = "\\\\" + r"\\{1,7}".join(f"u{pair}" for pair in pairs)
    names = [name for name, point in html.entities.name2codepoint.items() if point == ord(char)]
    names += ["apos"] if char == "'" else []
    in_html = "|".join([*names, f"#0*{ord(char)}", f"#x0*{ord(char):x}"])
    return rf"\\{{0,7}}(?:{re.escape(char)}|(?i:{in_url}|{in_java}|&(?:amp;){{0,3}}(?:{in_html});))"


def _in_base64(secret: str) -> Iterator[str]:
    """Yield base64 of a secret, wherever in a longer text it stood: without the ends that vary."""
    raw = secret.encode("utf-8", "surrogatepass")
    for before in range(3):
        shifted = base64.b64encode(b"\0" * before + raw).decode()
        inner = shifted[(0, 2, 3)[before] : (before + len(raw)) * 8 // 6]
        yield from {inner, inner.translate(_URL_SAFE), quote(inner, safe=""), inner.replace("/", "\\/")}


_URL_SAFE = str.maketrans("+/", "-_")
