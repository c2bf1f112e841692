# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws import policy
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws import (
    s3_bucket_access_plan as access,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.s3_bucket_access_model import (
    ALL_OFF,
    ALL_ON,
    NEW_BUCKET,
    SWITCHES,
    Access,
    DesiredAccess,
    is_ours,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.deliveries import (
    ACL_SWITCHES,
    POLICY_SWITCHES,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.errors import AwsError
from hypothesis import given
from hypothesis import strategies as st

ARN = "arn:aws:s3:::b"
OTHER_ACCOUNT = {
    "Sid": "Partner",
    "Effect": "Allow",
    "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
    "Action": "s3:GetObject",
    "Resource": f"{ARN}/*",
}
WEBSITE = {
    "Sid": "Website",
    "Effect": "Allow",
    "Principal": "*",
    "Action": "s3:GetObject",
    "Resource": f"{ARN}/website/*",
}
DENY = {"Sid": "Deny", "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": f"{ARN}/*"}


def ours(*folders: str) -> dict[str, Any]:
    return access.statements_wanted(DesiredAccess("b", "public", folders))[0]


WISHES = [
    DesiredAccess("b", "private", allow_changing_others_access=True),
    DesiredAccess("b", "acl", allow_changing_others_access=True),
    DesiredAccess("b", "public", ("streams",), allow_changing_others_access=True),
    DesiredAccess("b", "public", ("streams", "previews"), allow_changing_others_access=True),
    DesiredAccess("b", "private", allow_changing_others_access=True, https_for="bucket"),
    DesiredAccess(
        "b",
        "cloudfront",
        ("streams",),
        allow_changing_others_access=True,
        cloudfront_distribution_arn="arn:x",
    ),
    DesiredAccess("b", "public", ("streams",), allow_changing_others_access=True, https_for="bucket"),
]
STATEMENTS: list[dict[str, Any]] = [OTHER_ACCOUNT, WEBSITE, DENY, ours("streams"), ours("streams", "old")]
POLICIES = st.lists(
    st.sampled_from(STATEMENTS),
    max_size=4,
    unique_by=lambda statement: statement["Sid"],
).map(lambda statements: {"Version": "2012-10-17", "Statement": statements} if statements else None)
BLOCKS = st.fixed_dictionaries({name: st.booleans() for name in SWITCHES})
OWNERSHIPS = st.sampled_from([None, "ObjectWriter", "BucketOwnerPreferred", "BucketOwnerEnforced"])
STATES = st.builds(Access, OWNERSHIPS, BLOCKS, POLICIES)


def openings(state: Access) -> set[str]:
    """What everybody can do, written down apart from the code under test."""
    found = set()
    acls_count = state.ownership != "BucketOwnerEnforced"
    if acls_count and not state.block["ignore_public_acls"]:
        found.add("objects with a public ACL are readable")
    if acls_count and not state.block["block_public_acls"]:
        found.add("public ACLs can be set")
    if not state.block["restrict_public_buckets"]:
        for statement in (state.policy or {}).get("Statement", []):
            if statement["Effect"] == "Allow" and statement["Principal"] == "*":
                resources = statement["Resource"]
                found |= set(resources if isinstance(resources, list) else [resources])
    return found


def cuts_off_other_accounts(state: Access) -> bool:
    statements = (state.policy or {}).get("Statement", [])
    is_public = any(each["Effect"] == "Allow" and each["Principal"] == "*" for each in statements)
    return OTHER_ACCOUNT in statements and is_public and state.block["restrict_public_buckets"]


@given(before=STATES, desired=st.sampled_from(WISHES))
def test_no_step_opens_more_than_before_or_asked(before: Access, desired: DesiredAccess) -> None:
    after = access.target(before, desired)
    allowed = openings(before) | openings(after)
    state = before
    for step in access.steps(before, after):
        state = access.after_step(state, step)
        assert openings(state) <= allowed, step
    assert state == after


@given(before=STATES, desired=st.sampled_from(WISHES))
def test_no_step_closes_what_is_open_before_and_after(before: Access, desired: DesiredAccess) -> None:
    after = access.target(before, desired)
    kept = openings(before) & openings(after)
    cut = cuts_off_other_accounts(before) or cuts_off_other_accounts(after)
    state = before
    for step in access.steps(before, after):
        state = access.after_step(state, step)
        assert openings(state) >= kept, step
        assert cut or not cuts_off_other_accounts(state), step


@given(before=STATES, desired=st.sampled_from(WISHES))
def test_s3_refuses_no_step(before: Access, desired: DesiredAccess) -> None:
    state = before
    for step in access.steps(before, access.target(before, desired)):
        if step.kind == "policy" and step.value is not None:
            statements = step.value["Statement"]
            is_public = any(each["Effect"] == "Allow" and each["Principal"] == "*" for each in statements)
            assert not (is_public and state.block["block_public_policy"])
            assert statements
        state = access.after_step(state, step)


@given(before=STATES, desired=st.sampled_from(WISHES))
def test_a_second_run_has_nothing_to_do(before: Access, desired: DesiredAccess) -> None:
    after = access.target(before, desired)
    assert access.steps(after, access.target(after, desired)) == []


@given(before=STATES, desired=st.sampled_from(WISHES))
def test_foreign_statements_stay_as_and_where_they_are(before: Access, desired: DesiredAccess) -> None:
    def foreign(state: Access) -> list[Any]:
        return [each for each in policy.statements_of(state.policy) if not is_ours(each)]

    assert foreign(access.target(before, desired)) == foreign(before)


@given(before=STATES, desired=st.sampled_from(WISHES))
def test_an_interrupted_run_can_be_run_again(before: Access, desired: DesiredAccess) -> None:
    wanted = access.target(before, desired)
    state = before
    for step in access.steps(before, wanted):
        state = access.after_step(state, step)
        again = access.target(state, desired)
        assert (again.ownership, again.policy) == (wanted.ownership, wanted.policy)
        assert openings(again) <= openings(before) | openings(wanted)


@given(before=STATES, desired=st.sampled_from(WISHES))
def test_the_difference_shows_what_the_steps_do(before: Access, desired: DesiredAccess) -> None:
    after = access.target(before, desired)
    assert (access.difference(before, after) == ({}, {})) == (not access.steps(before, after))


def test_a_new_bucket_becomes_public_in_two_steps() -> None:
    desired = DesiredAccess("b", "public", ("live/streams", "live/previews"))
    steps = access.steps(NEW_BUCKET, access.target(NEW_BUCKET, desired))
    assert [step.text for step in steps] == [
        "turn BlockPublicPolicy, RestrictPublicBuckets off",
        "add the statement AntMediaRecordingsPublicRead of the bucket policy",
    ]
    assert steps[1].value == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "AntMediaRecordingsPublicRead",
                "Effect": "Allow",
                "Principal": "*",
                "Action": "s3:GetObject",
                "Resource": [f"{ARN}/live/previews/*", f"{ARN}/live/streams/*"],
            }
        ],
    }


