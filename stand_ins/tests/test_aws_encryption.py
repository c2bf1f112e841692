# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Objects encrypted with KMS: who may write and read them."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest

from stand_ins.tests.aws_support import OFF, Clients, allow, public_read, refused, web

if TYPE_CHECKING:
    from collections.abc import Callable

    from stand_ins.aws import AwsStandIn

Upload = dict[str, Any]


@pytest.fixture
def key(client: Clients) -> dict[str, str]:
    """A customer managed key with an alias."""
    kms = client("kms")
    made = kms.create_key()["KeyMetadata"]
    alias = f"alias/media-{uuid.uuid4().hex[:8]}"
    kms.create_alias(AliasName=alias, TargetKeyId=made["KeyId"])
    alias_arn = made["Arn"].rsplit(":", 1)[0] + f":{alias}"
    return {"id": made["KeyId"], "arn": made["Arn"], "alias": alias, "alias arn": alias_arn}


@pytest.fixture
def encrypt(client: Clients, bucket: str) -> Callable[..., None]:
    def set_default(key: str | None = None, algorithm: str = "aws:kms") -> None:
        given = {"SSEAlgorithm": algorithm} | ({"KMSMasterKeyID": key} if key else {})
        rules = {"Rules": [{"ApplyServerSideEncryptionByDefault": given, "BucketKeyEnabled": False}]}
        client().put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration=rules)

    return set_default


@pytest.fixture
def user(stand_in: AwsStandIn, client: Clients) -> Callable[..., Any]:
    """An S3 client that may do all in S3, and of KMS what is said."""

    def make(*actions: str, resource: str = "*", **more: Any) -> Any:
        policy = allow("s3:*")
        if actions:
            policy["Statement"] += allow(list(actions), resource, **more)["Statement"]
        return client("s3", stand_in.make_user(policy))

    return make


class TestKeys:
    @pytest.mark.parametrize("named", ["id", "arn", "alias", "alias arn"])
    @pytest.mark.parametrize("algorithm", ["aws:kms", "aws:kms:dsse"])
    def test_the_default_key(
        self,
        client: Clients,
        bucket: str,
        key: dict[str, str],
        encrypt: Callable[..., None],
        named: str,
        algorithm: str,
    ) -> None:
        encrypt(key[named], algorithm)
        s3 = client()
        answers = [s3.put_object(Bucket=bucket, Key="k", Body=b"x"), s3.head_object(Bucket=bucket, Key="k")]
        for answer in answers:
            assert (answer["ServerSideEncryption"], answer["SSEKMSKeyId"]) == (algorithm, key["arn"])

    def test_a_request_has_its_own_key(
        self, client: Clients, bucket: str, key: dict[str, str], encrypt: Callable[..., None]
    ) -> None:
        s3 = client()
        s3.put_object(
            Bucket=bucket, Key="k", Body=b"x", ServerSideEncryption="aws:kms", SSEKMSKeyId=key["alias"]
        )
        assert s3.get_object(Bucket=bucket, Key="k")["SSEKMSKeyId"] == key["arn"]
        encrypt(key["arn"])
        managed = s3.put_object(Bucket=bucket, Key="k", Body=b"x", ServerSideEncryption="aws:kms")
        metadata = client("kms").describe_key(KeyId="alias/aws/s3")["KeyMetadata"]
        assert (managed["SSEKMSKeyId"], metadata["KeyManager"]) == (metadata["Arn"], "AWS")
        plain = s3.put_object(Bucket=bucket, Key="k", Body=b"x", ServerSideEncryption="AES256")
        assert (plain["ServerSideEncryption"], plain.get("SSEKMSKeyId")) == ("AES256", None)

    def test_refused_headers(self, client: Clients, bucket: str, key: dict[str, str]) -> None:
        put, asked = client().put_object, {"Bucket": bucket, "Key": "k", "Body": b"x"}
        refused("InvalidArgument", put, **asked, SSEKMSKeyId=key["arn"])
        refused("InvalidArgument", put, **asked, ServerSideEncryption="AES256", SSEKMSKeyId=key["arn"])
        refused("InvalidArgument", put, **asked, ServerSideEncryption="AES128")

    @pytest.mark.parametrize(
        "missing",
        [
            "alias/missing",
            str(uuid.UUID(int=7)),
            f"arn:aws:kms:eu-west-1:000000000177:key/{uuid.UUID(int=7)}",
            f"arn:aws:kms:us-east-1:000000000177:key/{uuid.UUID(int=7)}",
        ],
    )
    def test_no_such_key(
        self, client: Clients, bucket: str, encrypt: Callable[..., None], missing: str
    ) -> None:
        encrypt(missing)
        answer = refused("KMS.NotFoundException", client().put_object, Bucket=bucket, Key="k", Body=b"x")
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 400
        refused("KMS.NotFoundException", client().create_multipart_upload, Bucket=bucket, Key="k")

    def test_keys_out_of_use(
        self, client: Clients, bucket: str, key: dict[str, str], encrypt: Callable[..., None]
    ) -> None:
        encrypt(key["arn"])
        s3, kms = client(), client("kms")
        s3.put_object(Bucket=bucket, Key="k", Body=b"x")
        kms.disable_key(KeyId=key["id"])
        for code in ("KMS.DisabledException", "KMS.KMSInvalidStateException"):
            answer = refused(code, s3.put_object, Bucket=bucket, Key="k", Body=b"x")
            assert answer["ResponseMetadata"]["HTTPStatusCode"] == 400
            refused(code, s3.get_object, Bucket=bucket, Key="k")
            kms.schedule_key_deletion(KeyId=key["id"])


