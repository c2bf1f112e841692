# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An IAM user for a program on the stand-in: races, refusals and what is not to be deleted."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws import (
    apply_programmatic_user as apply,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.errors import AwsError

if TYPE_CHECKING:
    from tests.support.aws import AwsStandIn
    from tests.support.aws.stand_in import Credentials

POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::b"}],
}


class Module:
    """What the code asks of an AnsibleAWSModule."""

    def __init__(
        self, aws: AwsStandIn, params: dict[str, Any], *, check: bool = False, key: Credentials | None = None
    ) -> None:
        self.aws, self.key, self.check_mode, self.region = aws, key, check, "eu-west-1"
        self.params = {
            "state": "present",
            "policy_name": "recordings",
            "policy": POLICY,
            "managed_policies": None,
            "path": None,
            "tags": None,
            "delete_access_keys": False,
            "endpoint_url": aws.endpoint_url,
            **params,
        }

    def client(self, service: str, **options: Any) -> Any:
        return self.aws.client(service, self.key, **options)


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    monkeypatch.setattr(apply, "_READ_BACK_SECONDS", 0.2)


@pytest.fixture
def name() -> str:
    return f"ams-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def iam(aws: AwsStandIn) -> Any:
    aws.clear_faults()
    return aws.client("iam")


def run(aws: AwsStandIn, name: str, **options: Any) -> dict[str, Any]:
    how = {each: options.pop(each) for each in ("check", "key") if each in options}
    return apply.run(Module(aws, {"user_name": name, **options}, **how))


def test_a_user_made_by_another_run_at_the_same_moment(aws: AwsStandIn, iam: Any, name: str) -> None:
    iam.create_user(UserName=name)
    aws.fault("iam:GetUser", count=1, status=404, code="NoSuchEntity")
    result = run(aws, name)
    assert result["changes"] == ["add inline policy recordings"]
    assert result["diff"]["before"] == {"policy": None}
    assert run(aws, name)["changed"] is False


def test_iam_that_is_slow_to_know_a_new_user(aws: AwsStandIn, iam: Any, name: str) -> None:
    aws.fault("iam:GetUser", count=3, status=404, code="NoSuchEntity")
    aws.fault("iam:PutUserPolicy", count=2, status=404, code="NoSuchEntity")
    aws.fault("iam:AttachUserPolicy", count=1, status=409, code="ConcurrentModification")
    result = run(aws, name, managed_policies=["AmazonS3FullAccess"])
    assert result["changes"] == [
        f"create the user {name}",
        "add inline policy recordings",
        "attach managed policy AmazonS3FullAccess",
    ]


def test_a_user_whom_iam_never_gets_to_know(aws: AwsStandIn, iam: Any, name: str) -> None:
    aws.fault("iam:GetUser", count=99999, status=404, code="NoSuchEntity")
    with pytest.raises(AwsError, match="there is no such user"):
        run(aws, name)
    with pytest.raises(AwsError, match="does not tell upper from lower case"):
        run(aws, name)
    aws.clear_faults()


def test_a_denied_call_names_the_permission(aws: AwsStandIn, iam: Any, name: str) -> None:
    allowed = ["iam:GetUser", "iam:GetUserPolicy", "iam:GetLoginProfile", "iam:CreateUser"]
    statement = {"Effect": "Allow", "Action": allowed, "Resource": "*"}
    key = aws.make_user({"Version": "2012-10-17", "Statement": [statement]})
    with pytest.raises(AwsError) as failed:
        run(aws, name, key=key)
    text = str(failed.value)
    assert f"IAM user {name} (add inline policy recordings): AccessDenied: " in text
    assert "permission iam:PutUserPolicy" in text
    assert f"Done before that: create the user {name}" in text
    assert failed.value.code == "AccessDenied"


def test_deleting_needs_no_permission_to_look_for_what_is_kept(aws: AwsStandIn, iam: Any, name: str) -> None:
    run(aws, name)
    allowed = [
        *("iam:GetUser", "iam:GetLoginProfile", "iam:ListAccessKeys", "iam:ListUserPolicies"),
        *("iam:ListAttachedUserPolicies", "iam:ListGroupsForUser", "iam:DeleteUserPolicy", "iam:DeleteUser"),
    ]
    statement = {"Effect": "Allow", "Action": allowed, "Resource": "*"}
    key = aws.make_user({"Version": "2012-10-17", "Statement": [statement]})
    assert run(aws, name, key=key, state="absent")["changed"] is True


