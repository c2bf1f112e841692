# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who may read and write what. A user is described in one of two ways, and the two differ in the details."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.contract.client import OK, Client

NOT_ALLOWED = "Not allowed to access this resource. Contact system admin"
SETTINGS = "/applications/settings"
VODS = "/request?_path={}/rest/v2/vods/list/0/50"

# rights, message of the login, and the status of: reading live, LiveApp, nope; writing live, LiveApp;
# applications, cluster mode, admin status; recordings of live, LiveApp; HEAD version, HEAD live; logout
USERS: dict[str, tuple[dict[str, Any], str, list[int]]] = {
    "system admin": (
        {"userType": "ADMIN", "scope": "system"},
        "system/ADMIN",
        [200, 200, 204, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200],
    ),
    "system reader": (
        {"userType": "READ_ONLY", "scope": "system"},
        "system/READ_ONLY",
        [200, 200, 204, 500, 500, 200, 200, 200, 200, 200, 500, 500, 500],
    ),
    "system user": (
        {"userType": "USER", "scope": "system"},
        "system/USER",
        [200, 200, 204, 500, 500, 200, 200, 200, 200, 200, 500, 500, 500],
    ),
    "application admin": (
        {"userType": "ADMIN", "scope": "LiveApp"},
        "LiveApp/ADMIN",
        [403, 200, 403, 403, 200, 403, 403, 200, 403, 200, 403, 403, 403],
    ),
    "application reader": (
        {"userType": "READ_ONLY", "scope": "LiveApp"},
        "LiveApp/READ_ONLY",
        [403, 200, 403, 403, 403, 403, 403, 200, 403, 200, 403, 403, 403],
    ),
    "mapped system admin": (
        {"appNameUserType": {"system": "ADMIN"}},
        '{"system":"ADMIN"}',
        [200, 200, 204, 200, 200, 200, 200, 500, 200, 200, 200, 200, 200],
    ),
    "mapped system reader": (
        {"appNameUserType": {"system": "READ_ONLY"}},
        '{"system":"READ_ONLY"}',
        [200, 200, 204, 403, 403, 200, 200, 500, 200, 200, 403, 403, 403],
    ),
    "mapped application admin": (
        {"appNameUserType": {"live": "ADMIN"}},
        '{"live":"ADMIN"}',
        [200, 403, 403, 200, 403, 403, 403, 500, 200, 403, 403, 200, 403],
    ),
    "mapped application reader": (
        {"appNameUserType": {"live": "READ_ONLY"}},
        '{"live":"READ_ONLY"}',
        [200, 403, 403, 403, 403, 403, 403, 500, 200, 403, 403, 403, 403],
    ),
    "mapped to two, and admin": (
        {"userType": "ADMIN", "appNameUserType": {"live": "ADMIN", "LiveApp": "READ_ONLY"}},
        '{"live":"ADMIN","LiveApp":"READ_ONLY"}',
        [200, 200, 403, 200, 200, 403, 403, 200, 200, 200, 500, 200, 500],
    ),
}


@pytest.mark.parametrize("who", USERS)
def test_what_a_user_may(admin: Client, new_user: Callable[..., tuple[str, Client]], who: str) -> None:
    rights, message, expected = USERS[who]
    email, client = new_user(**rights)
    assert client.login(email, "right").json() == OK | {"message": message}
    whole = {app: admin.settings(app) for app in ("live", "LiveApp")}
    calls: list[tuple[str, str, Mapping[str, object] | None]] = [
        *(("GET", f"{SETTINGS}/{app}", None) for app in ("live", "LiveApp", "nope")),
        *(("POST", f"{SETTINGS}/{app}", settings) for app, settings in whole.items()),
        *(("GET", path, None) for path in ("/applications", "/cluster-mode-status", "/admin-status")),
        *(("GET", VODS.format(app), None) for app in whole),
        *(("HEAD", path, None) for path in ("/version", f"{SETTINGS}/live")),
        ("DELETE", "/users/logout", None),
    ]
    replies = [client.call(*call) for call in calls]
    assert [reply.status for reply in replies] == expected
    refused = {reply.message for reply in replies if reply.status == 403 and reply.body}
    assert refused <= {NOT_ALLOWED}
    assert client.call("GET", "/version").status == (403 if expected[-1] == 200 else 200)


def test_a_reader_of_old_is_refused_by_a_failure(new_user: Callable[..., tuple[str, Client]]) -> None:
    _email, reader = new_user(userType="READ_ONLY", scope="system")
    reply = reader.post("live", reader.settings("live"))
    assert (reply.status, reply.headers["Connection"]) == (500, "close")
    assert reply.message.startswith("Cannot invoke &quot;java.util.Map.isEmpty()&quot; because ")


def test_an_application_admin_may_only_read_its_own_name_exactly(
    new_user: Callable[..., tuple[str, Client]],
) -> None:
    _email, client = new_user(appNameUserType={"live": "ADMIN"})
    assert client.call("GET", f"{SETTINGS}/live/").status == 403
    assert client.call("GET", VODS.format("/live")).status == 200


@pytest.mark.parametrize("path", ["/version", "/applications", "/no-such-thing", "/first-login-status/"])
def test_without_a_login_there_is_nothing(client: Client, path: str) -> None:
    reply = client.call("GET", path)
    assert (reply.status, reply.message) == (403, "Not authenticated user")
    assert "Description" in reply.text
    assert reply.headers["Set-Cookie"].startswith("JSESSIONID=")


def test_a_user_exists_once(admin: Client, throw_away: str) -> None:
    again = {"email": throw_away, "password": "other", "userType": "ADMIN"}
    reply = admin.call("POST", "/users", again)
    assert reply.json()["message"] == "User with the same e-mail already exists"
    listed = [user for user in admin.call("GET", "/user-list").json() if user["email"] == throw_away]
    assert listed == [
        {
            "email": throw_away,
            "userType": None,
            "scope": None,
            "appNameUserType": {"system": "ADMIN"},
            "firstName": "f",
            "lastName": None,
            "fullName": None,
            "picture": None,
        }
    ]
