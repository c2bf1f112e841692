# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A live stream uploads with the new key, to the new bucket, under the folder with which it began."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.key_policy import key_policy
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.model import Intent
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._plan.widening import (
    folders_in_use,
    may_upload,
    missing_rights,
    too_long,
)

PLANNED: dict[str, Any] = {"results": {"iam_programmatic_user": {}}}
CHANGE = {"s3BucketName": {"before": "old", "after": "videos"}}


def bucket(**given: Any) -> dict[str, Any]:
    policy = key_policy(Intent(bucket="videos"), ["new/streams", "new/previews"])
    of_bucket = {"bucket": "videos", "hosts": ["ams1", "ams2"], "key_given": False, "iam_user": "recorder"}
    return {**of_bucket, "key_policy": policy, **given}


def read(
    folder: str | None = "streams", *, records: bool = True, live: Any = 0, **app: Any
) -> dict[str, Any]:
    uses = {"s3RecordingEnabled": records, "s3StreamsFolderPath": folder, "s3PreviewsFolderPath": "previews"}
    return {"apps": {"live": {"changes": CHANGE, "uses": uses, "live_streams": live, **app}}}


def in_use(of: dict[str, Any], reads: dict[str, Any]) -> list[str]:
    return folders_in_use(of, PLANNED, reads)


def test_a_run_that_does_not_set_up_the_storage_gives_no_right() -> None:
    assert folders_in_use(bucket(), {}, {"ams1": read()}) == []
    app = read()["apps"]["live"]
    assert may_upload(bucket(), PLANNED, app)
    assert not may_upload(bucket(), {}, app)
    assert not may_upload(bucket(key_given=True), PLANNED, app)
    assert not may_upload(bucket(), PLANNED, read("a*b")["apps"]["live"])


def test_the_folders_of_now_are_in_use_at_the_new_bucket() -> None:
    reads = {"ams1": read(), "ams2": read("/other//streams/"), "elsewhere": read("not/ours")}
    assert in_use(bucket(), reads) == ["other/streams", "previews", "streams"]


@pytest.mark.parametrize(
    "what",
    [
        read("new/streams", changes={}),
        read(records=False, live=0),
        {"problem": {"kind": "unreachable"}},
        {},
    ],
)
def test_a_server_that_records_nothing_else_uses_none(what: dict[str, Any]) -> None:
    assert in_use(bucket(), {"ams1": what}) == []


@pytest.mark.parametrize("live", [1, None])
def test_a_stream_that_is_live_is_uploaded_although_s3_was_off(live: Any) -> None:
    assert "streams" in in_use(bucket(), {"ams1": read(records=False, live=live)})


def test_what_the_policy_has_already_needs_nothing() -> None:
    assert in_use(bucket(), {"ams1": read("new/streams/deeper")}) == ["previews"]


@pytest.mark.parametrize("folder", ["*", "a/*", "${aws:username}", "", "../up", "x" * 1025 + "…"])
def test_a_name_that_would_be_a_pattern_gets_no_right(folder: str) -> None:
    """What a server answers is a stranger's data."""
    found = in_use(bucket(), {"ams1": read(folder)})
    assert all(not set("*?$") & set(each) for each in found)


def test_a_key_of_the_users_own_gets_no_rights() -> None:
    assert in_use(bucket(key_given=True), {"ams1": read()}) == []


def test_only_rights_that_are_not_there_are_missing() -> None:
    assert missing_rights(bucket(), ["streams", "previews"], ["videos/streams/*"]) == ["videos/previews/"]
    policy = key_policy(Intent(bucket="videos", key_file_extensions=("mp4", "png")), ["new"])
    limited = bucket(key_policy=policy)
    assert missing_rights(limited, ["streams"], []) == ["videos/streams/"]
    assert missing_rights(limited, ["streams"], ["videos/streams/*.mp4", "videos/streams/*.png"]) == []


def test_a_policy_that_iam_would_refuse_is_named_before_anything_is_changed() -> None:
    folders = [f"folder-number-{number}-with-a-long-name/streams" for number in range(60)]
    assert "characters of 2048" in too_long(bucket(), folders, [])
    assert too_long(bucket(), folders[:3], []) == ""
