# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Run ansible-playbook as a user would, in a process of its own, and return its results."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from stand_ins import ansible_environment
from stand_ins.ansible_environment import BIN, PYTHON, REPO

STEP = "antmedia.s3_recording.recording_servers"
VERIFY = "antmedia.s3_recording.recording_verify"
CALLBACKS = Path(__file__).parent / "callback_plugins"
# kept/sitecustomize.py saves a fifth of a run. What was installed is tried as its users run it, without that.
KEEPING = (
    {}
    if "COLLECTIONS_UNDER_TEST" in os.environ
    else {
        "KEPT_BY_TESTS": str(REPO / "build" / "kept"),
        "PYTHONPATH": str(Path(__file__).parent / "kept"),
    }
)
# Ansible looks every millisecond by default whether a task has ended: a tenth of the time of a run.
CONFIG = "[defaults]\ninternal_poll_interval = 0.01\n"

# What a message of Ansible's starts with; what follows up to the next start belongs to it.
MESSAGE = re.compile(r"^\[(WARNING|DEPRECATION WARNING|ERROR)\]:?|^(?:ERROR!|fatal:|PLAY|TASK|Traceback)")
# The second says only that there is a deprecation, and that one has a message of its own.
WARNING = re.compile(r"^\[(?:DEPRECATION )?WARNING\](?!: Deprecation warnings can be disabled by setting)")
# amazon.aws before 11 imports these by a name that ansible-core 2.20 deprecates. It warns in every task of
# amazon.aws there; tests/unit/test_completeness.py sees to it that our plugins do not import them so.
OF_AMAZON = re.compile(
    r"^\[DEPRECATION WARNING\]: Importing '\w+' from 'ansible\.module_utils\._text' is deprecated"
)

# An inventory written as localhost alone would be reached by ssh.
LOCALHOST = {
    "all": {
        "hosts": {
            "localhost": {
                "ansible_connection": "local",
                "ansible_python_interpreter": "{{ ansible_playbook_python }}",
            }
        }
    }
}

Play = Mapping[str, Any]


class UnexpectedRun(AssertionError):
    """A playbook run that ended otherwise than the test expects."""


@dataclass(frozen=True)
class TaskResult:
    """One task on one host (or one item of its loop)."""

    host: str
    task: str
    action: str
    status: str
    result: dict[str, Any]
    ignored: bool = False
    item: bool = False
    step: str | None = None

    @property
    def changed(self) -> bool:
        return bool(self.result.get("changed"))

    def __getitem__(self, key: str) -> Any:
        return self.result[key]


@dataclass
class PlaybookRun:
    """The result of a run.

    results: of the tasks, in the order in which they ended, without loop items.
    items: of the tasks' loops, and file diffs (status "diff").
    recap: host to its counts (ok, changed, failures, unreachable, skipped, rescued, ignored).
    """

    command: list[str]
    rc: int
    stdout: str
    stderr: str
    recap: dict[str, dict[str, int]] = field(default_factory=dict)
    results: list[TaskResult] = field(default_factory=list)
    items: list[TaskResult] = field(default_factory=list)

    @property
    def output(self) -> str:
        return self.stdout + self.stderr

    @property
    def changed(self) -> int:
        return sum(counts["changed"] for counts in self.recap.values())

    @property
    def warnings(self) -> list[str]:
        said = messages(self.stderr) + messages(self.stdout)
        return [text for text in said if WARNING.match(text) and not OF_AMAZON.match(text)]

    def of_task(self, name: str, host: str | None = None) -> list[TaskResult]:
        """Return the results of the tasks whose name ends so (a role's tasks have its name in front)."""
        return [
            result
            for result in self.results
            if result.task.endswith(name) and (host is None or result.host == host)
        ]

    def task(self, name: str, host: str | None = None) -> TaskResult:
        found = self.of_task(name, host)
        if len(found) != 1:
            known = sorted({result.task for result in self.results})
            raise UnexpectedRun(
                f"{len(found)} results of {name!r} on {host or 'any host'}; tasks were {known}"
            )
        return found[0]

    def of_action(self, action: str) -> list[TaskResult]:
        return [result for result in self.results if result.action == action]

    def of_step(self, step: str) -> list[TaskResult]:
        """Return the results of a step of the role on the servers. The step "check" has them in one task."""
        if step == "check":
            return [each for result in self.of_action(VERIFY) for each in _by_host(result)]
        return [result for result in self.of_action(STEP) if result.step == step]

    def describe(self) -> str:
        return f"$ {' '.join(self.command)}\nrc {self.rc}\n{self.stdout}\n{self.stderr}"


