# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Error codes and HTTP status of AWS, and of other providers of S3."""

from __future__ import annotations

_NOT_FOUND = 404
DENIED_CODES = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AllAccessDisabled"}
# For the words of an error alone: what is sent again is decided in calls.py.
THROTTLED_CODES = {
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
EXPIRED_CODES = ("ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired")
UNKNOWN_KEY_CODES = (
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidToken",
    "UnrecognizedClientException",
)
WRONG_SECRET_CODES = ("SignatureDoesNotMatch",)


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
