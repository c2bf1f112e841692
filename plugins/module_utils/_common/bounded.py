# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Connections whose answers end: in time, and after so many bytes.

A socket's timeout is for each piece: a server that sends a byte a second would never time out. Here it is
for the whole answer. The sender is not trusted.
"""

from __future__ import annotations

import http.client
import io
import socket
import time
from functools import cache
from typing import Any, Optional

KIB = 1024
# Status line and headers; http.client alone would take 6 MiB.
HEAD_MOST = 64 * KIB
# Seconds of an answer's time in which the socket's own timeout is good enough: to set another one is a system
# call, during which other threads run.
_JUST_BEGUN = 0.1
# An answer of an S3 provider, but for bodies of objects, which are requested by their size.
STORE_MOST = 16 * KIB * KIB


class TooMuch(http.client.HTTPException):
    """An answer is longer than it may be."""

    def __init__(self, most: int) -> None:
        super().__init__(f"the answer is longer than {most // KIB} KiB")


class _Received(io.RawIOBase):
    """Receives from a socket until the time or the bytes are used up. The time begins now."""

    def __init__(self, raw: Any, sock: Any, most: int) -> None:
        super().__init__()
        self._raw, self._sock = raw, sock
        self._timeout: Optional[float] = sock.gettimeout()
        self._end = time.monotonic() + (self._timeout or 0)
        self.allow(most)

    def allow(self, most: int) -> None:
        self._most = self._left = most

    def readable(self) -> bool:
        return True

    def fileno(self) -> int:
        return int(self._raw.fileno())

    def readinto(self, buffer: Any) -> Optional[int]:
        if self._left <= 0:
            raise TooMuch(self._most)
        if self._timeout is None:
            count = self._received_into(buffer)
        else:
            count = self._in_time(buffer, self._timeout, self._end - time.monotonic())
        self._left -= count or 0
        return count

    def _in_time(self, buffer: Any, timeout: float, left: float) -> Optional[int]:
        if left <= 0:
            raise socket.timeout("timed out")
        if left > timeout - _JUST_BEGUN:
            return self._received_into(buffer)
        self._sock.settimeout(left)
        try:
            return self._received_into(buffer)
        finally:
            # The next request on this connection has a time of its own.
            self._sock.settimeout(timeout)

    def _received_into(self, buffer: Any) -> Optional[int]:
        count: Optional[int] = self._raw.readinto(buffer)
        return count

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
        super().close()


class _Bounded(http.client.HTTPResponse):
    """An answer that ends."""

    most: int

    def __init__(self, sock: Any, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        self._received = _Received(self.fp.detach(), sock, HEAD_MOST)
        self.fp = io.BufferedReader(self._received)

    def begin(self) -> None:
        super().begin()
        self._received.allow(self.most)


@cache
def connection_class(kind: Any, most: int) -> Any:
    """Return a class of connections like this one, with answers of at most so many bytes."""
    kept: Any = kind.response_class
    bounded = type(kept.__name__, (_Bounded, kept), {"most": most})
    return type(kind.__name__, (kind,), {"response_class": bounded})


@cache
def _pool_class(kind: Any, most: int) -> Any:
    connections = connection_class(kind.ConnectionCls, most)
    return type(kind.__name__, (kind,), {"ConnectionCls": connections, "is_bounded": True})


def bind_manager(manager: Any, most: int) -> Any:
    """Let a manager of urllib3 make such connections alone; return the manager."""
    kinds = manager.pool_classes_by_scheme
    manager.pool_classes_by_scheme = {
        scheme: kind if hasattr(kind, "is_bounded") else _pool_class(kind, most)
        for scheme, kind in kinds.items()
    }
    return manager


def bind_store_client(client: Any) -> Any:
    """Let a client of botocore make such connections alone; return the client.

    botocore has no public way to its connections.
    """
    session = client._endpoint.http_session  # noqa: SLF001
    bind_manager(session._manager, STORE_MOST)  # noqa: SLF001
    session._pool_classes_by_scheme = session._manager.pool_classes_by_scheme  # noqa: SLF001
    return client
