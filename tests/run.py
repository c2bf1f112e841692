# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Run the checks and the tests, stage after stage, and print at the end how many passed.

    python tests/run.py [STAGE ...]        all stages without an argument; --list names them

A failed stage does not stop the next ones. A check's output is printed if it fails; a check that warns fails.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain, groupby
from pathlib import Path

REPO = Path(__file__).resolve().parents[1]
OUTPUT = REPO / "tests" / "output"
SUMMARY = OUTPUT / "summary.txt"
BIN = Path(sys.executable).parent
PACKAGES = Path(sysconfig.get_path("purelib"))
COLLECTION = Path("ansible_collections", "antmedia", "s3_recording")
NAME = "antmedia.s3_recording"
DOCUMENTED = {
    "modules": "module",
    "lookup": "lookup",
    "filter": "filter",
    "test": "test",
    "callback": "callback",
    "inventory": "inventory",
}
NOISE = re.compile(r"^\s*(?:\[?(?:deprecation )?warning\b|WARNING\b|\S+:\d+: \w*Warning:)", re.I | re.M)
GET_PIP = re.compile(r"manually downloaded and saved to: (\S+)")
# Stands in for get-pip where only package indexes can be reached. A process of its own for ensurepip,
# because in process it would hide pip's configuration from the pip that follows.
PIP_BOOTSTRAP = """\
import os
import subprocess
import sys

subprocess.run([sys.executable, "-m", "ensurepip"], check=True)
given = [argument for argument in sys.argv[1:] if argument not in ("--no-setuptools", "--no-wheel")]
os.execv(sys.executable, [sys.executable, "-m", "pip", "install", *given])
"""


@dataclass
class StepResult:
    """The result of one step of a stage."""

    name: str
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0.0
    notes: list[str] = field(default_factory=list)
    # Seconds of each test.
    tests: dict[str, float] = field(default_factory=dict)

    def line(self) -> str:
        verdict = "FAILED" if self.failed else "ok" if self.passed else "skipped"
        counts = f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"
        return f"{verdict:8}{self.name:34}{counts:44}{self.seconds:7.1f} s"


def active(programs: Path) -> dict[str, str]:
    """Return variables as if the virtual environment of these programs were active."""
    path = os.pathsep.join([str(programs), os.environ.get("PATH", os.defpath)])
    return {"PATH": path, "VIRTUAL_ENV": str(programs.parent)}


def virtual_environment(home: Path, python: str, packages: Sequence[str]) -> Path:
    """Return the Python of an environment with only these packages, made anew when they change."""
    wanted = hashlib.sha256("\n".join(packages).encode()).hexdigest()[:12]
    stamp = home / f"installed-{wanted}"
    if not stamp.exists():
        shutil.rmtree(home, ignore_errors=True)
        subprocess.run([python, "-m", "venv", str(home)], check=True)
        pip = [str(home / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *packages], check=True)
        stamp.touch()
    return home / "bin" / "python"


def requirements(name: str) -> list[str]:
    """Return the lines of a file of requirements and of the files that it names."""
    found: list[str] = []
    path = REPO / name
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("-r "):
            found += requirements(str((path.parent / line[3:]).resolve().relative_to(REPO)))
        elif line and not line.startswith("#"):
            found.append(line)
    return found


