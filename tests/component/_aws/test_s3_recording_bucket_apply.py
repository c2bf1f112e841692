# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A bucket and how it keeps its objects, on the stand-in."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws import (
    s3_recording_bucket_apply as apply_bucket,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws import (
    s3_recording_bucket_plan as decisions,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.errors import AwsError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stand_ins.aws import AwsStandIn
from stand_ins.aws.stand_in import Credentials

from .test_s3_bucket_access_apply import Module

ABORT = {"prefix": "streams/", "abort_incomplete_multipart_upload_days": 7}
COLDER = {
    "prefix": "streams/",
    "expiration_days": 365,
    "noncurrent_version_expiration_days": 3,
    "transitions": [
        {"days": 90, "storage_class": "GLACIER_IR"},
        {"days": 30, "storage_class": "STANDARD_IA"},
    ],
}
PREVIEWS = {"prefix": "previews/", "expiration_days": 10}
FOREIGN_RULES: tuple[dict[str, Any], ...] = (
    {
        "ID": "logs",
        "Status": "Enabled",
        "Filter": {"And": {"Prefix": "logs/", "Tags": [{"Key": "keep", "Value": "no"}]}},
        "Expiration": {"Days": 5},
        "NoncurrentVersionTransitions": [{"NoncurrentDays": 30, "StorageClass": "GLACIER"}],
    },
    {"ID": "whole", "Status": "Disabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 900}},
)
OURS: tuple[dict[str, Any], ...] = (
    {
        "ID": "antmedia-s3-recording old/",
        "Status": "Enabled",
        "Filter": {"Prefix": "old/"},
        "Expiration": {"Days": 2},
    },
)
OWNER = "x-amz-expected-bucket-owner"
KEY = "11111111-2222-3333-4444-555555555555"
WHAT_IS_TOLD = ("changed", "steps", "diff")


class Place:
    """A name for a bucket, and what the module says of it."""

    def __init__(self, aws: AwsStandIn) -> None:
        self.aws, self.name, self.s3 = aws, f"b-{uuid.uuid4().hex[:12]}", aws.client("s3")

    def make(self) -> None:
        self.s3.create_bucket(
            Bucket=self.name, CreateBucketConfiguration={"LocationConstraint": self.aws.region}
        )

    def run(self, key: Credentials | None = None, check: bool = False, **params: Any) -> dict[str, Any]:
        given_params: dict[str, Any] = {
            **dict.fromkeys(("expected_bucket_owner", "versioning", "encryption", "encryption_key_id")),
            **dict.fromkeys(("bucket_key_enabled", "lifecycle_rules", "tags")),
            "name": self.name,
            "purge_tags": False,
            "expire_existing": False,
            **params,
        }
        module = Module(self.aws, key, check, **given_params)
        if "region" in params:
            module.region = params["region"]
        return apply_bucket.run(module)

    def rules(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.s3.get_bucket_lifecycle_configuration(Bucket=self.name)["Rules"]
        return found


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    monkeypatch.setattr(apply_bucket, "_READ_BACK_SECONDS", 0.2)


@pytest.fixture
def place(aws: AwsStandIn) -> Any:
    aws.clear_faults()
    yield Place(aws)
    aws.clear_faults()


STARTS = st.fixed_dictionaries(
    {
        "exists": st.booleans(),
        "versioning": st.sampled_from(["", "Enabled", "Suspended"]),
        "encryption": st.sampled_from(["", "AES256", "aws:kms", KEY]),
        "rules": st.lists(st.sampled_from([*FOREIGN_RULES, *OURS]), unique_by=lambda rule: rule["ID"]),
        "tags": st.dictionaries(st.sampled_from(["team", "cost"]), st.sampled_from(["a", "b"])),
    }
)
WISHES = st.fixed_dictionaries(
    {
        "versioning": st.sampled_from([None, True, False]),
        "encryption": st.sampled_from([None, "AES256", "aws:kms"]),
        "lifecycle_rules": st.sampled_from([None, [], [ABORT], [COLDER, PREVIEWS]]),
        "tags": st.sampled_from([None, {}, {"team": "a"}]),
        "purge_tags": st.booleans(),
    }
)


def put(place: Place, start: dict[str, Any]) -> None:
    if not start["exists"]:
        return
    place.make()
    where: Any = {"Bucket": place.name}
    if start["versioning"]:
        place.s3.put_bucket_versioning(**where, VersioningConfiguration={"Status": start["versioning"]})
    if start["encryption"]:
        default = {"SSEAlgorithm": start["encryption"]}
        if start["encryption"] == KEY:
            default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY}
        rule = {"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": False}
        place.s3.put_bucket_encryption(**where, ServerSideEncryptionConfiguration={"Rules": [rule]})
    if start["rules"]:
        place.s3.put_bucket_lifecycle_configuration(**where, LifecycleConfiguration={"Rules": start["rules"]})
    if start["tags"]:
        tags = [{"Key": key, "Value": value} for key, value in start["tags"].items()]
        place.s3.put_bucket_tagging(**where, Tagging={"TagSet": tags})


def told(place: Place, desired: dict[str, Any], *, check: bool) -> dict[str, Any]:
    result = place.run(**desired, check=check)
    return {name: result.get(name) for name in (*WHAT_IS_TOLD, *decisions.NAMES)}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(start=STARTS, desired=WISHES)
def test_check_mode_predicts_what_the_run_then_does(
    aws: AwsStandIn, start: dict[str, Any], desired: dict[str, Any]
) -> None:
    place = Place(aws)
    put(place, start)
    aws.clear_requests()
    predicted = told(place, desired, check=True)
    assert aws.writes() == []

    done = told(place, desired, check=False)
    assert done == predicted
    assert len(aws.writes()) == len(done["steps"])
    assert not [each for each in aws.requests() if each["operation"] == "DeleteBucketEncryption"]
    foreign = [rule for rule in start["rules"] if start["exists"] and rule not in OURS]
    if foreign:
        found = place.rules()
        assert all(rule in found for rule in foreign)
    assert told(place, desired, check=False)["changed"] is False


def test_what_is_not_asked_for_is_not_touched(aws: AwsStandIn, place: Place) -> None:
    place.make()
    aws.clear_requests()
    result = place.run(expected_bucket_owner="any")
    assert result["changed"] is False
    assert [each["operation"] for each in aws.requests()] == ["HeadBucket"]


def test_everything_at_once(aws: AwsStandIn, place: Place) -> None:
    result = place.run(
        versioning=True,
        encryption="aws:kms",
        encryption_key_id=KEY,
        lifecycle_rules=[COLDER],
        tags={"team": 7},
    )
    assert result["steps"] == [
        f"make the bucket in {aws.region}",
        "set versioning to Enabled",
        f"set the default encryption to aws:kms with key {KEY}",
        "write the lifecycle rules antmedia-s3-recording streams/",
        "write the tags",
    ]
    assert result["diff"]["before"] == {"exists": False}
    assert place.s3.get_bucket_versioning(Bucket=place.name)["Status"] == "Enabled"
    encryption = place.s3.get_bucket_encryption(Bucket=place.name)["ServerSideEncryptionConfiguration"]
    assert encryption["Rules"] == [
        {
            "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY},
            "BucketKeyEnabled": True,
        }
    ]
    (rule,) = place.rules()
    assert [each["Days"] for each in rule["Transitions"]] == [30, 90]
    assert result["tags"] == {"managed-by": "antmedia.s3_recording", "team": "7"}


@pytest.mark.parametrize("named", [KEY, f"arn:aws:kms:eu-west-1:1:key/{KEY}"])
def test_a_key_by_its_id_and_by_its_arn_is_one(place: Place, named: str) -> None:
    place.run(encryption="aws:kms", encryption_key_id=KEY)
    assert place.run(encryption="aws:kms", encryption_key_id=named)["changed"] is False
    assert place.run(encryption="aws:kms", encryption_key_id="alias/other")["changed"] is True


def test_our_rules_go_and_others_stay(place: Place) -> None:
    place.make()
    configuration: Any = {"Rules": [*FOREIGN_RULES, *OURS]}
    place.s3.put_bucket_lifecycle_configuration(Bucket=place.name, LifecycleConfiguration=configuration)
    result = place.run(lifecycle_rules=[])
    assert result["steps"] == ["remove our lifecycle rules"]
    assert place.rules() == list(FOREIGN_RULES)


def test_a_bucket_of_another_account(aws: AwsStandIn, place: Place) -> None:
    aws.foreign_bucket(place.name)
    aws.clear_requests()
    with pytest.raises(
        AwsError, match=r"Looking for bucket .*S3 refuses these credentials \(403\)"
    ) as failed:
        place.run(versioning=True)
    assert "Names of buckets are unique" in str(failed.value)
    assert aws.writes() == []


def test_a_bucket_of_another_account_that_lets_us_in(aws: AwsStandIn, place: Place) -> None:
    """Recordings would go to whoever has registered the name: S3 itself would take them."""
    place.make()
    with pytest.raises(AwsError, match="belongs to another account than 999988887777"):
        place.run(expected_bucket_owner="999988887777")
    assert place.run(expected_bucket_owner=aws.account_id)["changed"] is False


def test_a_name_that_is_taken_while_we_look(aws: AwsStandIn, place: Place) -> None:
    aws.fault("s3:CreateBucket", count=1, status=409, code="BucketAlreadyExists")
    with pytest.raises(AwsError, match=r"Making bucket .*BucketAlreadyExists") as failed:
        place.run()
    assert "take another name" in str(failed.value)


def made_meanwhile(place: Place, monkeypatch: pytest.MonkeyPatch, tags: dict[str, str]) -> None:
    """Let someone else make the bucket right after it was looked for."""
    look = apply_bucket.BucketApi.look
    looked: list[bool] = []

    def look_and_make(found: Any) -> bool:
        looked.append(look(found))
        if len(looked) == 1:
            place.make()
            tag_set = [{"Key": key, "Value": value} for key, value in tags.items()]
            place.s3.put_bucket_tagging(Bucket=place.name, Tagging={"TagSet": tag_set})
        return looked[-1]

    monkeypatch.setattr(apply_bucket.BucketApi, "look", look_and_make)


@pytest.fixture(params=["eu-west-1", "us-east-1"])
def anywhere(request: pytest.FixtureRequest, place: Place, monkeypatch: pytest.MonkeyPatch) -> Place:
    """us-east-1 accepts it if a bucket of one's own is made again, the other regions refuse it."""
    monkeypatch.setattr(place.aws, "region", request.param)
    place.s3 = place.aws.client("s3")
    if request.param == "us-east-1":
        monkeypatch.setattr(place, "make", lambda: place.s3.create_bucket(Bucket=place.name))
    return place


@pytest.mark.parametrize("given", [None, {"cost": "a"}])
def test_a_bucket_that_someone_else_makes_at_the_same_moment_is_theirs(
    anywhere: Place, monkeypatch: pytest.MonkeyPatch, given: dict[str, str] | None
) -> None:
    """It lost its tags and was marked as one that may be deleted."""
    place = anywhere
    made_meanwhile(place, monkeypatch, {"team": "theirs"})
    result = place.run(versioning=True, tags=given)
    assert (result["existed"], result["changed"]) == (True, True)
    assert result["steps"] == ["set versioning to Enabled", *(["write the tags"] if given else [])]
    assert result["diff"]["before"]["exists"] is True
    found = place.s3.get_bucket_tagging(Bucket=place.name)["TagSet"]
    assert {each["Key"]: each["Value"] for each in found} == {"team": "theirs", **(given or {})}
    assert place.run(state="absent")["stays"]


def test_a_bucket_that_is_made_here_is_marked_in_every_region(anywhere: Place) -> None:
    result = anywhere.run()
    assert (result["existed"], result["tags"]) == (False, {"managed-by": "antmedia.s3_recording"})


def test_recordings_of_a_bucket_made_at_the_same_moment_do_not_expire(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was planned as a new bucket, whose objects nobody has to count."""
    made_meanwhile(place, monkeypatch, {"team": "theirs"})

    def make_with_object() -> None:
        Place.make(place)
        place.s3.put_object(Bucket=place.name, Key="previews/a", Body=b"x")

    monkeypatch.setattr(place, "make", make_with_object)
    place.aws.clear_requests()
    with pytest.raises(AwsError, match="s3_recording_expire_existing"):
        place.run(lifecycle_rules=[PREVIEWS])
    assert "PutBucketLifecycleConfiguration" not in [each["operation"] for each in place.aws.writes()]


def test_a_bucket_in_another_region(aws: AwsStandIn, place: Place) -> None:
    place.make()
    with pytest.raises(AwsError, match=f"it is in {aws.region}, not in us-east-2") as failed:
        place.run(region="us-east-2")
    assert f"A bucket cannot move: set the region {aws.region} (in the role" in str(failed.value)
    assert place.run(region="us-east-2", expected_bucket_owner="any")["changed"] is False


def test_a_failure_midway_tells_what_was_done(aws: AwsStandIn, place: Place) -> None:
    aws.fault("s3:PutLifecycleConfiguration", count=1, status=403, code="AccessDenied")
    with pytest.raises(AwsError) as failed:
        place.run(versioning=True, lifecycle_rules=[ABORT])
    assert "permission s3:PutLifecycleConfiguration" in str(failed.value)
    assert "Done before that: made the bucket; set versioning to Enabled" in str(failed.value)
    assert place.run(versioning=True, lifecycle_rules=[ABORT])["changed"] is True


def test_a_call_that_is_accepted_without_effect(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.make()
    monkeypatch.setattr(apply_bucket.BucketApi, "_write", lambda *_arguments: None)
    with pytest.raises(
        AwsError, match=r"all calls were accepted, but the bucket has \[''\] where \['Enabled'\]"
    ):
        place.run(versioning=True)


def test_a_minimum_size_for_transitions_is_kept(monkeypatch: pytest.MonkeyPatch, place: Place) -> None:
    """S3 goes back to its default for all rules when it is not sent again."""
    place.make()
    sent: list[dict[str, Any]] = []
    found = apply_bucket.BucketApi(
        _module(place), decisions.DesiredBucket(place.name, lifecycle_rules=[ABORT])
    )
    monkeypatch.setattr(
        found.s3,
        "get_bucket_lifecycle_configuration",
        lambda **_: {"Rules": [], "TransitionDefaultMinimumObjectSize": "varies_by_storage_class"},
    )
    monkeypatch.setattr(
        found.s3, "put_bucket_lifecycle_configuration", lambda **arguments: sent.append(arguments)
    )
    wanted = decisions.target(found.read(), found.desired)
    found._write("lifecycle_rules", wanted)
    assert sent[0]["TransitionDefaultMinimumObjectSize"] == "varies_by_storage_class"


def _module(place: Place) -> Module:
    return Module(place.aws, None, False, name=place.name, expected_bucket_owner=None)


def test_an_account_that_is_not_known_ends_it(aws: AwsStandIn, place: Place) -> None:
    """The question for the owner was left out without a word, and recordings could go to someone else."""
    place.make()
    aws.fault("sts:GetCallerIdentity", count=1, status=403, code="AccessDenied")
    aws.clear_requests()
    with pytest.raises(AwsError, match="Asking STS which account has to own bucket") as failed:
        place.run(versioning=True)
    assert "sts:GetCallerIdentity" in str(failed.value)
    assert "s3_recording_bucket_owner" in str(failed.value)
    assert [each["operation"] for each in aws.requests()] == ["GetCallerIdentity"]
    assert place.run(expected_bucket_owner=aws.account_id)["bucket_owner"] == aws.account_id
    assert place.run(expected_bucket_owner="any")["bucket_owner"] == ""


def test_every_call_names_the_owner(aws: AwsStandIn, place: Place) -> None:
    """HEAD alone did: a bucket that somebody else has made in between was written to."""
    aws.clear_requests()
    result = place.run(versioning=True, lifecycle_rules=[ABORT], tags={"a": "b"}, encryption="AES256")
    assert result["bucket_owner"] == aws.account_id
    asked = [each for each in aws.requests() if each["service"] == "s3"]
    without = {each["operation"] for each in asked if OWNER not in each["headers"]}
    assert without == {"CreateBucket"}
    assert len(asked) >= 10


def test_no_call_names_one_where_there_are_no_accounts(aws: AwsStandIn, place: Place) -> None:
    aws.clear_requests()
    place.run(versioning=True, expected_bucket_owner="any")
    assert not [each for each in aws.requests() if OWNER in each["headers"]]
