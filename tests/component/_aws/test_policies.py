# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What somebody with a documented policy can get hold of, tried on the stand-in.

That the policies are enough for the playbooks is shown by tests/e2e/test_permissions.py.
"""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws import (
    iam_programmatic_user_apply as apply_programmatic_user,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.errors import AwsError
from botocore.exceptions import ClientError

from stand_ins.ansible_environment import REPO
from stand_ins.aws import AwsStandIn
from stand_ins.aws.stand_in import Credentials
from tests.harness.generate_policies import FOLDER, FULL_ACCESS, documents, filled_in, text_of
from tests.harness.policies import Account

from .test_iam_programmatic_user_apply import Module

ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
EVERYTHING = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
)
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
LARGEST = 6144


@pytest.fixture
def account(aws: AwsStandIn) -> Account:
    return Account(aws, f"b-{uuid.uuid4().hex[:12]}")


def refused(call: Callable[..., Any], **arguments: Any) -> None:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    assert caught.value.response["Error"]["Code"] in ("AccessDenied", "403"), arguments


def key_of(iam: Any, name: str) -> Credentials:
    made = iam.create_access_key(UserName=name)["AccessKey"]
    return Credentials(made["AccessKeyId"], made["SecretAccessKey"])


def test_the_files_are_what_is_generated() -> None:
    """After a change of tests/harness/generate_policies.py: make policies."""
    made = {f"{name}.json": text_of(document) for name, document in documents().items()}
    assert {path.name: path.read_text() for path in FOLDER.iterdir()} == made


@pytest.mark.parametrize("name", sorted(documents()))
def test_a_document_is_a_managed_policy_that_names_what_it_allows(name: str) -> None:
    longest = {"BUCKET": "b" * 54, "ACCOUNT": "1" * 12, "REGION": "ap-southeast-4"}
    text = json.dumps(documents()[name], separators=(",", ":"))
    for placeholder, value in longest.items():
        text = text.replace(placeholder, value)
    assert len(text) <= LARGEST
    for statement in documents()[name]["Statement"]:
        assert not [action for action in statement["Action"] if "*" in action]
        writes = [
            action
            for action in statement["Action"]
            if not action.partition(":")[2].startswith(("Get", "List", "Create"))
        ]
        assert statement["Resource"] != "*" or not writes


def test_without_a_boundary_the_run_may_become_administrator(account: Account) -> None:
    """The guide says so. This is what the other form of the policy is for."""
    aws, runner = account.aws, account.make("run")
    iam = aws.client("iam", runner)
    iam.create_user(UserName=account.user_name)
    iam.put_user_policy(UserName=account.user_name, PolicyName="x", PolicyDocument=EVERYTHING)
    aws.client("iam", key_of(iam, account.user_name)).create_user(UserName=f"{account.user_name}-2")


@pytest.fixture
def runner(account: Account) -> Credentials:
    """One who may run everything, where the user has to have a boundary."""
    return account.make("run-with-boundary", "decommission-with-boundary", "cloudfront")


def test_with_a_boundary_every_policy_of_the_user_is_worthless_beyond_it(
    account: Account, runner: Credentials
) -> None:
    aws, name = account.aws, account.user_name
    iam, s3 = aws.client("iam", runner), aws.client("s3")
    iam.create_user(UserName=name, PermissionsBoundary=account.boundary)
    iam.put_user_policy(UserName=name, PolicyName="x", PolicyDocument=EVERYTHING)
    key = key_of(iam, name)
    other = f"{account.values['BUCKET']}-2"
    for bucket in (account.values["BUCKET"], other):
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": aws.region})
    mine = aws.client("s3", key)
    mine.put_object(Bucket=account.values["BUCKET"], Key="streams/a.mp4", Body=b"x")
    refused(mine.put_object, Bucket=other, Key="streams/a.mp4", Body=b"x")
    refused(mine.delete_bucket, Bucket=account.values["BUCKET"])
    refused(mine.list_buckets)
    user = aws.client("iam", key)
    refused(user.create_user, UserName=f"{name}-2")
    refused(user.create_access_key, UserName=runner.name)
    refused(user.put_user_policy, UserName=runner.name, PolicyName="x", PolicyDocument=EVERYTHING)
    refused(user.delete_user_permissions_boundary, UserName=name)
    refused(user.create_policy_version, PolicyArn=account.boundary, PolicyDocument=EVERYTHING)


def test_with_a_boundary_no_user_is_made_or_changed_without_it(account: Account, runner: Credentials) -> None:
    name, iam = account.user_name, account.aws.client("iam", runner)
    refused(iam.create_user, UserName=name)
    refused(iam.create_user, UserName=name, PermissionsBoundary=ADMINISTRATOR)
    refused(iam.create_user, UserName=f"{name}-2", PermissionsBoundary=account.boundary)
    account.aws.client("iam").create_user(UserName=name)
    refused(iam.put_user_policy, UserName=name, PolicyName="x", PolicyDocument=EVERYTHING)
    refused(iam.put_user_permissions_boundary, UserName=name, PermissionsBoundary=ADMINISTRATOR)
    iam.put_user_permissions_boundary(UserName=name, PermissionsBoundary=account.boundary)
    iam.put_user_policy(UserName=name, PolicyName="x", PolicyDocument=EVERYTHING)
    refused(iam.attach_user_policy, UserName=name, PolicyArn=ADMINISTRATOR)
    refused(iam.delete_user_permissions_boundary, UserName=name)
    refused(iam.put_user_permissions_boundary, UserName=name, PermissionsBoundary=ADMINISTRATOR)
    refused(iam.create_login_profile, UserName=name, Password="x" * 20)
    iam.delete_user_policy(UserName=name, PolicyName="x")
    iam.delete_user(UserName=name)
    refused(iam.create_user, UserName=name)


def test_the_module_makes_the_user_with_the_boundary_and_says_when_one_is_demanded(
    account: Account, runner: Credentials
) -> None:
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "s3:ListBucket",
                "Resource": f"arn:aws:s3:::{account.values['BUCKET']}",
            }
        ],
    }
    asked = {"user_name": account.user_name, "bucket": account.values["BUCKET"], "policy": policy}
    with pytest.raises(AwsError, match=r"AccessDenied.*s3_recording_permissions_boundary"):
        apply_programmatic_user.run(Module(account.aws, asked, key=runner))
    bounded = Module(account.aws, {**asked, "permissions_boundary": account.boundary}, key=runner)
    assert apply_programmatic_user.run(bounded)["changed"] is True
    assert apply_programmatic_user.run(bounded)["changed"] is False


def test_with_a_boundary_its_policy_cannot_be_changed(account: Account, runner: Credentials) -> None:
    iam, arn = account.aws.client("iam", runner), account.boundary
    refused(iam.create_policy_version, PolicyArn=arn, PolicyDocument=EVERYTHING, SetAsDefault=True)
    refused(iam.set_default_policy_version, PolicyArn=arn, VersionId="v1")
    refused(iam.delete_policy_version, PolicyArn=arn, VersionId="v1")
    refused(iam.delete_policy, PolicyArn=arn)


@pytest.mark.parametrize("names", [("decommission",), ("decommission-with-boundary",)])
def test_a_user_with_full_access_is_decommissioned_and_no_other_policy_detached(
    account: Account, names: tuple[str, ...]
) -> None:
    """The user of Ant Media's guide, which was adopted."""
    iam, name = account.aws.client("iam"), account.user_name
    iam.create_user(UserName=name, PermissionsBoundary=account.boundary)
    iam.tag_user(UserName=name, Tags=[{"Key": "managed-by", "Value": "antmedia.s3_recording"}])
    for policy in (ADMINISTRATOR, FULL_ACCESS):
        iam.attach_user_policy(UserName=name, PolicyArn=policy)
    key = account.make(*names)
    refused(account.aws.client("iam", key).detach_user_policy, UserName=name, PolicyArn=ADMINISTRATOR)
    iam.detach_user_policy(UserName=name, PolicyArn=ADMINISTRATOR)
    gone = {"user_name": name, "state": "absent", "bucket": account.values["BUCKET"]}
    changes = apply_programmatic_user.run(Module(account.aws, gone, key=key))["changes"]
    assert changes == ["detach managed policy AmazonS3FullAccess", f"delete the user {name}"]


