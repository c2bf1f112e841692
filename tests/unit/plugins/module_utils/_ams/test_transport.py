# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which failed requests may be sent again, and which may have been carried out."""

from __future__ import annotations

import errno
import http.client
import shutil
import socket
import ssl
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.transport import (
    Transport,
    TransportError,
)
from requests import utils
from urllib3 import exceptions
from urllib3.connection import HTTPSConnection

URL = "https://ams.example.com:5443"
# urllib3 names the connections in its errors; what is tested reads their class alone.
NO_POOL: Any = None
LOST = TimeoutError(errno.ETIMEDOUT, "Connection timed out")


def new_connection(error: Exception) -> exceptions.NewConnectionError:
    failure = exceptions.NewConnectionError(NO_POOL, "no")
    failure.__cause__ = error
    return failure


@pytest.mark.parametrize(
    ("failure", "final", "sent", "starting"),
    [
        (exceptions.ProtocolError("Connection aborted.", LOST), False, True, False),
        (exceptions.ProtocolError("Connection aborted.", ssl.SSLEOFError(8, "EOF")), False, True, False),
        (exceptions.ProtocolError("", http.client.LineTooLong("header line")), True, True, False),
        (exceptions.ProtocolError("", ConnectionRefusedError("refused")), False, True, False),
        (new_connection(LOST), False, False, False),
        (new_connection(ConnectionRefusedError("refused")), False, False, True),
        (new_connection(socket.gaierror(-2, "unknown")), True, False, False),
        (exceptions.SSLError(ssl.SSLError("no")), True, False, False),
        (exceptions.ReadTimeoutError(NO_POOL, "", "late"), True, True, False),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_a_request_without_an_answer(failure: Exception, final: bool, sent: bool, starting: bool) -> None:
    """By the class of urllib3, which says when it failed, and not by what the system called the failure."""
    found = Transport("https://ams.example.com:5443", verify=True, timeout=1)._no_answer(failure)
    assert (found.final, found.sent, found.starting) == (final, sent, starting)
    # A server that sends what is not HTTP was reached.
    assert found.unreachable is ("sent an invalid HTTP answer" not in found.came_back)


def context_of(verify: bool | str) -> ssl.SSLContext:
    pool: Any = Transport(URL, verify=verify, timeout=1)._pool
    context: ssl.SSLContext = pool.conn_kw["ssl_context"]
    return context


def test_servers_share_a_context_only_if_they_trust_the_same(tmp_path: Path) -> None:
    """To load the authorities again for each server would be a tenth of the cost of reading it."""
    authorities, others = utils.DEFAULT_CA_BUNDLE_PATH, tmp_path / "others.pem"
    shutil.copy(authorities, others)
    assert context_of(authorities) is context_of(authorities)
    assert context_of(authorities) is not context_of(str(others))
    assert context_of(False) is context_of(False)
    assert context_of(authorities).verify_mode == context_of(True).verify_mode == ssl.CERT_REQUIRED
    assert context_of(authorities).check_hostname
    assert context_of(False).verify_mode == ssl.CERT_NONE


@pytest.mark.parametrize(
    ("connect_timeout", "connecting", "answering"), [(None, "7 s", "7 s"), (5, "5 s", "7 s")]
)
def test_connecting_may_have_a_timeout_of_its_own(
    monkeypatch: pytest.MonkeyPatch, connect_timeout: float | None, connecting: str, answering: str
) -> None:
    given: list[object] = []

    def connect(connection: HTTPSConnection) -> None:
        given.append(connection.timeout)
        raise TimeoutError("timed out")

    monkeypatch.setattr("urllib3.connection.HTTPSConnection.connect", connect)
    there = Transport(URL, verify=True, timeout=7, connect_timeout=connect_timeout)
    with pytest.raises(TransportError, match=f"within {connecting}"):
        there.connect()
    assert given == [connect_timeout or 7]
    late = exceptions.ReadTimeoutError(NO_POOL, "", "late")
    assert answering in there._no_answer(late).came_back
    lost = exceptions.ConnectTimeoutError(None, "late")
    assert connecting in there._no_answer(lost).came_back


@pytest.mark.parametrize(
    ("error", "sent", "said"),
    [
        (ssl.SSLError("wrong"), False, "TLS handshake"),
        (ValueError("check_hostname requires server_hostname"), False, "check_hostname"),
        (OSError(errno.EMFILE, "Too many open files"), True, "broke"),
    ],
    ids=["tls", "name", "system"],
)
def test_connecting_that_fails_in_the_system(
    monkeypatch: pytest.MonkeyPatch, error: Exception, sent: bool, said: str
) -> None:
    def connect(_connection: object) -> None:
        raise error

    monkeypatch.setattr("urllib3.connection.HTTPSConnection.connect", connect)
    with pytest.raises(TransportError) as failed:
        Transport("https://ams.example.com:5443", verify=True, timeout=1).connect()
    assert failed.value.sent is sent
    assert said in failed.value.came_back
