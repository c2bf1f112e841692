# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Answers that never end, grow or confuse: each is an error in time that names server and step.

Before there were limits, a byte a second was waited for without end, gzip was inflated, 8 MiB of a list were
193 MiB of memory, and much of the rest was a traceback without a host.
"""

from __future__ import annotations

import gzip
import json
import os
import socketserver
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from itertools import repeat
from typing import Any

import pytest
import requests
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.broadcasts import Broadcasts
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.client import AmsClient, Connection
from ansible_collections.antmedia.s3_recording.plugins.module_utils._check.live_bucket import RecordingBucket
from ansible_collections.antmedia.s3_recording.plugins.module_utils._check.playback import (
    Viewer,
    first_response,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.bounded_session import (
    size_of,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.errors import AmsError
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.network import NoAnswer
from botocore.exceptions import BotoCoreError

from stand_ins.ansible_environment import COLLECTIONS

KIB = 1024
OK = b"HTTP/1.1 200 \r\nContent-Type: application/json\r\n"


def whole(body: bytes, more: bytes = b"") -> Iterator[bytes]:
    yield OK + more + b"Content-Length: %d\r\n\r\n" % len(body) + body


def dribble(head: bytes, pause: float = 0.02) -> Iterator[bytes]:
    """Two minutes of it, each piece well within any timeout."""
    yield head
    for _piece in range(6000):
        time.sleep(pause)
        yield b" "


def chunks() -> Iterator[bytes]:
    yield OK + b"Transfer-Encoding: chunked\r\n\r\n"
    yield from repeat(b"100000\r\n" + b" " * 0x100000 + b"\r\n", 2048)


def one_chunk_of_all() -> Iterator[bytes]:
    yield OK + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n"
    yield from repeat(b" " * 0x100000, 2048)


def until_the_end() -> Iterator[bytes]:
    yield OK + b"Connection: close\r\n\r\n"
    yield from repeat(b" " * 0x100000, 2048)


def headers(line: bytes) -> Iterator[bytes]:
    yield OK
    yield from repeat(line, 2048)


def continuing() -> Iterator[bytes]:
    yield from repeat(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000, 2048)


class Endless(socketserver.ThreadingTCPServer):
    """Lets a user log in, and gives one odd answer to all else, until the client has enough of it."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 100

    def __init__(self, odd: Callable[[], Iterator[bytes]]) -> None:
        self.odd = odd
        self.served = self.asked = 0
        self.has_given_all = False
        super().__init__(("127.0.0.1", 0), _Serving)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is what is wanted."""


class _Serving(socketserver.StreamRequestHandler):
    server: Endless

    def handle(self) -> None:
        while line := self.rfile.readline():
            length = 0
            while (header := self.rfile.readline()) not in (b"\r\n", b""):
                name, _colon, value = header.partition(b":")
                length = int(value) if name.lower() == b"content-length" else length
            self.rfile.read(length)
            if b"/users/" in line:
                self.wfile.write(b"".join(whole(b'{"success": true}')))
                continue
            self.server.asked += 1
            for piece in self.server.odd():
                self.wfile.write(piece)
                self.server.served += len(piece)
            self.server.has_given_all = True


class Servers:
    def __init__(self) -> None:
        self.running: list[tuple[Endless, threading.Thread]] = []

    def start(self, odd: Callable[[], Iterator[bytes]]) -> Endless:
        server = Endless(odd)
        # What is served when a test ends need not be waited for.
        server.block_on_close = False
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        self.running.append((server, thread))
        return server


@pytest.fixture
def servers() -> Iterator[Servers]:
    found = Servers()
    yield found
    for server, thread in found.running:
        server.shutdown()
        server.server_close()
        thread.join()


def failure(server: Endless, call: Callable[[AmsClient], Any], timeout: float = 20) -> str:
    connection = Connection(server.url, email="a@example.com", password="of-a-test", timeout=timeout)
    with pytest.raises(AmsError) as caught, AmsClient(connection) as client:
        call(client)
    assert server.url in str(caught.value)
    return str(caught.value)


def settings(client: AmsClient) -> Any:
    return client.settings("live")


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(OK + b"Content-Length: 6000\r\n\r\n", id="body"),
        pytest.param(OK + b"X-Odd: ", id="headers"),
        pytest.param(OK + b"Transfer-Encoding: chunked\r\n\r\n1;", id="chunk"),
        pytest.param(b"HTTP/1.1 502 \r\nContent-Length: 6000\r\n\r\n", id="error"),
    ],
)
def test_an_answer_that_comes_byte_by_byte_has_to_end_in_time(servers: Servers, head: bytes) -> None:
    """Each byte comes within the timeout; the old code waited for all of them, two minutes and more."""
    server = servers.start(lambda: dribble(head))
    said = failure(server, settings, timeout=0.5)
    assert "Reading the settings of application 'live'" in said
    assert "within 0.5 s" in said
    assert server.asked == 1
    assert not server.has_given_all


@pytest.mark.parametrize(
    ("odd", "said"),
    [
        (chunks, "the answer is longer than 256 KiB"),
        (one_chunk_of_all, "the answer is longer than 2048 KiB"),
        (until_the_end, "the answer is longer than 256 KiB"),
        (lambda: whole(b" " * 257 * KIB), "the answer is longer than 256 KiB"),
        (
            lambda: headers(b"X-Odd: 1\r\n"),
            "the server sent an invalid HTTP answer: got more than 100 headers",
        ),
        (lambda: headers(b"X-Odd: " + b"1" * KIB + b"\r\n"), "the answer is longer than 64 KiB"),
        (continuing, "the answer is longer than 64 KiB"),
        (
            lambda: whole(gzip.compress(b" " * 1000 * KIB), b"Content-Encoding: gzip\r\n"),
            "an answer in the encoding 'gzip', which was not requested",
        ),
        (lambda: whole(b"[" * 20_000), "JSON that is nested more than 64 levels deep"),
        (lambda: whole(b'{"a": ' * 70 + b"1" + b"}" * 70), "JSON that is nested more than 64 levels deep"),
        (lambda: whole(b"[" + b"{}," * 40_000 + b"{}]"), "JSON with more than 32768 values"),
        (lambda: whole(b'{"s3RecordingEnabled": NaN}'), "JSON with NaN, which is no number of JSON"),
        (lambda: whole(b'{"s3RecordingEnabled": -Infinity}'), "JSON with -Infinity"),
        (lambda: whole(b'{"s3RecordingEnabled": 1e999}'), "the number 1e999, which is too large"),
        (lambda: whole(b'{"a": ' + b"9" * 5000 + b"}"), "JSON with a number of 5000 digits"),
        (lambda: whole(b'{"a": 1, "a": 2}'), "JSON that has 'a' twice in one object"),
        (lambda: whole(b'{"a": "\\ud800"}'), "JSON with half a character"),
        (lambda: whole(b'{"a": "\xff"}'), "JSON that is not UTF-8"),
        (lambda: whole(b"\xff", b"Content-Type: text/plain; charset=undefined\r\n"), "which is not JSON"),
    ],
)
def test_settings_of_no_server_are_refused(
    servers: Servers, odd: Callable[[], Iterator[bytes]], said: str
) -> None:
    """One request each: no answer of this kind gets better when it is asked for again."""
    server = servers.start(odd)
    message = failure(server, settings)
    assert "Reading the settings of application 'live'" in message
    assert said in message
    assert server.asked == 1
    # What the system holds for a client that reads no more is not counted exactly.
    assert server.served < 64 * KIB * KIB


def test_no_compression_is_asked_for(servers: Servers) -> None:
    server = servers.start(lambda: whole(b"{}"))
    with AmsClient(Connection(server.url, email="a@example.com", password="of-a-test")) as client:
        assert client._transport.headers["Accept-Encoding"] == "identity"


def test_the_page_of_an_error_is_cut_and_its_status_is_said(servers: Servers) -> None:
    """A long page must not hide that it is a 502, which may be gone at the next try."""
    page = (
        b"HTTP/1.1 404 \r\nContent-Length: %d\r\n\r\n" % (200 * KIB)
        + b"<head>" * 1000
        + b"x" * (200 * KIB - 6000)
    )
    server = servers.start(lambda: iter([page]))
    assert "status 404" in failure(server, settings)


@pytest.mark.parametrize(
    ("call", "body", "said"),
    [
        (AmsClient.nodes, b"3", "JSON that is not an object"),
        (AmsClient.applications, b'{"applications": 3}', "the answer has no list of names"),
        (
            lambda client: Broadcasts(client, "live").recordings_count(),
            b'{"number": "x"}',
            "instead of a number: ''x''",
        ),
        (lambda client: Broadcasts(client, "live").recordings_page(0, 200), b'{"a": 1}', "instead of a list"),
        (lambda client: Broadcasts(client, "live").live_count(), b'{"number": []}' + b" ", ""),
        (lambda client: Broadcasts(client, "live").live_count(), b'{"number": [1]}', "instead of a number"),
    ],
)
def test_an_answer_of_another_kind_is_no_traceback(
    servers: Servers, call: Callable[[AmsClient], Any], body: bytes, said: str
) -> None:
    server = servers.start(lambda: whole(body))
    if said:
        assert said in failure(server, call)
        return
    with AmsClient(Connection(server.url, email="a@example.com", password="of-a-test")) as client:
        assert call(client) == 0


def test_pages_of_a_cluster_end(servers: Servers) -> None:
    page = json.dumps([{"id": "n", "ip": "10.0.0.1"}] * 50).encode()

    class Cluster(Endless):
        """A whole page each time, whatever is asked for."""

    server = servers.start(lambda: whole(b'{"success": true}') if server.asked == 1 else whole(page))
    assert "Listing the nodes of the cluster" in failure(server, AmsClient.nodes)
    assert server.asked == 21


CHILD = """
import resource, sys, threading
resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.broadcasts import Broadcasts
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.client import AmsClient, Connection

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024

