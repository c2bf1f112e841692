# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What decommissioning undoes, what it would lose, and what it says of links that stop working."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.filter.decommission import recording_decommission
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.backup_file import BackupFile
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.settings import Change
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.errors import AmsError
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._steps.app_settings import (
    removal_settings,
)
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._steps.arguments import arguments_of
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._steps.task_variables import TaskVariables

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


def told(found: dict[str, Any]) -> str:
    of_bucket = found["buckets"][BUCKET]
    return "\n".join([*of_bucket["result"], *of_bucket["stays"]])


def test_what_a_run_has_turned_on_goes_back_to_what_the_backup_has() -> None:
    """MP4 recording stayed on, which site.yml had turned on, and the disks filled."""
    mp4: dict[str, Any] = {"before": False, "after": True}
    own: dict[str, Any] = {"before": "1", "after": "4"}
    kept = {
        "live": {"mp4MuxingEnabled": mp4, "hlsTime": own, "s3BucketName": {"before": "", "after": BUCKET}}
    }
    (asked,) = removal_settings(APPS, BUCKET, kept)
    assert asked["undo"] == {"mp4MuxingEnabled": mp4, "hlsTime": own}
    assert "mp4MuxingEnabled" not in asked["reset"]
    (asked,) = removal_settings(APPS, BUCKET, {"LiveApp": {"mp4MuxingEnabled": mp4}})
    assert asked["undo"] == {}


def arguments(hosts: dict[str, Any]) -> dict[str, Any]:
    variables = {
        **{f"s3_recording_ams_{name}": "" for name in ("email", "password", "jwt_token", "validate_certs")},
        "s3_recording_ams_ca_path": "",
        "s3_recording_ams_timeout": "",
        "s3_recording_ams_start_timeout": 1,
        "s3_recording_cluster_timeout": 1,
        "__s3_recording_run": "20260404T000000Z",
        "__s3_recording_removes": True,
        "inventory_hostname": "ams1",
        "__s3_recording_fleet": {"hosts": hosts},
    }
    as_it_is = SimpleNamespace(template=lambda value: value)
    return arguments_of("apply", TaskVariables(variables, as_it_is))


def test_the_oldest_backup_counts_and_in_a_cluster_that_of_any_node(tmp_path: Path) -> None:
    """One node of a cluster is written, and has the backup; all have to ask for the same."""
    hosts = {
        f"ams{number}": {
            **host(number, "east"),
            "cluster_hosts": 2,
            "backup_path": str(tmp_path / f"{number}.json"),
        }
        for number in (1, 2)
    }
    second = BackupFile(hosts["ams2"]["backup_path"], hosts["ams2"]["ams_url"])
    for run, before in (("20260101T000000Z", False), ("20260202T000000Z", True), ("20260303T000000Z", False)):
        second.add(run, {"live": Change({"mp4MuxingEnabled": before}, {"mp4MuxingEnabled": not before})})
    second.mark_verified()
    (app,) = arguments(hosts)["apps"]
    assert app["undo"] == {"mp4MuxingEnabled": {"before": False, "after": True}}
    Path(hosts["ams2"]["backup_path"]).write_text("{", encoding="utf-8")
    with pytest.raises(AmsError, match="damaged"):
        arguments(hosts)


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


def test_applications_that_may_not_be_listed_may_need_the_key() -> None:
    """To a user of one application the server lists none. Those beside it were taken for not there."""
    found = decommission({**read(), "applications": None}, read())
    assert found["buckets"][BUCKET]["needed_by"] == ["the applications of ams1 could not be listed"]


def test_links_that_stop_working_and_recordings_that_stay_are_told_with_addresses() -> None:
    words = told(decommission(read(), read()))
    assert "Recording to recordings and forwarding are off on 2 servers: ams1, ams2." in words
    link = "https://ams1.example.com:5443/live/streams/NAME.mp4"
    assert f"Links such as {link} do not lead to the bucket any more. The server answers 404" in words
    assert f"everybody can still read them at {BASE}/streams/NAME.mp4" in words
    assert "aws s3api put-public-access-block --bucket recordings" in words
    predicted = told(decommission(read(), check_mode=True))
    assert "forwarding would be off on 1 server: ams1." in predicted
    assert f"{link} would not lead" in predicted


@pytest.mark.parametrize(
    ("bucket", "said"),
    [
        (
            {"delivery": "private"},
            "only be read with credentials: aws s3 cp s3://recordings/streams/NAME.mp4 .",
        ),
        ({"delivery": "cloudfront"}, f"distribution stays too and serves them at {BASE}/streams/NAME.mp4."),
        (
            {"has_ownership": False},
            "remove the statement AntMediaRecordingsPublicRead from its bucket policy",
        ),
        ({"has_ownership": False, "delivery": "acl"}, "make the objects' ACLs private"),
        ({"key_given": True}, "The access key from the inventory stays."),
    ],
)
def test_who_may_read_them_goes_by_the_delivery(bucket: dict[str, Any], said: str) -> None:
    assert said in told(decommission(read(), **bucket))


def test_what_was_never_forwarded_stops_no_link() -> None:
    silent = {**RECORDING, "httpForwardingBaseURL": "", "httpForwardingExtension": ""}
    assert "Links" not in told(decommission(read(silent)))


def test_mp4_recording_that_stays_on_is_said_with_the_way_to_stop_it() -> None:
    words = told(decommission(read(), read({**RECORDING, "mp4MuxingEnabled": False})))
    assert "MP4 recording stays on and writes to the server's disk" in words
    assert "was off: ams1 (live). To stop it, set mp4MuxingEnabled to false." in words
    back = told(decommission(read(), changes={**OFF, "mp4MuxingEnabled": {"before": True, "after": False}}))
    assert "MP4 recording is off again, as before the first run: ams1 (live)." in back
    assert "stays on" not in back


def test_a_server_that_was_not_seen_and_one_that_records_elsewhere_are_not_called_off() -> None:
    elsewhere = {**RECORDING, "s3BucketName": "another"}
    found = decommission(read(), {}, read(elsewhere, 4), missing=("ams2",))
    words = told(found)
    assert "off on 2 servers: ams1, ams3." in words
    assert "Left alone, since they record elsewhere: ams3 (live)." in words
    assert found["left_on_disk"] == []


def test_a_server_that_was_decommissioned_before_is_off_and_its_links_are_told_again() -> None:
    off = {**RECORDING, "s3RecordingEnabled": False, "s3BucketName": "", "mp4MuxingEnabled": False}
    off |= {"httpForwardingBaseURL": "", "httpForwardingExtension": ""}
    found = decommission(read(off, 5), changes={})
    assert "off on 1 server: ams1." in told(found)
    assert (found["lost"], found["left_on_disk"]) == ([], [])
