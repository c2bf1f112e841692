# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A distribution in front of a bucket that stays private, on the stand-in."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any

import pytest
import requests
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws import (
    cloudfront_recording_distribution_apply as apply_distribution,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws import (
    cloudfront_recording_distribution_plan as distribution,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws import (
    s3_bucket_access_apply as apply_access,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.errors import AwsError

from stand_ins.aws import AwsStandIn

from .test_s3_bucket_access_apply import Bucket, Module

ORIGIN = "https://player.example.com"


class Front:
    """A bucket, and what the module says of its distribution."""

    def __init__(self, aws: AwsStandIn) -> None:
        self.aws, self.bucket, self.cloudfront = aws, Bucket(aws), aws.client("cloudfront")
        self.name = self.bucket.name

    def run(self, check: bool = False, **params: Any) -> dict[str, Any]:
        given = {
            **dict.fromkeys(("distribution_id", "price_class")),
            "bucket": self.name,
            "require_https": False,
            "wait": True,
            "wait_timeout": 5,
            **params,
        }
        return apply_distribution.run(Module(self.aws, None, check, **given))

    def open_to(self, result: dict[str, Any]) -> None:
        self.bucket.access("cloudfront", cloudfront_distribution_arn=result["arn"])

    def get(self, result: dict[str, Any], key: str, **headers: str) -> requests.Response:
        url = f"{self.aws.endpoint_url}/_cloudfront/{result['distribution_id']}/{key}"
        return requests.get(url, headers=headers, timeout=10)

    def change(self, **parts: Any) -> None:
        """Change the distribution as somebody would in the console."""
        found = self.run()["distribution_id"]
        answer = self.cloudfront.get_distribution_config(Id=found)
        config = {**answer["DistributionConfig"], **parts}
        self.cloudfront.update_distribution(Id=found, IfMatch=answer["ETag"], DistributionConfig=config)

    def config(self) -> dict[str, Any]:
        found = self.run()["distribution_id"]
        config: dict[str, Any] = self.cloudfront.get_distribution_config(Id=found)["DistributionConfig"]
        return config


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apply_distribution, "_FOUND_AGAIN_SECONDS", 0.5)
    monkeypatch.setattr(apply_access, "_READ_BACK_SECONDS", 0.2)


@pytest.fixture
def front(aws: AwsStandIn) -> Any:
    aws.clear_faults()
    yield Front(aws)
    aws.settings(distribution_delay=0)
    aws.clear_faults()


def writes(aws: AwsStandIn) -> list[str]:
    return [each["operation"] for each in aws.writes()]


def test_only_the_distribution_reads_the_recordings(aws: AwsStandIn, front: Front) -> None:
    for key in ("streams/a.mp4", "private/b.mp4"):
        front.bucket.s3.put_object(Bucket=front.name, Key=key, Body=b"0123456789")
    result = front.run()
    assert result["steps"] == ["make an origin access control", "make the distribution"]
    assert (result["status"], result["domain_name"].endswith(".cloudfront.net")) == ("Deployed", True)
    assert front.get(result, "streams/a.mp4").status_code == 403
    front.open_to(result)
    assert front.get(result, "streams/a.mp4").content == b"0123456789"
    assert front.get(result, "streams/a.mp4", Range="bytes=2-3").content == b"23"
    assert front.get(result, "private/b.mp4").status_code == 403
    assert requests.get(f"{aws.endpoint_url}/{front.name}/streams/a.mp4", timeout=10).status_code == 403
    other = Front(aws)
    other_result = other.run()
    front.bucket.access("cloudfront", cloudfront_distribution_arn=other_result["arn"])
    assert front.get(result, "streams/a.mp4").status_code == 403


def test_the_cors_rules_of_the_bucket_answer(front: Front) -> None:
    front.bucket.s3.put_object(Bucket=front.name, Key="streams/a.mp4", Body=b"x")
    rule = {"id": "a", "allowed_origins": [ORIGIN], "allowed_methods": ["GET"]}
    front.bucket.cors(rules=[rule])
    result = front.run()
    front.open_to(result)
    assert front.get(result, "streams/a.mp4", Origin=ORIGIN).headers["Access-Control-Allow-Origin"] == ORIGIN
    elsewhere = front.get(result, "streams/a.mp4", Origin="https://elsewhere.example")
    assert "Access-Control-Allow-Origin" not in elsewhere.headers


def test_check_mode_predicts_and_a_second_run_changes_nothing(aws: AwsStandIn, front: Front) -> None:
    aws.clear_requests()
    predicted = front.run(check=True)
    assert writes(aws) == []
    assert (predicted["distribution_id"], predicted["domain_name"]) == (None, None)
    done = front.run()
    assert writes(aws) == ["CreateOriginAccessControl", "CreateDistribution"]
    assert (predicted["steps"], predicted["diff"]) == (done["steps"], done["diff"])
    aws.clear_requests()
    again = front.run()
    assert (again["changed"], writes(aws)) == (False, [])
    assert again["diff"]["before"] == again["diff"]["after"]


def test_drift_is_mended_and_what_is_not_ours_stays(aws: AwsStandIn, front: Front) -> None:
    made = front.run()
    behavior = {**front.config()["DefaultCacheBehavior"], "ViewerProtocolPolicy": "allow-all"}
    del behavior["OriginRequestPolicyId"]
    (origin,) = front.config()["Origins"]["Items"]
    website = {**origin, "Id": "website", "DomainName": "website.s3.eu-west-1.amazonaws.com"}
    front.change(
        Enabled=False,
        DefaultCacheBehavior=behavior,
        Origins={
            "Quantity": 2,
            "Items": [{**origin, "OriginAccessControlId": "", "OriginPath": "/eu"}, website],
        },
        HttpVersion="http2",
    )
    predicted = front.run(check=True)
    mended = front.run()
    assert mended["steps"] == predicted["steps"]
    assert mended["steps"] == [
        "enable the distribution",
        "have it sign its requests to the bucket",
        "set how it passes requests on",
    ]
    assert mended["diff"] == predicted["diff"]
    assert mended["distribution_id"] == made["distribution_id"]
    config = front.config()
    assert {each["Id"] for each in config["Origins"]["Items"]} == {origin["Id"], "website"}
    assert (config["Enabled"], config["HttpVersion"]) == (True, "http2")
    assert {each["OriginPath"] for each in config["Origins"]["Items"]} == {""}
    assert front.run()["changed"] is False
    assert front.run(price_class="PriceClass_100")["steps"] == ["set its price class to PriceClass_100"]


def test_an_access_control_that_does_not_sign_is_mended(front: Front) -> None:
    front.run()
    (control,) = [
        each
        for each in front.cloudfront.list_origin_access_controls()["OriginAccessControlList"]["Items"]
        if each["Name"] == f"{front.name}-recording"
    ]
    found = front.cloudfront.get_origin_access_control(Id=control["Id"])
    config = {**found["OriginAccessControl"]["OriginAccessControlConfig"], "SigningBehavior": "never"}
    front.cloudfront.update_origin_access_control(
        Id=control["Id"], IfMatch=found["ETag"], OriginAccessControlConfig=config
    )
    assert front.run()["steps"] == ["make the origin access control sign all"]
    assert front.run()["changed"] is False


def test_it_waits_until_the_distribution_is_everywhere(aws: AwsStandIn, front: Front) -> None:
    aws.settings(distribution_delay=3600)
    not_waiting = front.run(wait=False)
    assert not_waiting["status"] == "InProgress"
    failed = front.run(wait_timeout=0, price_class="PriceClass_200")
    assert (failed["failed"], failed["changed"]) == (True, True)
    assert "it is not deployed everywhere after 0 s. Run again, which goes on waiting" in failed["msg"]
    aws.settings(distribution_delay=0)
    assert front.run()["status"] == "Deployed"


def test_two_runs_at_the_same_moment_make_one(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    made = front.run()
    ours = apply_distribution.DistributionApi._ours
    calls: list[None] = []

    def late(self: Any) -> Any:
        calls.append(None)
        return None if len(calls) == 1 else ours(self)

    monkeypatch.setattr(apply_distribution.DistributionApi, "_ours", late)
    assert front.run()["distribution_id"] == made["distribution_id"]


def test_a_reference_that_a_deleted_distribution_had(front: Front) -> None:
    made = front.run()
    front.change(Comment="somebody else's now")
    assert front.run()["distribution_id"] != made["distribution_id"]


def test_a_distribution_of_the_users_is_looked_at_and_not_changed(aws: AwsStandIn, front: Front) -> None:
    made = front.run()["distribution_id"]
    front.change(Comment="ours")
    aws.clear_requests()
    assert front.run(distribution_id=made)["changed"] is False
    assert writes(aws) == []
    with pytest.raises(AwsError, match="none of its origins is bucket elsewhere"):
        front.run(distribution_id=made, bucket="elsewhere")


def broken(config: dict[str, Any], **origin: Any) -> dict[str, Any]:
    (found,) = config["Origins"]["Items"]
    return {**config, "Origins": {"Quantity": 1, "Items": [{**found, **origin}]}}


@pytest.mark.parametrize(
    ("origin", "told"),
    [
        ({"OriginAccessControlId": ""}, "has no origin access control"),
        ({"OriginPath": "/eu"}, "puts /eu before each path"),
    ],
)
def test_what_keeps_a_distribution_of_the_users_from_serving(
    front: Front, origin: dict[str, Any], told: str
) -> None:
    made = front.run()["distribution_id"]
    front.change(**broken(front.config(), **origin))
    with pytest.raises(AwsError, match="Correct that in CloudFront") as failed:
        front.run(distribution_id=made)
    assert told in str(failed.value)


def by_http(config: dict[str, Any], policy: str, where: str) -> dict[str, Any]:
    """Return the configuration with that policy in the default cache behavior, or in one more."""
    default = config["DefaultCacheBehavior"]
    if where == "default":
        return {**config, "DefaultCacheBehavior": {**default, "ViewerProtocolPolicy": policy}}
    target = default["TargetOriginId"] if where == "more" else "other"
    more = {**default, "PathPattern": "streams/*", "ViewerProtocolPolicy": policy, "TargetOriginId": target}
    found = {**config, "CacheBehaviors": {"Quantity": 1, "Items": [more]}}
    if where == "group":
        members = [{"OriginId": "fallback"}, {"OriginId": default["TargetOriginId"]}]
        group = {"Id": "other", "Members": {"Quantity": 2, "Items": members}}
        found["OriginGroups"] = {"Quantity": 1, "Items": [group]}
    return found


@pytest.mark.parametrize(
    ("policy", "where", "named"),
    [
        ("allow-all", "default", "Default (*)"),
        ("allow-all", "more", "streams/*"),
        ("allow-all", "group", "streams/*"),
        ("allow-all", "elsewhere", ""),
        ("https-only", "default", ""),
        ("redirect-to-https", "more", ""),
    ],
)
def test_a_distribution_of_the_users_that_asks_the_bucket_by_http(
    policy: str, where: str, named: str
) -> None:
    desired = distribution.DesiredDistribution("b", "eu-west-1", distribution_id="E1")
    controls = {"C1": distribution.access_control(desired)}
    config = by_http(distribution.new_config(desired, "C1", "reference"), policy, where)
    distribution.check_given(config, desired, controls)
    desired = replace(desired, require_https=True)
    if not named:
        distribution.check_given(config, desired, controls)
        return
    with pytest.raises(AwsError) as failed:
        distribution.check_given(config, desired, controls)
    assert f"cache behaviors for '{named}' allow viewers http" in str(failed.value)


@pytest.mark.parametrize("check", [True, False])
def test_http_is_found_before_the_bucket_refuses_it(aws: AwsStandIn, front: Front, check: bool) -> None:
    """A viewer who came by http got 403 from a distribution that was looked at and found good."""
    made = front.run()["distribution_id"]
    front.change(**by_http(front.config(), "allow-all", "default"))
    assert front.run(distribution_id=made)["changed"] is False
    aws.clear_requests()
    with pytest.raises(AwsError, match=r"allow viewers http .*s3_recording_secure_transport_only: false"):
        front.run(distribution_id=made, require_https=True, check=check)
    assert writes(aws) == []


def test_a_distribution_that_is_disabled_and_one_that_is_not_there(front: Front) -> None:
    made = front.run()["distribution_id"]
    front.change(Enabled=False)
    with pytest.raises(AwsError, match="it is disabled"):
        front.run(distribution_id=made)
    with pytest.raises(AwsError, match="Reading distribution ENOTHERE: NoSuchDistribution"):
        front.run(distribution_id="ENOTHERE")


def test_several_of_them(front: Front) -> None:
    front.run()
    config = {**front.config(), "CallerReference": uuid.uuid4().hex}
    front.cloudfront.create_distribution(DistributionConfig=config)
    with pytest.raises(
        AwsError, match=r"there are several, \w+ and \w+\. Name one of them with distribution_id"
    ):
        front.run()


def test_a_behavior_of_the_older_kind_gets_the_policies(front: Front) -> None:
    """CloudFront takes either a cache policy or what went before them."""
    front.run()
    behavior = {**front.config()["DefaultCacheBehavior"], "MinTTL": 60}
    del behavior["CachePolicyId"], behavior["OriginRequestPolicyId"]
    behavior["ForwardedValues"] = {"QueryString": False, "Cookies": {"Forward": "none"}}
    front.change(DefaultCacheBehavior=behavior)
    assert front.run()["steps"] == ["set how it passes requests on"]
    found = front.config()["DefaultCacheBehavior"]
    assert "ForwardedValues" not in found
    assert found["OriginRequestPolicyId"]
    assert front.run()["changed"] is False


def test_an_access_control_that_is_gone_is_made_again(front: Front) -> None:
    made = front.run()
    (origin,) = front.config()["Origins"]["Items"]
    control = origin["OriginAccessControlId"]
    front.change(**broken(front.config(), OriginAccessControlId=""))
    etag = front.cloudfront.get_origin_access_control(Id=control)["ETag"]
    front.cloudfront.delete_origin_access_control(Id=control, IfMatch=etag)
    predicted, again = front.run(check=True), front.run()
    assert predicted["steps"] == again["steps"]
    assert again["steps"] == ["make an origin access control", "have it sign its requests to the bucket"]
    assert again["distribution_id"] == made["distribution_id"]
    assert front.run()["changed"] is False


@pytest.mark.parametrize("signing", ["always", "never"])
def test_an_origin_access_control_of_someone_else_is_never_changed(
    aws: AwsStandIn, front: Front, signing: str
) -> None:
    """One of that name was changed, and with it what other distributions do with it."""
    config = {
        "Name": f"{front.name}-recording",
        "Description": "of the shop",
        "SigningProtocol": "sigv4",
        "SigningBehavior": signing,
        "OriginAccessControlOriginType": "s3",
    }
    made = front.cloudfront.create_origin_access_control(OriginAccessControlConfig=config)
    aws.clear_requests()
    if signing == "always":
        assert front.run()["origin_access_control_id"] == made["OriginAccessControl"]["Id"]
        assert writes(aws) == ["CreateDistribution"]
        return
    for check in (True, False):
        with pytest.raises(AwsError, match=r"was not made here.*Nothing was changed"):
            front.run(check=check)
    assert writes(aws) == []


def test_the_result_names_the_origin_access_control(front: Front) -> None:
    assert front.run(check=True)["origin_access_control_id"] is None
    (origin,) = front.config()["Origins"]["Items"]
    assert front.run()["origin_access_control_id"] == origin["OriginAccessControlId"]
