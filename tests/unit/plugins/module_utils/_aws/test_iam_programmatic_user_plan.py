# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What an IAM user for a program needs, without AWS."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws import (
    iam_programmatic_user_plan as users,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.ownership import (
    Belongings,
    Claim,
    tags_of,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.errors import AwsError
from hypothesis import given
from hypothesis import strategies as st

LIST = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::b"}
WRITE = {"Effect": "Allow", "Action": ["s3:PutObject", "s3:GetObject"], "Resource": ["arn:aws:s3:::b/x/*"]}
POLICY = {"Version": "2012-10-17", "Statement": [LIST, WRITE]}
SAME_POLICY = {
    "Statement": [
        {**WRITE, "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "arn:aws:s3:::b/x/*"},
        {**LIST, "Action": ["s3:ListBucket"]},
    ],
    "Version": "2012-10-17",
}
FULL = "arn:aws:iam::aws:policy/AmazonS3FullAccess"
OWN = "arn:aws:iam::123456789012:policy/team/own"
ARN = "arn:aws:iam::123456789012:user/ams"
WISH = users.DesiredUser("ams", "recordings", POLICY)
DONE = users.User(arn=ARN, policy=POLICY)


def calls(found: list[users.Step]) -> list[str]:
    return [step.call for step in found]


def desired(**parts: Any) -> users.DesiredUser:
    return replace(WISH, **parts)


def test_a_new_user_gets_all_in_order() -> None:
    wanted = desired(managed=(OWN, FULL), path="/ams/", tags={"team": "video"})
    found = users.steps(None, wanted)
    assert calls(found) == ["create_user", "put_user_policy", "attach_user_policy", "attach_user_policy"]
    assert found[0].arguments == {"Path": "/ams/", "Tags": [{"Key": "team", "Value": "video"}]}
    assert found[0].needs == "iam:CreateUser (and iam:TagUser)"
    assert found[1].arguments["PolicyName"] == "recordings"
    assert json.loads(found[1].arguments["PolicyDocument"]) == POLICY
    assert [step.text for step in found] == [
        "create the user ams",
        "add inline policy recordings",
        f"attach managed policy {OWN}",
        "attach managed policy AmazonS3FullAccess",
    ]


def test_what_is_there_already_is_no_step() -> None:
    assert users.steps(DONE, WISH) == []
    assert users.steps(replace(DONE, policy=SAME_POLICY), WISH) == []
    assert users.target(replace(DONE, policy=SAME_POLICY), WISH).policy is SAME_POLICY


def test_console_access_goes_before_anything_is_allowed() -> None:
    found = users.steps(replace(DONE, console_access=True, policy=None), desired(managed=(FULL,)))
    assert calls(found) == ["delete_login_profile", "put_user_policy", "attach_user_policy"]
    assert found[0].removes
    assert not found[1].removes


def test_what_the_task_does_not_name_stays() -> None:
    current = replace(DONE, path="/x/", managed=(OWN,), tags={"a": "1", "b": "2"})
    assert users.steps(current, WISH) == []
    after = users.target(current, desired(managed=(FULL,), tags={"b": "3", "c": "4"}))
    assert after.managed == (OWN, FULL)
    assert after.tags == {"a": "1", "b": "3", "c": "4"}
    (tag, attach) = users.steps(current, desired(managed=(FULL,), tags={"b": "3", "c": "4"}))
    assert tag.arguments == {"Tags": [{"Key": "b", "Value": "3"}, {"Key": "c", "Value": "4"}]}
    assert attach.arguments == {"PolicyArn": FULL}


def test_a_moved_user_has_another_arn() -> None:
    assert users.target(DONE, desired(path="/a/b/")).arn == "arn:aws:iam::123456789012:user/a/b/ams"
    assert calls(users.steps(DONE, desired(path="/a/b/"))) == ["update_user"]
    assert users.steps(replace(DONE, path="/a/b/"), desired(path="/a/b/")) == []


def test_a_difference_shows_what_changes_alone() -> None:
    before = replace(DONE, console_access=True, tags={"a": "1"})
    after = users.target(before, desired(managed=(FULL,), tags={"b": "2"}))
    assert users.difference(before, after) == (
        {"console_access": True, "managed_policies": [], "tags": {}},
        {"console_access": False, "managed_policies": [FULL], "tags": {"b": "2"}},
    )
    assert users.difference(DONE, users.target(DONE, WISH)) == ({}, {})


def test_the_difference_of_a_new_user_is_what_it_is_given() -> None:
    assert users.difference(None, users.target(None, WISH)) == (
        {},
        {"console_access": False, "policy": POLICY},
    )


@pytest.mark.parametrize(
    "other",
    [
        None,
        {**POLICY, "Version": "2008-10-17"},
        {**POLICY, "Id": "x"},
        {**POLICY, "Statement": [LIST]},
        {**POLICY, "Statement": [LIST, {**WRITE, "Effect": "Deny"}]},
        {**POLICY, "Statement": [LIST, {**WRITE, "Sid": "named"}]},
        {**POLICY, "Statement": [LIST, {**WRITE, "Action": ["s3:PutObject"]}]},
        {**POLICY, "Statement": [LIST, {**WRITE, "Condition": {"Bool": {"aws:SecureTransport": "true"}}}]},
    ],
)
def test_policies_that_say_something_else(other: Any) -> None:
    assert not users.same_policy(POLICY, other)
    assert calls(users.steps(replace(DONE, policy=other), WISH)) == ["put_user_policy"]


def test_a_policy_without_version_is_of_the_old_one() -> None:
    assert users.same_policy({"Statement": LIST}, {"Statement": [LIST], "Version": "2008-10-17"})
    assert users.same_policy(None, None)


NAMES = st.lists(st.sampled_from(["s3:A", "s3:B", "s3:C", "s3:D"]), min_size=1, unique=True)
STATEMENTS = st.lists(
    st.fixed_dictionaries(
        {"Effect": st.sampled_from(["Allow", "Deny"]), "Action": NAMES, "Resource": NAMES},
        optional={"Sid": st.sampled_from(["x", "y"])},
    ),
    min_size=1,
    max_size=4,
)


def in_other_words(statement: dict[str, Any], shuffled: list[str]) -> dict[str, Any]:
    actions = sorted(statement["Action"], key=shuffled.index)
    return {
        **dict(reversed(statement.items())),
        "Action": actions[0] if len(actions) == 1 else actions,
    }


@given(STATEMENTS, st.permutations(["s3:A", "s3:B", "s3:C", "s3:D"]), st.randoms())
def test_the_form_of_a_policy_does_not_count(
    statements: list[dict[str, Any]], shuffled: list[str], random: Any
) -> None:
    others = [in_other_words(each, shuffled) for each in statements]
    random.shuffle(others)
    left = {"Version": "2012-10-17", "Statement": statements}
    right = {"Version": "2012-10-17", "Statement": others}
    assert users.same_policy(left, right)
    assert users.steps(replace(DONE, policy=left), desired(policy=right)) == []


@given(STATEMENTS, STATEMENTS)
def test_what_is_reached_needs_no_further_step(
    had: list[dict[str, Any]], wanted: list[dict[str, Any]]
) -> None:
    task = desired(policy={"Statement": wanted}, managed=(FULL,), path="/p/", tags={"a": "1"})
    current = users.User(arn=ARN, console_access=True, policy={"Statement": had}, managed=(OWN,))
    after = users.target(current, task)
    assert users.steps(after, task) == []
    assert users.target(after, task) == after
    assert users.difference(after, users.target(after, task)) == ({}, {})


@pytest.mark.parametrize(
    ("parts", "problem"),
    [
        ({"user": "a b"}, "the user_name 'a b' must be"),
        ({"user": "é"}, "the user_name"),
        ({"user": "u" * 65}, "1 to 64 letters"),
        ({"policy_name": ""}, "the policy_name '' must be"),
        ({"path": "ams"}, "the path 'ams' must begin and end with a slash"),
        ({"path": "/a b/"}, "the path"),
        ({"managed": ("",)}, "empty name"),
        ({"policy": {}}, "no Statement"),
        ({"policy": {"Statement": []}}, "no Statement"),
        ({"policy": {"Statement": ["x"]}}, "statement 1 of the policy is not a dictionary"),
        ({"policy": {"Statement": {**LIST, "Principal": "*"}}}, "names a Principal"),
        ({"policy": {"Statement": {**LIST, "Effect": "allow"}}}, "needs the Effect"),
        (
            {"policy": {"Statement": [LIST, {"Effect": "Deny"}]}},
            "statement 2 of the policy has neither Action",
        ),
        ({"policy": {"Statement": {**LIST, "Resource": ["r" * 2048]}}}, "may have 2048"),
    ],
)
def test_what_cannot_work_is_refused(parts: dict[str, Any], problem: str) -> None:
    with pytest.raises(AwsError) as failed:
        users.check(desired(**parts))
    assert problem in str(failed.value)
    assert str(failed.value).endswith("Nothing was changed.")


@pytest.mark.parametrize("path", [None, "/", "/a/", "/a/b/"])
def test_what_can_work_is_not_refused(path: str | None) -> None:
    users.check(desired(path=path, managed=("x", FULL), user="a+b=c,d.e@f-g_h"))
    users.check(desired(policy={"Statement": [{"Effect": "Deny", "NotAction": "s3:*", "NotResource": "*"}]}))


def test_white_space_does_not_count_for_the_size() -> None:
    assert users.size_of({"Sid": "a b"}) == len('{"Sid":"ab"}')


def test_where_a_managed_policy_is() -> None:
    assert users.partition_in("arn:aws-cn:iam::1:user/x", "aws") == "aws-cn"
    assert users.partition_in("", "aws-us-gov") == "aws-us-gov"
    assert (
        users.aws_managed("AmazonS3FullAccess", "aws-cn") == "arn:aws-cn:iam::aws:policy/AmazonS3FullAccess"
    )
    assert users.aws_managed(OWN, "aws-cn") == OWN


CLAIM = Claim("ams", "videos")
BELONGINGS = Belongings(
    ARN,
    access_keys=("AKIA1", "AKIA2"),
    inline_policies=("recordings",),
    managed_policies=(FULL,),
    tags=tags_of("videos"),
)


def removed(has: Belongings, claim: Claim = CLAIM) -> list[tuple[str, ...]]:
    return [(step.call, *step.arguments.values()) for step in users.removal(has, claim)]


def test_a_user_goes_last() -> None:
    assert removed(BELONGINGS) == [
        ("delete_access_key", "AKIA1"),
        ("delete_access_key", "AKIA2"),
        ("delete_user_policy", "recordings"),
        ("detach_user_policy", FULL),
        ("delete_user",),
    ]
    assert all(step.removes for step in users.removal(BELONGINGS, CLAIM))
    assert [step.needs for step in users.removal(BELONGINGS, CLAIM)][-1] == "iam:DeleteUser"
    assert removed(Belongings(ARN)) == [("delete_user",)]


def test_access_keys_are_deleted_if_asked_alone() -> None:
    with pytest.raises(
        AwsError, match=r"access keys AKIA1, AKIA2.*delete_access_keys=true.*Nothing was changed"
    ):
        users.check_removal(BELONGINGS, CLAIM, delete_access_keys=False)
    users.check_removal(BELONGINGS, CLAIM, delete_access_keys=True)
    users.check_removal(replace(BELONGINGS, access_keys=()), CLAIM, delete_access_keys=False)


@pytest.mark.parametrize(
    "more",
    [
        {"console_access": True},
        {"inline_policies": ("payroll", "recordings")},
        {"managed_policies": (OWN, FULL)},
        {"groups": ("staff",)},
        {"kept": {"MFA device": ["phone"], "SSH key": []}},
    ],
)
def test_of_a_user_that_has_something_else_our_policy_goes_alone(more: dict[str, Any]) -> None:
    """A removal took login, groups and other people's policies with it, and then the user."""
    has = replace(BELONGINGS, **more)
    assert removed(has) == [("delete_user_policy", "recordings")]
    assert removed(has, replace(CLAIM, managed=("AmazonS3FullAccess",))) == [
        ("delete_user_policy", "recordings"),
        ("detach_user_policy", FULL),
    ]
    before, after = users.removal_difference(has, users.removal(has, CLAIM))
    assert before == {"inline_policies": list(has.inline_policies)}
    assert after == {"inline_policies": [each for each in has.inline_policies if each != "recordings"]}


def test_tags_by_which_a_user_is_known_are_not_given() -> None:
    with pytest.raises(AwsError, match="tags has another Managed-By"):
        users.check(desired(tags={"Managed-By": "terraform"}))


def test_one_line_says_what_the_user_has() -> None:
    assert (
        users.summary(WISH, [])
        == "IAM user ams has the policy recordings and no console access: no change needed"
    )
    assert users.summary(WISH, ["a", "b"]).endswith(": a; b")
