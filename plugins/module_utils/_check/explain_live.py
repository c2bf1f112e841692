# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Explain what keeps a live check from being made. That says nothing about recording, so it is a warning.

Decided here alone: until the server has started the stream, a refusal is an obstacle. Anything later is a
failed check, and so is a server that does not answer or whose answer is not known here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Optional

from .._aws.codes import code_of
from .._aws.credentials import trouble_of
from .._common.errors import AmsError
from .._common.plain_text import one_line
from .report import Check, CheckResult

_RIGHTS = "s3:PutObject, s3:GetObject, s3:DeleteObject and s3:ListBucket"
NEEDED = f"The AWS credentials of the environment need {_RIGHTS}"
_BUSY = (
    "The server accepts no streams while its CPU or memory is above server.cpu_limit and "
    "server.memory_limit_percentage of conf/red5.properties: run verify.yml when it is less busy"
)


class Obstacle(Exception):
    """Something prevents the live check."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(reason)
        self.reason, self.remedy = reason, remedy

    def result(self, app: str, url: str) -> CheckResult:
        warning = (
            f"{url}, application '{app}': the live check could not be made, which says nothing about "
            f"recording: {self.reason}. The check with a small object decides. {self.remedy}"
        )
        expected, actual = "a recording by the server itself", f"could not be made: {self.reason}"
        return CheckResult(app, Check.LIVE, True, expected, actual, self.remedy, warning, tried=False)


def is_refusal(error: AmsError) -> bool:
    """True if the server has refused a request, so that it has created nothing."""
    return error.status is not None and 400 <= error.status < 500


def explain_refused_call(error: AmsError, settings: Mapping[str, Any], signed: bool) -> Optional[Obstacle]:
    """Return the obstacle behind a refused call of the application's API; None if it is a failure.

    signed: True if the call had a token signed with the application's own secret.
    """
    # A user who may only read is refused by a failure of the server, status 500.
    if error.status is None or error.status < 400:
        return None
    reason = f"{error.tried}: {error.came_back}"
    if "App JWT" in error.came_back:
        return Obstacle(reason, _about_token(settings, signed))
    if "Not allowed IP" in error.came_back:
        cidr = settings.get("remoteAllowedCIDR") or ""
        return Obstacle(
            reason,
            f"The IP filter of the application (remoteAllowedCIDR '{cidr}') blocks 127.0.0.1, from where "
            "the console calls it: add 127.0.0.1 to it, or set s3_recording_live_test to none",
        )
    return Obstacle(reason, error.remedy or "See the rights of the console's user, and the server's log")


def _about_token(settings: Mapping[str, Any], signed: bool) -> str:
    if signed:
        return (
            "The application did not accept a token signed with its own jwtSecretKey. Is the clock of the "
            "server right? Otherwise restart the server"
        )
    if settings.get("jwksURL"):
        return "The tokens of the application are signed elsewhere (jwksURL), so the check cannot sign one"
    return "The application wants a JWT (jwtControlEnabled) and has no jwtSecretKey to sign one with: set it"


def explain_refused_start(message: str) -> Optional[Obstacle]:
    """Return the obstacle behind the message with which the server refused the start."""
    text = message.lower()
    if is_busy(message):
        return Obstacle(f"the start was refused: {message}", _BUSY)
    if "licen" in text:
        return Obstacle(f"the start was refused: {message}", "See the license of the server")
    if "limit" in text:
        return Obstacle(f"the start was refused: {message}", "See ingestingStreamLimit of the application")
    return None


def is_busy(message: str) -> bool:
    """True if the server may take the stream a moment later."""
    return "resource" in message.lower()


def streams_allowed(settings: Mapping[str, Any]) -> int:
    """Return how many streams the application accepts at once; negative for any number."""
    return int(settings.get("ingestingStreamLimit") or -1)


def explain_limit(limit: int, active: int) -> Optional[Obstacle]:
    """Return the obstacle if the application accepts no more streams. active: how many it has now."""
    if active + 1 <= limit:
        return None
    return Obstacle(
        f"the application allows {limit} streams at once (ingestingStreamLimit) and has {active}",
        "Run verify.yml when there is room for one",
    )


def explain_refused_put(error: Exception) -> Obstacle:
    """Return the obstacle if the AWS credentials of the environment could not put the clip."""
    trouble = trouble_of(error)
    if trouble is not None:
        return Obstacle(trouble.words, trouble.remedy)
    details = (getattr(error, "response", None) or {}).get("Error", {})
    text = f"{code_of(error)}: {details.get('Message', '')}" if details else one_line(str(error))
    return Obstacle(f"the clip could not be put into the bucket: {text}", NEEDED)