def test_a_new_bucket_is_private_already() -> None:
    assert access.steps(NEW_BUCKET, access.target(NEW_BUCKET, WISHES[0])) == []


@pytest.mark.parametrize(("partition"), ["aws", "aws-cn", "aws-us-gov"])
def test_the_partition_is_part_of_the_resource(partition: str) -> None:
    desired = DesiredAccess("b", "public", ("s",), partition=partition)
    assert access.statements_wanted(desired)[0]["Resource"] == [f"arn:{partition}:s3:::b/s/*"]


def test_a_policy_that_says_the_same_is_not_written() -> None:
    stored = {**ours("streams"), "Principal": {"AWS": "*"}, "Resource": f"{ARN}/streams/*"}
    before = Access("BucketOwnerEnforced", ALL_ON, {"Id": "x", "Statement": stored})
    assert access.target(before, WISHES[2]).policy is before.policy


def test_acl_delivery_leaves_the_policy_switches_if_a_foreign_public_statement_needs_them() -> None:
    before = Access("BucketOwnerEnforced", ALL_OFF, {"Statement": [WEBSITE]})
    after = access.target(before, DesiredAccess("b", "acl"))
    assert after.block == ALL_OFF
    access.check(before, after, DesiredAccess("b", "acl"), access.Surroundings())


@pytest.mark.parametrize("folder", ["", "/", "/a", "a/", "a//b", "*", "a/*", "a?", "${aws:username}"])
def test_folders_that_would_open_more(folder: str) -> None:
    with pytest.raises(AwsError, match="must be a path such as"):
        access.check_desired(DesiredAccess("b", "public", (folder,)))


def test_public_delivery_needs_folders() -> None:
    with pytest.raises(AwsError, match="never opened"):
        access.check_desired(DesiredAccess("b", "public"))


