# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What decommissioning would lose, and who still needs the bucket."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.filter.decommission import recording_decommission

BUCKET, BASE = "recordings", "https://recordings.s3.eu-west-1.amazonaws.com"
APPS = [{"name": "live", "settings": {"s3BucketName": BUCKET, "mp4MuxingEnabled": True}}]
RECORDING = {
    "s3RecordingEnabled": True,
    "s3BucketName": BUCKET,
    "mp4MuxingEnabled": True,
    "webMMuxingEnabled": False,
    "hlsMuxingEnabled": True,
    "deleteHLSFilesOnEnded": True,
    "uploadExtensionsToS3": 7,
    "httpForwardingExtension": "mp4",
    "httpForwardingBaseURL": BASE,
}
HLS_ALONE = {**RECORDING, "mp4MuxingEnabled": False}
OFF = {"s3RecordingEnabled": {"before": True, "after": False}}


def host(number: int = 1, cluster: str = "") -> dict[str, Any]:
    return {
        "bucket": BUCKET,
        "ams_url": f"https://ams{number}.example.com:5443",
        "cluster": cluster,
        "apps": APPS,
        "plays_at": {"live": f"https://ams{number}.example.com:5443/live/streams/NAME.mp4"},
    }


def decommission(
    *reads: dict[str, Any],
    changes: Any = None,
    cluster: str = "",
    check_mode: bool = False,
    missing: tuple[str, ...] = (),
    **bucket: Any,
) -> dict[str, Any]:
    """reads: of each host, settings of its applications (those alone for live) and counts."""
    hosts = {f"ams{number}": host(number, cluster) for number in range(1, len(reads) + 1)}
    done = {
        "changed": True,
        "apps": {"live": {"changed": True, "changes": OFF if changes is None else changes}},
    }
    hostvars = {
        name: {
            "__s3_recording_read": read,
            "__s3_recording_applied": {"failed": True} if name in missing else done,
        }
        for name, read in zip(hosts, reads, strict=True)
    }
    entry = {
        "bucket": BUCKET,
        "delivery": "public",
        "has_ownership": True,
        "key_given": False,
        "folders": ["previews", "streams"],
        "hosts": list(hosts),
        **bucket,
    }
    return recording_decommission({"hosts": hosts, "buckets": [entry]}, hostvars, check_mode)


def read(settings: Any = None, live: int | None = 0, **others: Any) -> dict[str, Any]:
    found = {"live": RECORDING if settings is None else settings, **others}
    return {"settings": found, "live_streams": {"live": live}, "applications": sorted(found)}


def test_recordings_that_would_be_nowhere_are_named_and_those_on_disk_are_counted() -> None:
    """HLS files of a stream that is live are deleted without an upload (measured on AMS 2.17.1)."""
    found = decommission(read(live=2), read(HLS_ALONE, 1), read(HLS_ALONE), read(live=None))
    assert found["lost"] == [
        "ams2 (live): 1 live stream, recorded as HLS alone, which the server would delete without an upload"
    ]
    assert found["left_on_disk"] == [
        "ams1 (live): 2 live streams",
        "ams4 (live): it is not known whether streams are live",
    ]


@pytest.mark.parametrize(
    "kept",
    [
        {"deleteHLSFilesOnEnded": False},
        {"uploadExtensionsToS3": 1},
        {"webMMuxingEnabled": True},
        {"hlsMuxingEnabled": False},
        {"s3RecordingEnabled": False},
        {"s3BucketName": "another"},
    ],
)
def test_nothing_is_lost_where_files_stay_or_nothing_is_recorded(kept: dict[str, Any]) -> None:
    assert decommission(read({**HLS_ALONE, **kept}, 3))["lost"] == []


def test_what_is_not_known_counts_as_live_where_it_would_be_lost() -> None:
    assert "not known whether streams are live" in decommission(read(HLS_ALONE, None))["lost"][0]


def test_streams_of_a_cluster_are_counted_once() -> None:
    assert decommission(read(live=2), read(live=2), cluster="east")["left_on_disk"] == [
        "ams1 (live): 2 live streams"
    ]


def test_an_application_beside_the_inventory_still_needs_the_key() -> None:
    others: dict[str, Any] = {"LiveApp": RECORDING, "WebRTCApp": {**RECORDING, "s3BucketName": "another"}}
    found = decommission(read(**others), read())
    assert found["buckets"][BUCKET]["needed_by"] == ["ams1 (LiveApp)"]


def test_all_hosts_are_held_against_the_bucket_whichever_bucket_is_theirs() -> None:
    """An application was compared with its own host's bucket alone, and the key that it used was deleted."""
    east = {**host(1), "bucket": "east"}
    west = {**host(2), "bucket": "west"}
    done = {"changed": True, "apps": {"live": {"changed": True, "changes": OFF}}}
    to = {bucket: {**RECORDING, "s3BucketName": bucket} for bucket in ("east", "west")}

    def needed(**reads: Any) -> dict[str, Any]:
        hostvars = {
            name: {"__s3_recording_read": each, "__s3_recording_applied": done if "settings" in each else {}}
            for name, each in reads.items()
        }
        entries = [
            {"bucket": name, "hosts": [member], "delivery": "private", "key_given": False, "folders": []}
            for name, member in (("east", "ams1"), ("west", "ams2"))
        ]
        plan = {"hosts": {"ams1": east, "ams2": west}, "buckets": entries}
        found = recording_decommission(plan, hostvars)["buckets"]
        return {name: each["needed_by"] for name, each in found.items()}

    assert needed(ams1=read(to["east"]), ams2=read(to["west"])) == {"east": [], "west": []}
    # The second is named, but for the bucket of its host, and stays as it is.
    assert needed(ams1=read(to["east"], LiveApp=to["west"]), ams2=read(to["east"])) == {
        "east": ["ams2 (live)"],
        "west": ["ams1 (LiveApp)"],
    }
    # A server that was not read is known to be missing where it is, and unknown everywhere else.
    unknown = "the applications of ams2 could not be listed"
    assert needed(ams1=read(to["east"]), ams2={"failed": True}) == {"east": [unknown], "west": []}
    gone_for_good = {"skipped": True}
    assert needed(ams1=read(to["east"]), ams2=gone_for_good) == {"east": [], "west": []}


def test_applications_that_may_not_be_listed_may_need_the_key() -> None:
    """To a user of one application the server lists none. Those beside it were taken for not there."""
    found = decommission({**read(), "applications": None}, read())
    assert found["buckets"][BUCKET]["needed_by"] == ["the applications of ams1 could not be listed"]