def _by_host(result: TaskResult) -> list[TaskResult]:
    """Return a result for each host of a task that verifies many."""
    return [
        replace(
            result,
            host=host,
            result={**each, **({"checks": json.loads(each["checks"])} if "checks" in each else {})},
            status=next(filter(each.get, ("failed", "skipped")), "ok"),
        )
        for host, each in result.result.get("hosts", {}).items()
    ]


def ran(results: Iterable[TaskResult]) -> list[TaskResult]:
    """Return the results that were not skipped."""
    return [result for result in results if result.status != "skipped"]


def messages(text: str) -> list[str]:
    """Return Ansible's messages, each as one line however it was wrapped."""
    found: list[list[str]] = []
    for line in text.splitlines():
        if MESSAGE.match(line):
            found.append([line])
        elif found:
            found[-1].append(line)
    return [" ".join(" ".join(lines).split()) for lines in found]


def environment(home: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment of a run whose events are recorded."""
    own = ansible_environment.environment(home)
    Path(own["ANSIBLE_CONFIG"]).write_text(CONFIG, encoding="utf-8")
    return {
        **own,
        **KEEPING,
        "ANSIBLE_CALLBACKS_ENABLED": "record_events",
        "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS),
        "ANSIBLE_PYTHON_INTERPRETER": PYTHON,
        **(extra or {}),
    }


def run_playbook(
    playbook: str | Path | Sequence[Play],
    *,
    inventory: str | Path | Mapping[str, Any] | None = None,
    extra_vars: Mapping[str, Any] | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    verbosity: int = 0,
    arguments: Iterable[str] = (),
    expected_rc: int | None = 0,
    expected_warnings: Iterable[str] | None = (),
    timeout: float = 600,
) -> PlaybookRun:
    """Run a playbook (a path, a playbook of a collection, or plays as data) and check how it ended.

    inventory: a path, a list of hosts with a comma, or the data of a YAML inventory; localhost if not given.
    expected_rc: None leaves the exit code to the test.
    expected_warnings: texts, each of which one warning must contain; any other warning fails the run.
    None leaves the warnings to the test.
    """
    inventory = LOCALHOST if inventory is None else inventory
    with tempfile.TemporaryDirectory(prefix="playbook-") as name:
        scratch = Path(name)
        events = scratch / "events.jsonl"
        command = [
            str(BIN / "ansible-playbook"),
            "-i",
            str(_written(scratch / "hosts.yml", inventory) if isinstance(inventory, Mapping) else inventory),
            *([f"-{'v' * verbosity}"] if verbosity else []),
            *(["-e", f"@{_written(scratch / 'extra_vars.json', extra_vars)}"] if extra_vars else []),
            *arguments,
            str(playbook if isinstance(playbook, (str, Path)) else _written(scratch / "play.yml", playbook)),
        ]
        done = subprocess.run(
            command,
            env=environment(scratch / "home", {"RECORD_EVENTS_PATH": str(events), **(env or {})}),
            cwd=cwd or scratch,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        run = PlaybookRun(command, done.returncode, done.stdout, done.stderr)
        _read_events(events, run)
    _check(run, expected_rc, expected_warnings)
    return run


def _written(path: Path, data: Any) -> Path:
    path.write_text(json.dumps(data), encoding="utf-8")  # JSON is YAML
    return path


def _read_events(events: Path, run: PlaybookRun) -> None:
    if not events.exists():
        return
    for line in events.read_text(encoding="utf-8").splitlines():
        event = json.loads(line)
        kind = event.pop("event")
        if kind == "recap":
            run.recap = event["hosts"]
        else:
            result = TaskResult(item=kind == "item", **event)
            (run.items if result.item else run.results).append(result)


def _check(run: PlaybookRun, expected_rc: int | None, expected_warnings: Iterable[str] | None) -> None:
    if expected_rc is not None and run.rc != expected_rc:
        raise UnexpectedRun(f"exit code {run.rc}, expected {expected_rc}\n{run.describe()}")
    if expected_warnings is None:
        return
    wanted = [" ".join(text.split()) for text in expected_warnings]
    found = {text: [part for part in wanted if part in text] for text in run.warnings}
    unexpected = [text for text, parts in found.items() if not parts]
    missing = sorted(set(wanted).difference(*found.values()))
    if unexpected or missing:
        raise UnexpectedRun(f"unexpected warnings {unexpected}, missing warnings {missing}\n{run.describe()}")
