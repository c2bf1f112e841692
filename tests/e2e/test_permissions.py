# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The documented policy of whoever runs the role: enough for all playbooks, and all of it is used."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.ams_fleet import Fleet
from tests.support.aws import AwsStandIn
from tests.support.aws.stand_in import Credentials
from tests.support.playbook import REPO, PlaybookRun, run_playbook

BUCKET, REGION = "permission-recordings", "eu-west-1"
ELSEWHERE = "elsewhere.txt"
POLICY = json.loads((REPO / "docs" / "provisioning-policy.json").read_text().replace("BUCKET", BUCKET))
SITE, STORAGE, ROTATE = (f"antmedia.s3_recording.{name}" for name in ("site", "storage", "rotate_key"))
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


class Limited:
    """Runs playbooks as a user that has the documented policy and nothing else."""

    def __init__(self, aws: AwsStandIn, fleet: Fleet, folder: Path, policy: dict[str, Any] = POLICY) -> None:
        self.aws = aws
        self.runner: Credentials = aws.make_user(policy)
        first = fleet.hosts[0]
        variables = {
            "s3_recording_bucket": BUCKET,
            "s3_recording_region": REGION,
            "s3_recording_endpoint": aws.endpoint_url,
            "s3_recording_aws_endpoint_url": aws.endpoint_url,
            "s3_recording_ams_url": first.url,
            "s3_recording_ams_email": first.email,
            "s3_recording_ams_password": first.password,
            "s3_recording_backup_dir": str(folder / "former"),
            "s3_recording_key_quiet": 0,
        }
        self.inventory = {"all": {"hosts": {"ams-1": variables}}}

    def run(self, playbook: str, *, expected_rc: int = 0, **variables: Any) -> PlaybookRun:
        key = {
            "AWS_ACCESS_KEY_ID": self.runner.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.runner.secret_access_key,
        }
        return run_playbook(
            playbook,
            inventory=self.inventory,
            env={**self.aws.env(), **key},
            extra_vars=variables,
            expected_rc=expected_rc,
        )

    def asked(self) -> set[str]:
        mine = (each for each in self.aws.requests() if each["access_key_id"] == self.runner.access_key_id)
        return {str(each["action"]) for each in mine}


@pytest.fixture
def stands() -> Iterator[tuple[AwsStandIn, Fleet]]:
    with AwsStandIn() as aws, Fleet(hosts=1) as fleet:
        yield aws, fleet


def break_distribution(aws: AwsStandIn) -> None:
    """Change what the role has made, as somebody would in the console."""
    cloudfront = aws.client("cloudfront")
    (control,) = cloudfront.list_origin_access_controls()["OriginAccessControlList"]["Items"]
    found = cloudfront.get_origin_access_control(Id=control["Id"])
    config = {**found["OriginAccessControl"]["OriginAccessControlConfig"], "SigningBehavior": "never"}
    cloudfront.update_origin_access_control(
        Id=control["Id"], IfMatch=found["ETag"], OriginAccessControlConfig=config
    )
    (made,) = cloudfront.list_distributions()["DistributionList"]["Items"]
    read = cloudfront.get_distribution_config(Id=made["Id"])
    cloudfront.update_distribution(
        Id=made["Id"],
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


def actions_of(policy: dict[str, Any]) -> set[str]:
    return {action for statement in policy["Statement"] for action in statement["Action"]}


def test_the_policy_is_enough_for_every_playbook_and_has_nothing_more(
    stands: tuple[AwsStandIn, Fleet], tmp_path: Path
) -> None:
    aws, fleet = stands
    limited = Limited(aws, fleet, tmp_path)
    limited.run(SITE)
    keep_dormant_acls(aws)
    limited.run(SITE, s3_recording_delivery="acl")
    aws.client("s3").delete_object(Bucket=BUCKET, Key=ELSEWHERE)
    limited.run(SITE, s3_recording_delivery="private", **KEEPING)
    assert limited.run(SITE, s3_recording_encryption="AES256").changed > 0
    limited.run(STORAGE, **DELIVERED)
    break_distribution(aws)
    assert limited.run(STORAGE, **DELIVERED).changed > 0
    forget_that_the_user_is_ours(aws)
    limited.run(STORAGE, s3_recording_adopt_iam_user=True)
    limited.run(ROTATE)
    limited.run(ROTATE, s3_recording_key_grace=0)
    limited.run("antmedia.s3_recording.audit")
    limited.run("antmedia.s3_recording.decommission", s3_recording_delete_bucket=True)
    allowed = actions_of(POLICY)
    assert limited.asked() <= allowed
    assert allowed - limited.asked() == RARE
