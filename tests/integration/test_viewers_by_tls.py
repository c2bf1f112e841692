# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whom a viewer trusts, and that the authorities are loaded once for all servers."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from ansible_collections.antmedia.s3_recording.plugins.module_utils._check.playback import (
    ignoring_insecure_requests,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._check.viewer_session import Browser

from stand_ins.ams import Fleet

SERVERS = 3


@pytest.fixture(scope="module")
def secure() -> Iterator[Fleet]:
    with Fleet(hosts=SERVERS, tls=True) as fleet:
        yield fleet


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "ALL_PROXY", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def test_authorities_are_loaded_once_for_all_servers(secure: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded, load = [], ssl.SSLContext.load_verify_locations

    def counted(self: ssl.SSLContext, **options: Any) -> None:
        loaded.append(options)
        load(self, **options)

    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", counted)
    for host in secure.hosts:
        with Browser() as browser:
            for _request in range(2):
                response = browser.get(host.url, timeout=5, verify=str(secure.ca_path))
                assert response.status_code < 500
    assert len(loaded) <= 1


def test_a_viewer_trusts_whom_it_should(
    secure: Fleet, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    url, others = secure.hosts[0].url, tmp_path / "others.pem"
    with Browser() as browser:
        with pytest.raises(requests.exceptions.SSLError):
            browser.get(url, timeout=5)
        # One browser keeps apart what it was to trust for each request.
        assert browser.get(url, timeout=5, verify=str(secure.ca_path)).status_code < 500
        with pytest.raises(requests.exceptions.SSLError):
            browser.get(url, timeout=5)
        with ignoring_insecure_requests():
            assert browser.get(url, timeout=5, verify=False).status_code < 500
        with pytest.raises(requests.exceptions.SSLError):
            browser.get(url, timeout=5, verify=True)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(secure.ca_path))
    with Browser() as browser:
        assert browser.get(url, timeout=5).status_code < 500
    others.write_text("no certificate\n", encoding="utf-8")
    with Browser() as browser, pytest.raises(requests.exceptions.SSLError):
        browser.get(url, timeout=5, verify=str(others))
