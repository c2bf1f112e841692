# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who may do what: keys, signatures, policies and their refusals."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from stand_ins.aws import AwsStandIn, Credentials
from stand_ins.tests.aws_support import Clients, allow, policy, refused, statement, web

pytestmark = pytest.mark.usefixtures("clean")


class TestAuthentication:
    def test_unknown_key(self, client: Clients, bucket: str) -> None:
        nobody = Credentials("AKIAAAAAAAAAAAAAAAAA", "x" * 40)
        refused("InvalidAccessKeyId", client("s3", nobody).list_objects_v2, Bucket=bucket)
        for service in ("sts", "iam"):
            call = {"sts": "get_caller_identity", "iam": "list_users"}[service]
            refused("InvalidClientTokenId", getattr(client(service, nobody), call))
        refused("UnrecognizedClientException", client("ssm", nobody).describe_parameters)

    def test_wrong_secret(self, stand_in: AwsStandIn, client: Clients, bucket: str) -> None:
        wrong = Credentials(stand_in.credentials.access_key_id, "x" * 40)
        refused("SignatureDoesNotMatch", client("s3", wrong).list_objects_v2, Bucket=bucket)
        refused("SignatureDoesNotMatch", client("sts", wrong).get_caller_identity)
        refused("InvalidSignatureException", client("secretsmanager", wrong).list_secrets)

    def test_inactive_key(self, stand_in: AwsStandIn, client: Clients) -> None:
        user = stand_in.make_user(allow("s3:*"))
        client("sts", user).get_caller_identity()
        client("iam").update_access_key(UserName=user.name, AccessKeyId=user.access_key_id, Status="Inactive")
        refused("InvalidClientTokenId", client("sts", user).get_caller_identity)
        refused("InvalidAccessKeyId", client("s3", user).list_buckets)

    def test_deleted_key(self, stand_in: AwsStandIn, client: Clients) -> None:
        user = stand_in.make_user(allow("s3:*"))
        client("iam").delete_access_key(UserName=user.name, AccessKeyId=user.access_key_id)
        refused("InvalidAccessKeyId", client("s3", user).list_buckets)

    def test_new_key_works_only_after_the_delay(self, stand_in: AwsStandIn, client: Clients) -> None:
        stand_in.settings(key_delay=3600)
        iam, name = client("iam"), f"late-{uuid.uuid4().hex[:6]}"
        iam.create_user(UserName=name)
        made = iam.create_access_key(UserName=name)["AccessKey"]
        key = Credentials(made["AccessKeyId"], made["SecretAccessKey"])
        refused("InvalidClientTokenId", client("sts", key).get_caller_identity)
        refused("InvalidAccessKeyId", client("s3", key).list_buckets)
        stand_in.settings(key_delay=0)
        assert client("sts", key).get_caller_identity()["Arn"].endswith(name)

    def test_two_keys_at_most(self, stand_in: AwsStandIn, client: Clients) -> None:
        user = stand_in.make_user()
        client("iam").create_access_key(UserName=user.name)
        refused("LimitExceeded", client("iam").create_access_key, UserName=user.name)

    def test_unsigned_request_to_iam(self, stand_in: AwsStandIn) -> None:
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        status, _rest, body = web(stand_in, "POST", "/", kind, b"Action=ListUsers&Version=2010-05-08")
        assert status == 403
        assert b"MissingAuthenticationToken" in body

    def test_presigned_url(self, stand_in: AwsStandIn, client: Clients, bucket: str) -> None:
        client().put_object(Bucket=bucket, Key="a b.mp4", Body=b"bytes")
        signer = stand_in.client("s3", config=Config(signature_version="s3v4"))
        asked = {"Bucket": bucket, "Key": "a b.mp4"}
        url = signer.generate_presigned_url("get_object", Params=asked)
        path = url.removeprefix(stand_in.endpoint_url)
        assert web(stand_in, "GET", path)[::2] == (200, b"bytes")
        assert web(stand_in, "GET", path[:-1] + ("0" if path[-1] != "0" else "1"))[0] == 403


