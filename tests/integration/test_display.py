# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a run prints is printed as it is, once, and not among what a program reads."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._output.plan_report import (
    format_plan,
    format_problems,
)

from tests.harness.playbook import LOCALHOST, run_playbook

CHECK = {
    "app": "live",
    "ok": True,
    "expected": "x",
    "actual": "as expected",
    "remedy": "",
    "warning": "",
    "tried": True,
}
FLEET = {
    "hosts": {
        "localhost": {
            "bucket": "myvideos",
            "ams_url": "https://ams1:5443",
            "cluster": "",
            "apps": [{"name": "live", "settings": {"httpForwardingExtension": "mp4"}}],
            "plays_at": {"live": "https://ams1:5443/live/streams/NAME.mp4"},
        }
    },
    "buckets": [],
}
VERIFIED = {
    "checks": [{**CHECK, "check": name} for name in ("put", "redirect", "get")],
    "seconds": 0.3,
    "msg": "all 3 checks passed",
}
PLAN = {
    "buckets": {},
    "servers": {"changing": {}, "unchanged": ["ams1"], "unreachable": {}, "skipped": [], "gone": []},
    "warnings": [],
    # Of a server: neither a template nor a command for a terminal.
    "problems": [{"hosts": ["ams1"], "text": 'it said {{ 3 * 3 }} \x1b[31m"so"', "remedy": "Do 'this'"}],
}
LINES = [
    "PLAN  AWS: nothing to change.  Servers: nothing to change, 1 as it is, 0 unreachable.",
    "STOP  1 problem on 1 server. Nothing was changed.",
    '      ! ams1: it said {{ 3 * 3 }} [31m"so"',
    "        Do 'this'",
    "RESULT  1 server records application live to s3://myvideos",
    "  localhost   its key and folder work; redirect and download ok; it has uploaded nothing itself   0.3 s",
    "  Watch        https://ams1:5443/live/streams/STREAM.mp4",
]
PLAY: dict[str, Any] = {
    "name": "Display",
    "hosts": "all",
    "gather_facts": False,
    "tasks": [
        {
            "name": "Read what a server has said",
            "ansible.builtin.set_fact": {
                "__s3_recording_verified": "{{ verified | from_json }}",
                "planned": "{{ given | from_json }}",
            },
        },
        {
            "name": "Display",
            "antmedia.s3_recording.recording_display": {
                "lines": "{{ planned + (fleet | antmedia.s3_recording.recording_result_lines(hostvars)) }}"
            },
        },
    ],
    "vars": {"verified": json.dumps(VERIFIED), "fleet": FLEET},
}


def run(arguments: tuple[str, ...] = (), callback: str = "default") -> tuple[str, str, Any]:
    done = run_playbook(
        [PLAY],
        inventory=LOCALHOST,
        # As a result of a task would be: Ansible looks for no templates in it.
        extra_vars={"given": {"__ansible_unsafe": json.dumps([*format_plan(PLAN), *format_problems(PLAN)])}},
        env={"ANSIBLE_STDOUT_CALLBACK": callback},
        arguments=arguments,
    )
    return done.stdout, done.stderr, done.results[-1].result


@pytest.mark.parametrize("arguments", [(), ("--check",), ("-v",)])
def test_lines_are_printed_as_they_are_and_once(arguments: tuple[str, ...]) -> None:
    stdout, stderr, result = run(arguments)
    assert "\n" + "\n".join(LINES) + "\n" in stdout
    assert stdout.count("RESULT  ") == 1
    assert "RESULT" not in stderr
    assert result["msg"] == LINES
    assert not result["changed"]


@pytest.mark.parametrize("callback", ["json", "jsonl"])
def test_stdout_stays_what_a_program_can_read(callback: str) -> None:
    pytest.importorskip("ansible_collections.ansible.posix", reason="ansible.posix is needed")
    stdout, stderr, _result = run(callback=f"ansible.posix.{callback}")
    documents = stdout.splitlines() if callback == "jsonl" else [stdout]
    assert [json.loads(each) for each in documents if each.strip()]
    assert "\n".join(LINES) in stderr


def test_lines_of_a_failure_are_printed_before_it() -> None:
    options = {"lines": ["RESULT  1 server failed"], "problem": "This server failed."}
    task = {"name": "Fail", "antmedia.s3_recording.recording_display": options}
    play = {"name": "Fail", "hosts": "all", "gather_facts": False, "tasks": [task]}
    done = run_playbook([play], inventory=LOCALHOST, expected_rc=2, expected_warnings=None)
    assert "\nRESULT  1 server failed\n" in done.stdout
    assert done.results[-1].result["msg"] == "This server failed."
    assert done.recap["localhost"]["failures"] == 1
