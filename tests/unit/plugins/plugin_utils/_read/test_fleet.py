# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Many servers in threads. The time is what the test says that it is."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._read.fleet import read_all, seconds_for
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._read.schedule import Job, Turn

PAIR = ("login", "a", "b")
CLUSTER = ("cluster", "one")


def late(job: Job, started: bool) -> dict[str, Any]:
    return {"late": job.host, "started": started}


def of_turn(turn: Turn) -> tuple[dict[str, Any], bool]:
    return {"read": turn.job.host, "refused_by": turn.refused_by}, False


def for_ever() -> float:
    return 60


def unseen(*_progress: object) -> None:
    """Watch nothing."""


@pytest.mark.parametrize(("count", "seconds"), [(1, 30), (1000, 30), (1500, 45), (2000, 60)], ids=str)
def test_the_deadline_grows_with_the_fleet_beyond_a_thousand(count: int, seconds: float) -> None:
    assert seconds_for(count) == seconds


@pytest.mark.parametrize("threads", [1, 3, 32])
def test_each_host_has_what_was_read_of_it(threads: int) -> None:
    jobs = [Job(f"ams-{number}", (PAIR,)) for number in range(50)]
    found = read_all(jobs, of_turn, late, for_ever, unseen, threads)
    assert list(found) == [job.host for job in jobs]
    assert found == {job.host: {"read": job.host, "refused_by": ""} for job in jobs}


def test_no_servers_are_read_at_once() -> None:
    assert read_all([], of_turn, late, for_ever, unseen) == {}


def test_a_server_that_hangs_holds_up_neither_the_others_nor_the_end() -> None:
    ended = threading.Event()
    jobs = [Job("hangs"), *(Job(f"ams-{number}") for number in range(9))]

    def reader(turn: Turn) -> tuple[dict[str, Any], bool]:
        if turn.job.host == "hangs":
            ended.wait(60)
        return of_turn(turn)

    # Asked before each result: the time is up after the nine others.
    clock = iter([60.0] * 9)
    found = read_all(jobs, reader, late, lambda: next(clock, 0), unseen, threads=2)
    ended.set()
    assert found.pop("hangs") == {"late": "hangs", "started": True}
    assert found == {job.host: {"read": job.host, "refused_by": ""} for job in jobs[1:]}


def test_the_read_can_be_watched() -> None:
    seen: list[tuple[list[str], bool, float]] = []
    jobs = [Job("ams-0"), Job("ams-1")]

    def watch(found: Mapping[str, Any], started: set[str], left: float) -> None:
        seen.append((list(found), set(found) <= started, left))

    read_all(jobs, of_turn, late, for_ever, watch, threads=1)
    assert [seen[0], seen[-1]] == [([], True, 60), (["ams-0"], True, 60)]


def test_whose_turn_did_not_come_is_told_apart() -> None:
    """All wait for the verdict on a login that does not come."""
    tried, ended = threading.Event(), threading.Event()

    def reader(turn: Turn) -> tuple[dict[str, Any], bool]:
        tried.set()
        ended.wait(60)
        return of_turn(turn)

    jobs = [Job("first", (CLUSTER,)), Job("second", (CLUSTER,))]
    found = read_all(jobs, reader, late, lambda: 0 if tried.wait(60) else 60, unseen)
    ended.set()
    assert found == {
        "first": {"late": "first", "started": True},
        "second": {"late": "second", "started": False},
    }


def test_a_refused_login_is_tried_once() -> None:
    jobs = [Job(f"ams-{number}", (PAIR,)) for number in range(20)]
    tried: list[str] = []

    def reader(turn: Turn) -> tuple[dict[str, Any], bool]:
        if not turn.refused_by:
            tried.append(turn.job.host)
        return of_turn(turn)[0], not turn.refused_by

    found = read_all(jobs, reader, late, for_ever, unseen)
    assert tried == ["ams-0"]
    assert {each["refused_by"] for host, each in found.items() if host != "ams-0"} == {"ams-0"}


def test_a_thread_that_dies_ends_the_run_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody put a result, and the verification, which has no deadline, waited for ever."""
    errors: list[threading.ExceptHookArgs] = []
    monkeypatch.setattr(threading, "excepthook", errors.append)

    def dies(turn: Turn) -> tuple[dict[str, Any], bool]:
        raise RuntimeError(turn.job.host)

    assert read_all([Job("ams-0")], dies, late, for_ever, unseen) == {"ams-0": {}}
