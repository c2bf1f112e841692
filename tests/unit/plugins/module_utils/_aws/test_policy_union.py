# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the policy of a key allows in folders of its bucket stays, and nothing else does."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.policy_union import beyond, union

BUCKET = "arn:aws:s3:::videos"
ACTIONS = ["s3:PutObject", "s3:GetObject"]
LIST = {"Sid": "ListBucket", "Effect": "Allow", "Action": "s3:ListBucket", "Resource": BUCKET}


def policy(
    *folders: str, actions: Any = ACTIONS, sid: str = "WriteRecordings", **more: Any
) -> dict[str, Any]:
    resources = [f"{BUCKET}/{folder}/*" for folder in folders]
    write = {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources, **more}
    return {"Version": "2012-10-17", "Statement": [LIST, write]}


def test_the_folders_of_both_are_in_one_statement() -> None:
    joined = union(policy("new"), policy("old", "new"), "videos")
    assert joined == policy("new", "old")
    assert beyond(policy("new"), joined, "videos") == ["videos/old/*"]


def test_a_policy_that_allows_no_more_stays_as_desired() -> None:
    assert union(policy("a", "b"), policy("a"), "videos") == policy("a", "b")
    assert union(policy("a"), None, "videos") == policy("a")
    assert beyond(policy("a", "b"), policy("a"), "videos") == []
    assert beyond(policy("a"), None, "videos") == []


def test_one_value_and_a_list_of_it_say_the_same() -> None:
    current = policy("a", actions=list(reversed(ACTIONS)), sid="Another")
    current["Statement"][1]["Resource"] = f"{BUCKET}/a/*"
    assert union(policy("a"), current, "videos") == policy("a")
    assert beyond(policy("a"), current, "videos") == []


def test_other_actions_of_before_are_a_statement_of_their_own_with_a_name_of_its_own() -> None:
    joined = union(policy("a"), policy("a", actions=[*ACTIONS, "s3:DeleteObject"]), "videos")
    assert [each["Sid"] for each in joined["Statement"]] == [
        "ListBucket",
        "WriteRecordings",
        "WriteRecordings2",
    ]
    assert beyond(policy("a"), joined, "videos") == ["videos/a/*"]
    assert union(policy("a"), joined, "videos") == joined


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
    current = policy("a")
    current["Statement"].append(
        {"Effect": "Allow", "Action": "s3:*", "Resource": [resource, f"{BUCKET}/old/*"]}
    )
    joined = union(policy("a"), current, "videos")
    assert joined["Statement"][2] == {"Effect": "Allow", "Action": "s3:*", "Resource": [f"{BUCKET}/old/*"]}


def test_a_denial_is_not_kept() -> None:
    denial = {"Effect": "Deny", "Action": "*", "Resource": f"{BUCKET}/a/*"}
    assert union(policy("a"), {"Statement": [denial]}, "videos") == policy("a")


def test_a_condition_makes_another_statement() -> None:
    limited = policy("old", Condition={"Bool": {"aws:SecureTransport": "true"}})
    joined = union(policy("new"), limited, "videos")
    assert joined["Statement"][2]["Condition"] == {"Bool": {"aws:SecureTransport": "true"}}
    assert joined["Statement"][1]["Resource"] == [f"{BUCKET}/new/*"]
