# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""The one error of the server side, and the words that it is made of."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from typing import Any, Optional

from .._common.plain_text import one_line
from .._common.secret_forms import MASK, scrub

__all__ = ["MASK", "AmsError", "excerpt", "scrub"]

_LONGEST_ANSWER = 400
# Of a body, for the sake of the patterns below, whose time may grow with its square.
_LOOKED_AT = 8192


class AmsError(Exception):
    """Something that the user has to know: where, what was tried, what came back, what to do.

    uncertain: a write was sent and its answer was lost, so it may have been carried out.
    transient: trying the same read again may help.
    status: the HTTP status of the answer, None where there was none.
    starting: nothing was carried out, as with a server that is not up yet.
    login_unsure: a login was sent and its answer was lost, so the password may have been looked at.
    login_refused: the server did not take the e-mail address or the password, or has blocked the account.
    stale: the settings are not those any more whose values were kept, so nothing was written.
    """

    def __init__(
        self,
        tried: str,
        came_back: str,
        remedy: str = "",
        *,
        status: Optional[int] = None,
        uncertain: bool = False,
        transient: bool = False,
        starting: bool = False,
        login_refused: bool = False,
        stale: bool = False,
    ) -> None:
        self.tried = tried
        self.came_back = came_back
        self.remedy = remedy
        self.status = status
        self.uncertain = uncertain
        self.transient = transient
        self.starting = starting
        self.login_refused = login_refused
        self.login_unsure = False
        self.stale = stale
        super().__init__(tried, came_back, remedy)

    def __str__(self) -> str:
        return self.sentence()

    def sentence(self) -> str:
        """The message, in one line: what was tried, what came back, what to do."""
        parts = [f"{self.tried}: {self.came_back}", self.remedy]
        return one_line(" ".join(part if part[-1] in ".?!" else f"{part}." for part in parts if part))

    def without(self, secrets: Iterable[Optional[str]]) -> AmsError:
        """The same error, with the secrets that the server's answer may quote masked."""
        self.came_back = scrub(self.came_back, secrets)
        self.remedy = scrub(self.remedy, secrets)
        return self

    def result(self, secrets: Iterable[Optional[str]] = ()) -> dict[str, Any]:
        """The error as a task's result."""
        details: dict[str, Any] = {"msg": scrub(self.sentence(), secrets)}
        if self.status is not None:
            details["status"] = self.status
        told = ("uncertain", "login_refused", "login_unsure", "stale")
        details.update({name: True for name in told if getattr(self, name)})
        return details


def excerpt(body: str) -> str:
    """What a person can read of an answer's body: HTML without its tags, in one line, nothing else in it."""
    body = body[:_LOOKED_AT]
    if "<" in body:
        body = re.sub(r"(?is)<(style|script|head)\b.*?</\1>", " ", body)
        body = html.unescape(re.sub(r"(?s)<[^>]*>", " ", body))
    line = one_line(body)
    if not line:
        return "an empty body"
    return f"'{line[:_LONGEST_ANSWER]}…'" if len(line) > _LONGEST_ANSWER else f"'{line}'"
