# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How far a viewer follows redirects, which a server or a store chooses."""

from __future__ import annotations

import http.server
import socket
import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import requests
from ansible_collections.antmedia.s3_recording.plugins.module_utils._check import (
    viewer_session as _viewer_session,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._check.viewer_session import (
    LINK_LOCAL,
    LOOPBACK,
    PRIVATE,
    PUBLIC,
    Browser,
    first_plain_http,
    kind_of,
    literal_kind,
    may_redirect,
)


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("1.1.1.1", PUBLIC),
        ("2606:4700::1111", PUBLIC),
        ("10.0.0.1", PRIVATE),
        ("172.16.5.5", PRIVATE),
        ("192.168.1.1", PRIVATE),
        ("100.64.0.1", PRIVATE),
        ("224.0.0.1", PRIVATE),
        ("fd00::1", PRIVATE),
        ("127.8.9.1", LOOPBACK),
        ("0.0.0.0", LOOPBACK),
        ("::1", LOOPBACK),
        ("::", LOOPBACK),
        ("169.254.169.254", LINK_LOCAL),
        ("fe80::1%eth0", LINK_LOCAL),
        # IPv4 in the clothes of IPv6.
        ("::ffff:127.0.0.1", LOOPBACK),
        ("::ffff:169.254.169.254", LINK_LOCAL),
        ("2002:7f00:1::", LOOPBACK),
        ("64:ff9b::a9fe:a9fe", LINK_LOCAL),
    ],
)
def test_kinds(address: str, kind: str) -> None:
    assert kind_of(address) == kind


@pytest.mark.parametrize(
    ("host", "kind"),
    [
        ("127.1", LOOPBACK),
        ("2130706433", LOOPBACK),
        ("0x7f000001", LOOPBACK),
        ("0251.0376.0251.0376", LINK_LOCAL),
        ("localhost", LOOPBACK),
        ("a.LocalHost.", LOOPBACK),
        ("cdn.example.com", ""),
        ("bücher.example", ""),
        ("", ""),
    ],
)
def test_an_address_in_a_url_is_known_without_dns(host: str, kind: str) -> None:
    assert literal_kind(host) == kind


@pytest.mark.parametrize(
    ("origin", "to"),
    [
        (PUBLIC, {PUBLIC}),
        (PRIVATE, {PUBLIC, PRIVATE}),
        (LOOPBACK, {PUBLIC, PRIVATE, LOOPBACK}),
    ],
)
def test_never_nearer_than_it_is_itself(origin: str, to: set[str]) -> None:
    kinds = {PUBLIC, PRIVATE, LOOPBACK, LINK_LOCAL}
    assert {kind for kind in kinds if may_redirect(origin, kind)} == to


