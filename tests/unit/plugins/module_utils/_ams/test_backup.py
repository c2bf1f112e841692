# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The backup of a server, and the rollback to it."""

from __future__ import annotations

import errno
import json
import os
import stat
import threading
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.backup import (
    add_layer,
    layer_of,
    squash,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.backup_file import (
    BackupFile,
    latest_playbook,
    playbook_to_finish,
    run_names,
    unverified_path,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.settings import Change
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common import private_file
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.errors import AmsError
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.private_file import FileError

URL = "https://ams1.example.com:5443"
FIRST, SECOND = "20260101T000000Z", "20260202T000000Z"


def changed(**values: tuple[Any, Any]) -> dict[str, Change]:
    before = {name: pair[0] for name, pair in values.items()}
    after = {name: pair[1] for name, pair in values.items()}
    return {"live": Change(before, after)}


def test_latest_playbook_is_read_without_the_server(tmp_path: Path) -> None:
    path = str(tmp_path / "ams1.json")
    backup_file = BackupFile(path, URL)
    backup_file.add(FIRST, changed(hlsTime=("2", "3")), "site")
    backup_file.add(SECOND, changed(hlsTime=("3", "4")), "decommission")
    assert latest_playbook(unverified_path(path)) == "decommission"
    assert latest_playbook(str(tmp_path / "none.unverified.json")) == ""
    (tmp_path / "broken.unverified.json").write_text("{", encoding="utf-8")
    assert latest_playbook(str(tmp_path / "broken.unverified.json")) == ""


@pytest.fixture
def backup_file(tmp_path: Path) -> BackupFile:
    return BackupFile(str(tmp_path / "former" / "ams1.json"), URL)


def put(backup_file: BackupFile, content: str, mode: int = 0o600) -> None:
    path = Path(backup_file.path)
    path.parent.mkdir(exist_ok=True)
    path.write_text(content, encoding="utf-8")
    path.chmod(mode)


def test_several_runs_fold_into_before_the_first_and_after_the_last() -> None:
    layers = [
        layer_of(FIRST, changed(s3RegionName=("eu", "us"), mp4MuxingEnabled=(False, True))),
        layer_of(SECOND, changed(s3RegionName=("us", "cn"))),
    ]
    assert squash(layers)["live"] == {
        "s3RegionName": {"before": "eu", "after": "cn"},
        "mp4MuxingEnabled": {"before": False, "after": True},
    }


def test_a_second_change_of_one_run_keeps_the_first_value() -> None:
    layers = add_layer(
        [layer_of(FIRST, changed(hlsTime=("2", "3")))], layer_of(FIRST, changed(hlsTime=("3", "4")))
    )
    assert layers == [{"run": FIRST, "apps": {"live": {"hlsTime": {"before": "2", "after": "4"}}}}]


def test_squash_stops_where_somebody_else_has_set_a_value_in_between() -> None:
    """A run that was killed before its write, or was followed by a person, took that person's value."""
    layers = [
        layer_of(FIRST, changed(httpForwardingExtension=("", "mp4"), hlsTime=("", "4"))),
        layer_of(SECOND, changed(httpForwardingExtension=("mp4,webm", "mp4"), hlsTime=("4", "5"))),
    ]
    assert squash(layers)["live"] == {
        "httpForwardingExtension": {"before": "mp4,webm", "after": "mp4"},
        "hlsTime": {"before": "", "after": "5"},
    }


def test_a_key_goes_with_its_bucket_through_several_runs() -> None:
    def both(bucket: tuple[str, str] | None, key: tuple[str, str]) -> dict[str, Change]:
        moves = {"s3BucketName": bucket} if bucket else {}
        return changed(**moves, s3AccessKey=key)

    # The key was rotated in between, by a controller with backups of its own.
    layers = [layer_of(FIRST, both(("", "b"), ("", "K1"))), layer_of(SECOND, both(None, ("K2", "K3")))]
    assert squash(layers)["live"]["s3AccessKey"] == {"before": "", "after": "K3"}
    layers = [layer_of(FIRST, both(("", "b"), ("", "K1"))), layer_of(SECOND, both(("b", "c"), ("K2", "K3")))]
    assert squash(layers)["live"]["s3AccessKey"] == {"before": "", "after": "K3"}
    # A person has moved the bucket in between: theirs comes back, with its key.
    layers = [layer_of(FIRST, both(("", "b"), ("", "K1"))), layer_of(SECOND, both(("x", "b"), ("KX", "K1")))]
    assert squash(layers)["live"] == {
        "s3BucketName": {"before": "x", "after": "b"},
        "s3AccessKey": {"before": "KX", "after": "K1"},
    }


def test_changes_are_unverified_until_they_are_marked(backup_file: BackupFile) -> None:
    backup_file.add(FIRST, changed(hlsTime=("2", "3")))
    assert backup_file.is_unverified
    assert backup_file.runs() == [FIRST]
    backup_file.mark_verified()
    assert not list(Path(backup_file.path).parent.glob("*.unverified.json"))
    assert backup_file.layers(None, unverified=True) == []
    assert [layer["run"] for layer in backup_file.layers(FIRST, unverified=True)] == [FIRST]
    mode = stat.S_IMODE(Path(backup_file.path).stat().st_mode)
    assert mode == 0o600


def test_layers_since_a_run(backup_file: BackupFile) -> None:
    backup_file.add(FIRST, changed(hlsTime=("2", "3")))
    backup_file.add(SECOND, changed(hlsTime=("3", "4")))
    assert [layer["run"] for layer in backup_file.layers(SECOND, unverified=False)] == [SECOND]
    assert [layer["run"] for layer in backup_file.layers(SECOND, unverified=True)] == [FIRST, SECOND]
    backup_file.forget(backup_file.layers(SECOND, unverified=False), {})
    assert backup_file.runs() == [FIRST]
    backup_file.forget(backup_file.layers(FIRST, unverified=False), {})
    assert list(Path(backup_file.path).parent.iterdir()) == []


def test_only_what_is_back_on_the_server_is_forgotten(backup_file: BackupFile) -> None:
    """A backup went as a whole, with what somebody else had set and what a rollback had left out."""
    backup_file.add(FIRST, changed(hlsTime=("2", "3"), s3RegionName=("eu", "us")), "site")
    backup_file.mark_verified()
    backup_file.add(SECOND, changed(s3RegionName=("us", "cn")), "servers")
    backup_file.forget(backup_file.layers(FIRST, unverified=False), {"live": ["s3RegionName"]})
    assert backup_file.all_layers() == [
        {
            "run": FIRST,
            "playbook": "site",
            "apps": {"live": {"s3RegionName": {"before": "eu", "after": "us"}}},
        },
        {
            "run": SECOND,
            "playbook": "servers",
            "apps": {"live": {"s3RegionName": {"before": "us", "after": "cn"}}},
        },
    ]
    before = [path.read_text() for path in sorted(Path(backup_file.path).parent.iterdir())]
    backup_file.forget(backup_file.layers(FIRST, unverified=False), {"live": ["s3RegionName"]})
    assert [path.read_text() for path in sorted(Path(backup_file.path).parent.iterdir())] == before


def test_a_run_is_named_exactly_and_a_time_is_one(backup_file: BackupFile) -> None:
    """Names were compared as text, so 2026 or one without its last letter meant every run."""
    backup_file.add(FIRST, changed(hlsTime=("2", "3")))
    assert backup_file.first_run(FIRST, None) == FIRST
    assert backup_file.first_run(None, "20251231T235959Z") == "20251231T235959Z"
    assert backup_file.first_run(None, None) is None
    for run in ("2026", FIRST[:-1], SECOND, ""):
        with pytest.raises(AmsError, match=f"there is no run '{run}', only {FIRST}.*Nothing was changed"):
            backup_file.first_run(run, None)
    for since in ("2026", FIRST[:-1], ""):
        with pytest.raises(AmsError, match="not a time like"):
            backup_file.first_run(None, since)


def test_a_file_without_playbooks_is_read(backup_file: BackupFile) -> None:
    layer = {"run": FIRST, "apps": {"live": {"hlsTime": {"before": "2", "after": "3"}}}}
    put(backup_file, json.dumps({"format": 1, "url": URL, "layers": [layer]}))
    assert backup_file.all_layers() == [layer]


def test_nothing_is_backed_up_where_nothing_changes(backup_file: BackupFile) -> None:
    backup_file.add(FIRST, {"live": Change()})
    assert not backup_file.is_unverified


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "damaged"),
        ("[]", "damaged"),
        (json.dumps({"format": 0, "url": URL, "layers": []}), "not a file of this collection"),
        (json.dumps({"format": 2, "url": URL, "runs": []}), "newer version of this collection .format 2"),
        ("[" * 100000, "damaged"),
        (json.dumps({"format": 1, "url": URL, "layers": [{"run": 1, "apps": {}}]}), "damaged"),
        (json.dumps({"format": 1, "url": "https://other", "layers": []}), "of another server, https://other"),
    ],
)
def test_a_file_that_cannot_be_used_is_an_error(backup_file: BackupFile, content: str, said: str) -> None:
    put(backup_file, content)
    with pytest.raises(AmsError, match=said):
        backup_file.layers(FIRST, unverified=True)


