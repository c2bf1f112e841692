# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What changes of the storage, and what cannot work, is known before the first write, for all buckets.

Before, the user was made first: a bucket of someone else's left it behind.
"""

from __future__ import annotations

import json
import uuid
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws import (
    cloudfront_recording_distribution_apply,
    iam_programmatic_user_apply,
    s3_bucket_access_apply,
    s3_cors_apply,
    s3_recording_bucket_apply,
    storage_changes,
    storage_modules,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws import (
    s3_recording_storage_plan_apply as storage_plan,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.iam_stored_access_key import (
    apply as iam_stored_access_key_apply,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.iam_stored_access_key import (
    result as iam_stored_access_key_result,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.iam_stored_access_key.read import (
    KeyReader,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.errors import (
    AwsError,
    CollectionError,
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
        options = (
            "endpoint_url",
            "aws_config",
            "kms_key_id",
            "delete_after",
            "max_age_days",
            "vault_password",
        )
        more = dict.fromkeys(options)
        self.params: dict[str, Any] = {
            **more,
            "recreate": False,
            "describe_keys": False,
            **params,
            "buckets": buckets,
        }

    def client(self, service: str, region: str = "", endpoint: str | None = None, **options: Any) -> Any:
        assert endpoint in (None, self.aws.endpoint_url)
        config = options.pop("aws_config", None)
        options.pop("profile_name", None)
        if config is not None:
            options["config"] = options["config"].merge(config)
        place = region or self.region
        return self.aws.client(service, region_name=place, endpoint_url=self.aws.endpoint_url, **options)


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
    sent = [(*(str(each[part]) for part in parts), each["headers"].get(owner, "")) for each in aws.requests()]
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


def test_a_password_of_the_vault_is_in_no_parameter_that_a_result_has(
    aws: AwsStandIn, tmp_path: Path
) -> None:
    """Ansible puts the parameters into the result, and this one is among what it masks no more."""
    stored = at_stand_in(aws, key_store="file", key_path=str(tmp_path / "key.json"))
    module = Module(aws, options_of(stored), vault_password=["of-a-test"])
    assert storage_plan.run(module)["problems"] == []
    assert "of-a-test" not in str(module.params)


class Real(Module):
    """One of the modules, run for real."""

    def __init__(self, aws: AwsStandIn, options: dict[str, Any], **more: Any) -> None:
        super().__init__(aws, [], **{**storage_modules.DEFAULTS, "wait_timeout": 30, **options, **more})
        self.params = storage_modules.Params(self.params)


RUN = {
    "iam_programmatic_user": iam_programmatic_user_apply.run,
    "s3_recording_bucket": s3_recording_bucket_apply.run,
    "cloudfront_recording_distribution": cloudfront_recording_distribution_apply.run,
    "s3_cors": s3_cors_apply.run,
    "iam_stored_access_key": iam_stored_access_key_apply.run,
    "s3_bucket_access": s3_bucket_access_apply.run,
}


def apply(aws: AwsStandIn, each: Intent, *modules: str) -> dict[str, dict[str, Any]]:
    """Run these modules for real, all of them if none is named, as the role does; return their results."""
    (options,) = options_of(each)
    results: dict[str, dict[str, Any]] = {}
    for name, run in RUN.items():
        if name in options and (name in modules or not modules):
            more = {}
            if name == "s3_bucket_access" and "cloudfront_recording_distribution" in results:
                more["cloudfront_distribution_arn"] = results["cloudfront_recording_distribution"]["arn"]
            if name == "s3_bucket_access":
                more["new_bucket"] = not results.get("s3_recording_bucket", {}).get("existed", True)
            results[name] = run(Real(aws, options[name], **more))
    return results


def kinds(changes: list[dict[str, str]]) -> list[tuple[str, str]]:
    return [(each["action"], each["what"]) for each in changes]


def half_made(aws: AwsStandIn, each: Intent) -> None:
    """Leave a bucket that somebody has opened by a policy, and a user whose policy is another one."""
    apply(aws, replace(each, delivery="private", versioning=None), "s3_recording_bucket", "s3_bucket_access")
    apply(aws, each, "iam_programmatic_user")
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}
    aws.client("iam").put_user_policy(
        UserName=each.user_name, PolicyName="recordings", PolicyDocument=json.dumps(policy)
    )


@pytest.mark.parametrize("delivery", ["public", "private", "acl", "cloudfront"])
@pytest.mark.parametrize("start", ["fresh", "half-made"])
def test_what_was_planned_is_what_a_run_changes_and_then_nothing_is_left(
    aws: AwsStandIn, start: str, delivery: str
) -> None:
    mine = at_stand_in(aws, delivery=delivery, versioning=True)
    if start == "half-made":
        half_made(aws, mine)
    (options,) = options_of(mine)
    planned = plan(aws, mine)["buckets"][mine.bucket]
    results = apply(aws, mine)
    assert set(planned["results"]) == set(options) & set(RUN)
    for name, result in results.items():
        assert planned["results"][name]["changed"] is result["changed"], name
        assert result["changed"] is False or name in planned["run"]
    # By then the bucket exists.
    results["s3_bucket_access"]["bucket_exists"] = planned["results"]["s3_bucket_access"]["bucket_exists"]
    assert storage_changes.changes(mine.bucket, options, results) == planned["changes"]
    again = plan(aws, mine)
    assert again["problems"] == []
    assert again["buckets"][mine.bucket]["changes"] == []
    assert again["buckets"][mine.bucket]["run"] == []
    assert again["diff"] == []


def test_a_run_of_the_planned_modules_alone_makes_everything(aws: AwsStandIn) -> None:
    """What needs no change is not run, and nothing is missing after that."""
    mine = at_stand_in(aws, delivery="public")
    half_made(aws, mine)
    run = plan(aws, mine)["buckets"][mine.bucket]["run"]
    assert run == ["iam_programmatic_user", "s3_cors", "iam_stored_access_key", "s3_bucket_access"]
    apply(aws, mine, *run)
    assert all(not each["changed"] for each in apply(aws, mine).values())


def test_the_first_plan_says_in_plain_words_what_will_be(aws: AwsStandIn) -> None:
    mine = at_stand_in(aws, delivery="public")
    changes = plan(aws, mine)["buckets"][mine.bucket]["changes"]
    assert kinds(changes) == [
        ("add", "user"),
        ("add", "policy"),
        ("add", "bucket"),
        ("add", "CORS rule"),
        ("add", "key"),
        ("add", "public access"),
    ]
    opened = f"everyone on the internet will be able to watch previews/ and streams/ of {mine.bucket}"
    assert opened in [each["text"] for each in changes]


def test_buckets_that_are_closed_again_say_so(aws: AwsStandIn) -> None:
    mine = at_stand_in(aws, delivery="public")
    apply(aws, mine)
    changes = plan(aws, replace(mine, delivery="private"))["buckets"][mine.bucket]["changes"]
    assert ("remove", "public access") in kinds(changes)
    assert any("will no longer be able to watch" in each["text"] for each in changes)


def test_what_stays_as_it_is_has_the_result_that_later_tasks_need(aws: AwsStandIn) -> None:
    mine = at_stand_in(aws, delivery="cloudfront")
    made = apply(aws, mine)
    results = plan(aws, mine)["buckets"][mine.bucket]["results"]
    key, bucket = results["iam_stored_access_key"], results["s3_recording_bucket"]
    assert key["access_key_id"] == made["iam_stored_access_key"]["access_key_id"]
    assert (bucket["existed"], bucket["bucket_owner"]) == (True, aws.account_id)
    for name in ("arn", "domain_name"):
        distribution = made["cloudfront_recording_distribution"]
        assert results["cloudfront_recording_distribution"][name] == distribution[name]


def test_the_keys_are_described_for_an_audit_alone(aws: AwsStandIn) -> None:
    mine = at_stand_in(aws)
    to_come = plan(aws, mine, describe_keys=True)
    assert to_come["buckets"][mine.bucket]["keys"].endswith(": there is no such user")
    key_id = apply(aws, mine)["iam_stored_access_key"]["access_key_id"]
    described = plan(aws, mine, describe_keys=True)["buckets"][mine.bucket]["keys"]
    assert f"{key_id} is active, 0 days old" in described
    assert f"stored in SSM parameter {mine.stored_at}" in described
    assert plan(aws, mine)["buckets"][mine.bucket]["keys"] == ""


def test_last_uses_that_may_not_be_asked_for_are_a_problem(
    aws: AwsStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(*_given: Any) -> Any:
        raise AwsError("Asking when access key AKIA was last used", "AccessDenied")

    mine = at_stand_in(aws)
    apply(aws, mine)
    monkeypatch.setattr(KeyReader, "with_last_uses", denied)
    (problem,) = check(aws, mine, describe_keys=True)
    assert problem.startswith(f"{mine.bucket}: Asking when access key AKIA was last used: AccessDenied")
    assert check(aws, mine) == []


def test_several_buckets_share_what_is_the_same_for_all(aws: AwsStandIn) -> None:
    """plan() has counted: the account is asked for once, its distributions are listed once."""
    plan(aws, *(at_stand_in(aws, delivery="cloudfront") for _number in range(3)))
    for action in ("sts:GetCallerIdentity", "cloudfront:ListDistributions", "s3:GetAccountPublicAccessBlock"):
        assert len(aws.requests(action)) == 1, action


def test_a_request_that_is_sent_twice_is_seen(aws: AwsStandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """The count of the other tests counts: without kept answers it finds something."""
    monkeypatch.setattr(storage_plan, "keep_answers", lambda made: made)
    with pytest.raises(AssertionError, match="GetCallerIdentity"):
        plan(aws, at_stand_in(aws), at_stand_in(aws))


def test_credentials_that_do_not_work_are_one_problem_for_all_buckets(aws: AwsStandIn) -> None:
    aws.fault("sts:GetCallerIdentity", status=403, code="ExpiredToken", count=99)
    try:
        (problem,) = check(aws, at_stand_in(aws), at_stand_in(aws), at_stand_in(aws))
    finally:
        aws.clear_faults()
    assert problem.startswith("Reading the storage: ExpiredToken")


def test_a_package_that_is_missing_is_a_problem() -> None:
    error = CollectionError("Importing the Python package boto3", "it is not installed", "Run: pip install")
    result = storage_plan.result_of_error(error)
    assert result["problems"] == [
        "Importing the Python package boto3: it is not installed. Run: pip install."
    ]
    assert (result["changed"], result["buckets"]) == (False, {})


def test_a_key_that_another_run_makes_just_now_is_waited_for(
    aws: AwsStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kept answers would show its reservation until the time is up."""
    mine = at_stand_in(aws, delivery="private")
    apply(aws, mine)
    ssm = aws.client("ssm")
    place = options_of(mine)[0]["iam_stored_access_key"]["stored_at"]
    stored = ssm.get_parameter(Name=place, WithDecryption=True)["Parameter"]["Value"]
    ssm.delete_parameter(Name=place)

    pauses: list[float] = []

    def store_now(seconds: float) -> None:
        pauses.append(seconds)
        ssm.put_parameter(Name=place, Value=stored, Type="SecureString", Overwrite=True)

    monkeypatch.setattr("time.sleep", store_now)
    result = storage_plan.run(Module(aws, options_of(mine)))
    assert len(pauses) == 1
    assert result["problems"] == []
    assert result["buckets"][mine.bucket]["changes"] == []


