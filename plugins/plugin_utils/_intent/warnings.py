# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Warn of what works with a catch in an intent.

Each rule is a function that yields a sentence with the variable, what the catch is, and what to do.
"""

from __future__ import annotations

from collections.abc import Iterator

from ...module_utils._ams.recording_rules import FORWARDABLE, UPLOAD_BITS
from ...module_utils._common.addresses import is_open_http
from .model import Intent

_KINDS = {bit: kind for kind, bit in UPLOAD_BITS.items()}
_FROZEN = {"GLACIER", "DEEP_ARCHIVE"}


def warnings_of(intent: Intent) -> list[str]:
    """Return everything in an intent that works with a catch."""
    return [warning for rule in _WARNINGS for warning in rule(intent)]


def _open_http(intent: Intent) -> Iterator[str]:
    if is_open_http(intent.ams_url):
        yield (
            "s3_recording_ams_url: the password or token is sent by plain http, and anybody in between "
            "can read it; use the https address (port 5443), or http://localhost:5080 with a connection to "
            "the server itself (ssh)"
        )


def _unused_certificate(intent: Intent) -> Iterator[str]:
    if intent.ams_ca_path and intent.ams_validate_certs is False:
        yield (
            "s3_recording_ams_ca_path has no effect with s3_recording_ams_validate_certs: false (or "
            "AMS_INSECURE): no certificate is checked, and anybody in between can pose as the server; "
            "remove s3_recording_ams_validate_certs"
        )


def _every_origin(intent: Intent) -> Iterator[str]:
    if "*" in intent.cors_origins + intent.cors_extra_origins:
        yield "s3_recording_cors_origins: '*' allows every site to play the recordings in its pages"


def _expired_versions(intent: Intent) -> Iterator[str]:
    if intent.versioning and intent.expire_days and not intent.noncurrent_expire_days:
        yield (
            "s3_recording_expire_days: with versioning a recording that expires stays as a noncurrent "
            "version; s3_recording_noncurrent_expire_days deletes those"
        )


def _limited_key(intent: Intent) -> Iterator[str]:
    if intent.key_file_extensions:
        yield (
            "s3_recording_key_file_extensions: a recording whose extension is not one of "
            f"{', '.join(intent.key_file_extensions)} is never uploaded, and only the server's log says so"
        )


def _frozen(intent: Intent) -> Iterator[str]:
    classes = {str(each.get("storage_class")) for each in intent.transitions} | {intent.storage_class}
    for each in sorted(classes & _FROZEN) if intent.forwards else ():
        yield (
            "s3_recording_transitions or s3_recording_storage_class: nobody can play a recording in "
            f"{each} before it is restored; viewers are still sent there"
        )


def _broken_live_hls(intent: Intent) -> Iterator[str]:
    live_hls = (intent.settings or {}).get("hlsMuxingEnabled")
    if intent.forwards and "m3u8" in intent.forwarding_extensions and str(live_hls).lower() != "false":
        yield (
            "s3_recording_forwarding_extensions: with m3u8 the playlist of a live stream is forwarded, "
            "and is not in S3 before the stream ends: live HLS playback breaks. It suits applications that "
            "only record (hlsMuxingEnabled false in s3_recording_settings for those without HLS)"
        )


def _not_uploaded(intent: Intent) -> Iterator[str]:
    for extension in intent.forwarding_extensions if intent.forwards else ():
        kind = _KINDS.get(FORWARDABLE.get(extension, 0), "")
        if kind not in intent.upload:
            yield (
                f"s3_recording_forwarding_extensions: {extension} is forwarded but not uploaded, "
                f"see s3_recording_upload ({kind or 'AMS has no such files below streams'})"
            )


def _not_cached(intent: Intent) -> Iterator[str]:
    if intent.forwards and intent.chosen_delivery.needs_distribution and not intent.cache_control:
        yield (
            "s3_recording_cache_control: the header that AMS sets by default stops CloudFront from "
            "caching recordings, so each viewer's request reaches the bucket; set for example "
            "public, max-age=86400"
        )


def _mixed_content(intent: Intent) -> Iterator[str]:
    base = intent.forwarding_base("") if intent.forwards else ""
    if base.startswith("http:") and intent.viewer_address.startswith("https:"):
        yield f"forwarding from https pages to {base}: browsers block http there; give an https address"


_WARNINGS = (
    *(_open_http, _unused_certificate, _every_origin, _expired_versions, _limited_key, _frozen),
    *(_broken_live_hls, _not_uploaded, _not_cached, _mixed_content),
)