def test_a_folder_that_cannot_be_made_is_an_error_before_anything_is_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(AmsError, match="must be writable"):
        BackupFile(str(tmp_path / "file" / "ams1.json"), URL).add(FIRST, changed(hlsTime=("2", "3")))


def test_of_two_writers_none_loses_what_the_other_has_saved(backup_file: BackupFile) -> None:
    """Both read the file, and the last one to write took the layers of the other away."""
    names = [f"202601{day:02}T0000{second:02}Z" for day in (1, 2) for second in range(25)]

    def keeps(mine: list[str]) -> None:
        for name in mine:
            BackupFile(backup_file.path, URL).add(name, changed(hlsTime=("2", "3")))

    writers = [threading.Thread(target=keeps, args=(mine,)) for mine in (names[:25], names[25:])]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert sorted(backup_file.runs()) == names
    assert len(list(Path(backup_file.path).parent.iterdir())) == 1, "the lock goes with its holder"


def test_who_holds_the_lock_for_too_long_is_named(tmp_path: Path) -> None:
    path = str(tmp_path / ".a.lock")
    with (
        private_file.locked(path),
        pytest.raises(FileError, match="another run has held"),
        private_file.locked(path, timeout=0),
    ):
        pass
    with private_file.locked(path, timeout=0):
        assert Path(path).exists()


