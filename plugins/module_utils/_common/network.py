# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Why a request got no answer, found in the errors that requests, botocore and urllib3 nest in each other."""

from __future__ import annotations

import errno
import http.client
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Callable, Optional
from urllib.parse import urlsplit

from .bounded import TooMuch
from .plain_text import one_line

_OF_THE_SYSTEM = ("builtins", "http.client", "socket", "ssl")


@dataclass(frozen=True)
class NoAnswer:
    """kind: one of _KINDS, or other. words: what to say of it."""

    kind: str
    words: str
    host: str = ""


@dataclass(frozen=True)
class _Request:
    """What the words of a kind are made of. reason: what the innermost error says."""

    place: str
    host: str
    within: str
    reason: str


def no_answer(error: BaseException, url: str, timeout: float = 0, place: str = "") -> NoAnswer:
    """Return the reason. url: of the request. place: what to call the server, otherwise by host and port."""
    # botocore knows the host that it made of bucket and endpoint.
    requested = str(getattr(error, "kwargs", {}).get("endpoint_url") or url)
    parts = urlsplit(requested)
    host = parts.hostname or requested
    errors = list(_nested(error))
    within = f" within {timeout:g} s" if timeout else ""
    request = _Request(place or parts.netloc or requested, host, within, _reason(errors))
    for kind, fits, words in _KINDS:
        if any(map(fits, errors)):
            return NoAnswer(kind, words(request), host)
    return NoAnswer("other", request.reason, host)


def _nested(error: BaseException) -> Iterator[BaseException]:
    """Yield the error and all that it was made of, outermost first."""
    waiting: list[Optional[object]] = [error]
    seen: set[int] = set()
    while waiting:
        each = waiting.pop(0)
        if not isinstance(each, BaseException) or id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        inner = getattr(each, "kwargs", {})
        # What Python was handling when the system reported its error has nothing to do with that error.
        context = None if type(each).__module__ in _OF_THE_SYSTEM else each.__context__
        waiting += [each.__cause__, context, getattr(each, "reason", None), *each.args]
        waiting.append(inner.get("error") if isinstance(inner, dict) else None)


def _reason(errors: list[BaseException]) -> str:
    of_tls = next((each for each in errors if isinstance(each, ssl.SSLError)), None)
    if of_tls is None:
        return one_line(str(errors[-1])) or type(errors[-1]).__name__
    if of_tls.reason == "WRONG_VERSION_NUMBER":
        return "the port speaks http, not https (WRONG_VERSION_NUMBER)"
    return one_line(getattr(of_tls, "verify_message", "") or of_tls.reason or str(of_tls))


def _named(*parts: str) -> Callable[[BaseException], bool]:
    return lambda error: any(part in type(error).__name__ for part in parts)


def _is(*kinds: type[BaseException], named: tuple[str, ...] = ()) -> Callable[[BaseException], bool]:
    return lambda error: isinstance(error, kinds) or _named(*named)(error)


def _has_no_route(error: BaseException) -> bool:
    return isinstance(error, OSError) and error.errno in (errno.EHOSTUNREACH, errno.ENETUNREACH)


def _breaks_http(error: BaseException) -> bool:
    # http.client itself raises the base class for too many headers.
    return isinstance(error, http.client.LineTooLong) or type(error) is http.client.HTTPException


# The first that fits counts: a refused connection is a ConnectionError around other errors, for example.
_KINDS: tuple[tuple[str, Callable[[BaseException], bool], Callable[[_Request], str]], ...] = (
    ("long", _is(TooMuch), lambda of: f"{of.place} answers too much: {of.reason}"),
    (
        "proxy",
        _is(named=("ProxyError", "ProxyConnectionError")),
        lambda of: f"the proxy on the way to {of.place} did not pass the request on: {of.reason}",
    ),
    (
        "tls",
        _is(ssl.SSLError, named=("SSLError", "CertificateError")),
        lambda of: f"the TLS handshake with {of.place} failed: {of.reason}",
    ),
    (
        "dns",
        _is(socket.gaierror, named=("NameResolutionError",)),
        lambda of: f"the name {of.host} is not known to DNS",
    ),
    ("refused", _is(ConnectionRefusedError), lambda of: f"the connection to {of.place} was refused"),
    ("timeout", _is(named=("ConnectTimeout",)), lambda of: f"no connection to {of.place}{of.within}"),
    (
        "timeout",
        _is(TimeoutError, socket.timeout, named=("Timeout",)),
        lambda of: f"no answer from {of.place}{of.within}",
    ),
    ("route", _has_no_route, lambda of: f"there is no route to {of.place}"),
    (
        "connection",
        _is(named=("NewConnectionError",)),
        lambda of: f"no connection to {of.place}: {of.reason}",
    ),
    ("http", _breaks_http, lambda of: f"the answer of {of.place} breaks the rules of HTTP: {of.reason}"),
    (
        "cut",
        _is(ConnectionError, named=("ProtocolError", "ConnectionClosedError", "ChunkedEncodingError")),
        lambda of: f"the connection to {of.place} broke: {of.reason}",
    ),
)
