# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which responses count for all, and that a wrong one does not."""

from __future__ import annotations

import threading

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._check.shared_responses import (
    SharedResponses,
)


class Asked:
    """Answers with these responses, one after the other, and then with the last one."""

    def __init__(self, *responses: str) -> None:
        self.responses, self.count = list(responses), 0

    def __call__(self) -> str:
        self.count += 1
        return self.responses.pop(0) if len(self.responses) > 1 else self.responses[0]


def is_right(response: str) -> bool:
    return response == "right"


def test_a_right_response_counts_for_all() -> None:
    shared, ask = SharedResponses(), Asked("right")
    assert [shared.get(("GET", "url"), ask, is_right) for _number in range(3)] == ["right"] * 3
    assert ask.count == 1


def test_another_request_has_a_response_of_its_own() -> None:
    shared, ask = SharedResponses(), Asked("right")
    for request in (("GET", "url"), ("GET", "other"), ("range", "url")):
        shared.get(request, ask, is_right)
    assert ask.count == 3


def test_where_the_first_is_wrong_each_asks_for_itself() -> None:
    """One server's bad minute is not the failure of all others."""
    shared, ask = SharedResponses(), Asked("wrong", "right", "wrong")
    got = [shared.get("request", ask, is_right) for _number in range(3)]
    assert got == ["wrong", "right", "wrong"]


def test_an_error_is_that_of_whoever_asked() -> None:
    shared, ask = SharedResponses(), Asked("right")

    def fails() -> str:
        raise ValueError("no answer")

    with pytest.raises(ValueError, match="no answer"):
        shared.get("request", fails, is_right)
    assert shared.get("request", ask, is_right) == "right"
    assert ask.count == 1


def test_wrong_ones_do_not_wait_for_each_other() -> None:
    shared, together = SharedResponses(), threading.Barrier(3)
    shared.get("request", Asked("wrong"), is_right)

    def ask() -> str:
        together.wait(60)
        return "wrong"

    threads = [threading.Thread(target=shared.get, args=("request", ask, is_right)) for _number in range(2)]
    for thread in threads:
        thread.start()
    assert shared.get("request", ask, is_right) == "wrong"
    for thread in threads:
        thread.join()


def test_those_who_ask_at_the_same_time_wait_for_the_first() -> None:
    shared, started, answered = SharedResponses(), threading.Event(), threading.Event()
    asked: list[int] = []

    def ask() -> str:
        asked.append(1)
        started.set()
        answered.wait(60)
        return "right"

    threads = [threading.Thread(target=shared.get, args=("request", ask, is_right)) for _number in range(4)]
    for thread in threads:
        thread.start()
    assert started.wait(60)
    answered.set()
    for thread in threads:
        thread.join()
    assert len(asked) == 1
