# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Decide if a bucket may go, and delete it: one of ours that is empty (s3_recording_bucket, state=absent)."""

from __future__ import annotations

from typing import Any, Optional

from .._common.errors import AwsError
from . import bucket_setting
from .calls import S3_TRANSIENT, call_aws, poll
from .codes import UNKNOWN_CALL_CODES
from .module import AwsModule
from .ownership import COLLECTION, MANAGED_BY, is_managed
from .result import diff
from .s3_recording_bucket_find import BucketFinder
from .tags import from_aws

_GONE_SECONDS = 20
_NO_TAGS = "its provider has no bucket tags, which would say if it was made here"
_NOT_EMPTY = (
    "A bucket that is not empty is never deleted here. Empty it yourself if nothing in it is needed, and run "
    "again"
)


def run(module: AwsModule) -> dict[str, Any]:
    """Delete the bucket, if it was made here and is empty; return the module's result."""
    found = RemovableBucket(module)
    name = found.name
    if not found.look():
        return _result(found, f"There is no bucket {name}, no change needed")
    why = found.why_not_ours()
    if why:
        by_hand = f"To delete it by hand, once nothing in it is needed: {found.command()}"
        return _result(found, f"Bucket {name} stays: {why}. {by_hand}", stays=[why])
    found.check_empty()
    if not module.check_mode:
        found.delete()
    return _result(found, f"{name}: delete the bucket", steps=["delete the bucket"])


def _result(
    found: RemovableBucket,
    message: str,
    *,
    steps: Optional[list[str]] = None,
    stays: Optional[list[str]] = None,
) -> dict[str, Any]:
    existed = bool(steps or stays)
    return {
        "changed": bool(steps),
        "existed": existed,
        "bucket_owner": found.owner,
        "steps": steps or [],
        "stays": stays or [],
        "msg": message,
        "diff": diff(f"bucket {found.name}", {"exists": existed}, {"exists": bool(stays)}),
    }


class RemovableBucket(BucketFinder):
    def why_not_ours(self) -> str:
        """Return why the bucket is not one that was made here; empty if it is."""
        if self.module.params.get("managed_tag") is False:
            return _NO_TAGS
        found = bucket_setting.read(
            "tags",
            f"Reading the tags of bucket {self.name}",
            self.s3.get_bucket_tagging,
            needs="s3:GetBucketTagging",
            retry_on=S3_TRANSIENT,
            Bucket=self.name,
        )
        if found.unknown:
            return _NO_TAGS
        tags = from_aws((found.answer or {}).get("TagSet") or [])
        return (
            "" if is_managed(tags) else f"it was not made here, since it has no tag {MANAGED_BY}={COLLECTION}"
        )

    def command(self) -> str:
        endpoint = self.module.params["endpoint_url"] or ""
        return f"aws s3 rb s3://{self.name}" + (f" --endpoint-url {endpoint}" if endpoint else "")

    def check_empty(self) -> None:
        """Raise for a bucket that holds an object, or a version of one."""
        key = self._first("list_objects_v2", "s3:ListBucket") or self._first_version()
        if key:
            raise AwsError(f"Deleting bucket {self.name}", f"it is not empty: it holds '{key}'", _NOT_EMPTY)

    def _first_version(self) -> str:
        try:
            return self._first("list_object_versions", "s3:ListBucketVersions")
        except AwsError as error:
            if error.code not in UNKNOWN_CALL_CODES:
                raise
            return ""

    def _first(self, call: str, needs: str) -> str:
        answer = call_aws(
            f"Checking if bucket {self.name} is empty",
            getattr(self.s3, call),
            needs=needs,
            retry_on=S3_TRANSIENT,
            Bucket=self.name,
            MaxKeys=1,
        )
        listed = [
            each for part in ("Contents", "Versions", "DeleteMarkers") for each in answer.get(part) or []
        ]
        return str(listed[0]["Key"]) if listed else ""

    def delete(self) -> None:
        tried = f"Deleting bucket {self.name}"
        try:
            call_aws(
                tried,
                self.s3.delete_bucket,
                needs="s3:DeleteBucket",
                none_on=("NoSuchBucket",),
                retry_on=("OperationAborted",),
                Bucket=self.name,
            )
        except AwsError as error:
            if error.code == "BucketNotEmpty":
                raise error.with_remedy(_NOT_EMPTY) from None
            raise
        if not poll(lambda: None if self.look() else True, _GONE_SECONDS):
            raise AwsError(tried, "it was accepted, but the bucket still exists", "Run again")
