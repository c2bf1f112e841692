# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Upload rights are removed when no server needs them; what is not known removes nothing."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.policy_union import with_uploads
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.key_policy import key_policy
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.model import Intent
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._plan.narrowing import (
    Narrowing,
    narrow,
    needs_of_keys,
    predict_after,
)

HOSTS = ("ams1", "ams2")
RIGHTS = ("videos/live/streams/*", "videos/old/streams/*")


def read(
    app: str = "live", folder: str = "streams", *, bucket: str = "videos", earlier: Any = 0
) -> dict[str, Any]:
    uploads = {
        app: {
            "s3BucketName": bucket,
            "s3StreamsFolderPath": folder,
            "s3PreviewsFolderPath": "previews",
            "earlier_streams": earlier,
        }
    }
    return {"problem": None, "uploads": uploads}


def both(second: Any = None, **first: Any) -> dict[str, Any]:
    found = {"ams1": read(**first), "ams2": read() if second is None else second}
    return {host: each for host, each in found.items() if each}


def narrowed(after: dict[str, Any], rights: Any = RIGHTS, before: Any = (), hosts: Any = HOSTS) -> Narrowing:
    return narrow("videos", rights, hosts, dict(before), after)


def test_what_no_server_records_to_is_removed() -> None:
    found = narrowed(both())
    assert (tuple(found.removed), found.kept, found.reasons) == (RIGHTS, [], [])


def test_a_folder_that_an_application_records_to_is_kept_and_the_application_is_named() -> None:
    found = narrowed(both(read("radio", "old//streams/")))
    assert found.removed == ["videos/live/streams/*"]
    assert found.kept == ["videos/old/streams/*"]
    assert found.reasons == ["application 'radio' of ams2 records to old/streams"]


def test_the_servers_of_an_application_are_one_reason() -> None:
    old = read("live", "old/streams")
    found = narrowed({"ams1": old, "ams2": old}, [*RIGHTS, "videos/previews/*"])
    assert found.reasons == ["application 'live' of ams1, ams2 records to old/streams, previews"]


def test_a_folder_in_a_folder_with_a_right_needs_it() -> None:
    """It was compared for equality alone, and lost the right of the folder above it."""
    assert narrowed(both(read("radio", "old/streams/radio"))).kept == ["videos/old/streams/*"]


def test_an_empty_folder_is_the_one_that_the_server_uses_then() -> None:
    empty = read("radio", "")
    empty["uploads"]["radio"]["s3PreviewsFolderPath"] = ""
    assert narrowed(both(empty), ["videos/streams/*", "videos/previews/*", "videos/old/*"]).removed == [
        "videos/old/*"
    ]


def test_a_server_of_another_bucket_that_still_records_here_keeps_its_rights() -> None:
    moved = {**both(), "ams3": read("live", "old/streams")}
    assert narrowed(moved, hosts=[*HOSTS, "ams3"]).kept == ["videos/old/streams/*"]


def test_the_folder_of_another_bucket_needs_nothing_here() -> None:
    assert narrowed(both(read("live", "old/streams", bucket="other"))).kept == []


@pytest.mark.parametrize(
    ("second", "reason"),
    [
        ({}, "ams2: not read after the change"),
        ({"problem": {"kind": "unreachable"}, "uploads": {}}, "ams2: not read after the change"),
        ({"problem": None, "uploads": None}, "ams2: the console user may not list the applications"),
        (read(earlier=1), "ams2: 1 stream was live in application 'live' since before the change"),
        (read(earlier=3), "ams2: 3 streams were live in application 'live' since before the change"),
        (read(earlier=None), "ams2: application 'live' has too many broadcasts"),
    ],
)
def test_what_is_not_known_removes_nothing(second: Any, reason: str) -> None:
    found = narrowed(both(second))
    assert (found.removed, found.kept) == ([], RIGHTS)
    assert found.reasons[0].startswith(reason)


def test_a_server_of_another_bucket_that_was_not_read_may_still_record_here() -> None:
    """It was moved to another bucket in the inventory, and the run did not reach it."""
    found = narrowed(both(), hosts=[*HOSTS, "ams3"])
    assert (found.removed, found.reasons) == ([], ["ams3: not read after the change"])


def test_a_stream_of_another_bucket_does_not_matter() -> None:
    other = {**both(), "ams9": read("live", "streams", bucket="other", earlier=2)}
    assert narrowed(other, hosts=[*HOSTS, "ams9"]).removed == [*RIGHTS]


