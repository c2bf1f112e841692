# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The former values of a server, and the way back to them."""

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
    folded,
    layer_of,
    way_back,
    with_layer,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.backup_file import (
    FormerFile,
    names_of_runs,
    playbook_of,
    unproved_path,
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


def test_what_made_a_change_that_is_not_proved_is_read_without_the_server(tmp_path: Path) -> None:
    path = str(tmp_path / "ams1.json")
    former = FormerFile(path, URL)
    former.keep(FIRST, changed(hlsTime=("2", "3")), "site")
    former.keep(SECOND, changed(hlsTime=("3", "4")), "decommission")
    assert playbook_of(unproved_path(path)) == "decommission"
    assert playbook_of(str(tmp_path / "none.unproved.json")) == ""
    (tmp_path / "broken.unproved.json").write_text("{", encoding="utf-8")
    assert playbook_of(str(tmp_path / "broken.unproved.json")) == ""


@pytest.fixture
def former(tmp_path: Path) -> FormerFile:
    return FormerFile(str(tmp_path / "former" / "ams1.json"), URL)


def put(former: FormerFile, content: str, mode: int = 0o600) -> None:
    path = Path(former.path)
    path.parent.mkdir(exist_ok=True)
    path.write_text(content, encoding="utf-8")
    path.chmod(mode)


def test_several_runs_fold_into_before_the_first_and_after_the_last() -> None:
    layers = [
        layer_of(FIRST, changed(s3RegionName=("eu", "us"), mp4MuxingEnabled=(False, True))),
        layer_of(SECOND, changed(s3RegionName=("us", "cn"))),
    ]
    assert folded(layers)["live"] == {
        "s3RegionName": {"before": "eu", "after": "cn"},
        "mp4MuxingEnabled": {"before": False, "after": True},
    }


def test_a_second_change_of_one_run_keeps_the_first_former_value() -> None:
    layers = with_layer(
        [layer_of(FIRST, changed(hlsTime=("2", "3")))], layer_of(FIRST, changed(hlsTime=("3", "4")))
    )
    assert layers == [{"run": FIRST, "apps": {"live": {"hlsTime": {"before": "2", "after": "4"}}}}]


def test_the_way_back_ends_where_somebody_else_has_set_a_value_in_between() -> None:
    """A run that was killed before its write, or was followed by a person, took that person's value."""
    layers = [
        layer_of(FIRST, changed(httpForwardingExtension=("", "mp4"), hlsTime=("", "4"))),
        layer_of(SECOND, changed(httpForwardingExtension=("mp4,webm", "mp4"), hlsTime=("4", "5"))),
    ]
    assert folded(layers)["live"] == {
        "httpForwardingExtension": {"before": "mp4,webm", "after": "mp4"},
        "hlsTime": {"before": "", "after": "5"},
    }


def test_a_key_goes_with_its_bucket_through_several_runs() -> None:
    def both(bucket: tuple[str, str] | None, key: tuple[str, str]) -> dict[str, Change]:
        moves = {"s3BucketName": bucket} if bucket else {}
        return changed(**moves, s3AccessKey=key)

    # The key was rotated in between, by a controller with backups of its own.
    layers = [layer_of(FIRST, both(("", "b"), ("", "K1"))), layer_of(SECOND, both(None, ("K2", "K3")))]
    assert folded(layers)["live"]["s3AccessKey"] == {"before": "", "after": "K3"}
    layers = [layer_of(FIRST, both(("", "b"), ("", "K1"))), layer_of(SECOND, both(("b", "c"), ("K2", "K3")))]
    assert folded(layers)["live"]["s3AccessKey"] == {"before": "", "after": "K3"}
    # A person has moved the bucket in between: theirs comes back, with its key.
    layers = [layer_of(FIRST, both(("", "b"), ("", "K1"))), layer_of(SECOND, both(("x", "b"), ("KX", "K1")))]
    assert folded(layers)["live"] == {
        "s3BucketName": {"before": "x", "after": "b"},
        "s3AccessKey": {"before": "KX", "after": "K1"},
    }


def test_the_way_back_writes_only_what_still_is_as_the_change_left_it() -> None:
    settings: dict[str, dict[str, Any]] = {
        "s3SecretKey": {"before": "old-secret", "after": "new-secret"},
        "hlsTime": {"before": "", "after": "4"},
        "s3RegionName": {"before": "eu", "after": "us"},
        "mp4MuxingEnabled": {"before": False, "after": True},
        "goneWithTheRelease": {"before": 1, "after": 2},
    }
    current = {"s3SecretKey": "new-secret", "hlsTime": "4", "s3RegionName": "cn", "mp4MuxingEnabled": False}
    back = way_back(current, settings)
    assert back.change.after == {"s3SecretKey": "old-secret", "hlsTime": "1"}
    assert back.left_alone == {"s3RegionName": "cn", "goneWithTheRelease": None}


@pytest.mark.parametrize("name", ["encoderSettings", "encoderSettingsString"])
def test_the_runs_own_write_is_known_though_the_server_has_filled_in_a_key(name: str) -> None:
    """What a run wrote was called somebody else's on AMS 4.0; the former item comes back in full."""
    form = list if name == "encoderSettings" else json.dumps
    before = [{"height": 240, "forceEncode": False, "forceSameResolutionEncode": True}]
    values = {"before": form(before), "after": form([{"height": 480}])}
    now = {"height": 480, "forceEncode": True, "forceSameResolutionEncode": False}
    back = way_back({name: form([now])}, {name: values})
    written = back.change.after[name]
    assert (written if isinstance(written, list) else json.loads(written)) == before
    assert back.left_alone == {}
    foreign = way_back({name: form([{**now, "height": 360}])}, {name: values})
    assert (foreign.change.names, list(foreign.left_alone)) == ([], [name])


def test_a_secret_that_somebody_else_has_set_is_not_named() -> None:
    back = way_back({"s3SecretKey": "a-third"}, {"s3SecretKey": {"before": "a", "after": "b"}})
    assert back.left_alone == {"s3SecretKey": "********"}


def test_changes_are_unproved_until_they_are_proved(former: FormerFile) -> None:
    former.keep(FIRST, changed(hlsTime=("2", "3")))
    assert former.is_unproved
    assert former.runs() == [FIRST]
    former.prove()
    assert not list(Path(former.path).parent.glob("*.unproved.json"))
    assert former.layers(None, unproved=True) == []
    assert [layer["run"] for layer in former.layers(FIRST, unproved=True)] == [FIRST]
    mode = stat.S_IMODE(Path(former.path).stat().st_mode)
    assert mode == 0o600


def test_what_is_taken_back_since_a_run(former: FormerFile) -> None:
    former.keep(FIRST, changed(hlsTime=("2", "3")))
    former.keep(SECOND, changed(hlsTime=("3", "4")))
    assert [layer["run"] for layer in former.layers(SECOND, unproved=False)] == [SECOND]
    assert [layer["run"] for layer in former.layers(SECOND, unproved=True)] == [FIRST, SECOND]
    former.forget(former.layers(SECOND, unproved=False), {})
    assert former.runs() == [FIRST]
    former.forget(former.layers(FIRST, unproved=False), {})
    assert list(Path(former.path).parent.iterdir()) == []


def test_only_what_is_back_on_the_server_is_forgotten(former: FormerFile) -> None:
    """A backup went as a whole, with what somebody else had set and what a rollback had left out."""
    former.keep(FIRST, changed(hlsTime=("2", "3"), s3RegionName=("eu", "us")), "site")
    former.prove()
    former.keep(SECOND, changed(s3RegionName=("us", "cn")), "servers")
    former.forget(former.layers(FIRST, unproved=False), {"live": ["s3RegionName"]})
    assert former.all_layers() == [
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
    before = [path.read_text() for path in sorted(Path(former.path).parent.iterdir())]
    former.forget(former.layers(FIRST, unproved=False), {"live": ["s3RegionName"]})
    assert [path.read_text() for path in sorted(Path(former.path).parent.iterdir())] == before


def test_a_run_is_named_exactly_and_a_time_is_one(former: FormerFile) -> None:
    """Names were compared as text, so 2026 or one without its last letter meant every run."""
    former.keep(FIRST, changed(hlsTime=("2", "3")))
    assert former.first_run(FIRST, None) == FIRST
    assert former.first_run(None, "20251231T235959Z") == "20251231T235959Z"
    assert former.first_run(None, None) is None
    for run in ("2026", FIRST[:-1], SECOND, ""):
        with pytest.raises(AmsError, match=f"there is no run '{run}', only {FIRST}.*Nothing was changed"):
            former.first_run(run, None)
    for since in ("2026", FIRST[:-1], ""):
        with pytest.raises(AmsError, match="not a time like"):
            former.first_run(None, since)


def test_a_file_of_before_playbooks_were_kept_is_read(former: FormerFile) -> None:
    layer = {"run": FIRST, "apps": {"live": {"hlsTime": {"before": "2", "after": "3"}}}}
    put(former, json.dumps({"format": 1, "url": URL, "layers": [layer]}))
    assert former.all_layers() == [layer]


SITE = {
    "s3BucketName": {"before": "", "after": "b"},
    "s3AccessKey": {"before": "", "after": "KEY1"},
    "s3SecretKey": {"before": "", "after": "secret1"},
}
ROTATED = {
    "s3AccessKey": {"before": "KEY1", "after": "KEY2"},
    "s3SecretKey": {"before": "secret1", "after": "secret2"},
}
NOW = {"s3BucketName": "b", "s3AccessKey": "KEY2", "s3SecretKey": "secret2"}


def test_a_key_goes_with_its_bucket_whoever_has_rotated_it() -> None:
    """The backup of a rotation may be elsewhere, and its key was then left as somebody else's."""
    back = way_back(NOW, SITE, access_key=False)
    assert back.change.after == {"s3BucketName": "", "s3AccessKey": "", "s3SecretKey": ""}
    assert back.kept == set()


def test_a_key_that_was_replaced_stays_where_the_bucket_stays() -> None:
    back = way_back(NOW, ROTATED, access_key=False)
    assert (back.change.after, back.left_alone, set(back.key_stays)) == ({}, {}, set(ROTATED))
    assert way_back(NOW, ROTATED).change.after == {"s3AccessKey": "KEY1", "s3SecretKey": "secret1"}
    # There and back again is no other bucket.
    returned = {**ROTATED, "s3BucketName": {"before": "b", "after": "b"}}
    assert set(way_back(NOW, returned, access_key=False).key_stays) == set(ROTATED)
    # A key where there was none has replaced none.
    first = {
        "s3AccessKey": {"before": "", "after": "KEY2"},
        "s3SecretKey": {"before": "", "after": "secret2"},
    }
    assert way_back(NOW, first, access_key=False).change.after == {"s3AccessKey": "", "s3SecretKey": ""}


def test_a_key_stays_with_somebody_elses_bucket_and_as_a_whole() -> None:
    """Else a key would be left that is none of that bucket, or half of one."""
    theirs = {**NOW, "s3BucketName": "theirs"}
    assert set(way_back(theirs, SITE).left_alone) == set(SITE)
    assert way_back(theirs, SITE).change.after == {}
    half = {**NOW, "s3AccessKey": "THEIRS"}
    assert set(way_back(half, ROTATED).left_alone) == set(ROTATED)
    undone = {"s3BucketName": "", "s3AccessKey": "THEIRS", "s3SecretKey": "theirs"}
    assert set(way_back(undone, SITE).left_alone) == {"s3AccessKey", "s3SecretKey"}


def test_nothing_is_kept_where_nothing_changes(former: FormerFile) -> None:
    former.keep(FIRST, {"live": Change()})
    assert not former.is_unproved


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
def test_a_file_that_cannot_be_used_is_an_error(former: FormerFile, content: str, said: str) -> None:
    put(former, content)
    with pytest.raises(AmsError, match=said):
        former.layers(FIRST, unproved=True)


def test_a_folder_that_cannot_be_made_is_an_error_before_anything_is_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(AmsError, match="must be writable"):
        FormerFile(str(tmp_path / "file" / "ams1.json"), URL).keep(FIRST, changed(hlsTime=("2", "3")))


def test_of_two_writers_none_loses_what_the_other_has_kept(former: FormerFile) -> None:
    """Both read the file, and the last one to write took the layers of the other away."""
    names = [f"202601{day:02}T0000{second:02}Z" for day in (1, 2) for second in range(25)]

    def keeps(mine: list[str]) -> None:
        for name in mine:
            FormerFile(former.path, URL).keep(name, changed(hlsTime=("2", "3")))

    writers = [threading.Thread(target=keeps, args=(mine,)) for mine in (names[:25], names[25:])]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert sorted(former.runs()) == names
    assert len(list(Path(former.path).parent.iterdir())) == 1, "the lock goes with its holder"


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


def test_a_file_system_without_locks_is_refused(former: FormerFile, monkeypatch: pytest.MonkeyPatch) -> None:
    def flock(*_arguments: Any) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", flock)
    with pytest.raises(AmsError, match=r"has no locks .*on a file system with locks"):
        former.keep(FIRST, changed(hlsTime=("2", "3")))


def test_the_order_of_the_file_counts_and_not_that_of_the_names(former: FormerFile) -> None:
    """After a clock that was ahead the rollback of a run began with an older one, and restored nothing."""
    ahead = "20991231T000000Z"
    former.keep(ahead, changed(hlsTime=("2", "3")))
    former.prove()
    former.keep(FIRST, changed(hlsTime=("3", "4")))
    assert former.runs() == [ahead, FIRST]
    (layer,) = former.layers(FIRST, unproved=False)
    assert folded([layer])["live"]["hlsTime"] == {"before": "3", "after": "4"}
    assert [layer["run"] for layer in former.layers(ahead, unproved=False)] == [ahead, FIRST]
    assert names_of_runs(str(Path(former.path).parent)) == {ahead, FIRST}


def test_a_layer_that_is_in_both_files_counts_once(former: FormerFile) -> None:
    """As when a run was killed between the two writes, or another one proves it at this moment."""
    former.keep(FIRST, changed(hlsTime=("2", "3")))
    pending = Path(former.path).with_suffix(".unproved.json")
    content = pending.read_bytes()
    former.prove()
    pending.write_bytes(content)
    pending.chmod(0o600)
    assert [layer["run"] for layer in former.layers(FIRST, unproved=True)] == [FIRST]
    former.prove()
    assert [layer["apps"]["live"]["hlsTime"] for layer in former.all_layers()] == [
        {"before": "2", "after": "3"}
    ]


def test_what_a_killed_write_has_left_goes_with_the_next_one(former: FormerFile, tmp_path: Path) -> None:
    """It holds secrets, had a name of its own, and stayed for ever."""
    former.keep(FIRST, changed(hlsTime=("2", "3")))

    def killed(*_arguments: Any) -> None:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            former.keep(SECOND, changed(hlsTime=("3", "4")))
    folder = Path(former.path).parent
    left = [path for path in folder.iterdir() if path.name.startswith(".former-")]
    assert len(left) == 1
    former.prove()
    assert [path.name for path in folder.iterdir()] == ["ams1.json"]


def test_what_is_not_private_is_refused_with_what_to_do(former: FormerFile) -> None:
    """A file that anybody could have put there or changed was believed."""
    put(former, former.content([]), mode=0o640)
    with pytest.raises(AmsError, match=f"others can read or change .*chmod 600 {former.path}"):
        former.runs()
    put(former, former.content([]))
    folder = Path(former.path).parent
    folder.chmod(0o770)
    with pytest.raises(AmsError, match=f"others can write to the folder .*chmod go-w {folder}"):
        former.runs()
    with pytest.raises(AmsError, match="others can write to the folder"):
        former.keep(FIRST, changed(hlsTime=("2", "3")))
    folder.chmod(0o755)
    assert former.runs() == []


def test_a_file_of_another_user_is_refused(former: FormerFile, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root believed it, and gave its own files to the owner of the folder."""
    put(former, former.content([]))
    if os.geteuid() == 0:
        os.chown(former.path, 12345, -1)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(AmsError, match=r"belongs to another user .*chown"):
        former.runs()


def test_a_fifo_and_a_link_are_refused_at_once(former: FormerFile) -> None:
    """A FIFO was waited for without end."""
    folder = Path(former.path).parent
    folder.mkdir()
    os.mkfifo(former.path, 0o600)
    with pytest.raises(AmsError, match="is not a regular file"):
        former.runs()
    Path(former.path).unlink()
    Path(former.path).symlink_to(folder / "elsewhere")
    with pytest.raises(AmsError, match="is a symbolic link"):
        former.runs()
    assert names_of_runs(str(folder)) == set()


def test_a_full_disk_is_called_full(former: FormerFile, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was said that the folder must be writable."""

    def fsync(_handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(AmsError, match=r"the disk is full .*Make room") as caught:
        former.keep(FIRST, changed(hlsTime=("2", "3")))
    assert "writable" not in str(caught.value)
    assert list(Path(former.path).parent.iterdir()) == []
