# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""One connection to one server. Proxies and certificates are found as the package requests finds them.

Requests are sent by urllib3, on which requests is built. A task of Ansible is a process of its own that lasts
for a handful of requests, so that what a session of requests sets up, and finds out again for each request,
would be half of what the task costs.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Any, Optional, Union

from .._common import tls_contexts
from .._common.bounded import TooMuch, connection_class
from .._common.network import no_answer
from .._common.plain_text import one_line
from .._common.proxies import may_have_proxies

with suppress(ImportError):  # AmsClient reports it.
    import urllib3
    from requests import adapters, exceptions, utils
    from urllib3.connection import HTTPConnection, HTTPSConnection

API = "/rest/v2"

# Bytes of an answer: of most calls, of settings (which have 6 KiB), and of a page of a list.
SMALL, SETTINGS, PAGE = 64 * 1024, 256 * 1024, 1024 * 1024
# As they come over the line, chunks included.
_LINE_MOST = 2 * PAGE
# The address is in what was tried.
_SERVER = "the server"
_NOT_UP = "Is the server up and the port open?"
_REMEDIES = {
    "long": "Is this address an AMS console?",
    "http": "Is this address an AMS console?",
    "proxy": "See HTTPS_PROXY and NO_PROXY",
    "tls": "Give the server's certificate or its CA as ca_path, or set validate_certs to false",
    "dns": "Check the address",
    "refused": "Is the server running, and is this its port?",
    "timeout": "Is the server overloaded? See timeout",
    "route": _NOT_UP,
    "connection": _NOT_UP,
    "cut": "Did the server stop or restart? Run again",
}
_USES_HTTP = "Give the address with http://, or the port that speaks https (5443)"


@dataclass(frozen=True)
class Answer:
    """An answer of a server; the names are those of a response of requests."""

    status_code: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def text(self) -> str:
        encoding = utils.get_encoding_from_headers(self.headers) or "utf-8"
        try:
            return self.content.decode(encoding, "replace")
        except (LookupError, ValueError):
            return self.content.decode("utf-8", "replace")


class TransportError(Exception):
    """No usable answer: what came back, and what to do.

    sent: whether the request may have reached the server. final: whether it is of no use to try again.
    starting: whether the server may not be up yet. unreachable: whether nothing came back in time.
    """

    def __init__(
        self,
        came_back: str,
        remedy: str,
        *,
        sent: bool = False,
        final: bool = True,
        starting: bool = False,
        unreachable: bool = False,
    ) -> None:
        super().__init__(came_back)
        self.came_back = came_back
        self.remedy = remedy
        self.sent = sent
        self.final = final
        self.starting = starting
        self.unreachable = unreachable


