# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What settings open to others: the sentences, from settings alone."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.exposure import (
    PLAY_CONTROLS,
    exposures,
    hsts_warnings,
    plain_below,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.rest_filter import RestFilter

RECORDS = {
    "s3RecordingEnabled": True,
    "s3BucketName": "recordings",
    "hlsHttpEndpoint": "",
    "ipFilterEnabled": True,
    "remoteAllowedCIDR": "127.0.0.1",
}
FORWARDS = {"httpForwardingExtension": "mp4", "httpForwardingBaseURL": "https://bucket.example.com"}
CONSOLE = "https://ams.example.com:5443"


def told(**settings: Any) -> list[str]:
    return exposures("live", {**RECORDS, **settings})


class TestDoor:
    @pytest.mark.parametrize(
        "cidr",
        ["127.0.0.1", "127.0.0.0/8", "127.0.0.1,::1", "::1/128", "localhost", "", None, "::ffff:127.0.0.1"],
    )
    def test_loopback_alone_is_nothing_to_tell(self, cidr: str | None) -> None:
        assert told(remoteAllowedCIDR=cidr) == []

    @pytest.mark.parametrize(
        ("cidr", "wider"),
        [
            ("10.0.0.0/8", "10.0.0.0/8"),
            ("127.0.0.1,10.0.0.5", "10.0.0.5"),
            ("127.0.0.1 , 10.0.0.0/8 ,192.168.1.7/24", "10.0.0.0/8, 192.168.1.7/24"),
            ("127.0.0.1,fd00::/8", "fd00::/8"),
            ("::/0", "::/0"),
            ("0.0.0.0/0", "0.0.0.0/0"),
            # Without an address it means the server itself, and with no bits at all everybody.
            ("/0", "/0"),
            ("127.0.0.1/7", "127.0.0.1/7"),
            ("127.0.0.1,backend.example.com", "backend.example.com"),
        ],
    )
    def test_what_is_wider_is_named(self, cidr: str, wider: str) -> None:
        (sentence,) = told(remoteAllowedCIDR=cidr)
        assert sentence.startswith(f"remoteAllowedCIDR allows {wider}: everybody there can read and")
        assert "bucket recordings at /live/hls-upload/NAME without a login" in sentence

    @pytest.mark.parametrize(
        "cidr",
        [
            "10.0.0.0/33",
            "10.0.0.0/255.0.0.0",
            "10.0.0.0/8;127.0.0.1",
            "10.0.0.0/ 8",
            "10.*",
            " 10.0.0.0/8",
            "/",
        ],
    )
    def test_what_ams_ignores_opens_nothing(self, cidr: str) -> None:
        assert told(remoteAllowedCIDR=cidr) == []

    def test_without_the_filter(self) -> None:
        (sentence,) = told(ipFilterEnabled=False, remoteAllowedCIDR="10.0.0.0/8")
        assert sentence.startswith(
            "ipFilterEnabled is false: whoever reaches the server can read and overwrite"
        )
        assert "Set ipFilterEnabled to true" in sentence

    def test_without_recording_there_is_nothing_behind_it(self) -> None:
        assert told(ipFilterEnabled=False, s3RecordingEnabled=False) == []

    def test_an_old_release_has_no_such_door(self) -> None:
        old = {name: value for name, value in RECORDS.items() if name != "hlsHttpEndpoint"}
        assert exposures("live", {**old, "ipFilterEnabled": False}) == []


class TestFilter:
    def filter(self, cidr: str, on: bool = True) -> RestFilter:
        return RestFilter.of({"ipFilterEnabled": on, "remoteAllowedCIDR": cidr})

    @pytest.mark.parametrize(
        ("cidr", "address", "let_in"),
        [
            ("127.0.0.1", "127.0.0.1", True),
            ("127.0.0.1", "::ffff:127.0.0.1", True),
            ("127.0.0.1", "::1", False),
            ("10.0.0.0/8", "10.255.0.1", True),
            ("fe80::/10", "fe80::1%eth0", True),
            ("0.0.0.0/0", "2001:db8::1", False),
            ("10.0.0.0/8", "", False),
            ("10.0.0.0/8", "not an address", False),
        ],
    )
    def test_whom_it_lets_in(self, cidr: str, address: str, let_in: bool) -> None:
        assert self.filter(cidr).allows(address) is let_in

    def test_whom_to_ask_as(self) -> None:
        assert self.filter("127.0.0.1").stranger == "203.0.113.7"
        assert self.filter("203.0.113.0/24").stranger == "198.51.100.7"
        assert self.filter("0.0.0.0/0").stranger == ""
        assert self.filter("127.0.0.1", on=False).stranger == ""
        assert self.filter("127.0.0.1").insider == ""
        assert self.filter("127.0.0.1,10.0.0.0/8").insider == "10.0.0.1"
        assert self.filter("192.0.2.9").insider == "192.0.2.9"


class TestTokens:
    @pytest.mark.parametrize("control", PLAY_CONTROLS)
    def test_the_address_behind_forwarding_asks_for_none(self, control: str) -> None:
        (sentence,) = told(**FORWARDS, **{control: True})
        assert sentence.startswith(
            f"{control} is on, and viewers are forwarded to https://bucket.example.com, which needs no "
        )

    def test_where_nobody_is_forwarded(self) -> None:
        assert told(playTokenControlEnabled=True) == []
        assert told(**{**FORWARDS, "httpForwardingExtension": ""}, playTokenControlEnabled=True) == []

    def test_without_play_control(self) -> None:
        assert told(**FORWARDS, playTokenControlEnabled=False, publishTokenControlEnabled=True) == []


class TestHsts:
    @pytest.mark.parametrize(
        ("address", "affected"),
        [
            ("http://ams.example.com:5080", True),
            ("http://AMS.example.com", True),
            ("http://cdn.ams.example.com/x", True),
            ("https://cdn.ams.example.com", False),
            ("http://xams.example.com", False),
            ("http://example.com", False),
            ("", False),
        ],
    )
    def test_names_below_the_console(self, address: str, affected: bool) -> None:
        assert plain_below(CONSOLE, [address]) == ([address] if affected else [])

    @pytest.mark.parametrize(
        ("console", "address"),
        [
            ("http://ams.example.com:5080", "http://ams.example.com"),
            ("https://10.0.0.1:5443", "http://10.0.0.1"),
        ],
    )
    def test_no_hsts_over_http_and_for_an_address(self, console: str, address: str) -> None:
        assert plain_below(console, [address]) == []

    @pytest.mark.parametrize(
        ("release", "warned"),
        [("3.0.0", 1), ("3.0.3", 1), ("4.0.0-SNAPSHOT", 1), ("2.17.1", 0), ("", 0), (None, 0)],
    )
    def test_since_3_0_0(self, release: str | None, warned: int) -> None:
        found = hsts_warnings(CONSOLE, release, ["http://ams.example.com:5080"])
        assert len(found) == warned
        assert all("turns http://ams.example.com:5080 into https" in text for text in found)
