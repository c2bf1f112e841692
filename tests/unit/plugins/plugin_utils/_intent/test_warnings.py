# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What works with a catch, and is warned of."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.model import Intent
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.warnings import warnings_of

GUIDE = Intent(bucket="myvideos", region="us-east-1", ams_url="https://ams1.example.com:5443")
CLOUDFRONT = replace(GUIDE, delivery="cloudfront", cache_control="public, max-age=86400")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"forwarding_extensions": ("mp4", "m3u8")}, "live HLS playback breaks"),
        ({"upload": ("hls",)}, "mp4 is forwarded but not uploaded"),
        ({"forwarding_extensions": ("mov",)}, "mov is forwarded but not uploaded"),
        ({"base_url": "http://cdn.example.com"}, "browsers block http"),
        ({"cors_origins": ("*",)}, "'*' allows every site"),
    ],
)
def test_what_bites_is_warned_of(changes: dict[str, Any], said: str) -> None:
    assert any(said in warning for warning in warnings_of(replace(GUIDE, **changes)))


def test_m3u8_without_live_hls_is_fine() -> None:
    intent = replace(GUIDE, forwarding_extensions=("m3u8",), settings={"hlsMuxingEnabled": False})
    assert warnings_of(intent) == []


def test_recordings_that_cloudfront_may_not_keep() -> None:
    assert any("stops CloudFront" in each for each in warnings_of(replace(CLOUDFRONT, cache_control="")))


def test_what_works_but_bites() -> None:
    frozen = replace(GUIDE, transitions=({"days": 30, "storage_class": "DEEP_ARCHIVE"},))
    assert any("nobody can play a recording in DEEP_ARCHIVE" in each for each in warnings_of(frozen))
    assert not warnings_of(replace(frozen, forwarding=False))
    versions = replace(GUIDE, versioning=True, expire_days=3)
    assert any("stays as a noncurrent version" in each for each in warnings_of(versions))
    assert not warnings_of(replace(versions, noncurrent_expire_days=1))