class Transport:
    """Sends requests to one server, all over one connection.

    verify: False for any certificate, True for those of a known authority, or a path to authorities.
    headers: of each request. pool: of connections; one for the server is made if not given.
    timeout: seconds to connect (or connect_timeout, if given), and then for a whole answer.
    """

    def __init__(
        self,
        url: str,
        *,
        verify: Union[bool, str],
        timeout: float,
        connect_timeout: Optional[float] = None,
        pool: Optional[Any] = None,
    ) -> None:
        # Compressed, an answer of 1 MB may become 1 GB.
        self.headers: dict[str, str] = {**utils.default_headers(), "Accept-Encoding": "identity"}
        self._timeout = timeout
        self._connect_timeout = timeout if connect_timeout is None else connect_timeout
        self._cookies: dict[str, str] = {}
        # Whoever calls decides what is tried again.
        self._retries = urllib3.Retry(False, redirect=False)
        self._url = url
        self._secure = url.startswith("https:")
        # Before a path: a proxy of HTTP needs the server's address.
        self._base = ""
        try:
            self._pool = pool or self._connections(url, verify)
        except (urllib3.exceptions.HTTPError, exceptions.RequestException, ValueError) as failure:
            raise _unusable(failure) from None
        self._pool.ConnectionCls = connection_class(self._pool.ConnectionCls, _LINE_MOST)

    def _connections(self, url: str, verify: Union[bool, str]) -> Any:
        timeout = urllib3.Timeout(connect=self._connect_timeout, read=self._timeout)
        options = {"timeout": timeout, **(_tls(verify) if self._secure else {})}
        # To find out whether there is any proxy is faster than whether it is for this server.
        proxy = utils.select_proxy(url, utils.get_environ_proxies(url)) if may_have_proxies() else None
        if not proxy:
            return urllib3.connection_from_url(url, **options)
        if not self._secure and not proxy.startswith("socks"):
            self._base = url
        proxy = proxy if "://" in proxy else f"http://{proxy}"
        # By requests, which knows all kinds of proxies.
        return adapters.HTTPAdapter().proxy_manager_for(proxy, **options).connection_from_url(url)

    def connect(self) -> None:
        """Connect now instead of with the first request; raise TransportError if that fails."""
        if self._pool.proxy is not None:
            # The proxy learns where to connect to from a request.
            return
        connection = self._pool._get_conn()  # noqa: SLF001 - it has no public name
        try:
            connection.connect()
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as failure:
            connection.close()
            raise self._no_answer(_as_of_a_request(failure), self._connect_timeout) from failure
        finally:
            self._pool._put_conn(connection)  # noqa: SLF001

    def send(
        self,
        method: str,
        path: str,
        body: Optional[bytes] = None,
        own_headers: Optional[Mapping[str, str]] = None,
        most: int = SMALL,
    ) -> Answer:
        """Return the answer, which may be a redirect; raise TransportError if there is none.

        own_headers: of this request alone. most: bytes that an answer may have.
        """
        headers = {**self.headers, **(own_headers or {})}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if self._cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        try:
            response = self._pool.request(
                method,
                self._base + path,
                body=body,
                headers=headers,
                retries=self._retries,
                redirect=False,
                assert_same_host=False,
                enforce_content_length=True,
                preload_content=False,
                decode_content=False,
            )
        except urllib3.exceptions.HTTPError as failure:
            raise self._no_answer(failure) from failure
        except ValueError as failure:
            # What it says may quote a header, and so a token.
            raise _unusable(failure) from None
        for cookie in response.headers.getlist("Set-Cookie"):
            self._keep(cookie)
        return Answer(response.status, response.headers, self._content(response, most))

    def _content(self, response: Any, most: int) -> bytes:
        """Return the body of an answer; that of an error is cut, since the status says more."""
        coding = response.headers.get("Content-Encoding", "")
        if coding.strip().lower() not in ("", "identity"):
            response.close()
            raise TransportError(
                f"status {response.status} with an answer in the encoding '{one_line(coding)[:40]}', which "
                "was not requested",
                "Does a proxy in front of the server compress its answers?",
                sent=True,
            )
        if response.status != 200:
            most = min(most, SMALL)
        try:
            content = _read(response, most + 1)
        except urllib3.exceptions.TimeoutError as failure:
            raise TransportError(
                f"status {response.status} with an answer that was not complete within {self._timeout:g} s",
                "Is the server overloaded? See timeout",
                sent=True,
                unreachable=True,
            ) from failure
        except urllib3.exceptions.HTTPError as failure:
            raise self._no_answer(failure) from failure
        except ValueError as failure:
            raise _breaks_http(failure) from None
        if len(content) > most:
            response.close()
            if response.status == 200:
                raise TransportError(str(TooMuch(most)), _REMEDIES["long"], sent=True)
        return content[:most]

    def _no_answer(self, failure: Exception, timeout: Optional[float] = None) -> TransportError:
        kinds = urllib3.exceptions
        if isinstance(failure, kinds.ConnectTimeoutError):
            timeout = self._connect_timeout
        found = no_answer(failure, self._url, timeout or self._timeout, _SERVER)
        if isinstance(failure, ValueError) and found.kind == "other":
            return _unusable(failure)
        remedy = _REMEDIES.get(found.kind, "")
        if isinstance(failure, kinds.ConnectTimeoutError) and found.kind == "timeout":
            remedy = _NOT_UP
        if "WRONG_VERSION_NUMBER" in found.words:
            remedy = _USES_HTTP
        before = (kinds.ProxyError, kinds.SSLError, kinds.NewConnectionError, kinds.ConnectTimeoutError)
        return TransportError(
            found.words,
            remedy,
            sent=not isinstance(failure, before),
            # A connection that was not made or broke may be made again, whatever the system called that.
            final=not isinstance(failure, (kinds.NewConnectionError, kinds.ProtocolError))
            or found.kind in ("long", "http", "dns"),
            starting=found.kind == "refused" and not isinstance(failure, kinds.ProtocolError),
            unreachable=found.kind not in ("long", "http"),
        )

    def close(self) -> None:
        self._pool.close()

    def _keep(self, header: str) -> None:
        """Keep a cookie that is for the API: the pages of applications have sessions of their own."""
        with suppress(CookieError):
            for name, cookie in SimpleCookie(header).items():
                is_sent_here = self._secure or not cookie["secure"]
                if is_sent_here and f"{API}/".startswith(cookie["path"].rstrip("/") + "/"):
                    self._cookies[name] = cookie.coded_value


