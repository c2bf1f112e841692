# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a play must not be, and which playbooks say so themselves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._actions.play import (
    strategy_problem,
    tags_problem,
)

PLAYBOOKS = sorted((Path(__file__).resolve().parents[5] / "playbooks").glob("*.yml"))
PARTS = ("storage", "servers", "verify")
ALL = frozenset(["all"])


def plays() -> Iterator[Any]:
    for path in PLAYBOOKS:
        for play in yaml.safe_load(path.read_text(encoding="utf-8")):
            if "hosts" in play:
                yield pytest.param(play, id=f"{path.stem}: {play['name']}")


@pytest.mark.parametrize("play", list(plays()))
def test_every_play_says_linear_and_asks_for_no_other_user(play: dict[str, Any]) -> None:
    """Where a play has no strategy, ANSIBLE_STRATEGY or ansible.cfg decides, and free breaks the batches."""
    assert play["strategy"] == "linear"
    assert play["become"] is False


def first_task(tasks_from: str) -> dict[str, Any]:
    """Return the first task of a file of the role, and of the files that it imports."""
    folder = PLAYBOOKS[0].parents[1] / "roles" / "s3_recording" / "tasks"
    found: dict[str, Any] = yaml.safe_load((folder / f"{tasks_from}.yml").read_text(encoding="utf-8"))[0]
    while "ansible.builtin.import_tasks" in found:
        (found, *_rest) = yaml.safe_load(
            (folder / found["ansible.builtin.import_tasks"]).read_text(encoding="utf-8")
        )
    return found


@pytest.mark.parametrize("path", PLAYBOOKS, ids=lambda path: path.stem)
def test_every_playbook_looks_at_the_tags_first(path: Path) -> None:
    """Without this a run whose tags the playbook does not have does nothing and ends well."""
    first = yaml.safe_load(path.read_text(encoding="utf-8"))[0]
    while "hosts" not in first:
        imported = first["ansible.builtin.import_playbook"]
        first = yaml.safe_load((path.parent / imported).read_text(encoding="utf-8"))[0]
    task = first["tasks"][0]
    if "ansible.builtin.import_role" in task:
        assert task["tags"] == "always"
        task = {**first_task(task["ansible.builtin.import_role"]["tasks_from"]), "tags": task["tags"]}
    assert "tags" in task["antmedia.s3_recording.recording_play"]
    assert task["tags"] == "always"
    assert task["run_once"] is True


@pytest.mark.parametrize(
    ("strategy", "refused"),
    [
        ("linear", False),
        ("ansible.builtin.linear", False),
        ("debug", False),
        ("mitogen_linear", False),
        ("free", True),
        ("ansible.builtin.free", True),
        ("host_pinned", True),
        ("mitogen_host_pinned", True),
    ],
)
def test_a_strategy_that_lets_each_host_go_alone_is_refused_by_name(strategy: str, refused: bool) -> None:
    problem = strategy_problem(strategy)
    assert bool(problem) == refused
    assert not refused or f"the strategy {strategy}," in problem


@pytest.mark.parametrize(
    ("only", "skipped", "parts", "problem"),
    [
        (ALL, (), PARTS, ""),
        (ALL, (), (), ""),
        (["storage"], (), PARTS, ""),
        (["servers", "verify"], (), PARTS, ""),
        (ALL, ["verify"], PARTS, ""),
        (["strage"], (), PARTS, "no tag strage here. This playbook has the tags storage, servers, verify."),
        (["storage"], (), (), "no tag storage here. This playbook has no tags."),
        (ALL, ["strage"], PARTS, "no tag strage here."),
        (["always"], (), PARTS, "no tag always here."),
        (["untagged"], (), PARTS, "no tag untagged here."),
        (ALL, PARTS, PARTS, "select nothing."),
        (["storage"], ["storage"], PARTS, "select nothing."),
        (ALL, ["all"], PARTS, "select nothing."),
        (ALL, ["all"], (), "select nothing."),
    ],
)
def test_tags_that_leave_nothing_or_are_not_there(only: Any, skipped: Any, parts: Any, problem: str) -> None:
    said = tags_problem(only, skipped, parts)
    assert problem in said
    assert bool(said) == bool(problem)