def environment(**extra: str) -> dict[str, str]:
    """Return the caller's environment with the virtual environment active and no setting of Ansible."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "AWS_"))}
    env.update(
        **active(BIN),
        LC_ALL="C.UTF-8",
        ANSIBLE_NOCOLOR="1",
        NO_COLOR="1",
        PIP_DISABLE_PIP_VERSION_CHECK="1",
    )
    env.update(extra)
    return env


def tool(name: str) -> str:
    return str(BIN / name)


def called(command: Sequence[str], cwd: Path, **extra: str) -> tuple[int, str]:
    done = subprocess.run(
        list(command),
        cwd=cwd,
        env=environment(**extra),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    return done.returncode, done.stdout


def check(name: str, command: Sequence[str], cwd: Path = REPO, **extra: str) -> StepResult:
    """Run a tool, which passes by its exit code and without a warning."""
    start = time.monotonic()
    code, output = called(command, cwd, **extra)
    good = code == 0 and not NOISE.search(output)
    if not good:
        print(f"--- {name}: exit code {code}\n{output.rstrip()}\n---", flush=True)
    return StepResult(name, int(good), int(not good), seconds=time.monotonic() - start)


@contextmanager
def copied_tree(packages: Path = PACKAGES) -> Iterator[Path]:
    """Copy what git would commit to a path that the collection tools insist on, beside an amazon.aws."""
    with tempfile.TemporaryDirectory(prefix="s3-recording-") as scratch:
        root = Path(scratch).resolve() / COLLECTION
        for name in _files():
            target = root / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(REPO / name, target, follow_symlinks=False)
        # Some tools look for what it depends on only beside it, and follow no link to where git ignores it.
        amazon = Path("ansible_collections", "amazon")
        shutil.copytree(packages / amazon, root.parents[2] / amazon)
        yield root


def _files() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=REPO,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return [name for name in listed.split("\0") if name and os.path.lexists(REPO / name)]


def where(tree: Path) -> dict[str, str]:
    return {"ANSIBLE_COLLECTIONS_PATH": str(tree.parents[2])}


def lint() -> Iterable[StepResult]:
    yield check("ruff", [tool("ruff"), "check", "--no-cache", "."])
    yield check("ruff format", [tool("ruff"), "format", "--no-cache", "--check", "."])
    packages = ["ansible_collections.antmedia.s3_recording.plugins", "tests", "stand_ins", "demo"]
    yield check("mypy", [tool("mypy"), *(part for package in packages for part in ("-p", package))])
    yield check("yamllint", [tool("yamllint"), "--strict", "."])
    yield check("changelog", [tool("antsibull-changelog"), "lint"])
    with copied_tree() as tree:
        yield check(
            "ansible-lint", [tool("ansible-lint"), "--offline", "--strict", "--nocolor"], tree, **where(tree)
        )


def docs() -> Iterable[StepResult]:
    with copied_tree() as tree:
        command = [tool("antsibull-docs"), "lint-collection-docs", "--plugin-docs", "."]
        # It copies amazon.aws from the virtual environment, and of a git work tree only what git knows.
        ceiling = {"GIT_CEILING_DIRECTORIES": str(BIN.parent.resolve())}
        yield check("antsibull-docs", command, tree, **where(tree), **ceiling)
        yield check("site", [sys.executable, "-m", "tests.docs_site"])
        for folder, kind in DOCUMENTED.items():
            names = sorted({path.stem for path in (tree / "plugins" / folder).glob("[!_]*.*")})
            names = [f"{NAME}.{name}" for name in names if _is_documented(tree, folder, name)]
            if names:
                documented = [tool("ansible-doc"), "-t", kind, "--json", *names]
                yield check(f"ansible-doc {kind}", documented, tree, **where(tree))


def _is_documented(tree: Path, folder: str, name: str) -> bool:
    """True if a plugin has documentation. Of filters each has a file of it, and all have one of code."""
    return folder != "filter" or (tree / "plugins" / folder / f"{name}.yml").exists()


def sanity() -> Iterable[StepResult]:
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    yield sanity_of(BIN, version)


def sanity_of(environment_bin: Path, version: str) -> StepResult:
    """Run the ansible-test of a virtual environment, whose Python is of this version."""
    packages = environment_bin.parent / "lib" / f"python{version}" / "site-packages"
    with copied_tree(packages) as tree:
        program = str(environment_bin / "ansible-test")
        command = [program, "sanity", "--python", version, "--requirements", "--color", "no"]
        start = time.monotonic()
        code, output = called(command, tree, **active(environment_bin))
        wanted = GET_PIP.search(output)
        if code and wanted:
            script = Path(wanted.group(1))
            script.parent.mkdir(parents=True, exist_ok=True)
            script.write_text(PIP_BOOTSTRAP, encoding="utf-8")
            # The interrupted run leaves files that the next one would complain of.
            shutil.rmtree(tree / "tests" / "output", ignore_errors=True)
            code, output = called(command, tree, **active(environment_bin))
        # Said of a machine without this locale, not of the collection.
        # The heading over the warnings is none itself; one that is left is found under it.
        said_of_machine = r'^WARNING: (Using locale "C.UTF-8" instead of|Reviewing previous \d+ warning).*\n'
        output = re.sub(said_of_machine, "", output, flags=re.M)
        ran = len(set(re.findall(r'^Running sanity test "(\S+)"', output, re.M)))
        summary = re.search(r"The (\d+) sanity test\(s\) listed below \(out of \d+\) failed", output)
        failed = (
            int(summary.group(1)) if summary else int(code != 0 or ran == 0 or bool(NOISE.search(output)))
        )
        if failed:
            print(f"--- ansible-test sanity: exit code {code}\n{output.rstrip()}\n---", flush=True)
        passed = max(ran - failed, 0)
        return StepResult("ansible-test sanity", passed, failed, seconds=time.monotonic() - start)


def pytest_stage(
    name: str, *paths: str, workers: int = 0, distribution: tuple[str, ...] = ("load",)
) -> Callable[[], Iterable[StepResult]]:
    def run() -> Iterable[StepResult]:
        here = [path for path in paths if list((REPO / path).rglob("test_*.py"))]
        if not here:
            return
        OUTPUT.mkdir(parents=True, exist_ok=True)
        report = OUTPUT / f"junit-{name}.xml"
        report.unlink(missing_ok=True)
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "--continue-on-collection-errors",
            f"--junitxml={report}",
            *here,
        ]
        if workers:
            command += ["-n", str(workers), "--dist", *distribution]
        start = time.monotonic()
        # Printed as it runs: the long stages would otherwise be silent for minutes.
        code = subprocess.run(command, cwd=REPO, env=environment(), stdin=subprocess.DEVNULL, check=False)
        yield counted(name, report, code.returncode, time.monotonic() - start)

    return run


def counted(name: str, report: Path, code: int, seconds: float) -> StepResult:
    result = StepResult(name, seconds=seconds)
    reasons: dict[str, int] = {}
    if report.exists():
        for case in ET.parse(report).getroot().iter("testcase"):  # noqa: S314 - pytest wrote it
            test = f"{case.get('classname', '')}::{case.get('name', '')}"
            result.tests[test] = result.tests.get(test, 0.0) + float(case.get("time", 0))
            if case.find("failure") is not None or case.find("error") is not None:
                result.failed += 1
            elif (skip := case.find("skipped")) is not None:
                result.skipped += 1
                reason = skip.get("message", "")
                reasons[reason] = reasons.get(reason, 0) + 1
            else:
                result.passed += 1
    if code and not result.failed:
        result.failed = 1  # it broke before or after the tests
    result.notes = [f"{number} skipped: {reason}" for reason, number in reasons.items()]
    return result


# What says most in the least time is first.
STAGES: dict[str, tuple[str, Callable[[], Iterable[StepResult]]]] = {
    "unit": ("what is decided, without a network", pytest_stage("unit", "tests/unit", workers=2)),
    "lint": ("ruff, mypy, yamllint, ansible-lint, changelog", lint),
    "sanity": ("ansible-test sanity, nothing ignored", sanity),
    "docs": ("documentation of plugins and role", docs),
    "component": (
        "what speaks to a stand-in, without a playbook",
        pytest_stage("component", "tests/component", workers=2),
    ),
    "stand-ins": (
        "the stand-ins themselves",
        pytest_stage("stand-ins", "stand_ins/tests", workers=2, distribution=("loadfile",)),
    ),
    "contract": (
        "simulated and real server against the same tests",
        pytest_stage("contract", "tests/contract", workers=2, distribution=("loadfile",)),
    ),
    "integration": (
        "each module, step by step, on the stand-ins",
        # The longest begin: tests/integration/conftest.py.
        pytest_stage("integration", "tests/integration", workers=3, distribution=("worksteal",)),
    ),
    "e2e": (
        "role and playbooks as a user runs them",
        # What takes long there is made once a module. The longest begin: tests/e2e/conftest.py.
        pytest_stage(
            *("e2e", "tests/e2e", "tests/sweep"),
            workers=3,
            distribution=("loadscope", "--no-loadscope-reorder"),
        ),
    ),
}
# Each of these has use for one core, and the tests for all of them.
BESIDE_EACH_OTHER = ("lint", "sanity", "docs")


def side_by_side(names: Iterable[str]) -> Iterator[list[str]]:
    """Group stages that follow each other and may run at the same time."""
    for _group, found in groupby(names, lambda name: "" if name in BESIDE_EACH_OTHER else name):
        yield list(found)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("stages", nargs="*", metavar="STAGE")
    parser.add_argument("--list", action="store_true", help="name the stages and end")
    given = parser.parse_args()
    if given.list:
        print("\n".join(f"{name:14}{what}" for name, (what, _run) in STAGES.items()))
        return 0
    unknown = [name for name in given.stages if name not in STAGES]
    if unknown:
        parser.error(f"no such stage: {' '.join(unknown)} (there are {' '.join(STAGES)})")

    SUMMARY.unlink(missing_ok=True)
    results: list[StepResult] = []
    for names in side_by_side(given.stages or STAGES):
        print("\n".join(f"=== {name}: {STAGES[name][0]}" for name in names), flush=True)
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for result in chain.from_iterable(pool.map(lambda name: list(STAGES[name][1]()), names)):
                results.append(result)
                print("\n".join([result.line(), *(f"        {note}" for note in result.notes)]), flush=True)
    return _summary(results)


def _summary(results: Sequence[StepResult]) -> int:
    """Print and write how many passed, and return the exit code."""
    print("\n=== all stages")
    print("\n".join(result.line() for result in results))
    print("\n".join(_slowest(results)))
    passed, failed, skipped = (
        sum(getattr(result, kind) for result in results) for kind in ("passed", "failed", "skipped")
    )
    summary = f"{passed} passed, {failed} failed, {skipped} skipped"
    OUTPUT.mkdir(parents=True, exist_ok=True)
    SUMMARY.write_text(summary + "\n", encoding="utf-8")
    print(summary, flush=True)
    return int(failed > 0 or passed == 0)


def _slowest(results: Iterable[StepResult]) -> Iterator[str]:
    """Yield a line with the ten slowest tests, and one with the ten files whose tests together are."""
    tests = {name: seconds for result in results for name, seconds in result.tests.items()}
    files: dict[str, float] = {}
    for name, seconds in tests.items():
        # A class is named after the file.
        file = ".".join(part for part in name.partition("::")[0].split(".") if not part.startswith("Test"))
        files[file] = files.get(file, 0.0) + seconds
    for what, found in (("tests", tests), ("files", files)):
        slowest = sorted(found.items(), key=lambda each: -each[1])[:10]
        if slowest:
            named = ", ".join(f"{name.removeprefix('tests.')} {seconds:.0f} s" for name, seconds in slowest)
            yield f"slowest {what}: {named}"


if __name__ == "__main__":
    sys.exit(main())
