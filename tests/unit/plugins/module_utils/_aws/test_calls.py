# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is provisioned goes where botocore's own settings lead: dual-stack, FIPS, partitions."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws import calls
from ansible_collections.antmedia.s3_recording.plugins.module_utils._check import (
    s3_clients as _probe_store,
)
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders


class Module:
    """Makes clients as AnsibleAWSModule does, without an endpoint."""

    check_mode = False

    def __init__(self, region: str, endpoint_url: str | None = None) -> None:
        self.region: str | None = region
        self.params: dict[str, Any] = {"endpoint_url": endpoint_url, "aws_config": None}

    def client(self, service: str, config: Any = None, **_options: Any) -> Any:
        session: Any = boto3.session.Session("key", "secret", region_name=self.region)
        return session.client(service, config=config, endpoint_url=self.params["endpoint_url"])


@pytest.fixture(autouse=True)
def _no_endpoints(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL_S3_CONTROL"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("region", "kinds", "endpoint"),
    [
        ("eu-west-1", (), "https://s3.eu-west-1.amazonaws.com"),
        ("cn-north-1", (), "https://s3.cn-north-1.amazonaws.com.cn"),
        ("eu-west-1", ("DUALSTACK",), "https://s3.dualstack.eu-west-1.amazonaws.com"),
        ("us-gov-west-1", ("FIPS",), "https://s3-fips.us-gov-west-1.amazonaws.com"),
        ("us-gov-west-1", ("FIPS", "DUALSTACK"), "https://s3-fips.dualstack.us-gov-west-1.amazonaws.com"),
    ],
)
def test_s3(monkeypatch: pytest.MonkeyPatch, region: str, kinds: tuple[str, ...], endpoint: str) -> None:
    for kind in kinds:
        monkeypatch.setenv(f"AWS_USE_{kind}_ENDPOINT", "true")
    assert calls.client(Module(region), "s3").meta.endpoint_url == endpoint


def test_the_other_services(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_USE_FIPS_ENDPOINT", "true")
    module = Module("us-east-1")
    assert "fips" in calls.client(module, "ssm").meta.endpoint_url
    assert "fips" in calls.client(module, "sts").meta.endpoint_url
    assert "fips" in calls.client(module, "s3control").meta.endpoint_url
    assert "fips" in calls.client(module, "iam").meta.endpoint_url


class Empty:
    """A body without content, as botocore reads it."""

    def stream(self) -> list[bytes]:
        return []


def checksums_of(client: Any) -> set[str]:
    """Return the headers about checksums of a call for which S3 requires one."""
    sent: list[Any] = []

    def answer(request: Any, **_event: Any) -> AWSResponse:
        sent.extend(name.lower() for name in request.headers)
        return AWSResponse(request.url, 200, HTTPHeaders(), Empty())

    client.meta.events.register("before-send.s3", answer)
    rule: Any = {"AllowedMethods": ["GET"], "AllowedOrigins": ["*"]}
    client.put_bucket_cors(Bucket="recordings", CORSConfiguration={"CORSRules": [rule]})
    return {name for name in sent if "checksum" in name or name == "content-md5"}


def test_a_store_that_is_not_aws_is_provisioned_and_checked_with_the_same_checksum() -> None:
    """The provisioning client sent x-amz-sdk-checksum-algorithm and CRC32, which some stores refuse."""
    place = "http://store.example.com:9000"
    settings = {"s3Endpoint": place, "s3RegionName": "us-east-1", "s3AccessKey": "a", "s3SecretKey": "b"}
    assert checksums_of(calls.client(Module("us-east-1", place), "s3")) == {"content-md5"}
    assert checksums_of(_probe_store.s3_client(settings, 1, provisioning=False)) == {"content-md5"}


def test_at_aws_botocore_chooses_the_checksum() -> None:
    assert checksums_of(calls.client(Module("eu-west-1"), "s3"))
    dual_stack = Module("eu-west-1", "https://s3.dualstack.eu-west-1.amazonaws.com")
    assert checksums_of(calls.client(dual_stack, "s3")) == checksums_of(
        calls.client(Module("eu-west-1"), "s3")
    )
