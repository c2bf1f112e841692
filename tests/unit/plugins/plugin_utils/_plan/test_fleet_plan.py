# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is desired against what was read: changes, refusals and warnings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.backup_file import unverified_path
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.key_policy import key_policy
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.model import Intent
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._plan.fleet_plan import (
    Storage,
    next_key,
    plan_run,
)

CHANGE = {"s3BucketName": {"before": "", "after": "videos"}}


@pytest.fixture
def desired(tmp_path: Path) -> dict[str, Any]:
    hosts = {
        host: {"bucket": "videos", "backup_path": str(tmp_path / f"{host}.json")}
        for host in ("ams1", "ams2", "ams3")
    }
    bucket = {
        "bucket": "videos",
        "region": "eu-west-1",
        "has_access": True,
        "cors_elsewhere": "",
        "key_given": False,
        "hosts": list(hosts),
        "iam_user": "recorder",
        "key_policy": key_policy(Intent(bucket="videos"), ["streams", "previews"]),
    }
    return {"buckets": [bucket], "hosts": hosts, "problems": []}


def read(
    changes: Mapping[str, Any] | None = None, live: int | None = 0, warnings: tuple[str, ...] = ()
) -> dict[str, Any]:
    return {
        "apps": {
            "live": {
                "changes": dict(changes or {}),
                "live_streams": live,
                "broken_links": 0,
                "left_behind": 0,
            }
        },
        "warnings": list(warnings),
        "problem": None,
    }


def broken(kind: str, text: str = "no answer", remedy: str = "Is it up?") -> dict[str, Any]:
    return {"problem": {"kind": kind, "tried": "Logging in", "actual": text, "remedy": remedy}}


def test_only_servers_that_differ_are_to_be_changed(desired: dict[str, Any]) -> None:
    plan = plan_run(desired, Storage(), {"ams1": read(CHANGE), "ams2": read(), "ams3": read()})
    servers = plan["servers"]
    assert servers["changing"] == {"ams1": {"live": ["s3BucketName"]}}
    assert servers["changes"] == {"ams1": {"live": CHANGE}}
    assert servers["unchanged"] == ["ams2", "ams3"]
    assert servers["present"] == ["ams1", "ams2", "ams3"]
    assert plan["problems"] == []


def test_a_change_that_an_earlier_run_did_not_verify_is_still_to_do(desired: dict[str, Any]) -> None:
    Path(unverified_path(desired["hosts"]["ams2"]["backup_path"])).write_text("{}")
    servers = plan_run(desired, Storage(), dict.fromkeys(desired["hosts"], read()))["servers"]
    assert servers["changing"] == {"ams2": {}}
    assert servers["unchanged"] == ["ams1", "ams3"]


def test_a_run_that_verifies_nothing_has_no_task_for_what_is_not_verified(desired: dict[str, Any]) -> None:
    """It would have one in each run, for ever."""
    Path(unverified_path(desired["hosts"]["ams2"]["backup_path"])).write_text("{}")
    plan = plan_run(desired, Storage(), dict.fromkeys(desired["hosts"], read()), verifies=False)
    assert plan["servers"]["changing"] == {}
    assert plan["warnings"] == []


def test_all_problems_at_once_each_with_its_host(desired: dict[str, Any]) -> None:
    reads = {"ams1": broken("login", "wrong password", "Correct it"), "ams2": broken("refused", "HTML", "")}
    plan = plan_run(desired, Storage(problems=["videos: somebody else's"]), reads)
    assert [(each["hosts"], each["text"], each["remedy"]) for each in plan["problems"][:3]] == [
        ([], "videos: somebody else's", ""),
        (["ams1"], "Logging in: wrong password", "Correct it"),
        (["ams2"], "Logging in: HTML", ""),
    ]
    # What no task has read is no server that is fine.
    assert plan["problems"][3]["hosts"] == ["ams3"]
    assert "Ansible did not reach it" in plan["problems"][3]["text"]
    assert plan["servers"]["changing"] == {}
    assert plan["servers"]["unchanged"] == []


