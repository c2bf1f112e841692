# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Signals that end the process wait until a check has removed what it put into the bucket."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Callable, Optional, Union

_TERMINATION = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_Handler = Union[Callable[[int, Optional[FrameType]], object], int, None]


@contextmanager
def termination_as_exception() -> Iterator[None]:
    """Raise KeyboardInterrupt for the signals that end an Ansible worker at once, so that finally runs."""

    def end(number: int) -> None:
        # Ansible and a terminal send more than one; the next must not cut off the removal.
        for each in _TERMINATION:
            signal.signal(each, signal.SIG_IGN)
        raise KeyboardInterrupt(f"signal {number}")

    with _handled_by(end):
        yield


@contextmanager
def defer_termination() -> Iterator[None]:
    """Raise KeyboardInterrupt for a signal only after the block."""
    received: list[int] = []
    with _handled_by(received.append):
        yield
    if received:
        raise KeyboardInterrupt(f"signal {received[0]}")


@contextmanager
def _handled_by(handle: Callable[[int], None]) -> Iterator[None]:
    previous: dict[signal.Signals, _Handler] = {}
    for number in _TERMINATION:
        # Only the main thread may set handlers. What is ignored, as under nohup, stays ignored.
        with suppress(ValueError):
            if signal.getsignal(number) is not signal.SIG_IGN:
                previous[number] = signal.signal(number, lambda received, _frame: handle(received))
    try:
        yield
    finally:
        for each, handler in previous.items():
            # None: a handler that Python did not set and cannot name.
            signal.signal(each, signal.SIG_DFL if handler is None else handler)