def refusal(before: Access, desired: DesiredAccess, around: access.Surroundings) -> str:
    with pytest.raises(AwsError) as failed:
        access.check(before, access.target(before, desired), desired, around)
    return str(failed.value)


@pytest.mark.parametrize(
    ("delivery", "switch", "said"),
    [
        ("public", "block_public_policy", "BlockPublicPolicy on"),
        ("public", "restrict_public_buckets", "RestrictPublicBuckets on"),
        ("acl", "block_public_acls", "BlockPublicAcls on"),
        ("acl", "ignore_public_acls", "IgnorePublicAcls on"),
    ],
)
def test_the_accounts_own_block_is_found_first(delivery: str, switch: str, said: str) -> None:
    around = access.Surroundings(account={**ALL_OFF, switch: True})
    text = refusal(NEW_BUCKET, DesiredAccess("b", delivery, ("streams",)), around)
    assert said in text
    assert "Nothing was changed" in text


@pytest.mark.parametrize(("delivery", "switches"), [("public", ACL_SWITCHES), ("acl", POLICY_SWITCHES)])
def test_the_accounts_other_switches_do_not_matter(delivery: str, switches: tuple[str, ...]) -> None:
    around = access.Surroundings(account={**ALL_OFF, **dict.fromkeys(switches, True)})
    desired = DesiredAccess("b", delivery, ("streams",))
    access.check(NEW_BUCKET, access.target(NEW_BUCKET, desired), desired, around)


def test_private_delivery_does_not_ask_for_the_account() -> None:
    around = access.Surroundings(account=dict(ALL_ON))
    desired = DesiredAccess("b", "private")
    before = Access("ObjectWriter", ALL_OFF, {"Statement": [ours("streams")]})
    access.check(before, access.target(before, desired), desired, around)


def test_a_foreign_public_statement_is_neither_cut_off_nor_let_out_unasked() -> None:
    in_force = Access("BucketOwnerEnforced", ALL_OFF, {"Statement": [WEBSITE]})
    held_back = Access("BucketOwnerEnforced", ALL_ON, {"Statement": [WEBSITE]})
    around = access.Surroundings()
    assert "'Website'" in refusal(in_force, DesiredAccess("b", "private"), around)
    assert "take effect" in refusal(held_back, DesiredAccess("b", "public", ("s",)), around)
    for before, delivery in ((held_back, "private"), (in_force, "public")):
        desired = DesiredAccess("b", delivery, ("s",))
        access.check(before, access.target(before, desired), desired, around)


def test_a_foreign_grant_in_the_buckets_acl_is_found_first() -> None:
    around = access.Surroundings(acl_grantees=("http://acs.amazonaws.com/groups/s3/LogDelivery",))
    before = Access("ObjectWriter", ALL_ON, None)
    assert "LogDelivery" in refusal(before, DesiredAccess("b", "private"), around)
    desired = DesiredAccess("b", "acl")
    access.check(before, access.target(before, desired), desired, around)


def test_a_policy_that_is_too_long_is_found_first() -> None:
    folders = tuple(f"{number:0>200}" for number in range(100))
    assert "S3 allows 20480" in refusal(
        NEW_BUCKET, DesiredAccess("b", "public", folders), access.Surroundings()
    )


@pytest.mark.parametrize(
    ("statement", "public"),
    [
        (WEBSITE, True),
        ({**WEBSITE, "Principal": {"AWS": ["*"]}}, True),
        ({**WEBSITE, "Condition": {"StringEquals": {"aws:Referer": "https://x"}}}, True),
        ({**WEBSITE, "Condition": {"IpAddress": {"aws:SourceIp": "0.0.0.0/1"}}}, True),
        ({**WEBSITE, "Condition": {"StringLike": {"aws:PrincipalOrgID": "o-*"}}}, True),
        ({**WEBSITE, "Condition": {"IpAddress": {"aws:SourceIp": ["192.0.2.0/24"]}}}, False),
        ({**WEBSITE, "Condition": {"StringEquals": {"aws:SourceVpce": "vpce-1"}}}, False),
        (OTHER_ACCOUNT, False),
        (DENY, False),
        ({**WEBSITE, "Principal": {"Service": "cloudfront.amazonaws.com"}}, False),
    ],
)
def test_what_counts_as_public(statement: dict[str, Any], public: bool) -> None:
    assert policy.everyone_may(statement) is public
