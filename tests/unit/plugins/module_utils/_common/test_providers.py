# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Stores that speak S3: which one it is, and what follows from that."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.addresses import origin_of
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.providers import (
    PROVIDERS,
    provider_at,
    service_of,
)
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.ams_settings import app_settings
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.model import Intent, Member
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.plan import plan_fleet
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.validation import problems_of

KEYED = Intent(
    bucket="recordings",
    region="fra1",
    access_key_id="DO00EXAMPLE",
    secret_given=True,
    ams_url="https://ams-1:5443",
)


@pytest.mark.parametrize(
    ("endpoint", "has_iam", "name"),
    [
        ("", False, "aws"),
        ("https://s3.eu-west-1.amazonaws.com", False, "aws"),
        ("https://s3.cn-north-1.amazonaws.com.cn", False, "aws"),
        ("https://fra1.digitaloceanspaces.com", False, "digitalocean"),
        ("https://0123.r2.cloudflarestorage.com", False, "r2"),
        ("https://s3.eu-central-1.wasabisys.com", False, "wasabi"),
        ("https://s3.gra.io.cloud.ovh.net/", False, "ovh"),
        ("https://storage.googleapis.com", False, "gcs"),
        ("http://minio.example.com:9000", False, "other"),
        ("http://127.0.0.1:4566", True, "aws"),
        ("https://evil-amazonaws.com", False, "other"),
    ],
)
def test_an_endpoint_shows_whose_it_is(endpoint: str, has_iam: bool, name: str) -> None:
    assert provider_at(endpoint, has_iam=has_iam) == name


def test_an_endpoint_of_aws_is_for_the_servers_alone_and_has_the_bucket_in_its_host_name() -> None:
    """botocore refuses an address together with AWS_USE_FIPS_ENDPOINT; and path style needs AMS 2.13."""
    dual_stack = "https://s3.dualstack.eu-west-1.amazonaws.com"
    host = Intent(bucket="recordings", region="eu-west-1", endpoint=dual_stack, ams_url="https://ams-1:5443")
    settings = app_settings(host, "live")
    assert settings["s3Endpoint"] == dual_stack
    assert "s3PathStyleAccessEnabled" not in settings
    assert settings["httpForwardingBaseURL"] == "https://recordings.s3.dualstack.eu-west-1.amazonaws.com"
    (entry,) = plan_fleet([Member("ams-1", host, chosen=True)])["buckets"]
    assert (entry["provider"], entry["s3_endpoint_url"]) == ("aws", "")


@pytest.mark.parametrize("region", ["ap-southeast-9", "cn-south-9"])
def test_a_region_newer_than_the_sdk_inside_ams(region: str) -> None:
    host = Intent(bucket="recordings", region=region, ams_url="https://ams-1:5443")
    (problem,) = problems_of(host)
    endpoint = problem.rpartition(" ")[2]
    assert endpoint.endswith(".cn") == region.startswith("cn-")
    told = replace(host, endpoint=endpoint)
    assert problems_of(told) == []
    assert told.bucket_url() == f"https://recordings.{endpoint.partition('://')[2]}"


def test_dots_in_a_name_that_stands_before_the_host() -> None:
    spaces = replace(KEYED, bucket="my.videos", provider="digitalocean")
    assert "digitalocean's certificate is not valid" in problems_of(spaces)[0]
    assert problems_of(replace(spaces, path_style=True)) == []


