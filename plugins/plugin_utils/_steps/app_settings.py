# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Complete the settings of a host's applications with what the plan leaves open, or undo them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Optional

from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.backup import Apps
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.iam_stored_access_key.model import (
    KEY_PARTS,
)
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.ams_settings import (
    KEY_SETTINGS,
    app_settings_names,
)
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.model import UNKNOWN_DOMAIN

_BASE_URL = "httpForwardingBaseURL"

Planned = Iterable[Mapping[str, Any]]


def add_settings(apps: Planned, settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return applications with more settings for each."""
    return [{**app, "settings": {**app["settings"], **settings}} for app in apps]


def add_access_key(apps: Planned, key: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return applications with the access key that they upload with."""
    return add_settings(apps, dict(zip(KEY_SETTINGS, (key[part] for part in KEY_PARTS))))


def fill_in_domain(apps: Planned, domain: str) -> list[dict[str, Any]]:
    """Return applications with the domain of the distribution that viewers are sent to."""
    address = f"https://{domain}"
    filled = []
    for app in apps:
        base = app["settings"].get(_BASE_URL)
        known = base.replace(UNKNOWN_DOMAIN, address, 1) if isinstance(base, str) else base
        filled.append({**app, "settings": {**app["settings"], _BASE_URL: known}})
    return filled


def removal_settings(apps: Planned, bucket: str, backup: Optional[Apps] = None) -> list[dict[str, Any]]:
    """Return what turns off recording to a bucket; applications that record elsewhere are left alone.

    backup: their settings before the first run. All else that the runs have changed is undone with it:
    whether streams are recorded as MP4 at all, and s3_recording_settings. Without a backup that stays.
    """
    names = {*app_settings_names(), *KEY_SETTINGS} - {"mp4MuxingEnabled"}
    removal = []
    for app in apps:
        reset = sorted(names & {*app["settings"], *KEY_SETTINGS})
        changed = (backup or {}).get(app["name"]) or {}
        removal.append(
            {
                "name": app["name"],
                "reset": reset,
                "only_if": {"s3BucketName": bucket},
                "undo": {name: values for name, values in changed.items() if name not in reset},
            }
        )
    return removal
