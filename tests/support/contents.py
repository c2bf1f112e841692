# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the collection has, by name, for the tests that hold its texts to it."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

REPO = Path(__file__).resolve().parents[2]
# Of the playbooks, which choose hosts and batches before the role is there.
_OF_PLAYBOOKS = {"s3_recording_hosts", "s3_recording_serial"}


def names_of(folder: str, ending: str = "py") -> set[str]:
    """Modules, plugins or playbooks; those that begin with an underscore are nobody else's."""
    return {path.stem for path in (REPO / folder).glob(f"[!_]*.{ending}")}


def entry_points() -> dict[str, dict[str, object]]:
    """The role's, as its argument_specs have them."""
    path = REPO / "roles" / "s3_recording" / "meta" / "argument_specs.yml"
    found: dict[str, dict[str, object]] = yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"]
    return found


def variables() -> set[str]:
    """All that an inventory may set."""
    options = entry_points()["main"]["options"]
    assert isinstance(options, dict)
    return set(options) | _OF_PLAYBOOKS


def make_targets() -> set[str]:
    makefile = (REPO / "Makefile").read_text(encoding="utf-8")
    return {word for line in re.findall(r"^([a-z][a-z0-9 ]*):", makefile, re.M) for word in line.split()}
