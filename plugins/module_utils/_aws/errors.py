# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""The one error of the AWS modules, and the words that it is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

MASK = "********"
_DENIED_CODES = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AllAccessDisabled"}
_UNKNOWN_CALL_CODES = {"NotImplemented", "XNotImplemented", "MethodNotAllowed", "501", "405"}


class AwsError(Exception):
    """Something that the user has to know: what was tried on what, what came back, what to do next.

    code: AWS's own name of the error, empty where AWS did not answer.
    """

    def __init__(self, tried: str, came_back: str, remedy: str = "", *, code: str = "") -> None:
        self.tried = tried
        self.came_back = came_back
        self.remedy = remedy
        self.code = code
        super().__init__(tried, came_back, remedy)

    def __str__(self) -> str:
        parts = [f"{self.tried}: {self.came_back}".rstrip(".")]
        if self.remedy:
            parts.append(self.remedy.rstrip("."))
        return ". ".join(parts) + "."

    def after(self, steps: Iterable[str]) -> AwsError:
        """The same error, telling what had been done before it."""
        done = "; ".join(steps)
        if done:
            self.remedy = f"{self.remedy.rstrip('.')}. Done before that: {done}".lstrip(". ")
        return self

    def without(self, secrets: Iterable[str]) -> AwsError:
        """The same error, with the secrets that an answer may quote masked."""
        for secret in secrets:
            self.came_back = self.came_back.replace(secret, MASK)
        return self

    def result(self) -> dict[str, Any]:
        """The error as a task's result."""
        return {"msg": str(self), **({"error_code": self.code} if self.code else {})}


def code_of(error: BaseException) -> str:
    """AWS's name of an error; botocore's exceptions without an answer have none."""
    response = getattr(error, "response", None) or {}
    return str((response.get("Error") or {}).get("Code") or "")


def explain(tried: str, error: BaseException, needs: str = "", profile: str = "") -> AwsError:
    """What came back from botocore, in words. needs: the permission that the call takes."""
    from .credentials import trouble_of

    trouble = trouble_of(error, profile)
    code = code_of(error)
    response = getattr(error, "response", None) or {}
    text = str((response.get("Error") or {}).get("Message") or "").strip()
    if not response:
        if trouble is not None:
            return AwsError(tried, trouble.words, trouble.remedy)
        way = "Check region, endpoint_url and the way to AWS from this host"
        return AwsError(tried, f"{type(error).__name__}: {error}", way)
    status = (response.get("ResponseMetadata") or {}).get("HTTPStatusCode")
    came_back = f"{code or f'HTTP status {status}'}: {text}" if text else (code or f"HTTP status {status}")
    return AwsError(tried, came_back, trouble.remedy if trouble else _remedy(code, needs), code=code)


def _remedy(code: str, needs: str) -> str:
    if code in _DENIED_CODES and needs:
        return f"The credentials of this task need the permission {needs}, and no policy may deny it"
    if code in _UNKNOWN_CALL_CODES:
        return "The store behind endpoint_url does not know this call"
    return ""
