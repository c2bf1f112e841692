# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Lines for a terminal, and the same text once for many hosts."""

from __future__ import annotations

import pytest
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._display.lines import (
    group_by_text,
    is_for_machines,
    limited,
    listed,
    of_hosts,
    screen_line,
    screen_lines,
    without_address,
)


def test_a_line_keeps_its_layout_and_loses_what_a_terminal_obeys() -> None:
    assert screen_line("  ams1   it\x1b[2J works\n\tat last\r\n") == "  ams1   it[2J works at last"


def test_a_line_is_bounded() -> None:
    assert screen_line("x" * 5000) == "x" * 999 + "…"
    assert len(screen_lines(["x"] * 3000)) == 2000
    assert screen_lines(["x"] * 3000)[-1] == "and 1001 more lines"


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, ""),
        (1, "a0"),
        (2, "a0 and a1"),
        (5, "a0, a1, a2, a3 and a4"),
        (7, "a0, a1, a2, a3, a4 and 2 more"),
    ],
)
def test_names_are_listed_as_in_a_sentence(number: int, text: str) -> None:
    assert listed([f"a{each}" for each in range(number)]) == text


def test_the_last_line_counts_the_others() -> None:
    assert limited(["a", "b"], 2, "warning", "! ") == ["a", "b"]
    assert limited(["a", "b", "c"], 2, "warning", "! ") == ["a", "! and 2 more warnings"]
    assert limited(["a"], 0, "warning", "") == ["and 1 more warning"]


def test_texts_that_differ_in_the_address_alone_are_one() -> None:
    found = [(host, f"https://{host}.example.com:5443: the login was refused") for host in ("a", "b")]
    assert group_by_text(found) == {"the server: the login was refused": ["a", "b"]}
    assert of_hosts(["a", "b"], "the server: no answer") == "a and b: no answer"


def test_a_text_of_one_server_keeps_its_address() -> None:
    text = "https://a.example.com:5443 has no application Live"
    assert group_by_text([("a", text), ("a", text)]) == {text: ["a"]}


def test_a_text_about_no_server_keeps_every_address() -> None:
    found = [("", f"https://{each}.s3.amazonaws.com is someone else's") for each in ("one", "two")]
    assert group_by_text(found) == {text: [] for _host, text in found}


def test_names_of_test_objects_do_not_keep_texts_apart() -> None:
    found = [
        (host, f"streams/recording-check-{digit * 16}.mp4: 403") for host, digit in (("a", "1"), ("b", "f"))
    ]
    assert group_by_text(found) == {"streams/recording-check-….mp4: 403": ["a", "b"]}


@pytest.mark.parametrize(
    ("text", "without"),
    [
        ("https://a:5443: no answer", "the server: no answer"),
        ("https://a:5443/live answers 404", "the server's /live answers 404"),
        ("https://a is not https://a:5443", "the server is not https://a:5443"),
        ("https://a is not https://a.example.com", "the server is not https://a.example.com"),
        ("no answer", "no answer"),
    ],
)
def test_the_address_of_the_server_is_left_out(text: str, without: str) -> None:
    assert without_address(text) == without


@pytest.mark.parametrize(
    ("callback", "answer"),
    [
        ("default", False),
        ("json", True),
        ("ansible.posix.json", True),
        ("ansible.posix.jsonl", True),
        ("community.general.null", True),
        ("acme.tools.yaml_dump", True),
        ("community.general.yaml", False),
        ("minimal", False),
        ("awx_display", False),
    ],
)
def test_stdout_of_a_machine_is_left_alone(callback: str, answer: bool) -> None:
    assert is_for_machines(callback) is answer