def test_a_server_out_of_reach_stops_the_run(desired: dict[str, Any]) -> None:
    reads = {**dict.fromkeys(desired["hosts"], read()), "ams2": broken("unreachable")}
    plan = plan_run(desired, Storage(), reads)
    (problem,) = plan["problems"]
    assert problem["hosts"] == ["ams2"]
    assert "s3_recording_skip_unreachable" in problem["remedy"]
    assert "s3_recording_gone_hosts" in problem["remedy"]
    assert plan["servers"]["unreachable"] == {"ams2": "Logging in: no answer"}
    assert plan["servers"]["skipped"] == []


def test_as_many_out_of_reach_as_are_allowed_are_left_out(desired: dict[str, Any]) -> None:
    reads = {"ams1": read(CHANGE), "ams2": broken("unreachable"), "ams3": broken("unreachable")}
    assert plan_run(desired, Storage(), reads, most_unreachable=1)["problems"]
    plan = plan_run(desired, Storage(), reads, most_unreachable=2)
    assert plan["problems"] == []
    assert plan["servers"]["skipped"] == ["ams2", "ams3"]
    assert plan["servers"]["present"] == ["ams1"]
    assert [each["hosts"] for each in plan["warnings"]] == [["ams2"], ["ams3"]]


def test_a_wrong_password_is_never_left_out(desired: dict[str, Any]) -> None:
    reads = {**dict.fromkeys(desired["hosts"], read()), "ams2": broken("login")}
    plan = plan_run(desired, Storage(), reads, most_unreachable=3)
    assert [each["hosts"] for each in plan["problems"]] == [["ams2"]]


def test_hosts_that_are_gone_are_not_asked_for(desired: dict[str, Any]) -> None:
    plan = plan_run(desired, Storage(), {"ams1": read(), "ams2": read()}, gone=["ams3", "other"])
    assert plan["problems"] == []
    assert plan["servers"]["gone"] == ["ams3"]
    assert plan["servers"]["present"] == ["ams1", "ams2"]
    assert plan["warnings"][0]["hosts"] == ["ams3"]


def test_live_streams_are_named_where_their_recordings_move(desired: dict[str, Any]) -> None:
    reads = {
        "ams1": read(CHANGE, live=14),
        "ams2": read({"mp4MuxingEnabled": {"before": False, "after": True}}, live=3),
        "ams3": read(live=2),
    }
    (warning,) = plan_run(desired, Storage(), reads)["warnings"]
    assert warning["hosts"] == ["ams1"]
    assert "14 streams are live" in warning["text"]
    assert "bucket videos" in warning["text"]


def test_a_plan_that_reads_no_server_changes_none(desired: dict[str, Any]) -> None:
    bucket = {"changes": [{"action": "add", "what": "bucket", "text": "create the bucket"}]}
    plan = plan_run(desired, Storage({"videos": bucket}), None)
    assert plan["problems"] == []
    assert plan["servers"]["changing"] == {}
    assert plan["servers"]["present"] == ["ams1", "ams2", "ams3"]
    nothing: dict[str, Any] = {"later": [], "left_to_user": [], "folders_in_use": []}
    keys = {"described": "", "users": {}, "not_read": ["ams1", "ams2", "ams3"], "gone": []}
    assert plan["buckets"] == {"videos": {"region": "eu-west-1", **nothing, **bucket, "keys": keys}}


def test_a_rotation_adds_a_key(desired: dict[str, Any]) -> None:
    bucket = {"bucket": "videos", "iam_user": "recorder", "key_store": "ssm", "key_stored_at": "/videos"}
    change = next_key(bucket)
    plan = plan_run(desired, Storage({"videos": {"changes": [change]}}), {})
    assert plan["buckets"]["videos"]["changes"] == [change]
    assert (change["action"], change["what"]) == ("add", "key")
    assert change["text"] == "IAM user recorder will get the next access key, stored in ssm /videos"


def test_what_the_role_does_not_set_at_a_provider_is_left_to_the_user(
    desired: dict[str, Any],
) -> None:
    desired["buckets"][0].update(has_access=False, cors_elsewhere="the settings of its console")
    assert plan_run(desired, Storage(), None)["buckets"]["videos"]["left_to_user"] == [
        "who may read videos, since its provider has no bucket policies",
        "the CORS rules of videos, set by the settings of its console",
    ]