calls = {"settings": lambda client: client.settings("live"),
         "page": lambda client: Broadcasts(client, "live").recordings_page(0, 200)}
gate = threading.Barrier(len(sys.argv) - 1)

def ask(argument):
    call, url = argument.split("=", 1)
    gate.wait()
    try:
        with AmsClient(Connection(url, email="a@example.com", password="of-a-test", timeout=5)) as client:
            calls[call](client)
        said.append("ok")
    except Exception as error:
        said.append(f"{type(error).__name__}: {error}")

AmsClient(Connection("http://127.0.0.1:1", email="a", password="of-a-test"))
before, said = peak(), []
threads = [threading.Thread(target=ask, args=(each,)) for each in sys.argv[1:]]
for each in threads:
    each.start()
for each in threads:
    each.join()
print(peak() - before)
print("\\n".join(said))
"""


def test_25_such_servers_at_once_cost_less_than_300_mib(servers: Servers) -> None:
    """The memory of the client alone, which is a process of its own; its time is that of the timeout."""
    size = 1024 * KIB // 3 - 10
    zipped = gzip.compress(b"\0" * 64 * KIB * KIB, 1)
    fullest = b"[" + b",".join(b'{"k%d":[],"b":{"c":%d}}' % (at, 10**9 + at) for at in range(5000)) + b"]"
    kinds: list[tuple[str, Callable[[], Iterator[bytes]]]] = [
        ("page", lambda: whole(b"[" + b"{}," * size + b"{}]")),
        ("page", lambda: whole(b"[" + b'{"a":1},' * 10_000 + b'"' + b"\xf0\x9f\x98\x80" * 200_000 + b'"]')),
        ("page", lambda: whole(fullest)),
        ("settings", lambda: whole(zipped, b"Content-Encoding: gzip\r\n")),
        ("settings", chunks),
        ("settings", lambda: dribble(OK + b"Content-Length: 6000\r\n\r\n")),
    ]
    asked = [(call, servers.start(odd)) for call, odd in [kinds[at % len(kinds)] for at in range(25)]]
    arguments = [f"{call}={server.url}" for call, server in asked]
    child = subprocess.run(
        [sys.executable, "-c", CHILD, *arguments],
        env={**os.environ, "PYTHONPATH": COLLECTIONS},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    grown, *said = child.stdout.splitlines()
    assert len(said) == 25
    assert all(each.startswith("AmsError: ") or each == "ok" for each in said), said
    assert int(grown) < 300
    assert not any(server.has_given_all for _call, server in asked if server.odd is kinds[5][1])


def viewed(server: Endless, timeout: float = 20) -> Any:
    return first_response(Viewer(server.url, True, timeout, 0), f"{server.url}/live/streams/a.mp4")


def test_a_viewer_waits_no_longer_than_the_timeout(servers: Servers) -> None:
    server = servers.start(lambda: dribble(OK + b"Content-Length: 6000\r\n\r\n"))
    answer = viewed(server, timeout=0.5)
    assert isinstance(answer, NoAnswer)
    assert answer.kind == "timeout"
    assert not server.has_given_all


@pytest.mark.parametrize("odd", [chunks, until_the_end])
def test_a_viewer_reads_the_beginning_of_what_is_too_long(
    servers: Servers, odd: Callable[[], Iterator[bytes]]
) -> None:
    server = servers.start(odd)
    answer = viewed(server)
    assert isinstance(answer, requests.Response)
    assert (answer.status_code, size_of(answer.content)) == (200, "more than 65536 bytes")
    assert not server.has_given_all


def test_a_viewer_inflates_nothing(servers: Servers) -> None:
    server = servers.start(lambda: whole(gzip.compress(b" " * 9000), b"Content-Encoding: gzip\r\n"))
    answer = viewed(server)
    assert isinstance(answer, NoAnswer)
    assert answer.words == "200 in the encoding 'gzip', which was not requested"


@pytest.fixture
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAOFATEST")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of-a-test")


def store_at(server: Endless, timeout: float) -> RecordingBucket:
    where = {"s3Endpoint": server.url, "s3PathStyleAccessEnabled": True, "s3RegionName": "eu-west-1"}
    return RecordingBucket({"s3BucketName": "b-of-a-test", **where}, timeout)


@pytest.mark.usefixtures("_credentials")
@pytest.mark.parametrize("call", [lambda store: store.read("a.mp4"), lambda store: store.sizes("a")])
def test_a_store_answers_in_time_and_so_much(
    servers: Servers, call: Callable[[RecordingBucket], Any]
) -> None:
    slow = servers.start(lambda: dribble(OK + b"Content-Length: 6000\r\n\r\n"))
    with pytest.raises(BotoCoreError, match=r"(?i)time"):
        call(store_at(slow, 0.5))
    assert not slow.has_given_all
    long = servers.start(until_the_end)
    with pytest.raises(BotoCoreError):
        call(store_at(long, 20))
    assert not long.has_given_all
