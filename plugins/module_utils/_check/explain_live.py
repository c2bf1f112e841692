# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""What keeps a live check from being made. It says nothing of recording, so it is a warning and no failure.

Decided here alone: until the server has started the stream, an answer that refuses is an obstacle. What comes
later, and a server that gives no answer or one that nobody understands, is told as a broken link.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Optional

from .._aws.credentials import trouble_of
from .._aws.errors import code_of
from .._common.errors import AmsError
from .report import Link

LINK = "live check"
_RIGHTS = "s3:PutObject, s3:GetObject, s3:DeleteObject and s3:ListBucket"
NEEDED = f"The AWS credentials of the environment need {_RIGHTS}"
_BUSY = (
    "The server takes no streams while its CPU or memory is above server.cpu_limit and "
    "server.memory_limit_percentage of conf/red5.properties: run verify.yml when it is less busy"
)


class NotMade(Exception):
    """The live check cannot be made: why, and what to do for it."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(reason)
        self.reason, self.remedy = reason, remedy

    def link(self, app: str, url: str) -> Link:
        warning = (
            f"{url}, application '{app}': the live check could not be made, which says nothing of recording: "
            f"{self.reason}. The check with a small object decides. {self.remedy}"
        )
        came = f"could not be made: {self.reason}"
        return Link(
            app, LINK, True, "a recording by the server itself", came, self.remedy, warning, tried=False
        )


def is_refusal(error: AmsError) -> bool:
    """True if the server has said no, and so has made nothing of what it was asked for."""
    return error.status is not None and 400 <= error.status < 500


def of_refused_call(error: AmsError, settings: Mapping[str, Any], signed: bool) -> Optional[NotMade]:
    """Tell the obstacle behind a refused call of the application's API; None where it is another trouble.

    signed: whether the call had a token that was signed with the application's own secret.
    """
    # A user who may only read is refused by a failure of the server, status 500.
    if error.status is None or error.status < 400:
        return None
    reason = f"{error.tried}: {error.came_back}"
    if "App JWT" in error.came_back:
        return NotMade(reason, _about_token(settings, signed))
    if "Not allowed IP" in error.came_back:
        cidr = settings.get("remoteAllowedCIDR") or ""
        return NotMade(
            reason,
            f"The IP filter of the application (remoteAllowedCIDR '{cidr}') shuts out 127.0.0.1, from where "
            "the console asks it: add 127.0.0.1 to it, or set s3_recording_live_check to none",
        )
    return NotMade(reason, error.remedy or "See the rights of the console's user, and the server's log")


def _about_token(settings: Mapping[str, Any], signed: bool) -> str:
    if signed:
        return (
            "The application did not accept a token signed with its own jwtSecretKey. Is the clock of the "
            "server right? Otherwise restart the server"
        )
    if settings.get("jwksURL"):
        return "The tokens of the application are signed elsewhere (jwksURL), so that none can be made here"
    return "The application wants a JWT (jwtControlEnabled) and has no jwtSecretKey to sign one with: set it"


def of_refused_start(message: str) -> Optional[NotMade]:
    """Tell the obstacle behind a start that the server refused by a message."""
    text = message.lower()
    if is_busy(message):
        return NotMade(f"the start was refused: {message}", _BUSY)
    if "licen" in text:
        return NotMade(f"the start was refused: {message}", "See the license of the server")
    if "limit" in text:
        return NotMade(f"the start was refused: {message}", "See ingestingStreamLimit of the application")
    return None


def is_busy(message: str) -> bool:
    """True if the server may take the stream a moment later."""
    return "resource" in message.lower()


def of_limit(settings: Mapping[str, Any], active: int) -> Optional[NotMade]:
    """Tell the obstacle of an application that takes no stream more. active: how many it has now."""
    limit = int(settings.get("ingestingStreamLimit") or -1)
    if limit < 0 or active + 1 <= limit:
        return None
    return NotMade(
        f"the application takes {limit} streams at once (ingestingStreamLimit) and has {active}",
        "Run verify.yml when there is room for one",
    )


def of_store(error: Exception) -> NotMade:
    """Tell the obstacle behind a clip that could not be put with the AWS credentials of the environment."""
    trouble = trouble_of(error)
    if trouble is not None:
        return NotMade(trouble.words, trouble.remedy)
    told = (getattr(error, "response", None) or {}).get("Error", {})
    words = f"{code_of(error)}: {told.get('Message', '')}" if told else " ".join(str(error).split())
    return NotMade(f"the clip could not be put into the bucket: {words}", NEEDED)
