# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Faults between a client and a server, on order."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from . import pages
from .pages import Answer, error_page, failure_page

ACTIONS = {
    "status": "answers with status (and body, content_type) and does nothing else",
    "html": "answers 200 with a page, as a proxy or a captive portal does",
    "truncate": "does it; the answer's JSON breaks off, in a complete HTTP answer",
    "cut": "does it; the connection closes in the middle of the body",
    "slow": "waits seconds, then answers as ever; with late, does it at once and waits before it answers",
    "reset_before": "resets the connection and does nothing",
    "reset_after": "does it, then resets the connection instead of an answer",
    "empty": "answers 204",
    "redirect": "answers 302 to https (or location)",
    "session_lost": "forgets all sessions of the host, then answers as ever",
    "grows": "appends bytes to the recording that the path names, then answers as ever",
    "vanishes": "removes the recording that the path names, then answers as ever",
    "rewrite": "does it; then the values are stored instead, in the application that the path names",
    "restart": "resets the connection and refuses new ones for seconds, then 403 for starting seconds",
    "loading": "the applications (apps, or all) are not loaded for seconds, beginning with this request",
}


@dataclass
class Fault:
    """From the nth request that fits, times often (None: until cleared)."""

    action: str
    method: str | None = None
    path: str = ""
    nth: int = 1
    times: int | None = None
    options: dict[str, Any] = field(default_factory=dict)
    seen: int = 0
    done: int = 0

    def __post_init__(self) -> None:
        if self.action not in ACTIONS:
            raise ValueError(f"no such fault: {self.action}; there are {', '.join(ACTIONS)}")
        re.compile(self.path)

    def fits(self, method: str, target: str) -> bool:
        """True if the fault is due for a request; counts those that fit."""
        if self.method not in {None, method} or not re.search(self.path, target):
            return False
        self.seen += 1
        if self.seen < self.nth or (self.times is not None and self.done >= self.times):
            return False
        self.done += 1
        return True

    @property
    def seconds(self) -> float:
        return float(self.options.get("seconds", 0))


def answer_instead(fault: Fault, url: str, target: str) -> Answer | None:
    """Return the answer of a fault that replaces the server's own; None for any other fault."""
    options: Mapping[str, Any] = fault.options
    if fault.action == "status":
        return _with_status(int(options.get("status", 500)), options)
    if fault.action == "html":
        page = options.get("body", "<html><body><h1>Welcome</h1></body></html>")
        return Answer(200, page.encode(), pages.HTML)
    if fault.action == "empty":
        return pages.empty()
    if fault.action == "redirect":
        location = options.get("location") or url.replace("http://", "https://") + target
        return Answer(302, b"", "", {"Location": location})
    return None


def _with_status(status: int, options: Mapping[str, Any]) -> Answer:
    if "body" in options:
        return Answer(status, options["body"].encode(), options.get("content_type", pages.HTML))
    if status == 204:
        return pages.empty()
    if status == 500:
        return failure_page("java.lang.IllegalStateException: a fault on order")
    if status in pages.DESCRIPTIONS:
        return error_page(status)
    # Not the server itself, but what stands in front of it.
    page = f"<html><head><title>{status}</title></head><body><center><h1>{status}</h1></center></body></html>"
    return Answer(status, page.encode(), "text/html")
