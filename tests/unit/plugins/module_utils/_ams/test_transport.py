# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which failed requests may be sent again, and which may have been carried out."""

from __future__ import annotations

import errno
import http.client
import socket
import ssl

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.transport import (
    Transport,
    TransportError,
)
from urllib3 import exceptions

LOST = TimeoutError(errno.ETIMEDOUT, "Connection timed out")


def new_connection(error: Exception) -> exceptions.NewConnectionError:
    failure = exceptions.NewConnectionError(None, "no")  # type: ignore[arg-type]
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
        (exceptions.ReadTimeoutError(None, "", "late"), True, True, False),  # type: ignore[arg-type]
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_a_request_without_an_answer(failure: Exception, final: bool, sent: bool, starting: bool) -> None:
    """By the class of urllib3, which says when it failed, and not by what the system called the failure."""
    found = Transport("https://ams.example.com:5443", verify=True, timeout=1)._no_answer(failure)
    assert (found.final, found.sent, found.starting) == (final, sent, starting)


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
