# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An IAM user for a program on the stand-in: races, refusals and what is not to be deleted."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws import (
    iam_programmatic_user_apply as apply,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.ownership import tags_of
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.tags import to_aws
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.errors import AwsError

if TYPE_CHECKING:
    from stand_ins.aws import AwsStandIn
    from stand_ins.aws.stand_in import Credentials

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
            "permissions_boundary": None,
            "path": None,
            "tags": None,
            "bucket": None,
            "adopt": False,
            "delete_access_keys": False,
            "previous_kms_keys": "forget",
            "forget_kms_keys": [],
            "endpoint_url": aws.endpoint_url,
            **params,
        }

    def client(self, service: str, **options: Any) -> Any:
        return self.aws.client(service, self.key, **options)


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _seconds: None)


@pytest.fixture
def _no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
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
    iam.create_user(UserName=name, Tags=to_aws(tags_of(None)))
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


@pytest.mark.usefixtures("_no_patience")
def test_a_user_whom_iam_never_gets_to_know(aws: AwsStandIn, iam: Any, name: str) -> None:
    aws.fault("iam:GetUser", count=99999, status=404, code="NoSuchEntity")
    with pytest.raises(AwsError, match="there is no such user"):
        run(aws, name)
    with pytest.raises(AwsError, match="treats upper and lower case alike"):
        run(aws, name)
    aws.clear_faults()


def test_a_denied_call_names_the_permission(aws: AwsStandIn, iam: Any, name: str) -> None:
    allowed = ["iam:GetUser", "iam:GetUserPolicy", "iam:GetLoginProfile", "iam:CreateUser", "iam:TagUser"]
    statement = {"Effect": "Allow", "Action": allowed, "Resource": "*"}
    key = aws.make_user({"Version": "2012-10-17", "Statement": [statement]})
    with pytest.raises(AwsError) as failed:
        run(aws, name, key=key)
    text = str(failed.value)
    assert f"IAM user {name} (add inline policy recordings): AccessDenied: " in text
    assert "permission iam:PutUserPolicy" in text
    assert f"Done before that: create the user {name}" in text
    assert failed.value.code == "AccessDenied"


@pytest.mark.parametrize(
    ("action", "is_about_it"),
    [
        ("iam:CreateUser", True),
        ("iam:PutUserPolicy", True),
        ("iam:AttachUserPolicy", True),
        ("iam:TagUser", False),
        ("iam:DeleteLoginProfile", False),
    ],
)
def test_a_boundary_is_advised_only_where_a_policy_can_demand_one(
    aws: AwsStandIn, iam: Any, name: str, boundary: str, action: str, is_about_it: bool
) -> None:
    if action != "iam:CreateUser":
        iam.create_user(UserName=name, Tags=to_aws(tags_of(None)))
        iam.create_login_profile(UserName=name, Password="Secret-123456")
    wanted = {"managed_policies": ["AmazonS3FullAccess"], "tags": {"team": "a"}}
    for given in ({}, {"permissions_boundary": boundary}):
        aws.clear_faults()
        aws.fault(action, status=403, code="AccessDenied")
        with pytest.raises(AwsError, match=f"permission {action}") as failed:
            run(aws, name, **wanted, **given)
        advice = "If the policy of these credentials demands a permissions boundary, give its ARN by"
        assert (advice in str(failed.value)) is (is_about_it and not given)
    aws.clear_faults()


def test_reading_back_advises_no_boundary(aws: AwsStandIn, iam: Any, name: str) -> None:
    aws.fault("iam:GetUser", skip=2, status=403, code="AccessDenied")
    with pytest.raises(AwsError, match="permission iam:GetUser") as failed:
        run(aws, name)
    assert "Done before that" in str(failed.value)
    assert "boundary" not in str(failed.value)
    aws.clear_faults()


