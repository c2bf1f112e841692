# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Lifecycle, tags, default encryption and versioning of a bucket, and what S3 refuses of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from stand_ins.tests.aws_support import Clients, allow, refused

if TYPE_CHECKING:
    from stand_ins.aws import AwsStandIn

TAG = {"Key": "kind", "Value": "recording"}


def rule(**parts: Any) -> dict[str, Any]:
    return {"Status": "Enabled", "Filter": {"Prefix": "streams/"}, "Expiration": {"Days": 90}} | parts


def moved(days: int, storage_class: str = "STANDARD_IA") -> dict[str, Any]:
    return {"Days": days, "StorageClass": storage_class}


def without(name: str, **parts: Any) -> dict[str, Any]:
    return {key: value for key, value in rule(**parts).items() if key != name}


class TestDefaults:
    def test_a_new_bucket(self, client: Clients, bucket: str) -> None:
        s3 = client()
        refused("NoSuchLifecycleConfiguration", s3.get_bucket_lifecycle_configuration, Bucket=bucket)
        refused("NoSuchTagSet", s3.get_bucket_tagging, Bucket=bucket)
        assert "Status" not in s3.get_bucket_versioning(Bucket=bucket)
        found = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
        assert found == [
            {
                "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"},
                "BucketKeyEnabled": False,
            }
        ]


