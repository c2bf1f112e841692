# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What S3 refuses: ACLs, Block Public Access, bucket policies, anonymous requests."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest

from stand_ins.tests.aws_support import (
    NO_RETRY,
    OFF,
    ON,
    REGION,
    Clients,
    policy,
    public_read,
    refused,
    statement,
    web,
)

if TYPE_CHECKING:
    from stand_ins.aws import AwsStandIn

pytestmark = pytest.mark.usefixtures("clean")


class TestBuckets:
    def test_defaults_of_a_new_bucket(self, client: Clients, bucket: str) -> None:
        s3 = client()
        assert s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"] == ON
        rules = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"]
        assert rules == [{"ObjectOwnership": "BucketOwnerEnforced"}]
        refused("NoSuchCORSConfiguration", s3.get_bucket_cors, Bucket=bucket)
        refused("NoSuchBucketPolicy", s3.get_bucket_policy, Bucket=bucket)
        s3.delete_public_access_block(Bucket=bucket)
        refused("NoSuchPublicAccessBlockConfiguration", s3.get_public_access_block, Bucket=bucket)

    def test_location_constraint(self, stand_in: AwsStandIn, client: Clients) -> None:
        east = stand_in.client("s3", region_name="us-east-1", config=NO_RETRY)
        name = f"bucket-{uuid.uuid4().hex[:10]}"
        asked = {"CreateBucketConfiguration": {"LocationConstraint": "us-east-1"}}
        refused("InvalidLocationConstraint", east.create_bucket, Bucket=name, **asked)
        refused("IllegalLocationConstraintException", client().create_bucket, Bucket=name)
        east.create_bucket(Bucket=name)
        east.create_bucket(Bucket=name)

    def test_own_bucket_again(self, client: Clients, bucket: str) -> None:
        asked = {"CreateBucketConfiguration": {"LocationConstraint": REGION}}
        refused("BucketAlreadyOwnedByYou", client().create_bucket, Bucket=bucket, **asked)

    def test_wrong_region(self, stand_in: AwsStandIn, bucket: str) -> None:
        elsewhere = stand_in.client("s3", region_name="eu-central-1", config=NO_RETRY)
        stand_in.clear_requests()
        elsewhere.list_objects_v2(Bucket=bucket)
        assert [entry["error"] for entry in stand_in.requests()] == ["AuthorizationHeaderMalformed", None]

    def test_no_such_bucket(self, client: Clients) -> None:
        refused("NoSuchBucket", client().get_bucket_cors, Bucket="no-such-bucket-here")

    def test_a_bucket_of_another_account(self, stand_in: AwsStandIn, client: Clients) -> None:
        name = f"bucket-{uuid.uuid4().hex[:10]}"
        stand_in.foreign_bucket(name)
        s3 = client()
        answer = refused("AccessDenied", s3.list_objects_v2, Bucket=name)
        assert answer["Error"]["Message"] == "Access Denied"
        refused("AccessDenied", s3.put_object, Bucket=name, Key="k", Body=b"x")
        refused("403", s3.head_bucket, Bucket=name)
        asked = {"CreateBucketConfiguration": {"LocationConstraint": REGION}}
        refused("BucketAlreadyExists", s3.create_bucket, Bucket=name, **asked)
        assert name not in [each["Name"] for each in s3.list_buckets()["Buckets"]]

    def test_the_expected_owner(self, stand_in: AwsStandIn, client: Clients, bucket: str) -> None:
        s3 = client()
        s3.head_bucket(Bucket=bucket, ExpectedBucketOwner=stand_in.account_id)
        refused("403", s3.head_bucket, Bucket=bucket, ExpectedBucketOwner="123456789012")

    def test_conditional_write(self, client: Clients, bucket: str) -> None:
        put = client().put_object
        put(Bucket=bucket, Key="lock", Body=b"1", IfNoneMatch="*")
        refused("PreconditionFailed", put, Bucket=bucket, Key="lock", Body=b"2", IfNoneMatch="*")

    def test_virtual_host_style(self, stand_in: AwsStandIn, client: Clients, open_bucket: str) -> None:
        client().put_object(Bucket=open_bucket, Key="streams/a.mp4", Body=b"bytes", ACL="public-read")
        for host in (f"{open_bucket}.s3.{REGION}.amazonaws.com", f"{open_bucket}.localhost"):
            assert web(stand_in, "GET", "/streams/a.mp4", {"Host": host})[::2] == (200, b"bytes")


