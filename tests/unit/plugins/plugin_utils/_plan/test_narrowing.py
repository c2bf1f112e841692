# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Upload rights are removed when no server needs them; what is not known removes nothing."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.key_policy import key_policy
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.model import Intent
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._plan.narrowing import (
    narrow,
    narrowed_policy,
)

BUCKET = {"bucket": "videos", "hosts": ["ams1", "ams2"]}
RIGHTS = ["videos/live/streams/*", "videos/old/streams/*"]


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


def test_what_no_server_records_to_is_removed() -> None:
    found = narrow(BUCKET, RIGHTS, both(), ())
    assert (found.removed, found.kept, found.reasons) == (RIGHTS, [], [])


def test_a_folder_that_an_application_records_to_is_kept_and_the_application_is_named() -> None:
    found = narrow(BUCKET, RIGHTS, both(read("radio", "old/streams/")), ())
    assert found.removed == ["videos/live/streams/*"]
    assert found.kept == ["videos/old/streams/*"]
    assert found.reasons == ["application 'radio' of ams2 records to old/streams"]


def test_the_servers_of_an_application_are_one_reason() -> None:
    old = read("live", "old/streams")
    found = narrow(BUCKET, [*RIGHTS, "videos/previews/*"], {"ams1": old, "ams2": old}, ())
    assert found.reasons == ["application 'live' of ams1, ams2 records to old/streams, previews"]


def test_a_server_of_another_bucket_that_still_records_here_keeps_its_rights() -> None:
    moved = {**both(), "ams3": read("live", "old/streams")}
    assert narrow(BUCKET, RIGHTS, moved, ()).kept == ["videos/old/streams/*"]


def test_the_folder_of_another_bucket_needs_nothing_here() -> None:
    assert narrow(BUCKET, RIGHTS, both(read("live", "old/streams", bucket="other")), ()).kept == []


@pytest.mark.parametrize(
    ("second", "reason"),
    [
        ({}, "ams2 was not read after the change"),
        ({"problem": {"kind": "unreachable"}, "uploads": {}}, "ams2 was not read after the change"),
        ({"problem": None, "uploads": None}, "the console user of ams2 may not list its applications"),
        (read(earlier=1), "ams2 has 1 stream that is live in application 'live' since before the change"),
        (read(earlier=3), "ams2 has 3 streams that are live in application 'live' since before the change"),
        (read(earlier=None), "ams2 has too many broadcasts in application 'live'"),
    ],
)
def test_what_is_not_known_removes_nothing(second: Any, reason: str) -> None:
    found = narrow(BUCKET, RIGHTS, both(second), ())
    assert (found.removed, found.kept) == ([], RIGHTS)
    assert found.reasons[0].startswith(reason)


def test_a_server_that_is_gone_for_good_keeps_nothing() -> None:
    assert narrow(BUCKET, RIGHTS, {"ams1": read()}, ["ams2"]).removed == RIGHTS


def test_a_stream_of_another_bucket_does_not_matter() -> None:
    other = {**both(), "ams9": read("live", "streams", bucket="other", earlier=2)}
    assert narrow(BUCKET, RIGHTS, other, ()).removed == RIGHTS


@pytest.mark.parametrize("extensions", [(), ("mp4", "m3u8")])
def test_the_policy_has_the_rights_that_are_kept_and_no_more(extensions: tuple[str, ...]) -> None:
    intent = Intent(bucket="videos", region="eu-west-1", key_file_extensions=extensions)
    policy = key_policy(intent, ["streams"])
    with_old = key_policy(intent, ["streams", "old/streams"])
    kept = [f"videos/old/streams/*{ending}" for ending in [f".{each}" for each in extensions] or [""]]
    found = narrowed_policy(policy, kept)
    assert found["Statement"][0] == with_old["Statement"][0]
    assert sorted(found["Statement"][1]["Resource"]) == sorted(with_old["Statement"][1]["Resource"])
    assert narrowed_policy(policy, []) == policy
    assert narrowed_policy(policy, ["videos/streams/*"])["Statement"][0] == policy["Statement"][0]