class TestLifecycle:
    @pytest.mark.parametrize(
        ("code", "message", "rules"),
        [
            ("InvalidArgument", "positive integer", [rule(Expiration={"Days": 0})]),
            ("InvalidArgument", "positive integer", [rule(Expiration={"Days": -1})]),
            ("InvalidArgument", "nonnegative", [rule(Transitions=[moved(-1, "GLACIER")])]),
            (
                "InvalidArgument",
                "positive integer",
                [rule(AbortIncompleteMultipartUpload={"DaysAfterInitiation": 0})],
            ),
            (
                "InvalidArgument",
                "positive integer",
                [rule(NoncurrentVersionExpiration={"NoncurrentDays": 0})],
            ),
            *[
                (
                    "InvalidArgument",
                    f"must be greater than or equal to 30 for storageClass '{storage_class}'",
                    [rule(Transitions=[moved(29, storage_class)])],
                )
                for storage_class in ("STANDARD_IA", "ONEZONE_IA")
            ],
            (
                "InvalidArgument",
                "for filter '(prefix=streams/)' must be greater than 'Days' in the Transition action",
                [rule(Transitions=[moved(90)])],
            ),
            (
                "InvalidArgument",
                "must be greater than 'NoncurrentDays' in the NoncurrentVersionTransition",
                [
                    rule(
                        NoncurrentVersionExpiration={"NoncurrentDays": 40},
                        NoncurrentVersionTransitions=[{"NoncurrentDays": 40, "StorageClass": "GLACIER"}],
                    )
                ],
            ),
            (
                "InvalidRequest",
                "'StorageClass' must be different for 'Transition' actions in same 'Rule'",
                [rule(Transitions=[moved(30), moved(60)])],
            ),
            (
                "InvalidRequest",
                "Found mixed 'Date' and 'Days' based",
                [rule(Transitions=[{"Date": "2030-01-01T00:00:00Z", "StorageClass": "GLACIER"}])],
            ),
            ("InvalidArgument", "midnight GMT", [rule(Expiration={"Date": "2030-01-01T10:00:00Z"})]),
            ("InvalidRequest", "limit of 1000 rules", [rule()] * 1001),
            ("InvalidRequest", "at least one rule", []),
            ("InvalidArgument", "Rule ID must be unique", [rule(ID="same"), rule(ID="same")]),
            ("InvalidArgument", "allowed limit of 255", [rule(ID="i" * 256)]),
            ("InvalidRequest", "At least one action needs to be specified", [without("Expiration")]),
            (
                "InvalidRequest",
                "AbortIncompleteMultipartUpload cannot be specified with Tags.",
                [rule(Filter={"Tag": TAG}, AbortIncompleteMultipartUpload={"DaysAfterInitiation": 7})],
            ),
            (
                "InvalidRequest",
                "AbortIncompleteMultipartUpload cannot be specified with Object Size.",
                [
                    rule(
                        Filter={"And": {"Prefix": "", "ObjectSizeLessThan": 9}},
                        AbortIncompleteMultipartUpload={"DaysAfterInitiation": 7},
                    )
                ],
            ),
            (
                "InvalidRequest",
                "Base level prefix cannot be used in Lifecycle V2",
                [rule(), without("Filter", Prefix="old/")],
            ),
            (
                "InvalidRequest",
                "Filter element can only be used in Lifecycle V2.",
                [without("Filter", Prefix="old/"), rule()],
            ),
            ("MalformedXML", "", [rule(Prefix="streams/")]),
            ("MalformedXML", "", [without("Filter")]),
            ("MalformedXML", "", [rule(Status="enabled")]),
            ("MalformedXML", "", [rule(Filter={"Prefix": "a", "Tag": TAG})]),
            ("MalformedXML", "", [rule(Filter={"And": {"Prefix": "a"}})]),
            ("MalformedXML", "", [rule(Expiration={"Days": 90, "ExpiredObjectDeleteMarker": True})]),
            ("MalformedXML", "", [rule(Transitions=[moved(30, "STANDARD")])]),
            ("InvalidRequest", "Duplicate Tag Keys", [rule(Filter={"And": {"Tags": [TAG, TAG]}})]),
        ],
    )
    def test_refused(
        self, client: Clients, bucket: str, code: str, message: str, rules: list[dict[str, Any]]
    ) -> None:
        put = client().put_bucket_lifecycle_configuration
        answer = refused(code, put, Bucket=bucket, LifecycleConfiguration={"Rules": rules})
        assert message in answer["Error"]["Message"]
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 400
        refused("NoSuchLifecycleConfiguration", client().get_bucket_lifecycle_configuration, Bucket=bucket)

    def test_a_foreign_configuration_round_trips(self, client: Clients, bucket: str) -> None:
        s3 = client()
        rules = [
            {
                "ID": "all of it",
                "Filter": {
                    "And": {
                        "Prefix": "a&b/",
                        "Tags": [TAG, {"Key": "empty", "Value": ""}],
                        "ObjectSizeGreaterThan": 1,
                        "ObjectSizeLessThan": 500,
                    }
                },
                "Status": "Disabled",
                "Transitions": [moved(0, "GLACIER_IR"), moved(90, "DEEP_ARCHIVE")],
                "NoncurrentVersionTransitions": [
                    {"NoncurrentDays": 30, "StorageClass": "STANDARD_IA", "NewerNoncurrentVersions": 2}
                ],
                "NoncurrentVersionExpiration": {"NoncurrentDays": 60, "NewerNoncurrentVersions": 3},
            },
            {"ID": "size", "Filter": {"ObjectSizeGreaterThan": 9}, "Status": "Enabled"}
            | {"Expiration": {"Days": 1}},
            {"ID": "tag", "Filter": {"Tag": TAG}, "Status": "Enabled", "Expiration": {"Days": 1}},
            {
                "ID": "everything",
                "Filter": {},
                "Status": "Enabled",
                "Expiration": {"ExpiredObjectDeleteMarker": True},
                "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
            },
        ]
        s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})
        found = s3.get_bucket_lifecycle_configuration(Bucket=bucket)
        assert found["Rules"] == rules
        assert found["TransitionDefaultMinimumObjectSize"] == "all_storage_classes_128K"
        s3.delete_bucket_lifecycle(Bucket=bucket)
        refused("NoSuchLifecycleConfiguration", s3.get_bucket_lifecycle_configuration, Bucket=bucket)

    def test_rules_of_the_first_version_get_an_id(self, client: Clients, bucket: str) -> None:
        s3 = client()
        given = [without("Filter", Prefix="a/"), without("Filter", Prefix="b/")]
        s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": given})
        found = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
        ids = {each.pop("ID") for each in found}
        assert (len(ids), found) == (2, given)

    def test_the_smallest_size_that_moves(self, client: Clients, bucket: str) -> None:
        s3, size = client(), "TransitionDefaultMinimumObjectSize"
        asked = {"Bucket": bucket, "LifecycleConfiguration": {"Rules": [rule()]}}
        answer = s3.put_bucket_lifecycle_configuration(**asked, **{size: "varies_by_storage_class"})
        assert answer[size] == "varies_by_storage_class"
        assert s3.get_bucket_lifecycle_configuration(Bucket=bucket)[size] == "varies_by_storage_class"
        refused("InvalidRequest", s3.put_bucket_lifecycle_configuration, **asked, **{size: "none"})

    def test_a_configuration_goes_with_its_bucket(self, client: Clients, bucket: str) -> None:
        s3 = client()
        s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": [rule()]})
        s3.delete_bucket(Bucket=bucket)
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        refused("NoSuchLifecycleConfiguration", s3.get_bucket_lifecycle_configuration, Bucket=bucket)

    def test_permissions(self, stand_in: AwsStandIn, client: Clients, bucket: str) -> None:
        asked = {"Bucket": bucket, "LifecycleConfiguration": {"Rules": [rule()]}}
        reader = client("s3", stand_in.make_user(allow("s3:GetLifecycleConfiguration")))
        refused("AccessDenied", reader.put_bucket_lifecycle_configuration, **asked)
        refused("AccessDenied", reader.delete_bucket_lifecycle, Bucket=bucket)
        client().put_bucket_lifecycle_configuration(**asked)
        assert reader.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]


