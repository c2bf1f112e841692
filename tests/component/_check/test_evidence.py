# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the provisioning credentials find out on the stand-in, and what stays unknown without a word."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.s3_bucket_access_model import (
    ALL_OFF,
    ALL_ON,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._check.evidence import EvidenceCollector
from ansible_collections.antmedia.s3_recording.plugins.module_utils._check.explain_upload import Evidence

if TYPE_CHECKING:
    from stand_ins.aws import AwsStandIn
    from stand_ins.aws.stand_in import Credentials

OFF = dict.fromkeys(
    ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), False
)


def policy(action: Any, resource: str = "*", **more: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": action, "Resource": resource, **more}
    return {"Version": "2012-10-17", "Statement": [statement]}


class World:
    """A bucket, an application's key, and who provisions them."""

    def __init__(self, aws: AwsStandIn, monkeypatch: pytest.MonkeyPatch) -> None:
        self.aws, self._monkeypatch = aws, monkeypatch
        self.bucket = f"b-{uuid.uuid4().hex[:12]}"
        self.s3 = aws.client("s3")
        self.s3.create_bucket(
            Bucket=self.bucket, CreateBucketConfiguration={"LocationConstraint": aws.region}
        )
        self.policy = policy("s3:PutObject", f"arn:aws:s3:::{self.bucket}/streams/*")
        self.key = aws.make_user(self.policy)
        self.provision_with(aws.credentials)

    def provision_with(self, key: Credentials) -> None:
        for name, value in self.aws.env(key).items():
            self._monkeypatch.setenv(name, value)

    def ask(self, **settings: Any) -> EvidenceCollector:
        given = {
            "s3AccessKey": self.key.access_key_id,
            "s3BucketName": self.bucket,
            "s3RegionName": self.aws.region,
            "s3Endpoint": self.aws.endpoint_url,
            "s3PathStyleAccessEnabled": True,
        }
        return EvidenceCollector({**given, **settings}, 10)


@pytest.fixture
def world(aws: AwsStandIn, monkeypatch: pytest.MonkeyPatch) -> World:
    return World(aws, monkeypatch)


@pytest.fixture
def powerless(world: World) -> World:
    world.provision_with(world.aws.make_user())
    return world


class TestKey:
    def test_active(self, world: World) -> None:
        iam = world.aws.client("iam")
        made = iam.create_access_key(UserName=world.key.name)["AccessKey"]["AccessKeyId"]
        known = world.ask(s3AccessKey=made).about_key()
        assert known.key == "active"
        assert 0 <= known.key_age < 60
        assert world.ask().about_key().key_age > 80000

    def test_inactive(self, world: World) -> None:
        key = {"UserName": world.key.name, "AccessKeyId": world.key.access_key_id}
        world.aws.client("iam").update_access_key(**key, Status="Inactive")
        assert world.ask().about_key().key == "inactive"

    def test_gone(self, world: World) -> None:
        assert world.ask(s3AccessKey="AKIAIOSFODNN7EXAMPLE").about_key() == Evidence(key="gone")

    def test_unknown(self, powerless: World) -> None:
        assert powerless.ask().about_key() == Evidence()


class TestUser:
    def test_inline_and_managed_policies(self, world: World) -> None:
        iam = world.aws.client("iam")
        document = policy("s3:GetObject")
        made = iam.create_policy(PolicyName=f"p-{world.bucket}", PolicyDocument=json.dumps(document))
        iam.attach_user_policy(UserName=world.key.name, PolicyArn=made["Policy"]["Arn"])
        assert world.ask().about_user().user_policies == (world.policy, document)

    def test_a_group_makes_it_unknown(self, world: World) -> None:
        iam = world.aws.client("iam")
        iam.create_group(GroupName=world.bucket)
        iam.add_user_to_group(GroupName=world.bucket, UserName=world.key.name)
        assert world.ask().about_user() == Evidence()

    @pytest.mark.parametrize(
        "allowed", [[], ["iam:GetAccessKeyLastUsed"], ["iam:GetAccessKeyLastUsed", "iam:List*"]]
    )
    def test_unknown(self, world: World, allowed: list[str]) -> None:
        world.provision_with(world.aws.make_user(policy(allowed) if allowed else None))
        assert world.ask().about_user() == Evidence()


class TestOwner:
    def test_own(self, world: World) -> None:
        assert world.ask().about_owner() == Evidence(owner="own")

    def test_hidden(self, world: World) -> None:
        name = f"b-{uuid.uuid4().hex[:12]}"
        world.aws.foreign_bucket(name)
        assert world.ask(s3BucketName=name).about_owner() == Evidence(owner="hidden")

    def test_foreign(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        asked = world.ask()
        # As if the bucket let this account in from another one.
        monkeypatch.setattr(asked, "_account", lambda: "123456789012")
        assert asked.about_owner() == Evidence(owner="other")

    def test_unknown(self, world: World) -> None:
        assert world.ask(s3BucketName=f"gone-{world.bucket}").about_owner() == Evidence()
        world.provision_with(world.aws.credentials.__class__("AKIAIOSFODNN7EXAMPLE", "unknown"))
        assert world.ask().about_owner() == Evidence()


class TestAccess:
    def test_a_new_bucket(self, world: World) -> None:
        assert world.ask().about_access() == Evidence(account=ALL_OFF, block=ALL_ON, policy={})

    def test_an_open_one_in_an_account_that_blocks(self, world: World) -> None:
        opened = policy("s3:GetObject", f"arn:aws:s3:::{world.bucket}/*", Principal="*")
        bucket = {"Bucket": world.bucket}
        world.s3.put_public_access_block(**bucket, PublicAccessBlockConfiguration=OFF)
        world.s3.put_bucket_policy(**bucket, Policy=json.dumps(opened))
        control, account = world.aws.client("s3control"), world.aws.account_id
        switches = {"PublicAccessBlockConfiguration": {"RestrictPublicBuckets": True}}
        control.put_public_access_block(AccountId=account, **switches)
        try:
            known = world.ask().about_access()
        finally:
            control.delete_public_access_block(AccountId=account)
        assert known.account == {**ALL_OFF, "restrict_public_buckets": True}
        assert (known.block, known.policy) == (ALL_OFF, opened)

    def test_the_status_where_the_policy_may_not_be_read(self, world: World) -> None:
        opened = policy("s3:GetObject", f"arn:aws:s3:::{world.bucket}/*", Principal="*")
        world.s3.put_public_access_block(Bucket=world.bucket, PublicAccessBlockConfiguration=OFF)
        world.s3.put_bucket_policy(Bucket=world.bucket, Policy=json.dumps(opened))
        world.provision_with(world.aws.make_user(policy("s3:GetBucketPolicyStatus")))
        assert world.ask().about_access() == Evidence(public=True)

    def test_unknown(self, powerless: World) -> None:
        assert powerless.ask().about_access() == Evidence()
