# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Waiting ends at the deadline, with one last try there."""

from __future__ import annotations

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.polling import (
    Deadline,
    growing,
    poll,
)


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    pauses: list[float] = []
    monkeypatch.setattr("time.monotonic", lambda: sum(pauses))
    monkeypatch.setattr("time.sleep", pauses.append)
    return pauses


def test_poll_tries_once_more_at_the_deadline(slept: list[float]) -> None:
    tries: list[float] = []
    assert poll(lambda: tries.append(sum(slept)), Deadline(8), growing(1, 2, 4)) is None
    assert slept == [1, 2, 4, 1]
    assert tries == [0, 1, 3, 7, 8]


def test_poll_ends_with_the_first_result(slept: list[float]) -> None:
    assert poll(lambda: sum(slept) if slept else None, Deadline(8), growing(1, 2, 4)) == 1
    assert poll(lambda: "now", Deadline(0), growing(1, 2, 4)) == "now"


def test_deadline_pauses_no_longer_than_it_lasts(slept: list[float]) -> None:
    deadline = Deadline(1.5)
    assert (deadline.pause(1), deadline.pause(1), deadline.pause(1)) == (1, 0.5, 0)
    assert (deadline.waited, deadline.left) == (1.5, 0)
