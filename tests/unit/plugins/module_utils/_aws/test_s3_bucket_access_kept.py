# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Folders that are no longer named stay readable as they are, and nothing else does."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws import (
    s3_bucket_access_plan as access,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.other_folders import OtherFolders
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.s3_bucket_access_model import (
    ALL_ON,
    NEW_BUCKET,
    Access,
    DesiredAccess,
    is_ours,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.deliveries import POLICY_SWITCHES
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.errors import AwsError
from hypothesis import given
from hypothesis import strategies as st

ARN = "arn:aws:s3:::b"
ENFORCED = "BucketOwnerEnforced"
OPEN = {**ALL_ON, **dict.fromkeys(POLICY_SWITCHES, False)}
FIRST, SECOND = (f"arn:aws:cloudfront::111122223333:distribution/{each}" for each in ("E1", "E2"))
PUBLIC, CLOUDFRONT, HTTPS = (
    f"AntMediaRecordings{each}" for each in ("PublicRead", "CloudFront", "SecureTransport")
)
KEEP = OtherFolders(kept=True)


def desired(delivery: str, *folders: str, others: OtherFolders = KEEP, **given: Any) -> DesiredAccess:
    if delivery == "cloudfront":
        given = {"cloudfront_distribution_arn": FIRST, **given}
    return DesiredAccess("b", delivery, folders, others=others, **given)


def made(*runs: DesiredAccess, start: Access = NEW_BUCKET) -> Access:
    """Return the access after these runs, one after the other."""
    for each in runs:
        start = access.target(start, each)
    return start


def by_sid(state: Access) -> dict[str, list[str]]:
    """Return what our statements name, without the ARN of the bucket."""
    return {
        str(each["Sid"]): [resource.removeprefix(f"{ARN}/") for resource in each["Resource"]]
        for each in state.ours
    }


def changed_by_hand(**changes: Any) -> Access:
    """Return a public bucket whose statement somebody has changed."""
    (statement,) = access.statements_wanted(desired("public", "old"))
    return Access(ENFORCED, OPEN, {"Statement": [{**statement, **changes}]})


def test_a_folder_that_is_no_longer_named_stays() -> None:
    both = made(desired("public", "live/streams"), desired("public", "app/streams"))
    assert by_sid(both) == {PUBLIC: ["app/streams/*", "live/streams/*"]}
    again = access.target(both, desired("public", "app/streams"))
    assert again.policy is both.policy
    assert access.steps(both, again) == []


def test_without_keep_it_is_closed_as_before() -> None:
    both = made(desired("public", "old"), desired("public", "new", others=OtherFolders()))
    assert by_sid(both) == {PUBLIC: ["new/*"]}


@pytest.mark.parametrize("forgotten", ["live", "live/streams"])
def test_a_folder_is_forgotten_by_its_name_or_that_of_one_around_it(forgotten: str) -> None:
    before = made(desired("public", "live/streams", "live2/streams", "olive/streams"))
    after = access.target(
        before, desired("public", "app/streams", others=OtherFolders(True, (forgotten, "e")))
    )
    assert by_sid(after) == {PUBLIC: ["app/streams/*", "live2/streams/*", "olive/streams/*"]}


def test_a_folder_that_is_named_is_not_forgotten() -> None:
    after = made(desired("public", "live/streams", others=OtherFolders(True, ("live",))))
    assert by_sid(after) == {PUBLIC: ["live/streams/*"]}


def test_each_statement_keeps_its_own_folders() -> None:
    https: dict[str, Any] = {"https_for": "folders"}
    before = made(desired("public", "plain"), desired("public", "old", **https))
    after = access.target(before, desired("public", "new", **https))
    assert by_sid(after) == {PUBLIC: ["new/*", "old/*", "plain/*"], HTTPS: ["new/*", "old/*"]}


@pytest.mark.parametrize("delivery", ["private", "acl", "cloudfront"])
def test_another_delivery_opens_nothing_of_the_previous_one(delivery: str) -> None:
    before = made(desired("public", "old", https_for="folders"))
    after = access.target(before, desired(delivery, "new", https_for="folders"))
    found = by_sid(after)
    assert PUBLIC not in found
    assert found.get(CLOUDFRONT, ["new/*"]) == ["new/*"]
    assert found[HTTPS] == ["new/*", "old/*"]


def test_a_distribution_keeps_its_folders() -> None:
    after = made(desired("cloudfront", "old"), desired("cloudfront", "new"))
    assert by_sid(after) == {CLOUDFRONT: ["new/*", "old/*"]}


def test_another_distribution_does_not_get_what_the_previous_one_reads() -> None:
    """The new one may be open to viewers whom the previous one keeps out."""
    second = desired("cloudfront", "new", cloudfront_distribution_arn=SECOND)
    after = made(desired("cloudfront", "old", "new"), second)
    assert by_sid(after) == {CLOUDFRONT: ["new/*"], f"{CLOUDFRONT}E1": ["old/*"]}
    readers = {each["Sid"]: each["Condition"]["StringEquals"]["AWS:SourceArn"] for each in after.ours}
    assert readers == {CLOUDFRONT: SECOND, f"{CLOUDFRONT}E1": FIRST}
    assert access.steps(after, access.target(after, second)) == []
    back = access.target(after, desired("cloudfront", "newest"))
    assert by_sid(back) == {CLOUDFRONT: ["newest/*", "old/*"], f"{CLOUDFRONT}E2": ["new/*"]}
    others = OtherFolders(True, ("old", "new"))
    assert by_sid(access.target(back, desired("cloudfront", "newest", others=others))) == {
        CLOUDFRONT: ["newest/*"]
    }


@pytest.mark.parametrize(
    "resource",
    [
        ARN,
        f"{ARN}/*",
        f"{ARN}/old*",
        f"{ARN}/o?d/*",
        f"{ARN}/old/*/*",
        f"{ARN}/${{aws:username}}/*",
        f"{ARN}/a/../*",
        f"{ARN}//*",
        f"{ARN}/old/a.mp4",
        f"{ARN}2/old/*",
        "*",
    ],
)
def test_what_is_not_one_folder_of_the_bucket_does_not_stay(resource: str) -> None:
    before = changed_by_hand(Resource=[resource, f"{ARN}/kept/*"])
    assert by_sid(access.target(before, desired("public", "new"))) == {PUBLIC: ["kept/*", "new/*"]}


@pytest.mark.parametrize(
    "change",
    [
        {"Condition": {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}},
        {"Principal": {"AWS": "arn:aws:iam::111122223333:root"}},
        {"Action": "s3:GetObjectTagging"},
        {"Effect": "Deny"},
    ],
)
def test_what_other_readers_have_is_not_opened_to_everybody(change: dict[str, Any]) -> None:
    after = access.target(changed_by_hand(**change), desired("public", "new"))
    assert by_sid(after) == {PUBLIC: ["new/*"]}


def test_what_a_switch_holds_back_is_not_opened() -> None:
    """Somebody has closed the bucket by hand; the run opens the named folders alone."""
    opened = made(desired("public", "old"))
    closed = Access(opened.ownership, ALL_ON, opened.policy)
    assert by_sid(access.target(closed, desired("public", "new"))) == {PUBLIC: ["new/*"]}


def test_a_bucket_that_refuses_http_as_a_whole_needs_no_folders() -> None:
    whole = made(desired("public", "old", https_for="bucket"))
    assert by_sid(access.target(whole, desired("public", "new", https_for="folders")))[HTTPS] == ["new/*"]
    folders = made(desired("public", "old", https_for="folders"))
    after = access.target(folders, desired("public", "new", https_for="bucket"))
    assert by_sid(after)[HTTPS] == [ARN, "*"]


def test_a_policy_that_old_folders_make_too_long_says_what_to_do() -> None:
    before = made(desired("public", *(f"{number:0>200}" for number in range(90))))
    wanted = desired("public", "x" * 900)
    with pytest.raises(AwsError, match="s3_recording_forget_folders"):
        access.check(before, access.target(before, wanted), wanted, access.Surroundings())
    too_many = desired("public", *(f"{number:0>200}" for number in range(100)))
    with pytest.raises(AwsError, match="name fewer folders"):
        access.check(NEW_BUCKET, access.target(NEW_BUCKET, too_many), too_many, access.Surroundings())


def test_a_name_that_is_no_folder_cannot_be_forgotten() -> None:
    for name in ("", "live/", "live/*", "/live", ".."):
        with pytest.raises(AwsError, match="forget_folders: '"):
            access.check_desired(desired("private", others=OtherFolders(True, (name,))))


FOLDERS = st.lists(st.sampled_from(["streams", "old/streams", "old", "new"]), min_size=1, max_size=3)
RUNS = st.builds(
    lambda delivery, folders, forgotten, https, distribution: desired(
        delivery,
        *folders,
        others=OtherFolders(True, tuple(forgotten)),
        https_for=https,
        cloudfront_distribution_arn=distribution,
    ),
    st.sampled_from(["public", "private", "acl", "cloudfront"]),
    FOLDERS,
    st.lists(st.sampled_from(["old", "streams"]), max_size=1),
    st.sampled_from(["bucket", "folders", "nothing"]),
    st.sampled_from([FIRST, SECOND]),
)


def readable(state: Access) -> set[tuple[str, str]]:
    """Who can read which resource, written down apart from the code under test."""
    found = set()
    for each in (state.policy or {}).get("Statement", []):
        if each["Effect"] == "Allow":
            is_public = each["Principal"] == "*"
            reader = "everyone" if is_public else each["Condition"]["StringEquals"]["AWS:SourceArn"]
            if not (is_public and state.block["restrict_public_buckets"]):
                found |= {(reader, resource) for resource in each["Resource"]}
    return found


@given(runs=st.lists(RUNS, min_size=2, max_size=4))
def test_nothing_is_opened_that_was_not_open_or_is_desired(runs: list[DesiredAccess]) -> None:
    *earlier, last = runs
    before = made(*earlier)
    after = access.target(before, last)
    bare = made(DesiredAccess(**{**vars(last), "others": OtherFolders()}))
    assert readable(bare) <= readable(after) <= readable(before) | readable(bare)
    assert len({each["Sid"] for each in after.ours}) == len(after.ours)
    assert all(is_ours(each) for each in after.ours)
    assert access.steps(after, access.target(after, last)) == []
