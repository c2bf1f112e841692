# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What lies between the client and a server: proxies, certificates, cookies, broken answers."""

from __future__ import annotations

import re
import shutil
import socket
import socketserver
import subprocess
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from io import BufferedReader
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams import transport
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.client import (
    LOGIN_GATE,
    AmsClient,
    Connection,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.transport import (
    Transport,
    TransportError,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.errors import AmsError

from stand_ins.ams import Fleet

OF_ENVIRONMENT = (
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
)


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in OF_ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture(autouse=True, params=["first request", "before"])
def _connects(request: pytest.FixtureRequest) -> Iterator[None]:
    """Where a login waits for others it is connected before, with the same words if that fails."""
    if request.param == "first request":
        yield
        return
    token = LOGIN_GATE.set(lambda _user, _password: nullcontext())
    yield
    LOGIN_GATE.reset(token)


@pytest.fixture(scope="module")
def secure() -> Iterator[Fleet]:
    with Fleet(hosts=1, tls=True) as fleet:
        yield fleet


@pytest.fixture(scope="module")
def plain() -> Iterator[Fleet]:
    with Fleet(hosts=1) as fleet:
        yield fleet


class _Proxy(socketserver.ThreadingTCPServer):
    """Passes on what it is asked to, by CONNECT or by an absolute address, and remembers how it was asked."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        self.asked: list[str] = []
        super().__init__(("127.0.0.1", 0), _Passing)

    @property
    def url(self) -> str:
        return f"http://user:pass@127.0.0.1:{self.server_address[1]}"


class _Passing(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        head = self.request.recv(65536)
        self.server.asked.append(head.decode())  # type: ignore[attr-defined]
        method, target, _rest = head.split(b" ", 2)
        where = target if method == b"CONNECT" else target.split(b"/")[2]
        host, port = where.decode().split(":")
        with socket.create_connection((host, int(port))) as there:
            if method == b"CONNECT":
                self.request.sendall(b"HTTP/1.1 200 go on\r\n\r\n")
            server = b"http://" + where
            there.sendall(b"" if method == b"CONNECT" else head.replace(server, b"", 1))
            back = threading.Thread(target=_pass_on, args=(there, self.request), daemon=True)
            back.start()
            _pass_on(self.request, there, without=server)
            back.join(5)


def _pass_on(source: socket.socket, target: socket.socket, without: bytes = b"") -> None:
    try:
        while part := source.recv(65536):
            target.sendall(part.replace(without, b"", 1) if without else part)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        return


@pytest.fixture
def proxy() -> Iterator[_Proxy]:
    with _Proxy() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def release_of(fleet: Fleet, **changes: Any) -> str:
    host = fleet.hosts[0]
    given = {"url": host.url, "ca_path": fleet.ca_path, "timeout": 5, **changes}
    with AmsClient(Connection(email=host.email, password=host.password, **given)) as client:
        return str(client.version()["versionName"])


def failure_of(fleet: Fleet, **changes: Any) -> str:
    with pytest.raises(AmsError) as caught:
        release_of(fleet, **changes)
    return str(caught.value)


def test_a_proxy_of_the_environment_is_used_for_http(
    plain: Fleet, proxy: _Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", proxy.url)
    assert release_of(plain) == "2.17.1"
    assert proxy.asked[0].startswith(f"POST {plain.hosts[0].url}/rest/v2/users/authenticate HTTP/1.1")
    assert f"Proxy-Authorization: Basic {b64encode(b'user:pass').decode()}".lower() in proxy.asked[0].lower()


def test_a_proxy_of_the_environment_is_tunnelled_through_for_https(
    secure: Fleet, proxy: _Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy.url.removeprefix("http://"))
    assert release_of(secure) == "2.17.1"
    assert [asked.split(" ")[0] for asked in proxy.asked] == ["CONNECT"]


@pytest.mark.parametrize("names", ["*", "127.0.0.0/8", "127.77.0.1"])
def test_no_proxy_is_heeded(
    secure: Fleet, proxy: _Proxy, monkeypatch: pytest.MonkeyPatch, names: str
) -> None:
    monkeypatch.setenv("https_proxy", proxy.url)
    monkeypatch.setenv("no_proxy", names)
    assert release_of(secure) == "2.17.1"
    assert proxy.asked == []


def test_a_proxy_that_is_not_there_is_named(secure: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:1")
    said = failure_of(secure)
    assert "the proxy on the way to the server did not pass the request on" in said
    assert "See HTTPS_PROXY and NO_PROXY" in said


def test_a_certificate_counts_only_with_its_authority(secure: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "the TLS handshake with the server failed" in failure_of(secure, ca_path=None)
    # That the authority was known a moment ago must not help.
    assert release_of(secure) == "2.17.1"
    assert "the TLS handshake with the server failed" in failure_of(secure, ca_path=None)
    assert release_of(secure, ca_path=None, validate_certs=False) == "2.17.1"
    assert "the TLS handshake with the server failed" in failure_of(secure, ca_path=None)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(secure.ca_path))
    assert release_of(secure, ca_path=None) == "2.17.1"


def test_authorities_may_be_a_folder(secure: Fleet, tmp_path: Path) -> None:
    assert "the TLS handshake with the server failed" in failure_of(secure, ca_path=str(tmp_path))
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("the name of a certificate in such a folder is told by openssl")
    asked = [openssl, "x509", "-noout", "-subject_hash", "-in", str(secure.ca_path)]
    name = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    shutil.copy(str(secure.ca_path), tmp_path / f"{name}.0")
    assert release_of(secure, ca_path=str(tmp_path)) == "2.17.1"


def test_a_file_without_a_certificate_is_reported_by_each_server(secure: Fleet, tmp_path: Path) -> None:
    path = tmp_path / "ca.pem"
    path.write_text("no certificate\n", encoding="utf-8")
    for _time in range(2):
        said = failure_of(secure, ca_path=str(path))
        assert said.startswith("Logging in as")
        assert "failed: NO_CERTIFICATE_OR_CRL_FOUND. Give the server's certificate or its CA" in said


def test_a_name_that_is_not_in_the_certificate_is_refused(secure: Fleet) -> None:
    port = secure.hosts[0].url.rsplit(":", 1)[1]
    with socket.create_server(("127.0.0.1", 0)) as listening:
        relay = threading.Thread(target=_relay_once, args=(listening, "127.77.0.1", int(port)), daemon=True)
        relay.start()
        said = failure_of(secure, url=f"https://127.0.0.1:{listening.getsockname()[1]}")
        relay.join(5)
    assert "the TLS handshake with the server failed" in said
    assert "127.0.0.1" in said.partition("failed")[2]


def _relay_once(listening: socket.socket, host: str, port: int) -> None:
    here, _address = listening.accept()
    with here, socket.create_connection((host, port)) as there:
        back = threading.Thread(target=_pass_on, args=(there, here), daemon=True)
        back.start()
        _pass_on(here, there)
        back.join(5)


def test_what_is_prepared_before_a_fork_serves_every_kind_of_server(secure: Fleet, plain: Fleet) -> None:
    transport.prepare_for_fork()
    assert "the TLS handshake with the server failed" in failure_of(secure, ca_path=None)
    for _time in range(2):
        assert release_of(secure) == "2.17.1"
        assert release_of(plain) == "2.17.1"
    assert "the TLS handshake with the server failed" in failure_of(secure, ca_path=None)


def whole_request(stream: BufferedReader) -> bytes:
    """Head and body, which may come in one piece or in several."""
    head = b"".join(takewhile(lambda line: line not in (b"", b"\r\n"), stream))
    length = re.search(rb"(?i)^content-length: *(\d+)", head, re.MULTILINE)
    return head + b"\r\n" + stream.read(int(length[1]) if length else 0)


@contextmanager
def answering(*answers: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """A server that gives these answers, one after the other, to whatever it is asked."""
    asked: list[bytes] = []

    def serve(listening: socket.socket) -> None:
        here, _address = listening.accept()
        with here, here.makefile("rb") as stream:
            for answer in answers:
                asked.append(whole_request(stream))
                here.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, args=(listening,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}", asked
        thread.join(5)


def test_cookies_go_back_where_they_are_for() -> None:
    cookies = (
        b"Set-Cookie: JSESSIONID=ABC; Path=/; HttpOnly\r\nSet-Cookie: OTHER=1; Path=/live\r\n"
        b"Set-Cookie: SAFE=2; Path=/; Secure\r\nSet-Cookie: HERE=3; Path=/rest\r\n"
    )
    with answering(
        b"HTTP/1.1 200 \r\n" + cookies + b"Content-Length: 0\r\n\r\n", b"HTTP/1.1 204 \r\n\r\n"
    ) as (url, asked):
        there = Transport(url, verify=True, timeout=5)
        there.send("POST", "/rest/v2/users/authenticate", b"{}")
        assert there.send("GET", "/rest/v2/version").status_code == 204
        there.close()
    assert b"Cookie: JSESSIONID=ABC; HERE=3\r\n" in asked[1]
    assert b"Cookie" not in asked[0]
    assert b"Content-Type: application/json\r\n" in asked[0]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"HTTP/1.1 200 \r\nContent-Length: 9\r\n\r\n{}", "the connection to the server broke"),
        (b"nonsense\r\n\r\n", "the connection to the server broke"),
        (b"", "the connection to the server broke"),
        (b"HTTP/1.1 200 \r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}", "encoding 'gzip'"),
    ],
)
def test_half_an_answer_is_none(answer: bytes, said: str) -> None:
    with answering(answer) as (url, _asked):
        there = Transport(url, verify=True, timeout=5)
        with pytest.raises(TransportError, match=said) as caught:
            there.send("GET", "/rest/v2/version")
        there.close()
    assert caught.value.sent


def test_an_answer_is_text_in_its_own_encoding() -> None:
    page = "<p>Zugriff verweigert für Sie</p>".encode("latin-1")
    head = b"HTTP/1.1 403 \r\nContent-Type: text/html;charset=iso-8859-1\r\nContent-Length: %d\r\n\r\n"
    with answering(head % len(page) + page) as (url, _asked):
        there = Transport(url, verify=True, timeout=5)
        assert "für" in there.send("GET", "/rest/v2/version").text
        there.close()


def test_a_token_that_no_header_can_hold_is_not_quoted() -> None:
    with answering() as (url, _asked):
        there = Transport(url, verify=True, timeout=5)
        there.headers["ProxyAuthorization"] = "secret\nX: y"
        with pytest.raises(TransportError) as caught:
            there.send("GET", "/rest/v2/version")
        there.close()
    assert "no request can be made of it" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_host_that_no_address_can_name() -> None:
    with pytest.raises(TransportError, match="no request can be made of it"):
        Transport(f"http://{'a' * 70}.example:5080", verify=True, timeout=5).send("GET", "/")


def test_ssl_is_not_http(plain: Fleet) -> None:
    said = failure_of(plain, url=plain.hosts[0].url.replace("http:", "https:"))
    assert "the TLS handshake with the server failed: the port speaks http, not https" in said
    assert "Give the address with http://" in said
