# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""List multipart uploads in progress."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from ..calls import call_aws_pages, client
from ..module import AwsModule

# A server that was killed leaves uploads that never end; one that works sends a part more often than this.
_GIVEN_UP_AFTER = timedelta(minutes=15)


def uploads_in_progress(module: AwsModule, bucket: str, now: datetime) -> tuple[str, ...]:
    """Return the keys of objects that are being uploaded to a bucket; none if there is no such bucket."""
    s3 = client(module, "s3")
    found = call_aws_pages(
        f"Listing the uploads to bucket {bucket} that have not ended",
        s3,
        "list_multipart_uploads",
        "Uploads",
        needs="s3:ListBucketMultipartUploads",
        none_on=("NoSuchBucket",),
        Bucket=bucket,
    )
    return tuple(each["Key"] for each in found if is_alive(s3, bucket, each, now))


def is_alive(s3: Any, bucket: str, upload: dict[str, Any], now: datetime) -> bool:
    since = now - _GIVEN_UP_AFTER
    if upload["Initiated"] > since:
        return True
    parts = call_aws_pages(
        f"Listing the parts of {upload['Key']} in bucket {bucket}",
        s3,
        "list_parts",
        "Parts",
        needs="s3:ListMultipartUploadParts",
        none_on=("NoSuchUpload",),
        Bucket=bucket,
        Key=upload["Key"],
        UploadId=upload["UploadId"],
    )
    return any(part["LastModified"] > since for part in parts)
