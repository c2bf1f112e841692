# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A change of switches lets nobody in by what somebody else has set up: the decision, and the stand-in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws import (
    s3_bucket_access_acls as dormant_acls,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws import (
    s3_bucket_access_dormant as dormant_access,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws import (
    s3_bucket_access_plan as access,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.s3_bucket_access_model import (
    SWITCHES,
    Access,
    Block,
    DesiredAccess,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.errors import AwsError
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.plugins.module_utils._aws.test_s3_bucket_access_plan import STATES, WEBSITE, WISHES

from .test_s3_bucket_access_apply import Bucket

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stand_ins.aws import AwsStandIn

ALL_USERS = "http://acs.amazonaws.com/groups/global/AllUsers"
SIGNED_IN = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"
OPEN = dict.fromkeys(
    ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), False
)
IGNORING = {**OPEN, "IgnorePublicAcls": True}
BLOCKS = st.fixed_dictionaries({name: st.booleans() for name in SWITCHES})


@given(before=STATES, desired=st.sampled_from(WISHES), account=BLOCKS)
def test_what_becomes_public_by_switches_alone(
    before: Access, desired: DesiredAccess, account: Block
) -> None:
    """Written down apart from the code under test: what everybody may do after and might not before."""

    def openings(state: Access) -> set[str]:
        found = set()
        on = {name: state.block[name] or account[name] for name in SWITCHES}
        if state.ownership != "BucketOwnerEnforced" and not on["ignore_public_acls"]:
            found.add("acls")
        if WEBSITE in (state.policy or {}).get("Statement", []) and not on["restrict_public_buckets"]:
            found.add("website")
        return found

    after = access.target(before, desired)
    found = dormant_access.opening(before, after, account)
    new = openings(after) - openings(before)
    assert found.acls == ("acls" in new)
    assert list(found.statements) == ([WEBSITE] if "website" in new else [])


@pytest.mark.parametrize(
    ("grant", "public"),
    [
        ({"Grantee": {"URI": ALL_USERS}, "Permission": "READ"}, ("READ",)),
        ({"Grantee": {"URI": SIGNED_IN}, "Permission": "WRITE"}, ("WRITE",)),
        ({"Grantee": {"URI": "http://acs.amazonaws.com/groups/s3/LogDelivery"}, "Permission": "WRITE"}, ()),
        ({"Grantee": {"ID": "a" * 64}, "Permission": "FULL_CONTROL"}, ()),
    ],
)
def test_what_an_acl_lets_everybody_do(grant: dict[str, Any], public: tuple[str, ...]) -> None:
    assert dormant_access.public_grants({"Grants": [grant]}) == public


def test_what_was_not_looked_at_counts_as_public() -> None:
    elsewhere = dormant_access.count_acls(1005, ["a", "b", "c", "d"], [False, None, True, False])
    found = dormant_access.problems(dormant_access.Dormant(elsewhere=elsewhere), allowed=False)
    assert [each.partition(" outside")[0] for each in found[:3]] == [
        "1 objects",
        "the ACLs of 1 objects",
        "1001 more objects",
    ]
    assert "('c')" in found[0]
    assert "allow_changing_others_access=true" in found[-1]
    assert dormant_access.problems(dormant_access.Dormant(elsewhere=elsewhere), allowed=True) == []


def test_nothing_of_others_is_no_problem() -> None:
    inside = dormant_access.count_acls(5, ["a"], [True])
    dormant = dormant_access.Dormant(in_folders=inside)
    assert dormant_access.problems(dormant, allowed=False) == []
    assert dormant_access.describe(dormant) == [
        "1 of 1 objects in the recording folders have a public ACL, 4 more were not checked"
    ]


@pytest.fixture
def bucket(aws: AwsStandIn, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    """A bucket whose objects got public ACLs years ago, which IgnorePublicAcls holds back since."""
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    aws.clear_faults()
    made = Bucket(aws)
    own(made, "ObjectWriter")
    block(made, OPEN)
    yield made
    aws.clear_faults()


def own(bucket: Bucket, ownership: str) -> None:
    rules = {"Rules": [{"ObjectOwnership": ownership}]}
    bucket.s3.put_bucket_ownership_controls(Bucket=bucket.name, OwnershipControls=rules)


def block(bucket: Bucket, switches: dict[str, bool]) -> None:
    bucket.s3.put_public_access_block(Bucket=bucket.name, PublicAccessBlockConfiguration=switches)


def put(bucket: Bucket, *keys: str, acl: str = "private") -> None:
    for key in keys:
        bucket.s3.put_object(Bucket=bucket.name, Key=key, Body=b"x", ACL=acl)


def asked(aws: AwsStandIn, operation: str) -> int:
    return sum(each["operation"] == operation for each in aws.requests())


def refused(aws: AwsStandIn, bucket: Bucket, **params: Any) -> str:
    """The error, which came before anything was written, in check mode too."""
    texts = []
    aws.clear_requests()
    for check in (True, False):
        with pytest.raises(AwsError, match="Nothing was changed") as failed:
            bucket.access("acl", check=check, **params)
        texts.append(str(failed.value))
    assert aws.writes() == []
    assert texts[0] == texts[1]
    return texts[0]


def test_dormant_acls_of_the_whole_bucket_do_not_come_alive_unasked(aws: AwsStandIn, bucket: Bucket) -> None:
    """Delivery acl switched IgnorePublicAcls off: payrolls and the like became readable by everybody."""
    put(bucket, "payroll/a.pdf", "payroll/b.pdf", "streams.txt", "z", acl="public-read")
    put(bucket, "payroll/private.pdf", "streams/new.mp4")
    put(bucket, "streams/old.mp4", acl="public-read")
    block(bucket, IGNORING)
    text = refused(aws, bucket)
    assert "4 objects outside the recording folders ('payroll/a.pdf', 'payroll/b.pdf', 'streams.txt')" in text
    assert "allow that with allow_changing_others_access=true" in text

    predicted = bucket.access("acl", check=True, allow_changing_others_access=True)
    result = bucket.access("acl", allow_changing_others_access=True)
    assert result == predicted
    assert result["dormant_acls"]["elsewhere"]["public"] == 4
    assert "1 of 2 objects in the recording folders have a public ACL" in result["msg"]
    assert "4 of 5 objects elsewhere in the bucket have a public ACL" in result["msg"]

    aws.clear_requests()
    again = bucket.access("acl")
    assert again["changed"] is False
    assert "dormant_acls" not in again
    assert asked(aws, "ListObjectsV2") == asked(aws, "GetObjectAcl") == 0


def test_recordings_alone_do_not_hinder(aws: AwsStandIn, bucket: Bucket) -> None:
    put(bucket, "streams/old.mp4", acl="public-read")
    put(bucket, "other/a", "other/b")
    block(bucket, IGNORING)
    result = bucket.access("acl")
    assert result["changed"] is True
    assert "1 of 1 objects in the recording folders have a public ACL" in result["msg"]


def test_acls_that_s3_does_not_show_count_as_public(aws: AwsStandIn, bucket: Bucket) -> None:
    """Ownership BucketOwnerEnforced keeps the ACLs of before, and shows the owner's full control instead."""
    put(bucket, "payroll/a.pdf", acl="public-read")
    put(bucket, "streams/old.mp4")
    own(bucket, "BucketOwnerEnforced")
    text = refused(aws, bucket)
    assert "1 objects outside the recording folders ('payroll/a.pdf')" in text
    assert "S3 returns no ACLs while they are disabled" in text
    assert asked(aws, "GetObjectAcl") == 0

    # What the message says to do.
    block(bucket, IGNORING)
    own(bucket, "ObjectWriter")
    assert "1 objects outside the recording folders ('payroll/a.pdf') have a public ACL" in refused(
        aws, bucket
    )
    bucket.s3.delete_object(Bucket=bucket.name, Key="payroll/a.pdf")
    assert bucket.access("acl")["changed"] is True


def test_a_bucket_of_recordings_alone_goes_from_public_to_acl(aws: AwsStandIn, bucket: Bucket) -> None:
    bucket.access("public")
    bucket.s3.put_object(Bucket=bucket.name, Key="streams/a.mp4", Body=b"x")
    result = bucket.access("acl", close_existing=True)
    assert (
        "S3 does not say yet which of the 1 objects in the recording folders have a public ACL"
        in result["msg"]
    )


def test_the_buckets_own_acl_comes_alive_too(aws: AwsStandIn, bucket: Bucket) -> None:
    bucket.s3.put_bucket_acl(Bucket=bucket.name, ACL="public-read")
    block(bucket, IGNORING)
    text = refused(aws, bucket)
    assert "the bucket's own ACL, which has no effect now, would give everybody READ" in text
    assert bucket.access("acl", allow_changing_others_access=True)["changed"] is True


def test_what_has_an_effect_already_is_not_looked_at(aws: AwsStandIn, bucket: Bucket) -> None:
    put(bucket, "payroll/a.pdf", acl="public-read")
    aws.clear_requests()
    assert bucket.access("acl")["changed"] is True
    assert asked(aws, "ListObjectsV2") == asked(aws, "GetObjectAcl") == 0


def test_no_more_than_some_acls_are_read(
    aws: AwsStandIn, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(bucket, *(f"other/{number}" for number in range(6)), *(f"streams/{number}" for number in range(3)))
    block(bucket, IGNORING)
    for most, read, said in ((8, 8, None), (4, 4, "2 more objects outside the recording folders")):
        monkeypatch.setattr(dormant_acls, "MOST_ACLS", most)
        aws.clear_requests()
        dormant = dormant_acls.look(bucket.s3, bucket.name, ["streams"], readable=True)
        assert asked(aws, "GetObjectAcl") == read
        found = dormant_access.problems(dormant, allowed=False)
        assert found[0].startswith(said) if said else found == [], found
    assert dormant.in_folders.looked_at == 0


def test_acls_that_may_not_be_read(aws: AwsStandIn, bucket: Bucket) -> None:
    put(bucket, "streams/a.mp4", "guests/a.mp4")
    aws.foreign_object(bucket.name, "guests/a.mp4")
    block(bucket, IGNORING)
    assert "the ACLs of 1 objects outside the recording folders could not be read" in refused(aws, bucket)
    bucket.s3.delete_object(Bucket=bucket.name, Key="guests/a.mp4")
    aws.fault("s3:GetObjectAcl", count=1, status=403, code="AccessDenied")
    assert (
        "the ACLs of the 1 objects in the recording folders were not checked" in bucket.access("acl")["msg"]
    )


def test_objects_that_may_not_be_listed(aws: AwsStandIn, bucket: Bucket) -> None:
    put(bucket, "streams/a.mp4")
    block(bucket, IGNORING)
    aws.fault("s3:ListObjectsV2", count=1, status=403, code="AccessDenied")
    aws.clear_requests()
    with pytest.raises(AwsError, match=r"Listing the objects .*s3:ListBucket"):
        bucket.access("acl")
    assert aws.writes() == []
