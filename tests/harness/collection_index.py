# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The modules, options, variables and guides of the collection by name, for tests of its texts."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

REPO = Path(__file__).resolve().parents[2]
# Of the playbooks, which choose hosts and batches before the role runs.
_OF_PLAYBOOKS = {"s3_recording_hosts", "s3_recording_serial"}


def names_of(folder: str, ending: str = "py") -> set[str]:
    """Return the names of modules, plugins or playbooks; internal ones begin with an underscore."""
    return {path.stem for path in (REPO / folder).glob(f"[!_]*.{ending}")}


def guide_blocks(guide: Path, language: str) -> list[str]:
    """Return the code blocks of a guide in one language, without their indentation."""
    text = guide.read_text(encoding="utf-8")
    found = re.findall(rf"\.\. code-block:: {language}\n\n((?:   .*\n|\n)+)", text)
    return [re.sub(r"^   ", "", block, flags=re.M).strip() + "\n" for block in found]


def entry_points(role: str = "s3_recording") -> dict[str, dict[str, object]]:
    """Return the entry points and options of a role from its argument_specs."""
    path = REPO / "roles" / role / "meta" / "argument_specs.yml"
    found: dict[str, dict[str, object]] = yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"]
    return found


def options_of(role: str) -> dict[str, dict[str, Any]]:
    """Return the variables of a role, each as its argument_specs describe it."""
    options = entry_points(role)["main"]["options"]
    assert isinstance(options, dict)
    return options


def variables() -> set[str]:
    """Return all variables that an inventory or a previous job may set."""
    of_jobs = {"s3_recording_storage", "s3_recording_results", "s3_recording_rollout"}
    return {*options_of("s3_recording"), *options_of("s3_recording_awx"), *_OF_PLAYBOOKS, *of_jobs}


def make_targets() -> set[str]:
    makefile = (REPO / "Makefile").read_text(encoding="utf-8")
    return {word for line in re.findall(r"^([a-z][a-z0-9 ]*):", makefile, re.M) for word in line.split()}
