# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Translate botocore's errors into AwsError."""

from __future__ import annotations

from .._common.errors import AwsError
from .._common.plain_text import one_line

_LONGEST_ANSWER = 1000
_NOT_FOUND, _UNAVAILABLE = 404, 503
_DENIED_CODES = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AllAccessDisabled"}
_THROTTLED_CODES = {
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottled",
    "RequestThrottledException",
    "RequestLimitExceeded",
    "TooManyRequestsException",
    "BandwidthLimitExceeded",
    "ProvisionedThroughputExceededException",
    "ServiceUnavailable",
}
UNKNOWN_CALL_CODES = {"NotImplemented", "XNotImplemented", "MethodNotAllowed", "501", "405"}


def code_of(error: BaseException) -> str:
    """Return AWS's name of an error; empty for botocore's errors without an answer."""
    response = getattr(error, "response", None) or {}
    return str((response.get("Error") or {}).get("Code") or "")


def status_of(error: BaseException) -> int:
    """Return the HTTP status of an answer, 0 where there was none."""
    response = getattr(error, "response", None) or {}
    return int((response.get("ResponseMetadata") or {}).get("HTTPStatusCode") or 0)


def is_none(code: str, status: int) -> bool:
    """True if an answer about a setting of a bucket says that the bucket has none.

    Providers have their own names for that (NoSuchPolicy for NoSuchBucketPolicy).
    """
    return status == _NOT_FOUND and code != "NoSuchBucket"


def to_aws_error(
    tried: str, error: BaseException, needs: str = "", *, asked: str = "", profile: str = ""
) -> AwsError:
    """Return an AwsError for an error of botocore.

    needs: the permission that the call needs. asked: the address that was called.
    """
    from .credentials import trouble_of

    trouble = trouble_of(error, profile)
    response = getattr(error, "response", None) or {}
    if not response:
        if trouble is not None:
            return AwsError(tried, trouble.words, trouble.remedy)
        way = "Check region, endpoint_url and the network between this host and AWS"
        return AwsError(tried, f"{type(error).__name__}: {one_line(str(error))}", way)
    code, status = one_line(code_of(error)), status_of(error)
    text = one_line(str((response.get("Error") or {}).get("Message") or ""))[:_LONGEST_ANSWER]
    came_back = f"{code or f'HTTP status {status}'}: {text}" if text else (code or f"HTTP status {status}")
    if code in UNKNOWN_CALL_CODES:
        call = getattr(error, "operation_name", "")
        came_back = f"{asked or 'the provider'} does not know the call {call} ({came_back.rstrip('.')})"
    remedy = trouble.remedy if trouble else _remedy(code, status, needs)
    return AwsError(tried, came_back, remedy, code=code, status=status)


def _remedy(code: str, status: int, needs: str) -> str:
    if code in _THROTTLED_CODES or status == _UNAVAILABLE:
        return (
            "The service accepts no more requests at the moment: run again in some minutes. If that happens "
            "often, let fewer runs use the account at the same time"
        )
    if code in _DENIED_CODES and needs:
        return f"The credentials of this task need the permission {needs}, and no policy may deny it"
    if code in UNKNOWN_CALL_CODES:
        return "Leave out what needs this call, or give the endpoint_url of a provider that has it"
    return ""
