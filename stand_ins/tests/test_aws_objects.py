# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Objects that have been in a bucket for long, and ACLs that a bucket keeps without obeying them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from stand_ins.tests.aws_support import OFF, Clients

if TYPE_CHECKING:
    from stand_ins.aws import AwsStandIn

ALL_USERS = "http://acs.amazonaws.com/groups/global/AllUsers"


def test_an_object_can_be_made_older(stand_in: AwsStandIn, client: Clients, bucket: str) -> None:
    s3 = client()
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket=bucket, Key="a", Body=b"x")
    put = s3.list_objects_v2(Bucket=bucket)["Contents"][0]["LastModified"]
    stand_in.make_older(bucket, "a", days=400)
    assert s3.list_objects_v2(Bucket=bucket)["Contents"][0]["LastModified"] == put - timedelta(days=400)
    s3.put_object(Bucket=bucket, Key="a", Body=b"y")
    newer, older = s3.list_object_versions(Bucket=bucket)["Versions"]
    assert newer["IsLatest"]
    assert not older["IsLatest"]
    assert older["LastModified"] == put - timedelta(days=400)
    with pytest.raises(ValueError, match="no object b"):
        stand_in.make_older(bucket, "b", days=1)


def test_acls_are_kept_but_not_shown_while_they_are_disabled(client: Clients, open_bucket: str) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectAcl.html."""
    s3, where = client(), {"Bucket": open_bucket, "Key": "a"}

    def grantees() -> list[str]:
        grants = s3.get_object_acl(**where)["Grants"]
        return [grant["Grantee"].get("URI", "") for grant in grants]

    s3.put_public_access_block(Bucket=open_bucket, PublicAccessBlockConfiguration=OFF)
    s3.put_object(**where, Body=b"x", ACL="public-read")
    assert ALL_USERS in grantees()
    for ownership, shown in (("BucketOwnerEnforced", False), ("ObjectWriter", True)):
        rules = {"Rules": [{"ObjectOwnership": ownership}]}
        s3.put_bucket_ownership_controls(Bucket=open_bucket, OwnershipControls=rules)
        assert (ALL_USERS in grantees()) is shown
