# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings of AMS applications that follow from an intent."""

from __future__ import annotations

from typing import Any

from ...module_utils._ams.recording_rules import PREVIEWS_PATH, UPLOAD_BITS
from .model import Intent

KEY_SETTINGS = ("s3AccessKey", "s3SecretKey")


def app_settings(intent: Intent, app: str) -> dict[str, Any]:
    """Return all settings of an application but the access key."""
    return {**recording_settings(intent, app), **(intent.settings or {})}


def recording_settings(intent: Intent, app: str) -> dict[str, Any]:
    """Return the settings of an application that follow from the intent, without s3_recording_settings."""
    settings: dict[str, Any] = {
        "mp4MuxingEnabled": intent.mp4,
        "s3RecordingEnabled": True,
        "s3BucketName": intent.bucket,
        "s3RegionName": intent.signing_region,
        "s3Endpoint": intent.s3_endpoint,
        "s3Permission": intent.chosen_delivery.s3_permission,
        "s3StreamsFolderPath": intent.folder(app),
        "s3PreviewsFolderPath": intent.folder(app, PREVIEWS_PATH),
        "uploadExtensionsToS3": sum(UPLOAD_BITS[kind] for kind in intent.upload),
        "httpForwardingExtension": ",".join(intent.forwarding_extensions) if intent.forwards else "",
        "httpForwardingBaseURL": intent.forwarding_base(app) if intent.forwards else "",
    }
    if intent.addresses_by_path:
        settings["s3PathStyleAccessEnabled"] = True
    if intent.storage_class:
        settings["s3StorageClass"] = intent.storage_class
    if intent.cache_control:
        settings["s3CacheControl"] = intent.cache_control
    return settings


def app_settings_names() -> set[str]:
    """Return the names of the settings that an intent can decide, whatever its values."""
    full = Intent(bucket="b", endpoint="http://h", path_style=True, storage_class="c", cache_control="c")
    return set(recording_settings(full, "live"))