@pytest.mark.parametrize(
    ("provider", "given", "endpoint", "by_path", "base"),
    [
        (
            "digitalocean",
            {},
            "https://fra1.digitaloceanspaces.com",
            False,
            "https://recordings.fra1.digitaloceanspaces.com",
        ),
        ("wasabi", {}, "https://s3.fra1.wasabisys.com", False, "https://recordings.s3.fra1.wasabisys.com"),
        (
            "ovh",
            {"delivery": "acl"},
            "https://s3.fra1.io.cloud.ovh.net",
            False,
            "https://recordings.s3.fra1.io.cloud.ovh.net",
        ),
        (
            "gcs",
            {"delivery": "acl"},
            "https://storage.googleapis.com",
            True,
            "https://storage.googleapis.com/recordings",
        ),
        (
            "r2",
            {"endpoint": "https://0123.r2.cloudflarestorage.com", "base_url": "https://videos.example.com"},
            "https://0123.r2.cloudflarestorage.com",
            True,
            "https://videos.example.com",
        ),
        (
            "minio",
            {"endpoint": "http://minio:9000", "region": ""},
            "http://minio:9000",
            True,
            "http://minio:9000/recordings",
        ),
        ("ceph", {"endpoint": "http://rgw:8080"}, "http://rgw:8080", True, "http://rgw:8080/recordings"),
    ],
)
def test_addresses_follow_from_the_provider(
    provider: str, given: dict[str, Any], endpoint: str, by_path: bool, base: str
) -> None:
    intent = replace(KEYED, provider=provider, **given)
    assert problems_of(intent) == []
    settings = app_settings(intent, "live")
    assert settings["s3Endpoint"] == endpoint
    assert settings.get("s3PathStyleAccessEnabled", False) is by_path
    assert settings["httpForwardingBaseURL"] == base


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"provider": "amazon"}, "s3_recording_provider: 'amazon' must be one of aws, ceph"),
        ({"provider": "ceph"}, "s3_recording_endpoint is not set"),
        ({"provider": "wasabi", "region": ""}, "s3_recording_region is not set"),
        ({"provider": "ovh"}, "acl opens each recording"),
        ({"provider": "minio", "endpoint": "http://m:9000", "delivery": "acl"}, "has no object ACLs"),
        ({"provider": "r2", "endpoint": "https://0.r2.cloudflarestorage.com"}, "s3_recording_base_url"),
        (
            {"provider": "minio", "endpoint": "http://m:9000", "secure_transport_only": True},
            "would shut out everybody",
        ),
        ({"provider": "ovh", "secure_transport_only": True}, "needs a bucket policy"),
        ({"provider": "digitalocean", "access_key_id": "", "secret_given": False}, "has no IAM"),
    ],
)
def test_what_a_store_has_not_is_said(given: dict[str, Any], said: str) -> None:
    assert any(said in problem for problem in problems_of(replace(KEYED, **given)))


@pytest.mark.parametrize("provider", PROVIDERS)
def test_only_aws_is_asked_for_what_only_aws_has(provider: str) -> None:
    intent = replace(
        KEYED, provider=provider, endpoint="https://store.example.com", base_url="https://cdn.example.com"
    )
    delivery = "public" if intent.s3_provider.policies or not intent.s3_provider.acls else "acl"
    planned = plan_fleet([Member("ams-1", replace(intent, delivery=delivery), chosen=True)])
    assert planned["problems"] == []
    (bucket,) = planned["buckets"]
    assert bucket["has_ownership"] is (provider == "aws")
    assert bool(bucket["cors_rules"]) is not bool(bucket["cors_elsewhere"])
    # A preflight asks wherever CORS is set.
    host = planned["hosts"]["ams-1"]
    assert host["origins"] == [origin_of(intent.viewer_address)]
    assert host["cors_elsewhere"] == bucket["cors_elsewhere"]


@pytest.mark.parametrize(
    ("provider", "cors", "is_set"),
    [
        ("other", "", True),
        ("other", "bucket", True),
        ("other", "elsewhere", False),
        ("minio", "", False),
        ("minio", "bucket", True),
        ("minio", "elsewhere", False),
    ],
)
def test_where_cors_is_set_can_be_said_whatever_the_provider(provider: str, cors: str, is_set: bool) -> None:
    """Before there was no variable for it, and a store without CORS rules could not be used at all."""
    intent = replace(KEYED, provider=provider, cors=cors, endpoint="https://store.example.com")
    (bucket,) = plan_fleet([Member("ams-1", intent, chosen=True)])["buckets"]
    assert (bool(bucket["cors_rules"]), bool(bucket["cors_elsewhere"])) == (is_set, not is_set)
    assert problems_of(replace(intent, cors="nowhere")) == [
        "s3_recording_cors: 'nowhere' must be bucket or elsewhere"
    ]


