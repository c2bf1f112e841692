# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""HTTP requests of a viewer: without credentials, and without redirects to addresses near this host.

A server or an S3 provider chooses where its redirects lead. A viewer elsewhere reaches neither the loopback
nor the private addresses of this host, nor the metadata service of its cloud.
"""

from __future__ import annotations

import copy
import ipaddress
import os
import re
import socket
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from typing import Any, Callable, Optional, Union
from urllib.parse import urljoin, urlsplit

from .._common.bounded import STORE_MOST, bind_manager
from .._common.bounded_session import VIEWER_MOST, BoundedAdapter
from .._common.packages import require
from .._common.proxies import may_have_proxies

with suppress(ImportError):
    import requests
    from requests.cookies import RequestsCookieJar
    from requests.structures import CaseInsensitiveDict
    from requests.utils import default_headers, get_environ_proxies
    from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
    from urllib3.connection import HTTPConnection, HTTPSConnection

PUBLIC, PRIVATE, LOOPBACK, LINK_LOCAL = "a public", "a private", "a loopback", "a link-local"
# The nearer an address is to this host, the later it stands.
_NEARNESS = (PUBLIC, PRIVATE, LOOPBACK)
MOST_REDIRECTS = 10
_REDIRECTS = (301, 302, 303, 307, 308)
_IPV4_OF_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class _Unreachable(Exception):
    """A viewer cannot reach an address."""


def kind_of(address: str) -> str:
    """Return the kind of an IP address: how near to this host it is."""
    ip = _without_wrapping(ipaddress.ip_address(address.partition("%")[0]))
    if ip.is_loopback or ip.is_unspecified:
        return LOOPBACK
    if ip.is_link_local:
        return LINK_LOCAL
    return PUBLIC if ip.is_global and not ip.is_multicast else PRIVATE


def _without_wrapping(
    ip: Union[ipaddress.IPv4Address, ipaddress.IPv6Address],
) -> Union[ipaddress.IPv4Address, ipaddress.IPv6Address]:
    """Return the IPv4 address that an IPv6 address stands for."""
    if isinstance(ip, ipaddress.IPv4Address):
        return ip
    if ip in _IPV4_OF_NAT64:
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour or ip


def may_redirect(origin: str, target: str) -> bool:
    """True if an address of one kind may redirect viewers to one of another."""
    return target in _NEARNESS and _NEARNESS.index(target) <= _NEARNESS.index(origin)


def literal_kind(host: str) -> str:
    """Return the kind of an IP address in a URL; empty for a name, for which DNS decides."""
    if re.fullmatch(r"(.+\.)?localhost\.?", host, re.IGNORECASE):
        return LOOPBACK
    try:
        return kind_of(host)
    except ValueError:
        pass
    try:
        # 127.1, 0x7f000001 and 2130706433 are all the same address.
        return kind_of(socket.inet_ntoa(socket.inet_aton(host)))
    except (OSError, UnicodeError):
        return ""


class Browser:
    """Cookies, but no credentials and no .netrc, and the only way to send requests in this package.

    Proxies and CAs are those of the environment. origin: the kind of the address that redirected here; None
    for a requested address, which may be anywhere. most: bytes to read of a response.
    """

    def __init__(self, origin: Optional[str] = None, most: int = VIEWER_MOST) -> None:
        require("requests")
        self._origin, self._most = origin, most
        self._kinds: dict[tuple[str, int], str] = {}
        self._adapter = BoundedAdapter(most)
        # A proxy has its own pools. It resolves the names, so only an IP address in a URL can be judged.
        self._adapter.poolmanager.pool_classes_by_scheme = _pools(self._connect)
        bind_manager(self._adapter.poolmanager, STORE_MOST)
        self._has_proxies = may_have_proxies()
        self.forget_cookies()

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *_error: object) -> None:
        self._adapter.close()

    def with_same_connections(self) -> Browser:
        """Return a browser that has the connections of this one, and no cookie."""
        other = copy.copy(self)
        other.forget_cookies()
        return other

    def forget_cookies(self) -> None:
        """Begin a session without cookies, with the connections of this one."""
        self._cookies = RequestsCookieJar()

    def beyond(self, url: str) -> Browser:
        """Return a browser for redirects from this address, which this browser has requested."""
        # An address reached through a proxy counts as public.
        here = self._kinds.get(_place(url), PUBLIC)
        return Browser(here if here in _NEARNESS else PUBLIC, self._most)

    def get(self, url: str, **options: Any) -> requests.Response:
        """Return the response of this address itself."""
        return self._request("GET", url, options)

    def options(self, url: str, **options: Any) -> requests.Response:
        """Return the response to a preflight request; browsers follow no redirect there."""
        return self._request("OPTIONS", url, options)

    def fetch(self, url: str, **options: Any) -> requests.Response:
        """Follow redirects and return the last response, with the previous ones in its history."""
        browser, response = self, self.get(url, **options)
        history: list[requests.Response] = []
        while response.status_code in _REDIRECTS and response.headers.get("Location"):
            if len(history) == MOST_REDIRECTS:
                raise requests.TooManyRedirects(f"{url} redirects more than {MOST_REDIRECTS} times")
            there = urljoin(url, response.headers["Location"])
            history.append(response)
            browser = browser.beyond(url)
            with browser:
                response = browser.get(there, **options)
            url = there
        response.history = history
        return response

    def _request(self, method: str, url: str, options: dict[str, Any]) -> requests.Response:
        try:
            self._require(literal_kind(urlsplit(url).hostname or ""), url)
            return self._send(method, url, **options)
        except _Unreachable as error:
            raise requests.RequestException(str(error)) from None

    def _send(
        self,
        method: str,
        url: str,
        *,
        timeout: float,
        verify: Union[bool, str, None] = None,
        headers: Optional[Mapping[str, str]] = None,
    ) -> requests.Response:
        """Send a request as a session of requests does, without what takes two fifths of the time there."""
        request = requests.PreparedRequest()
        request.method, request.hooks = method, {}
        request.prepare_url(url, None)
        if urlsplit(str(request.url)).scheme not in ("http", "https"):
            raise requests.exceptions.InvalidSchema(f"{url!r} is not an address of http or https")
        request.headers = CaseInsensitiveDict({**_headers(), **(headers or {})})
        if len(self._cookies):
            request.prepare_cookies(self._cookies)
        if verify in (True, None):
            verify = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True
        proxies = get_environ_proxies(url) if self._has_proxies else {}
        response: requests.Response = self._adapter.send(
            request, timeout=timeout, verify=verify, proxies=proxies
        )
        if response.cookies:
            self._cookies.update(response.cookies)
        return response

    def _require(self, kind: str, where: str) -> None:
        if self._origin is not None and kind and not may_redirect(self._origin, kind):
            raise _Unreachable(
                f"{self._origin} address redirects viewers to {where}, which is {kind} address: they do not "
                "reach it, and no request was sent"
            )

    def _connect(self, host: str, port: int, connect: Callable[[], socket.socket]) -> socket.socket:
        if self._origin is not None:
            for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
                self._require(kind_of(str(found[4][0])), host)
        connected = connect()
        # The address of the name may have changed since.
        kind = kind_of(str(connected.getpeername()[0]))
        self._kinds[host, port] = kind
        try:
            self._require(kind, host)
        except _Unreachable:
            connected.close()
            raise
        return connected


@cache
def _headers() -> dict[str, str]:
    return {**default_headers(), "Accept-Encoding": "identity"}


def _pools(
    connect: Callable[[str, int, Callable[[], socket.socket]], socket.socket],
) -> dict[str, type[Any]]:
    """Return connection pools that make every new connection with this function."""

    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return connect(self.host, int(self.port or 80), super()._new_conn)

    class Tls(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return connect(self.host, int(self.port or 443), super()._new_conn)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class TlsPool(HTTPSConnectionPool):
        ConnectionCls = Tls

    return {"http": PlainPool, "https": TlsPool}


def _place(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)


def first_plain_http(response: requests.Response) -> str:
    """Return the first plain http address to which an https address redirected, or ""."""
    urls = [each.url for each in (*response.history, response)]
    steps = zip(urls, urls[1:])
    return next((there for here, there in steps if here[:6] == "https:" and there[:5] == "http:"), "")
