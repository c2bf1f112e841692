# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which files on a server's disk are imported, and what is said of the others."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._import.files import choose

SETTINGS = {"s3StreamsFolderPath": "live/streams"}
CHECK = "recording-check-0123456789abcdef.mp4"
TMP = ".tmp_extension"


def line(path: str, age: float = 7200, **more: Any) -> dict[str, Any]:
    return {"path": path, "size": 10, "mtime_ns": 5, "age": age, **more}


def test_files_have_the_keys_of_ams() -> None:
    found = choose("live", [line("sub/a b.mp4"), line(f"s.mp4{TMP}", is_whole=True)], SETTINGS)
    assert [(each.path, each.key) for each in found.files] == [
        ("sub/a b.mp4", "live/streams/sub/a b.mp4"),
        (f"s.mp4{TMP}", "live/streams/s.mp4"),
    ]
    assert [each.is_unfinished for each in found.files] == [False, True]
    assert found.files[1].as_listed() == {"path": f"s.mp4{TMP}", "size": 10, "mtime_ns": 5}


def test_what_ams_may_write_to_or_upload_is_left_to_it() -> None:
    lines = [line("young.mp4", 3599), line("old.mp4", 3601), line(f"live.mp4{TMP}", 60, is_whole=False)]
    found = choose("live", lines, SETTINGS)
    assert ([each.path for each in found.files], found.skipped, found.unusable) == (["old.mp4"], 2, [])
    # Also if finished ones may be of any age.
    found = choose("live", [*lines, line(f"whole.mp4{TMP}", 60, is_whole=True)], SETTINGS, min_age=0)
    assert ([each.path for each in found.files], found.skipped) == (["old.mp4", "young.mp4"], 2)


def test_what_has_expired_or_is_of_a_check_is_not_imported() -> None:
    lines = [line("old.mp4", 3 * 86400), line("new.mp4"), line(CHECK)]
    found = choose("live", lines, SETTINGS, expire_days=2)
    assert ([each.path for each in found.files], found.listed, found.skipped) == (["new.mp4"], 2, 1)


def test_two_files_for_one_object() -> None:
    found = choose("live", [line(f"a.mp4{TMP}", is_whole=True), line("a.mp4")], SETTINGS)
    assert [each.path for each in found.files] == ["a.mp4"]
    assert [each.reason for each in found.unusable] == ["a.mp4 is for the same object, live/streams/a.mp4"]


@pytest.mark.parametrize(
    ("of", "reason"),
    [
        (line(f"a.mp4{TMP}", is_whole=False), "it is no whole MP4"),
        (line(f"a.webm{TMP}"), "it is no whole MP4"),
        (line("a.mp4", size=0), "it is empty"),
        (line("a..mp4"), "no name with two dots"),
        (line("caf\udce9.mp4"), "not UTF-8"),
        (line("new\nline.mp4"), "control characters"),
        (line("x" * 1024), "more than 1024 bytes"),
        ({"path": "locked", "kind": "unreadable", "message": "Permission denied"}, "Permission denied"),
    ],
)
def test_what_cannot_be_imported_is_named(of: dict[str, Any], reason: str) -> None:
    found = choose("live", [of], SETTINGS)
    assert found.files == []
    (named,) = found.unusable
    assert named.path == of["path"]
    assert reason in named.reason


def test_links_are_named_apart() -> None:
    found = choose("live", [{"path": "folder", "kind": "link"}, line("a.mp4")], SETTINGS)
    assert (found.links, found.listed, found.unusable) == (["folder"], 1, [])
