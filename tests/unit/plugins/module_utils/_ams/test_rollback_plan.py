# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The plan of a rollback: what it writes, what it leaves alone, and when a key goes with its bucket."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.rollback_plan import plan_rollback


def test_plan_rollback_writes_only_what_still_is_as_the_change_left_it() -> None:
    settings: dict[str, dict[str, Any]] = {
        "s3SecretKey": {"before": "old-secret", "after": "new-secret"},
        "hlsTime": {"before": "", "after": "4"},
        "s3RegionName": {"before": "eu", "after": "us"},
        "mp4MuxingEnabled": {"before": False, "after": True},
        "goneWithTheRelease": {"before": 1, "after": 2},
    }
    current = {"s3SecretKey": "new-secret", "hlsTime": "4", "s3RegionName": "cn", "mp4MuxingEnabled": False}
    back = plan_rollback(current, settings)
    assert back.change.after == {"s3SecretKey": "old-secret", "hlsTime": "1"}
    assert back.left_alone == {"s3RegionName": "cn", "goneWithTheRelease": None}


@pytest.mark.parametrize("name", ["encoderSettings", "encoderSettingsString"])
def test_the_runs_own_write_is_known_though_the_server_has_filled_in_a_key(name: str) -> None:
    """What a run wrote was called somebody else's on AMS 4.0; the former item comes back in full."""
    form = list if name == "encoderSettings" else json.dumps
    before = [{"height": 240, "forceEncode": False, "forceSameResolutionEncode": True}]
    values = {"before": form(before), "after": form([{"height": 480}])}
    now = {"height": 480, "forceEncode": True, "forceSameResolutionEncode": False}
    back = plan_rollback({name: form([now])}, {name: values})
    written = back.change.after[name]
    assert (written if isinstance(written, list) else json.loads(written)) == before
    assert back.left_alone == {}
    foreign = plan_rollback({name: form([{**now, "height": 360}])}, {name: values})
    assert (foreign.change.names, list(foreign.left_alone)) == ([], [name])


def test_a_secret_that_somebody_else_has_set_is_not_named() -> None:
    back = plan_rollback({"s3SecretKey": "a-third"}, {"s3SecretKey": {"before": "a", "after": "b"}})
    assert back.left_alone == {"s3SecretKey": "********"}


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
    back = plan_rollback(NOW, SITE, access_key=False)
    assert back.change.after == {"s3BucketName": "", "s3AccessKey": "", "s3SecretKey": ""}
    assert back.kept == set()


def test_a_key_that_was_replaced_stays_where_the_bucket_stays() -> None:
    back = plan_rollback(NOW, ROTATED, access_key=False)
    assert (back.change.after, back.left_alone, set(back.key_stays)) == ({}, {}, set(ROTATED))
    assert plan_rollback(NOW, ROTATED).change.after == {"s3AccessKey": "KEY1", "s3SecretKey": "secret1"}
    # There and back again is no other bucket.
    returned = {**ROTATED, "s3BucketName": {"before": "b", "after": "b"}}
    assert set(plan_rollback(NOW, returned, access_key=False).key_stays) == set(ROTATED)
    # A key where there was none has replaced none.
    first = {
        "s3AccessKey": {"before": "", "after": "KEY2"},
        "s3SecretKey": {"before": "", "after": "secret2"},
    }
    assert plan_rollback(NOW, first, access_key=False).change.after == {"s3AccessKey": "", "s3SecretKey": ""}


def test_a_key_stays_with_somebody_elses_bucket_and_as_a_whole() -> None:
    """Else a key would be left that is none of that bucket, or half of one."""
    theirs = {**NOW, "s3BucketName": "theirs"}
    assert set(plan_rollback(theirs, SITE).left_alone) == set(SITE)
    assert plan_rollback(theirs, SITE).change.after == {}
    half = {**NOW, "s3AccessKey": "THEIRS"}
    assert set(plan_rollback(half, ROTATED).left_alone) == set(ROTATED)
    undone = {"s3BucketName": "", "s3AccessKey": "THEIRS", "s3SecretKey": "theirs"}
    assert set(plan_rollback(undone, SITE).left_alone) == {"s3AccessKey", "s3SecretKey"}