def test_nobody_else_gets_a_key_or_a_policy(account: Account, runner: Credentials) -> None:
    administrator = account.aws.make_user(json.loads(EVERYTHING))
    iam = account.aws.client("iam", runner)
    for name in (administrator.name, runner.name):
        refused(iam.create_access_key, UserName=name)
        refused(iam.put_user_policy, UserName=name, PolicyName="x", PolicyDocument=EVERYTHING)
        refused(iam.attach_user_policy, UserName=name, PolicyArn=ADMINISTRATOR)
        refused(iam.tag_user, UserName=name, Tags=[{"Key": "managed-by", "Value": "antmedia.s3_recording"}])
        refused(iam.delete_user, UserName=name)
        refused(iam.create_login_profile, UserName=name, Password="x" * 20)


def test_a_tag_that_could_give_rights_is_refused(account: Account, runner: Credentials) -> None:
    iam, name = account.aws.client("iam", runner), account.user_name
    iam.create_user(UserName=name, PermissionsBoundary=account.boundary)
    refused(iam.tag_user, UserName=name, Tags=[{"Key": "role", "Value": "admin"}])
    iam.tag_user(UserName=name, Tags=[{"Key": "managed-by", "Value": "antmedia.s3_recording"}])


def test_the_denials_hold_beside_any_other_policy(account: Account) -> None:
    """Whoever may change users for other reasons still cannot take the limit off this one."""
    document = account.policy("run-with-boundary")
    everything = json.loads(EVERYTHING)["Statement"]
    iam = account.aws.client(
        "iam", account.aws.make_user({**document, "Statement": [*document["Statement"], *everything]})
    )
    name = account.user_name
    refused(iam.create_user, UserName=name)
    iam.create_user(UserName=name, PermissionsBoundary=account.boundary)
    refused(iam.delete_user_permissions_boundary, UserName=name)
    refused(iam.put_user_permissions_boundary, UserName=name, PermissionsBoundary=ADMINISTRATOR)
    refused(iam.create_policy_version, PolicyArn=account.boundary, PolicyDocument=EVERYTHING)
    account.aws.client("iam").delete_user_permissions_boundary(UserName=name)
    refused(iam.attach_user_policy, UserName=name, PolicyArn=ADMINISTRATOR)
    refused(iam.put_user_policy, UserName=name, PolicyName="x", PolicyDocument=EVERYTHING)