class TestAcls:
    @pytest.mark.parametrize("acl", ["public-read", "private", "authenticated-read"])
    def test_disabled_acls_refuse_canned_acls(self, client: Clients, bucket: str, acl: str) -> None:
        s3, code = client(), "AccessControlListNotSupported"
        s3.put_object(Bucket=bucket, Key="k", Body=b"x", ACL="bucket-owner-full-control")
        refused(code, s3.put_object, Bucket=bucket, Key="k", Body=b"x", ACL=acl)
        refused(code, s3.create_multipart_upload, Bucket=bucket, Key="k", ACL=acl)
        refused(code, s3.copy_object, Bucket=bucket, Key="c", CopySource=f"{bucket}/k", ACL=acl)
        refused(code, s3.put_object_acl, Bucket=bucket, Key="k", ACL=acl)
        answer = refused(code, s3.put_bucket_acl, Bucket=bucket, ACL=acl)
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 400
        assert answer["Error"]["Message"] == "The bucket does not allow ACLs"

    def test_a_bucket_without_ownership_counts_as_enforced(self, client: Clients, bucket: str) -> None:
        client().delete_bucket_ownership_controls(Bucket=bucket)
        code = "AccessControlListNotSupported"
        refused(code, client().put_object, Bucket=bucket, Key="k", Body=b"x", ACL="public-read")

    def test_create_bucket_with_an_acl(self, client: Clients) -> None:
        asked: dict[str, Any] = {
            "Bucket": f"bucket-{uuid.uuid4().hex[:10]}",
            "ACL": "public-read",
            "CreateBucketConfiguration": {"LocationConstraint": REGION},
        }
        refused("InvalidBucketAclWithObjectOwnership", client().create_bucket, **asked)
        refused("AccessDenied", client().create_bucket, **asked, ObjectOwnership="ObjectWriter")

    def test_block_public_acls(self, client: Clients, open_bucket: str) -> None:
        s3, asked = client(), {"Bucket": open_bucket, "Key": "k", "Body": b"x"}
        s3.put_object(**asked, ACL="public-read")
        s3.put_public_access_block(
            Bucket=open_bucket, PublicAccessBlockConfiguration=OFF | {"BlockPublicAcls": True}
        )
        message = refused("AccessDenied", s3.put_object, **asked, ACL="public-read")["Error"]["Message"]
        assert "blocked by the BlockPublicAcls block public access setting" in message
        refused("AccessDenied", s3.put_bucket_acl, Bucket=open_bucket, ACL="public-read")
        refused(
            "AccessDenied",
            s3.put_object_acl,
            Bucket=open_bucket,
            Key="k",
            GrantRead="uri=http://acs.amazonaws.com/groups/global/AllUsers",
        )
        s3.put_object(**asked, ACL="private")

    def test_ignore_public_acls(self, stand_in: AwsStandIn, client: Clients, open_bucket: str) -> None:
        client().put_object(Bucket=open_bucket, Key="k", Body=b"x", ACL="public-read")
        assert web(stand_in, "GET", f"/{open_bucket}/k")[0] == 200
        client().put_public_access_block(
            Bucket=open_bucket, PublicAccessBlockConfiguration=OFF | {"IgnorePublicAcls": True}
        )
        assert web(stand_in, "GET", f"/{open_bucket}/k")[0] == 403

    def test_ownership_cannot_be_enforced_over_a_foreign_acl(self, client: Clients, open_bucket: str) -> None:
        client().put_bucket_acl(Bucket=open_bucket, ACL="public-read")
        refused(
            "InvalidBucketAclWithObjectOwnership",
            client().put_bucket_ownership_controls,
            Bucket=open_bucket,
            OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
        )

    def test_unknown_canned_acl(self, client: Clients, open_bucket: str) -> None:
        asked = {"Bucket": open_bucket, "Key": "k", "Body": b"x", "ACL": "everyone"}
        refused("InvalidArgument", client().put_object, **asked)


