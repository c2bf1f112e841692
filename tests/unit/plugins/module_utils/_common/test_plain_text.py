# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Texts of strangers are safe for a terminal."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.errors import to_aws_error
from ansible_collections.antmedia.s3_recording.plugins.module_utils._check.report import (
    CheckResult,
    module_result,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.errors import AmsError, AwsError
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.plain_text import (
    excerpt,
    one_line,
    printable,
    printable_result,
)
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.model import Member
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.plan import plan_fleet
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.variables import intent_of
from botocore.exceptions import ClientError

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
    link = CheckResult(
        "live", "redirect", False, "302", f"302 to {control}\nlive  get  ok", "Run", f"w{control}"
    )
    texts = [
        excerpt(f"a{control}b"),
        excerpt(f"<p>a{control}b</p>"),
        excerpt("<p>&#27;[2J&#155;2J</p>"),
        str(AmsError("Reading", f"it said {control}")),
        AmsError("Reading", f"it said {control}", f"See {control}").result()["msg"],
        str(AwsError("Reading", f"it said {control}", f"See {control}")),
        str(to_aws_error("Reading", ClientError(denied, "GetObject"))),
        *printable_result({"a": [f"x{control}", {f"k{control}": (f"y{control}",)}]})["a"][:1],
        one_line(f"a{control}b"),
        printable(f"a{control}b"),
        link.describe(),
    ]
    for text in texts:
        assert all(char.isprintable() or char in "\n\t" for char in text), repr(text)
    result = printable_result(module_result("https://a.example", [link]))
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
    assert len(str(to_aws_error("Asking", ClientError(answer, "Ask"))).splitlines()) == 1


def test_a_problem_of_the_plan_is_one_line() -> None:
    """A survey is filled in by people who may only start a job."""
    intent = intent_of({"bucket": f"bucket {FAKED}", "region": "eu-west-1"}, "ams-1")
    problems = plan_fleet([Member("ams-1", intent, True)])["problems"]
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