class _Front:
    """A distribution and its origin access control, as somebody makes them."""

    def __init__(self, aws: AwsStandIn, name: str) -> None:
        self.aws, made = aws, aws.client("cloudfront")
        config = {
            "Name": f"{name}-recording",
            "SigningProtocol": "sigv4",
            "SigningBehavior": "always",
            "OriginAccessControlOriginType": "s3",
        }
        answer = made.create_origin_access_control(OriginAccessControlConfig=config)
        self.control, self.control_config = answer["OriginAccessControl"]["Id"], config
        domain = f"{name}.s3.{aws.region}.amazonaws.com"
        origin = {
            "Id": domain,
            "DomainName": domain,
            "OriginAccessControlId": self.control,
            "S3OriginConfig": {"OriginAccessIdentity": ""},
        }
        behavior = {
            "TargetOriginId": domain,
            "ViewerProtocolPolicy": "redirect-to-https",
            "CachePolicyId": "08627262-05a9-4f76-9ded-b50ca2e3a84f",
        }
        made_front = made.create_distribution(
            DistributionConfig={
                "CallerReference": name,
                "Comment": "",
                "Enabled": True,
                "Origins": {"Quantity": 1, "Items": [origin]},
                "DefaultCacheBehavior": behavior,
            }
        )
        self.id, self.arn = made_front["Distribution"]["Id"], made_front["Distribution"]["ARN"]

    def update(self, key: Credentials) -> None:
        read = self.aws.client("cloudfront").get_distribution_config(Id=self.id)
        config = {**read["DistributionConfig"], "Comment": "changed"}
        self.aws.client("cloudfront", key).update_distribution(
            Id=self.id, IfMatch=read["ETag"], DistributionConfig=config
        )

    def update_control(self, key: Credentials) -> None:
        found = self.aws.client("cloudfront").get_origin_access_control(Id=self.control)
        self.aws.client("cloudfront", key).update_origin_access_control(
            Id=self.control, IfMatch=found["ETag"], OriginAccessControlConfig=self.control_config
        )


