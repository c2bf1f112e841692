# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Publish a release on Galaxy, once everything says the same version.

python -m tests.release TAG [--dry-run]

The token is read from GALAXY_TOKEN in the environment, and given on in a file with mode 0600 for that moment.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.certify import build, tarball
from tests.run import environment, tool

REPO = Path(__file__).resolve().parents[1]
TOKEN = "GALAXY_TOKEN"
_VERSION = re.compile(r"\d+\.\d+\.\d+")


def problems(
    tag: str,
    galaxy: Mapping[str, Any],
    changelog: Mapping[str, Any],
    fragments: list[str],
    changed: list[str],
) -> list[str]:
    """Return what keeps a tag from being released, each with what to do."""
    found = []
    if not _VERSION.fullmatch(tag):
        found.append(f"the tag '{tag}' is not a version such as 1.2.3")
    if galaxy["version"] != tag:
        found.append(f"galaxy.yml says version {galaxy['version']}, the tag says {tag}: make them the same")
    if tag not in (changelog.get("releases") or {}):
        found.append(f"the changelog has no release {tag}: run antsibull-changelog release and commit it")
    if fragments:
        found.append(
            f"changelog fragments are left over: {', '.join(fragments)}: run antsibull-changelog release"
        )
    if changed:
        found.append(f"the work tree has changes: {', '.join(changed)}: commit them or put them away")
    return found


def _read(name: str) -> dict[str, Any]:
    path = REPO / name
    return dict(yaml.safe_load(path.read_text(encoding="utf-8")) or {}) if path.exists() else {}


def _changed() -> list[str]:
    command = ["git", "status", "--porcelain"]
    said = subprocess.run(command, cwd=REPO, check=True, capture_output=True, text=True).stdout
    return [line[3:] for line in said.splitlines()]


def publish(path: Path, token: str) -> int:
    """Upload the tarball. As an argument everybody on the machine would see the token."""
    command = [tool("ansible-galaxy"), "collection", "publish", str(path)]
    with tempfile.NamedTemporaryFile("w", prefix="galaxy-") as file:
        yaml.safe_dump({"token": token}, file)
        file.flush()
        env = environment(ANSIBLE_GALAXY_TOKEN_PATH=file.name)
        return subprocess.run(command, env=env, stdin=subprocess.DEVNULL, check=False).returncode


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("tag")
    parser.add_argument("--dry-run", action="store_true", help="check all and build, publish nothing")
    given = parser.parse_args(arguments)
    fragments = sorted(path.name for path in (REPO / "changelogs" / "fragments").glob("[!.]*"))
    found = problems(
        given.tag, _read("galaxy.yml"), _read("changelogs/changelog.yaml"), fragments, _changed()
    )
    token = os.environ.get(TOKEN, "")
    if not token and not given.dry_run:
        found.append(f"{TOKEN} is not set: take a token from Galaxy's page of preferences")
    for problem in found:
        print(problem)
    if found:
        return 1
    for result in build():
        print(result.line())
        if result.failed:
            return 1
    if given.dry_run:
        print(f"would publish {tarball().name}")
        return 0
    return publish(tarball(), token)


if __name__ == "__main__":
    sys.exit(main())