@pytest.mark.parametrize(
    ("changes", "used", "is_kept"),
    [
        ({"s3StreamsFolderPath": {"before": "old", "after": "new"}}, "videos", True),
        ({"s3BucketName": {"before": "videos", "after": "other"}}, "other", True),
        ({"s3StreamsFolderPath": {"before": "old", "after": "new"}}, "other", False),
        ({}, "videos", False),
    ],
)
def test_files_of_a_stream_that_was_live_at_the_change_may_still_be_uploaded(
    changes: dict[str, Any], used: str, is_kept: bool
) -> None:
    """HLS files follow half a minute after the end of a stream, when no stream is live any more."""
    app = {"changes": changes, "uses": {"s3BucketName": used}, "live_streams": 2}
    found = narrowed(both(), before={"ams1": {"apps": {"live": app}}})
    assert bool(found.kept) is is_kept
    reason = "ams1: 2 streams were live in application 'live' when its settings changed"
    assert found.reasons == ([reason] if is_kept else [])


def test_a_number_of_streams_that_is_not_known_removes_nothing() -> None:
    app = {"changes": {"x": {}}, "uses": {"s3BucketName": "videos"}, "live_streams": None}
    found = narrowed(both(), before={"ams1": {"apps": {"live": app}}})
    assert (found.removed, found.kept) == ([], RIGHTS)
    assert found.reasons[0].startswith("ams1: an unknown number of streams was live")


@pytest.mark.parametrize("extensions", [(), ("mp4", "m3u8")])
def test_the_policy_has_the_rights_that_are_kept_and_no_more(extensions: tuple[str, ...]) -> None:
    intent = Intent(bucket="videos", region="eu-west-1", key_file_extensions=extensions)
    policy = key_policy(intent, ["streams"])
    with_old = key_policy(intent, ["streams", "old/streams"])
    kept = [f"videos/old/streams/*{ending}" for ending in [f".{each}" for each in extensions] or [""]]
    found = with_uploads(policy, kept)
    assert found["Statement"][0] == with_old["Statement"][0]
    assert sorted(found["Statement"][1]["Resource"]) == sorted(with_old["Statement"][1]["Resource"])
    assert with_uploads(policy, []) == policy
    assert with_uploads(policy, ["videos/streams/*"])["Statement"][0] == policy["Statement"][0]


def with_key(key: str) -> dict[str, Any]:
    return {"problem": None, "uploads": {"live": {"s3AccessKey": key}}}


@pytest.mark.parametrize(
    ("second", "reasons"),
    [
        (with_key("NEW"), []),
        (with_key("OLD"), ["application 'live' of ams2 uploads with its access key OLD"]),
        ({}, ["ams2: not read after the change"]),
        ({"problem": None, "uploads": None}, ["ams2: the console user may not list the applications"]),
    ],
)
def test_who_needs_the_keys_of_another_user(second: dict[str, Any], reasons: list[str]) -> None:
    after = {"ams1": with_key("NEW"), "ams2": second}
    assert list(needs_of_keys(["OLD", "OLDER"], HOSTS, after)) == reasons


def planned(**changes: Any) -> dict[str, Any]:
    """Return what the plan has read of an application that records to videos/streams."""
    uses = {"s3RecordingEnabled": True, "s3BucketName": "videos", "s3StreamsFolderPath": "streams"}
    values = {name: {"before": uses.get(name), "after": value} for name, value in changes.items()}
    return {"apps": {"live": {"changes": values, "uses": uses, "live_streams": 0}}}


def test_check_mode_predicts_what_servers_would_use() -> None:
    now = {**both(), "ams3": {"problem": {"kind": "unreachable"}}}
    plan = planned(s3StreamsFolderPath="new/streams", s3AccessKey="NEW")
    after = predict_after(dict.fromkeys((*HOSTS, "ams3"), plan), now, ["ams1", "ams3"])
    moved = after["ams1"]["uploads"]["live"]
    assert (moved["s3StreamsFolderPath"], moved["s3AccessKey"], moved["earlier_streams"]) == (
        "new/streams",
        "NEW",
        0,
    )
    assert (after["ams2"], after["ams3"]) == (now["ams2"], now["ams3"])


def test_check_mode_knows_of_applications_that_start_and_stop_recording() -> None:
    other = read("radio")
    off = predict_after({"ams1": planned(s3RecordingEnabled=False)}, {"ams1": read()}, ["ams1"])
    assert off["ams1"]["uploads"] == {}
    on = predict_after({"ams1": planned(s3Permission="private")}, {"ams1": other}, ["ams1"])
    assert list(on["ams1"]["uploads"]) == ["radio", "live"]
    same = predict_after({"ams1": planned()}, {"ams1": read(earlier=2)}, ["ams1"])
    assert same["ams1"]["uploads"]["live"]["earlier_streams"] == 2
