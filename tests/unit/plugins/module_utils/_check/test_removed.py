# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether an application has nothing left of what recorded and forwarded."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from ansible_collections.antmedia.s3_recording.plugins.module_utils._check import (
    removed as _absence_check,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._check.playback import Viewer
from ansible_collections.antmedia.s3_recording.plugins.module_utils._check.removed import RemovalCheck
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.network import NoAnswer

BASE = "https://recordings.s3.eu-west-1.amazonaws.com"
FORMER = {"s3BucketName": "recordings", "httpForwardingBaseURL": BASE}
OFF = {"s3RecordingEnabled": False, "s3BucketName": ""}


def broken(monkeypatch: pytest.MonkeyPatch, settings: dict[str, Any], answer: Any) -> dict[str, str]:
    """The links that do not hold, and what came there."""
    asked: list[str] = []

    def first_response(_viewer: Viewer, url: str) -> Any:
        asked.append(url)
        return answer

    monkeypatch.setattr(_absence_check, "first_response", first_response)
    chain = RemovalCheck("live", settings, Viewer("https://ams-1", True, 5, 0), FORMER)
    links = list(chain.run())
    assert [link.check for link in links] == ["settings", "redirect"]
    assert asked == [f"https://ams-1/live/streams/{chain.name}"]
    return {link.check: f"{link.actual}. {link.remedy}" for link in links if not link.ok}


def answer(status: int, location: str = "") -> requests.Response:
    made = requests.Response()
    made.status_code = status
    made.headers["Location"] = location
    return made


def test_nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    assert broken(monkeypatch, OFF, answer(404)) == {}


def test_recording_that_is_still_on_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    on = {"s3RecordingEnabled": True, "s3BucketName": "recordings"}
    assert broken(monkeypatch, on, answer(404)) == {"settings": "it does. Run decommission.yml again"}


def test_forwarding_that_is_still_on_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    there = f"{BASE}/streams/x.mp4"
    found = broken(monkeypatch, OFF, answer(302, there))
    assert found == {"redirect": f"302 to {there}. Run decommission.yml again"}


def test_what_leads_elsewhere_is_somebody_elses(monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = {"s3RecordingEnabled": True, "s3BucketName": "others"}
    assert broken(monkeypatch, elsewhere, answer(302, f"{BASE}.example.com/streams/x.mp4")) == {}


def test_a_server_that_does_not_answer_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    found = broken(monkeypatch, OFF, NoAnswer("refused", "the connection to ams-1 was refused", "ams-1"))
    assert found["redirect"].startswith("the connection to ams-1 was refused. ")
