# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Check a release as Galaxy and Automation Hub do: the tarball, its import, and that it works installed.

python -m tests.certify [--only-build]
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

import yaml

from tests.run import (
    NOISE,
    OUTPUT,
    StepResult,
    active,
    check,
    copied_tree,
    counted,
    environment,
    requirements,
    tool,
    virtual_environment,
)

REPO = Path(__file__).resolve().parents[1]
BUILD = REPO / "build"
IMPORTER = REPO / ".cache" / "galaxy-importer"
RUNTIME = REPO / ".cache" / "runtime"
IMPORTER_REQUIREMENT = "galaxy-importer==0.4.44"
IMPORTER_CONFIG = """\
[galaxy-importer]
check_required_tags = True
check_changelog = True
check_runtime_yaml = True
run_ansible_doc = True
run_ansible_lint = True
run_ansible_test = False
run_flake8 = False
"""
SHIPPED = {
    *("CHANGELOG.md", "CONTRIBUTING.md", "FILES.json", "LICENSE", "LICENSES", "MANIFEST.json", "README.md"),
    *("SECURITY.md", "awx", "changelogs", "docs", "meta", "playbooks", "plugins", "roles"),
}
# Execution environments and tarballs trimmed by hand hold no more than these.
NEEDED = {"MANIFEST.json", "FILES.json", "meta", "playbooks", "plugins", "roles"}


def tarball() -> Path:
    galaxy = yaml.safe_load((REPO / "galaxy.yml").read_text(encoding="utf-8"))
    return BUILD / f"{galaxy['namespace']}-{galaxy['name']}-{galaxy['version']}.tar.gz"


def build() -> Iterable[StepResult]:
    BUILD.mkdir(exist_ok=True)
    with copied_tree() as tree:
        command = [tool("ansible-galaxy"), "collection", "build", "--force", "--output-path", str(BUILD)]
        yield check("build", command, tree)
    with tarfile.open(tarball()) as archive:
        names = {member.name.split("/")[0] for member in archive}
    unexpected = sorted(names - SHIPPED)
    if unexpected:
        print(f"--- not meant to be shipped: {', '.join(unexpected)}")
    yield StepResult("content of the tarball", int(not unexpected), int(bool(unexpected)))


def imported() -> Iterable[StepResult]:
    """Import the tarball, in an environment of its own, since the importer needs other packages."""
    packages = [IMPORTER_REQUIREMENT, *requirements("requirements/ansible.txt")]
    python = virtual_environment(IMPORTER, sys.executable, packages)
    with tempfile.TemporaryDirectory(prefix="importer-") as scratch:
        config = Path(scratch, "importer.cfg")
        config.write_text(IMPORTER_CONFIG, encoding="utf-8")
        command = [str(python), "-m", "galaxy_importer.main", str(tarball())]
        start = time.monotonic()
        done = subprocess.run(
            command,
            cwd=scratch,
            env=environment(**active(python.parent), GALAXY_IMPORTER_CONFIG=str(config)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    good = done.returncode == 0 and not NOISE.search(done.stdout) and "ERROR" not in done.stdout
    print(f"--- galaxy-importer: exit code {done.returncode}\n{done.stdout.rstrip()}\n---")
    yield StepResult("galaxy-importer", int(good), int(not good), seconds=time.monotonic() - start)


def installed() -> Iterable[StepResult]:
    """Run demo and tests on the installed tarball, with all deleted that a run does not need."""
    packages = [*requirements("requirements/ansible.txt"), *requirements("meta/ee-requirements.txt")]
    programs = virtual_environment(RUNTIME, sys.executable, packages).parent
    with tempfile.TemporaryDirectory(prefix="installed-") as scratch:
        galaxy = [str(programs / "ansible-galaxy"), "collection", "install", "--no-deps", "--offline"]
        command = [*galaxy, "-p", scratch, str(tarball())]
        yield check("install", command, Path(scratch), ANSIBLE_COLLECTIONS_PATH=scratch)
        root = Path(scratch, "ansible_collections", "antmedia", "s3_recording")
        for path in root.iterdir():
            if path.name not in NEEDED:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        under_test = {"COLLECTIONS_UNDER_TEST": scratch, "BIN_UNDER_TEST": str(programs)}
        yield check("demo on what was installed", [sys.executable, "-m", "demo.run"], REPO, **under_test)
        OUTPUT.mkdir(parents=True, exist_ok=True)
        report = OUTPUT / "junit-installed.xml"
        report.unlink(missing_ok=True)
        folders = ["tests/e2e", "tests/integration"]
        command = [sys.executable, "-m", "pytest", "-q", f"--junitxml={report}", *folders]
        command += ["-n", "3", "--dist", "loadscope"]
        start = time.monotonic()
        env = environment(**under_test)
        code = subprocess.run(command, cwd=REPO, env=env, stdin=subprocess.DEVNULL, check=False).returncode
        yield counted("tests on what was installed", report, code, time.monotonic() - start)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only-build", action="store_true")
    steps = [build] if parser.parse_args().only_build else [build, imported, installed]
    results: list[StepResult] = []
    for step in steps:
        for result in step():
            results.append(result)
            print(result.line(), flush=True)
    print(f"\n{tarball().relative_to(REPO)}" if not results[0].failed else "\nno tarball")
    return int(any(result.failed for result in results))


if __name__ == "__main__":
    sys.exit(main())
