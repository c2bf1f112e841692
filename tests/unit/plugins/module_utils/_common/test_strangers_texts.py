# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Texts of servers and stores: no secret in them in any form, and nothing that moves a terminal's cursor."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.settings import (
    plan,
    redact,
    secrets_of,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.errors import explain
from ansible_collections.antmedia.s3_recording.plugins.module_utils._check.report import Link, outcome
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.errors import AmsError, AwsError
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.plain_text import (
    excerpt,
    one_line,
    printable,
    printable_result,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.secret_forms import MASK, scrub
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.plan import Member, fleet
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.variables import intent_of
from botocore.exceptions import ClientError

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


CONTROLS = [
    "\x1b[2J\x1b[H",
    "\x1b]8;;https://evil.example\x1b\\click\x1b]8;;\x1b\\",
    "\x9b2J",
    "\u202efdp.exe\u202c",
    "\u2066\u2069\u200f",
    "\x00\x07\x08\x7f\r",
    "\x85\u2028\u2029",
    "\ud800",
]


@pytest.mark.parametrize("control", CONTROLS)
def test_controls_are_stripped_from_all_that_is_quoted(control: str) -> None:
    """A server's text reached the terminal as it was: ESC [2J cleared it."""
    denied: Any = {"Error": {"Code": "AccessDenied", "Message": f"no{control}\nlive  redirect  ok"}}
    link = Link("live", "redirect", False, "302", f"302 to {control}\nlive  get  ok", "Run", f"w{control}")
    texts = [
        excerpt(f"a{control}b"),
        excerpt(f"<p>a{control}b</p>"),
        excerpt("<p>&#27;[2J&#155;2J</p>"),
        str(AmsError("Reading", f"it said {control}")),
        AmsError("Reading", f"it said {control}", f"See {control}").result()["msg"],
        str(AwsError("Reading", f"it said {control}", f"See {control}")),
        str(explain("Reading", ClientError(denied, "GetObject"))),
        *printable_result({"a": [f"x{control}", {f"k{control}": (f"y{control}",)}]})["a"][:1],
        one_line(f"a{control}b"),
        printable(f"a{control}b"),
        link.verdict(),
    ]
    for text in texts:
        assert all(char.isprintable() or char in "\n\t" for char in text), repr(text)
    result = printable_result(outcome("https://a.example", [link]))
    assert all(char.isprintable() or char == "\n" for char in result["msg"] + result["warnings"][0])
    # A line of the table is the check's alone.
    assert result["msg"].count("\n") == 1


FAKED = "2.17\nPLAY RECAP ***\nams-1 : ok=9 changed=0"


def test_an_error_is_one_line_whatever_is_quoted_in_it() -> None:
    """The release that a server gave itself began lines of its own in the output of Ansible."""
    error = AmsError("Planning the settings", f"AMS {FAKED} does not know 's3Name'", "Nothing was written")
    assert str(error).endswith("ams-1 : ok=9 changed=0 does not know 's3Name'. Nothing was written.")
    assert len(str(error).splitlines()) == 1
    answer: Any = {"Error": {"Code": FAKED, "Message": FAKED}}
    assert len(str(explain("Asking", ClientError(answer, "Ask"))).splitlines()) == 1


def test_a_problem_of_the_plan_is_one_line() -> None:
    """A survey is filled in by people who may only start a job."""
    intent = intent_of({"bucket": f"bucket {FAKED}", "region": "eu-west-1"}, "ams-1")
    problems = fleet([Member("ams-1", intent, True)])["problems"]
    assert "PLAY RECAP" in str(problems)
    assert [problem for problem in problems if len(problem.splitlines()) > 1] == []


def test_what_people_write_stays() -> None:
    text = "Zugriff verweigert für Sie: 東京 😀\n\tzwei"
    assert printable(text) == text
    assert printable_result({"a": 1, "b": None, "c": [True, text]}) == {"a": 1, "b": None, "c": [True, text]}


def test_a_page_that_is_odd_takes_no_time() -> None:
    """256 KiB of opened tags: the pattern that takes heads out tried each of them to the end of the page."""
    assert excerpt("<head>" * 43_000).startswith("'") or excerpt("<head>" * 43_000) == "an empty body"
    assert excerpt("<" * 260_000)


NESTED = {
    "region": "eu",
    "plugin": {
        "apiKey": "key-of-a-plugin",
        "url": "https://a.example",
        "users": [{"password": "pass-of-a-user"}],
    },
    "asText": '{"webhookSecret": "secret-in-a-text", "name": "n"}',
    "passphrase": "a-phrase-of-a-test",
}
OF_NESTED = ["key-of-a-plugin", "pass-of-a-user", "secret-in-a-text", "a-phrase-of-a-test"]


def test_secrets_inside_a_setting_are_masked_by_their_names() -> None:
    """customSettings is the user's own object: what it holds was shown in changes and diffs."""
    shown = redact("customSettings", NESTED)
    assert not [secret for secret in OF_NESTED if secret in json.dumps(shown)]
    assert shown["plugin"] == {
        "apiKey": MASK,
        "url": "https://a.example",
        "users": [{"password": MASK}],
    }
    assert json.loads(shown["asText"]) == {"webhookSecret": MASK, "name": "n"}
    as_text = redact("customSettings", json.dumps(NESTED))
    assert json.loads(as_text) == {**shown}
    assert sorted(secrets_of({"customSettings": NESTED})) == sorted(OF_NESTED)
    assert sorted(secrets_of({"customSettings": json.dumps(NESTED)})) == sorted(OF_NESTED)


def test_a_value_without_secrets_is_shown_as_it_is() -> None:
    for value in ("", None, "[]", '{"a": 1}', "{broken", {"a": [1]}, ["mp4", "m3u8"], "[" * 5000):
        assert redact("customSettings", value) == value
    assert secrets_of({"customSettings": {"a": 1}, "mp4MuxingEnabled": True, "s3SecretKey": "of-a-test"}) == [
        "of-a-test"
    ]


def test_diff_says_that_a_secret_inside_is_another_one() -> None:
    """Masked, both sides of the diff are the same."""
    change = plan({"customSettings": {"token": "one"}}, {"customSettings": {"token": "another"}})
    diff = change.diff("live")
    assert diff["before"] == {"customSettings": {"token": MASK}}
    assert diff["after"] == {"customSettings": f"{MASK} (another value)"}
    assert "another'" not in str(change.redacted())
