# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Logging in, being locked out, sessions."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.contract.client import FAILED, OK, Client, Server

BLOCKED = FAILED | {"message": "Too many login attempts. User is blocked for 300 secs"}


def test_first_login_is_over(client: Client) -> None:
    reply = client.call("GET", "/first-login-status")
    assert (reply.status, reply.kind, reply.json()) == (200, "application/json", FAILED)


def test_a_second_first_admin_is_not_made(client: Client) -> None:
    user = {"email": "b@example.com", "password": "x", "firstName": "a", "lastName": "b"}
    assert client.call("POST", "/users/initial", user).json() == FAILED | {"errorId": -1}
    assert client.login("b@example.com", "x").json() == FAILED


def test_login_names_the_rights_and_opens_a_session(client: Client, server: Server) -> None:
    reply = client.login(server.email, server.password)
    assert (reply.status, reply.json()) == (200, OK | {"message": "system/ADMIN"})
    assert re.fullmatch(r"JSESSIONID=[0-9A-F]{32}; Path=/; HttpOnly", reply.headers["Set-Cookie"])
    assert client.call("GET", "/authentication-status").json() == OK


def test_the_cookie_is_secure_over_https(secure: Client, server: Server) -> None:
    reply = secure.login(server.email, server.secure_password)
    assert reply.json()["success"] is True
    assert reply.headers["Set-Cookie"].endswith("; Path=/; Secure; HttpOnly")


def test_a_second_login_keeps_the_session(admin: Client, server: Server) -> None:
    reply = admin.login(server.email, server.password)
    assert reply.json()["success"] is True
    assert reply.headers["Set-Cookie"] is None


def test_a_failed_login_opens_no_session_and_ends_none(
    connect: Callable[[], Client], throw_away: str
) -> None:
    client = connect()
    assert client.login(throw_away, "wrong").headers["Set-Cookie"] is None
    client.login(throw_away, "right")
    assert client.login(throw_away, "wrong").json() == FAILED
    assert client.call("GET", "/authentication-status").json() == OK


@pytest.mark.parametrize("wrong", [{"email": "ADMIN@example.com"}, {"email": " admin@example.com"}])
def test_addresses_are_taken_to_the_letter(client: Client, server: Server, wrong: dict[str, str]) -> None:
    given = {"email": server.email, "password": server.password} | wrong
    assert client.call("POST", "/users/authenticate", given).json() == FAILED


def test_two_wrong_then_right_works_and_starts_the_count_again(
    connect: Callable[[], Client], throw_away: str
) -> None:
    client = connect()
    for _round in range(2):
        assert [client.login(throw_away, "wrong").json() for _try in range(2)] == [FAILED, FAILED]
        assert client.call("GET", f"/users/{throw_away}/blocked").json() == FAILED
        assert client.login(throw_away, "right").json()["success"] is True


def test_the_third_wrong_password_locks_the_account(connect: Callable[[], Client], throw_away: str) -> None:
    inside, outside = connect(), connect()
    inside.login(throw_away, "right")
    assert [outside.login(throw_away, "wrong").json() for _try in range(3)] == [FAILED] * 3
    assert outside.call("GET", f"/users/{throw_away}/blocked").json() == OK
    assert outside.call("GET", f"/users/{throw_away.replace('@', '%40')}/blocked").json() == OK
    assert outside.login(throw_away, "right").json() == BLOCKED
    assert outside.login(throw_away, "wrong").json() == BLOCKED
    assert inside.call("GET", "/version").status == 200


def test_unknown_users_are_locked_as_well(client: Client) -> None:
    answers = [client.login("nobody-at-all", "x").json() for _try in range(4)]
    assert answers == [FAILED, FAILED, FAILED, BLOCKED]


@pytest.mark.parametrize(
    ("body", "answer"),
    [("", FAILED), ("{}", FAILED), ("null", FAILED), ('{"password":"x"}', FAILED)],
)
def test_without_an_address_nothing_is_tried(client: Client, body: str, answer: dict[str, Any]) -> None:
    assert client.call("POST", "/users/authenticate", body).json() == answer


def test_without_a_password_the_server_fails_and_counts_nothing(client: Client) -> None:
    replies = [client.call("POST", "/users/authenticate", {"email": "no-password"}) for _try in range(4)]
    assert [(reply.status, reply.message) for reply in replies] == [(500, "Request failed.")] * 4
    assert client.call("GET", "/users/no-password/blocked").json() == FAILED


def test_a_field_that_a_user_does_not_have(client: Client) -> None:
    reply = client.call("POST", "/users/authenticate", {"email": "x", "password": "y", "totp": 1})
    assert (reply.status, reply.kind) == (400, "text/plain")
    known = 'Unrecognized field "totp" (class io.antmedia.datastore.db.types.User), not marked as ignorable'
    assert reply.text.startswith(f"{known} (10 known properties: ")


def test_logout_ends_the_session(admin: Client) -> None:
    assert admin.call("DELETE", "/users/logout").json() == OK
    reply = admin.call("GET", "/version")
    assert (reply.status, reply.message) == (403, "Not authenticated user")
    assert reply.headers["Set-Cookie"].startswith("JSESSIONID=")
    assert admin.call("DELETE", "/users/logout").status == 403


def test_a_session_that_the_server_does_not_know(client: Client) -> None:
    client.cookie = "JSESSIONID=ABCDEF"
    reply = client.call("GET", "/version")
    assert (reply.status, reply.message) == (403, "Not authenticated user")


def test_among_several_cookies_the_good_one_counts(admin: Client) -> None:
    admin.cookie = f"a=b; JSESSIONID=bad; {admin.cookie}; c=d"
    assert admin.call("GET", "/version").status == 200
    admin.cookie = admin.cookie.replace("JSESSIONID", "jsessionid")
    assert admin.call("GET", "/version").status == 403
