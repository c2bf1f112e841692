# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What README and CONTRIBUTING name is there, and what is there is named in README's contents."""

from __future__ import annotations

import re

import pytest
import yaml

from tests.harness.collection_index import REPO, entry_points, make_targets, names_of, variables

README = (REPO / "README.md").read_text(encoding="utf-8")
TEXTS = {name: (REPO / name).read_text(encoding="utf-8") for name in ("README.md", "CONTRIBUTING.md")}


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.M | re.S)


def names_in_row(row: str) -> set[str]:
    (line,) = [line for line in README.splitlines() if line.startswith(f"| {row} |")]
    return set(re.findall(r"`([a-z0-9_]+)`", line))


def test_every_yaml_block_is_yaml() -> None:
    found = blocks(README, "yaml")
    assert found
    for block in found:
        assert isinstance(yaml.safe_load(block), dict)


def test_every_variable_that_is_named_exists() -> None:
    named = set(re.findall(r"(?<![\w.])s3_recording_[a-z0-9_]+", README))
    assert named <= variables() | names_of("plugins/modules") | {"s3_recording_awx"}


def test_the_contents_are_whole() -> None:
    assert names_in_row("playbooks") == names_of("playbooks", "yml")
    assert names_in_row("role") - {"s3_recording"} == set(entry_points())
    servers, aws = names_in_row("modules for servers"), names_in_row("modules for AWS")
    assert servers | aws | names_in_row("modules") == names_of("plugins/modules")
    assert names_in_row("lookup") == names_of("plugins/lookup")
    assert names_in_row("filters") == names_of("plugins/filter", "yml")


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_every_make_target_exists(name: str) -> None:
    asked = set(re.findall(r"(?:^|`)make ([a-z]+)", TEXTS[name], re.M))
    assert asked
    assert asked <= make_targets()


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_every_file_that_is_linked_exists(name: str) -> None:
    linked = [link for link in re.findall(r"\]\(([^)]+)\)", TEXTS[name]) if "://" not in link]
    assert all((REPO / link).exists() for link in linked)


def test_every_command_is_one_of_a_program_that_comes_along() -> None:
    commands = [line for block in blocks(README, "console") for line in block.splitlines() if line]
    programs = {line.split()[0] for line in commands}
    assert programs <= {"make", "ansible-galaxy", "ansible-playbook", "export"}
    playbooks = {
        word.removeprefix("antmedia.s3_recording.")
        for line in commands
        for word in line.split()
        if word.startswith("antmedia.s3_recording.")
    }
    assert playbooks
    assert playbooks <= names_of("playbooks", "yml")