class TestBucketPolicies:
    def test_block_public_policy(self, stand_in: AwsStandIn, client: Clients, bucket: str) -> None:
        answer = refused(
            "AccessDenied", client().put_bucket_policy, Bucket=bucket, Policy=public_read(bucket)
        )
        assert answer["Error"]["Message"] == (
            f"User: arn:aws:iam::{stand_in.account_id}:user/provisioning-admin is not authorized to perform: "
            f's3:PutBucketPolicy on resource: "arn:aws:s3:::{bucket}" because public policies are blocked '
            "by the BlockPublicPolicy block public access setting."
        )
        narrow = {"Condition": {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}}
        client().put_bucket_policy(Bucket=bucket, Policy=public_read(bucket, **narrow))
        wide = {"Condition": {"StringLike": {"aws:Referer": "https://example.org/*"}}}
        refused("AccessDenied", client().put_bucket_policy, Bucket=bucket, Policy=public_read(bucket, **wide))

    def test_restrict_public_buckets(self, stand_in: AwsStandIn, client: Clients, bucket: str) -> None:
        s3 = client()
        s3.put_object(Bucket=bucket, Key="k", Body=b"x")
        s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=OFF)
        s3.put_bucket_policy(Bucket=bucket, Policy=public_read(bucket))
        assert web(stand_in, "GET", f"/{bucket}/k")[0] == 200
        assert s3.get_bucket_policy_status(Bucket=bucket)["PolicyStatus"]["IsPublic"] is True
        s3.put_public_access_block(
            Bucket=bucket, PublicAccessBlockConfiguration=OFF | {"RestrictPublicBuckets": True}
        )
        assert web(stand_in, "GET", f"/{bucket}/k")[0] == 403

    def test_the_account_overrides_the_bucket(
        self, stand_in: AwsStandIn, client: Clients, bucket: str
    ) -> None:
        s3, control, account = client(), client("s3control"), {"AccountId": stand_in.account_id}
        s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=OFF)
        refused("NoSuchPublicAccessBlockConfiguration", control.get_public_access_block, **account)
        control.put_public_access_block(**account, PublicAccessBlockConfiguration=ON)
        try:
            assert control.get_public_access_block(**account)["PublicAccessBlockConfiguration"] == ON
            refused("AccessDenied", s3.put_bucket_policy, Bucket=bucket, Policy=public_read(bucket))
        finally:
            control.delete_public_access_block(**account)
        s3.put_bucket_policy(Bucket=bucket, Policy=public_read(bucket))

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("nonsense", "Policies must be valid JSON and the first byte must be '{'"),
            ('{"Version": "2012-10-17"}', "Missing required field Statement"),
            ('{"Version": "2025-01-01", "Statement": []}', "The policy must contain a valid version string"),
            *[
                (
                    policy(
                        {k: v for k, v in statement("s3:GetObject", "arn:aws:s3:::B/*").items() if k != f}
                    ),
                    f"Missing required field {f}",
                )
                for f in ("Effect", "Principal", "Action", "Resource")
            ],
            (policy(statement("s3:GetObject", "arn:aws:s3:::other/*")), "Policy has invalid resource"),
            (policy(statement("s3:GetEverything", "arn:aws:s3:::B/*")), "Policy has invalid action"),
            (policy(statement("ec2:RunInstances", "arn:aws:s3:::B/*")), "Policy has invalid action"),
            (
                policy(statement("s3:ListBucket", "arn:aws:s3:::B/*")),
                "Action does not apply to any resource(s) in statement",
            ),
            (
                policy(statement("s3:GetObject", "arn:aws:s3:::B")),
                "Action does not apply to any resource(s) in statement",
            ),
            (
                policy(statement("s3:GetObject", "arn:aws:s3:::B/*", {"AWS": "arn:aws:iam::1:user/x"})),
                "Invalid principal in policy",
            ),
            (
                policy(*[statement("s3:GetObject", "arn:aws:s3:::B/*", Sid="same")] * 2),
                "Statement IDs (SID) in a single policy must be unique.",
            ),
        ],
    )
    def test_malformed_policy(self, client: Clients, bucket: str, text: str, message: str) -> None:
        asked = {"Bucket": bucket, "Policy": text.replace(":::B", f":::{bucket}")}
        assert refused("MalformedPolicy", client().put_bucket_policy, **asked)["Error"]["Message"] == message

    def test_new_user_as_principal_after_the_delay(
        self, stand_in: AwsStandIn, client: Clients, bucket: str
    ) -> None:
        stand_in.settings(policy_delay=3600)
        name = f"new-{uuid.uuid4().hex[:6]}"
        arn = client("iam").create_user(UserName=name)["User"]["Arn"]
        text = policy(statement("s3:GetObject", f"arn:aws:s3:::{bucket}/*", {"AWS": arn}))
        error = refused("MalformedPolicy", client().put_bucket_policy, Bucket=bucket, Policy=text)["Error"]
        assert error["Message"] == "Invalid principal in policy"
        stand_in.settings(policy_delay=0)
        client().put_bucket_policy(Bucket=bucket, Policy=text)