class Site:
    """Answers each path with a redirect or with 200, and notes what it was asked for."""

    def __init__(self, places: dict[str, str]) -> None:
        self.asked: list[str] = []
        made = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                made.asked.append(self.path)
                location = places.get(self.path, "")
                self.send_response(302 if location else 200)
                if location:
                    self.send_header("Location", location)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_arguments: object) -> None:
                """Nothing of it belongs to the output of a test."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def sites() -> Iterator[Callable[..., Site]]:
    made: list[Site] = []

    def start(**places: str) -> Site:
        made.append(Site({f"/{name}": place for name, place in places.items()}))
        return made[-1]

    yield start
    for each in made:
        each.close()


def refused(browser: Browser, url: str) -> str:
    with pytest.raises(requests.RequestException) as caught:
        browser.fetch(url, timeout=5)
    return str(caught.value)


def test_a_redirect_is_followed_where_a_browser_gets_the_object(sites: Callable[..., Site]) -> None:
    second = sites()
    first = sites(a=f"{second.url}/b", c="/d")
    with Browser() as browser:
        answer = browser.fetch(f"{first.url}/a", timeout=5)
        assert (answer.status_code, answer.url) == (200, f"{second.url}/b")
        assert [each.url for each in answer.history] == [f"{first.url}/a"]
        assert browser.fetch(f"{first.url}/c", timeout=5).url == f"{first.url}/d"


@pytest.mark.parametrize(
    "place", ["http://169.254.169.254/latest/meta-data/", "http://[fe80::1]/", "http://2852039166/"]
)
def test_never_to_a_link_local_address(sites: Callable[..., Site], place: str) -> None:
    """The metadata service of a cloud gives its credentials to whoever asks. It was asked."""
    first = sites(a=place)
    with Browser() as browser:
        assert "which is a link-local address" in refused(browser, f"{first.url}/a")
        assert browser.get(f"{first.url}/a", timeout=5).status_code == 302


def test_only_http(sites: Callable[..., Site]) -> None:
    with Browser() as browser:
        assert "file:///etc/passwd" in refused(browser, f"{sites(a='file:///etc/passwd').url}/a")


def test_not_for_ever(sites: Callable[..., Site]) -> None:
    first = sites(a="/a")
    with Browser() as browser:
        assert "redirects more than 10 times" in refused(browser, f"{first.url}/a")
    assert len(first.asked) == 11


class TestFromAPublicAddress:
    """first counts as public, though all that a test can ask is on loopback."""

    @pytest.fixture
    def second(self, sites: Callable[..., Site]) -> Site:
        return sites()

    @pytest.fixture
    def first(self, sites: Callable[..., Site], second: Site, monkeypatch: pytest.MonkeyPatch) -> Site:
        made = sites(a=f"{second.url}/b", name=f"http://localhost.example:{second.port}/b")
        monkeypatch.setattr(_viewer_session, "kind_of", self.kind_of)
        self.connected = ["1.1.1.1"]
        return made

    def kind_of(self, address: str) -> str:
        """The real one, but for the first connection."""
        return kind_of(self.connected.pop() if address == "127.0.0.1" and self.connected else address)

    def test_not_to_loopback(self, first: Site, second: Site) -> None:
        """It was asked."""
        with Browser() as browser:
            url = first.url.replace("127.0.0.1", "localhost")
            assert "which is a loopback address" in refused(browser, f"{url}/a")
        assert (first.asked, second.asked) == (["/a"], [])

    def test_a_name_is_resolved(self, first: Site, second: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        self.resolve(monkeypatch, ["127.0.0.1"])
        with Browser() as browser:
            url = first.url.replace("127.0.0.1", "localhost")
            assert "which is a loopback address" in refused(browser, f"{url}/name")
        assert second.asked == []

    def test_a_name_that_changes_its_address_in_between(
        self, first: Site, second: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """DNS rebinding: public when it is looked at, loopback when it is connected to."""
        self.resolve(monkeypatch, ["1.1.1.1", "127.0.0.1"])
        with Browser() as browser:
            url = first.url.replace("127.0.0.1", "localhost")
            assert "which is a loopback address" in refused(browser, f"{url}/name")
        assert second.asked == []

    @staticmethod
    def resolve(monkeypatch: pytest.MonkeyPatch, answers: list[str]) -> None:
        real = socket.getaddrinfo

        def resolve(host: str, *more: Any, **options: Any) -> Any:
            return real(answers.pop(0) if host == "localhost.example" else host, *more, **options)

        monkeypatch.setattr(socket, "getaddrinfo", resolve)


def test_one_who_goes_beyond_a_place(sites: Callable[..., Site]) -> None:
    """A place that was never reached directly counts as public."""
    first = sites()
    with Browser() as browser:
        browser.get(first.url, timeout=5)
        assert browser.beyond(first.url).get(first.url, timeout=5).status_code == 200
        assert "a loopback address" in refused(browser.beyond("http://a.example"), first.url)


@pytest.mark.parametrize(
    ("urls", "plain"),
    [
        (["https://a", "http://b"], "http://b"),
        (["http://a", "https://b", "http://c", "https://d"], "http://c"),
        (["http://a", "http://b", "https://c"], ""),
        (["https://a"], ""),
    ],
)
def test_leaving_tls_is_told(urls: list[str], plain: str) -> None:
    *history, last = (SimpleNamespace(url=url) for url in urls)
    answer: Any = SimpleNamespace(url=last.url, history=history)
    assert first_plain_http(answer) == plain
