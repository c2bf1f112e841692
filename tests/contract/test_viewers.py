# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a viewer is answered: forwarding, and files of the server's own disk."""

from __future__ import annotations

import pytest

from tests.contract.client import Client, Server
from tests.harness.forwarding import FORWARDED

BASE = "https://bucket.example.com/x"


def forward(admin: Client, base: str | None, extensions: str | None) -> None:
    admin.change("live", {"httpForwardingBaseURL": base, "httpForwardingExtension": extensions})


def location(client: Client, path: str, method: str = "GET") -> str | None:
    reply = client.call(method, f"/{path}")
    assert reply.status in {302, 404}
    assert reply.body == b"" or reply.status == 404
    return reply.headers["Location"]


def test_a_matching_path_is_redirected_whether_it_exists_or_not(
    admin: Client, client: Client, server: Server
) -> None:
    server.put_file("live", "here.mp4", b"0123456789")
    forward(admin, BASE, "mp4,m3u8")
    assert location(client, "/live/streams/here.mp4") == f"{BASE}/streams/here.mp4"
    assert location(client, "/live/streams/gone.mp4") == f"{BASE}/streams/gone.mp4"
    assert location(client, "/live/streams/s.m3u8") == f"{BASE}/streams/s.m3u8"
    assert location(client, "/live/streams/a.mp4", "HEAD") == f"{BASE}/streams/a.mp4"


@pytest.mark.parametrize(
    ("path", "forwarded"),
    [
        ("/live/streams/sub/x.mp4", "/streams/sub/x.mp4"),
        ("/live/streams/a%20b.mp4", "/streams/a%20b.mp4"),
        ("/live/streams/a.mp4?token=1&x=2", "/streams/a.mp4"),
        ("/live/streams/xmp4", "/streams/xmp4"),
        ("/live//streams/a.mp4", "//streams/a.mp4"),
        ("/live/streams/a.MP4", None),
        ("/live/streams/a.ts", None),
        ("/live/streams/a.mp4;x=1", None),
        ("/live/a.mp4", None),
        ("/live/previews/a.mp4", None),
        ("/LiveApp/streams/a.mp4", None),
    ],
)
def test_what_is_forwarded_where(admin: Client, client: Client, path: str, forwarded: str | None) -> None:
    forward(admin, BASE, "mp4,m3u8")
    assert location(client, path) == (None if forwarded is None else BASE + forwarded)


@pytest.mark.parametrize(("extensions", "forwarded"), FORWARDED)
def test_extensions_are_taken_as_they_are(
    admin: Client, client: Client, extensions: str | None, forwarded: set[str]
) -> None:
    """The table that recording_rules is tested with."""
    forward(admin, BASE, extensions)
    asked = ("mp4", "webm", "m3u8")
    assert {name for name in asked if location(client, f"/live/streams/a.{name}")} == forwarded


@pytest.mark.parametrize(
    ("base", "target"),
    [
        (f"{BASE}/", f"{BASE}/streams/a.mp4"),
        (f"{BASE}//", f"{BASE}//streams/a.mp4"),
        (f"{BASE}?q=1", f"{BASE}?q=1/streams/a.mp4"),
        ("/elsewhere", "/elsewhere/streams/a.mp4"),
        ("", None),
        (None, None),
    ],
)
def test_the_base_url_is_taken_as_it_is(
    admin: Client, client: Client, base: str | None, target: str | None
) -> None:
    forward(admin, base, "mp4")
    assert location(client, "/live/streams/a.mp4") == target


def test_two_dots_make_it_fail(admin: Client, client: Client) -> None:
    for base, path in ((BASE, "//live/streams/a..b.mp4"), (f"{BASE}/a..b", "//live/streams/a.mp4")):
        forward(admin, base, "mp4")
        reply = client.call("GET", path)
        assert reply.status == 500
        assert "URI is not well formatted" in reply.text


def test_other_methods(admin: Client, client: Client) -> None:
    forward(admin, BASE, "mp4")
    for method in ("POST", "PUT", "DELETE"):
        assert client.call(method, "//live/streams/a.mp4").message == "Invalid Request Type"
    asked = {"Origin": "https://page.example.com", "Access-Control-Request-Method": "GET"}
    reply = client.call("OPTIONS", "//live/streams/a.mp4", headers=asked)
    assert (reply.status, reply.headers["Access-Control-Allow-Origin"]) == (200, "*")
    asked.popitem()
    redirect = client.call("GET", "//live/streams/a.mp4", headers=asked)
    assert (redirect.status, redirect.headers["Access-Control-Allow-Origin"]) == (302, "*")


def test_each_viewer_gets_a_session_of_the_application(client: Client) -> None:
    cookie = client.call("GET", "//live/streams/none.mp4").headers["Set-Cookie"]
    assert cookie.startswith("JSESSIONID=")
    assert cookie.endswith("; Path=/live; HttpOnly")


def test_a_local_file(client: Client, server: Server) -> None:
    server.put_file("live", "clip.mp4", b"0123456789" * 10)
    reply = client.call("GET", "//live/streams/clip.mp4")
    assert (reply.status, reply.kind, len(reply.body)) == (200, "video/mp4", 100)
    part = client.call("GET", "//live/streams/clip.mp4", headers={"Range": "bytes=2-5"})
    assert (part.status, part.body, part.headers["Content-Range"]) == (206, b"2345", "bytes 2-5/100")
    head = client.call("HEAD", "//live/streams/clip.mp4")
    assert (head.status, head.body, head.headers["Content-Length"]) == (200, b"", "100")


def test_what_is_not_there(client: Client) -> None:
    reply = client.call("GET", "//live/streams/none.mp4")
    assert reply.status == 404
    assert reply.message == "The requested resource [&#47;live&#47;streams&#47;none.mp4] is not available"
    assert client.call("GET", "//live/nothing.txt").status == 404
    assert client.call("GET", "//live/streams/").message == "Access to the requested resource has been denied"
    assert client.call("GET", "//nope/streams/a.mp4").status == 500
