# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What an error of AWS says to do."""

from __future__ import annotations

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.errors import explain
from botocore.exceptions import ClientError


@pytest.mark.parametrize(
    ("code", "status", "is_throttled"),
    [
        ("SlowDown", 503, True),
        ("503", 503, True),
        ("Throttling", 400, True),
        ("ThrottlingException", 400, True),
        ("RequestLimitExceeded", 400, True),
        ("TooManyRequestsException", 429, True),
        ("InternalError", 500, False),
        ("NoSuchBucket", 404, False),
    ],
)
def test_throttling_has_advice(code: str, status: int, is_throttled: bool) -> None:
    """It had none: the message ended with the code."""
    answer = {"Error": {"Code": code, "Message": "m"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    error = explain("Asking", ClientError(answer, "Ask"))  # type: ignore[arg-type]
    assert ("run again in some minutes" in str(error)) is is_throttled
