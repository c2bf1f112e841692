# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is read of a server to warn of it, and what is said before a change and of an application as it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams import app_warnings
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.client import AmsClient
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.errors import AmsError

CONSOLE = "https://ams.example.com:5443"
OF = f"{CONSOLE}, application 'live': "
NOW = {
    "s3RecordingEnabled": True,
    "s3BucketName": "recordings",
    "hlsHttpEndpoint": "",
    "ipFilterEnabled": True,
    "remoteAllowedCIDR": "127.0.0.1",
    "httpForwardingExtension": "",
    "httpForwardingBaseURL": "",
}
FORWARDS = {"httpForwardingExtension": "mp4", "httpForwardingBaseURL": "https://bucket.example.com"}


class Client:
    """A server, and what it was asked for."""

    url = CONSOLE

    def __init__(
        self, release: str = "3.0.3", types: tuple[str, ...] = (), wants_token: bool = False
    ) -> None:
        self.release, self.types, self.wants_token = release, types, wants_token
        self.asked: list[str] = []
        self.secrets: list[str] = []

    def version(self) -> dict[str, Any]:
        self.asked.append("version")
        return {"versionName": self.release}

    def get(self, path: str, tried: str, headers: Mapping[str, str] | None) -> Any:
        if self.wants_token and not (headers or {}).get("Authorization"):
            raise AmsError(f"{tried} at {CONSOLE}", "status 403 with Invalid App JWT Token")
        what = path.partition("/rest/v2/vods/")[2].split("/")
        self.asked.append(what[0])
        if what[0] == "count":
            return {"number": len(self.types)}
        offset, size = int(what[1]), int(what[2].partition("&")[0])
        return [{"type": kind} for kind in self.types[offset : offset + size]]

    get_list = get

    def get_number(self, path: str, tried: str, headers: Mapping[str, str] | None) -> int:
        return int(self.get(path, tried, headers)["number"])


def of_change(client: Client, **after: Any) -> list[str]:
    return app_warnings.of_change(cast(AmsClient, client), "live", NOW, {**NOW, **after})


def of_now(client: Client, viewer_url: str = CONSOLE, **now: Any) -> list[str]:
    return app_warnings.of_now(cast(AmsClient, client), "live", {**NOW, **now}, viewer_url)


def test_where_there_is_nothing_to_say_nothing_is_asked() -> None:
    client = Client()
    assert of_change(client) == []
    assert of_now(client) == []
    assert client.asked == []


def test_each_warning_names_server_and_application() -> None:
    client = Client(types=("uploadedVod",))
    found = of_change(client, **FORWARDS, ipFilterEnabled=False, playJwtControlEnabled=True)
    assert all(text.startswith(OF) for text in found)
    assert [text.removeprefix(OF).split()[0] for text in found] == [
        "ipFilterEnabled",
        "playJwtControlEnabled",
        "AMS",
    ]


def test_what_is_warned_of_before_a_change_is_still_said_after_it() -> None:
    """But for the list of recordings, which each verification of a fleet would read again."""
    client = Client(types=("uploadedVod", "userVod"))
    settings: dict[str, Any] = {
        **FORWARDS,
        "playTokenControlEnabled": True,
        "remoteAllowedCIDR": "10.0.0.0/8",
    }
    after = of_now(client, **settings)
    before = of_change(Client(types=client.types), **settings)
    assert (after, len(before) - len(after)) == (before[:2], 1)
    assert client.asked == []


def test_a_list_behind_a_token_of_the_application_is_read() -> None:
    """Before, it was read without one, and the refusal was dropped with the warning."""
    client = Client(types=("uploadedVod",), wants_token=True)
    secret = {"jwtControlEnabled": True, "jwtSecretKey": "of-the-application"}
    now = {**NOW, **secret}
    found = app_warnings.of_change(cast(AmsClient, client), "live", now, {**now, **FORWARDS})
    assert "uploaded by users (1)" in found[0]
    assert "of-the-application" in client.secrets


def test_a_list_that_cannot_be_read_is_said() -> None:
    (text,) = of_change(Client(types=("uploadedVod",), wants_token=True), **FORWARDS)
    assert text.startswith(f"{OF}it is not known whether recordings are on the server's disk alone")
    assert "status 403 with Invalid App JWT Token" in text


def test_the_check_itself_says_that_the_filter_is_off() -> None:
    assert of_now(Client(), ipFilterEnabled=False) == []


@pytest.mark.parametrize("release", ["3.0.3", "2.17.1"])
def test_the_release_is_asked_only_where_browsers_may_turn_an_address_into_https(release: str) -> None:
    client = Client(release)
    base = "http://cdn.ams.example.com/recordings"
    warned = int(release == "3.0.3")
    assert len(of_change(client, **{**FORWARDS, "httpForwardingBaseURL": base})) == warned
    assert len(of_now(client, "http://ams.example.com:5080")) == warned
    assert client.asked == ["version", "count", "version"]
    assert of_now(Client(), "http://elsewhere.example.com") == []
