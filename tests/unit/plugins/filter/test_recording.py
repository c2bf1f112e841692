# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the jobs after a rollout are told of each host."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible.plugins.action import ActionBase
from ansible_collections.antmedia.s3_recording.plugins.action.recording_check import ActionModule
from ansible_collections.antmedia.s3_recording.plugins.filter.recording import (
    Display,
    recording_notes,
    recording_results,
)
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._actions import in_process
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._output.host_results import (
    changes,
    describe_stopped,
)

CHANGED = {"changed": True, "msg": "live: 1 setting changed (mp4MuxingEnabled)"}
BACK = {"apps": {"live": {"changed": True}, "LiveApp": {"changed": False}}}
NOTHING_BACK = {"apps": {"live": {"changed": False}}}


def of_host(applied: Any = None, verified: Any = None, restored: Any = None) -> dict[str, Any]:
    return {
        f"__s3_recording_{name}": value
        for name, value in (("applied", applied), ("verified", verified), ("restored", restored))
        if value is not None
    }


@pytest.mark.parametrize(
    ("host", "outcome"),
    [
        (of_host(CHANGED), "changed"),
        (of_host(CHANGED, {"verified": True}), "changed"),
        (of_host({"changed": False}), "unchanged"),
        (of_host({"failed": True, "msg": "no"}), "failed"),
        (of_host({"unreachable": True}), "failed"),
        (of_host({"failed": True}, restored=NOTHING_BACK), "failed"),
        (of_host({"changed": False}, restored=NOTHING_BACK), "unchanged"),
        (of_host({"changed": False}, {"failed": True}, NOTHING_BACK), "failed"),
        (of_host(CHANGED, {"failed": True}, BACK), "restored"),
        (of_host(CHANGED, restored=BACK), "restored"),
        (of_host(CHANGED, {"failed": True}, {"failed": True, "msg": "gone"}), "stuck"),
        (of_host(), "unknown"),
    ],
)
def test_each_host_has_one_outcome(host: dict[str, Any], outcome: str) -> None:
    assert recording_results(["ams-1"], {"ams-1": host}) == {"ams-1": outcome}


def test_changes_are_one_line_a_host() -> None:
    hosts = {"ams-1": of_host(CHANGED), "ams-2": of_host({"changed": False, "msg": "x"}), "ams-3": of_host()}
    assert changes(hosts, hosts) == ["ams-1: live: 1 setting changed (mp4MuxingEnabled)"]


NOTES = {
    "ams-1": "https://ams-1:5443/live/hls-upload/NAME is open, forwarded to https://cdn.example.com/x",
    "ams-2": "http://ams-2/live/hls-upload/NAME is open, forwarded to https://cdn.example.com/x",
}
SAID = "ams-1, ams-2: the server's /live/hls-upload/NAME is open, forwarded to https://cdn.example.com/x"


def test_a_warning_of_the_check_is_one_for_all_hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before, each host of a fleet said it for itself, since the text begins with its address."""
    said: list[str] = []
    monkeypatch.setattr(Display, "warning", lambda _display, text: said.append(text))
    hosts = {host: of_host(CHANGED, {"notes": [text]}) for host, text in NOTES.items()}
    assert recording_notes([*hosts, "ams-3"], {**hosts, "ams-3": of_host(CHANGED)}) == [SAID]
    # Where a batch is stopped the outcomes are all that is still said of the others.
    recording_results(hosts, hosts)
    assert said == [SAID, SAID]
    assert recording_notes(["ams-3"], {"ams-3": of_host()}) == []
    assert len(said) == 2


@pytest.mark.parametrize("failed", [False, True])
def test_the_warnings_of_a_check_are_gathered_unless_it_fails(
    monkeypatch: pytest.MonkeyPatch, failed: bool
) -> None:
    """Of a host that failed nothing is said behind the check, which it does not reach."""
    of_server, of_bucket = "https://ams-1:5443, application 'live': wide", "CORS allows https://elsewhere"
    result = {"failed": failed, "warnings": [of_server, of_bucket]}
    action = ActionModule.__new__(ActionModule)
    action._task = SimpleNamespace(
        args={"url": "https://ams-1:5443/"},
        diff=False,
        async_val=0,
        get_play=lambda: SimpleNamespace(strategy="linear"),
    )
    action._connection = None
    monkeypatch.setattr(ActionBase, "run", lambda *_given: {})
    monkeypatch.setattr(action, "_compute_environment_string", lambda _environment: None)
    monkeypatch.setattr(in_process, "disable_become", lambda _connection: None)
    monkeypatch.setattr(in_process.InProcessAction, "_run_once", lambda *_given: dict(result))
    found = action.run(task_vars={"__s3_recording_batch": ["ams-1"]})
    assert found.get("notes") == (None if failed else [of_server])
    # The same for every host: Ansible says it once.
    assert found["warnings"] == ([of_server, of_bucket] if failed else [of_bucket])


READ = {"changed": False, "apps": {"live": {"changed": False}}}
NOTHING_TO_TAKE_BACK = {"changed": False, "apps": {}, "left_alone": {}, "runs": []}
SKIPPED = {"changed": False, "skipped": True}
FAILED = {"failed": True, "msg": "no"}
REFUSED = {**FAILED, "login_refused": True}


@pytest.mark.parametrize(
    ("host", "line"),
    [
        (of_host(CHANGED, FAILED, BACK), "The previous settings are restored on ams-1."),
        (of_host(CHANGED, FAILED, NOTHING_BACK), "As before the run: ams-1."),
        (of_host(READ, restored=NOTHING_TO_TAKE_BACK), "Not changed by this run: ams-1."),
        (of_host({**READ, "written_by": "a"}, restored=NOTHING_TO_TAKE_BACK), "Changed through another node"),
        (of_host(CHANGED, restored=NOTHING_TO_TAKE_BACK), "Not known: ams-1."),
        (of_host(FAILED, restored=NOTHING_TO_TAKE_BACK), "Nothing was written to ams-1."),
        (of_host(REFUSED, restored=SKIPPED), "Nothing was written to ams-1."),
        (of_host({**FAILED, "unsent": True}, restored=SKIPPED), "Nothing was written to ams-1."),
        (of_host(SKIPPED), "Nothing was written to ams-1."),
        (of_host(), "Not known: ams-1."),
        (of_host(CHANGED), "Not known: ams-1."),
        (of_host({"unreachable": True, "msg": "gone"}), "Not known: ams-1."),
    ],
)
def test_as_before_is_said_of_a_server_that_was_read(host: dict[str, Any], line: str) -> None:
    """Without this every host without a failed restore is called as before, also one that has no result."""
    said = describe_stopped(["ams-1"], {"ams-1": host}, ["ams-1"], "R").splitlines()
    states = [each for each in said if not each.startswith(("The rollout", "- "))]
    assert len(states) == 1
    assert states[0].startswith(line)


def test_what_a_stopped_rollout_has_changed_on_aws_is_said() -> None:
    """Storage stays changed where the servers are restored, and nothing said so."""
    storage: dict[str, Any] = {
        "videos": {"changes": ["created bucket videos", "set its CORS rule"]},
        "other": {"changes": []},
    }
    hostvars = {"ams-1": of_host(CHANGED, FAILED, BACK)}
    said = describe_stopped(["ams-1"], hostvars, ["ams-1"], "R", storage=storage).splitlines()
    assert said[-1] == (
        "Still changed on AWS, where nothing is rolled back: created bucket videos; set its CORS rule."
    )
    assert not any(
        "AWS" in line for line in describe_stopped(["ams-1"], hostvars, ["ams-1"], "R").splitlines()
    )