def tagging(*tags: tuple[str, str]) -> dict[str, Any]:
    return {"TagSet": [{"Key": key, "Value": value} for key, value in tags]}


class TestTagging:
    @pytest.mark.parametrize(
        ("code", "tags"),
        [
            ("BadRequest", [(f"k{number}", "v") for number in range(51)]),
            ("InvalidTag", [("same", "1"), ("same", "2")]),
            ("InvalidTag", [("k" * 129, "v")]),
            ("InvalidTag", [("k", "v" * 257)]),
            ("InvalidTag", [("aws:mine", "v")]),
        ],
    )
    def test_refused(self, client: Clients, bucket: str, code: str, tags: list[tuple[str, str]]) -> None:
        answer = refused(code, client().put_bucket_tagging, Bucket=bucket, Tagging=tagging(*tags))
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 400
        refused("NoSuchTagSet", client().get_bucket_tagging, Bucket=bucket)

    def test_round_trip(self, client: Clients, bucket: str) -> None:
        s3, given = client(), tagging(("k" * 128, "v" * 256), ("empty", ""), ("größe", "ü<&>"))
        s3.put_bucket_tagging(Bucket=bucket, Tagging=given)
        assert s3.get_bucket_tagging(Bucket=bucket)["TagSet"] == given["TagSet"]
        s3.delete_bucket_tagging(Bucket=bucket)
        refused("NoSuchTagSet", s3.get_bucket_tagging, Bucket=bucket)

    def test_a_bucket_that_is_made_again_has_none(
        self, stand_in: AwsStandIn, client: Clients, bucket: str
    ) -> None:
        s3 = client()
        s3.put_bucket_tagging(Bucket=bucket, Tagging=tagging(("k", "v")))
        s3.delete_bucket(Bucket=bucket)
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": stand_in.region})
        refused("NoSuchTagSet", s3.get_bucket_tagging, Bucket=bucket)

    def test_system_tags_stay_as_they_are(self, stand_in: AwsStandIn, client: Clients, bucket: str) -> None:
        s3, own = client(), ("aws:cloudformation:stack-name", "media")
        s3.put_bucket_tagging(Bucket=bucket, Tagging=tagging(("k", "v")))
        stand_in.system_tags(bucket, dict([own]))
        assert len(s3.get_bucket_tagging(Bucket=bucket)["TagSet"]) == 2
        put = s3.put_bucket_tagging
        for wrong in (tagging(("k", "w")), tagging((own[0], "other")), tagging(own, ("aws:more", "x"))):
            refused("InvalidTag", put, Bucket=bucket, Tagging=wrong)
        refused("InvalidTag", s3.delete_bucket_tagging, Bucket=bucket)
        put(Bucket=bucket, Tagging=tagging(own, ("k", "w")))
        assert s3.get_bucket_tagging(Bucket=bucket)["TagSet"] == tagging(own, ("k", "w"))["TagSet"]


def by_default(algorithm: str, **more: Any) -> dict[str, Any]:
    return {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": algorithm, **more}}]}


class TestEncryption:
    @pytest.mark.parametrize(
        ("code", "configuration"),
        [
            ("MalformedXML", by_default("AES128")),
            ("MalformedXML", {"Rules": []}),
            ("MalformedXML", {"Rules": by_default("AES256")["Rules"] * 2}),
            ("InvalidArgument", by_default("AES256", KMSMasterKeyID="alias/media")),
        ],
    )
    def test_refused(self, client: Clients, bucket: str, code: str, configuration: dict[str, Any]) -> None:
        asked = {"Bucket": bucket, "ServerSideEncryptionConfiguration": configuration}
        refused(code, client().put_bucket_encryption, **asked)

    @pytest.mark.parametrize("algorithm", ["aws:kms", "aws:kms:dsse"])
    def test_round_trip(self, client: Clients, bucket: str, algorithm: str) -> None:
        s3, given = client(), by_default(algorithm, KMSMasterKeyID="alias/unchecked")
        given["Rules"][0] |= {"BucketKeyEnabled": True}
        given["Rules"][0] |= {"BlockedEncryptionTypes": {"EncryptionType": ["SSE-C"]}}
        s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration=given)
        assert s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"] == given
        s3.delete_bucket_encryption(Bucket=bucket)
        found = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"][0]
        assert found["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}

    def test_versioning(self, client: Clients, bucket: str) -> None:
        s3 = client()
        for status in ("Enabled", "Suspended"):
            s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": status})
            assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == status
        refused(
            "MalformedXML",
            s3.put_bucket_versioning,
            Bucket=bucket,
            VersioningConfiguration={"Status": "Disabled"},
        )
