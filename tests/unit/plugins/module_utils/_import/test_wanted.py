# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which recordings belong into the bucket, and which names are refused."""

from __future__ import annotations

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.recordings import Recording
from ansible_collections.antmedia.s3_recording.plugins.module_utils._import.wanted import Wanted, select

NOW, OLD = 1_000_000.0, 990_000.0
SETTINGS = {"s3StreamsFolderPath": "live/streams"}


def recording(path: str, kind: str = "streamVod", created: float = OLD) -> Recording:
    return Recording(path, kind, 5, created)


def test_recordings_of_any_kind_are_wanted_under_the_key_that_forwarding_asks_for() -> None:
    listed = [
        recording("streams/a.mp4"),
        recording("streams/folder/b.webm"),
        recording("streams/own.mp4", "uploadedVod"),
        recording("streams/of folder.mp4", "userVod"),
    ]
    found = select("live", SETTINGS, listed, NOW)
    assert list(found.wanted) == [
        "live/streams/a.mp4",
        "live/streams/folder/b.webm",
        "live/streams/own.mp4",
        "live/streams/of folder.mp4",
    ]
    assert found.wanted["live/streams/a.mp4"] == Wanted("live", "a.mp4", "live/streams/a.mp4", 5)
    assert (found.listed, found.size, found.unusable) == (4, 20, [])


def test_what_may_be_on_its_way_is_of_a_check_or_has_expired_is_not_wanted() -> None:
    listed = [
        recording("streams/young.mp4", created=NOW - 3599),
        recording("streams/live-check-0123456789abcdef.mp4"),
        recording("streams/expired.mp4", created=NOW - 2 * 86400),
        recording("streams/a.mp4"),
    ]
    found = select("live", SETTINGS, listed, NOW, expire_days=1)
    assert list(found.wanted) == ["live/streams/a.mp4"]
    assert found.listed == 4


def test_a_recording_that_is_listed_twice_is_copied_once() -> None:
    assert len(select("live", SETTINGS, [recording("streams/a.mp4")] * 2, NOW).wanted) == 1


@pytest.mark.parametrize(
    "name", ["a b.mp4", "ä#1%20.mp4", "ü?x=1&y.mp4", "a+b;c.mp4", "日本.mp4", "'\"`$(x).mp4"]
)
def test_names_that_are_unusual_are_wanted(name: str) -> None:
    found = select("live", SETTINGS, [recording(f"streams/{name}")], NOW)
    assert list(found.wanted) == [f"live/streams/{name}"]


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("", "no name of a file"),
        ("streams/", "no name of a file"),
        ("streams/../../secret.mp4", "no name with two dots"),
        ("streams/a..b.mp4", "no name with two dots"),
        ("streams//etc/passwd", "leads out of the folder"),
        ("streams/./a.mp4", "leads out of the folder"),
        ("streams/a\nb.mp4", "control characters"),
        ("streams/a\x1b[2J.mp4", "control characters"),
        ("streams/\ud800.mp4", "control characters"),
        ("streams/" + "ä" * 600, "more than 1024 bytes"),
    ],
)
def test_names_that_are_refused(path: str, reason: str) -> None:
    found = select("live", SETTINGS, [recording(path)], NOW)
    assert found.wanted == {}
    assert reason in found.unusable[0].reason
    assert found.unusable[0].path.isprintable()
