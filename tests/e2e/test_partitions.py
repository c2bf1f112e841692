# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""site.yml in the partitions of China and of the US government: every ARN is of the partition."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from stand_ins.ams import Fleet
from stand_ins.aws import AwsStandIn
from tests.harness.playbook import run_playbook

PARTITIONS = {"cn-north-1": "aws-cn", "us-gov-west-1": "aws-us-gov"}
BUCKET = "partition-recordings"


@pytest.fixture(params=sorted(PARTITIONS))
def stands(request: pytest.FixtureRequest) -> Iterator[tuple[AwsStandIn, Fleet]]:
    with AwsStandIn(region=request.param) as aws, Fleet(hosts=1) as fleet:
        yield aws, fleet


def test_the_whole_chain(stands: tuple[AwsStandIn, Fleet]) -> None:
    aws, fleet = stands
    partition = PARTITIONS[aws.region]
    host = fleet.hosts[0]
    variables = {
        "s3_recording_bucket": BUCKET,
        "s3_recording_region": aws.region,
        "s3_recording_endpoint": aws.endpoint_url,
        "s3_recording_aws_endpoint_url": aws.endpoint_url,
        "s3_recording_ams_url": host.url,
        "s3_recording_ams_email": host.email,
        "s3_recording_ams_password": host.password,
        "s3_recording_attach_s3_full_access": True,
    }
    inventory = {"all": {"hosts": {"ams-1": variables}}}

    def run(playbook: str = "site", **more: object) -> int:
        name = f"antmedia.s3_recording.{playbook}"
        return run_playbook(name, inventory=inventory, env=aws.env(), extra_vars=more).changed

    assert run() > 0
    assert run() == 0
    iam, s3 = aws.client("iam"), aws.client("s3")
    user = f"{BUCKET}-recording"
    policy = json.dumps(iam.get_user_policy(UserName=user, PolicyName="recordings")["PolicyDocument"])
    (attached,) = iam.list_attached_user_policies(UserName=user)["AttachedPolicies"]
    assert attached["PolicyArn"] == f"arn:{partition}:iam::aws:policy/AmazonS3FullAccess"
    public = s3.get_bucket_policy(Bucket=BUCKET)["Policy"]
    for text in (policy, public):
        assert f"arn:{partition}:s3:::{BUCKET}/streams/*" in text
        assert "arn:aws:" not in text
    assert s3.get_bucket_location(Bucket=BUCKET)["LocationConstraint"] == aws.region
    assert fleet.settings(0, "live")["s3RegionName"] == aws.region

    encrypted = {
        "s3_recording_delivery": "private",
        "s3_recording_encryption": "aws:kms",
        "s3_recording_encryption_key_id": aws.client("kms").create_key()["KeyMetadata"]["KeyId"],
    }
    assert run("storage", **encrypted) > 0
    policy = json.dumps(iam.get_user_policy(UserName=user, PolicyName="recordings")["PolicyDocument"])
    assert f"arn:{partition}:kms:{aws.region}:*:key/" in policy
    assert run("storage", **encrypted) == 0
