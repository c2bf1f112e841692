# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The former values of a server, and the way back to them."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.errors import AmsError
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.former import (
    folded,
    layer_of,
    way_back,
    with_layer,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.former_file import (
    FormerFile,
    playbook_of,
    unproved_path,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.settings import Change

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
    Path(former.path).parent.mkdir()
    layer = {"run": FIRST, "apps": {"live": {"hlsTime": {"before": "2", "after": "3"}}}}
    Path(former.path).write_text(json.dumps({"format": 1, "url": URL, "layers": [layer]}), encoding="utf-8")
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
        (json.dumps({"format": 2, "url": URL, "layers": []}), "not a file of this collection"),
        (json.dumps({"format": 1, "url": URL, "layers": [{"run": 1, "apps": {}}]}), "damaged"),
        (json.dumps({"format": 1, "url": "https://other", "layers": []}), "of another server, https://other"),
    ],
)
def test_a_file_that_cannot_be_used_is_an_error(former: FormerFile, content: str, said: str) -> None:
    Path(former.path).parent.mkdir()
    Path(former.path).write_text(content, encoding="utf-8")
    with pytest.raises(AmsError, match=said):
        former.layers(FIRST, unproved=True)


def test_a_folder_that_cannot_be_made_is_an_error_before_anything_is_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(AmsError, match="must be writable"):
        FormerFile(str(tmp_path / "file" / "ams1.json"), URL).keep(FIRST, changed(hlsTime=("2", "3")))
