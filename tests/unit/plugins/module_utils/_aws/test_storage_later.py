# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the storage loses at the end of a run."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.storage_later import later

UNTIL = "which existing recordings may need. Once none does, name it in s3_recording_forget_kms_keys"
LOSES = "IAM user u loses the right to encrypt with KMS key K"
RIGHTS = {"user_name": "u", "kept_rights": ["videos/old/*", "videos/old/*.mp4"]}


@pytest.mark.parametrize(
    ("results", "texts"),
    [
        ({}, []),
        ({"iam_programmatic_user": {"user_name": "u", "kept_rights": []}}, []),
        (
            {"iam_programmatic_user": RIGHTS},
            ["IAM user u loses the right to upload to videos/old/, once no server records there"],
        ),
        (
            {"previous_iam_user": {"user_name": "old", "deletes": True, "stays": ""}},
            ["IAM user old is deleted, with its access key and its policy, once no server uses that key"],
        ),
        (
            {"previous_iam_user": {"user_name": "old", "deletes": False, "stays": "it has the groups staff"}},
            ["IAM user old is not deleted: it has the groups staff"],
        ),
        ({"previous_iam_user": {"user_name": "old", "deletes": False, "stays": ""}}, []),
        (
            {"iam_programmatic_user": {"user_name": "u", "kept_kms_keys": [{"key": "K", "encrypts": False}]}},
            [f"IAM user u keeps the right to decrypt with KMS key K, {UNTIL}"],
        ),
        (
            {"iam_programmatic_user": {"user_name": "u", "kept_kms_keys": [{"key": "K", "encrypts": True}]}},
            [f"{LOSES}, if the bucket has another key then, and keeps the right to decrypt, {UNTIL}"],
        ),
    ],
)
def test_what_the_storage_loses(results: dict[str, Any], texts: list[str]) -> None:
    assert later(results) == texts
