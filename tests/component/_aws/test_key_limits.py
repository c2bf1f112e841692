# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a key that has leaked can put into the bucket, and what versions give back: tried on the stand-in."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.key_policy import key_policy
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.model import Intent
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

    from stand_ins.aws import AwsStandIn

ENDINGS = ("mp4", "m3u8", "ts", "png")


def is_allowed(call: Callable[..., Any], **options: Any) -> bool:
    try:
        call(**options)
    except ClientError as error:
        if error.response["Error"]["Code"] != "AccessDenied":
            raise
        return False
    return True


def put(s3: Any, bucket: str, key: str) -> bool:
    acl = "bucket-owner-full-control"
    return is_allowed(s3.put_object, Bucket=bucket, Key=key, Body=b"x", ACL=acl)


@pytest.fixture
def intent(aws: AwsStandIn) -> Intent:
    aws.clear_faults()
    name = f"b-{uuid.uuid4().hex[:12]}"
    aws.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": aws.region})
    return Intent(bucket=name, region="eu-west-1", ams_url="https://ams:5443")


def key_of(aws: AwsStandIn, intent: Intent) -> Any:
    return aws.client("s3", aws.make_user(key_policy(intent, intent.folders())))


@pytest.mark.parametrize(
    ("key", "whole", "limited"),
    [
        ("streams/a.mp4", True, True),
        ("streams/a/b0001.ts", True, True),
        ("streams/a.m3u8", True, True),
        ("previews/a.png", True, True),
        ("streams/login.html", True, False),
        ("streams/a.mp4.html", True, False),
        ("streams/page.svg", True, False),
        ("streams/mp4", True, False),
        ("streams/a.webm", True, False),
        ("index.mp4", False, False),
        ("streamsOld/a.mp4", False, False),
    ],
)
def test_what_a_leaked_key_can_put(
    aws: AwsStandIn, intent: Intent, key: str, whole: bool, limited: bool
) -> None:
    assert put(key_of(aws, intent), intent.bucket, key) is whole
    assert put(key_of(aws, replace(intent, key_file_extensions=ENDINGS)), intent.bucket, key) is limited


@pytest.mark.parametrize("allow_delete", [False, True])
def test_with_versions_a_leaked_key_destroys_nothing(
    aws: AwsStandIn, intent: Intent, allow_delete: bool
) -> None:
    owner, key = aws.client("s3"), key_of(aws, replace(intent, allow_delete=allow_delete))
    owner.put_bucket_versioning(Bucket=intent.bucket, VersioningConfiguration={"Status": "Enabled"})
    first = owner.put_object(Bucket=intent.bucket, Key="streams/a.mp4", Body=b"recording")["VersionId"]
    assert put(key, intent.bucket, "streams/a.mp4")
    of_first = {"Bucket": intent.bucket, "Key": "streams/a.mp4"}
    assert is_allowed(key.delete_object, **of_first) is allow_delete
    assert not is_allowed(key.delete_object, **of_first, VersionId=first)
    kept = owner.get_object(Bucket=intent.bucket, Key="streams/a.mp4", VersionId=first)
    assert kept["Body"].read() == b"recording"
