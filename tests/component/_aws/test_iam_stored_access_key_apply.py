# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An access key on the stand-in: runs at the same moment, calls that fail, keys that need time."""

from __future__ import annotations

import json
import threading
import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.iam_stored_access_key import (
    apply as apply_key,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.iam_stored_access_key import (
    model as key_facts,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.key_stores.in_aws import (
    SsmStore,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.ownership import tags_of
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.tags import to_aws
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.errors import AwsError

from stand_ins.aws.stand_in import Credentials

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from stand_ins.aws import AwsStandIn


class Module:
    """What the code asks of an AnsibleAWSModule."""

    def __init__(self, aws: AwsStandIn, check: bool = False, **params: Any) -> None:
        self.aws, self.check_mode, self.region = aws, check, aws.region
        self.no_log_values: set[str] = set()
        self.params = {
            "state": "present",
            "store": "ssm",
            "kms_key_id": None,
            "vault_password": None,
            "vault_id": None,
            "recreate": False,
            "wait": True,
            "wait_timeout": 5,
            "bucket": None,
            "adopt": False,
            "delete_after": None,
            "switch_wait": 0,
            "leaked": False,
            "max_age_days": None,
            "endpoint_url": aws.endpoint_url,
            "aws_config": None,
            **params,
        }

    def client(self, service: str, config: Any = None, aws_config: Any = None, **options: Any) -> Any:
        key = None
        if "aws_access_key_id" in options:
            key = Credentials(options["aws_access_key_id"], options["aws_secret_access_key"])
        return self.aws.client(
            service,
            key,
            config=config.merge(aws_config) if aws_config else config,
            endpoint_url=self.aws.endpoint_url,
        )


class User:
    """An IAM user with a place for the key."""

    def __init__(self, aws: AwsStandIn) -> None:
        self.aws, self.iam, self.ssm = aws, aws.client("iam"), aws.client("ssm")
        self.name = f"ams-{uuid.uuid4().hex[:12]}"
        self.stored_at = f"/recording/{self.name}"
        self.iam.create_user(UserName=self.name, Tags=to_aws(tags_of(None)))

    def run(self, **options: Any) -> dict[str, Any]:
        options = {"user_name": self.name, "stored_at": self.stored_at, **options}
        return apply_key.run(Module(self.aws, **options))

    def keys(self) -> list[str]:
        listed = self.iam.list_access_keys(UserName=self.name)["AccessKeyMetadata"]
        return sorted(each["AccessKeyId"] for each in listed)

    def stored(self) -> dict[str, str]:
        answer = self.ssm.get_parameter(Name=self.stored_at, WithDecryption=True)
        document: dict[str, str] = json.loads(answer["Parameter"]["Value"])
        return document

    def both_hold(self, key_id: str) -> bool:
        return self.keys() == [key_id] and self.stored()["access_key_id"] == key_id


@pytest.fixture(autouse=True)
def _settled_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_facts, "SETTLED_AFTER", timedelta(seconds=-10))


@pytest.fixture
def user(aws: AwsStandIn) -> Iterator[User]:
    aws.clear_faults()
    yield User(aws)
    aws.clear_faults()
    aws.settings(key_delay=0)


def test_no_key_is_made_for_someone_elses_user(user: User) -> None:
    """A key was made for any user that could be named, with all the rights of that user."""
    user.iam.untag_user(UserName=user.name, TagKeys=["managed-by"])
    for state in ("present", "rotated"):
        for check in (True, False):
            with pytest.raises(AwsError, match=r"someone else's.*-e s3_recording_adopt_iam_user=true"):
                apply_key.run(
                    Module(user.aws, check, user_name=user.name, stored_at=user.stored_at, state=state)
                )
    user.iam.attach_user_policy(UserName=user.name, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    with pytest.raises(AwsError, match=r"the attached policies AdministratorAccess.*never adopted"):
        user.run(adopt=True)
    assert user.keys() == []
    user.iam.detach_user_policy(UserName=user.name, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    assert user.run(adopt=True, wait=False)["changed"] is True


def test_no_key_is_made_for_the_user_of_another_bucket(user: User) -> None:
    """The first bucket's user got a key for the second, and then its policy."""
    user.iam.tag_user(UserName=user.name, Tags=to_aws(tags_of("others")))
    with pytest.raises(AwsError, match="it is the user of bucket others "):
        user.run(bucket="videos", adopt=True)
    assert user.keys() == []


@pytest.mark.parametrize("store", ["ssm", "secretsmanager", "file"])
def test_what_is_someone_elses_in_the_place_of_the_key_stays(user: User, store: str, tmp_path: Path) -> None:
    """It shows that neither a run nor the end of it writes over, or deletes, what only has the name."""
    stored_at = str(tmp_path / "key.json") if store == "file" else user.stored_at
    theirs = json.dumps({"username": "payroll", "password": "x"})
    if store == "file":
        (tmp_path / "key.json").write_text(theirs)
    elif store == "ssm":
        user.ssm.put_parameter(Name=stored_at, Value=theirs, Type="SecureString")
    else:
        user.aws.client("secretsmanager").create_secret(Name=stored_at, SecretString=theirs)
    user.aws.clear_requests()
    for state in ("present", "rotated", "absent"):
        with pytest.raises(AwsError, match="something else than an access key is stored there"):
            user.run(store=store, stored_at=stored_at, state=state)
    assert user.aws.writes() == []
    assert user.keys() == []
    assert store != "file" or (tmp_path / "key.json").read_text() == theirs


@pytest.mark.parametrize("store", ["ssm", "secretsmanager", "file"])
def test_runs_at_the_same_moment_make_one_key(
    user: User, store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_facts, "SETTLED_AFTER", timedelta(seconds=20))
    stored_at = str(tmp_path / "key.json") if store == "file" else user.stored_at
    start = threading.Barrier(4)
    results: list[dict[str, Any]] = []

    def go() -> None:
        start.wait()
        results.append(user.run(store=store, stored_at=stored_at))

    threads = [threading.Thread(target=go) for _run in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 4
    assert len({result["access_key_id"] for result in results}) == 1
    assert [result["changed"] for result in results].count(True) == 1
    assert user.keys() == [results[0]["access_key_id"]]


def test_rotations_at_the_same_moment_make_one_key(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    first = user.run()["access_key_id"]
    monkeypatch.setattr(key_facts, "SETTLED_AFTER", timedelta(seconds=20))
    start = threading.Barrier(3)
    results: list[dict[str, Any]] = []

    def go() -> None:
        start.wait()
        results.append(user.run(state="rotated"))

    threads = [threading.Thread(target=go) for _run in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({result["access_key_id"] for result in results}) == 1
    assert user.keys() == sorted([first, results[0]["access_key_id"]])
    assert user.stored()["replaces"] == first


def test_a_parameter_that_was_changed_in_between_is_not_written_over(aws: AwsStandIn, user: User) -> None:
    store = SsmStore(Module(aws), user.stored_at, "")
    assert store.create("mine") is True
    before = store.read()
    assert before
    user.ssm.put_parameter(Name=user.stored_at, Value="another's", Type="SecureString", Overwrite=True)
    aws.clear_requests()
    assert store.replace("mine again", before) is False
    assert aws.writes() == []
    user.ssm.delete_parameter(Name=user.stored_at)
    assert store.replace("mine again", before) is False
    assert user.ssm.get_parameters(Names=[user.stored_at])["Parameters"] == []


def test_a_key_that_is_stored_in_between(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another run takes the note for a dead one's and is quicker: this run's own key is deleted again."""
    winner = user.iam.create_access_key(UserName=user.name)["AccessKey"]
    create = key_facts.new_document
    text = json.dumps(create(winner, {}, None))
    written: list[str] = []

    def slow(*arguments: Any) -> dict[str, str]:
        if not written:
            written.append(text)
            user.ssm.put_parameter(Name=user.stored_at, Value=text, Type="SecureString", Overwrite=True)
        return create(*arguments)

    monkeypatch.setattr(key_facts, "new_document", slow)
    result = user.run(recreate=True)
    assert result["changed"] is False
    assert result["access_key_id"] == winner["AccessKeyId"]
    assert user.both_hold(winner["AccessKeyId"])


def test_a_replacement_that_comes_second_puts_the_other_back(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead = user.run()["access_key_id"]
    user.iam.delete_access_key(UserName=user.name, AccessKeyId=dead)
    create = key_facts.new_document
    winner: dict[str, str] = {}

    def slow(*arguments: Any) -> dict[str, str]:
        if not winner:
            winner.update(create(user.iam.create_access_key(UserName=user.name)["AccessKey"], {}, None))
            text = json.dumps(winner)
            user.ssm.put_parameter(Name=user.stored_at, Value=text, Type="SecureString", Overwrite=True)
        return create(*arguments)

    monkeypatch.setattr(key_facts, "new_document", slow)
    result = user.run(recreate=True)
    assert result["changed"] is False
    assert result["access_key_id"] == winner["access_key_id"]
    assert user.both_hold(winner["access_key_id"])


@pytest.mark.parametrize("state", ["present", "rotated"])
@pytest.mark.parametrize(
    ("store", "fault", "permission"),
    [
        ("ssm", "ssm:PutParameter", "ssm:PutParameter"),
        ("secretsmanager", "secretsmanager:{call}", "secretsmanager:{call}"),
    ],
)
def test_a_store_that_cannot_be_written_to_is_found_out_before_a_key_is_made(
    aws: AwsStandIn, user: User, state: str, store: str, fault: str, permission: str
) -> None:
    call = "CreateSecret"
    if state == "rotated":
        user.run(store=store)
        call = "PutSecretValue"
    before = user.keys()
    aws.clear_requests()
    aws.fault(fault.format(call=call), count=1, status=400, code="AccessDeniedException", message="no")
    with pytest.raises(AwsError, match="AccessDeniedException: no") as failed:
        user.run(store=store, state=state)
    assert f"permission {permission.format(call=call)}" in str(failed.value)
    assert aws.requests("iam:CreateAccessKey") == []
    assert user.keys() == before
    assert user.run(store=store, state=state)["changed"] is True


class Breaks:
    """Something breaks after the key is made and before it is stored."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, then: Callable[[], Any]) -> None:
        self.create, self.then = key_facts.new_document, then
        monkeypatch.setattr(key_facts, "new_document", self)

    def __call__(self, *arguments: Any) -> dict[str, str]:
        self.then()
        self.then = lambda: None
        return self.create(*arguments)


def test_a_key_that_cannot_be_stored_is_deleted_again(
    aws: AwsStandIn, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    Breaks(
        monkeypatch,
        lambda: aws.fault(
            "ssm:PutParameter", count=1, status=400, code="AccessDeniedException", message="no"
        ),
    )
    with pytest.raises(AwsError) as failed:
        user.run()
    text = str(failed.value)
    assert f"Writing SSM parameter {user.stored_at}: AccessDeniedException: no" in text
    assert "was deleted again" in text
    assert "permission ssm:PutParameter" in text
    assert user.keys() == []
    assert user.run()["changed"] is True


def test_a_key_that_can_neither_be_stored_nor_deleted_is_named_and_the_next_run_deletes_it(
    aws: AwsStandIn, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing_works() -> None:
        aws.fault("ssm:PutParameter", count=1, status=400, code="AccessDeniedException")
        aws.fault("iam:DeleteAccessKey", count=1, status=403, code="AccessDenied")

    Breaks(monkeypatch, nothing_works)
    with pytest.raises(AwsError, match="is left, delete it") as failed:
        user.run()
    (left,) = user.keys()
    assert left in str(failed.value)
    result = user.run()
    assert result["deleted_access_key_ids"] == [left]
    assert user.both_hold(result["access_key_id"])


def test_a_key_that_may_not_be_made_leaves_nothing(aws: AwsStandIn, user: User) -> None:
    aws.fault("iam:CreateAccessKey", count=1, status=403, code="AccessDenied")
    with pytest.raises(AwsError, match="permission iam:CreateAccessKey"):
        user.run()
    assert user.ssm.get_parameters(Names=[user.stored_at])["Parameters"] == []


def test_a_key_that_may_have_been_made_is_found_by_the_next_run(aws: AwsStandIn, user: User) -> None:
    aws.fault("iam:CreateAccessKey", count=1, status=503, code="ServiceUnavailable", when="after")
    with pytest.raises(AwsError, match="ServiceUnavailable"):
        user.run()
    (made,) = user.keys()
    result = user.run()
    assert result["deleted_access_key_ids"] == [made]
    assert user.both_hold(result["access_key_id"])


def test_a_stored_answer_that_got_lost_is_recognised(aws: AwsStandIn, user: User) -> None:
    aws.fault("ssm:PutParameter", count=1, status=500, code="InternalServerError", when="after")
    result = user.run()
    assert result["changed"] is True
    assert user.both_hold(result["access_key_id"])


def test_creation_is_never_sent_twice(aws: AwsStandIn, user: User) -> None:
    aws.clear_requests()
    aws.fault("iam:CreateAccessKey", count=1, status=503, code="ServiceUnavailable", when="after")
    with pytest.raises(AwsError, match="Making an access key"):
        user.run()
    assert len(aws.requests("iam:CreateAccessKey")) == 1


def test_nothing_is_made_if_the_store_cannot_be_read(aws: AwsStandIn, user: User) -> None:
    aws.clear_requests()
    aws.fault("ssm:GetParameter", count=1, status=400, code="AccessDeniedException")
    with pytest.raises(AwsError, match=r"permission ssm:GetParameter"):
        user.run()
    assert aws.writes() == []


def test_a_new_key_is_waited_for(aws: AwsStandIn, user: User) -> None:
    aws.settings(key_delay=1.5)
    aws.clear_requests()
    key_id = user.run()["access_key_id"]
    asked = [each for each in aws.requests("sts:GetCallerIdentity") if each["access_key_id"] == key_id]
    assert asked[0]["error"] == "InvalidClientTokenId"
    assert asked[-1]["status"] == 200


def test_a_key_that_never_works_is_stored_all_the_same(aws: AwsStandIn, user: User) -> None:
    aws.settings(key_delay=60)
    result = user.run(wait_timeout=1)
    assert (result["failed"], result["not_yet"], result["changed"]) == (True, True, True)
    assert "InvalidClientTokenId" in result["msg"]
    assert f"The key is in SSM parameter {user.stored_at}" in result["msg"]
    aws.settings(key_delay=0)
    assert user.run()["changed"] is False


def test_a_key_that_may_not_list_the_bucket(aws: AwsStandIn, user: User) -> None:
    bucket = f"b-{uuid.uuid4().hex[:12]}"
    aws.client("s3").create_bucket(
        Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": aws.region}
    )
    result = user.run(bucket=bucket, wait_timeout=1)
    assert result["not_yet"] is True
    assert "no policy of its user allows s3:ListBucket" in result["msg"]
    policy = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [policy]})
    user.iam.put_user_policy(UserName=user.name, PolicyName="p", PolicyDocument=document)
    assert user.run(bucket=bucket)["changed"] is False
    with pytest.raises(AwsError, match="NoSuchBucket"):
        user.run(bucket=bucket + "-not", wait_timeout=1)


def test_a_stored_secret_that_is_anothers(aws: AwsStandIn, user: User) -> None:
    user.run()
    document = {**user.stored(), "secret_access_key": "x" * 40}
    user.ssm.put_parameter(
        Name=user.stored_at, Value=json.dumps(document), Type="SecureString", Overwrite=True
    )
    with pytest.raises(AwsError, match="The stored secret is another key's"):
        user.run()


def test_a_rotation_that_was_interrupted_can_be_run_again(user: User) -> None:
    first = user.run()["access_key_id"]
    orphan = user.iam.create_access_key(UserName=user.name)["AccessKey"]["AccessKeyId"]
    result = user.run(state="rotated")
    assert result["changed"] is True
    assert result["deleted_access_key_ids"] == [orphan]
    assert user.keys() == sorted([first, result["access_key_id"]])
    assert user.run(state="rotated")["changed"] is False


def test_a_stored_key_that_does_not_work_retires_no_other(aws: AwsStandIn, user: User) -> None:
    user.run()
    user.run(state="rotated")
    document = {**user.stored(), "secret_access_key": "x" * 40}
    user.ssm.put_parameter(
        Name=user.stored_at, Value=json.dumps(document), Type="SecureString", Overwrite=True
    )
    with pytest.raises(AwsError, match="The stored secret is another key's"):
        user.run(state="retired")
    assert len(user.keys()) == 2


def test_a_parameter_that_is_not_encrypted_is_refused(user: User) -> None:
    user.ssm.put_parameter(Name=user.stored_at, Value="x", Type="String")
    with pytest.raises(AwsError, match="not encrypted"):
        user.run(recreate=True)


def test_check_mode_sends_nothing_but_reads(aws: AwsStandIn, user: User) -> None:
    aws.clear_requests()
    for state in ("present", "rotated", "absent"):
        user.run(state=state, check=True)
    user_name = f"nobody-{uuid.uuid4().hex[:8]}"
    predicted = user.run(user_name=user_name, check=True)
    assert predicted["changed"] is True
    assert predicted["access_key_id"] is None
    assert aws.writes() == []


def test_the_secret_is_masked_from_the_moment_it_is_known(aws: AwsStandIn, user: User) -> None:
    module = Module(aws, user_name=user.name, stored_at=user.stored_at)
    result = apply_key.run(module)
    secret = user.stored()["secret_access_key"]
    assert secret in module.no_log_values
    assert secret not in json.dumps(result)


def test_removing_the_key_of_a_user_who_is_gone(user: User) -> None:
    key_id = user.run()["access_key_id"]
    user.iam.delete_access_key(UserName=user.name, AccessKeyId=key_id)
    user.iam.delete_user(UserName=user.name)
    result = user.run(state="absent")
    assert result["changed"] is True
    assert result["deleted_access_key_ids"] == []
    assert user.run(state="absent")["changed"] is False


def test_removing_the_key_waits_for_an_upload_of_many_parts(user: User) -> None:
    """Decommissioning took the key away from a server in the middle of an upload."""
    key_id = user.run()["access_key_id"]
    s3 = user.aws.client("s3")
    bucket = f"uploads-{uuid.uuid4().hex[:8]}"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": user.aws.region})
    begun = s3.create_multipart_upload(Bucket=bucket, Key="streams/concert.mp4")["UploadId"]
    for check in (True, False):
        kept = user.run(state="absent", bucket=bucket, check=check)
        assert (kept["changed"], kept["access_key_id"], user.keys()) == (False, key_id, [key_id])
        assert "streams/concert.mp4" in kept["pending"]
    s3.abort_multipart_upload(Bucket=bucket, Key="streams/concert.mp4", UploadId=begun)
    gone = user.run(state="absent", bucket=bucket)
    assert (gone["deleted_access_key_ids"], user.keys()) == ([key_id], [])
    assert "pending" not in gone