def test_minio_expires_recordings_and_is_sent_no_rule_about_unfinished_uploads() -> None:
    """It answers InvalidArgument to such a rule."""
    intent = replace(KEYED, provider="minio", endpoint="http://minio:9000", region="us-east-1")
    assert problems_of(replace(intent, expire_days=30)) == []
    assert "refuses a rule" in problems_of(replace(intent, abort_uploads_days=7))[0]
    (bucket,) = plan_fleet([Member("ams-1", replace(intent, expire_days=30), chosen=True)])["buckets"]
    assert {tuple(rule) for rule in bucket["config"]["lifecycle_rules"]} == {("prefix", "expiration_days")}
    (bucket,) = plan_fleet([Member("ams-1", intent, chosen=True)])["buckets"]
    assert bucket["config"]["lifecycle_rules"] == []


@pytest.mark.parametrize(
    ("provider", "endpoint", "region"),
    [
        ("minio", "http://minio:9000", "us-east-1"),
        ("ceph", "http://rgw:8080", "us-east-1"),
        ("", "https://fsn1.your-objectstorage.com", "us-east-1"),
        ("", "https://0a1b.r2.cloudflarestorage.com", "auto"),
        ("gcs", "", "auto"),
        ("", "https://fra1.digitaloceanspaces.com", "fra1"),
        ("", "https://s3.wasabisys.com", "us-east-1"),
        ("", "https://s3.eu-central-1.wasabisys.com", "eu-central-1"),
        ("", "https://s3.gra.perf.cloud.ovh.net", "gra"),
    ],
)
def test_without_a_region_there_is_one_that_the_store_takes(
    provider: str, endpoint: str, region: str
) -> None:
    """With an empty s3RegionName AMS signs without a region, which most stores refuse."""
    intent = replace(KEYED, region="", provider=provider, endpoint=endpoint, delivery="private")
    assert problems_of(intent) == []
    assert app_settings(intent, "live")["s3RegionName"] == region
    (bucket,) = plan_fleet([Member("ams-1", intent, chosen=True)])["buckets"]
    assert bucket["region"] == region
    given = replace(intent, region="eu-3")
    assert app_settings(given, "live")["s3RegionName"] == "eu-3"


def test_a_bucket_at_aws_has_a_region_of_its_own() -> None:
    intent = replace(KEYED, region="", endpoint="https://s3.dualstack.eu-west-1.amazonaws.com")
    (problem,) = problems_of(intent)
    assert problem.startswith("s3_recording_region is not set")


@pytest.mark.parametrize(("provider", "has_tags"), [("ceph", True), ("minio", True), ("other", False)])
def test_a_store_that_is_not_known_to_have_tags_is_not_asked_for_them(provider: str, has_tags: bool) -> None:
    intent = replace(KEYED, provider=provider, endpoint="https://store.example.com")
    (bucket,) = plan_fleet([Member("ams-1", intent, chosen=True)])["buckets"]
    assert bucket["tasks"]["s3_recording_bucket"].get("managed_tag", True) is has_tags


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("", "https://s3.eu-west-1.amazonaws.com", True),
        ("https://s3.wasabisys.com", "https://s3.us-east-1.wasabisys.com", True),
        ("https://s3.wasabisys.com", "https://s3.eu-central-1.wasabisys.com", False),
        ("https://s3.gra.io.cloud.ovh.net", "https://s3.gra.cloud.ovh.net", True),
        ("https://fra1.digitaloceanspaces.com", "https://fra1.cdn.digitaloceanspaces.com", True),
        # Each account has a host of its own.
        ("https://0a.r2.cloudflarestorage.com", "https://0b.r2.cloudflarestorage.com", False),
        ("minio.example.com:9000", "http://minio.example.com:9000/", True),
        ("https://minio.example.com", "https://ceph.example.com", False),
        ("", "https://minio.example.com", False),
    ],
)
def test_hosts_of_one_service(one: str, other: str, *, same: bool) -> None:
    assert (service_of(one) == service_of(other)) is same


def test_a_login_in_an_endpoint_is_no_part_of_the_service() -> None:
    assert service_of("https://user:secret@minio.example.com") == "minio.example.com"
