# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""The links of a recording chain as a result tells them, and how a check of them ends in order."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from typing import Any, Callable, Protocol

from .._common.plain_text import one_line

ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True)
class Link:
    """One link of the chain: what was expected, what came, and what to do where that differs.

    warning: what is to be known though the link does not fail. tried: False for what could not be tried,
    which says nothing of the chain itself.
    """

    app: str
    link: str
    ok: bool
    expected: str
    came: str
    remedy: str = ""
    warning: str = ""
    tried: bool = True

    def __post_init__(self) -> None:
        """Keep what a server or a store says from making lines of the table of its own."""
        for name in ("expected", "came"):
            object.__setattr__(self, name, one_line(getattr(self, name)))

    def verdict(self) -> str:
        """Return what a line of the table says of it."""
        if self.ok:
            return "ok" if self.tried else f"not tried  {self.came}"
        state = "BROKEN" if self.tried else "NOT TRIED"
        return f"{state}  expected {self.expected}, came {self.came}. {self.remedy}".strip()

    def sentence(self) -> str:
        return f"{self.app}: {self.link}: expected {self.expected}, came {self.came}. {self.remedy}".strip()


class Chain(Protocol):
    """What can be followed link after link."""

    def links(self) -> Iterator[Link]:
        """Each as soon as it was tried."""


def checked(chains: Sequence[Chain]) -> list[Link]:
    """The links of all chains. A signal that ends the process waits until what was put is removed."""
    with _ended_in_order():
        return [link for chain in chains for link in chain.links()]


@contextmanager
def _ended_in_order() -> Iterator[None]:
    """Make the signals that end an Ansible worker at once into an exception, for which finally runs."""

    def end(number: int) -> None:
        # Ansible and a terminal send more than one; the next must not cut off the removal.
        for each in ENDINGS:
            signal.signal(each, signal.SIG_IGN)
        raise KeyboardInterrupt(f"signal {number}")

    with _signals_go_to(end):
        yield


@contextmanager
def undisturbed() -> Iterator[None]:
    """A signal that comes in between is raised at the end: what it would cut off is what it waits for."""
    came: list[int] = []
    with _signals_go_to(came.append):
        yield
    if came:
        raise KeyboardInterrupt(f"signal {came[0]}")


@contextmanager
def _signals_go_to(take: Callable[[int], None]) -> Iterator[None]:
    before: dict[signal.Signals, Any] = {}
    for number in ENDINGS:
        # Only the main thread may set handlers. What is ignored, as under nohup, stays ignored.
        with suppress(ValueError):
            if signal.getsignal(number) is not signal.SIG_IGN:
                before[number] = signal.signal(number, lambda came, _frame: take(came))
    try:
        yield
    finally:
        for each, handler in before.items():
            # None: a handler that Python did not set and cannot name.
            signal.signal(each, signal.SIG_DFL if handler is None else handler)


def outcome(url: str, links: Sequence[Link]) -> dict[str, Any]:
    """The result of a check; AmsError is not used for a broken link, since the table is needed with it."""
    result: dict[str, Any] = {"changed": False, "links": [asdict(link) for link in links]}
    warnings = list(dict.fromkeys(link.warning for link in links if link.warning))
    if warnings:
        result["warnings"] = warnings
    failing = [link for link in links if not link.ok]
    if failing:
        # Only what was tried says that something is broken.
        broken = [link for link in failing if link.tried]
        how = "is broken" if broken else "could not be verified"
        message = f"{url}: the recording chain {how} ({_named(broken or failing)}):\n{table(links)}"
        return {**result, "failed": True, "msg": message}
    apps = sorted({link.app for link in links})
    held = [link for link in links if link.tried]
    left_out = [link for link in links if not link.tried]
    more = f"; not tried: {_named(left_out)}" if left_out else ""
    return {**result, "msg": f"{', '.join(apps)}: all {len(held)} links hold{more}"}


def _named(links: Sequence[Link]) -> str:
    return ", ".join(dict.fromkeys(link.link for link in links))


def table(links: Sequence[Link]) -> str:
    """A line a link: the application, the link, and ok or what is wrong with it."""
    first = max((len(link.app) for link in links), default=0)
    second = max((len(link.link) for link in links), default=0)
    return "\n".join(f"{link.app:{first}}  {link.link:{second}}  {link.verdict()}" for link in links)
