# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the intents of hosts need of their bucket: folders and origins, the settings and the CORS rules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Optional

from ...module_utils._common.addresses import origin_of
from .model import Intent, Member

_CORS_RULE_ID = "antmedia-s3-recording"


def folders_of(sharing: Sequence[Member]) -> list[str]:
    """Return the folders of all hosts that share a bucket."""
    return sorted({folder for member in sharing for folder in member.intent.folders()})


def origins_of(sharing: Sequence[Member]) -> list[str]:
    """Return the origins that may play recordings: of all hosts that share a bucket, or those given."""
    given = sharing[0].intent.cors_origins
    own = given or tuple(origin_of(member.intent.viewer_address) for member in sharing)
    extra = tuple(origin for member in sharing for origin in member.intent.cors_extra_origins)
    return sorted({*own, *extra})


def bucket_settings(intent: Intent, folders: Sequence[str]) -> dict[str, Any]:
    """Return the options of s3_recording_bucket that the intent sets."""
    settings: dict[str, Any] = {
        "expected_bucket_owner": intent.bucket_owner or (None if intent.s3_provider.iam else "any"),
        "versioning": intent.versioning,
        "encryption": intent.encryption or None,
        "encryption_key_id": intent.encryption_key_id or None,
        "lifecycle_rules": _lifecycle_rules(intent, folders),
        "expire_existing": intent.expire_existing or None,
        "tags": dict(intent.bucket_tags or {}) or None,
    }
    return {name: value for name, value in settings.items() if value is not None}


def _lifecycle_rules(intent: Intent, folders: Sequence[str]) -> Optional[list[dict[str, Any]]]:
    """Return the rules; None to leave a provider alone that has none, or was never tried and needs none."""
    given = {
        "expiration_days": intent.expire_days,
        "noncurrent_version_expiration_days": intent.noncurrent_expire_days,
        "abort_incomplete_multipart_upload_days": intent.abort_days,
        "transitions": [dict(each) for each in intent.transitions],
    }
    wanted = {name: value for name, value in given.items() if value}
    if "lifecycle" not in intent.s3_provider.keeps or not (wanted or intent.s3_provider.tried):
        return None
    return [{"prefix": f"{folder}/", **wanted} for folder in sorted(folders)] if wanted else []


def cors_rules(intent: Intent, origins: Sequence[str]) -> list[dict[str, Any]]:
    """Return the rule of Ant Media's guide with the servers' own origins."""
    if not origins:
        return []
    return [
        {
            "id": _CORS_RULE_ID,
            "allowed_origins": sorted(origins),
            "allowed_methods": list(intent.cors_methods),
            "allowed_headers": ["*"],
            "expose_headers": [],
        }
    ]


def concrete_origin(origin: str, own: str) -> str:
    """Return an origin that a browser can send: for a pattern the server's own if it fits."""
    if origin == "*" or "*" not in origin:
        return origin
    start, _star, end = origin.partition("*")
    fits = own.startswith(start) and own.endswith(end) and len(own) >= len(start) + len(end)
    return own if fits else origin.replace("*", "recording-check")
