# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the jobs after a rollout are told of each host."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.filter.recording import (
    recording_changes,
    recording_outcomes,
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
        (of_host(), "unchanged"),
    ],
)
def test_each_host_has_one_outcome(host: dict[str, Any], outcome: str) -> None:
    assert recording_outcomes(["ams-1"], {"ams-1": host}) == {"ams-1": outcome}


def test_changes_are_one_line_a_host() -> None:
    hosts = {"ams-1": of_host(CHANGED), "ams-2": of_host({"changed": False, "msg": "x"}), "ams-3": of_host()}
    assert recording_changes(hosts, hosts) == ["ams-1: live: 1 setting changed (mp4MuxingEnabled)"]
