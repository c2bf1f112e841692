# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What keeps the console from an application's own API: its token and its IP filter."""

from __future__ import annotations

import time

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.app_token import app_token

from stand_ins.ams import make_token
from tests.contract.client import Client, Reply

COUNT = "/request?_path=live/rest/v2/broadcasts/count"
OWN = "a-secret-of-the-application-alone"
NO_TOKEN, NOT_ALLOWED = (403, "Invalid App JWT Token"), (403, "Not allowed IP")


def counted(client: Client, authorization: str | None = None) -> Reply:
    headers = {} if authorization is None else {"Authorization": authorization}
    return client.call("GET", COUNT, headers=headers)


def refused(reply: Reply) -> tuple[int, str]:
    return reply.status, reply.message


def wants_token(admin: Client, **more: object) -> None:
    admin.change("live", {"jwtControlEnabled": True, "jwtSecretKey": OWN, **more})


def test_without_its_own_token_the_application_answers_nothing(admin: Client) -> None:
    assert counted(admin).json() == {"number": 0}
    wants_token(admin)
    assert refused(counted(admin)) == NO_TOKEN
    assert refused(admin.call("GET", "//live/rest/v2/broadcasts/count")) == NO_TOKEN


@pytest.mark.parametrize("form", ["{}", "Bearer {}", "bearer {}"])
def test_with_it_the_console_passes_the_call_on(admin: Client, form: str) -> None:
    wants_token(admin)
    assert counted(admin, form.format(app_token(OWN, 10))).json() == {"number": 0}
    assert counted(admin, form.format(make_token(OWN))).json() == {"number": 0}


def test_with_it_a_broadcast_is_made_and_deleted(admin: Client) -> None:
    wants_token(admin)
    path = COUNT.removesuffix("/count")
    wish = {"streamId": "with-token", "type": "streamSource", "streamUrl": "http://127.0.0.1:1/none.mp4"}
    headers = {"Authorization": app_token(OWN, 10)}
    assert refused(admin.call("POST", f"{path}/create", wish)) == NO_TOKEN
    assert admin.call("POST", f"{path}/create", wish, headers=headers).json()["streamId"] == "with-token"
    assert admin.call("DELETE", f"{path}/with-token", headers=headers).json()["success"] is True


@pytest.mark.parametrize(
    "token",
    [
        "",
        "nonsense",
        OWN,
        make_token("another-secret"),
        make_token(OWN, {"exp": 1}),
        app_token(OWN, 0, now=time.time() - 3600),
    ],
    ids=["empty", "nonsense", "the secret", "of another secret", "expired", "expired too"],
)
def test_another_token_is_none(admin: Client, token: str) -> None:
    wants_token(admin)
    assert refused(counted(admin, token)) == NO_TOKEN


def test_without_a_secret_no_token_is_good(admin: Client) -> None:
    wants_token(admin, jwtSecretKey="")
    assert refused(counted(admin, make_token(OWN))) == NO_TOKEN


def test_with_a_key_set_elsewhere_the_secret_counts_for_nothing(admin: Client) -> None:
    wants_token(admin, jwksURL="http://127.0.0.1:1")
    assert refused(counted(admin, app_token(OWN, 10))) == NO_TOKEN


def test_a_token_that_nobody_asked_for_does_no_harm(admin: Client) -> None:
    assert counted(admin, "nonsense").json() == {"number": 0}


@pytest.mark.parametrize(
    ("allowed", "is_in"), [("10.0.0.0/8", False), ("10.0.0.0/8,127.0.0.1", True), ("127.0.0.0/8", True)]
)
def test_the_console_asks_from_loopback(admin: Client, allowed: str, is_in: bool) -> None:
    admin.change("live", {"ipFilterEnabled": True, "remoteAllowedCIDR": allowed})
    reply = counted(admin)
    assert reply.json() == {"number": 0} if is_in else refused(reply) == NOT_ALLOWED


def test_the_token_is_looked_at_before_the_address(admin: Client) -> None:
    wants_token(admin, ipFilterEnabled=True, remoteAllowedCIDR="10.0.0.0/8")
    assert refused(counted(admin)) == NO_TOKEN
    assert refused(counted(admin, app_token(OWN, 10))) == NOT_ALLOWED


def test_how_many_streams_there_are(admin: Client) -> None:
    reply = admin.call("GET", "/request?_path=live/rest/v2/broadcasts/active-live-stream-count")
    assert reply.json() == {"number": 0}
