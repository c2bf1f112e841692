# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decide which rights the key of a bucket needs for a time, since servers record elsewhere now.

A stream that is live while its server changes uploads to the new bucket, with the new key, under the folder
with which it began (module_utils/_ams/recording_rules.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ...module_utils._ams.recording_rules import upload_folders
from ...module_utils._aws.iam_programmatic_user_plan import MAX_INLINE_POLICIES, size_of
from ...module_utils._aws.other_folders import is_folder
from ...module_utils._aws.policy_union import uploads_to, with_uploads
from ...module_utils._common.plain_text import abbreviate

Bucket = Mapping[str, Any]
Read = Mapping[str, Any]


def folders_in_use(bucket: Bucket, planned: Mapping[str, Any], reads: Mapping[str, Read]) -> list[str]:
    """Return the folders to which streams may still upload when the servers of a bucket have changed.

    planned: what the plan of the storage says of the bucket. Without it the run gives the key no right.
    """
    if not _sets_rights(bucket, planned):
        return []
    found = {folder for host in bucket["hosts"] for folder in _folders(reads.get(host) or {})}
    return sorted(folder for folder in found if uploads_to([folder], bucket["key_policy"], bucket["bucket"]))


def may_upload(bucket: Bucket, planned: Mapping[str, Any], app: Mapping[str, Any]) -> bool:
    """True if the key will have the right for the folder to which an application uploads now."""
    folder, _previews = upload_folders(app.get("uses") or {})
    return _sets_rights(bucket, planned) and is_folder(folder)


def _sets_rights(bucket: Bucket, planned: Mapping[str, Any]) -> bool:
    return bool(planned.get("results")) and not bucket["key_given"]


def _folders(read: Read) -> Iterator[str]:
    for each in (read.get("apps") or {}).values():
        uses = each.get("uses") or {}
        # A stream that began while nothing was recorded to S3 is uploaded all the same.
        if each["changes"] and (uses.get("s3RecordingEnabled") or each.get("live_streams") != 0):
            yield from filter(is_folder, upload_folders(uses))


def missing_rights(bucket: Bucket, folders: Sequence[str], kept: Sequence[str]) -> list[str]:
    """Return to which folders the key has no right yet, as BUCKET/FOLDER/. kept: the rights that stay."""
    if not folders:
        return []
    needed = uploads_to(folders, bucket["key_policy"], bucket["bucket"])
    return list(dict.fromkeys(each.partition("*")[0] for each in needed if each not in kept))


def too_long(bucket: Bucket, folders: Sequence[str], kept: Sequence[str]) -> str:
    """Return why IAM would refuse the policy with the rights of the folders in use, empty if it would not."""
    needed = uploads_to(folders, bucket["key_policy"], bucket["bucket"])
    size = size_of(with_uploads(bucket["key_policy"], [*kept, *needed]))
    if size <= MAX_INLINE_POLICIES:
        return ""
    return (
        f"IAM user {bucket['iam_user']}: while the servers change, its policy needs the folders they use "
        f"now ({abbreviate(folders, 4)}), and would have {size} characters of {MAX_INLINE_POLICIES}"
    )


def change_of(bucket: Bucket, places: Sequence[str]) -> dict[str, str]:
    """Return the change of the policy."""
    text = (
        f"the policy of IAM user {bucket['iam_user']} will allow uploads to {abbreviate(places, 4)} as well, "
        "where streams that are live now are recorded"
    )
    return {"action": "add", "what": "policy", "text": text}


def later_of(bucket: Bucket, places: Sequence[str]) -> str:
    return (
        f"IAM user {bucket['iam_user']} loses the right to upload to {abbreviate(places, 4)}, once no stream "
        "that began there is live"
    )