def _as_of_a_request(failure: Exception) -> Exception:
    """Return what a request would have failed with, where connecting fails with an error of the system."""
    kinds = urllib3.exceptions
    if isinstance(failure, kinds.HTTPError):
        return failure
    if isinstance(failure, (ssl.SSLError, ValueError)):
        return kinds.SSLError(failure)
    if isinstance(failure, socket.timeout):
        return kinds.TimeoutError(failure)
    return kinds.ProtocolError("Connection aborted.", failure)


def prepare_for_fork() -> None:
    """Make now what each process that is forked later would make for itself.

    The rehearsal fills what Python caches once per process, above all its subclass checks. It touches no
    network. It saves 1.2 of the 48 ms of CPU a host, 2 to 3 %: TASK of tests/bench on 60 hosts by
    https, second run, 8 times with it and 8 times without it by turns.
    """
    tls_contexts.prepare_for_fork()
    connection_class(HTTPSConnection, _LINE_MOST)
    rehearsal = Transport("http://localhost", verify=True, timeout=1, pool=_rehearsed_pool())
    with suppress(OSError, TransportError), closing(rehearsal):
        rehearsal.send("POST", "/", b"{}")
        rehearsal.send("GET", "/")


def _rehearsed_pool() -> Any:
    """Return connections with both ends here, and the answer already there."""
    body = b'{"success": true}'
    answer = b"HTTP/1.1 200 \r\nSet-Cookie: a=b; Path=/; HttpOnly\r\nContent-Type: application/json\r\n"
    answer += b"Connection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)

    class Answered(HTTPConnection):
        other_end: Optional[socket.socket] = None

        def _new_conn(self) -> socket.socket:
            this_end, self.other_end = socket.socketpair()
            self.other_end.sendall(answer)
            return this_end

        def close(self) -> None:
            super().close()
            if self.other_end is not None:
                self.other_end.close()

    pool = urllib3.HTTPConnectionPool("localhost", timeout=1)
    pool.ConnectionCls = Answered
    return pool


def _read(response: Any, size: int) -> bytes:
    """Read so many bytes, or all there are; the last piece, an empty one, shows that none is missing."""
    pieces: list[bytes] = []
    while size > 0:
        piece = response.read(size, decode_content=False)
        if not piece:
            break
        pieces.append(piece)
        size -= len(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _tls(verify: Union[bool, str]) -> dict[str, Any]:
    if verify is False:
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
    return tls_contexts.options_for(verify)


def _unusable(failure: Exception) -> TransportError:
    return TransportError(f"no request can be made of it ({type(failure).__name__})", "")


def _breaks_http(failure: ValueError) -> TransportError:
    words = f"{_SERVER} sent an invalid HTTP answer: {one_line(str(failure))}"
    return TransportError(words, _REMEDIES["http"], sent=True)
