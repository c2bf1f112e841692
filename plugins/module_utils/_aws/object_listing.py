# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""List the objects of a bucket one by one: a bucket of any size needs no more memory than a page."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Optional

from .calls import call_aws
from .s3_recording_bucket_losses import StoredObject


def pages(tried: str, s3: Any, call: str, *, needs: str, **options: Any) -> Iterator[dict[str, Any]]:
    """Yield the pages of a listing. AwsError for the first that cannot be read."""
    listing = iter(s3.get_paginator(call).paginate(**options))
    while True:
        page = call_aws(tried, lambda: next(listing, None), needs=needs)
        if page is None:
            return
        yield page


def objects(s3: Any, bucket: str, prefix: str = "") -> Iterator[StoredObject]:
    tried = f"Listing the objects of bucket {bucket} in '{prefix}'"
    for page in pages(tried, s3, "list_objects_v2", needs="s3:ListBucket", Bucket=bucket, Prefix=prefix):
        for each in page.get("Contents") or []:
            yield _stored(each)


def objects_and_versions(s3: Any, bucket: str, prefix: str = "") -> Iterator[StoredObject]:
    """Yield objects and noncurrent versions; those count from when the next version replaced them."""
    tried = f"Listing the versions of objects of bucket {bucket} in '{prefix}'"
    newer: dict[str, Any] = {}
    for page in pages(
        tried, s3, "list_object_versions", needs="s3:ListBucketVersions", Bucket=bucket, Prefix=prefix
    ):
        # An answer has versions and delete markers in two lists, each with the newest of a key first.
        listed = [*(page.get("Versions") or []), *(page.get("DeleteMarkers") or [])]
        listed.sort(key=lambda each: (each["IsLatest"], each["LastModified"]), reverse=True)
        replaced = newer
        newer = {}
        for each in listed:
            key = each["Key"]
            since = newer.get(key) or replaced.get(key) or each["LastModified"]
            newer[key] = each["LastModified"]
            if "Size" in each:
                is_current = each["IsLatest"]
                yield _stored(each, None if is_current else since, is_current=is_current)


def _stored(
    listed: dict[str, Any], since: Optional[datetime] = None, *, is_current: bool = True
) -> StoredObject:
    storage_class = listed.get("StorageClass") or "STANDARD"
    since = since or listed["LastModified"]
    return StoredObject(listed["Key"], listed.get("Size") or 0, since, storage_class, is_current)