def test_the_age_of_a_key_is_warned_of_although_its_module_does_not_run(
    aws: AwsStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(iam_stored_access_key_result, "warn", said.append)
    mine = at_stand_in(aws, delivery="private")
    apply(aws, mine)
    ssm = aws.client("ssm")
    place = options_of(mine)[0]["iam_stored_access_key"]["stored_at"]
    document = json.loads(ssm.get_parameter(Name=place, WithDecryption=True)["Parameter"]["Value"])
    old = json.dumps({**document, "create_date": "2020-01-01T00:00:00+00:00"})
    ssm.put_parameter(Name=place, Value=old, Type="SecureString", Overwrite=True)
    found = plan(aws, mine, max_age_days=90)["buckets"][mine.bucket]
    assert found["run"] == []
    assert found["results"]["iam_stored_access_key"]["rotation_due"] is True
    (warning,) = said
    assert f"The access key {document['access_key_id']} of IAM user" in warning


def test_a_new_bucket_is_looked_at_again_after_it_is_made(aws: AwsStandIn) -> None:
    """What a provider gives a new bucket is not known before."""
    mine = at_stand_in(aws, delivery="private", secure_transport_only=False)
    planned = plan(aws, mine)["buckets"][mine.bucket]
    assert planned["results"]["s3_bucket_access"]["changed"] is False
    assert "s3_bucket_access" in planned["run"]
