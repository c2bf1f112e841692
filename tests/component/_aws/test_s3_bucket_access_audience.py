# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Recordings that are there already: nobody opens them unasked, and viewers do not lose them unasked."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws import (
    s3_bucket_access_acls as dormant_acls,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.errors import AwsError

from stand_ins.aws import AwsStandIn

from .test_s3_bucket_access_apply import Bucket
from .test_s3_recording_storage_plan_apply import at_stand_in, check

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def bucket(aws: AwsStandIn) -> Bucket:
    aws.clear_faults()
    return Bucket(aws)


def put(bucket: Bucket, *keys: str, **options: Any) -> None:
    for key in keys:
        bucket.s3.put_object(Bucket=bucket.name, Key=key, Body=b"recording", **options)


def refusal(bucket: Bucket, delivery: str, **params: Any) -> str:
    bucket.aws.clear_requests()
    with pytest.raises(AwsError) as found:
        bucket.access(delivery, **params)
    assert bucket.aws.writes() == []
    return str(found.value)


def unasked(bucket: Bucket, **params: Any) -> dict[str, Any]:
    """Return what public delivery comes to that nobody has asked for by name."""
    return bucket.access("public", open_existing=False, **params)


def test_recordings_of_a_closed_bucket_are_not_opened_unasked(bucket: Bucket) -> None:
    put(bucket, "streams/a.mp4", "streams/b.mp4", "elsewhere/c.mp4")
    for is_check in (True, False):
        said = refusal(bucket, "public", open_existing=False, check=is_check)
        assert "2 existing objects (2 in 'streams/', for example 'streams/a.mp4'" in said
        assert "s3_recording_delivery: public" in said
        assert "s3_recording_delivery: private" in said
        assert "Nothing was changed" in said
    assert bucket.access("public")["changed"] is True
    assert unasked(bucket)["changed"] is False


def test_what_has_no_recordings_is_opened(bucket: Bucket) -> None:
    put(bucket, "elsewhere/c.mp4", "streamsOld/a.mp4")
    bucket.s3.put_object(Bucket=bucket.name, Key="streams/")
    assert unasked(bucket)["changed"] is True
    put(bucket, "streams/a.mp4")
    assert unasked(bucket)["changed"] is False


def test_a_folder_that_is_added_is_asked_for(bucket: Bucket) -> None:
    unasked(bucket)
    put(bucket, "streams/a.mp4", "previews/a.png")
    said = refusal(bucket, "public", open_existing=False, folders=["streams", "previews"])
    assert "1 existing objects (1 in 'previews/'" in said


def test_what_was_closed_by_hand_is_not_opened_again_unasked(bucket: Bucket) -> None:
    unasked(bucket)
    put(bucket, "streams/a.mp4")
    on = dict.fromkeys(
        ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
    )
    bucket.s3.put_public_access_block(Bucket=bucket.name, PublicAccessBlockConfiguration=on)
    assert "1 in 'streams/'" in refusal(bucket, "public", open_existing=False)


@pytest.mark.parametrize(
    ("statement", "is_open"),
    [
        ({"Action": "s3:GetObject", "Resource": "{arn}/*"}, True),
        ({"Action": ["s3:Get*"], "Resource": ["{arn}/streams*"]}, True),
        ({"Action": "s3:GetObject", "Resource": "{arn}/streams/a*"}, False),
        ({"Action": "s3:GetObject", "Resource": "{arn}/streams/*.mp4"}, False),
        ({"Action": "s3:GetObjectTagging", "Resource": "{arn}/*"}, False),
        (
            {
                "Action": "s3:GetObject",
                "Resource": "{arn}/*",
                "Condition": {"StringLike": {"aws:Referer": "https://a/*"}},
            },
            False,
        ),
    ],
)
def test_what_somebody_else_has_opened_is_open(
    bucket: Bucket, statement: dict[str, Any], is_open: bool
) -> None:
    put(bucket, "streams/a.mp4")
    bucket.s3.delete_public_access_block(Bucket=bucket.name)
    text = json.dumps({"Sid": "Other", "Effect": "Allow", "Principal": "*", **statement})
    text = text.replace("{arn}", f"arn:aws:s3:::{bucket.name}")
    policy = json.dumps({"Version": "2012-10-17", "Statement": [json.loads(text)]})
    bucket.s3.put_bucket_policy(Bucket=bucket.name, Policy=policy)
    if is_open:
        assert unasked(bucket)["changed"] is True
    else:
        assert "1 in 'streams/'" in refusal(bucket, "public", open_existing=False)


def test_what_has_a_public_acl_is_open(bucket: Bucket) -> None:
    bucket.access("acl")
    put(bucket, "streams/a.mp4", "streams/b.mp4", ACL="public-read")
    bucket_like = Bucket(bucket.aws)
    bucket_like.access("acl")
    put(bucket_like, "streams/a.mp4", "streams/b.mp4", ACL="public-read")
    put(bucket_like, "streams/c.mp4")
    said = refusal(bucket_like, "public", open_existing=False)
    assert "1 existing objects (1 in 'streams/', for example 'streams/c.mp4')" in said
    assert unasked(bucket)["changed"] is True


