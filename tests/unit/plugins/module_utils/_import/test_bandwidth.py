# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The limit of the bytes of a second: for threads, and for processes that share a file."""

from __future__ import annotations

import multiprocessing
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._import import bandwidth
from ansible_collections.antmedia.s3_recording.plugins.module_utils._import.bandwidth import Bandwidth

NOW = 100.0


@pytest.fixture(autouse=True)
def _no_time_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bandwidth, "time", SimpleNamespace(monotonic=lambda: NOW))


def take_all(limit: Bandwidth, sizes: list[int]) -> list[float]:
    slept: list[float] = []
    for size in sizes:
        limit.take(size, slept.append)
    return slept


def test_without_a_limit_nobody_waits() -> None:
    assert take_all(Bandwidth(0), [10**9] * 3) == []


@pytest.mark.parametrize("is_shared", [False, True])
def test_each_transfer_waits_for_those_before_it(is_shared: bool, tmp_path: Path) -> None:
    path = str(tmp_path / "limit") if is_shared else None
    assert take_all(Bandwidth(1000, path), [1000, 3000, 1000]) == [0, 1, 4]


def _take_ten(path: str, slept: list[float]) -> None:
    slept.extend(take_all(Bandwidth(1000, path), [1000] * 10))


def test_processes_and_threads_share_one_limit(tmp_path: Path) -> None:
    path, fork = str(tmp_path / "limit"), multiprocessing.get_context("fork")
    with fork.Manager() as manager:
        slept = manager.list()
        workers: list[Any] = [fork.Process(target=_take_ten, args=(path, slept)) for _number in range(2)]
        workers += [threading.Thread(target=_take_ten, args=(path, slept)) for _number in range(2)]
        for each in workers:
            each.start()
        for each in workers:
            each.join()
        assert sorted(slept) == list(range(40))


def test_a_file_that_is_damaged_limits_nothing_for_ever(tmp_path: Path) -> None:
    (tmp_path / "limit").write_text("no number")
    assert take_all(Bandwidth(1000, str(tmp_path / "limit")), [1000, 1000]) == [0, 1]
