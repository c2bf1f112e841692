# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is provisioned goes where botocore's own settings lead: dual-stack, FIPS, partitions."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws import calls


class Module:
    """Makes clients as AnsibleAWSModule does, without an endpoint."""

    def __init__(self, region: str) -> None:
        self.region, self.params = region, {"endpoint_url": None, "aws_config": None}

    def client(self, service: str, config: Any = None, **_options: Any) -> Any:
        session: Any = boto3.session.Session("key", "secret", region_name=self.region)
        return session.client(service, config=config)


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
