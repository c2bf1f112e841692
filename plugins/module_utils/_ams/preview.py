# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Predict a change of the settings of applications in one session, and read what a plan needs besides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Optional

from .._common.errors import AmsError
from .app_token import jwt_secret_of
from .broadcasts import Broadcasts
from .client import AmsClient, Connection
from .recording_rules import leads_elsewhere, leaves_bucket
from .session import SettingsSession, open_session
from .settings import redact
from .update import plan_all, warnings_before
from .update_plan import DesiredSettings, Plan, refuse_odd_names, warnings_of

# Where an application uploads to and sends viewers to, and with which key.
USES = (
    "s3RecordingEnabled",
    "s3BucketName",
    "s3RegionName",
    "s3Endpoint",
    "s3StreamsFolderPath",
    "s3PreviewsFolderPath",
    "s3Permission",
    "httpForwardingBaseURL",
    "httpForwardingExtension",
    "s3AccessKey",
)
_OF_UPLOADS = ("s3BucketName", "s3StreamsFolderPath", "s3PreviewsFolderPath", "s3Permission", "s3AccessKey")
# An S3 key has at most 1,024 bytes.
_LONGEST = 1024


def preview(
    connection: Connection, desired: Sequence[DesiredSettings], cluster_hosts: int, *, all_apps: bool = False
) -> dict[str, Any]:
    """Return the release, and of each application its changes, what it uses now, and its live streams.

    Changes and warnings are those of the same change in check mode. Live streams are counted only where
    something changes. cluster_hosts: see ApplyOptions. all_apps: whether to return uploads_of as well.
    """
    refuse_odd_names(desired)
    with open_session(connection, 0) as server:
        client = server.client
        release = server.release()
        plans = plan_all(server, desired)
        warnings = warnings_before(client, plans, cluster_hosts)
        warnings += [text for planned in plans for text in warnings_of(client.url, planned)]
        apps = {planned.app: _read(client, planned, warnings) for planned in plans}
        current = {planned.app: planned.current for planned in plans}
        uploads = {"uploads": uploads_of(server, current)} if all_apps else {}
    return {"release": release, "apps": apps, "warnings": warnings, **uploads}


def uploads_of(
    server: SettingsSession, known: Mapping[str, Mapping[str, Any]]
) -> Optional[dict[str, dict[str, Any]]]:
    """Return by application where it uploads to, and how many live streams began before its settings changed.

    These upload to the previous folder. None if the user may not list the applications. known: the settings
    of those that were read already.
    """
    names = server.client.applications()
    if names is None:
        return None
    others = {app: server.read(app) for app in names if app not in known}
    return {
        app: {
            **bounded({name: each[name] for name in _OF_UPLOADS if name in each}),
            "earlier_streams": Broadcasts(server.client, app, jwt_secret_of(each)).live_before(
                int(each.get("updateTime") or 0)
            ),
        }
        for app, each in {**known, **others}.items()
        if each.get("s3RecordingEnabled")
    }


def _read(client: AmsClient, planned: Plan, warnings: list[str]) -> dict[str, Any]:
    changes = planned.change.redacted()
    live = live_streams(client, planned.app, planned.current, warnings) if changes else None
    uses = {name: redact(name, planned.current[name]) for name in USES if name in planned.current}
    return {
        "changes": changes,
        "uses": bounded(uses),
        "live_streams": live,
        **_recordings(client, planned),
    }


def live_streams(
    client: AmsClient, app: str, settings: Mapping[str, Any], warnings: list[str]
) -> Optional[int]:
    """Return how many streams are live; None, and a warning, if the application does not answer."""
    try:
        return Broadcasts(client, app, jwt_secret_of(settings)).live_count()
    except AmsError as error:
        warnings.append(f"It is not known how many streams of application '{app}' are live. {error}")
        return None


def _recordings(client: AmsClient, planned: Plan) -> dict[str, Optional[int]]:
    """Return how many recordings a change concerns, see recordings_in_move."""
    before, after = planned.current, {**planned.current, **planned.change.after}
    number: Optional[int] = 0
    if leads_elsewhere(before, after) or leaves_bucket(before, after):
        try:
            number = Broadcasts(client, planned.app, jwt_secret_of(before)).recordings_count()
        except AmsError:
            number = None
    return recordings_in_move(before, after, number)


def recordings_in_move(
    before: Mapping[str, Any], after: Mapping[str, Any], number: Optional[int]
) -> dict[str, Optional[int]]:
    """Return how many recordings would stay in a bucket that their application leaves, and how many of them
    would have a link that leads to where they are not. number: of all recordings, None if that is unknown.
    """
    return {
        "broken_links": number if leads_elsewhere(before, after) else 0,
        "left_behind": number if leaves_bucket(before, after) else 0,
    }


def settings_after(uses: Mapping[str, Any], changes: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return what an application will use. uses, changes: as a preview has them."""
    return {**uses, **{name: values["after"] for name, values in changes.items()}}


def bounded(uses: Mapping[str, Any]) -> dict[str, Any]:
    """Return values of a server without more than a real one has; what is cut ends in an ellipsis."""
    return {name: _bounded(value) for name, value in uses.items()}


def _bounded(value: Any) -> Any:
    if value is None or isinstance(value, (bool, int, float)):
        return value
    text = str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