@pytest.mark.parametrize(
    ("most", "keys", "said"),
    [
        (
            2,
            ["c.mp4"],
            "2 were checked and all are public; the other 1 may become readable by everybody, since no",
        ),
        (
            2,
            ["0.mp4"],
            "1 of them would become readable by everybody, for example 'streams/0.mp4'; the other 1 may",
        ),
        (
            3,
            ["c.mp4"],
            "1 existing objects (1 in 'streams/', for example 'streams/c.mp4') would",
        ),
    ],
)
def test_what_was_not_looked_at_is_not_called_closed(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch, most: int, keys: list[str], said: str
) -> None:
    """Of 5000 public objects, 4000 were said to become public."""
    bucket.access("acl")
    put(bucket, "streams/a.mp4", "streams/b.mp4", ACL="public-read")
    put(bucket, *(f"streams/{key}" for key in keys))
    monkeypatch.setattr(dormant_acls, "MOST_ACLS", most)
    assert said in refusal(bucket, "public", open_existing=False)


def test_acls_that_may_not_be_read(bucket: Bucket) -> None:
    bucket.access("acl")
    put(bucket, "streams/a.mp4", "streams/b.mp4", ACL="public-read")
    for count, said in (
        (1, "of 2 existing objects in 'streams/', 1 were checked and all are public; the"),
        (
            2,
            "none of the ACLs of 2 existing objects in 'streams/' was read, so they may become",
        ),
    ):
        bucket.aws.fault("s3:GetObjectAcl", count=count, status=403, code="AccessDenied")
        assert said in refusal(bucket, "public", open_existing=False)


@pytest.mark.parametrize("former", ["public", "cloudfront"])
def test_viewers_do_not_lose_recordings_unasked(bucket: Bucket, former: str) -> None:
    bucket.access(former)
    put(bucket, "streams/a.mp4")
    said = refusal(bucket, "acl")
    assert "viewers could not play 1 existing objects (1 in 'streams/'" in said
    assert "close_existing=true (in the role s3_recording_close_existing)" in said
    assert f"--bucket {bucket.name} --prefix 'streams/'" in said
    assert bucket.access("acl", close_existing=True)["changed"] is True
    assert bucket.access("acl")["changed"] is False


def test_the_command_gives_them_the_acl(bucket: Bucket) -> None:
    """What the command sends, with names of objects as AMS makes them and worse."""
    bucket.access("public")
    put(bucket, "streams/a.mp4", 'streams/it\'s "b".mp4')
    bucket.access("acl", close_existing=True)
    listed = bucket.s3.list_objects_v2(Bucket=bucket.name, Prefix="streams/")
    for each in listed["Contents"]:
        bucket.s3.put_object_acl(Bucket=bucket.name, Key=each["Key"], ACL="public-read")
    assert unasked(bucket)["changed"] is True


def test_from_acl_or_private_nothing_is_lost(bucket: Bucket) -> None:
    put(bucket, "streams/a.mp4")
    bucket.access("private")
    assert bucket.access("acl", allow_changing_others_access=True)["changed"] is True
    assert bucket.access("private")["changed"] is True


def test_the_role_asks_before_anything_is_made(aws: AwsStandIn) -> None:
    found, free = at_stand_in(aws), at_stand_in(aws)
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=found.bucket, CreateBucketConfiguration={"LocationConstraint": aws.region})
    s3.put_object(Bucket=found.bucket, Key="streams/a.mp4", Body=b"recording")
    (problem,) = check(aws, free, found)
    assert problem.startswith(f"{found.bucket}: ")
    assert "s3_recording_delivery: public" in problem
    for delivery in ("public", "private", "cloudfront"):
        assert check(aws, free, replace(found, delivery=delivery)) == []


@pytest.fixture(scope="module")
def https_aws() -> Iterator[AwsStandIn]:
    with AwsStandIn(https=True) as aws:
        yield aws


class TestHttps:
    @pytest.fixture
    def bucket(self, https_aws: AwsStandIn) -> Bucket:
        return Bucket(https_aws)

    def resources(self, result: dict[str, Any]) -> list[str]:
        found = [each for each in result["policy_statements"] if each["Effect"] == "Deny"]
        return [resource.partition(":::")[2] for each in found for resource in each["Resource"]]

    def test_of_a_new_bucket_the_whole_and_so_it_stays(self, bucket: Bucket) -> None:
        whole = [bucket.name, f"{bucket.name}/*"]
        first = bucket.access("public", secure_transport_only="auto", new_bucket=True)
        assert self.resources(first) == whole
        again = bucket.access("public", secure_transport_only="auto")
        assert (again["changed"], self.resources(again)) == (False, whole)

    def test_of_another_bucket_the_folders(self, bucket: Bucket) -> None:
        for delivery in ("public", "private"):
            result = bucket.access(delivery, secure_transport_only="auto")
            assert self.resources(result) == [f"{bucket.name}/streams/*"]
        assert bucket.access("private", secure_transport_only="auto")["changed"] is False

    def test_a_bucket_that_check_mode_does_not_find_is_new(self, bucket: Bucket) -> None:
        bucket.name = f"{bucket.name}-new"
        result = bucket.access("public", secure_transport_only="auto", check=True)
        assert self.resources(result) == [bucket.name, f"{bucket.name}/*"]

    def test_folders_have_to_be_named(self, bucket: Bucket) -> None:
        assert "folders is empty" in refusal(bucket, "private", secure_transport_only="folders", folders=[])
