# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The first lines of CONTRIBUTING, as a newcomer types them."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from tests.harness.collection_index import REPO

# Seconds, for a machine that does much else; two minutes on one that does not.
PATIENCE = 1800
CLONED_FROM = "https://github.com/antmedia/s3_recording"


def first_lines() -> str:
    text = (REPO / "CONTRIBUTING.md").read_text(encoding="utf-8")
    return "\n".join(line.strip() for line in re.findall(r"\n\n((?:    .+\n)+)", text)[0].splitlines())


def test_from_a_clone_to_the_first_green_test(tmp_path: Path) -> None:
    lines = first_lines()
    assert lines.startswith(f"git clone {CLONED_FROM} && cd ")
    newcomer = {
        "PATH": os.environ["PATH"],
        "HOME": os.environ["HOME"],
        # A third of the time would be for compiling what this first test does not import.
        "PIP_COMPILE": "0",
        # The clone is of this tree, wherever the project is published.
        "GIT_CONFIG_COUNT": "2",
        "GIT_CONFIG_KEY_0": f"url.{REPO}.insteadOf",
        "GIT_CONFIG_VALUE_0": CLONED_FROM,
        "GIT_CONFIG_KEY_1": "safe.directory",
        "GIT_CONFIG_VALUE_1": "*",
    }
    typed = ["bash", "-e", "-c", lines]
    done = subprocess.run(
        typed, cwd=tmp_path, env=newcomer, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r" [1-9]\d* passed, \d+ deselected in ", done.stdout), done.stdout