def test_no_other_distribution_is_changed(account: Account) -> None:
    aws, bucket = account.aws, account.values["BUCKET"]
    ours, other = _Front(aws, bucket), _Front(aws, f"{bucket}-2")
    early = account.make("run", "cloudfront")
    account.values |= {"DISTRIBUTION": ours.id, "ORIGIN_ACCESS_CONTROL": ours.control}
    later = account.make("run", "cloudfront")
    ours.update(later)
    ours.update_control(later)
    for key, front in ((later, other), (early, ours), (early, other)):
        refused(lambda front=front, key=key: front.update(key))
        refused(lambda front=front, key=key: front.update_control(key))
        cloudfront = aws.client("cloudfront", key)
        refused(cloudfront.delete_distribution, Id=front.id, IfMatch="x")
        tags = {"Items": [{"Key": "antmedia-bucket", "Value": bucket}]}
        refused(cloudfront.tag_resource, Resource=front.arn, Tags=tags)
        refused(cloudfront.create_invalidation, DistributionId=front.id, InvalidationBatch=_INVALIDATION)


_INVALIDATION = {"Paths": {"Quantity": 1, "Items": ["/*"]}, "CallerReference": "x"}


@pytest.mark.parametrize("names", [("run",), ("run-with-boundary", "cloudfront"), ("decommission",)])
def test_no_recording_is_read_written_or_deleted(account: Account, names: tuple[str, ...]) -> None:
    aws, bucket = account.aws, account.values["BUCKET"]
    s3, key = aws.client("s3"), account.make(*names)
    mine = aws.client("s3", key)
    for each in (bucket, f"{bucket}-2"):
        s3.create_bucket(Bucket=each, CreateBucketConfiguration={"LocationConstraint": aws.region})
        s3.put_bucket_versioning(Bucket=each, VersioningConfiguration={"Status": "Enabled"})
        for name in ("streams/concert.mp4", "streams/my-recording-check-1.mp4"):
            version = s3.put_object(Bucket=each, Key=name, Body=b"x")["VersionId"]
            refused(mine.get_object, Bucket=each, Key=name)
            refused(mine.put_object, Bucket=each, Key=name, Body=b"y")
            refused(mine.delete_object, Bucket=each, Key=name)
            refused(mine.delete_object, Bucket=each, Key=name, VersionId=version)
    probe = "a/streams/recording-check-0123456789abcdef.mp4"
    refused(mine.put_object, Bucket=f"{bucket}-2", Key=probe, Body=b"x")
    refused(mine.delete_bucket, Bucket=f"{bucket}-2")
    if "decommission" not in names:
        mine.put_object(Bucket=bucket, Key=probe, Body=b"x")
        mine.delete_object(Bucket=bucket, Key=probe)
        refused(mine.delete_bucket, Bucket=bucket)


def test_the_commands_of_the_guide_fill_a_policy_in(tmp_path: Path) -> None:
    guide = (REPO / "docs" / "docsite" / "rst" / "permissions.rst").read_text()
    commands = re.findall(r"^ +(sed .+ > (\w+)\.json)$", guide, re.MULTILINE)
    assert [name for _command, name in commands] == ["run", "boundary"]
    values = {"BUCKET": "myvideos", "ACCOUNT": "123456789012", "REGION": "us-east-1"}
    for command, name in commands:
        whole = command.replace("$policies", shlex.quote(str(FOLDER)))
        subprocess.run(["sh", "-c", whole], cwd=tmp_path, check=True)
        filled = json.loads((tmp_path / f"{name}.json").read_text())
        assert filled == filled_in(name, **values)
        assert not re.search("BUCKET|ACCOUNT|REGION", json.dumps(filled))
