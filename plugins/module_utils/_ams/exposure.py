# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Warnings about settings that open recordings to others. Plain data in, sentences out.

Measured on 2.17.1: AMS asks for a play token before it forwards, and the address that it forwards to asks for
none. Since 3.0.0 the console sends HSTS with includeSubDomains over https.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Optional
from urllib.parse import urlsplit

from .rest_filter import RestFilter, address_of

PLAY_CONTROLS = (
    "playTokenControlEnabled",
    "playJwtControlEnabled",
    "enableTimeTokenForPlay",
    "timeTokenSubscriberOnly",
    "hashControlPlayEnabled",
)
_HSTS_SINCE = 3


def exposures(app: str, settings: Mapping[str, Any]) -> list[str]:
    """Return warnings about what is more open than recording and forwarding need."""
    return [*open_hls_upload(app, settings), *without_token(settings)]


def open_hls_upload(app: str, settings: Mapping[str, Any]) -> list[str]:
    """Return a warning if AMS serves the bucket with its own key to more than the server itself."""
    # A release without this setting has no such door.
    if not settings.get("s3RecordingEnabled") or "hlsHttpEndpoint" not in settings:
        return []
    rest = RestFilter.of(settings)
    if not rest.on:
        who, remedy = "whoever reaches the server", "Set ipFilterEnabled to true"
        reason = "ipFilterEnabled is false"
    elif rest.wider:
        who, remedy = "everybody there", "Narrow it to what needs the application's REST API"
        reason = f"remoteAllowedCIDR allows {', '.join(rest.wider)}"
    else:
        return []
    text = (
        f"{reason}: {who} can read and overwrite each recording in bucket {settings.get('s3BucketName')} at "
        f"/{app}/hls-upload/NAME without a login, and delete it where the access key may. {remedy}, or "
        f"block /{app}/hls-upload/ in front of the server"
    )
    return [text]


def without_token(settings: Mapping[str, Any]) -> list[str]:
    """Return a warning about recordings that the play controls of an application do not protect."""
    controls = [name for name in PLAY_CONTROLS if settings.get(name)]
    base = str(settings.get("httpForwardingBaseURL") or "")
    if not (controls and base and settings.get("httpForwardingExtension")):
        return []
    text = (
        f"{', '.join(controls)} is on, and viewers are forwarded to {base}, which needs no token: everybody "
        "with the URL of a recording can play it there. Only the bucket or the CDN can protect it, for "
        "example with CloudFront signed URLs"
    )
    return [text]


def plain_below(console: str, addresses: Sequence[str]) -> list[str]:
    """Return the http addresses that a browser turns into https once it has seen the console over https."""
    seen = urlsplit(console)
    host = (seen.hostname or "").lower()
    # An IP address has no HSTS, RFC 6797, 8.1.1.
    if seen.scheme != "https" or not host or address_of(host) is not None:
        return []
    return [
        address
        for address in dict.fromkeys(addresses)
        if urlsplit(address).scheme == "http"
        and f".{(urlsplit(address).hostname or '').lower()}".endswith(f".{host}")
    ]


def hsts_warnings(console: str, release: Optional[str], addresses: Sequence[str]) -> list[str]:
    """Return warnings about addresses that browsers change before they request them.

    release: of the server, None where it is not known.
    """
    major = (release or "").partition(".")[0]
    if not (major.isdigit() and int(major) >= _HSTS_SINCE):
        return []
    return [
        f"the console {console} of release {release} makes browsers use https alone for its host and all "
        f"names below it: a browser that has seen the console turns {address} into https. Give an https "
        "address"
        for address in plain_below(console, addresses)
    ]
