# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find access keys of other IAM users that servers use until a run, and that stay active after it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

PREVIOUS = "s3_recording_iam_user_previous"


def keys_of_others(
    bucket: Mapping[str, Any], planned: Mapping[str, Any], reads: Mapping[str, Mapping[str, Any]]
) -> Iterator[dict[str, Any]]:
    """Yield a warning for each such key of a bucket. planned: what the plan of the storage says of it."""
    key = (planned.get("results") or {}).get("iam_stored_access_key")
    if not key or bucket["previous_iam_user"]:
        return
    own = {key["access_key_id"], *key["deleted_access_key_ids"]}
    own |= {each["access_key_id"] for each in key["previous_access_keys"]}
    found: dict[str, dict[str, None]] = {}
    for host in bucket["hosts"]:
        for replaced in _replaced(reads.get(host) or {}, bucket["bucket"]):
            found.setdefault(replaced, {})[host] = None
    for replaced in found.keys() - own:
        text = (
            f"the access key {replaced} of now does not belong to IAM user {bucket['iam_user']}. If it is "
            "another user's, it stays active. If this role has created that user, "
            f"{PREVIOUS} deletes it once nothing uses its key"
        )
        yield {"hosts": list(found[replaced]), "text": text}


def _replaced(read: Mapping[str, Any], bucket: str) -> Iterator[str]:
    """Yield the access keys of a bucket that the run replaces on a server."""
    for app in (read.get("apps") or {}).values():
        before = (app["changes"].get("s3AccessKey") or {}).get("before")
        if before and (app.get("uses") or {}).get("s3BucketName") == bucket:
            yield before
