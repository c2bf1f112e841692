# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Access to a bucket on the stand-in: what the account forbids, what fails midway, stores that know less."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws import (
    s3_bucket_access_apply as apply_access,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws import (
    s3_cors_apply as apply_cors,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws import (
    s3_cors_plan as cors,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.errors import AwsError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stand_ins.aws import AwsStandIn
    from stand_ins.aws.stand_in import Credentials

DISTRIBUTION = "arn:aws:cloudfront::111122223333:distribution/E2QWRUHAPOMQZL"
ALL_ON = dict.fromkeys(
    ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
)


class Module:
    """What the code asks of an AnsibleAWSModule."""

    def __init__(self, aws: AwsStandIn, key: Credentials | None, check: bool, **params: Any) -> None:
        self.aws, self.key, self.check_mode, self.region = aws, key, check, aws.region
        self.params = {"endpoint_url": aws.endpoint_url, "aws_config": None, **params}

    def client(self, service: str, **options: Any) -> Any:
        return self.aws.client(service, self.key, endpoint_url=self.aws.endpoint_url, **options)


class Bucket:
    def __init__(self, aws: AwsStandIn) -> None:
        self.aws, self.name, self.s3 = aws, f"b-{uuid.uuid4().hex[:12]}", aws.client("s3")
        self.s3.create_bucket(Bucket=self.name, CreateBucketConfiguration={"LocationConstraint": aws.region})

    def access(
        self, delivery: str, key: Credentials | None = None, check: bool = False, **params: Any
    ) -> dict[str, Any]:
        given = {
            "name": self.name,
            "delivery": delivery,
            "folders": ["streams"],
            "allow_changing_others_access": False,
            "policy_only": False,
            "secure_transport_only": "nothing",
            "closes": "all",
            "new_bucket": False,
            "open_existing": True,
            "close_existing": False,
            "cloudfront_distribution_arn": DISTRIBUTION,
        }
        return apply_access.run(Module(self.aws, key, check, **{**given, **params}))

    def cors(self, check: bool = False, **params: Any) -> dict[str, Any]:
        rule = {"id": "a", "allowed_origins": ["https://a"], "allowed_methods": ["GET"]}
        given = {"name": self.name, "state": "present", "rules": [rule], "purge": False}
        return apply_cors.run(Module(self.aws, None, check, **{**given, **params}))


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    monkeypatch.setattr(apply_access, "_READ_BACK_SECONDS", 0.2)


@pytest.fixture
def bucket(aws: AwsStandIn) -> Iterator[Bucket]:
    aws.clear_faults()
    yield Bucket(aws)
    aws.clear_faults()


@pytest.mark.parametrize("delivery", ["public", "acl"])
def test_the_account_forbids_it(aws: AwsStandIn, bucket: Bucket, delivery: str) -> None:
    control = aws.client("s3control")
    control.put_public_access_block(AccountId=aws.account_id, PublicAccessBlockConfiguration=ALL_ON)
    try:
        aws.clear_requests()
        with pytest.raises(AwsError, match="account's own Block Public Access"):
            bucket.access(delivery)
        assert aws.writes() == []
        assert bucket.access("private")["changed"] is False
    finally:
        control.delete_public_access_block(AccountId=aws.account_id)
    assert bucket.access(delivery)["changed"] is True


def test_an_account_that_may_not_be_looked_at(aws: AwsStandIn, bucket: Bucket) -> None:
    statements = [
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": "s3:GetAccountPublicAccessBlock", "Resource": "*"},
    ]
    key = aws.make_user({"Version": "2012-10-17", "Statement": statements})
    result = bucket.access("public", key)
    assert result["changed"] is True
    assert "could not be read: AccessDenied" in result["msg"]


def test_s3_that_still_goes_by_the_old_switches(aws: AwsStandIn, bucket: Bucket) -> None:
    aws.fault("s3:PutBucketPolicy", count=3, status=403, code="AccessDenied")
    assert len(bucket.access("public")["steps"]) == 2


def test_s3_that_is_still_busy(aws: AwsStandIn, bucket: Bucket) -> None:
    aws.fault("s3:PutBucketPublicAccessBlock", count=2, status=409, code="OperationAborted")
    aws.fault("s3:GetBucketOwnershipControls", count=2, status=404, code="NoSuchBucket")
    assert bucket.access("public")["changed"] is True


def test_a_failure_midway_tells_what_was_done_and_can_be_run_again(aws: AwsStandIn, bucket: Bucket) -> None:
    statements = [
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": "s3:PutBucketPolicy", "Resource": "*"},
    ]
    key = aws.make_user({"Version": "2012-10-17", "Statement": statements})
    with pytest.raises(AwsError) as failed:
        bucket.access("public", key)
    text = str(failed.value)
    assert f"bucket {bucket.name} (add the statement AntMediaRecordingsPublicRead" in text
    assert "permission s3:PutBucketPolicy" in text
    assert "Done before that: turn BlockPublicPolicy, RestrictPublicBuckets off" in text
    assert bucket.access("public")["changed"] is True
    assert bucket.access("public")["changed"] is False


def test_a_call_that_is_accepted_without_effect(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apply_access.AccessApi, "_apply_step", lambda *_arguments, **_options: None)
    with pytest.raises(
        AwsError, match=r"all calls were accepted, but the bucket has .*'block_public_policy': True"
    ):
        bucket.access("public")


@pytest.mark.parametrize("code", ["NotImplemented", "MethodNotAllowed"])
def test_a_store_that_says_that_it_does_not_know_the_setting(
    aws: AwsStandIn, bucket: Bucket, code: str
) -> None:
    aws.fault("s3:GetBucketOwnershipControls", count=1, status=405, code=code)
    with pytest.raises(AwsError, match="does not know the call GetBucketOwnershipControls"):
        bucket.access("public")


def test_a_store_that_takes_the_question_for_another(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ceph answers GET ?ownershipControls with the list of objects."""
    read = apply_access.AccessApi._known

    def known(self: Any, tried: str, operation: Any, **options: Any) -> Any:
        return {} if "ownership" in tried else read(self, tried, operation, **options)

    monkeypatch.setattr(apply_access.AccessApi, "_known", known)
    with pytest.raises(AwsError, match="the provider does not know this setting"):
        bucket.access("acl")


def test_ownership_is_never_deleted(aws: AwsStandIn, bucket: Bucket) -> None:
    aws.clear_requests()
    for delivery in ("public", "acl", "private"):
        bucket.access(delivery)
    deleted = [entry["operation"] for entry in aws.writes() if entry["operation"].startswith("Delete")]
    assert deleted == ["DeleteBucketPolicy"]


def test_old_buckets_without_ownership(aws: AwsStandIn, bucket: Bucket) -> None:
    bucket.s3.delete_bucket_ownership_controls(Bucket=bucket.name)
    bucket.s3.delete_public_access_block(Bucket=bucket.name)
    result = bucket.access("private")
    assert result["changed"] is True
    assert result["object_ownership"] == "BucketOwnerEnforced"
    assert all(result["public_access_block"].values())


def test_objects_of_other_accounts_when_acls_go_off(aws: AwsStandIn, bucket: Bucket) -> None:
    bucket.access("acl")
    for key in ("streams/ours.mp4", "guests/theirs.mp4"):
        bucket.s3.put_object(Bucket=bucket.name, Key=key, Body=b"x")
    aws.foreign_object(bucket.name, "guests/theirs.mp4")
    aws.clear_requests()
    with pytest.raises(AwsError, match=r"other accounts own objects in the bucket \('guests/theirs.mp4'\)"):
        bucket.access("public")
    assert aws.writes() == []
    result = bucket.access("public", allow_changing_others_access=True)
    assert "disables the ACLs of objects" in result["steps"][-1]
    assert bucket.access("public")["changed"] is False


def test_objects_are_looked_at_page_by_page(
    aws: AwsStandIn, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket.access("acl")
    for key in ("a-1", "a-2", "a-3", "z-theirs"):
        bucket.s3.put_object(Bucket=bucket.name, Key=key, Body=b"x")
    aws.foreign_object(bucket.name, "z-theirs")
    looking = apply_access.AccessApi(aws.client("s3"), bucket.name)
    listed = looking.s3.list_objects_v2
    monkeypatch.setattr(looking.s3, "list_objects_v2", lambda **how: listed(MaxKeys=2, **how))
    assert looking.others() == ((), ("z-theirs",))
    monkeypatch.setattr(apply_access, "_PAGES_OF_OBJECTS", 1)
    assert looking.others() == ((), ())


def test_cors_that_cannot_be_read_is_not_no_cors(aws: AwsStandIn, bucket: Bucket) -> None:
    aws.fault("s3:GetBucketCORS", count=1, status=403, code="AccessDenied")
    with pytest.raises(
        AwsError, match=f"Reading the CORS rules of bucket {bucket.name}: AccessDenied"
    ) as failed:
        bucket.cors()
    assert "permission s3:GetBucketCORS" in str(failed.value)
    assert failed.value.result()["error_code"] == "AccessDenied"


def test_cors_writes_are_read_back(aws: AwsStandIn, bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    aws.clear_requests()
    assert bucket.cors()["changed"] is True
    operations = [entry["operation"] for entry in aws.requests()]
    assert operations == ["GetBucketCors", "PutBucketCors", "GetBucketCors"]
    assert bucket.cors()["changed"] is False
    monkeypatch.setattr(apply_cors, "_READ_BACK_SECONDS", 0.2)
    monkeypatch.setattr(cors, "to_aws", lambda _rules: [{"AllowedOrigins": ["x"], "AllowedMethods": ["PUT"]}])
    with pytest.raises(AwsError, match="has other rules"):
        bucket.cors(purge=True, rules=[{"id": "b", "allowed_origins": ["*"], "allowed_methods": ["GET"]}])


def test_every_call_names_the_owner_that_is_given(aws: AwsStandIn, bucket: Bucket) -> None:
    """None of them did, so that policy and rules could go to a bucket that somebody else has made since."""
    aws.clear_requests()
    assert bucket.access("public", expected_bucket_owner=aws.account_id)["changed"]
    assert bucket.cors(expected_bucket_owner=aws.account_id)["changed"]
    asked = [each for each in aws.requests() if each["service"] == "s3" and each["bucket"]]
    assert {each["operation"] for each in asked} >= {"PutBucketPolicy", "PutBucketCors"}
    assert {each["headers"].get("x-amz-expected-bucket-owner") for each in asked} == {aws.account_id}


def test_a_bucket_of_another_account_is_not_changed(aws: AwsStandIn, bucket: Bucket) -> None:
    aws.clear_requests()
    for change in (lambda **given: bucket.access("public", **given), bucket.cors):
        with pytest.raises(AwsError, match="AccessDenied"):
            change(expected_bucket_owner="999988887777")
    assert not [each for each in aws.writes() if each["status"] < 300]
