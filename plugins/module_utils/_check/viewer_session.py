# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""A viewer's way through the web: without credentials, and never led nearer to this host than a viewer is.

A server or a store chooses where its redirects lead. A viewer elsewhere reaches neither the loopback nor the
private addresses of the host that runs this, nor the metadata service of its cloud.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from types import TracebackType
from typing import Any, Callable, Optional, Union
from urllib.parse import urljoin, urlsplit

from .._common.bounded import STORE_MOST, bind_manager
from .._common.bounded_session import VIEWER_MOST, BoundedAdapter
from .._common.errors import AmsError

try:
    import requests
    from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
    from urllib3.connection import HTTPConnection, HTTPSConnection

    IMPORT_ERROR: Optional[Exception] = None
except ImportError as error:
    IMPORT_ERROR = error

PUBLIC, PRIVATE, LOOPBACK, LINK_LOCAL = "a public", "a private", "a loopback", "a link-local"
# The nearer an address is to this host, the later it stands.
_NEARNESS = (PUBLIC, PRIVATE, LOOPBACK)
MOST_REDIRECTS = 10
_REDIRECTS = (301, 302, 303, 307, 308)
_IPV4_OF_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class _Refused(Exception):
    """A step that no viewer can make."""


def kind_of(address: str) -> str:
    """Return how near to this host an IP address is."""
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


def may_lead(origin: str, target: str) -> bool:
    """True if one kind of address may send viewers on to another."""
    return target in _NEARNESS and _NEARNESS.index(target) <= _NEARNESS.index(origin)


def literal_kind(host: str) -> str:
    """Return the kind of an address that stands in a URL itself; empty for a name, which DNS decides."""
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
    """The only kind of session there is here: nobody's credentials, no .netrc.

    Proxies and authorities are those of the environment. origin: the kind of address whose word leads here;
    None for an address that was asked for, which may be anywhere. most: bytes that are read of an answer.
    """

    def __init__(self, origin: Optional[str] = None, most: int = VIEWER_MOST) -> None:
        if IMPORT_ERROR is not None:
            raise AmsError("Importing requests", str(IMPORT_ERROR), "Install it")
        self._origin, self._most = origin, most
        self._kinds: dict[tuple[str, int], str] = {}
        self._session = requests.Session()
        # A viewer has no entry in the .netrc of the host that runs this.
        self._session.auth = _unsigned
        self._session.headers["Accept-Encoding"] = "identity"
        adapter = BoundedAdapter(most)
        # A proxy has pools of its own. It resolves the names, so only what stands in a URL can be judged.
        adapter.poolmanager.pool_classes_by_scheme = _pools(self._connect)
        bind_manager(adapter.poolmanager, STORE_MOST)
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, adapter)

    def __enter__(self) -> Browser:
        return self

    def __exit__(
        self,
        _kind: Optional[type[BaseException]],
        _error: Optional[BaseException],
        _trace: Optional[TracebackType],
    ) -> None:
        self._session.close()

    def beyond(self, url: str) -> Browser:
        """Return a viewer who goes on from this address, which was asked before, where it sends him."""
        # One that was reached through a proxy is far away.
        here = self._kinds.get(_place(url), PUBLIC)
        return Browser(here if here in _NEARNESS else PUBLIC, self._most)

    def get(self, url: str, **options: Any) -> requests.Response:
        """Return what this address itself answers."""
        return self._asked("GET", url, options)

    def options(self, url: str, **options: Any) -> requests.Response:
        """Return what it answers to a browser that asks before; no browser follows a redirect there."""
        return self._asked("OPTIONS", url, options)

    def fetch(self, url: str, **options: Any) -> requests.Response:
        """Return what a browser gets there in the end, with the answers before it in its history."""
        browser, answer = self, self.get(url, **options)
        history: list[requests.Response] = []
        while answer.status_code in _REDIRECTS and answer.headers.get("Location"):
            if len(history) == MOST_REDIRECTS:
                raise requests.TooManyRedirects(f"{url} redirects more than {MOST_REDIRECTS} times")
            there = urljoin(url, answer.headers["Location"])
            history.append(answer)
            browser = browser.beyond(url)
            with browser:
                answer = browser.get(there, **options)
            url = there
        answer.history = history
        return answer

    def _asked(self, method: str, url: str, options: dict[str, Any]) -> requests.Response:
        try:
            self._require(literal_kind(urlsplit(url).hostname or ""), url)
            return self._session.request(method, url, allow_redirects=False, **options)
        except _Refused as refused:
            raise requests.RequestException(str(refused)) from None

    def _require(self, kind: str, where: str) -> None:
        if self._origin is not None and kind and not may_lead(self._origin, kind):
            raise _Refused(
                f"{self._origin} address sends viewers on to {where}, which is {kind} address: they do not "
                "reach it, and it was not asked"
            )

    def _connect(self, host: str, port: int, connect: Callable[[], socket.socket]) -> socket.socket:
        if self._origin is not None:
            for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
                self._require(kind_of(str(found[4][0])), host)
        connected = connect()
        # The name may have changed its address since.
        kind = kind_of(str(connected.getpeername()[0]))
        self._kinds[host, port] = kind
        try:
            self._require(kind, host)
        except _Refused:
            connected.close()
            raise
        return connected


def _pools(
    connect: Callable[[str, int, Callable[[], socket.socket]], socket.socket],
) -> dict[str, type[Any]]:
    """Return the pools of a session whose every new connection goes through this function."""

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


def _unsigned(request: Any) -> Any:
    return request


def left_tls(answer: requests.Response) -> str:
    """Return the first plain address to which a viewer of an https address was sent on, or ""."""
    urls = [each.url for each in (*answer.history, answer)]
    steps = zip(urls, urls[1:])
    return next((there for here, there in steps if here[:6] == "https:" and there[:5] == "http:"), "")
