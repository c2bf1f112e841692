# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One task sets up the storage of all buckets: what the plan has found alone, and what a failure leaves."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws import (
    s3_recording_storage_apply as storage,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws import (
    storage_modules,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common import progress
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.errors import AwsError

from .test_s3_recording_storage_plan_apply import Module, at_stand_in, half_made, options_of, plan

if TYPE_CHECKING:
    from pathlib import Path

    from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.model import Intent

    from stand_ins.aws import AwsStandIn

DEFAULTS = {"wait_timeout": 30, "folders_in_use": {}, "closes_later": False, "close_on_failure": []}


def set_up(
    aws: AwsStandIn, *intents: Intent, planned: dict[str, Any] | None = None, **params: Any
) -> dict[str, Any]:
    buckets = options_of(*intents)
    aws.clear_requests()
    return storage.run(Module(aws, buckets, **{**DEFAULTS, **params, "plan": planned}))


def whats(result: dict[str, Any], bucket: str) -> list[str]:
    return [each["what"] for each in result["changes"][bucket]]


@pytest.mark.parametrize("delivery", ["public", "cloudfront"])
def test_what_was_planned_is_made_and_then_nothing_is_left(aws: AwsStandIn, delivery: str) -> None:
    mine, other = at_stand_in(aws, delivery=delivery), at_stand_in(aws, delivery="private")
    half_made(aws, mine)
    planned = plan(aws, mine, other)
    result = set_up(aws, mine, other, planned=planned["buckets"])
    assert result["changed"] is True
    for bucket, of_plan in planned["buckets"].items():
        assert whats(result, bucket) == [each["what"] for each in of_plan["changes"]]
        assert set(result["buckets"][bucket]) == set(of_plan["results"])
    assert all(not each["changes"] for each in plan(aws, mine, other)["buckets"].values())
    again = set_up(aws, mine, other)
    assert (again["changed"], again["msg"], again["diff"]) == (False, "no change needed", [])


def test_a_module_that_has_nothing_to_do_sends_no_request_and_its_planned_result_counts(
    aws: AwsStandIn,
) -> None:
    mine = at_stand_in(aws)
    set_up(aws, mine)
    planned = plan(aws, mine)["buckets"]
    result = set_up(aws, mine, planned=planned)
    assert aws.requests() == []
    key = planned[mine.bucket]["results"]["iam_stored_access_key"]["access_key_id"]
    assert result["buckets"][mine.bucket]["iam_stored_access_key"]["access_key_id"] == key


def test_a_new_access_waits_for_the_owner_that_the_plan_has_found(aws: AwsStandIn) -> None:
    """The bucket's own module does not run, and no other account may own the bucket by then."""
    mine = at_stand_in(aws, delivery="private")
    half_made(aws, mine)
    set_up(aws, mine, planned=plan(aws, mine)["buckets"])
    sent = aws.requests("s3:PutBucketPolicy") or aws.requests("s3:PutBucketCors")
    assert {each["headers"]["x-amz-expected-bucket-owner"] for each in sent} == {aws.account_id}


def test_check_mode_writes_nothing_and_predicts_the_same(aws: AwsStandIn) -> None:
    mine = at_stand_in(aws, delivery="cloudfront")
    planned = plan(aws, mine)["buckets"]
    module = Module(aws, options_of(mine), plan=planned, **DEFAULTS)
    module.check_mode = True
    aws.clear_requests()
    result = storage.run(module)
    assert aws.writes() == []
    assert whats(result, mine.bucket) == [each["what"] for each in planned[mine.bucket]["changes"]]


def test_a_failure_names_what_was_changed_before_it(aws: AwsStandIn) -> None:
    first, second = at_stand_in(aws, delivery="private"), at_stand_in(aws)
    aws.fault("s3:PutBucketCors", status=403, code="AccessDenied", count=9)
    try:
        result = set_up(aws, first, second)
    finally:
        aws.clear_faults()
    assert (result["failed"], result["changed"]) == (True, True)
    assert f"Writing 1 CORS rules to bucket {first.bucket}" in result["msg"]
    assert "s3:PutBucketCORS" in result["msg"]
    before = result["msg"].partition("Changed before that: ")[2]
    assert before.startswith(f"IAM user {first.user_name} has ")
    assert f"; {first.bucket}: make the bucket in eu-west-1" in before
    assert whats(result, first.bucket) == ["user", "policy", "bucket"]
    assert result["changes"][second.bucket] == []
    assert second.bucket not in [each["Name"] for each in aws.client("s3").list_buckets()["Buckets"]]


def test_a_failure_before_the_first_change_names_none(aws: AwsStandIn) -> None:
    mine = at_stand_in(aws)
    aws.fault("iam:CreateUser", status=403, code="AccessDenied", message="no", count=9)
    try:
        result = set_up(aws, mine)
    finally:
        aws.clear_faults()
    assert (result["failed"], result["changed"]) == (True, False)
    assert "Changed before that" not in result["msg"]


def test_a_key_that_takes_too_long_is_made_all_the_same(aws: AwsStandIn) -> None:
    mine = at_stand_in(aws)
    aws.settings(key_delay=3600)
    try:
        result = set_up(aws, mine, wait_timeout=0)
    finally:
        aws.settings(key_delay=0)
    assert (result["failed"], result["not_yet"], result["changed"]) == (True, True, True)
    assert "longer wait_timeout" in result["msg"]
    assert "key" in whats(result, mine.bucket)
    # Nothing is opened for a key that does not work.
    assert whats(set_up(aws, mine), mine.bucket) == ["public access"]
    assert set_up(aws, mine)["changed"] is False


def test_an_error_quotes_no_secret(aws: AwsStandIn) -> None:
    mine, secret = at_stand_in(aws), "a-secret-that-S3-quotes-back"
    aws.fault("s3:CreateBucket", status=400, code="InvalidArgument", message=f"no: {secret}", count=9)
    try:
        result = set_up(aws, mine, secret_key=secret)
    finally:
        aws.clear_faults()
    assert result["failed"] is True
    assert secret not in str(result)


def test_each_change_is_said_when_it_is_made(aws: AwsStandIn) -> None:
    said: list[str] = []

    class Lines:
        def wait(self, wait: progress.Wait, waited: float, at_most: float) -> None:
            said.append(wait.what)

        def done(self, text: str) -> None:
            said.append(text)

    mine = at_stand_in(aws)
    with progress.listener(Lines()):
        result = set_up(aws, mine)
        set_up(aws, mine)
    assert [text.partition(":")[0] for text in said] == [
        f"IAM user {mine.user_name} has the policy recordings and no console access",
        mine.bucket,
        f"{mine.bucket} has 1 CORS rule",
        mine.user_name,
        f"{mine.bucket} is set for public delivery",
    ]
    assert result["buckets"][mine.bucket]["iam_stored_access_key"]["access_key_id"] in said[-2]


def test_no_bucket_is_opened_before_the_rest_of_all_of_them_has_succeeded(aws: AwsStandIn) -> None:
    """The first bucket stayed open although no server was to use it."""
    first, second = at_stand_in(aws), at_stand_in(aws)
    aws.fault("s3:PutBucketCORS", status=403, code="AccessDenied", message="no", count=9, skip=1)
    try:
        result = set_up(aws, first, second)
    finally:
        aws.clear_faults()
    assert result["failed"] is True
    assert "public access" not in [*whats(result, first.bucket), *whats(result, second.bucket)]
    assert "failed" not in set_up(aws, first, second)


def test_two_buckets_with_keys_of_their_own_use_each_its_own_key(aws: AwsStandIn) -> None:
    """The clients are shared, and a key that works for one bucket says nothing of another's."""
    one, two = at_stand_in(aws), at_stand_in(aws)
    result = set_up(aws, one, two)
    keys = {
        each.bucket: result["buckets"][each.bucket]["iam_stored_access_key"]["access_key_id"]
        for each in (one, two)
    }
    assert {*keys.values()} <= {each["access_key_id"] for each in aws.requests("sts:GetCallerIdentity")}
    listed = aws.requests("s3:ListObjectsV2")
    for each in (one, two):
        used = {request["access_key_id"] for request in listed if request["bucket"] == each.bucket}
        assert used & {*keys.values()} == {keys[each.bucket]}


def test_a_bucket_without_a_part_of_its_own_in_the_plan_is_left_alone(aws: AwsStandIn) -> None:
    mine = at_stand_in(aws)
    assert set_up(aws, mine, planned={})["changed"] is False
    assert aws.requests() == []


def anyone_reads(aws: AwsStandIn, bucket: str) -> bool:
    s3 = aws.client("s3")
    block = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    return not all(block.values())


def opened_in_part(
    aws: AwsStandIn, first: Intent, second: Intent, *, code: str = "MalformedPolicy", **options: Any
) -> dict[str, Any]:
    """Open two private buckets, of which the second one's policy is refused."""
    set_up(aws, *(replace(each, delivery="private") for each in (first, second)))
    public = [replace(each, delivery="public") for each in (first, second)]
    planned = plan(aws, *public)["buckets"]
    aws.fault("s3:PutBucketPolicy", status=400, code=code, skip=1, count=1)
    try:
        return set_up(aws, *public, planned=planned, closes_later=True, **options)
    finally:
        aws.clear_faults()


def test_what_a_failed_task_has_opened_for_nothing_is_closed_again(aws: AwsStandIn) -> None:
    first, second = at_stand_in(aws), at_stand_in(aws)
    result = opened_in_part(aws, first, second, close_on_failure=[first.bucket, second.bucket])
    assert result["failed"] is True
    for each in (first, second):
        again = f"{each.bucket} was closed again: who may read it is as before this run."
        assert again in result["msg"]
        assert not anyone_reads(aws, each.bucket)
        assert whats(result, each.bucket) == []


def test_what_servers_use_already_stays_open(aws: AwsStandIn) -> None:
    first, second = at_stand_in(aws), at_stand_in(aws)
    result = opened_in_part(aws, first, second, close_on_failure=[second.bucket])
    assert (anyone_reads(aws, first.bucket), anyone_reads(aws, second.bucket)) == (True, False)
    assert whats(result, first.bucket) == ["public access"]


def test_what_cannot_be_closed_again_is_named(aws: AwsStandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = at_stand_in(aws), at_stand_in(aws)
    run = storage_modules.RUN["s3_bucket_access"]

    def refuses(module: Any) -> dict[str, Any]:
        if module.params["restore"]:
            raise AwsError("Closing", "AccessDenied")
        return run(module)

    monkeypatch.setitem(storage_modules.RUN, "s3_bucket_access", refuses)
    result = opened_in_part(aws, first, second, close_on_failure=[first.bucket])
    assert f"{first.bucket} may be open to viewers already, and closing it again failed" in result["msg"]
    assert "Run site.yml again: it opens the bucket for the servers, or closes it." in result["msg"]


def test_a_password_of_the_vault_is_in_no_parameter_that_a_result_has(
    aws: AwsStandIn, tmp_path: Path
) -> None:
    place = tmp_path / "key.json"
    stored = at_stand_in(aws, key_store="file", key_path=str(place), delivery="private")
    params = {**DEFAULTS, "plan": None, "vault_password": ["of-a-test"]}
    module = Module(aws, options_of(stored), **params)
    assert storage.run(module)["changed"]
    assert place.read_text().startswith("$ANSIBLE_VAULT;")
    assert "of-a-test" not in str(module.params)


def test_a_new_bucket_that_may_have_been_opened_is_named(aws: AwsStandIn) -> None:
    """It may have stayed open, and no message said so: the plan had only a prediction of it."""
    new = at_stand_in(aws, delivery="public")
    planned = plan(aws, new)["buckets"]
    aws.fault("s3:PutBucketPolicy", status=400, code="MalformedPolicy", count=1)
    try:
        result = set_up(aws, new, planned=planned, closes_later=True, close_on_failure=[new.bucket])
    finally:
        aws.clear_faults()
    assert result["failed"] is True
    assert f"{new.bucket} may be open to viewers already. Run site.yml again: it opens" in result["msg"]


def test_a_key_that_is_copied_to_a_file_in_a_folder_that_does_not_exist(
    aws: AwsStandIn, tmp_path: Path
) -> None:
    """The plan passed, and the run failed when the user, the bucket and its CORS rules had changed."""
    first = at_stand_in(aws)
    set_up(aws, first)
    place = str(tmp_path / "missing" / "key.json")
    moved = replace(first, key_store="file", key_path=place, key_store_previous="ssm")
    (problem,) = plan(aws, moved)["problems"]
    assert place in problem
    (tmp_path / "missing").mkdir()
    assert plan(aws, moved)["problems"] == []
