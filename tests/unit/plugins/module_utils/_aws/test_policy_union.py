# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The right to upload to other folders of the bucket stays, and no other right does."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.other_folders import OtherFolders
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.policy_union import (
    other_uploads,
    uploads_to,
    with_other_folders,
)

BUCKET = "arn:aws:s3:::videos"
ACTIONS = ("s3:PutObject", "s3:GetObject")
LIST = {"Sid": "ListBucket", "Effect": "Allow", "Action": "s3:ListBucket", "Resource": BUCKET}


def policy(*folders: str, actions: Any = ACTIONS, **more: Any) -> dict[str, Any]:
    resources = [f"{BUCKET}/{folder}/*" for folder in folders]
    action = list(actions) if isinstance(actions, tuple) else actions
    write = {"Sid": "WriteRecordings", "Effect": "Allow", "Action": action, "Resource": resources, **more}
    return {"Version": "2012-10-17", "Statement": [LIST, write]}


def joined(desired: dict[str, Any], current: Any, *forgotten: str) -> dict[str, Any]:
    return with_other_folders(desired, current, "videos", OtherFolders(True, forgotten))


def test_an_other_folder_stays_and_is_named() -> None:
    both = joined(policy("new"), policy("old", "new"))
    assert both == policy("new", "old")
    assert other_uploads(policy("new"), both, "videos") == ["videos/old/*"]
    assert joined(policy("new"), both) == both


def test_nothing_stays_unless_it_is_to() -> None:
    assert with_other_folders(policy("new"), policy("old"), "videos", OtherFolders()) == policy("new")
    assert joined(policy("new"), policy("old/streams", "older"), "old") == policy("new", "older")
    assert joined(policy("a", "b"), policy("a")) == policy("a", "b")
    assert joined(policy("a"), None) == policy("a")
    assert other_uploads(policy("a"), None, "videos") == []


@pytest.mark.parametrize("actions", [[*ACTIONS, "s3:DeleteObject"], "s3:*", "*"])
def test_an_action_that_is_not_desired_any_more_is_lost(actions: Any) -> None:
    """Deletions could not be forbidden, since the statement of before stayed beside the new one."""
    assert joined(policy("a"), policy("a", "old", actions=actions)) == policy("a", "old")


def test_a_folder_that_is_desired_keeps_no_other_form_of_it() -> None:
    """The key was limited to some file extensions, and could upload all others as before."""
    limited = policy("a")
    limited["Statement"][1]["Resource"] = [f"{BUCKET}/a/*.mp4"]
    assert joined(limited, policy("a")) == limited
    assert other_uploads(limited, policy("a"), "videos") == []


@pytest.mark.parametrize(
    "resource",
    [
        "*",
        BUCKET,
        f"{BUCKET}/*",
        f"{BUCKET}/a*/*",
        f"{BUCKET}/../*",
        "arn:aws:s3:::videos-2/a/*",
        f"{BUCKET}/a/b.mp4",
    ],
)
def test_what_is_no_folder_of_the_bucket_is_not_kept(resource: str) -> None:
    """Someone may have added it; no server of ours needs it."""
    current = policy("old")
    current["Statement"][1]["Resource"].append(resource)
    assert joined(policy("a"), current) == policy("a", "old")


@pytest.mark.parametrize(
    "statement",
    [
        {"Effect": "Deny", "Action": "s3:PutObject", "Resource": f"{BUCKET}/old/*"},
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"{BUCKET}/old/*"},
        {"Effect": "Allow", "NotAction": "s3:GetObject", "Resource": f"{BUCKET}/old/*"},
        {"Effect": "Allow", "Action": "s3:PutObject", "NotResource": f"{BUCKET}/old/*"},
    ],
)
def test_what_does_not_plainly_allow_uploads_is_not_kept(statement: dict[str, Any]) -> None:
    assert joined(policy("a"), {"Statement": [statement]}) == policy("a")


def test_a_policy_without_uploads_gets_none() -> None:
    listing = {"Version": "2012-10-17", "Statement": [LIST]}
    assert joined(listing, policy("old")) == listing


def test_a_folder_in_use_gets_the_endings_of_the_others_and_a_pattern_gets_nothing() -> None:
    limited = policy("new")
    limited["Statement"][1]["Resource"] = [f"{BUCKET}/new/*.mp4", f"{BUCKET}/new/*.png"]
    assert uploads_to(["old", "new", "new/deeper"], limited, "videos") == [
        "videos/old/*.mp4",
        "videos/old/*.png",
    ]
    for odd in ("", "*", "a/*", "${aws:username}", "a//b"):
        assert uploads_to([odd], policy("new"), "videos") == []
