# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One bucket for the tests of an import, which is empty before each of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from stand_ins.aws import AwsStandIn

BUCKET = "imported-recordings"


@pytest.fixture(scope="module")
def stand_in() -> Iterator[AwsStandIn]:
    with AwsStandIn() as stand_in:
        s3 = stand_in.client("s3")
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": stand_in.region})
        yield stand_in


@pytest.fixture
def aws(stand_in: AwsStandIn, monkeypatch: pytest.MonkeyPatch) -> Iterator[AwsStandIn]:
    """Return the stand-in, whose credentials are those of the environment."""
    for name, value in stand_in.env().items():
        monkeypatch.setenv(name, value)
    yield stand_in
    stand_in.clear_faults()
    s3 = stand_in.client("s3")
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET):
        for each in page.get("Contents", ()):
            s3.delete_object(Bucket=BUCKET, Key=each["Key"])
    for each in s3.list_multipart_uploads(Bucket=BUCKET).get("Uploads", ()):
        s3.abort_multipart_upload(Bucket=BUCKET, Key=each["Key"], UploadId=each["UploadId"])