def test_deleting_needs_no_permission_to_look_for_what_is_kept(aws: AwsStandIn, iam: Any, name: str) -> None:
    run(aws, name)
    allowed = [
        *("iam:GetUser", "iam:GetLoginProfile", "iam:ListAccessKeys", "iam:ListUserPolicies"),
        *("iam:ListAttachedUserPolicies", "iam:ListGroupsForUser", "iam:DeleteUserPolicy", "iam:DeleteUser"),
    ]
    statement = {"Effect": "Allow", "Action": allowed, "Resource": "*"}
    key = aws.make_user({"Version": "2012-10-17", "Statement": [statement]})
    assert run(aws, name, key=key, state="absent")["changed"] is True


def test_everything_of_ours_goes_before_the_user(aws: AwsStandIn, iam: Any, name: str) -> None:
    run(aws, name, managed_policies=["AmazonS3FullAccess"])
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
        f"delete access key {key}",
        "delete inline policy recordings",
        "detach managed policy AmazonS3FullAccess",
        f"delete the user {name}",
    ]
    assert (result["ours"], result["stays"]) == (True, [])
    assert result["arn"].endswith(f":user/{name}")
    again = run(aws, name, state="absent")
    assert (again["changed"], again["changes"], "arn" in again) == (False, [], False)


