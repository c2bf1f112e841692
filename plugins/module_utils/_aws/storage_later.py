# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Say what the storage loses at the end of a run, when the servers have changed, one sentence for each part.

Plain data in, plain data out: the results of the check mode of the modules.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .storage_changes import names_of

Result = Mapping[str, Any]


def later(results: Mapping[str, Result]) -> list[str]:
    """Return what is removed at the end of a run, if no server needs it then; first what is gone for good."""
    user = results.get("iam_programmatic_user", {})
    kept = [key for key in user.get("kept_kms_keys") or () if key["encrypts"]]
    of_keys = [_of_kms_key(user["user_name"], each) for each in kept]
    return [*_of_previous_user(results.get("previous_iam_user", {})), *_of_kept_rights(results), *of_keys]


def _of_kms_key(user: str, key: Mapping[str, Any]) -> str:
    return (
        f"IAM user {user} loses the right to encrypt with KMS key {key['key']}, if the bucket has another "
        "key then. It keeps the right to decrypt, which existing recordings may need. Once none does, name "
        "the key in s3_recording_forget_kms_keys"
    )


def _of_previous_user(previous: Result) -> Iterator[str]:
    if previous.get("deletes"):
        yield (
            f"site.yml deletes IAM user {previous['user_name']}, with its access key and its policy, once no "
            "server uses that key, s3_recording_key_delete_after seconds after it was made inactive"
        )
    elif previous.get("stays"):
        yield f"IAM user {previous['user_name']} is not deleted: {previous['stays']}"


def _of_kept_rights(results: Mapping[str, Result]) -> list[str]:
    user = results.get("iam_programmatic_user", {})
    kept = user.get("kept_rights")
    if not kept:
        return []
    places = names_of(dict.fromkeys(each.partition("*")[0] for each in kept))
    return [
        f"IAM user {user['user_name']} loses the right to upload to {places}, once no server records there"
    ]
