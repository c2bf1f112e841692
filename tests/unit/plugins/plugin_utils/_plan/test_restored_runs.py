# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which runs were rolled back on a server is remembered, and nothing else of them."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.backup_file import (
    BackupFile,
    run_names,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.settings import plan
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._plan.restored_runs import (
    hosts_with_run,
    remember_restored,
    restored_runs,
)

FIRST, SECOND = "20260101T000000Z", "20260102T000000Z"
RESTORED: dict[str, Any] = {"restored": {"live": ["hlsTime"]}, "runs": [FIRST], "msg": "done"}


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "ams%201-0123abcd.json")


def test_the_names_of_runs_are_remembered_for_their_owner_alone(path: str) -> None:
    assert restored_runs(path) == []
    remember_restored(path, RESTORED)
    remember_restored(path, {**RESTORED, "runs": [FIRST, SECOND]})
    assert restored_runs(path) == [FIRST, SECOND]
    (file,) = Path(path).parent.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "hlsTime" not in file.read_text()
    # No later run gets one of these names.
    assert run_names(str(file.parent)) == {FIRST, SECOND}


@pytest.mark.parametrize(
    "result",
    [
        {"restored": {}},
        {"failed": True},
        {"left_alone": {"live": {"hlsTime": "9"}}},
        {"key_stays": {"live": ["s3AccessKey"]}},
    ],
)
def test_what_is_not_restored_in_whole_is_still_in_the_backup(path: str, result: dict[str, Any]) -> None:
    remember_restored(path, {**RESTORED, **result})
    assert restored_runs(path) == []


@pytest.mark.parametrize("content", ["", "{", "[]", '{"restored": 1}', '{"restored": [1]}', "\udcff"])
def test_a_file_that_cannot_be_used_says_nothing(path: str, content: str) -> None:
    file = Path(path.replace(".json", ".restored.json"))
    file.write_text(content, errors="surrogateescape")
    file.chmod(0o600)
    assert restored_runs(path) == []
    file.chmod(0o666)
    remember_restored(path, RESTORED)


def test_the_hosts_of_a_folder_that_have_a_run(path: str, tmp_path: Path) -> None:
    other = str(tmp_path / "b-89abcdef.json")
    for each, run in ((path, FIRST), (other, FIRST), (str(tmp_path / "c-89abcdef.json"), SECOND)):
        BackupFile(each, "http://ams").add(run, {"live": plan({"hlsTime": "2"}, {"hlsTime": "3"})})
    BackupFile(other, "http://ams").mark_verified()
    remember_restored(str(tmp_path / "d-89abcdef.json"), RESTORED)
    folder = str(tmp_path)
    assert hosts_with_run(folder, FIRST, []) == ["ams 1", "b"]
    assert hosts_with_run(folder, FIRST, [path]) == ["b"]
    assert hosts_with_run(folder, "2026.*", []) == []
    assert hosts_with_run(f"{folder}/none", FIRST, []) == []
