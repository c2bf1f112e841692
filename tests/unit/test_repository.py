# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Workflows do what a developer does, with nothing that moves under them; a release says one version."""

from __future__ import annotations

import re
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import release
from tests.harness.collection_index import REPO, make_targets

WORKFLOWS = sorted((REPO / ".github" / "workflows").glob("*.yml"))
GALAXY = {"version": "1.2.3"}
CHANGELOG: dict[str, Any] = {"releases": {"1.2.3": {}}}


def steps(workflow: Path) -> list[dict[str, Any]]:
    jobs = yaml.safe_load(workflow.read_text(encoding="utf-8"))["jobs"].values()
    return [step for job in jobs for step in job["steps"]]


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
class TestWorkflows:
    def test_each_command_is_a_developers(self, workflow: Path) -> None:
        commands = [step["run"] for step in steps(workflow) if "run" in step]
        assert commands
        for command in commands:
            target = re.match(r"make ([a-z]+)", command)
            assert command.endswith("bash .ci/run") or (target and target[1] in make_targets())

    def test_each_action_is_pinned_by_its_hash(self, workflow: Path) -> None:
        used = [line for line in workflow.read_text(encoding="utf-8").splitlines() if "uses:" in line]
        assert used
        for line in used:
            assert re.search(r"uses: [\w./-]+@[0-9a-f]{40}  # v\d+\.\d+\.\d+$", line), line

    def test_it_may_only_read(self, workflow: Path) -> None:
        whole = yaml.safe_load(workflow.read_text(encoding="utf-8"))
        assert whole["permissions"] == {"contents": "read"}
        assert "pull_request_target" not in whole["on"]
        assert all("permissions" not in job and job["timeout-minutes"] for job in whole["jobs"].values())
        for step in steps(workflow):
            if str(step.get("uses", "")).startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False

    def test_only_a_release_has_a_secret(self, workflow: Path) -> None:
        assert ("secrets." in workflow.read_text(encoding="utf-8")) is (workflow.stem == "release")


def test_a_release_that_is_ready() -> None:
    assert release.problems("1.2.3", GALAXY, CHANGELOG, [], []) == []


@pytest.mark.parametrize(
    ("tag", "changelog", "fragments", "changed", "told"),
    [
        ("v1.2.3", CHANGELOG, [], [], "is not a version"),
        ("1.2.4", {"releases": {"1.2.4": {}}}, [], [], "galaxy.yml says version 1.2.3"),
        ("1.2.3", {"releases": None}, [], [], "the changelog has no release 1.2.3"),
        ("1.2.3", CHANGELOG, ["a.yml"], [], "fragments are left over: a.yml"),
        ("1.2.3", CHANGELOG, [], ["README.md"], "the work tree has changes"),
    ],
)
def test_what_keeps_a_tag_from_being_released(
    tag: str, changelog: dict[str, Any], fragments: list[str], changed: list[str], told: str
) -> None:
    found = release.problems(tag, GALAXY, changelog, fragments, changed)
    assert any(told in problem for problem in found)


@pytest.fixture
def ready(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Any]:
    """A repository that is ready, and the calls that would leave the machine."""
    published: dict[str, Any] = {}
    monkeypatch.setattr(release, "problems", lambda *_given: [])
    monkeypatch.setattr(release, "build", list)
    monkeypatch.setattr(release, "tarball", lambda: tmp_path / "x.tar.gz")

    def run(command: list[str], **how: Any) -> subprocess.CompletedProcess[str]:
        token = Path((how.get("env") or {}).get("ANSIBLE_GALAXY_TOKEN_PATH", "/dev/null"))
        mode = stat.S_IMODE(token.stat().st_mode)
        published.update(command=command, token=token.read_text(), path=token, mode=mode)
        return subprocess.CompletedProcess(command, 0, stdout="")

    monkeypatch.setattr(release.subprocess, "run", run)
    return published


def test_a_dry_run_publishes_nothing(
    ready: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GALAXY_TOKEN", "hush")
    assert release.main(["1.2.3", "--dry-run"]) == 0
    assert "publish" not in ready["command"]
    assert capsys.readouterr().out == "would publish x.tar.gz\n"


def test_the_token_is_neither_shown_nor_left_behind(
    ready: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GALAXY_TOKEN", "hush")
    assert release.main(["1.2.3"]) == 0
    assert "hush" not in " ".join(ready["command"]) + capsys.readouterr().out
    assert (yaml.safe_load(ready["token"]), ready["mode"]) == ({"token": "hush"}, 0o600)
    assert not ready["path"].exists()


@pytest.mark.usefixtures("ready")
def test_without_a_token(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("GALAXY_TOKEN", raising=False)
    assert release.main(["1.2.3"]) == 1
    assert "GALAXY_TOKEN is not set" in capsys.readouterr().out
