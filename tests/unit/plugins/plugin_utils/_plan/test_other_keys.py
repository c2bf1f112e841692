# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A run that gives servers another user's key says that the previous one stays active."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._plan.other_keys import keys_of_others

BUCKET = {"bucket": "videos", "hosts": ["ams1", "ams2"], "iam_user": "recorder", "previous_iam_user": ""}
KEY = {
    "access_key_id": "NEW",
    "deleted_access_key_ids": [],
    "previous_access_keys": [{"access_key_id": "OWN"}],
}


def found(
    before: str, bucket: str = "videos", *, has_key: bool = True, **desired: str
) -> list[dict[str, Any]]:
    app = {
        "changes": {"s3AccessKey": {"before": before, "after": "NEW"}},
        "uses": {"s3BucketName": bucket},
    }
    planned = {"results": {"iam_stored_access_key": KEY if has_key else None}}
    return list(keys_of_others({**BUCKET, **desired}, planned, {"ams2": {"apps": {"live": app}}}))


def test_a_key_of_another_user() -> None:
    (warning,) = found("OLD")
    assert warning["hosts"] == ["ams2"]
    assert (
        "the access key OLD of now does not belong to IAM user recorder. If it is another user's"
        in warning["text"]
    )
    assert "s3_recording_iam_user_previous deletes it" in warning["text"]


@pytest.mark.parametrize(
    "case",
    [
        {"before": ""},
        {"before": "OWN"},
        # The previous bucket stays as it is, and its user with it.
        {"before": "OLD", "bucket": "others"},
        {"before": "OLD", "has_key": False},
        {"before": "OLD", "previous_iam_user": "old"},
    ],
)
def test_no_key_of_another_user(case: dict[str, Any]) -> None:
    assert found(**case) == []
