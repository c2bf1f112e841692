# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Lines on a terminal, and the failure below them, for people and for programs."""

from __future__ import annotations

import pytest
from ansible import constants
from ansible.utils.display import Display
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._display.display_lines import (
    display_lines,
    failure,
)

PEOPLE, PROGRAMS = ("default", "ansible.builtin.default", "yaml"), ("json", "ansible.posix.jsonl", "null")
LINES = ["STOP  1 problem. Nothing was changed.", "      ! the bucket is not there"]


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, bool]]:
    found: list[tuple[str, bool]] = []
    monkeypatch.setattr(
        Display, "display", lambda _self, text, stderr=False, **_more: found.append((text, stderr))
    )
    return found


@pytest.mark.parametrize("callback", PEOPLE)
def test_people_read_the_problem_below_the_lines(monkeypatch: pytest.MonkeyPatch, callback: str) -> None:
    monkeypatch.setattr(constants, "DEFAULT_STDOUT_CALLBACK", callback)
    assert failure(LINES, "It failed.") == {"failed": True, "msg": "It failed."}


@pytest.mark.parametrize("callback", PROGRAMS)
def test_a_program_gets_the_lines_with_the_problem(monkeypatch: pytest.MonkeyPatch, callback: str) -> None:
    """It does not read stderr, where the lines are."""
    monkeypatch.setattr(constants, "DEFAULT_STDOUT_CALLBACK", callback)
    assert failure(LINES, "It failed.") == {"failed": True, "msg": "\n".join([*LINES, "It failed."])}
    assert failure([], "It failed.") == {"failed": True, "msg": "It failed."}


@pytest.mark.parametrize(
    ("callback", "on_stderr"), [*((name, False) for name in PEOPLE), *((name, True) for name in PROGRAMS)]
)
def test_lines_are_printed_at_once_and_not_among_what_a_program_reads(
    monkeypatch: pytest.MonkeyPatch, printed: list[tuple[str, bool]], callback: str, on_stderr: bool
) -> None:
    monkeypatch.setattr(constants, "DEFAULT_STDOUT_CALLBACK", callback)
    assert display_lines([*LINES, "\x1b[2J{{ 1 }}\n"]) == [*LINES, "[2J{{ 1 }}"]
    assert printed == [("\n".join([*LINES, "[2J{{ 1 }}"]), on_stderr)]


def test_no_line_prints_nothing(printed: list[tuple[str, bool]]) -> None:
    assert display_lines([]) == []
    assert printed == []