class TestPermissions:
    def test_writes(
        self,
        stand_in: AwsStandIn,
        bucket: str,
        key: dict[str, str],
        encrypt: Callable[..., None],
        user: Callable[..., Any],
    ) -> None:
        nothing, all_of_it = user(), user("kms:GenerateDataKey", resource=key["arn"])
        nothing.put_object(Bucket=bucket, Key="plain", Body=b"x")
        encrypt(key["alias"])
        asked = {"Bucket": bucket, "Key": "k"}
        for call, more in (
            ("put_object", {"Body": b"x"}),
            ("copy_object", {"CopySource": f"{bucket}/plain"}),
            ("create_multipart_upload", {}),
        ):
            error = refused("AccessDenied", getattr(nothing, call), **asked, **more)
            assert error["ResponseMetadata"]["HTTPStatusCode"] == 403
            assert error["Error"]["Message"].startswith(f"User: arn:aws:iam::{stand_in.account_id}:user/")
            assert error["Error"]["Message"].endswith(
                f" is not authorized to perform: kms:GenerateDataKey on resource: {key['arn']} because no "
                "identity-based policy allows the kms:GenerateDataKey action"
            )
            getattr(all_of_it, call)(**asked, **more)

    def test_reads(
        self,
        client: Clients,
        bucket: str,
        key: dict[str, str],
        encrypt: Callable[..., None],
        user: Callable[..., Any],
    ) -> None:
        encrypt(key["arn"])
        client().put_object(Bucket=bucket, Key="k", Body=b"x")
        encrypt(algorithm="AES256")
        asked = {"Bucket": bucket, "Key": "k"}
        writer, reader = user("kms:GenerateDataKey"), user("kms:Decrypt")
        answer = refused("AccessDenied", writer.get_object, **asked)
        assert f"kms:Decrypt on resource: {key['arn']} because" in answer["Error"]["Message"]
        refused("403", writer.head_object, **asked)
        refused("AccessDenied", writer.copy_object, Bucket=bucket, Key="c", CopySource=f"{bucket}/k")
        assert reader.get_object(**asked)["Body"].read() == b"x"
        reader.head_object(**asked)
        reader.copy_object(Bucket=bucket, Key="c", CopySource=f"{bucket}/k")
        writer.get_object(Bucket=bucket, Key="c")

    def test_uploads_of_many_parts(
        self,
        client: Clients,
        bucket: str,
        key: dict[str, str],
        encrypt: Callable[..., None],
        user: Callable[..., Any],
    ) -> None:
        encrypt(key["arn"])
        half, whole = user("kms:GenerateDataKey"), user("kms:GenerateDataKey", "kms:Decrypt")
        upload: Upload = {"Bucket": bucket, "Key": "k"}
        upload["UploadId"] = half.create_multipart_upload(**upload)["UploadId"]
        answer = refused("AccessDenied", half.upload_part, **upload, PartNumber=1, Body=b"x")
        assert "kms:Decrypt" in answer["Error"]["Message"]
        part = whole.upload_part(**upload, PartNumber=1, Body=b"x")
        parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
        refused("AccessDenied", half.complete_multipart_upload, **upload, MultipartUpload=parts)
        # The key is the one of the beginning, whatever the bucket's default is by now.
        encrypt(algorithm="AES256")
        whole.complete_multipart_upload(**upload, MultipartUpload=parts)
        assert client().head_object(Bucket=bucket, Key="k")["SSEKMSKeyId"] == key["arn"]

    def test_each_version_has_its_key(
        self,
        client: Clients,
        bucket: str,
        key: dict[str, str],
        encrypt: Callable[..., None],
        user: Callable[..., Any],
    ) -> None:
        s3, nothing = client(), user()
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        plain = s3.put_object(Bucket=bucket, Key="k", Body=b"x")["VersionId"]
        encrypt(key["arn"])
        s3.put_object(Bucket=bucket, Key="k", Body=b"x")
        nothing.get_object(Bucket=bucket, Key="k", VersionId=plain)
        refused("AccessDenied", nothing.get_object, Bucket=bucket, Key="k")

    @pytest.mark.parametrize(
        ("condition", "allowed"),
        [
            ({"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}}, True),
            ({"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}}, False),
            ({"ForAnyValue:StringEquals": {"kms:ResourceAliases": ["alias/x", "ALIAS"]}}, True),
            ({"ForAnyValue:StringLike": {"kms:ResourceAliases": "alias/media-*"}}, True),
            ({"ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/x"}}, False),
            ({"ForAllValues:StringEquals": {"kms:ResourceAliases": "alias/second"}}, False),
            ({"ForAllValues:StringEquals": {"kms:ResourceAliases": ["alias/second", "ALIAS"]}}, True),
        ],
    )
    def test_conditions(
        self,
        client: Clients,
        bucket: str,
        key: dict[str, str],
        user: Callable[..., Any],
        condition: dict[str, Any],
        allowed: bool,
    ) -> None:
        client("kms").create_alias(AliasName="alias/second", TargetKeyId=key["id"])
        try:
            text = {
                operator: {
                    name: [key["alias"] if value == "ALIAS" else value for value in values]
                    if isinstance(values, list)
                    else values
                    for name, values in pairs.items()
                }
                for operator, pairs in condition.items()
            }
            s3 = user("kms:GenerateDataKey", Condition=text)
            asked = {"Bucket": bucket, "Key": "k", "Body": b"x"}
            asked |= {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key["arn"]}
            if allowed:
                s3.put_object(**asked)
            else:
                refused("AccessDenied", s3.put_object, **asked)
        finally:
            client("kms").delete_alias(AliasName="alias/second")

    def test_kms_itself(self, stand_in: AwsStandIn, client: Clients, key: dict[str, str]) -> None:
        one = client("kms", stand_in.make_user(allow("kms:DescribeKey", key["arn"])))
        assert one.describe_key(KeyId=key["alias"])["KeyMetadata"]["Arn"] == key["arn"]
        other = client("kms").create_key()["KeyMetadata"]["KeyId"]
        refused("AccessDeniedException", one.describe_key, KeyId=other)
        refused("AccessDeniedException", one.list_aliases)

    @pytest.mark.parametrize("named", [None, "alias/aws/s3"])
    def test_the_key_that_aws_manages(
        self, bucket: str, encrypt: Callable[..., None], user: Callable[..., Any], named: str | None
    ) -> None:
        encrypt(named)
        nothing = user()
        nothing.put_object(Bucket=bucket, Key="k", Body=b"x")
        assert nothing.get_object(Bucket=bucket, Key="k")["ServerSideEncryption"] == "aws:kms"

    @pytest.mark.parametrize("named", [None, "arn"])
    def test_nobody(
        self,
        stand_in: AwsStandIn,
        client: Clients,
        bucket: str,
        key: dict[str, str],
        encrypt: Callable[..., None],
        named: str | None,
    ) -> None:
        s3, path = client(), f"/{bucket}/k"
        encrypt(key[named] if named else None)
        s3.put_object(Bucket=bucket, Key="k", Body=b"x")
        assert web(stand_in, "GET", path)[0] == 403
        s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=OFF)
        s3.put_bucket_policy(Bucket=bucket, Policy=public_read(bucket))
        status, _headers, body = web(stand_in, "GET", path)
        assert (status, b"<Code>InvalidArgument</Code>" in body) == (400, True)
        assert b"require AWS Signature Version 4." in body
        assert web(stand_in, "HEAD", path)[0] == 400
        s3.put_object(Bucket=bucket, Key="k", Body=b"x", ServerSideEncryption="AES256")
        assert web(stand_in, "GET", path)[0] == 200
