# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Why a request got no answer: the reason that requests, botocore and urllib3 wrap into each other."""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Callable, Optional
from urllib.parse import urlsplit

from .bounded import TooMuch
from .plain_text import one_line


@dataclass(frozen=True)
class NoAnswer:
    """kind: long, proxy, tls, dns, refused, timeout, route, cut or other. words: one sentence's worth."""

    kind: str
    words: str
    host: str = ""


def no_answer(error: BaseException, url: str, timeout: float = 0) -> NoAnswer:
    """The reason in words. url: what was asked, where the error does not know it better."""
    # botocore knows the host that it made of bucket and endpoint.
    asked = str(getattr(error, "kwargs", {}).get("endpoint_url") or url)
    parts = urlsplit(asked)
    host, place = parts.hostname or asked, parts.netloc or asked
    within = f" within {timeout:g} s" if timeout else ""
    reasons = list(_reasons(error))
    for kind, fits in _KINDS:
        found = next((each for each in reasons if fits(each)), None)
        if found is not None:
            words = {
                "long": f"{place} answers too much: {_text(found)}",
                "proxy": f"the proxy on the way to {place} did not pass the request on: {_text(found)}",
                "tls": f"the TLS handshake with {place} failed: {_tls_text(found)}",
                "dns": f"the name {host} is not known to DNS",
                "refused": f"{place} refuses connections",
                "timeout": f"no answer from {place}{within}",
                "route": f"there is no route to {place}",
                "cut": f"{place} cut the connection",
            }[kind]
            return NoAnswer(kind, words, host)
    return NoAnswer("other", _text(error), host)


def _reasons(error: BaseException) -> Iterator[BaseException]:
    """The error and all that it was made of, outermost first."""
    waiting: list[Optional[object]] = [error]
    seen: set[int] = set()
    while waiting:
        each = waiting.pop(0)
        if not isinstance(each, BaseException) or id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        inner = getattr(each, "kwargs", {})
        waiting += [each.__cause__, each.__context__, getattr(each, "reason", None), *each.args]
        waiting.append(inner.get("error") if isinstance(inner, dict) else None)


def _named(*parts: str) -> Callable[[BaseException], bool]:
    return lambda error: any(part in type(error).__name__ for part in parts)


def _is_without_route(error: BaseException) -> bool:
    return isinstance(error, OSError) and error.errno in (errno.EHOSTUNREACH, errno.ENETUNREACH)


# The first that fits counts: a refused connection is a ConnectionError around other errors, for example.
_KINDS: tuple[tuple[str, Callable[[BaseException], bool]], ...] = (
    ("long", lambda error: isinstance(error, TooMuch)),
    ("proxy", _named("ProxyError", "ProxyConnectionError")),
    ("tls", lambda error: isinstance(error, ssl.SSLError) or _named("SSLError")(error)),
    ("dns", lambda error: isinstance(error, socket.gaierror) or _named("NameResolutionError")(error)),
    ("refused", lambda error: isinstance(error, ConnectionRefusedError)),
    ("timeout", lambda error: isinstance(error, TimeoutError) or _named("Timeout")(error)),
    ("route", _is_without_route),
    (
        "cut",
        lambda error: (
            isinstance(error, ConnectionError)
            or _named("ProtocolError", "ConnectionClosedError", "ChunkedEncodingError")(error)
        ),
    ),
)


def _tls_text(error: BaseException) -> str:
    return str(getattr(error, "verify_message", "") or getattr(error, "reason", "") or _text(error))


def _text(error: BaseException) -> str:
    return one_line(str(error)) or type(error).__name__
