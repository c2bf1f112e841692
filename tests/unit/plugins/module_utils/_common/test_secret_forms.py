# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Secrets are masked in each form that a writer makes of them."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.secret_forms import MASK, scrub

SECRETS = [
    "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY=",
    "p\"a\\s's w&o<r>d:=#!ü~😀",
    "only-letters_and.123",
    "C:\\\\users\\x",
    "tab\tand  blanks",
]


def in_json(text: str) -> str:
    return json.dumps(text)[1:-1]


def in_properties(text: str) -> str:
    """As Java's Properties.store writes a value, and as it writes a key."""
    named = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", " ": "\\ "}
    units = (text.encode("utf-16-be")[at : at + 2] for at in range(0, len(text.encode("utf-16-be")), 2))
    written = []
    for unit in units:
        char = unit.decode("utf-16-be", "surrogatepass")
        if char in "=:#!":
            written.append(f"\\{char}")
        elif char in named:
            written.append(named[char])
        else:
            written.append(char if " " < char <= "~" else f"\\u{ord(char):04X}")
    return "".join(written)


FORMS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "JSON": in_json,
    "JSON, not ASCII": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    "JSON with \\/": lambda text: in_json(text).replace("/", "\\/"),
    "JSON in JSON": lambda text: in_json(in_json(text)),
    "JSON in JSON in JSON": lambda text: in_json(in_json(in_json(text))),
    "URL": lambda text: quote(text, safe=""),
    "URL, slashes kept": quote,
    "URL, lower case": lambda text: "".join(
        char if char.isalnum() and char.isascii() else "".join(f"%{byte:02x}" for byte in char.encode())
        for char in text
    ),
    "query": quote_plus,
    "URL in a URL": lambda text: quote(quote(text, safe=""), safe=""),
    "Java properties": in_properties,
    "properties in JSON": lambda text: in_json(in_properties(text)),
    "HTML": html.escape,
    "HTML without quotes": lambda text: html.escape(text, quote=False),
    "HTML in numbers": lambda text: "".join(
        char if char.isalnum() and char.isascii() else f"&#{ord(char)};" for char in text
    ),
    "HTML in hex": lambda text: "".join(
        char if char.isalnum() and char.isascii() else f"&#x{ord(char):X};" for char in text
    ),
    "HTML twice": lambda text: html.escape(html.escape(text)),
    "JSON in HTML": lambda text: html.escape(in_json(text)),
    "one line": lambda text: " ".join(text.split()),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 of a URL": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("secret", SECRETS)
def test_scrub_masks_each_form(secret: str, form: str) -> None:
    """The old scrub knew four forms: as it is, JSON, HTML and in one line."""
    written = FORMS[form](secret)
    found = scrub(f"before {written} after", [secret])
    assert found.startswith(f"before {MASK}")
    assert found.endswith(" after")
    # Of base64 the last character or two depend on what follows.
    assert len(found) <= len(f"before {MASK} after") + (4 if "base64" in form else 0)


@pytest.mark.parametrize("before", ["u:", "ab:", "abc:"])
def test_scrub_masks_basic_authentication(before: str) -> None:
    secret = "a-password-of-a-test"
    whole = base64.b64encode(f"{before}{secret}".encode()).decode()
    left = scrub(f"Authorization: Basic {whole}", [secret]).partition(MASK)
    assert left[1] == MASK
    assert len(left[0]) <= len("Authorization: Basic ") + 6
    assert len(left[2]) <= 4


def test_what_is_no_secret_stays() -> None:
    text = 'status 500 with "a \\"quoted\\" text" & 50%25 of it\n'
    assert scrub(text, ["", None, "short", "of-a-test"]) == text
    assert scrub("aXb a.b", ["of a.b"]) == "aXb a.b"


def test_a_text_of_backslashes_takes_no_time() -> None:
    """Each quantifier of the pattern is bounded: what nearly fits must not be tried in all ways."""
    secret = "\\" * 12 + '"' + "\\" * 12 + "end"
    assert scrub("\\" * 3000, [secret]) == "\\" * 3000
