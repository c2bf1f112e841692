# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tokens instead of a login."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from stand_ins.ams import make_token
from tests.contract.client import FAILED, OK, SECRET, Client, Server


def header(token: str) -> dict[str, str]:
    return {"ProxyAuthorization": token}


def test_a_token_may_do_all_without_a_login(client: Client) -> None:
    token = header(make_token(SECRET, {"exp": time.time() + 60}))
    settings = client.call("GET", "/applications/settings/live", headers=token)
    assert settings.headers["Set-Cookie"] is None
    posted = client.call("POST", "/applications/settings/live", settings.json(), headers=token)
    assert posted.json() == OK
    assert client.call("GET", "/request?_path=live/rest/v2/vods/count", headers=token).json() == {"number": 0}
    assert client.call("DELETE", "/users/logout", headers=token).json() == OK
    assert client.call("GET", "/version").status == 403


@pytest.mark.parametrize(
    "make",
    [
        lambda now: make_token(SECRET, {"exp": now - 60}),
        lambda now: make_token(SECRET, {"exp": str(now + 60)}),
        lambda now: make_token(SECRET, {"nbf": now + 60}),
        lambda now: make_token(SECRET, {"iat": now + 60}),
        lambda _now: make_token(SECRET + "x"),
        lambda _now: f"Bearer {make_token(SECRET)}",
        lambda _now: make_token(SECRET).rpartition(".")[0] + ".",
        lambda _now: "nonsense",
    ],
    ids=["expired", "text", "not yet", "from the future", "other key", "Bearer", "unsigned", "nonsense"],
)
def test_a_bad_token_is_refused(client: Client, make: Callable[[float], str]) -> None:
    reply = client.call("GET", "/version", headers=header(make(int(time.time()))))
    assert (reply.status, reply.message) == (403, "Invalid Server JWT Token")


def test_a_bad_token_is_refused_even_where_none_is_needed(admin: Client, server: Server) -> None:
    bad = header("nonsense")
    assert admin.call("GET", "/version", headers=bad).message == "Invalid Server JWT Token"
    assert admin.call("GET", "/first-login-status", headers=bad).message == "Invalid Server JWT Token"
    user = {"email": server.email, "password": server.password}
    assert admin.call("POST", "/users/authenticate", user, headers=bad).status == 403


def test_a_blank_token_is_none(client: Client, admin: Client) -> None:
    assert client.call("GET", "/version", headers=header(" ")).message == "Not authenticated user"
    assert admin.call("GET", "/version", headers=header(" ")).status == 200


def test_another_header_is_no_token(client: Client) -> None:
    reply = client.call("GET", "/version", headers={"Authorization": make_token(SECRET)})
    assert (reply.status, reply.message) == (403, "Not authenticated user")


def test_a_token_is_no_user(client: Client) -> None:
    reply = client.call("GET", "/admin-status", headers=header(make_token(SECRET)))
    assert reply.json() == FAILED | {"message": "User is not admin"}
