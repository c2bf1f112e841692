# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The documented policies of whoever runs the playbooks: enough, all of it used, and no way to more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stand_ins.ams import Fleet
from stand_ins.aws import AwsStandIn
from stand_ins.aws.stand_in import Credentials
from tests.harness.generate_policies import FULL_ACCESS
from tests.harness.playbook import PlaybookRun, run_playbook
from tests.harness.policies import Account, actions_of

BUCKET, REGION = "permission-recordings", "eu-west-1"
ELSEWHERE = "elsewhere.txt"
PLAYBOOKS = ("site", "storage", "rotate_key", "audit", "decommission")
SITE, STORAGE, ROTATE, AUDIT, DECOMMISSION = (f"antmedia.s3_recording.{name}" for name in PLAYBOOKS)
DELIVERED: dict[str, Any] = {
    "s3_recording_delivery": "cloudfront",
    "s3_recording_cache_control": "public, max-age=86400",
}
KEEPING: dict[str, Any] = {
    "s3_recording_versioning": True,
    "s3_recording_encryption": "aws:kms",
    "s3_recording_bucket_tags": {"team": "streaming"},
}
# Asked for only where an upload of many parts is older than a quarter of an hour.
RARE = {"s3:ListMultipartUploadParts"}
# The latter after a run that was killed while it made a key.
RARE_AT_THE_END = {*RARE, "iam:GetAccessKeyLastUsed"}
OF_BOUNDARY = {"iam:GetPolicy", "iam:PutUserPermissionsBoundary"}


class Limited:
    """Runs playbooks as one who has a documented policy and nothing else."""

    def __init__(self, account: Account, fleet: Fleet, folder: Path) -> None:
        self.aws = account.aws
        first = fleet.hosts[0]
        variables = {
            "s3_recording_bucket": BUCKET,
            "s3_recording_region": REGION,
            "s3_recording_endpoint": self.aws.endpoint_url,
            "s3_recording_aws_endpoint_url": self.aws.endpoint_url,
            "s3_recording_ams_url": first.url,
            "s3_recording_ams_email": first.email,
            "s3_recording_ams_password": first.password,
            "s3_recording_backup_dir": str(folder / "former"),
            "s3_recording_key_switch_wait": 0,
        }
        self.inventory = {"all": {"hosts": {"ams-1": variables}}}

    def run(self, who: Credentials, playbook: str, *, expected_rc: int = 0, **variables: Any) -> PlaybookRun:
        key = {"AWS_ACCESS_KEY_ID": who.access_key_id, "AWS_SECRET_ACCESS_KEY": who.secret_access_key}
        return run_playbook(
            playbook,
            inventory=self.inventory,
            env={**self.aws.env(), **key},
            extra_vars=variables,
            expected_rc=expected_rc,
        )


@pytest.fixture
def stands() -> Iterator[tuple[AwsStandIn, Fleet]]:
    with AwsStandIn() as aws, Fleet(hosts=1) as fleet:
        yield aws, fleet


def front_of(aws: AwsStandIn) -> dict[str, str]:
    """Return what the placeholders of the policy for CloudFront stand for, once it was made."""
    cloudfront = aws.client("cloudfront")
    (control,) = cloudfront.list_origin_access_controls()["OriginAccessControlList"]["Items"]
    (made,) = cloudfront.list_distributions()["DistributionList"]["Items"]
    return {"DISTRIBUTION": made["Id"], "ORIGIN_ACCESS_CONTROL": control["Id"]}


def break_distribution(aws: AwsStandIn) -> None:
    """Change what the role has made, as somebody would in the console."""
    cloudfront, made = aws.client("cloudfront"), front_of(aws)
    control = made["ORIGIN_ACCESS_CONTROL"]
    found = cloudfront.get_origin_access_control(Id=control)
    config = {**found["OriginAccessControl"]["OriginAccessControlConfig"], "SigningBehavior": "never"}
    cloudfront.update_origin_access_control(
        Id=control, IfMatch=found["ETag"], OriginAccessControlConfig=config
    )
    read = cloudfront.get_distribution_config(Id=made["DISTRIBUTION"])
    cloudfront.update_distribution(
        Id=made["DISTRIBUTION"],
        IfMatch=read["ETag"],
        DistributionConfig={**read["DistributionConfig"], "PriceClass": "PriceClass_200", "Enabled": False},
    )


def forget_that_the_user_is_ours(aws: AwsStandIn) -> None:
    """Take the tags off the user, as one has that was not made here."""
    aws.client("iam").untag_user(UserName=f"{BUCKET}-recording", TagKeys=["managed-by", "antmedia-bucket"])


def keep_dormant_acls(aws: AwsStandIn) -> None:
    """Have an object whose ACL is there and has no effect, as in a bucket from before ACLs were disabled."""
    s3 = aws.client("s3")
    rules = {"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
    s3.put_bucket_ownership_controls(Bucket=BUCKET, OwnershipControls=rules)
    s3.put_object(Bucket=BUCKET, Key=ELSEWHERE, Body=b"x")


def test_the_policies_are_enough_for_every_playbook_and_have_nothing_more(
    stands: tuple[AwsStandIn, Fleet], tmp_path: Path
) -> None:
    """The first run is without a boundary; the user that it makes then gets one."""
    aws, fleet = stands
    account = Account(aws, BUCKET)
    limited = Limited(account, fleet, tmp_path)
    first, later, front, last = (
        account.make(*names)
        for names in (
            ("run",),
            ("run-with-boundary",),
            ("run-with-boundary", "cloudfront"),
            ("decommission-with-boundary",),
        )
    )
    limited.run(first, SITE)
    bounded: dict[str, Any] = {"s3_recording_permissions_boundary": account.boundary}
    keep_dormant_acls(aws)
    limited.run(later, SITE, s3_recording_delivery="acl", **bounded)
    aws.client("s3").delete_object(Bucket=BUCKET, Key=ELSEWHERE)
    limited.run(later, SITE, s3_recording_delivery="private", **bounded, **KEEPING)
    assert limited.run(later, SITE, s3_recording_encryption="AES256", **bounded).changed > 0
    limited.run(front, STORAGE, **bounded, **DELIVERED)
    account.values |= front_of(aws)
    changing = account.make("run-with-boundary", "cloudfront")
    break_distribution(aws)
    assert limited.run(changing, STORAGE, **bounded, **DELIVERED).changed > 0
    forget_that_the_user_is_ours(aws)
    limited.run(later, STORAGE, s3_recording_adopt_iam_user=True, **bounded)
    limited.run(later, ROTATE)
    limited.run(later, ROTATE, s3_recording_key_delete_after=0)
    limited.run(later, AUDIT)
    aws.client("iam").attach_user_policy(UserName=account.user_name, PolicyArn=FULL_ACCESS)
    limited.run(last, DECOMMISSION, s3_recording_delete_bucket=True)
    assert BUCKET not in [each["Name"] for each in aws.client("s3").list_buckets()["Buckets"]]

    asked = set[str]().union(*(account.asked(each) for each in (first, later, front, changing)))
    allowed = actions_of(account.policy("run-with-boundary", "cloudfront"))
    assert asked <= allowed
    assert allowed - asked == RARE
    assert actions_of(account.policy("run")) == actions_of(account.policy("run-with-boundary")) - OF_BOUNDARY
    allowed = actions_of(account.policy("decommission-with-boundary"))
    assert allowed - account.asked(last) == RARE_AT_THE_END
    assert allowed == actions_of(account.policy("decommission"))
