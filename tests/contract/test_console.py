# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the console answers, but for the settings; and how it speaks HTTP."""

from __future__ import annotations

import gzip
import json
import socket
from urllib.parse import urlsplit

import pytest

from tests.contract.client import FAILED, OK, Client, Server

VODS = "/request?_path=live/rest/v2/vods/list/0/50"


def test_version(admin: Client, server: Server) -> None:
    reply = admin.call("GET", "/version")
    assert (reply.status, reply.reason, reply.kind) == (200, "", "application/json")
    version = reply.json()
    assert list(version) == ["versionName", "versionType", "buildNumber"]
    assert (version["versionName"], version["versionType"]) == (server.release, "Community Edition")


def test_applications(admin: Client) -> None:
    assert admin.call("GET", "/applications").json() == {"applications": ["LiveApp", "WebRTCApp", "live"]}


def test_the_community_edition_is_no_cluster(admin: Client) -> None:
    assert admin.call("GET", "/cluster-mode-status").json() == FAILED
    assert admin.call("GET", "/enterprise-edition").json() == FAILED
    for path in ("/cluster/nodes/0/10", "/cluster/node-count"):
        reply = admin.call("GET", path)
        assert (reply.status, reply.message) == (500, "Request failed.")
        assert "No bean named &#39;tomcat.cluster&#39; available" in reply.text


def test_an_unknown_path(admin: Client) -> None:
    reply = admin.call("GET", "/no-such-thing")
    assert (reply.status, reply.message) == (404, "Not Found")
    assert admin.call("GET", "/applications/settings/live/more").status == 404
    assert admin.call("GET", "/applications/").status == 200


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/users/authenticate", {"POST", "OPTIONS"}),
        ("PUT", "/users/authenticate", {"POST", "OPTIONS"}),
        ("DELETE", "/version", {"GET", "OPTIONS"}),
        ("PUT", "/applications/settings/live", {"GET", "POST", "OPTIONS"}),
        ("POST", "/first-login-status", {"GET", "OPTIONS"}),
    ],
)
def test_a_method_that_is_not_there(admin: Client, method: str, path: str, allowed: set[str]) -> None:
    reply = admin.call(method, path)
    assert (reply.status, reply.message) == (405, "Method Not Allowed")
    assert set(reply.headers["Allow"].split(",")) == allowed


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", None])
def test_a_body_must_be_called_json(admin: Client, server: Server, kind: str | None) -> None:
    user = json.dumps({"email": server.email, "password": server.password})
    for path, body in (("/users/authenticate", user), ("/applications/settings/live", "{}")):
        reply = admin.call("POST", path, body, kind=kind)
        assert (reply.status, reply.message) == (415, "Unsupported Media Type")


def test_a_character_set_may_be_named(admin: Client, server: Server) -> None:
    user = {"email": server.email, "password": server.password}
    reply = admin.call("POST", "/users/authenticate", user, kind="Application/JSON; charset=utf-8")
    assert reply.json()["success"] is True


@pytest.mark.parametrize(
    ("path", "status"), [("/first-login-status", 415), ("/admin-status", 415), ("/version", 200)]
)
def test_some_reads_insist_on_the_content_type_too(admin: Client, path: str, status: int) -> None:
    assert admin.call("GET", path, headers={"Content-Type": "text/plain"}).status == status


def test_logout_insists_on_it(admin: Client) -> None:
    assert admin.call("DELETE", "/users/logout", headers={"Content-Type": "text/plain"}).status == 415
    assert admin.call("DELETE", "/users/logout").json() == OK


@pytest.mark.parametrize(
    ("accept", "status"),
    [("text/html", 406), ("application/*", 200), ("text/html, */*;q=0.1", 200), ("application/json", 200)],
)
def test_accept(admin: Client, accept: str, status: int) -> None:
    assert admin.call("GET", "/version", headers={"Accept": accept}).status == status


def test_failures_close_the_connection_and_refusals_do_not(admin: Client, client: Client) -> None:
    closing = [
        admin.call("GET", "/applications/settings/root"),
        admin.call("POST", "/applications/settings/live", "{"),
    ]
    assert [(reply.status, reply.headers["Connection"]) for reply in closing] == [
        (500, "close"),
        (400, "close"),
    ]
    staying = [client.call("GET", "/version"), admin.call("GET", "/nope"), admin.call("PUT", "/version")]
    assert [reply.headers["Connection"] for reply in staying] == [None, None, None]


