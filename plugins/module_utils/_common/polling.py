# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Waiting: a deadline on the monotonic clock, and pauses between tries."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import Callable, Optional, TypeVar

from .progress import Wait, say_wait

_T = TypeVar("_T")


class Deadline:
    """The moment so many seconds from now."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._begun = time.monotonic()

    @property
    def waited(self) -> float:
        """Seconds since the deadline was set."""
        return time.monotonic() - self._begun

    @property
    def left(self) -> float:
        """Seconds until the deadline, not more than 0 when it is over."""
        return self.seconds - self.waited

    def pause(self, seconds: float) -> float:
        """Sleep, but not beyond the deadline; return the seconds slept, 0 when the deadline is over."""
        slept = max(0.0, min(seconds, self.left))
        if slept:
            time.sleep(slept)
        return slept


def poll(
    ready: Callable[[], Optional[_T]],
    deadline: Deadline,
    pauses: Iterable[float],
    wait: Optional[Wait] = None,
) -> Optional[_T]:
    """Call until there is a result; return None if there is none at the deadline or after the last pause.

    wait: what to say in the meantime.
    """
    for pause in pauses:
        result = ready()
        if result is None and wait:
            say_wait(wait, deadline.waited, deadline.seconds)
        if result is not None or not deadline.pause(pause):
            return result
    return ready()


def growing(first: float, factor: float, longest: float) -> Iterator[float]:
    """Yield pauses without end, each longer than the last, up to the longest."""
    while True:
        yield first
        first = min(first * factor, longest)
