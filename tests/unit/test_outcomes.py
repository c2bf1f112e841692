# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the jobs after a rollout are told of each host."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.filter.recording import (
    recording_changes,
    recording_outcomes,
    recording_stopped,
)

CHANGED = {"changed": True, "msg": "live: 1 setting changed (mp4MuxingEnabled)"}
BACK = {"apps": {"live": {"changed": True}, "LiveApp": {"changed": False}}}
NOTHING_BACK = {"apps": {"live": {"changed": False}}}


def of_host(applied: Any = None, proof: Any = None, back: Any = None) -> dict[str, Any]:
    return {
        f"__s3_recording_{name}": value
        for name, value in (("applied", applied), ("proof", proof), ("back", back))
        if value is not None
    }


@pytest.mark.parametrize(
    ("host", "outcome"),
    [
        (of_host(CHANGED), "changed"),
        (of_host(CHANGED, {"proved": True}), "changed"),
        (of_host({"changed": False}), "unchanged"),
        (of_host({"failed": True, "msg": "no"}), "failed"),
        (of_host({"unreachable": True}), "failed"),
        (of_host({"failed": True}, back=NOTHING_BACK), "failed"),
        (of_host({"changed": False}, back=NOTHING_BACK), "unchanged"),
        (of_host({"changed": False}, {"failed": True}, NOTHING_BACK), "failed"),
        (of_host(CHANGED, {"failed": True}, BACK), "restored"),
        (of_host(CHANGED, back=BACK), "restored"),
        (of_host(CHANGED, {"failed": True}, {"failed": True, "msg": "gone"}), "stuck"),
        (of_host(), "unknown"),
    ],
)
def test_each_host_has_one_outcome(host: dict[str, Any], outcome: str) -> None:
    assert recording_outcomes(["ams-1"], {"ams-1": host}) == {"ams-1": outcome}


def test_changes_are_one_line_a_host() -> None:
    hosts = {"ams-1": of_host(CHANGED), "ams-2": of_host({"changed": False, "msg": "x"}), "ams-3": of_host()}
    assert recording_changes(hosts, hosts) == ["ams-1: live: 1 setting changed (mp4MuxingEnabled)"]


READ = {"changed": False, "apps": {"live": {"changed": False}}}
NOTHING_TO_TAKE_BACK = {"changed": False, "apps": {}, "left_alone": {}, "runs": []}
SKIPPED = {"changed": False, "skipped": True}
FAILED = {"failed": True, "msg": "no"}
REFUSED = {**FAILED, "login_refused": True}


@pytest.mark.parametrize(
    ("host", "line"),
    [
        (of_host(CHANGED, FAILED, BACK), "The former settings are back on ams-1."),
        (of_host(CHANGED, FAILED, NOTHING_BACK), "As before the run: ams-1."),
        (of_host(READ, back=NOTHING_TO_TAKE_BACK), "Not changed by this run: ams-1."),
        (of_host({**READ, "written_by": "a"}, back=NOTHING_TO_TAKE_BACK), "Changed through another node"),
        (of_host(CHANGED, back=NOTHING_TO_TAKE_BACK), "Not known: ams-1."),
        (of_host(FAILED, back=NOTHING_TO_TAKE_BACK), "Nothing was written to ams-1."),
        (of_host(REFUSED, back=SKIPPED), "Nothing was written to ams-1."),
        (of_host(SKIPPED), "Nothing was written to ams-1."),
        (of_host(), "Not known: ams-1."),
        (of_host(CHANGED), "Not known: ams-1."),
        (of_host({"unreachable": True, "msg": "gone"}), "Not known: ams-1."),
    ],
)
def test_as_before_is_said_of_a_server_that_was_read(host: dict[str, Any], line: str) -> None:
    """Without this every host without a failed restore is called as before, also one that has no result."""
    said = recording_stopped(["ams-1"], {"ams-1": host}, ["ams-1"], "R").splitlines()
    states = [each for each in said if not each.startswith(("The rollout", "- "))]
    assert len(states) == 1
    assert states[0].startswith(line)
