# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Ask for the probe where AMS serves the bucket with its own key, as a stranger and as one who pretends."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Callable, Optional
from urllib.parse import urlsplit

from .._ams.rest_filter import is_believed
from .._common.network import NoAnswer
from .hls_upload import OPEN, UNKNOWN, Tried, Verdict, judge, next_header, warning
from .playback import Answered, Viewer
from .report import Link

with suppress(ImportError):  # _viewer_check says so where it is missing.
    from requests.utils import get_environ_proxies

LINK = "hls-upload"
# Of a server before 2.15 this means that it would write all the same.
_ONLY_WRITES = "is not supported by this URL"
_REFUSED = "Not allowed IP"
_CONSENT = (
    "Where a firewall or a proxy shields that address from everybody but trusted hosts, allow it with "
    "allow_open_hls_upload=true (in the role s3_recording_allow_open_hls_upload)"
)


class HlsUpload:
    """The door of one application. closed: whether nobody but the delivery itself may read recordings."""

    def __init__(
        self, app: str, viewer: Viewer, name: str, settings: Mapping[str, Any], closed: bool
    ) -> None:
        self._app, self._viewer, self._settings = app, viewer, settings
        self._url, self._closed = f"{viewer.url}/{app}/hls-upload/{name}", closed

    def link(self, body: bytes, ask: Callable[[str, Mapping[str, str]], Answered]) -> Link:
        """Try it with an object that is there. body: what it holds. ask: an address, with headers."""
        tried: list[Tried] = []
        header: Optional[str] = next_header(self._settings, tried)
        while header is not None:
            tried.append(_asked_with(header, body, lambda headers: ask(self._url, headers)))
            header = next_header(self._settings, tried)
        verdict = judge(self._app, self._settings, source_address(self._viewer.url), tried)
        return self._link(verdict, "; ".join(each.describe() for each in tried))

    def _link(self, verdict: Verdict, answers: str) -> Link:
        broken = verdict.state == OPEN and self._closed
        told = "" if broken else warning(self._viewer.url, self._app, verdict)
        remedy = f"{verdict.remedy}. {_CONSENT}" if broken else ""
        expected = f"no recording at {urlsplit(self._url).path} without a login"
        came = f"{answers}; {verdict.reason}" if verdict.reason else answers
        is_tried = verdict.state != UNKNOWN
        if told and not is_tried:
            told = f"{told}. Answered was: {answers}"
        return Link(self._app, LINK, not broken, expected, came, remedy, told, is_tried)


def _asked_with(header: str, body: bytes, ask: Callable[[Mapping[str, str]], Answered]) -> Tried:
    answer = ask({"X-Forwarded-For": header} if header else {})
    if isinstance(answer, NoAnswer):
        return Tried(header, answer.words, None)
    if answer.status_code == 200 and answer.content == body:
        return Tried(header, "200 and the recording", True)
    is_behind = "Service: Amazon S3" in answer.text or _ONLY_WRITES in answer.text
    if is_behind:
        return Tried(header, f"{answer.status_code} from behind the filter", True)
    is_refused = answer.status_code == 404 or (answer.status_code == 403 and _REFUSED in answer.text)
    return Tried(header, str(answer.status_code), False if is_refused else None)


def source_address(url: str) -> str:
    """Return the address that another host sees of this one; empty where it is not known."""
    parts = urlsplit(url)
    try:
        if get_environ_proxies(url):
            return ""
        port = parts.port or (443 if parts.scheme == "https" else 80)
        found = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_DGRAM)
        family, kind, protocol, _name, address = found[0]
        with socket.socket(family, kind, protocol) as chosen:
            # Nothing is sent: the system only chooses the way.
            chosen.connect(address)
            return seen_address(str(chosen.getsockname()[0]), str(address[0]))
    except OSError:
        return ""


def seen_address(own: str, other: str) -> str:
    """Return the own address if the other host sees it; on the way from a private to a public one is NAT."""
    return own if not is_believed(own) or is_believed(other) else ""
