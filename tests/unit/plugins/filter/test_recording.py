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
    broken,
    current_batch,
    without_verification,
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
    ],
)
def test_each_host_has_one_outcome(host: dict[str, Any], outcome: str) -> None:
    assert recording_results(["ams-1", "ams-2"], {"ams-1": host, "ams-2": of_host()}) == {"ams-1": outcome}


@pytest.mark.parametrize(
    ("host", "is_broken"),
    [
        (of_host(CHANGED), False),
        (of_host(CHANGED, {"verified": True}), False),
        (of_host({"skipped": True}, {"skipped": True}), False),
        (of_host({"failed": True, "msg": "no"}), True),
        (of_host({"unreachable": True}), True),
        (of_host(CHANGED, {"failed": True}, BACK), True),
        (of_host(CHANGED, {"verified": True}, BACK), False),
        (of_host(CHANGED, {"verified": True}, {"failed": True, "msg": "gone"}), True),
        # The batch is verified, and that could not be recorded: it is restored, and the run has failed.
        ({**of_host(CHANGED, {"verified": True}, BACK), "__s3_recording_recorded": {"failed": True}}, True),
        (of_host(), False),
    ],
)
def test_a_host_is_broken_by_each_step_that_failed(host: dict[str, Any], is_broken: bool) -> None:
    assert broken(["ams-1"], {"ams-1": host}) == (["ams-1"] if is_broken else [])


def test_the_batch_that_failed_is_what_was_to_be_changed_and_is_not_recorded() -> None:
    """With any_errors_fatal Ansible lists no host of the batch in a rescue section."""
    recorded = {"__s3_recording_recorded": {"hosts": ["ams-1"]}}
    hosts = {
        "ams-1": {**of_host(CHANGED, {"verified": True}), **recorded},
        "ams-2": {**of_host(CHANGED), "__s3_recording_recorded": {"skipped": True}},
        "ams-3": of_host(CHANGED, {"verified": True}),
        "ams-4": of_host({"unreachable": True}),
        "ams-5": {**of_host(CHANGED), "__s3_recording_recorded": {"failed": True}},
        "ams-6": of_host({"skipped": True}),
        "ams-7": of_host(),
    }
    assert current_batch(hosts, hosts) == ["ams-3", "ams-4", "ams-5"]


def test_a_verification_that_is_skipped_replaces_none() -> None:
    """In your own play the servers without a change are verified after the batches, and others skip that."""
    failed = of_host(CHANGED, {"failed": True, "msg": "broken"}, BACK)
    assert broken(["ams-1"], {"ams-1": {**failed, "__s3_recording_verified_alone": {"skipped": True}}})
    alone = {
        **of_host({"changed": False}, {"skipped": True}),
        "__s3_recording_verified_alone": {"failed": True},
    }
    assert broken(["ams-1"], {"ams-1": alone}) == ["ams-1"]


def test_a_host_whose_check_was_skipped_is_not_verified() -> None:
    hosts = {
        "ams-1": of_host(CHANGED, {"verified": True}),
        "ams-2": of_host(CHANGED, {"skipped": True}),
        "ams-3": of_host(),
        "ams-4": of_host(CHANGED, {"failed": True}),
    }
    assert without_verification(hosts, hosts) == ["ams-2", "ams-3"]


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
    found = action.run(task_vars={"__s3_recording_in_batch": True})
    assert found.get("notes") == (None if failed else [of_server])
    # The same for every host: Ansible says it once.
    assert found["warnings"] == ([of_server, of_bucket] if failed else [of_bucket])
