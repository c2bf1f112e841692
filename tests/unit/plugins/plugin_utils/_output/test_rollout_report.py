# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The last word on a rollout that was stopped."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._output.rollout_report import (
    HostResult,
    describe_states,
    describe_stop,
    group_notes,
    not_replaced,
)

STUCK = (
    "d: the previous settings could not be restored: the connection was refused. They are kept; "
    "when the server answers, run rollback.yml with s3_recording_rollback_run=R, or servers.yml again"
)


def test_every_host_is_told_as_it_is() -> None:
    batch = [
        HostResult("a", back=True),
        HostResult("b", back=True, left_alone=["live: hlsTime"]),
        HostResult("c", read=True),
        HostResult("i", unchanged=True, unwritten=True),
        HostResult("j", by_node=True),
        HostResult("d", stuck="the connection was refused."),
        HostResult("e", unwritten=True),
        HostResult("f"),
        HostResult("g", left_alone=["live: mp4MuxingEnabled"]),
    ]
    assert describe_states(batch, "R") == [
        "The previous settings are restored on a, b.",
        "As before the run: c.",
        "Not changed by this run: i.",
        "Changed through another node of the cluster, and not read since that node was rolled back: j.",
        "Nothing was written to e.",
        "Not known: f. Run verify.yml for them, or rollback.yml with s3_recording_rollback_run=R.",
        STUCK,
        "b: not restored, somebody else changed it: live: hlsTime",
        "g: not restored, somebody else changed it: live: mp4MuxingEnabled",
    ]


def test_what_is_so_on_many_servers_is_one_line() -> None:
    """A line a server was cut off by the limit of the result, with the servers that need somebody."""
    hosts = [f"ams{number}" for number in range(1, 31)]
    batch = [HostResult(host, stuck=f"https://{host}:5443: the connection was refused.") for host in hosts]
    batch += [HostResult(f"x{number}", left_alone=["live: hlsTime"]) for number in range(2)]
    stuck, left_alone = describe_states(batch, "R")
    assert stuck.startswith(
        "ams1, ams2, ams3, ams4, ams5 and 25 more: the previous settings could not be restored: the server: "
        "the connection was refused. They are kept; "
    )
    assert left_alone == "x0 and x1: not restored, somebody else changed it: live: hlsTime"


@pytest.mark.parametrize("again", ["rotate_key.yml", "decommission.yml"])
def test_what_only_one_playbook_finishes_names_that_one_alone(again: str) -> None:
    """A decommissioning named rollback.yml, which is refused, and servers.yml, which turns it on again.

    With a rotation rollback.yml was named for the servers of which it is not known how they are.
    """
    batch = [HostResult("d", stuck="the connection was refused."), HostResult("f")]
    text = "\n".join([*describe_stop("R", {}), *describe_states(batch, "R", again)])
    assert f"when the server answers, run {again} again" in text
    assert f"Not known: f. Run {again} again." in text
    assert "rollback" not in text
    assert "servers.yml" not in text
    assert "has not made the leaked access key inactive" not in text


def test_a_leaked_key_that_was_not_made_inactive_is_named() -> None:
    first, leaked, on_aws = describe_stop("R", {"b": ["bucket", "CORS rule"]}, leaked=True)
    assert first == "The rollout was stopped (run R)."
    assert leaked.startswith("This run has not made the leaked access key inactive")
    assert leaked.endswith("fails at the end to say which one was not replaced.")
    assert on_aws == "Changed on AWS, and not rolled back with the servers: bucket, CORS rule of b."


def test_many_buckets_leave_room_for_what_else_a_stopped_rollout_leaves() -> None:
    lines = describe_stop("R", {f"b{number}": ["bucket"] for number in range(9)})
    assert len(lines) == 4
    assert lines[-1] == "Changed on AWS: and 7 more buckets"


def retired(key: str, *inactive: str, deleted: tuple[str, ...] = ()) -> dict[str, Any]:
    former = [{"access_key_id": each, "active": False} for each in inactive]
    return {"access_key_id": key, "previous_access_keys": former, "deleted_access_key_ids": list(deleted)}


def test_a_leaked_key_that_a_run_only_moved_to_is_named_as_the_last_word() -> None:
    """K2 leaked while the rotation K1 to K2 was not finished: K1 became inactive, and the run ended well."""
    kept = {"b": "K2"}
    assert not_replaced({"b": retired("K2", "K1")}, kept, False) == (
        "b: K1 is now inactive. K2 was NOT replaced: if K2 is the leaked one, run this again."
    )
    gone = not_replaced({"b": retired("K2", deleted=("K1",))}, kept, False)
    assert gone.startswith("b: K1 is now deleted. K2 was NOT replaced")
    assert not_replaced({"b": retired("K2", "K1")}, kept, True) == (
        "b: K1 would be inactive. K2 would NOT be replaced: if K2 is the leaked one, run this twice."
    )


def test_a_key_that_was_replaced_leaves_nothing_open() -> None:
    assert not_replaced({"b": retired("K2", "K1")}, {}, False) == ""
    assert not_replaced({"b": retired("K3", "K2")}, {"b": "K2"}, False) == ""
    assert not_replaced({}, {"b": "K2"}, False) == ""


def test_what_holds_for_many_servers_is_said_once() -> None:
    def of(host: str, text: str) -> str:
        return f"https://{host}.example.com:5443, application 'live': {text}"

    notes = {f"ams-{number}": [of(f"ams-{number}", "2 recordings are on the disk")] for number in range(1, 8)}
    notes["ams-8"] = [of("ams-8", "3 recordings are on the disk")]
    first, second = group_notes(notes).splitlines()
    assert first.startswith("ams-1, ams-2, ams-3, ams-4, ams-5 and 2 more: the server, application 'live': 2")
    assert second == "ams-8: the server, application 'live': 3 recordings are on the disk"
    assert group_notes({"ams-1": []}) == ""
