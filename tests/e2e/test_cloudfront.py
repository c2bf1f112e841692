# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""site.yml with a bucket that only a CloudFront distribution reads, to which viewers are sent."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests

from stand_ins.ams import Fleet
from stand_ins.aws import AwsStandIn
from tests.harness.playbook import PlaybookRun, ran, run_playbook

SITE, DECOMMISSION = "antmedia.s3_recording.site", "antmedia.s3_recording.decommission"
BUCKET, REGION = "cloudfront-recordings", "eu-west-1"
CACHE = {"s3_recording_cache_control": "public, max-age=86400"}


class CloudFrontSite:
    def __init__(self, aws: AwsStandIn, fleet: Fleet, bucket: str, backup: str) -> None:
        self.aws, self.fleet, self.bucket = aws, fleet, bucket
        first = fleet.hosts[0]
        self.inventory: dict[str, Any] = {
            "all": {
                "hosts": {
                    f"ams-{number}": {"s3_recording_ams_url": host.url}
                    for number, host in enumerate(fleet.hosts, 1)
                },
                "vars": {
                    "s3_recording_bucket": bucket,
                    "s3_recording_region": REGION,
                    "s3_recording_delivery": "cloudfront",
                    "s3_recording_endpoint": aws.endpoint_url,
                    "s3_recording_aws_endpoint_url": aws.endpoint_url,
                    "s3_recording_ams_email": first.email,
                    "s3_recording_ams_password": first.password,
                    "s3_recording_backup_dir": backup,
                    "s3_recording_key_switch_wait": 0,
                    **CACHE,
                },
            }
        }

    def run(self, playbook: str = SITE, *arguments: str, **options: Any) -> PlaybookRun:
        options.setdefault("extra_vars", {})
        return run_playbook(
            playbook, inventory=self.inventory, env=self.aws.env(), arguments=arguments, **options
        )

    def distribution(self) -> dict[str, Any]:
        items = self.aws.client("cloudfront").list_distributions()["DistributionList"]["Items"]
        (found,) = [each for each in items if each["Comment"].endswith(f" {self.bucket}")]
        return dict(found)

    def base_url(self) -> str:
        """Where the stand-in answers as the distribution: its own domain leads nowhere here."""
        return f"{self.aws.endpoint_url}/_cloudfront/{self.distribution()['Id']}"


@pytest.fixture
def site(aws: AwsStandIn, request: pytest.FixtureRequest, tmp_path: Any) -> Any:
    with Fleet(hosts=2) as fleet:
        yield CloudFrontSite(
            aws, fleet, f"{BUCKET}-{abs(hash(request.node.name)) % 10**8}", str(tmp_path / "former")
        )


def test_viewers_are_sent_to_the_distribution_that_was_made(site: CloudFrontSite) -> None:
    unverified = {"s3_recording_verify": False}
    storage = "antmedia.s3_recording.storage"
    before = site.run("antmedia.s3_recording.servers", extra_vars=unverified, expected_rc=2)
    assert "STOP  1 problem. Nothing was changed." in before.stdout
    assert f"Bucket {site.bucket} has no CloudFront distribution yet" in before.stdout
    assert site.fleet.writes() == []
    check = site.run(storage, "--check", "--diff")
    assert "make an origin access control; make the distribution" in check.stdout
    site.run(storage)
    domain = site.distribution()["DomainName"]
    site.run("antmedia.s3_recording.servers", extra_vars=unverified)
    for host in range(2):
        settings = site.fleet.settings(host, "live")
        assert settings["httpForwardingBaseURL"] == f"https://{domain}"
        assert settings["s3Permission"] == "bucket-owner-full-control"
    assert site.run("antmedia.s3_recording.servers", extra_vars=unverified).changed == 0
    assert site.run(storage).changed == 0


def test_the_whole_chain_through_the_distribution(site: CloudFrontSite, aws: AwsStandIn) -> None:
    site.run("antmedia.s3_recording.storage")
    base = {"s3_recording_base_url": site.base_url()}
    run = site.run(extra_vars=base)
    proofs = ran(run.of_step("check"))
    assert len(proofs) == 2
    for proof in proofs:
        assert all(link["ok"] for link in proof["checks"])
        assert {"get", "range", "cors for someone else's origin"} <= {
            link["check"] for link in proof["checks"]
        }
    s3 = aws.client("s3")
    block = s3.get_public_access_block(Bucket=site.bucket)["PublicAccessBlockConfiguration"]
    assert all(block.values())
    (statement,) = json.loads(s3.get_bucket_policy(Bucket=site.bucket)["Policy"])["Statement"]
    assert statement["Principal"] == {"Service": "cloudfront.amazonaws.com"}
    assert statement["Condition"] == {"StringEquals": {"AWS:SourceArn": site.distribution()["ARN"]}}
    s3.put_object(Bucket=site.bucket, Key="streams/a.mp4", Body=b"x")
    assert requests.get(f"{site.base_url()}/streams/a.mp4", timeout=10).status_code == 200
    direct = requests.get(f"{aws.endpoint_url}/{site.bucket}/streams/a.mp4", timeout=10)
    assert direct.status_code == 403
    assert site.run(extra_vars=base).changed == 0

    # From CloudFront to the guide's way and back: the statement goes with the delivery.
    site.run("antmedia.s3_recording.storage", extra_vars={"s3_recording_delivery": "private"})
    assert requests.get(f"{site.base_url()}/streams/a.mp4", timeout=10).status_code == 403
    gone = site.run(DECOMMISSION, extra_vars=base)
    assert f"distribution stays too and serves them at {site.base_url()}" in " ".join(gone.stdout.split())
    assert site.fleet.settings(0, "live")["httpForwardingBaseURL"] == ""


def test_a_distribution_that_is_given(site: CloudFrontSite) -> None:
    wrong = site.run(extra_vars={"s3_recording_cloudfront_distribution": "ENOTHERE"}, expected_rc=2)
    assert "Reading distribution ENOTHERE: NoSuchDistribution" in " ".join(wrong.stdout.split())
    site.run("antmedia.s3_recording.storage")
    given = {"s3_recording_cloudfront_distribution": site.distribution()["Id"]}
    assert site.run("antmedia.s3_recording.storage", extra_vars=given).changed == 0


def test_check_on_an_untouched_account(site: CloudFrontSite, aws: AwsStandIn) -> None:
    aws.clear_requests()
    run = site.run(SITE, "--check", "--diff")
    assert aws.writes() == []
    assert "https://(the distribution that will be made)" in run.stdout
