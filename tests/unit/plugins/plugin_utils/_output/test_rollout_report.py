# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The last word on a rollout that was stopped."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._output.rollout_report import (
    HostResult,
    format_stopped,
    group_notes,
    not_replaced,
)

STUCK = (
    "d: the previous settings could not be restored: the connection was refused. They are kept; "
    "when the server answers, run rollback.yml with s3_recording_rollback_run=R, or servers.yml again"
)


def test_every_host_is_told_as_it_is() -> None:
    batch = [
        HostResult("a", broken="the redirect is broken", back=True),
        HostResult("b", back=True, left_alone=["live: hlsTime"]),
        HostResult("c", read=True),
        HostResult("i", unchanged=True, unwritten=True),
        HostResult("j", by_node=True),
        HostResult("d", broken="no answer", stuck="the connection was refused."),
        HostResult("e", broken="wrong password", unwritten=True),
        HostResult("f"),
        HostResult("g", left_alone=["live: hlsTime"]),
    ]
    assert format_stopped(batch, [f"h{number}" for number in range(7)], "R").splitlines() == [
        "The rollout was stopped (run R).",
        "- a: the redirect is broken",
        "- d: no answer",
        "- e: wrong password",
        "The previous settings are restored on a, b.",
        "As before the run: c.",
        "Not changed by this run: i.",
        "Changed through another node of the cluster, and not read since that node was rolled back: j.",
        "Nothing was written to e.",
        "Not known: f. Run verify.yml for them, or rollback.yml with s3_recording_rollback_run=R.",
        STUCK,
        "b: not restored, somebody else changed it: live: hlsTime",
        "g: not restored, somebody else changed it: live: hlsTime",
        "Not touched: h0, h1, h2, h3, h4 and 2 more.",
    ]


@pytest.mark.parametrize("again", ["rotate_key.yml", "decommission.yml"])
def test_what_only_one_playbook_finishes_names_that_one_alone(again: str) -> None:
    """A decommissioning named rollback.yml, which is refused, and servers.yml, which turns it on again.

    With a rotation rollback.yml was named for the servers of which it is not known how they are.
    """
    batch = [HostResult("d", broken="no answer", stuck="the connection was refused."), HostResult("f")]
    text = format_stopped(batch, [], "R", again)
    assert f"when the server answers, run {again} again" in text
    assert f"Not known: f. Run {again} again." in text
    assert "rollback" not in text
    assert "servers.yml" not in text
    assert "has not made the leaked access key inactive" not in text


def test_a_leaked_key_that_was_not_made_inactive_is_named() -> None:
    text = format_stopped([HostResult("d", broken="no answer")], [], "R", "rotate_key.yml", leaked=True)
    assert "This run has not made the leaked access key inactive" in text
    assert "fails at the end to say which one was not replaced" in text


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
