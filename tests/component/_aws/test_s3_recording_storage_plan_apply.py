# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What changes of the storage, and what cannot work, is known before the first write, for all buckets together.

Before, the user was made first: a bucket of someone else's left it behind.
"""

from __future__ import annotations

import uuid
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws import (
    s3_recording_storage_plan_apply as storage_plan,
)
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.model import Intent, Member
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.plan import plan_fleet

if TYPE_CHECKING:
    from pathlib import Path

    from stand_ins.aws import AwsStandIn

SECRETS = "secretsmanager"


class Module:
    """What the code asks of an AnsibleAWSModule."""

    check_mode = False

    def __init__(self, aws: AwsStandIn, buckets: list[dict[str, Any]], **params: Any) -> None:
        self.aws, self.region = aws, aws.region
        self.no_log_values: set[str] = set()
        options = ("endpoint_url", "aws_config", "kms_key_id", "delete_after", "max_age_days", "vault_password")
        more = dict.fromkeys(options)
        self.params: dict[str, Any] = {**more, "recreate": False, **params, "buckets": buckets}

    def client(self, service: str, region: str = "", endpoint: str | None = None, **options: Any) -> Any:
        assert endpoint in (None, self.aws.endpoint_url)
        return self.aws.client(service, region_name=region, endpoint_url=self.aws.endpoint_url, **options)


def intent(**given: Any) -> Intent:
    name = f"b-{uuid.uuid4().hex[:12]}"
    return Intent(**{"bucket": name, "region": "eu-west-1", "ams_url": f"https://{name}:5443", **given})


def options_of(*intents: Intent) -> list[dict[str, Any]]:
    planned = plan_fleet([Member(each.bucket, each, chosen=True) for each in intents])
    assert planned["problems"] == []
    return [each["storage"] for each in planned["buckets"]]


def plan(aws: AwsStandIn, *intents: Intent, **params: Any) -> dict[str, Any]:
    """Return the plan; nothing is written and nothing is asked twice, whatever comes out."""
    buckets = options_of(*intents)
    aws.clear_requests()
    result = storage_plan.run(Module(aws, buckets, **params))
    assert aws.writes() == []
    assert repeated(aws) == []
    assert result["changed"] is False
    return result


def repeated(aws: AwsStandIn) -> list[tuple[str, ...]]:
    """Return the requests that were sent more than once."""
    parts = ("service", "region", "operation", "method", "path", "body_digest")
    owner = "x-amz-expected-bucket-owner"
    sent = [
        (*(str(each[part]) for part in parts), each["headers"].get(owner, "")) for each in aws.requests()
    ]
    assert sent
    return [each for each, count in Counter(sent).items() if count > 1]


def check(aws: AwsStandIn, *intents: Intent, **params: Any) -> list[str]:
    """Return the problems."""
    found: list[str] = plan(aws, *intents, **params)["problems"]
    return found


def at_stand_in(aws: AwsStandIn, **given: Any) -> Intent:
    return intent(endpoint=aws.endpoint_url, aws_endpoint_url=aws.endpoint_url, **given)


def test_new_storage_can_be_made(aws: AwsStandIn) -> None:
    assert check(aws, at_stand_in(aws), at_stand_in(aws, delivery="cloudfront")) == []


def test_the_bucket_of_someone_else_among_several(aws: AwsStandIn) -> None:
    taken, free = at_stand_in(aws), at_stand_in(aws)
    aws.foreign_bucket(taken.bucket)
    (problem,) = check(aws, free, taken)
    assert problem.startswith(f"{taken.bucket}: Looking for bucket")
    assert "S3 refuses these credentials (403)" in problem


def test_the_bucket_of_another_account_that_lets_us_in(aws: AwsStandIn) -> None:
    mine = at_stand_in(aws, bucket_owner="999988887777")
    aws.client("s3").create_bucket(
        Bucket=mine.bucket, CreateBucketConfiguration={"LocationConstraint": aws.region}
    )
    (problem,) = check(aws, mine)
    assert "belongs to another account than 999988887777" in problem


def test_a_bucket_in_another_region(aws: AwsStandIn) -> None:
    there = at_stand_in(aws, region="eu-central-1")
    aws.client("s3").create_bucket(
        Bucket=there.bucket, CreateBucketConfiguration={"LocationConstraint": aws.region}
    )
    (problem,) = check(aws, there)
    assert "it is in eu-west-1, not in eu-central-1" in problem


def test_a_distribution_that_does_not_exist(aws: AwsStandIn) -> None:
    given = {"delivery": "cloudfront", "cloudfront_distribution": "EDOESNOTEXIST"}
    (problem,) = check(aws, at_stand_in(aws, **given))
    assert "Reading distribution EDOESNOTEXIST: NoSuchDistribution" in problem


def test_a_user_who_has_two_keys_already(aws: AwsStandIn) -> None:
    full = at_stand_in(aws)
    iam = aws.client("iam")
    tags = [{"Key": "managed-by", "Value": "antmedia.s3_recording"}]
    iam.create_user(UserName=full.user_name, Tags=tags)
    for _number in range(2):
        iam.create_access_key(UserName=full.user_name)
        aws.client("iam").get_user(UserName=full.user_name)
    iam_keys = iam.list_access_keys(UserName=full.user_name)["AccessKeyMetadata"]
    for key in iam_keys:
        iam.update_access_key(UserName=full.user_name, AccessKeyId=key["AccessKeyId"], Status="Inactive")
    (problem,) = check(aws, full)
    assert "the user has 2 already" in problem


def test_a_user_that_is_someone_elses(aws: AwsStandIn) -> None:
    """It was taken over by its name; the refusal is made before anything, once for policy and key."""
    taken = at_stand_in(aws)
    aws.client("iam").create_user(UserName=taken.user_name)
    (problem,) = check(aws, taken)
    assert f"Using IAM user {taken.user_name}: it exists and is someone else's" in problem
    assert "-e s3_recording_adopt_iam_user=true" in problem
    assert check(aws, replace(taken, adopt_iam_user=True)) == []


@pytest.mark.parametrize("path", ["missing/key.json", "file/key.json"])
def test_a_file_that_cannot_be_written(aws: AwsStandIn, tmp_path: Path, path: str) -> None:
    (tmp_path / "file").write_text("no folder")
    place = str(tmp_path / path)
    (problem,) = check(aws, at_stand_in(aws, key_store="file", key_path=place))
    assert place in problem


@pytest.mark.parametrize("store", ["ssm", SECRETS])
def test_a_kms_key_that_does_not_exist(aws: AwsStandIn, store: str) -> None:
    (problem,) = check(aws, at_stand_in(aws, key_store=store), kms_key_id="alias/no-such-key")
    assert "Looking for KMS key alias/no-such-key: NotFoundException" in problem


def test_a_kms_key_of_the_bucket_that_does_not_exist(aws: AwsStandIn) -> None:
    """S3 takes any name, and every upload fails then."""
    given = {"encryption": "aws:kms", "encryption_key_id": "alias/no-such-key", "delivery": "private"}
    (problem,) = check(aws, at_stand_in(aws, **given))
    assert "Looking for KMS key alias/no-such-key" in problem


def test_a_kms_key_that_may_not_be_looked_at_is_no_problem(aws: AwsStandIn) -> None:
    aws.fault("kms:DescribeKey", status=400, code="AccessDeniedException", count=1)
    assert check(aws, at_stand_in(aws), kms_key_id="alias/of-another-account") == []


def test_the_key_store_cannot_be_reached(aws: AwsStandIn) -> None:
    aws.fault("ssm:GetParameter", status=400, code="AccessDeniedException", count=1)
    (problem,) = check(aws, at_stand_in(aws))
    assert "ssm:GetParameter" in problem


def test_everything_that_cannot_work_is_said_at_once(aws: AwsStandIn, tmp_path: Path) -> None:
    place = str(tmp_path / "missing" / "key.json")
    taken = at_stand_in(aws, key_store="file", key_path=place)
    aws.foreign_bucket(taken.bucket)
    problems = check(aws, taken, at_stand_in(aws, delivery="cloudfront", cloudfront_distribution="ENONE"))
    assert len(problems) == 3


def test_a_password_of_the_vault_stays_out_of_what_is_masked(aws: AwsStandIn, tmp_path: Path) -> None:
    """As a text to mask it could damage the result; and it must be there for the second bucket too."""
    places = [str(tmp_path / f"{number}.json") for number in range(2)]
    stored = [at_stand_in(aws, key_store="file", key_path=place) for place in places]
    assert check(aws, *stored, vault_password=["a"]) == []
