# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A folder of a bucket is listed once for all that record there, and a refusal has its reason."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._check import bucket_listing
from ansible_collections.antmedia.s3_recording.plugins.module_utils._check.bucket_listing import (
    BucketListings,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._check.s3_clients import S3Clients
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.errors import AwsError

from stand_ins.aws import AwsStandIn

BUCKET = "listed-recordings"
OBJECTS = 1200


@pytest.fixture(scope="module")
def aws() -> Iterator[AwsStandIn]:
    with AwsStandIn() as stand_in:
        s3 = stand_in.client("s3")
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": stand_in.region})
        with ThreadPoolExecutor(8) as pool:
            keys = [f"live/streams/{number}.mp4" for number in range(OBJECTS)]
            list(pool.map(lambda key: s3.put_object(Bucket=BUCKET, Key=key, Body=b""), keys))
        s3.put_object(Bucket=BUCKET, Key="live/streams-of-others/a.mp4", Body=b"")
        yield stand_in


def settings(aws: AwsStandIn, *actions: str, **more: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    key = aws.make_user({"Version": "2012-10-17", "Statement": [statement]})
    return {
        "s3BucketName": BUCKET,
        "s3RegionName": aws.region,
        "s3Endpoint": aws.endpoint_url,
        "s3PathStyleAccessEnabled": True,
        "s3StreamsFolderPath": "live/streams",
        "s3AccessKey": key.access_key_id,
        "s3SecretKey": key.secret_access_key,
        **more,
    }


def test_all_pages_are_listed_once_for_all_who_ask(aws: AwsStandIn) -> None:
    of, listings = settings(aws, "s3:ListBucket"), BucketListings(S3Clients())
    aws.clear_requests()
    with ThreadPoolExecutor(8) as pool:
        stored = list(pool.map(lambda _number: listings.stored(of, 10), range(8)))
    assert len({id(each) for each in stored}) == 1
    assert len(aws.requests("s3:ListBucket")) == 2
    assert all(f"live/streams/{number}.mp4" in stored[0] for number in range(OBJECTS))
    assert "live/streams-of-others/a.mp4" not in stored[0]
    assert "streams/1.mp4" not in stored[0]


def test_another_secret_or_folder_is_another_listing(aws: AwsStandIn) -> None:
    of, listings = settings(aws, "s3:ListBucket"), BucketListings(S3Clients())
    listings.stored(of, 10)
    assert "other/1.mp4" not in listings.stored({**of, "s3StreamsFolderPath": "other"}, 10)
    with pytest.raises(AwsError, match="SignatureDoesNotMatch"):
        listings.stored({**of, "s3SecretKey": "of-last-year"}, 10)


def test_files_of_hls_are_not_kept(aws: AwsStandIn) -> None:
    aws.client("s3").put_object(Bucket=BUCKET, Key="hls/a0001.ts", Body=b"")
    aws.client("s3").put_object(Bucket=BUCKET, Key="hls/a.mp4", Body=b"")
    of = settings(aws, "s3:ListBucket", s3StreamsFolderPath="hls")
    stored = BucketListings(S3Clients()).stored(of, 10)
    assert ("hls/a.mp4" in stored, "hls/a0001.ts" in stored) == (True, False)


def test_in_a_folder_that_is_too_large_each_object_is_looked_for(
    aws: AwsStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bucket_listing, "MOST_PAGES", 1)
    stored = BucketListings(S3Clients()).stored(settings(aws, "s3:ListBucket", "s3:GetObject"), 10)
    assert stored.most == bucket_listing.MOST_ALONE
    assert ("live/streams/1.mp4" in stored, "live/streams/none.mp4" in stored) == (True, False)
    denied = BucketListings(S3Clients()).stored(settings(aws, "s3:ListBucket"), 10)
    with pytest.raises(AwsError, match=r"Looking for live/streams/1.mp4: 403"):
        assert "live/streams/1.mp4" in denied


def test_after_a_stop_no_other_page_is_listed(aws: AwsStandIn) -> None:
    of, listings = settings(aws, "s3:ListBucket"), BucketListings(S3Clients())
    listings.stop()
    aws.clear_requests()
    with pytest.raises(AwsError, match="the run was stopped"):
        listings.stored(of, 10)
    assert len(aws.requests("s3:ListBucket")) == 1


def test_a_refusal_is_asked_for_once_and_names_the_folder(aws: AwsStandIn) -> None:
    of, listings = settings(aws, "s3:GetObject"), BucketListings(S3Clients())
    aws.clear_requests()
    for _number in range(2):
        with pytest.raises(AwsError, match=rf"Listing s3://{BUCKET}/live/streams/: AccessDenied"):
            listings.stored(of, 10)
    assert len(aws.requests()) == 1


def test_a_provider_that_does_not_answer(aws: AwsStandIn) -> None:
    of = settings(aws, "s3:ListBucket", s3Endpoint="http://127.0.0.1:9")
    with pytest.raises(AwsError, match="refused"):
        BucketListings(S3Clients()).stored(of, 1)
