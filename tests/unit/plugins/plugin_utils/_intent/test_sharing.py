# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What two buckets must not have in common, and what must not become a pattern in a policy, without AWS."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.s3_bucket_access_model import (
    DesiredAccess,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.s3_bucket_access_plan import (
    check_desired,
    statements_wanted,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.errors import AwsError
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.key_policy import key_policy
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.model import Intent, Member
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.plan import plan_fleet

GIVEN: dict[str, Any] = {"access_key_id": "AKIAIOSFODNN7EXAMPLE", "secret_given": True}


def member(host: str, bucket: str, chosen: bool = True, **given: Any) -> Member:
    given = {"region": "us-east-1", "ams_url": f"https://{host}:5443", **given}
    return Member(host, Intent(bucket=bucket, **given), chosen)


def problems(*members: Member) -> list[str]:
    found: list[str] = plan_fleet(members)["problems"]
    return found


BOTH: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({"iam_user": "ams"}, {"iam_user": "ams"}, "s3_recording_iam_user is ams for the buckets 'one' (a)"),
    ({"iam_user": "ams"}, {"iam_user": "Ams"}, "the policy of one would replace that of the other"),
    ({}, {"iam_user": "one-recording"}, "s3_recording_iam_user is one-recording for the buckets"),
    ({"key_path": "/ams"}, {"key_path": "/ams"}, "s3_recording_key_path is ssm /ams for the buckets"),
    (
        {"key_path": "ams", "key_store": "secretsmanager"},
        {"key_path": "ams", "key_store": "secretsmanager"},
        "is secretsmanager ams for the buckets",
    ),
    (
        {"key_path": "/keys/ams", "key_store": "file"},
        {"key_path": "/keys/../keys/ams", "key_store": "file", "region": "eu-west-1"},
        "s3_recording_key_path is file /keys/ams for the buckets",
    ),
    (
        {"delivery": "cloudfront", "cloudfront_distribution": "E1"},
        {"delivery": "cloudfront", "cloudfront_distribution": "E1"},
        "s3_recording_cloudfront_distribution is E1 for the buckets",
    ),
]


@pytest.mark.parametrize(("first", "second", "said"), BOTH)
def test_two_buckets_with_one_name_are_refused(
    first: dict[str, Any], second: dict[str, Any], said: str
) -> None:
    """The second bucket took the user's permissions away from the first, without a word."""
    (problem,) = problems(member("a", "one", **first), member("b", "two", **second))
    assert said in problem
    assert "'two' (b)" in problem
    assert "give each bucket its own" in problem


def test_what_is_not_shared_is_no_problem() -> None:
    far: dict[str, Any] = {"region": "eu-west-1", "key_path": "/keys/ams"}
    near: dict[str, Any] = {"region": "us-east-1", "key_path": "/keys/ams"}
    assert problems(member("a", "one", **far), member("b", "two", **near)) == []
    # A key that is given is made by nobody here.
    assert (
        problems(member("a", "one", iam_user="x", **GIVEN), member("b", "two", iam_user="x", **GIVEN)) == []
    )
    assert problems(member("a", "one", iam_user="x"), member("b", "one", iam_user="x")) == []


def test_a_bucket_of_the_inventory_that_is_not_in_the_play_counts() -> None:
    chosen = member("a", "one", iam_user="ams")
    (problem,) = problems(chosen, member("b", "two", chosen=False, iam_user="ams"))
    assert "'two' (b)" in problem
    others = [
        member(host, bucket, chosen=False, iam_user="x") for host, bucket in (("b", "two"), ("c", "three"))
    ]
    assert problems(chosen, *others) == []


def test_default_users_of_long_names_do_not_collide() -> None:
    """Names that share 54 characters had one user."""
    names = [("v" * 54) + end for end in ("", "-eu", "-us")]
    users = [Intent(bucket=name).user_name for name in names]
    assert len(set(users)) == len(names)
    assert users[0] == f"{names[0]}-recording"
    assert max(len(each) for each in users) <= 64
    assert problems(*(member(f"h{at}", name) for at, name in enumerate(names))) == []


@pytest.mark.parametrize(
    "folder", ["a*/streams", "a?/streams", "${aws:username}/streams", "a/../streams", "."]
)
def test_a_policy_is_made_of_names_alone(folder: str) -> None:
    """Only the plan looked, so that whatever came past it stood in the policy as a pattern."""
    with pytest.raises(AwsError, match="would match other names in a policy"):
        key_policy(Intent(bucket="b", region="us-east-1"), [folder])
    desired = DesiredAccess("b", "public", folders=(folder,))
    with pytest.raises(AwsError, match="would match other names in a policy"):
        statements_wanted(desired)
    with pytest.raises(AwsError, match="must be a path such as live/streams"):
        check_desired(desired)


@pytest.mark.parametrize("key", ["*", "alias/*", "arn:aws:kms:us-east-1:*:key/1", "alias/${aws:username}"])
def test_a_kms_key_is_one_key(key: str) -> None:
    """A key's policy with * for the KMS key let it use every key of the account."""
    intent = Intent(bucket="videos", region="us-east-1", encryption="aws:kms", encryption_key_id=key)
    with pytest.raises(AwsError, match="would match other names in a policy"):
        key_policy(intent, ["streams"])
    (problem,) = problems(Member("a", replace(intent, delivery="private", ams_url="https://a:5443"), True))
    assert "a: s3_recording_encryption_key_id" in problem
