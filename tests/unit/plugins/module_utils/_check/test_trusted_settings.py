# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where a check sends requests and credentials: where it was asked to, whatever a server names."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._check.trusted_settings import (
    target_mismatch,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.providers import (
    is_api_of_aws,
)

OWN = {
    "s3BucketName": "recordings",
    "s3RegionName": "eu-west-1",
    "s3Endpoint": "https://s3.example.com",
    "s3PathStyleAccessEnabled": True,
    "httpForwardingBaseURL": "https://s3.example.com/recordings",
    "s3SecretKey": "of-the-server",
}
STRANGER = "http://192.0.2.1:9000"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("s3BucketName", "of-a-stranger"),
        ("s3BucketName", ["recordings"]),
        ("s3RegionName", "us-east-1"),
        ("s3Endpoint", STRANGER),
        # It would lead to AWS.
        ("s3Endpoint", ""),
        ("s3Endpoint", {"recordings": 1}),
        ("s3PathStyleAccessEnabled", False),
        ("s3PathStyleAccessEnabled", "maybe"),
        ("httpForwardingBaseURL", STRANGER),
    ],
)
def test_what_was_asked_for_decides(name: str, value: Any) -> None:
    found = target_mismatch({**OWN, name: value}, OWN)
    assert found is not None
    assert (found.expected, found.actual) == (f"{name}={OWN[name]!r}", f"{name}={value!r}")
    assert "Nothing was sent" in found.remedy


@pytest.mark.parametrize("name", ["s3BucketName", "s3Endpoint", "s3PathStyleAccessEnabled"])
def test_a_setting_that_the_server_leaves_out_is_another_one(name: str) -> None:
    assert target_mismatch({key: value for key, value in OWN.items() if key != name}, OWN) is not None


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"s3PathStyleAccessEnabled": "true"},
        {"httpForwardingBaseURL": f"{OWN['httpForwardingBaseURL']}/"},
        # Nobody is sent anywhere, and the check shows that.
        {"httpForwardingBaseURL": ""},
        {"httpForwardingBaseURL": None},
        # It decides nothing about where a request goes.
        {"s3SecretKey": "another"},
    ],
)
def test_the_same_place_is_followed(change: dict[str, Any]) -> None:
    assert target_mismatch({**OWN, **change}, OWN) is None


@pytest.mark.parametrize(
    ("endpoint", "environment", "is_followed"),
    [
        ("", "", True),
        ("https://s3.eu-west-1.amazonaws.com", "", True),
        ("https://s3.dualstack.eu-west-1.amazonaws.com", "", True),
        ("http://s3.eu-west-1.amazonaws.com", "", False),
        # Everybody can have an address below that name, with a certificate.
        ("https://abc123.execute-api.eu-west-1.amazonaws.com", "", False),
        ("https://s3.amazonaws.com.stranger.example", "", False),
        ("https://s3.amazonaws.com@stranger.example", "", False),
        ("https://s3.amazonaws.com:8443", "", False),
        ("https://minio.example", "", False),
        ("https://minio.example/", "https://minio.example", True),
        ("https://minio.example", "https://another.example", False),
        (STRANGER, "", False),
        (["x"], "", False),
    ],
)
def test_an_endpoint_that_nobody_asked_for(endpoint: Any, environment: str, is_followed: bool) -> None:
    """Used alone without settings, the module sends nothing but to AWS, or to where the environment says."""
    found = target_mismatch({**OWN, "s3Endpoint": endpoint}, {}, environment)
    assert (found is None) is is_followed
    if found is not None:
        assert found.actual == f"s3Endpoint={endpoint!r}"
        assert "name s3Endpoint among the settings" in found.remedy


def test_asking_for_plain_http_allows_it() -> None:
    settings = {"s3Endpoint": STRANGER}
    assert target_mismatch(settings, settings) is None
    assert not is_api_of_aws(STRANGER)


@pytest.mark.parametrize("bucket", ["", None])
def test_a_server_that_was_never_set_up_is_nobodys_fault(bucket: str | None) -> None:
    """The reader was to find out who had changed a server that nobody had touched."""
    found = target_mismatch({**OWN, "s3BucketName": bucket, "s3RegionName": ""}, OWN)
    assert found == (
        f"recording to bucket {OWN['s3BucketName']!r}",
        "no bucket",
        "Recording to S3 is not set up on this server. To set it up, run site.yml",
    )
