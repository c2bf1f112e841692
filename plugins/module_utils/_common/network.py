# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Classifies failed requests by the errors that requests, botocore and urllib3 nest in each other."""

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


def no_answer(error: BaseException, url: str, timeout: float = 0, place: str = "") -> NoAnswer:
    """Return the reason. url: of the request. place: what to call the server, otherwise by host and port."""
    # botocore knows the host that it made of bucket and endpoint.
    requested = str(getattr(error, "kwargs", {}).get("endpoint_url") or url)
    parts = urlsplit(requested)
    host = parts.hostname or requested
    errors = list(_nested(error))
    facts = {
        "place": place or parts.netloc or requested,
        "host": host,
        "within": f" within {timeout:g} s" if timeout else "",
        "reason": _reason(errors),
    }
    for kind, fits, words in _KINDS:
        if any(map(fits, errors)):
            return NoAnswer(kind, words.format(**facts), host)
    return NoAnswer("other", facts["reason"], host)


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
        is_other = each.__suppress_context__ or type(each).__module__ in _OF_THE_SYSTEM
        context = None if is_other else each.__context__
        waiting += [each.__cause__, context, getattr(each, "reason", None), *each.args]
        waiting.append(inner.get("error") if isinstance(inner, dict) else None)


def _reason(errors: list[BaseException]) -> str:
    of_tls = next((each for each in errors if isinstance(each, ssl.SSLError)), None)
    if of_tls is None:
        return one_line(str(errors[-1])) or type(errors[-1]).__name__
    if getattr(of_tls, "reason", "") == "WRONG_VERSION_NUMBER":
        return "the port speaks http, not https (WRONG_VERSION_NUMBER)"
    return one_line(getattr(of_tls, "verify_message", "") or getattr(of_tls, "reason", "") or str(of_tls))


def _is(*kinds: type[BaseException], named: tuple[str, ...] = ()) -> Callable[[BaseException], bool]:
    """Return a test for errors. named: parts of the names of kinds in packages that may not be installed."""
    return lambda error: isinstance(error, kinds) or any(part in type(error).__name__ for part in named)


def _has_no_route(error: BaseException) -> bool:
    return isinstance(error, OSError) and error.errno in (errno.EHOSTUNREACH, errno.ENETUNREACH)


def _breaks_http(error: BaseException) -> bool:
    # http.client itself raises the base class for too many headers.
    return isinstance(error, http.client.LineTooLong) or error.__class__ is http.client.HTTPException


# The first that fits counts: a refused connection is a ConnectionError around other errors, for example.
# reason: what the innermost error says.
_KINDS: tuple[tuple[str, Callable[[BaseException], bool], str], ...] = (
    ("long", _is(TooMuch), "{place} sent too much: {reason}"),
    (
        "proxy",
        _is(named=("ProxyError", "ProxyConnectionError")),
        "the proxy on the way to {place} did not pass the request on: {reason}",
    ),
    (
        "tls",
        _is(ssl.SSLError, named=("SSLError", "CertificateError")),
        "the TLS handshake with {place} failed: {reason}",
    ),
    ("dns", _is(socket.gaierror, named=("NameResolutionError",)), "the name {host} is not known to DNS"),
    ("refused", _is(ConnectionRefusedError), "the connection to {place} was refused"),
    ("timeout", _is(named=("ConnectTimeout",)), "no connection to {place}{within}"),
    ("timeout", _is(TimeoutError, socket.timeout, named=("Timeout",)), "no answer from {place}{within}"),
    ("route", _has_no_route, "there is no route to {place}"),
    ("connection", _is(named=("NewConnectionError",)), "no connection to {place}: {reason}"),
    ("http", _breaks_http, "{place} sent an invalid HTTP answer: {reason}"),
    (
        "cut",
        _is(ConnectionError, named=("ProtocolError", "ConnectionClosedError", "ChunkedEncodingError")),
        "the connection to {place} broke: {reason}",
    ),
)
