# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a rollback did, on which hosts, and what is left to do."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.filter.rollback import recording_restored
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._output.rollback_report import (
    Rollback,
    describe_rollback,
)

SITE = "20260101T000000Z"
BACK = {"restored": {"live": ["hlsTime"]}}
OTHERS = {"left_alone": {"live": {"hlsTime": "9"}}}
LEFT_ALONE = (
    f"not restored, because somebody else has changed it since run {SITE}: live: hlsTime. "
    "The previous value stays in the backup"
)


def result(results: dict[str, Any], **parts: Any) -> tuple[list[str], list[str]]:
    return describe_rollback(results, Rollback(SITE, **parts))


def test_a_rollback_read_aloud() -> None:
    results = {
        "a": {**BACK, "key_stays": {"live": ["s3AccessKey"]}},
        "b": {**BACK, **OTHERS},
        "c": {},
        "d": {"failed": True, "msg": "https://d: no answer."},
        "e": {},
        "f": {},
    }
    lines, failed = result(
        results,
        done=["c"],
        elsewhere=["x", "y"],
        clusters={"a": "one", "e": "one"},
        buckets=dict.fromkeys(results, "myvideos"),
        set_again=["a"],
    )
    back = f"2 servers have their settings from before run {SITE} again"
    kept = "Its backup is kept: fix that, then run the same command again"
    both = f"x and y still have the changes of run {SITE}, since this play was without them."
    stay = "bucket myvideos, who may read there, and the access key stay as they are"
    again = "the next site.yml will set it up again, unless you change the inventory first"
    assert lines == [
        f"RESULT  1 of 6 servers could not be restored. {back}",
        f"  ! d: maybe not restored: https://d: no answer. {kept}",
        f"  ! b: {LEFT_ALONE}",
        "  Restored     a and b",
        f"  Already      c: the changes of run {SITE} were undone there before",
        "  Cluster      e: restored with another node of the cluster, and not read",
        f"  No backup    f: the backup has no run from {SITE} on, so nothing was done there",
        "  Key stays    a: a replaced access key is not written back, since it may be deleted by now",
        f"  Not done     {both} To restore them too, run the same command without --limit",
        f"  On AWS       nothing is rolled back: {stay}",
        f"  Next         the inventory still asks for what was undone on a: {again}",
    ]
    assert failed == ["d"]


def test_a_rollback_in_check_mode_and_of_one_server() -> None:
    lines, failed = result({"a": BACK}, check_mode=True, elsewhere=["b"])
    assert lines[:2] == [
        f"RESULT  1 server would have its settings from before run {SITE} again",
        "  Restored     would be a",
    ]
    assert "b still has the changes" in lines[2]
    assert failed == []
    assert result({"a": {}}, check_mode=True)[0][0] == "RESULT  no server would be changed"
    assert result({"a": BACK})[0][0].startswith("RESULT  1 server has its settings")


@pytest.mark.parametrize(
    ("results", "is_named", "failed"),
    [
        ({"a": OTHERS}, True, ["a"]),
        ({"a": {"key_stays": {"live": ["s3AccessKey"]}}}, True, ["a"]),
        # It ended well, although the result said that one server was not restored.
        ({"a": OTHERS, "b": BACK}, True, ["a"]),
        # In a workflow of AWX, where nothing may be left to do.
        ({"a": OTHERS}, False, []),
        ({"a": {}}, True, []),
        ({"a": {"unreachable": True, "msg": "no route"}}, False, ["a"]),
    ],
)
def test_the_servers_that_fail(results: dict[str, Any], is_named: bool, failed: list[str]) -> None:
    lines, found = result(results, is_named=is_named)
    assert found == failed
    assert lines[0].startswith("RESULT  no server was changed") == (
        len(results) == 1 and "no route" not in str(results)
    )


def test_a_server_that_a_run_changed_is_never_called_one_that_no_run_changed() -> None:
    lines, failed = result({"a": {}}, done=["a"])
    assert lines == [
        "RESULT  no server was changed",
        f"  Already      a: the changes of run {SITE} were undone there before",
    ]
    assert failed == []
    again = f"{lines[1]}. Run 20260102T000000Z has changed servers there since: to undo that one, name it"
    assert result({"a": {}}, done=["a"], later="20260102T000000Z")[0][1] == again


def test_a_server_without_a_result_is_not_called_one_with_nothing_to_restore() -> None:
    hostvars: dict[str, dict[str, Any]] = {"a": {}, "b": {"__s3_recording_restored": {"skipped": True}}}
    rollback = {"since": SITE, "hosts": ["a"], "done": [], "later": "", "elsewhere": [], "set_again": []}
    planned = {host: {"bucket": "myvideos"} for host in "ab"}
    found = recording_restored(["a", "b"], hostvars, rollback, planned)
    assert "  ! a: maybe not restored: there is no result" in found["lines"][1]
    assert "  No backup    b: " in found["lines"][2]
    assert found["failed"] == ["a"]
