# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Read the ACLs of a bucket and its objects while they have no effect."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Optional

from .._common.errors import AwsError
from .calls import call_aws
from .object_listing import objects
from .s3_bucket_access_audience import Counted
from .s3_bucket_access_dormant import MOST_ACLS, Dormant, count_acls, public_grants

# As many connections as a client of botocore keeps.
_AT_ONCE = 10


def look(s3: Any, bucket: str, folders: Sequence[str], *, readable: bool) -> Dormant:
    """Count the objects, and read the ACLs of the first ones if S3 returns them.

    Objects outside the folders come first. Noncurrent versions are not read.
    """
    prefixes = tuple(f"{each}/" for each in folders)
    counts, keys = {True: 0, False: 0}, {True: list[str](), False: list[str]()}
    for each in objects(s3, bucket):
        inside = each.key.startswith(prefixes)
        counts[inside] += 1
        if len(keys[inside]) < MOST_ACLS:
            keys[inside].append(each.key)
    if not readable:
        found = (count_acls(counts[inside], keys[inside], ()) for inside in (False, True))
        return Dormant(False, (), *found)
    keys[True] = keys[True][: MOST_ACLS - len(keys[False])]
    found = (
        count_acls(counts[inside], keys[inside], _verdicts(s3, bucket, keys[inside]))
        for inside in (False, True)
    )
    return Dormant(True, _bucket_grants(s3, bucket), *found)


def count(s3: Any, bucket: str, prefixes: Sequence[str], *, acls_count: bool) -> Counted:
    """Count the objects with these prefixes. acls_count: without those that are public by their own ACL."""
    counts = dict.fromkeys(prefixes, 0)
    first: list[tuple[str, str]] = []
    for prefix in prefixes:
        for each in objects(s3, bucket, prefix):
            # The console makes an empty object for a folder.
            if each.key.endswith("/") and not each.size:
                continue
            counts[prefix] += 1
            if len(first) < MOST_ACLS:
                first.append((prefix, each.key))
    if not acls_count:
        return Counted(counts, examples=tuple(key for _prefix, key in first))
    verdicts = _verdicts(s3, bucket, [key for _prefix, key in first])
    not_looked_at = sum(counts.values()) - len(first) + verdicts.count(None)
    closed = tuple(key for (_prefix, key), is_public in zip(first, verdicts) if is_public is False)
    for (prefix, _key), is_public in zip(first, verdicts):
        counts[prefix] -= bool(is_public)
    return Counted(counts, verdicts.count(True), not_looked_at, closed)


def _bucket_grants(s3: Any, bucket: str) -> tuple[str, ...]:
    tried = f"Reading the ACL of bucket {bucket}"
    return public_grants(call_aws(tried, s3.get_bucket_acl, needs="s3:GetBucketAcl", Bucket=bucket))


def _verdicts(s3: Any, bucket: str, keys: Sequence[str]) -> list[Optional[bool]]:
    """Return for each key True if its ACL is public; None if that may not be read."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(lambda key: _is_public(s3, bucket, key), keys))


def _is_public(s3: Any, bucket: str, key: str) -> Optional[bool]:
    try:
        acl = call_aws(
            f"Reading the ACL of '{key}' in bucket {bucket}",
            s3.get_object_acl,
            needs="s3:GetObjectAcl",
            # Deleted in the meantime.
            none_on=("NoSuchKey",),
            Bucket=bucket,
            Key=key,
        )
    except AwsError as error:
        if error.code != "AccessDenied":
            raise
        return None
    return bool(public_grants(acl or {}))
