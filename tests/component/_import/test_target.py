# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Objects of an import: complete or absent, never in place of another one, and resumed."""

from __future__ import annotations

import base64
from typing import Any

import pytest
import requests
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.errors import AwsError
from ansible_collections.antmedia.s3_recording.plugins.module_utils._import.parts import (
    UNIT,
    etag_of,
    layout_of,
    md5_of,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._import.target import (
    ObjectDiffers,
    Target,
)

from stand_ins.aws import AwsStandIn

from .conftest import BUCKET

BODY = bytes(range(256)) * (UNIT // 256) + b"the end"
KEY = "live/streams/a b#%ü.mp4"


@pytest.fixture
def target(aws: AwsStandIn) -> Target:
    return Target(
        {
            "s3BucketName": BUCKET,
            "s3RegionName": aws.region,
            "s3Endpoint": aws.endpoint_url,
            "s3PathStyleAccessEnabled": True,
            "s3Permission": "bucket-owner-full-control",
            "s3CacheControl": "max-age=60",
            "s3StorageClass": "STANDARD_IA",
        },
        timeout=10,
    )


def uploads(aws: AwsStandIn) -> list[Any]:
    return list(aws.client("s3").list_multipart_uploads(Bucket=BUCKET).get("Uploads", ()))


def body_of(aws: AwsStandIn, key: str = KEY) -> bytes:
    return bytes(aws.client("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read())


def test_a_small_recording_is_as_ams_would_have_stored_it(aws: AwsStandIn, target: Target) -> None:
    assert target.head(KEY) is None
    stored = target.put(KEY, b"hello")
    assert (stored.size, stored.etag) == (5, etag_of([md5_of(b"hello")], is_multipart=False))
    assert target.head(KEY) == stored
    found = aws.client("s3").head_object(Bucket=BUCKET, Key=KEY)
    assert found["ContentType"] == "video/mp4"
    assert found["CacheControl"] == "max-age=60"
    assert found["StorageClass"] == "STANDARD_IA"


def test_a_recording_in_parts_is_as_ams_would_have_stored_it(aws: AwsStandIn, target: Target) -> None:
    upload = target.open(KEY, layout_of(len(BODY)))
    for part in upload.layout:
        target.put_part(upload, part, BODY[part.offset : part.offset + part.size])
    stored = target.complete(upload)
    assert stored.etag == etag_of([md5_of(BODY[:UNIT]), md5_of(b"the end")])
    assert body_of(aws) == BODY
    found = aws.client("s3").head_object(Bucket=BUCKET, Key=KEY)
    assert (found["ContentType"], found["CacheControl"]) == ("video/mp4", "max-age=60")
    assert found["StorageClass"] == "STANDARD_IA"
    assert target.layout_of_stored(stored) == upload.layout


def test_parts_that_others_put_to_presigned_urls(aws: AwsStandIn, target: Target) -> None:
    upload = target.open(KEY, layout_of(len(BODY)))
    for part in upload.layout:
        data = BODY[part.offset : part.offset + part.size]
        url = target.part_url(upload, part.number, md5_of(data), 60)
        md5 = {"Content-MD5": base64.b64encode(md5_of(data)).decode()}
        assert requests.put(url, data=data, headers=md5, timeout=10).status_code == 200
    with pytest.raises(AwsError, match="part 1 is missing"):
        target.complete(upload)
    upload = target.open(KEY, upload.layout)
    assert target.complete(upload).size == len(BODY)
    assert body_of(aws) == BODY


def test_an_object_is_never_replaced(aws: AwsStandIn, target: Target) -> None:
    upload = target.open(KEY, layout_of(len(BODY)))
    for part in upload.layout:
        target.put_part(upload, part, BODY[part.offset : part.offset + part.size])
    aws.client("s3").put_object(Bucket=BUCKET, Key=KEY, Body=b"of somebody else")
    with pytest.raises(ObjectDiffers, match="an object that differs: it has 16 bytes"):
        target.complete(upload)
    with pytest.raises(ObjectDiffers, match="It was left as it is"):
        target.put(KEY, b"hello")
    stored = target.head(KEY)
    assert stored is not None
    with pytest.raises(ObjectDiffers, match="it has 16 bytes, and the recording 5"):
        target.require_same(stored, 5)
    target.require_same(stored, 16)
    assert body_of(aws) == b"of somebody else"


def test_an_object_is_not_replaced_either_where_a_condition_means_nothing(
    aws: AwsStandIn, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A provider refuses it, and an older botocore has no such argument."""
    monkeypatch.setattr(target, "_has_conditions", False)
    upload = target.open(KEY, layout_of(len(BODY)))
    for part in upload.layout:
        target.put_part(upload, part, BODY[part.offset : part.offset + part.size])
    aws.client("s3").put_object(Bucket=BUCKET, Key=KEY, Body=b"of somebody else")
    with pytest.raises(ObjectDiffers):
        target.complete(upload)
    assert body_of(aws) == b"of somebody else"


def test_a_request_whose_answer_was_lost_has_made_the_object(target: Target) -> None:
    target.put(KEY, b"hello")
    assert target.put(KEY, b"hello").size == 5
    upload = target.open("other.mp4", layout_of(len(BODY)))
    for part in upload.layout:
        target.put_part(upload, part, BODY[part.offset : part.offset + part.size])
    assert target.complete(upload) == target.complete(upload)


def test_an_open_upload_of_an_import_goes_on(aws: AwsStandIn, target: Target) -> None:
    layout = layout_of(len(BODY))
    killed = target.open(KEY, layout)
    target.put_part(killed, layout.part(1), BODY[:UNIT])
    upload = target.open(KEY, layout)
    assert upload.upload_id == killed.upload_id
    assert [part.number for part in layout if part.number not in upload.parts] == [2]
    assert upload.parts[1].etag == md5_of(BODY[:UNIT]).hex()
    target.put_part(upload, layout.part(2), BODY[UNIT:])
    target.complete(upload)
    assert body_of(aws) == BODY
    assert uploads(aws) == []


def test_uploads_of_others_stay_and_those_of_an_import_with_other_parts_are_aborted(
    aws: AwsStandIn, target: Target
) -> None:
    s3 = aws.client("s3")

    def begin(key: str, size: int) -> str:
        upload_id = str(s3.create_multipart_upload(Bucket=BUCKET, Key=key)["UploadId"])
        of = {"Bucket": BUCKET, "Key": key, "UploadId": upload_id}
        if size:
            s3.upload_part(**of, PartNumber=1, Body=bytes(size))
        return upload_id

    stay = {begin(KEY, 5 * 1024**2), begin(KEY, 8 * 1024**2), begin(KEY, 0), begin(f"{KEY}2", 2 * UNIT)}
    begin(KEY, 2 * UNIT)
    upload = target.open(KEY, layout_of(len(BODY)))
    assert upload.upload_id not in stay
    assert {each["UploadId"] for each in uploads(aws)} == stay | {upload.upload_id}
    target.abort(upload)
    target.abort(upload)
    assert {each["UploadId"] for each in uploads(aws)} == stay


def test_all_objects_of_a_folder_are_listed(aws: AwsStandIn, target: Target) -> None:
    target.put("live/streams/1.mp4", b"1")
    target.put(KEY, b"12")
    target.put("live/other/1.mp4", b"123")
    assert {key: size for page in target.sizes("live/streams/") for key, size in page.items()} == {
        "live/streams/1.mp4": 1,
        KEY: 2,
    }


def test_a_missing_permission_is_named(aws: AwsStandIn, target: Target, monkeypatch: Any) -> None:
    statement = {"Effect": "Allow", "Action": ["s3:ListBucket"], "Resource": "*"}
    key = aws.make_user({"Version": "2012-10-17", "Statement": [statement]})
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key.access_key_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key.secret_access_key)
    denied = Target(target._settings, timeout=10)
    with pytest.raises(AwsError, match="need the permission s3:PutObject"):
        denied.put(KEY, b"hello")