def test_a_file_system_without_locks_is_refused(
    backup_file: BackupFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    def flock(*_arguments: Any) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", flock)
    with pytest.raises(AmsError, match=r"has no locks .*on a file system with locks"):
        backup_file.add(FIRST, changed(hlsTime=("2", "3")))


def test_the_order_of_the_file_counts_and_not_that_of_the_names(backup_file: BackupFile) -> None:
    """After a clock that was ahead the rollback of a run began with an older one, and restored nothing."""
    ahead = "20991231T000000Z"
    backup_file.add(ahead, changed(hlsTime=("2", "3")))
    backup_file.mark_verified()
    backup_file.add(FIRST, changed(hlsTime=("3", "4")))
    assert backup_file.runs() == [ahead, FIRST]
    (layer,) = backup_file.layers(FIRST, unverified=False)
    assert squash([layer])["live"]["hlsTime"] == {"before": "3", "after": "4"}
    assert [layer["run"] for layer in backup_file.layers(ahead, unverified=False)] == [ahead, FIRST]
    assert run_names(str(Path(backup_file.path).parent)) == {ahead, FIRST}


def test_a_layer_that_is_in_both_files_counts_once(backup_file: BackupFile) -> None:
    """As when a run was killed between the two writes, or another one proves it at this moment."""
    backup_file.add(FIRST, changed(hlsTime=("2", "3")))
    pending = Path(backup_file.path).with_suffix(".unverified.json")
    content = pending.read_bytes()
    backup_file.mark_verified()
    pending.write_bytes(content)
    pending.chmod(0o600)
    assert [layer["run"] for layer in backup_file.layers(FIRST, unverified=True)] == [FIRST]
    backup_file.mark_verified()
    assert [layer["apps"]["live"]["hlsTime"] for layer in backup_file.all_layers()] == [
        {"before": "2", "after": "3"}
    ]


def test_what_a_killed_write_has_left_goes_with_the_next_one(backup_file: BackupFile, tmp_path: Path) -> None:
    """It holds secrets, had a name of its own, and stayed for ever."""
    backup_file.add(FIRST, changed(hlsTime=("2", "3")))

    def killed(*_arguments: Any) -> None:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            backup_file.add(SECOND, changed(hlsTime=("3", "4")))
    folder = Path(backup_file.path).parent
    left = [path for path in folder.iterdir() if path.name.startswith(".previous-")]
    assert len(left) == 1
    backup_file.mark_verified()
    assert [path.name for path in folder.iterdir()] == ["ams1.json"]


def test_what_is_not_private_is_refused_with_what_to_do(backup_file: BackupFile) -> None:
    """A file that anybody could have put there or changed was believed."""
    put(backup_file, backup_file.content([]), mode=0o640)
    with pytest.raises(AmsError, match=f"others can read or change .*chmod 600 {backup_file.path}"):
        backup_file.runs()
    put(backup_file, backup_file.content([]))
    folder = Path(backup_file.path).parent
    folder.chmod(0o770)
    with pytest.raises(AmsError, match=f"others can write to the folder .*chmod go-w {folder}"):
        backup_file.runs()
    with pytest.raises(AmsError, match="others can write to the folder"):
        backup_file.add(FIRST, changed(hlsTime=("2", "3")))
    folder.chmod(0o755)
    assert backup_file.runs() == []


def test_a_file_of_another_user_is_refused(backup_file: BackupFile, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root believed it, and gave its own files to the owner of the folder."""
    put(backup_file, backup_file.content([]))
    if os.geteuid() == 0:
        os.chown(backup_file.path, 12345, -1)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(AmsError, match=r"belongs to another user .*chown"):
        backup_file.runs()


def test_a_fifo_and_a_link_are_refused_at_once(backup_file: BackupFile) -> None:
    """A FIFO was waited for without end."""
    folder = Path(backup_file.path).parent
    folder.mkdir()
    os.mkfifo(backup_file.path, 0o600)
    with pytest.raises(AmsError, match="is not a regular file"):
        backup_file.runs()
    Path(backup_file.path).unlink()
    Path(backup_file.path).symlink_to(folder / "elsewhere")
    with pytest.raises(AmsError, match="is a symbolic link"):
        backup_file.runs()
    assert run_names(str(folder)) == set()


def test_a_full_disk_is_called_full(backup_file: BackupFile, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was said that the folder must be writable."""

    def fsync(_handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(AmsError, match=r"the disk is full .*Make room") as caught:
        backup_file.add(FIRST, changed(hlsTime=("2", "3")))
    assert "writable" not in str(caught.value)
    assert list(Path(backup_file.path).parent.iterdir()) == []


@pytest.mark.parametrize(
    ("playbook", "again"),
    [
        ("decommission", "decommission.yml"),
        ("site, rotate_key", "rotate_key.yml"),
        ("site", ""),
        ("my_rotate_key", ""),
        ("", ""),
    ],
)
def test_what_finishes_a_run(playbook: str, again: str) -> None:
    assert playbook_to_finish(playbook) == again
