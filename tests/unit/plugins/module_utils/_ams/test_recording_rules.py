# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What AMS does with its settings of recording. The same table is put to servers in tests/contract."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams import recording_rules
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.recording_rules import Forwarding
from ansible_collections.antmedia.s3_recording.plugins.module_utils._check.explain_playback import (
    probe_extension,
)

from tests.harness.forwarding import FORWARDED

BASE = "https://cdn.example.com/x"


def to(extensions: str | None, path: str, base: str | None = BASE) -> str:
    settings = {"httpForwardingExtension": extensions, "httpForwardingBaseURL": base}
    return recording_rules.forwarded_to(settings, path)


@pytest.mark.parametrize(("extensions", "forwarded"), FORWARDED)
def test_extensions_are_used_as_they_are(extensions: str | None, forwarded: set[str]) -> None:
    found = {name for name in ("mp4", "webm", "m3u8") if to(extensions, f"streams/a.{name}")}
    assert found == forwarded
    has = Forwarding(extensions or "", BASE)
    assert {name for name in ("mp4", "webm", "m3u8") if has.forwards(name)} == forwarded


@pytest.mark.parametrize(("extensions", "forwarded"), FORWARDED)
def test_the_check_asks_for_a_file_that_ams_could_have_made(
    extensions: str | None, forwarded: set[str]
) -> None:
    """With MP4 it asked for a file named .MP4, which is forwarded, and called that a chain that holds."""
    has = Forwarding(extensions or "", BASE)
    asked = probe_extension(has, has)
    assert asked == asked.lower()
    assert asked.isalnum()
    if {"mp4", "webm", "m3u8"} & set(has.meant) - forwarded:
        assert not has.forwards(asked)


@pytest.mark.parametrize(
    ("base", "path", "target"),
    [
        (BASE, "streams/sub/a.mp4", f"{BASE}/streams/sub/a.mp4"),
        (f"{BASE}/", "streams/a.mp4", f"{BASE}/streams/a.mp4"),
        (f"{BASE}//", "streams/a.mp4", f"{BASE}//streams/a.mp4"),
        (BASE, "previews/a.mp4", ""),
        (BASE, "a.mp4", ""),
        (BASE, "streams/a..mp4", ""),
        ("https://cdn.example.com/a..b", "streams/a.mp4", ""),
        ("", "streams/a.mp4", ""),
        (None, "streams/a.mp4", ""),
    ],
)
def test_where_a_viewer_is_sent(base: str | None, path: str, target: str) -> None:
    assert to("mp4", path, base) == target


@pytest.mark.parametrize(
    ("settings", "region"),
    [
        ({"s3RegionName": "eu-west-1", "s3Endpoint": ""}, "eu-west-1"),
        ({"s3RegionName": "", "s3Endpoint": "http://minio:9000"}, ""),
        ({"s3RegionName": "", "s3Endpoint": ""}, None),
        ({"s3RegionName": None, "s3Endpoint": "http://minio:9000"}, None),
    ],
)
def test_the_region_of_a_signature(settings: dict[str, Any], region: str | None) -> None:
    assert recording_rules.signing_region(settings) == region


FORWARDS = {
    "s3RecordingEnabled": True,
    "s3BucketName": "videos",
    "s3StreamsFolderPath": "streams",
    "httpForwardingExtension": "mp4",
    "httpForwardingBaseURL": BASE,
}


MINIO = {"s3Endpoint": "http://minio:9000"}


@pytest.mark.parametrize("change", [{"s3BucketName": "other"}, {"s3StreamsFolderPath": "new/streams"}, MINIO])
def test_links_lead_elsewhere_with_another_bucket_folder_or_provider(change: dict[str, Any]) -> None:
    assert recording_rules.leads_elsewhere(FORWARDS, {**FORWARDS, **change})


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {"httpForwardingBaseURL": "https://another-cdn.example.com/x"}),
        ({}, {"s3StreamsFolderPath": "/streams/"}),
        ({}, {"s3Endpoint": "https://s3.dualstack.eu-west-1.amazonaws.com"}),
        ({}, {"s3BucketName": "other", "httpForwardingExtension": ""}),
        ({"httpForwardingBaseURL": ""}, {"s3BucketName": "other"}),
        ({"s3RecordingEnabled": False}, {"s3BucketName": "other"}),
    ],
    ids=[
        "another CDN",
        "the same folder",
        "the same service",
        "forwarding is off",
        "it was off",
        "recorded nothing",
    ],
)
def test_links_that_lead_where_they_did_or_nowhere(before: dict[str, Any], after: dict[str, Any]) -> None:
    assert not recording_rules.leads_elsewhere({**FORWARDS, **before}, {**FORWARDS, **after})


@pytest.mark.parametrize(
    ("before", "after", "leaves"),
    [
        ({}, {"s3BucketName": "other"}, True),
        ({"httpForwardingBaseURL": ""}, {"s3BucketName": "other"}, True),
        ({}, MINIO, True),
        (MINIO, {"s3Endpoint": "https://minio:9000/"}, False),
        ({}, {"s3StreamsFolderPath": "new/streams"}, False),
        ({"s3RecordingEnabled": False}, {"s3BucketName": "other", "s3RecordingEnabled": True}, False),
        ({}, {"s3BucketName": "", "s3RecordingEnabled": False}, False),
        ({}, {"s3Endpoint": "no address at all"}, True),
    ],
)
def test_an_application_leaves_its_bucket(
    before: dict[str, Any], after: dict[str, Any], leaves: bool
) -> None:
    now = {**FORWARDS, **before}
    assert recording_rules.leaves_bucket(now, {**now, **after}) is leaves
