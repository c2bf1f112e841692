# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Warnings about an application, before a change and as it is, with what has to be read for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Optional

from .._common.errors import AmsError
from .app_token import jwt_secret_of
from .broadcasts import Broadcasts
from .client import AmsClient
from .exposure import exposures, hsts_warnings, open_hls_upload, plain_below, without_token
from .local_recordings import hidden, listed, turned_on_for


def of_change(client: AmsClient, app: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Return warnings about an application's settings after a change."""
    found = [*exposures(app, after), *_of_addresses(client, [_base(after)])]
    if turned_on_for(before, after):
        found += _hidden(client, app, before)
    return _named(client, app, found)


def of_now(client: AmsClient, app: str, settings: Mapping[str, Any], viewer_url: str) -> list[str]:
    """Return warnings about an application as it is, beside what a check finds.

    Each verification calls it, so it reads no list of recordings.
    """
    # Where the filter is off the check finds the door open.
    door = open_hls_upload(app, settings) if settings.get("ipFilterEnabled") else []
    found = [*door, *without_token(settings), *_of_addresses(client, [viewer_url, _base(settings)])]
    return _named(client, app, found)


def _hidden(client: AmsClient, app: str, before: Mapping[str, Any]) -> list[str]:
    try:
        return hidden(before, listed(Broadcasts(client, app, jwt_secret_of(before))))
    except AmsError as error:
        text = (
            "it is not known whether recordings are on the server's disk alone, which cannot be played once "
            f"viewers are forwarded to S3. {error}"
        )
        return [text]


def _base(settings: Mapping[str, Any]) -> str:
    return str(settings.get("httpForwardingBaseURL") or "") if settings.get("httpForwardingExtension") else ""


def _of_addresses(client: AmsClient, addresses: Sequence[str]) -> list[str]:
    if not plain_below(client.url, addresses):
        return []
    release: Optional[str] = None
    with suppress(AmsError):
        release = str(client.version().get("versionName") or "")
    return hsts_warnings(client.url, release, addresses)


def _named(client: AmsClient, app: str, found: Sequence[str]) -> list[str]:
    return [f"{client.url}, application '{app}': {text}" for text in found]
