# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Say what a task waits for and what it has done, while it runs.

A module that runs on another host has no listener: all that it returns is its result.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Optional, Protocol


@dataclass(frozen=True)
class Wait:
    """A wait that may take more than some seconds.

    what: the end of the sentence "Waiting for". detail: why, or how long that usually takes.
    part_of: a longer wait, whose seconds count. It is displayed only when it has taken ten seconds, with what
    it waits for at that moment.
    """

    what: str
    detail: str = ""
    part_of: str = ""


class Listener(Protocol):
    """Displays the progress of a task."""

    def wait(self, wait: Wait, waited: float, at_most: float) -> None:
        """Display a wait, which has taken so many seconds of so many."""

    def done(self, text: str) -> None:
        """Display a step that is done."""


_LISTENER: ContextVar[Optional[Listener]] = ContextVar("listener", default=None)


@contextmanager
def listener(each: Listener) -> Iterator[None]:
    """Let a listener hear what is said in the meantime."""
    token = _LISTENER.set(each)
    try:
        yield
    finally:
        _LISTENER.reset(token)


def say_wait(wait: Wait, waited: float, at_most: float) -> None:
    """Say that so many seconds of a wait are over."""
    found = _LISTENER.get()
    if found:
        found.wait(wait, waited, at_most)


def say_done(text: str) -> None:
    """Say that a step is done."""
    found = _LISTENER.get()
    if found:
        found.done(text)
