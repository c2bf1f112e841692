# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From any state of a bucket to any delivery, on the stand-in: check mode predicts what the run then does."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.s3_bucket_access_model import (
    HTTPS_FOR,
    SWITCHES,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.deliveries import DELIVERIES
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.errors import AwsError
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stand_ins.aws import AwsStandIn

from .test_s3_bucket_access_apply import Bucket

# Each a policy that a bucket may have; ARN stands for the bucket's.
FOREIGN_PUBLIC = {"Sid": "Website", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"}
FOREIGN_DENY = {"Sid": "NoDeletes", "Effect": "Deny", "Principal": "*", "Action": "s3:DeleteBucket"}
OURS_OF_BEFORE = {"Sid": "AntMediaRecordingsPublicRead", "Effect": "Allow", "Principal": "*"}
STATEMENTS = (
    lambda arn: {**FOREIGN_PUBLIC, "Resource": f"{arn}/website/*"},
    lambda arn: {**FOREIGN_DENY, "Resource": arn},
    lambda arn: {**OURS_OF_BEFORE, "Action": "s3:GetObject", "Resource": f"{arn}/old/*"},
)
STARTS = st.fixed_dictionaries(
    {
        "ownership": st.sampled_from(["ObjectWriter", "BucketOwnerPreferred", "BucketOwnerEnforced"]),
        "switches": st.fixed_dictionaries({name: st.booleans() for name in SWITCHES.values()}),
        "statements": st.lists(st.integers(0, len(STATEMENTS) - 1), unique=True),
    }
)
WISHES = st.fixed_dictionaries(
    {
        "delivery": st.sampled_from(sorted(DELIVERIES)),
        "allow_changing_others_access": st.booleans(),
        "secure_transport_only": st.sampled_from(HTTPS_FOR),
        "folders": st.sampled_from([["streams"], ["live/streams", "live/previews"]]),
    }
)
WHAT_IS_TOLD = ("changed", "steps", "object_ownership", "public_access_block", "policy_statements", "diff")


@pytest.fixture(scope="module")
def https_aws() -> Any:
    with AwsStandIn(https=True) as aws:
        yield aws


def put(bucket: Bucket, start: dict[str, Any]) -> None:
    arn = f"arn:aws:s3:::{bucket.name}"
    bucket.s3.delete_public_access_block(Bucket=bucket.name)
    rules = [{"ObjectOwnership": start["ownership"]}]
    bucket.s3.put_bucket_ownership_controls(Bucket=bucket.name, OwnershipControls={"Rules": rules})
    statements = [STATEMENTS[number](arn) for number in start["statements"]]
    if statements:
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        bucket.s3.put_bucket_policy(Bucket=bucket.name, Policy=document)
    bucket.s3.put_public_access_block(Bucket=bucket.name, PublicAccessBlockConfiguration=start["switches"])


def foreign(bucket: Bucket) -> list[Any]:
    try:
        policy = json.loads(bucket.s3.get_bucket_policy(Bucket=bucket.name)["Policy"])
    except ClientError:
        return []
    return [each for each in policy["Statement"] if not each["Sid"].startswith("AntMediaRecordings")]


def told(bucket: Bucket, desired: dict[str, Any], *, check: bool) -> dict[str, Any]:
    try:
        result = bucket.access(**desired, check=check)
    except AwsError as error:
        return {"refused": str(error)}
    return {name: result[name] for name in WHAT_IS_TOLD}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(start=STARTS, desired=WISHES)
def test_check_mode_predicts_what_the_run_then_does(
    https_aws: AwsStandIn, start: dict[str, Any], desired: dict[str, Any]
) -> None:
    bucket = Bucket(https_aws)
    put(bucket, start)
    others = foreign(bucket)
    https_aws.clear_requests()
    predicted = told(bucket, desired, check=True)
    assert https_aws.writes() == []

    done = told(bucket, desired, check=False)
    assert done == predicted
    assert len(https_aws.writes()) == len(done.get("steps", []))
    assert foreign(bucket) == others
    if "refused" not in done:
        assert told(bucket, desired, check=False)["changed"] is False


def test_what_does_not_come_by_https_is_refused(https_aws: AwsStandIn) -> None:
    bucket = Bucket(https_aws)
    assert bucket.access("private", secure_transport_only="bucket")["changed"] is True
    https_aws.settings(https=False)
    try:
        with pytest.raises(ClientError, match="AccessDenied"):
            bucket.s3.list_objects_v2(Bucket=bucket.name)
    finally:
        https_aws.settings(https=True)
    bucket.s3.list_objects_v2(Bucket=bucket.name)
    result = bucket.access("private", secure_transport_only="nothing")
    assert result["changed"] is True
    assert result["policy_statements"] == []