def test_every_belonging_goes_before_the_user(aws: AwsStandIn, iam: Any, name: str) -> None:
    run(aws, name, managed_policies=["AmazonS3FullAccess"])
    iam.create_login_profile(UserName=name, Password="A-password-of-1-test")
    iam.create_group(GroupName=f"g-{name}")
    iam.add_user_to_group(GroupName=f"g-{name}", UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="other", PolicyDocument=json.dumps(POLICY))
    key = iam.create_access_key(UserName=name)["AccessKey"]["AccessKeyId"]
    aws.clear_requests()
    with pytest.raises(AwsError, match=f"access keys {key}"):
        run(aws, name, state="absent")
    assert aws.writes() == []
    predicted = run(aws, name, state="absent", delete_access_keys=True, check=True)
    assert aws.writes() == []
    result = run(aws, name, state="absent", delete_access_keys=True)
    assert result == predicted
    assert result["changes"] == [
        "remove console access",
        f"delete access key {key}",
        "delete inline policy other",
        "delete inline policy recordings",
        "detach managed policy AmazonS3FullAccess",
        f"take the user out of group g-{name}",
        f"delete the user {name}",
    ]
    assert result["arn"].endswith(f":user/{name}")
    again = run(aws, name, state="absent")
    assert (again["changed"], again["changes"], "arn" in again) == (False, [], False)


def test_an_mfa_device_is_never_deleted(aws: AwsStandIn, iam: Any, name: str) -> None:
    run(aws, name)
    serial = iam.create_virtual_mfa_device(VirtualMFADeviceName=name)["VirtualMFADevice"]["SerialNumber"]
    iam.enable_mfa_device(
        UserName=name, SerialNumber=serial, AuthenticationCode1="123456", AuthenticationCode2="654321"
    )
    aws.clear_requests()
    with pytest.raises(AwsError, match=f"MFA device {serial}.*never deletes.*Nothing was changed"):
        run(aws, name, state="absent", delete_access_keys=True)
    assert aws.writes() == []


def test_what_aws_does_not_let_go_is_explained(aws: AwsStandIn, iam: Any, name: str) -> None:
    run(aws, name)
    aws.fault("iam:DeleteUser", count=99, status=409, code="DeleteConflict", message="must delete X first")
    with pytest.raises(AwsError, match=r"DeleteConflict: must delete X first.*never deletes") as failed:
        run(aws, name, state="absent")
    assert "Done before that: delete inline policy recordings" in str(failed.value)
    aws.clear_faults()
    aws.fault("iam:DeleteUser", count=1, status=409, code="DeleteConflict")
    assert run(aws, name, state="absent")["changes"] == [f"delete the user {name}"]


def test_managed_policies_of_the_account(aws: AwsStandIn, iam: Any, name: str) -> None:
    own = iam.create_policy(PolicyName=f"own-{name}", Path="/team/", PolicyDocument=json.dumps(POLICY))
    arn = own["Policy"]["Arn"]
    predicted = run(aws, name, managed_policies=[f"own-{name}"], check=True)
    assert predicted["changes"][-1] == f"attach managed policy {arn}"
    run(aws, name, managed_policies=[f"own-{name}"])
    assert run(aws, name, managed_policies=[arn])["changed"] is False
    for unknown in ("Nope", f"{arn}x"):
        with pytest.raises(AwsError, match="neither AWS nor the account has it"):
            run(aws, name, managed_policies=[unknown], check=True)


def test_a_change_that_does_not_last_is_an_error(
    aws: AwsStandIn, iam: Any, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(aws, name)

    class Forgetful(Module):
        def client(self, service: str, **options: Any) -> Any:
            client = super().client(service, **options)
            client.put_user_policy = lambda **_arguments: {}
            return client

    policy = {"Version": "2012-10-17", "Statement": [{**POLICY["Statement"][0], "Effect": "Deny"}]}  # type: ignore[dict-item]
    with pytest.raises(AwsError, match="still to be done would be: change inline policy recordings"):
        apply.run(Forgetful(aws, {"user_name": name, "policy": policy}))


def test_a_policy_too_long_beside_others(aws: AwsStandIn, iam: Any, name: str) -> None:
    aws.fault("iam:PutUserPolicy", count=1, status=409, code="LimitExceeded", message="Maximum policy size")
    with pytest.raises(AwsError, match="2048 characters of inline policies in all"):
        run(aws, name)


def test_a_path_and_tags(aws: AwsStandIn, iam: Any, name: str) -> None:
    run(aws, name)
    options: dict[str, Any] = {"path": "/media/", "tags": {"team": 7}}
    predicted = run(aws, name, **options, check=True)
    result = run(aws, name, **options)
    assert predicted == result
    assert result["arn"].endswith(f":user/media/{name}")
    assert result["diff"]["after"] == {"path": "/media/", "tags": {"team": "7"}}
    assert run(aws, name, **options)["changed"] is False