def test_long_answers_are_compressed_when_asked(admin: Client) -> None:
    plain = admin.call("GET", "/applications/settings/live")
    assert (plain.headers["vary"], plain.headers["Content-Encoding"]) == ("accept-encoding", None)
    packed = admin.call("GET", "/applications/settings/live", headers={"Accept-Encoding": "gzip"})
    assert (packed.headers["Content-Encoding"], packed.headers["Transfer-Encoding"]) == ("gzip", "chunked")
    assert gzip.decompress(packed.body) == plain.body
    short = admin.call("GET", "/version", headers={"Accept-Encoding": "gzip"})
    assert (short.headers["vary"], short.headers["Content-Encoding"]) == (None, None)


def test_head_has_the_headers_of_get(admin: Client) -> None:
    got, head = (admin.call(method, "/version") for method in ("GET", "HEAD"))
    assert (head.status, head.body) == (200, b"")
    for name in ("Content-Type", "Content-Length"):
        assert head.headers[name] == got.headers[name]


def test_no_header_names_the_server(client: Client) -> None:
    assert client.call("GET", "/first-login-status").headers["Server"] is None


def test_a_page_of_another_origin_may_ask(admin: Client) -> None:
    origin = {"Origin": "https://page.example.com"}
    assert admin.call("GET", "/version", headers=origin).headers["Access-Control-Allow-Origin"] == "*"
    reply = admin.call("OPTIONS", "/version", headers=origin | {"Access-Control-Request-Method": "GET"})
    assert (reply.status, reply.body, reply.headers["Access-Control-Allow-Origin"]) == (200, b"", "*")


def test_a_client_of_http_1_0_is_let_go(server: Server) -> None:
    place = urlsplit(server.url)
    with socket.create_connection((place.hostname, place.port), timeout=10) as connection:
        connection.sendall(b"GET /rest/v2/first-login-status HTTP/1.0\r\n\r\n")
        answer = b"".join(iter(lambda: connection.recv(4096), b""))
    assert answer.endswith(b'{"success":false,"message":"","dataId":"","errorId":0}')


# --- the application's own API, through the console


def test_recordings_of_an_application_without_any(admin: Client) -> None:
    assert admin.call("GET", VODS).json() == []
    assert admin.call("GET", VODS.replace("=live", "=/live")).json() == []
    assert admin.call("GET", VODS.replace("list/0/50", "count")).json() == {"number": 0}
    assert admin.call("GET", VODS.replace("vods", "broadcasts")).json() == []
    nothing = admin.call("GET", VODS.replace("list/0/50", "no-such-id"))
    assert (nothing.status, nothing.json()["vodId"]) == (200, None)


def test_the_proxy_needs_a_path_and_an_application(admin: Client) -> None:
    missing = admin.call("GET", "/request")
    assert missing.status == 500
    assert "Missing HTTP parameter _path to fill the template" in missing.text
    unknown = admin.call("GET", VODS.replace("=live", "=nope"))
    assert unknown.status == 404
    assert unknown.message.startswith("The requested resource [&#47;nope&#47;rest&#47;v2&#47;vods&#47;list")
    assert admin.call("GET", "/request?_path=live/rest/v2/nope").status == 404


def test_the_proxy_is_subject_to_the_applications_address_filter(admin: Client) -> None:
    admin.change("live", {"remoteAllowedCIDR": "10.0.0.0/8"})
    refused = admin.call("GET", VODS)
    assert (refused.status, refused.message) == (403, "Not allowed IP")
    admin.change("live", {"remoteAllowedCIDR": "10.0.0.0/8, 127.0.0.0/8"})
    assert admin.call("GET", VODS).status == 200
    admin.change("live", {"remoteAllowedCIDR": "", "ipFilterEnabled": False})
    assert admin.call("GET", VODS).status == 200


def test_the_applications_own_api_is_open_to_the_machine_itself(client: Client) -> None:
    assert client.call("GET", "//live/rest/v2/vods/list/0/50").json() == []
