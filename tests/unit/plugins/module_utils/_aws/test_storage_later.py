# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the storage loses at the end of a run."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.storage_later import later

KEEPS = (
    "It keeps the right to decrypt, which existing recordings may need. Once none does, name the key in "
    "s3_recording_forget_kms_keys"
)
LOSES = "IAM user u loses the right to encrypt with KMS key K"
DELETES = (
    "site.yml deletes IAM user old, with its access key and its policy, once no server uses that key, "
    "s3_recording_key_delete_after seconds after it was made inactive"
)
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
            [DELETES],
        ),
        (
            {"previous_iam_user": {"user_name": "old", "deletes": False, "stays": "it has the groups staff"}},
            ["IAM user old is not deleted: it has the groups staff"],
        ),
        ({"previous_iam_user": {"user_name": "old", "deletes": False, "stays": ""}}, []),
        (
            {"iam_programmatic_user": {"user_name": "u", "kept_kms_keys": [{"key": "K", "encrypts": False}]}},
            [],
        ),
        (
            {"iam_programmatic_user": {"user_name": "u", "kept_kms_keys": [{"key": "K", "encrypts": True}]}},
            [f"{LOSES}, if the bucket has another key then. {KEEPS}"],
        ),
    ],
)
def test_what_the_storage_loses(results: dict[str, Any], texts: list[str]) -> None:
    assert later(results) == texts


def test_a_user_that_is_deleted_is_named_before_what_can_be_given_back() -> None:
    """The lines of a plan are limited."""
    previous = {"user_name": "old", "deletes": True, "stays": ""}
    first, second = later({"iam_programmatic_user": RIGHTS, "previous_iam_user": previous})
    assert first == DELETES
    assert second.startswith("IAM user u loses the right to upload")