class TestAuthorisation:
    def test_iam_ssm_and_secrets_manager(self, stand_in: AwsStandIn, client: Clients) -> None:
        user = stand_in.make_user(allow("ssm:GetParameter", "arn:aws:ssm:*:*:parameter/ams/*"))
        error = refused("AccessDenied", client("iam", user).create_user, UserName="x")["Error"]
        assert error["Message"] == (
            f"User: arn:aws:iam::{stand_in.account_id}:user/{user.name} is not authorized to perform: "
            f"iam:CreateUser on resource: arn:aws:iam::{stand_in.account_id}:user/x because no "
            "identity-based policy allows the iam:CreateUser action"
        )
        refused(
            "AccessDeniedException",
            client("secretsmanager", user).create_secret,
            Name="x",
            SecretString="x",
        )
        refused("AccessDeniedException", client("ssm", user).get_parameter, Name="/other/key")
        refused("ParameterNotFound", client("ssm", user).get_parameter, Name="/ams/key")
        assert client("sts", user).get_caller_identity()["Account"] == stand_in.account_id

    @pytest.mark.parametrize(
        ("action", "method", "arguments"),
        [
            ("s3:ListBucket", "head_bucket", {}),
            ("s3:ListBucket", "list_objects_v2", {}),
            ("s3:GetBucketPublicAccessBlock", "get_public_access_block", {}),
            ("s3:PutBucketPublicAccessBlock", "delete_public_access_block", {}),
            ("s3:GetBucketOwnershipControls", "get_bucket_ownership_controls", {}),
            (
                "s3:PutBucketOwnershipControls",
                "put_bucket_ownership_controls",
                {"OwnershipControls": {"Rules": [{"ObjectOwnership": "ObjectWriter"}]}},
            ),
            ("s3:GetEncryptionConfiguration", "get_bucket_encryption", {}),
            ("s3:PutEncryptionConfiguration", "delete_bucket_encryption", {}),
            (
                "s3:PutBucketCORS",
                "put_bucket_cors",
                {"CORSConfiguration": {"CORSRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["*"]}]}},
            ),
            ("s3:PutBucketCORS", "delete_bucket_cors", {}),
            ("s3:DeleteBucketPolicy", "delete_bucket_policy", {}),
            ("s3:ListBucketMultipartUploads", "list_multipart_uploads", {}),
            ("s3:DeleteBucket", "delete_bucket", {}),
        ],
    )
    def test_bucket_action_names(
        self,
        stand_in: AwsStandIn,
        client: Clients,
        bucket: str,
        action: str,
        method: str,
        arguments: dict[str, Any],
    ) -> None:
        resource = f"arn:aws:s3:::{bucket}"
        denied = stand_in.make_user(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {"Effect": "Allow", "Action": "s3:*", "Resource": [resource, f"{resource}/*"]},
                    {"Effect": "Deny", "Action": action, "Resource": resource},
                ],
            }
        )
        with pytest.raises(ClientError) as caught:
            getattr(client("s3", denied), method)(Bucket=bucket, **arguments)
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
        allowed = stand_in.make_user(allow(action, resource))
        getattr(client("s3", allowed), method)(Bucket=bucket, **arguments)

    def test_put_with_acl_needs_put_object_acl(
        self, stand_in: AwsStandIn, client: Clients, bucket: str
    ) -> None:
        user = stand_in.make_user(allow("s3:PutObject", f"arn:aws:s3:::{bucket}/streams/*"))
        put = client("s3", user).put_object
        put(Bucket=bucket, Key="streams/a.mp4", Body=b"x")
        refused("AccessDenied", put, Bucket=bucket, Key="a.mp4", Body=b"x")
        asked = {"Bucket": bucket, "Key": "streams/a.mp4", "ACL": "bucket-owner-full-control"}
        message = refused("AccessDenied", put, **asked, Body=b"x")["Error"]["Message"]
        assert "s3:PutObjectAcl" in message
        create = client("s3", user).create_multipart_upload
        assert "s3:PutObjectAcl" in refused("AccessDenied", create, **asked)["Error"]["Message"]

    def test_missing_key_is_hidden_without_list_bucket(
        self, stand_in: AwsStandIn, client: Clients, bucket: str
    ) -> None:
        getter = stand_in.make_user(allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*"))
        lister = stand_in.make_user(allow(["s3:GetObject", "s3:ListBucket"]))
        refused("403", client("s3", getter).head_object, Bucket=bucket, Key="missing")
        refused("AccessDenied", client("s3", getter).get_object, Bucket=bucket, Key="missing")
        refused("404", client("s3", lister).head_object, Bucket=bucket, Key="missing")
        refused("NoSuchKey", client("s3", lister).get_object, Bucket=bucket, Key="missing")

    def test_prefix_condition(self, stand_in: AwsStandIn, client: Clients, bucket: str) -> None:
        condition = {"StringLike": {"s3:prefix": ["streams/*"]}}
        user = stand_in.make_user(allow("s3:ListBucket", f"arn:aws:s3:::{bucket}", Condition=condition))
        client("s3", user).list_objects_v2(Bucket=bucket, Prefix="streams/live")
        refused("AccessDenied", client("s3", user).list_objects_v2, Bucket=bucket, Prefix="")

    def test_unknown_condition_does_not_match(
        self, stand_in: AwsStandIn, client: Clients, bucket: str
    ) -> None:
        condition = {"StringEquals": {"aws:SomethingNew": "x"}}
        user = stand_in.make_user(allow("s3:ListBucket", Condition=condition))
        refused("AccessDenied", client("s3", user).list_objects_v2, Bucket=bucket)

    def test_deny_in_a_bucket_policy_wins(self, stand_in: AwsStandIn, client: Clients, bucket: str) -> None:
        user = stand_in.make_user(allow("s3:*"))
        arn = client("iam").get_user(UserName=user.name)["User"]["Arn"]
        deny = statement("s3:GetObject", f"arn:aws:s3:::{bucket}/*", {"AWS": arn}) | {"Effect": "Deny"}
        client().put_object(Bucket=bucket, Key="k", Body=b"x")
        client().put_bucket_policy(Bucket=bucket, Policy=policy(deny))
        message = refused("AccessDenied", client("s3", user).get_object, Bucket=bucket, Key="k")["Error"]
        assert "explicit deny in a resource-based policy" in message["Message"]
        client().get_object(Bucket=bucket, Key="k")

    def test_a_bucket_policy_alone_can_allow(
        self, stand_in: AwsStandIn, client: Clients, bucket: str
    ) -> None:
        user = stand_in.make_user()
        arn = client("iam").get_user(UserName=user.name)["User"]["Arn"]
        refused("AccessDenied", client("s3", user).list_objects_v2, Bucket=bucket)
        listing = statement("s3:ListBucket", f"arn:aws:s3:::{bucket}", {"AWS": arn})
        client().put_bucket_policy(Bucket=bucket, Policy=policy(listing))
        client("s3", user).list_objects_v2(Bucket=bucket)

    def test_secure_transport(self, stand_in: AwsStandIn, client: Clients, bucket: str) -> None:
        resources = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
        plain = {"Condition": {"Bool": {"aws:SecureTransport": "false"}}}
        deny = statement("s3:*", resources, **plain) | {"Effect": "Deny"}
        client().put_bucket_policy(Bucket=bucket, Policy=policy(deny))
        refused("AccessDenied", client().list_objects_v2, Bucket=bucket)
        stand_in.settings(https=True)
        client().list_objects_v2(Bucket=bucket)

    def test_managed_policies_exist(self, stand_in: AwsStandIn, client: Clients, bucket: str) -> None:
        user = stand_in.make_user()
        arn = "arn:aws:iam::aws:policy/AmazonS3FullAccess"
        client("iam").attach_user_policy(UserName=user.name, PolicyArn=arn)
        client("s3", user).list_objects_v2(Bucket=bucket)

    def test_delete_objects_judges_each_key(self, stand_in: AwsStandIn, client: Clients, bucket: str) -> None:
        for key in ("mine/a", "theirs/b"):
            client().put_object(Bucket=bucket, Key=key, Body=b"x")
        user = stand_in.make_user(allow("s3:DeleteObject", f"arn:aws:s3:::{bucket}/mine/*"))
        answer = client("s3", user).delete_objects(
            Bucket=bucket, Delete={"Objects": [{"Key": "mine/a"}, {"Key": "theirs/b"}]}
        )
        assert [each["Key"] for each in answer["Deleted"]] == ["mine/a"]
        assert [each["Key"] for each in answer["Errors"]] == ["theirs/b"]


class TestBoundaries:
    def make(self, client: Clients, **allowed: Any) -> tuple[str, str]:
        """A user who may do everything, and the ARN of a policy that allows no more than this."""
        iam, name = client("iam"), f"bounded-{uuid.uuid4().hex[:6]}"
        document = policy({"Effect": "Allow", "Resource": "*", **allowed})
        arn = iam.create_policy(PolicyName=name, PolicyDocument=document)["Policy"]["Arn"]
        iam.create_user(UserName=name, PermissionsBoundary=arn)
        everything = policy({"Effect": "Allow", "Action": "*", "Resource": "*"})
        iam.put_user_policy(UserName=name, PolicyName="all", PolicyDocument=everything)
        return name, arn

    def test_a_boundary_limits_what_policies_allow(self, client: Clients, bucket: str) -> None:
        iam = client("iam")
        name, arn = self.make(client, Action="s3:ListBucket")
        boundary = iam.get_user(UserName=name)["User"]["PermissionsBoundary"]
        assert boundary["PermissionsBoundaryArn"] == arn
        made = iam.create_access_key(UserName=name)["AccessKey"]
        key = Credentials(made["AccessKeyId"], made["SecretAccessKey"])
        client("s3", key).list_objects_v2(Bucket=bucket)
        refused("AccessDenied", client("s3", key).put_object, Bucket=bucket, Key="k", Body=b"x")
        refused("AccessDenied", client("iam", key).create_user, UserName="more")
        iam.delete_user_permissions_boundary(UserName=name)
        client("s3", key).put_object(Bucket=bucket, Key="k", Body=b"x")
        assert "PermissionsBoundary" not in iam.get_user(UserName=name)["User"]

    def test_a_boundary_that_does_not_exist(self, stand_in: AwsStandIn, client: Clients) -> None:
        arn = f"arn:aws:iam::{stand_in.account_id}:policy/none"
        refused("NoSuchEntity", client("iam").create_user, UserName="u", PermissionsBoundary=arn)
        name, _arn = self.make(client, Action="*")
        put = client("iam").put_user_permissions_boundary
        refused("NoSuchEntity", put, UserName=name, PermissionsBoundary=arn)

    def test_conditions_on_the_boundary_and_on_the_keys_of_tags(
        self, stand_in: AwsStandIn, client: Clients
    ) -> None:
        name, arn = self.make(client, Action="*")
        actions = ["iam:CreateUser", "iam:PutUserPolicy", "iam:PutUserPermissionsBoundary"]
        demands = {
            "Effect": "Allow",
            "Action": actions,
            "Resource": "*",
            "Condition": {"StringEquals": {"iam:PermissionsBoundary": arn}},
        }
        tagging = {
            "Effect": "Allow",
            "Action": "iam:TagUser",
            "Resource": "*",
            "Condition": {"ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}},
        }
        limited = stand_in.make_user({"Version": "2012-10-17", "Statement": [demands, tagging]})
        iam, new = client("iam", limited), f"{name}-2"
        nothing = policy({"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"})
        refused("AccessDenied", iam.create_user, UserName=new)
        wrong = [{"Key": "owner", "Value": "x"}]
        refused("AccessDenied", iam.create_user, UserName=new, PermissionsBoundary=arn, Tags=wrong)
        iam.create_user(UserName=new, PermissionsBoundary=arn, Tags=[{"Key": "team", "Value": "x"}])
        iam.put_user_policy(UserName=new, PolicyName="p", PolicyDocument=nothing)
        client("iam").delete_user_permissions_boundary(UserName=new)
        refused("AccessDenied", iam.put_user_policy, UserName=new, PolicyName="p", PolicyDocument=nothing)
        iam.put_user_permissions_boundary(UserName=new, PermissionsBoundary=arn)
        iam.put_user_policy(UserName=new, PolicyName="p", PolicyDocument=nothing)


class TestIamAndStores:
    def test_delete_user_with_leftovers(self, stand_in: AwsStandIn, client: Clients) -> None:
        iam, user = client("iam"), stand_in.make_user(allow("s3:*"))
        error = refused("DeleteConflict", iam.delete_user, UserName=user.name)
        assert error["ResponseMetadata"]["HTTPStatusCode"] == 409
        assert error["Error"]["Message"] == "Cannot delete entity, must delete access keys first."
        iam.delete_access_key(UserName=user.name, AccessKeyId=user.access_key_id)
        refused("DeleteConflict", iam.delete_user, UserName=user.name)
        iam.delete_user_policy(UserName=user.name, PolicyName=f"{user.name}-policy")
        arn = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
        iam.attach_user_policy(UserName=user.name, PolicyArn=arn)
        refused("DeleteConflict", iam.delete_user, UserName=user.name)
        iam.detach_user_policy(UserName=user.name, PolicyArn=arn)
        iam.delete_user(UserName=user.name)

    def test_tags_of_a_user(self, stand_in: AwsStandIn, client: Clients) -> None:
        iam, tags = client("iam"), [{"Key": "team", "Value": "video"}]
        maker = client("iam", stand_in.make_user(allow("iam:CreateUser")))
        refused("AccessDenied", maker.create_user, UserName="tagged", Tags=tags)
        iam.create_user(UserName="tagged", Tags=tags)
        iam.update_user(UserName="tagged", NewPath="/moved/")
        assert iam.get_user(UserName="tagged")["User"]["Tags"] == tags
        iam.delete_user(UserName="tagged")
        iam.create_user(UserName="tagged", Path="/moved/")
        assert not iam.get_user(UserName="tagged")["User"].get("Tags")

    def test_service_specific_credentials_are_answered(self, stand_in: AwsStandIn, client: Clients) -> None:
        user = stand_in.make_user()
        answer = client("iam").list_service_specific_credentials(UserName=user.name)
        assert answer["ServiceSpecificCredentials"] == []

    def test_conditional_creates(self, client: Clients) -> None:
        name = f"/ams/{uuid.uuid4().hex[:8]}"
        asked = {"Name": name, "Value": "v", "Type": "SecureString"}
        client("ssm").put_parameter(**asked)
        refused("ParameterAlreadyExists", client("ssm").put_parameter, **asked)
        client("ssm").put_parameter(**asked, Overwrite=True)
        found = client("ssm").get_parameter(Name=name, WithDecryption=True)["Parameter"]
        assert (found["Value"], found["Version"]) == ("v", 2)
        secret = {"Name": name, "SecretString": "v"}
        client("secretsmanager").create_secret(**secret)
        refused("ResourceExistsException", client("secretsmanager").create_secret, **secret)
