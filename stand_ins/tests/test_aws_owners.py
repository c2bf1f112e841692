# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Objects in a bucket that another account owns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from stand_ins.tests.aws_support import OFF, Clients, public_read, refused, web

if TYPE_CHECKING:
    from stand_ins.aws import AwsStandIn

KEY = "streams/größe 1.mp4"


def listed(s3: Any, bucket: str) -> list[dict[str, str]]:
    """The owner of each key, once for each way to list."""
    lists = (
        s3.list_objects_v2(Bucket=bucket, FetchOwner=True)["Contents"],
        s3.list_objects(Bucket=bucket)["Contents"],
        s3.list_object_versions(Bucket=bucket)["Versions"],
    )
    return [{entry["Key"]: entry["Owner"]["ID"] for entry in entries} for entries in lists]


def enforce(s3: Any, bucket: str, ownership: str = "BucketOwnerEnforced") -> None:
    rules = {"Rules": [{"ObjectOwnership": ownership}]}
    s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls=rules)


@pytest.fixture
def shared(stand_in: AwsStandIn, client: Clients, open_bucket: str) -> str:
    for key in (KEY, "own.mp4"):
        client().put_object(Bucket=open_bucket, Key=key, Body=b"x")
    stand_in.foreign_object(open_bucket, KEY)
    return open_bucket


class TestOwners:
    def test_lists(self, client: Clients, shared: str) -> None:
        s3 = client()
        own = s3.get_bucket_acl(Bucket=shared)["Owner"]["ID"]
        for owners in listed(s3, shared):
            assert owners["own.mp4"] == own
            assert owners[KEY] != own
            assert len(owners[KEY]) == 64
        enforce(s3, shared)
        assert all(set(owners.values()) == {own} for owners in listed(s3, shared))
        assert "Owner" not in s3.list_objects_v2(Bucket=shared)["Contents"][0]

    def test_closed_to_the_bucket_owner(self, stand_in: AwsStandIn, client: Clients, shared: str) -> None:
        s3, asked = client(), {"Bucket": shared, "Key": KEY}
        for call in (s3.get_object, s3.get_object_acl, s3.get_object_tagging):
            answer = refused("AccessDenied", call, **asked)
            assert answer["ResponseMetadata"]["HTTPStatusCode"] == 403
        refused("403", s3.head_object, **asked)
        refused("AccessDenied", s3.copy_object, Bucket=shared, Key="copy", CopySource=asked)
        s3.get_object(Bucket=shared, Key="own.mp4")
        s3.put_bucket_policy(Bucket=shared, Policy=public_read(shared))
        assert web(stand_in, "GET", f"/{shared}/own.mp4")[0] == 200
        assert web(stand_in, "GET", f"/{shared}/streams/gr%C3%B6%C3%9Fe%201.mp4")[0] == 403
        enforce(s3, shared)
        assert s3.get_object(**asked)["Body"].read() == b"x"
        enforce(s3, shared, "BucketOwnerPreferred")
        refused("AccessDenied", s3.get_object, **asked)

    @pytest.mark.parametrize("acl", ["bucket-owner-full-control", "bucket-owner-read", "public-read"])
    def test_its_acl_may_let_the_owner_in(
        self, stand_in: AwsStandIn, client: Clients, shared: str, acl: str
    ) -> None:
        stand_in.foreign_object(shared, KEY, acl=acl)
        client().get_object(Bucket=shared, Key=KEY)

    def test_a_new_object_is_the_writers(self, client: Clients, shared: str) -> None:
        s3 = client()
        s3.put_object(Bucket=shared, Key=KEY, Body=b"new")
        assert s3.get_object(Bucket=shared, Key=KEY)["Body"].read() == b"new"
        assert all(len(set(owners.values())) == 1 for owners in listed(s3, shared))

    def test_the_bucket_owner_may_delete_it(self, client: Clients, shared: str) -> None:
        client().delete_object(Bucket=shared, Key=KEY)
        assert client().list_objects_v2(Bucket=shared)["KeyCount"] == 1

    def test_older_versions(self, stand_in: AwsStandIn, client: Clients, open_bucket: str) -> None:
        s3 = client()
        s3.put_public_access_block(Bucket=open_bucket, PublicAccessBlockConfiguration=OFF)
        s3.put_bucket_versioning(Bucket=open_bucket, VersioningConfiguration={"Status": "Enabled"})
        old = s3.put_object(Bucket=open_bucket, Key="k", Body=b"1")["VersionId"]
        stand_in.foreign_object(open_bucket, "k")
        s3.put_object(Bucket=open_bucket, Key="k", Body=b"2")
        refused("AccessDenied", s3.get_object, Bucket=open_bucket, Key="k", VersionId=old)
        assert s3.get_object(Bucket=open_bucket, Key="k")["Body"].read() == b"2"
        s3.delete_object(Bucket=open_bucket, Key="k")
        versions = s3.list_object_versions(Bucket=open_bucket)["Versions"]
        assert len({each["Owner"]["ID"] for each in versions}) == 2

    def test_what_is_not_there(self, stand_in: AwsStandIn, bucket: str) -> None:
        for name, key in (("no-such-bucket-here", "k"), (bucket, "missing")):
            with pytest.raises(ValueError, match="no "):
                stand_in.foreign_object(name, key)
