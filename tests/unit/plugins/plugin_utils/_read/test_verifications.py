# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is remembered of verifications beside the backups."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._read.verifications import (
    Record,
    forget,
    read_records,
    remember,
)

NAME = "verifications.json"


def test_records_of_other_servers_stay(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    assert read_records(str(folder)) == {}
    remember(str(folder), {"a.json": Record(1, "x", 2)})
    remember(str(folder), {"b.json": Record(3, "y")})
    assert read_records(str(folder)) == {"a.json": Record(1, "x", 2), "b.json": Record(3, "y", 0)}
    assert [path.name for path in folder.iterdir()] == [NAME]
    assert stat.S_IMODE((folder / NAME).stat().st_mode) == 0o600


def test_what_is_forgotten_is_verified_again_and_keeps_its_turn(tmp_path: Path) -> None:
    remember(str(tmp_path), {"a.json": Record(1, "x", 2), "b.json": Record(3, "y", 4)})
    forget([str(tmp_path / "a.json"), str(tmp_path / "never.json"), str(tmp_path / "elsewhere" / "b.json")])
    assert read_records(str(tmp_path)) == {"a.json": Record(0, "x", 2), "b.json": Record(3, "y", 4)}


def test_nothing_to_remember_makes_no_file(tmp_path: Path) -> None:
    remember(str(tmp_path), {})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "{}", '{"servers": 1}', '{"servers": {"a": {"at": "x"}}}']
)
def test_a_file_that_cannot_be_used_says_nothing(tmp_path: Path, content: str) -> None:
    path = tmp_path / NAME
    path.write_text(content)
    path.chmod(0o600)
    assert read_records(str(tmp_path)) == {}
    remember(str(tmp_path), {"a": Record(1)})
    assert read_records(str(tmp_path)) == {"a": Record(1)}


def test_a_file_that_others_can_change_says_nothing(tmp_path: Path) -> None:
    remember(str(tmp_path), {"a": Record(1)})
    (tmp_path / NAME).chmod(0o666)
    assert read_records(str(tmp_path)) == {}
