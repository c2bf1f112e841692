# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Read and write one setting of a bucket (policy, CORS, lifecycle) that the provider may not have."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Optional

from .._common.errors import AwsError
from .calls import call_aws
from .codes import UNKNOWN_CALL_CODES, is_none

MAKE_BUCKET = "Make the bucket first (antmedia.s3_recording.s3_recording_bucket)"
# What to do if the provider does not know a requested setting.
REMEDIES = {
    "policy": "Open it without a bucket policy: delivery=acl, or delivery=private (in the role "
    "s3_recording_delivery)",
    "ownership": "Set policy_only=true (in the role s3_recording_provider), which does without it",
    "cors": "Set CORS with the provider's own tools and leave this task out (in the role s3_recording_cors: "
    "elsewhere)",
    "versioning": "Leave out versioning (in the role s3_recording_versioning)",
    "encryption": "Leave out encryption (in the role s3_recording_encryption)",
    "lifecycle_rules": "Leave out lifecycle_rules (in the role s3_recording_expire_days, "
    "s3_recording_noncurrent_expire_days and s3_recording_transitions, and set "
    "s3_recording_abort_uploads_days: 0)",
    "tags": "Leave out tags (in the role s3_recording_bucket_tags)",
}


@dataclass(frozen=True)
class Setting:
    """answer: None if the bucket has none. unknown: why the provider cannot have one."""

    answer: Optional[dict[str, Any]]
    unknown: Optional[AwsError] = None


def read(name: str, tried: str, operation: Callable[..., Any], *, needs: str, **options: Any) -> Setting:
    """Return a setting of a bucket; the caller decides what to do where the provider does not know it."""
    try:
        return Setting(call_aws(tried, operation, needs=needs, **options))
    except AwsError as error:
        if error.code in UNKNOWN_CALL_CODES:
            return Setting(None, with_remedy(name, error))
        if is_none(error.code, error.status):
            return Setting(None)
        raise


def write(name: str, tried: str, operation: Callable[..., Any], *, needs: str, **options: Any) -> None:
    """Write a setting of a bucket."""
    try:
        call_aws(tried, operation, needs=needs, **options)
    except AwsError as error:
        raise with_remedy(name, error) from None


def with_remedy(name: str, error: AwsError) -> AwsError:
    """Return the error, with what to do if the provider does not know the setting."""
    return error.with_remedy(REMEDIES[name]) if error.code in UNKNOWN_CALL_CODES else error
