# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The IAM user that a bucket had before: deleted with its key, or left alone, on the stand-in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws import previous_iam_user
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.storage_modules import (
    DEFAULTS,
    Params,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.errors import AwsError

from .test_iam_stored_access_key_apply import Module, User

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from stand_ins.aws import AwsStandIn


POLICY = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
)


@pytest.fixture
def user(aws: AwsStandIn) -> Iterator[User]:
    aws.clear_faults()
    yield User(aws)
    aws.clear_faults()


def run(user: User, *, check: bool = False, **options: Any) -> dict[str, Any]:
    module = Module(user.aws, check)
    place = {"key_store": "ssm", "key_stored_at": user.stored_at}
    own = {"user_name": user.name, "endpoint_url": user.aws.endpoint_url, **place, **options}
    module.params = Params({**DEFAULTS, **own})
    return previous_iam_user.run(module)


def exists(user: User) -> bool:
    return any(each["UserName"] == user.name for each in user.iam.list_users()["Users"])


def test_it_is_deleted_with_its_key_only_when_that_is_allowed(user: User) -> None:
    key = user.run()["access_key_id"]
    user.iam.put_user_policy(UserName=user.name, PolicyName="recordings", PolicyDocument=POLICY)
    user.aws.clear_requests()
    found = run(user)
    assert (found["changed"], found["deletes"], found["access_key_ids"]) == (False, True, [key])
    predicted = run(user, check=True, may_delete=True)
    # The playbook says by it that the user would be deleted.
    assert (predicted["changed"], predicted["deletes"]) == (True, True)
    assert predicted["msg"] == (
        f"IAM user {user.name} would be deleted, with its policy and its access key, {key}"
    )
    assert user.aws.writes() == []
    done = run(user, may_delete=True)
    assert (done["changed"], done["deletes"]) == (True, False)
    assert done["msg"] == f"IAM user {user.name} is deleted, with its policy and its access key, {key}"
    assert not exists(user)
    again = run(user, may_delete=True)
    assert (again["changed"], again["deletes"], again["stays"]) == (False, False, "")


def test_a_run_that_was_killed_between_key_and_user_is_finished_by_the_next(user: User) -> None:
    user.run()
    user.run(state="absent")
    assert run(user)["deletes"]
    assert run(user, may_delete=True)["changed"]
    assert not exists(user)


def test_its_key_in_an_encrypted_file(user: User, tmp_path: Path) -> None:
    place = tmp_path / "key.json"
    user.run(store="file", stored_at=str(place), vault_password=["of-a-test"])
    options: dict[str, Any] = {
        "key_store": "file",
        "key_stored_at": str(place),
        "vault_password": ["of-a-test"],
    }
    assert run(user, may_delete=True, **options)["changed"]
    assert not exists(user)
    assert not place.exists()


@pytest.mark.parametrize("what", ["a user of someone else", "a key that is not stored", "a group"])
def test_what_is_not_deleted(user: User, what: str) -> None:
    user.run()
    if what == "a user of someone else":
        user.iam.untag_user(UserName=user.name, TagKeys=["managed-by"])
    elif what == "a key that is not stored":
        user.iam.create_access_key(UserName=user.name)
    else:
        user.iam.create_group(GroupName=f"{user.name}-group")
        user.iam.add_user_to_group(UserName=user.name, GroupName=f"{user.name}-group")
    user.aws.clear_requests()
    found = run(user, may_delete=True)
    assert (found["changed"], found["deletes"]) == (False, False)
    assert found["stays"]
    assert user.aws.writes() == []


def test_it_stays_while_an_upload_with_its_key_is_in_progress(user: User) -> None:
    user.run()
    s3, bucket = user.aws.client("s3"), f"{user.name}-bucket"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": user.aws.region})
    s3.create_multipart_upload(Bucket=bucket, Key="streams/concert.mp4")
    found = run(user, may_delete=True, bucket=bucket)
    assert found["deletes"]
    assert "streams/concert.mp4" in found["stays"]
    assert exists(user)
    again = run(user, may_delete=True, bucket=bucket)
    assert (again["changed"], again["stays"]) == (False, found["stays"])


def status(user: User) -> list[str]:
    return [each["Status"] for each in user.iam.list_access_keys(UserName=user.name)["AccessKeyMetadata"]]


def predicted(user: User) -> tuple[bool, str]:
    """Return what check mode says: whether the next run changes anything, and why the user stays."""
    found = run(user, check=True, may_delete=True, delete_after=86400)
    return found["changed"], found["stays"]


def test_it_is_deleted_by_a_later_run_when_nothing_has_used_its_key(user: User) -> None:
    """A server of another inventory lost its key at once, for good."""
    user.run(wait=False)
    check = predicted(user)
    first = run(user, may_delete=True, delete_after=86400)
    assert check == (True, first["stays"])
    assert (first["changed"], first["deletes"], status(user)) == (True, True, ["Active"])
    assert first["msg"].startswith(f"IAM user {user.name} stays for now: ")
    will_change, why = predicted(user)
    assert (will_change, "is made inactive, a run after" in why) == (True, True)
    second = run(user, may_delete=True, delete_after=86400)
    assert (second["changed"], second["deletes"], status(user)) == (True, True, ["Inactive"])
    check = predicted(user)
    third = run(user, may_delete=True, delete_after=86400)
    assert check == (False, third["stays"])
    assert (third["changed"], third["deletes"]) == (False, True)
    assert "is inactive, a run after" in third["stays"]
    document = user.stored()
    since = dict.fromkeys(document["inactive_since"], "2026-01-01T00:00:00+00:00")
    user.ssm.put_parameter(
        Name=user.stored_at,
        Value=json.dumps({**document, "inactive_since": since}),
        Type="SecureString",
        Overwrite=True,
    )
    assert run(user, may_delete=True, delete_after=86400)["deletes"] is False
    assert not exists(user)


def test_a_user_that_stays_without_its_key_is_an_error_that_says_so(user: User) -> None:
    """The message said that the key had stayed too."""
    key = user.run(wait=False)["access_key_id"]
    user.aws.fault("iam:DeleteUser", code="AccessDenied", status=403, count=9)
    with pytest.raises(AwsError, match=f"Done before that: access key {key} is deleted") as failed:
        run(user, may_delete=True)
    assert failed.value.masked(["secret"]).result()["changed"] is True
    assert user.keys() == []


def test_a_key_that_is_deleted_and_stays_stored_is_an_error_that_says_so(user: User) -> None:
    """The error named the key store alone, and the task counted as unchanged."""
    key = user.run(wait=False)["access_key_id"]
    user.aws.fault("ssm:DeleteParameter", code="AccessDeniedException", status=400, count=9)
    with pytest.raises(AwsError, match=f"Done before that: access key {key} is deleted") as failed:
        run(user, may_delete=True)
    assert failed.value.result()["changed"] is True


def test_an_error_before_any_change_counts_as_no_change(user: User) -> None:
    user.run(wait=False)
    user.aws.fault("iam:DeleteAccessKey", code="AccessDenied", status=403, count=9)
    with pytest.raises(AwsError) as failed:
        run(user, may_delete=True)
    assert "changed" not in failed.value.result()
    assert "Done before that" not in str(failed.value)