class Person:
    """Somebody with a login, a group, policies and a key of her own."""

    def __init__(self, iam: Any, name: str) -> None:
        self.iam, self.name = iam, name
        iam.create_login_profile(UserName=name, Password="A-password-of-1-test")
        iam.create_group(GroupName=f"g-{name}")
        iam.add_user_to_group(GroupName=f"g-{name}", UserName=name)
        iam.put_user_policy(UserName=name, PolicyName="payroll", PolicyDocument=json.dumps(POLICY))
        iam.attach_user_policy(UserName=name, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")

    def has_all(self) -> bool:
        iam, name = self.iam, self.name
        attached = iam.list_attached_user_policies(UserName=name)["AttachedPolicies"]
        return bool(
            iam.get_login_profile(UserName=name)
            and iam.list_groups_for_user(UserName=name)["Groups"]
            and "payroll" in iam.list_user_policies(UserName=name)["PolicyNames"]
            and [each["PolicyName"] for each in attached] == ["AdministratorAccess"]
        )


def test_an_administrator_who_exists_is_left_alone(aws: AwsStandIn, iam: Any, name: str) -> None:
    """She lost her console login to the first run, and everything with the removal."""
    iam.create_user(UserName=name)
    alice = Person(iam, name)
    iam.put_user_policy(UserName=name, PolicyName="recordings", PolicyDocument=json.dumps(POLICY))
    key = iam.create_access_key(UserName=name)["AccessKey"]["AccessKeyId"]
    aws.clear_requests()
    for adopt in (False, True):
        with pytest.raises(
            AwsError, match=r"a console password.*payroll.*AdministratorAccess.*never adopted"
        ):
            run(aws, name, bucket="b", adopt=adopt)
        result = run(aws, name, bucket="b", adopt=adopt, state="absent", delete_access_keys=True)
        assert (result["changed"], result["changes"], result["ours"]) == (False, [], False)
        assert "someone else's" in result["stays"][0]
    assert aws.writes() == []
    assert alice.has_all()
    assert iam.list_access_keys(UserName=name)["AccessKeyMetadata"][0]["AccessKeyId"] == key


def test_a_user_of_ours_that_serves_something_else_now_stays(aws: AwsStandIn, iam: Any, name: str) -> None:
    run(aws, name, bucket="b")
    person = Person(iam, name)
    predicted = run(aws, name, bucket="b", state="absent", check=True)
    result = run(aws, name, bucket="b", state="absent")
    assert result == predicted
    assert (result["changes"], result["ours"]) == (["delete inline policy recordings"], True)
    assert [each.split()[1] for each in result["stays"]] == ["console", "inline", "attached", "groups"]
    assert f"IAM user {name} stays, because it has a console password" in result["msg"]
    assert person.has_all()
    assert run(aws, name, bucket="b", state="absent")["changed"] is False


def test_a_user_is_adopted_where_it_is_asked_and_then_is_ours(aws: AwsStandIn, iam: Any, name: str) -> None:
    iam.create_user(UserName=name)
    iam.attach_user_policy(UserName=name, PolicyArn="arn:aws:iam::aws:policy/AmazonS3FullAccess")
    aws.clear_requests()
    with pytest.raises(AwsError, match="-e s3_recording_adopt_iam_user=true"):
        run(aws, name, bucket="b")
    assert aws.writes() == []
    predicted = run(aws, name, bucket="b", adopt=True, check=True)
    result = run(aws, name, bucket="b", adopt=True)
    assert result == predicted
    assert result["changes"] == ["set tags antmedia-bucket, managed-by", "add inline policy recordings"]
    assert run(aws, name, bucket="b")["changed"] is False
    with pytest.raises(AwsError, match="it is the user of bucket b "):
        run(aws, name, bucket="other", adopt=True)
    assert run(aws, name, bucket="other", state="absent")["changed"] is False
    assert run(aws, name, bucket="b", state="absent")["changes"][-1] == f"delete the user {name}"


def test_full_access_that_nobody_asked_for_is_warned_of(aws: AwsStandIn, iam: Any, name: str) -> None:
    """The user of Ant Media's guide has it, and keeps it when it is adopted."""
    arn = "arn:aws:iam::aws:policy/AmazonS3FullAccess"
    assert run(aws, name, bucket="b")["warnings"] == []
    iam.attach_user_policy(UserName=name, PolicyArn=arn)
    for check in (True, False):
        (warning,) = run(aws, name, bucket="b", check=check)["warnings"]
        assert f"IAM user {name} has the policy AmazonS3FullAccess" in warning
        assert f"aws iam detach-user-policy --user-name {name} --policy-arn {arn}" in warning
        for asked in ("AmazonS3FullAccess", arn):
            assert run(aws, name, bucket="b", managed_policies=[asked], check=check)["warnings"] == []
    own = iam.create_policy(PolicyName=f"limit-{name}", PolicyDocument=json.dumps(POLICY))["Policy"]["Arn"]
    assert "can do everything in all buckets" in warning
    (warning,) = run(aws, name, bucket="b", permissions_boundary=own)["warnings"]
    assert f"can do everything that its permissions boundary {own} allows in all buckets" in warning


def test_attached_policies_that_may_not_be_listed_are_no_error(aws: AwsStandIn, iam: Any, name: str) -> None:
    run(aws, name, bucket="b")
    aws.fault("iam:ListAttachedUserPolicies", count=1, status=403, code="AccessDenied")
    result = run(aws, name, bucket="b")
    assert (result["changed"], result["warnings"]) == (False, [])
    aws.fault("iam:ListAttachedUserPolicies", count=1, status=403, code="InvalidClientTokenId")
    with pytest.raises(AwsError, match="InvalidClientTokenId"):
        run(aws, name, bucket="b")


def test_an_mfa_device_is_never_deleted(aws: AwsStandIn, iam: Any, name: str) -> None:
    run(aws, name)
    serial = iam.create_virtual_mfa_device(VirtualMFADeviceName=name)["VirtualMFADevice"]["SerialNumber"]
    iam.enable_mfa_device(
        UserName=name, SerialNumber=serial, AuthenticationCode1="123456", AuthenticationCode2="654321"
    )
    result = run(aws, name, state="absent", delete_access_keys=True)
    assert result["stays"] == [f"MFA device {serial}"]
    assert result["changes"] == ["delete inline policy recordings"]
    assert iam.list_mfa_devices(UserName=name)["MFADevices"]


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


@pytest.mark.usefixtures("_no_patience")
def test_a_change_that_does_not_last_is_an_error(aws: AwsStandIn, iam: Any, name: str) -> None:
    run(aws, name)

    class Forgetful(Module):
        def client(self, service: str, **options: Any) -> Any:
            client = super().client(service, **options)
            client.put_user_policy = lambda **_arguments: {}
            return client

    policy = {"Version": "2012-10-17", "Statement": [{**POLICY["Statement"][0], "Effect": "Deny"}]}  # type: ignore[dict-item]
    with pytest.raises(AwsError, match="these changes are missing: change inline policy recordings"):
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


@pytest.fixture
def boundary(iam: Any, name: str) -> str:
    arn: str = iam.create_policy(PolicyName=f"{name}-limit", PolicyDocument=json.dumps(POLICY))["Policy"][
        "Arn"
    ]
    return arn


def boundary_of(iam: Any, name: str) -> str:
    found = iam.get_user(UserName=name)["User"].get("PermissionsBoundary") or {}
    return str(found.get("PermissionsBoundaryArn", ""))


def test_a_user_is_made_with_its_boundary(aws: AwsStandIn, iam: Any, name: str, boundary: str) -> None:
    aws.clear_requests()
    predicted = run(aws, name, permissions_boundary=boundary, check=True)
    assert aws.writes() == []
    done = run(aws, name, permissions_boundary=boundary)
    assert done["changes"] == predicted["changes"]
    assert done["changes"][0] == f"create the user {name} with the permissions boundary {boundary}"
    assert done["diff"] == predicted["diff"]
    assert done["diff"]["after"]["permissions_boundary"] == boundary
    assert [each["operation"] for each in aws.writes()] == ["CreateUser", "PutUserPolicy"]
    assert boundary_of(iam, name) == boundary
    aws.clear_requests()
    again = run(aws, name, permissions_boundary=boundary)
    assert (again["changed"], aws.writes()) == (False, [])
    assert [each["operation"] for each in aws.requests()].count("GetPolicy") == 0


@pytest.mark.parametrize("first", ["without", "another"])
def test_a_user_that_exists_gets_the_boundary_before_its_policy(
    aws: AwsStandIn, iam: Any, name: str, boundary: str, first: str
) -> None:
    had = {} if first == "without" else {"PermissionsBoundary": "arn:aws:iam::aws:policy/AmazonS3FullAccess"}
    iam.create_user(UserName=name, Tags=to_aws(tags_of(None)), **had)
    aws.clear_requests()
    predicted = run(aws, name, permissions_boundary=boundary, check=True)
    done = run(aws, name, permissions_boundary=boundary)
    assert done["changes"] == predicted["changes"]
    assert done["changes"] == [f"set the permissions boundary {boundary}", "add inline policy recordings"]
    assert done["diff"] == predicted["diff"]
    assert done["diff"]["before"]["permissions_boundary"] == had.get("PermissionsBoundary")
    assert [each["operation"] for each in aws.writes()] == ["PutUserPermissionsBoundary", "PutUserPolicy"]
    assert boundary_of(iam, name) == boundary


def test_a_boundary_that_is_not_asked_for_stays(aws: AwsStandIn, iam: Any, name: str, boundary: str) -> None:
    run(aws, name, permissions_boundary=boundary)
    assert run(aws, name)["changed"] is False
    assert boundary_of(iam, name) == boundary
    iam.delete_user_permissions_boundary(UserName=name)
    drift = run(aws, name, permissions_boundary=boundary, check=True)
    assert drift["diff"] == {
        **drift["diff"],
        "before": {"permissions_boundary": None},
        "after": {"permissions_boundary": boundary},
    }


@pytest.mark.parametrize("check", [True, False])
def test_a_boundary_that_does_not_exist(aws: AwsStandIn, iam: Any, name: str, check: bool) -> None:
    aws.clear_requests()
    arn = f"arn:aws:iam::{aws.account_id}:policy/none"
    with pytest.raises(
        AwsError, match=r"no such managed policy\. Make the policy first.*Nothing was changed"
    ):
        run(aws, name, permissions_boundary=arn, check=check)
    assert aws.writes() == []
    with pytest.raises(AwsError, match="must be the ARN of a managed policy"):
        run(aws, name, permissions_boundary="recordings", check=check)


def test_a_boundary_that_may_not_be_looked_up(aws: AwsStandIn, iam: Any, name: str, boundary: str) -> None:
    aws.fault("iam:GetPolicy", count=1, status=403, code="AccessDenied")
    assert run(aws, name, permissions_boundary=boundary)["changed"] is True
