# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a person sees while servers are read. The time is what the test says that it is."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible.utils.display import Display
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.progress import listener
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._display import progress_lines
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._read.server import UNREACHABLE, problem
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._read.watch import Watch

READ: dict[str, Any] = {"problem": None}
GONE = problem(UNREACHABLE, "Connecting", "no answer")
REFUSED = problem("refused", "Reading", "a page of HTML")


class Clock:
    """A read of so many servers within 30 s, which is watched every half second."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, servers: int) -> None:
        self.lines: list[str] = []
        self._now = 0.0
        self._watch = Watch(servers, 30)
        monkeypatch.setattr(Display, "display", lambda _self, text, stderr=False: self.lines.append(text))
        monkeypatch.setattr(progress_lines, "time", SimpleNamespace(monotonic=lambda: self._now))
        self._displayed = progress_lines.ProgressLines()

    def until(self, second: float, found: dict[str, Any], started: set[str]) -> list[str]:
        """Return the lines up to a second, while this is found."""
        self.lines.clear()
        with listener(self._displayed):
            while self._now < second:
                self._now += 0.5
                self._watch(found, started, 30 - self._now)
        return list(self.lines)


def test_nothing_is_displayed_of_a_read_that_is_fast(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch, 2)
    assert clock.until(9.5, {"ams-0": GONE}, {"ams-0", "ams-1"}) == []


def test_every_ten_seconds_the_servers_that_are_waited_for_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch, 20)
    hanging = {f"s-{number}" for number in range(5)}
    found = {f"ams-{number}": READ for number in range(8)} | {"broken": REFUSED}
    assert clock.until(12, found, {*found, *hanging}) == [
        "Waiting for 11 of 20 servers to be read: 10 s so far, slow: s-0, s-1, s-2 and 2 more, at most 30 s"
    ]
    found |= {"a": GONE, "b": GONE}
    assert clock.until(19, found, {*found, *hanging}) == []
    # The turn of one came a moment ago.
    assert clock.until(20, found, {*found, "s-2", "just-now"}) == [
        "Waiting for 9 of 20 servers to be read: 20 s so far, slow: s-2, unreachable: a and b, at most 30 s"
    ]


def test_before_any_is_slow_the_number_alone_is_displayed(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch, 3000)
    clock.until(9, {"ams-0": READ}, {"ams-0"})
    assert clock.until(10, {"ams-0": READ}, {"ams-0", "ams-1"}) == [
        "Waiting for 2999 of 3000 servers to be read: 10 s so far, at most 30 s"
    ]
