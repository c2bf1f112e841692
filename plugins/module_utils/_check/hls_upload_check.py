# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Request the probe where AMS serves the bucket with its own key, as a stranger and with a forged header."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Callable, Optional
from urllib.parse import urlsplit

from .._ams.rest_filter import is_believed
from .._common.network import NoAnswer
from .._common.proxies import may_have_proxies
from .hls_upload import OPEN, UNKNOWN, Attempt, Verdict, judge, next_header, warning
from .playback import Response, Viewer
from .report import Check, CheckResult

with suppress(ImportError):  # Browser reports it.
    from requests.utils import get_environ_proxies

# A server before 2.15 would write all the same.
_ONLY_WRITES = "is not supported by this URL"
_REFUSED = "Not allowed IP"
_CONSENT = (
    "Where a firewall or a proxy shields that address from everybody but trusted hosts, allow it with "
    "allow_open_hls_upload=true (in the role s3_recording_allow_open_hls_upload)"
)


class HlsUploadCheck:
    """The check of one application. fails_if_open: open access is a failure, not a warning."""

    def __init__(
        self, app: str, viewer: Viewer, name: str, settings: Mapping[str, Any], fails_if_open: bool
    ) -> None:
        self._app, self._viewer, self._settings = app, viewer, settings
        self._url, self._fails_if_open = f"{viewer.url}/{app}/hls-upload/{name}", fails_if_open

    def run(self, body: bytes, ask: Callable[[str, Mapping[str, str]], Response]) -> CheckResult:
        """Return the result. body: of an object in the bucket. ask: requests an address, with headers."""
        tried: list[Attempt] = []
        header: Optional[str] = next_header(self._settings, tried)
        while header is not None:
            tried.append(_attempt(header, body, lambda headers: ask(self._url, headers)))
            header = next_header(self._settings, tried)
        # Without access it makes no difference from where the requests came.
        source = source_address(self._viewer.url) if any(each.allowed for each in tried) else ""
        verdict = judge(self._app, self._settings, source, tried)
        return self._result(verdict, "; ".join(each.describe() for each in tried))

    def _result(self, verdict: Verdict, responses: str) -> CheckResult:
        broken = verdict.state == OPEN and self._fails_if_open
        text = "" if broken else warning(self._viewer.url, self._app, verdict)
        remedy = f"{verdict.remedy}. {_CONSENT}" if broken else ""
        expected = f"no recording at {urlsplit(self._url).path} without a login"
        actual = f"{responses}; {verdict.reason}" if verdict.reason else responses
        is_tried = verdict.state != UNKNOWN
        if text and not is_tried:
            text = f"{text}. The response was: {responses}"
        return CheckResult(self._app, Check.HLS_UPLOAD, not broken, expected, actual, remedy, text, is_tried)


def _attempt(header: str, body: bytes, ask: Callable[[Mapping[str, str]], Response]) -> Attempt:
    response = ask({"X-Forwarded-For": header} if header else {})
    if isinstance(response, NoAnswer):
        return Attempt(header, response.words, None)
    if response.status_code == 200 and response.content == body:
        return Attempt(header, "200 and the recording", True)
    if "Service: Amazon S3" in response.text or _ONLY_WRITES in response.text:
        return Attempt(header, f"{response.status_code} from behind the filter", True)
    is_refused = response.status_code == 404 or (response.status_code == 403 and _REFUSED in response.text)
    return Attempt(header, str(response.status_code), False if is_refused else None)


def source_address(url: str) -> str:
    """Return the address of this host that another host sees; empty if it is not known."""
    parts = urlsplit(url)
    try:
        # To find out whether there is any proxy is faster than whether it is for this address.
        if may_have_proxies() and get_environ_proxies(url):
            return ""
        port = parts.port or (443 if parts.scheme == "https" else 80)
        found = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_DGRAM)
        family, kind, protocol, _name, address = found[0]
        with socket.socket(family, kind, protocol) as chosen:
            # Nothing is sent: the system only chooses the route.
            chosen.connect(address)
            return seen_address(str(chosen.getsockname()[0]), str(address[0]))
    except OSError:
        return ""


def seen_address(own: str, other: str) -> str:
    """Return the own address if the other host sees it; between a private and a public one there is NAT."""
    return own if not is_believed(own) or is_believed(other) else ""
