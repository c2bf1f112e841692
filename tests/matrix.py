# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Run the tests on each supported ansible-core with each Python of this machine that it runs on.

python -m tests.matrix [CORE ...] [--python 3.12] [--only sanity]

ansible-test's sanity checks run once for each core, with the newest of those Pythons.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.run import OUTPUT, StepResult, active, counted, requirements, sanity_of, virtual_environment

REPO = Path(__file__).resolve().parents[1]
CACHE = REPO / ".cache" / "matrix"
# The ansible package that brings each core, and the controllers' Pythons that this core supports.
CORES = {
    "2.17": ("10", ("3.10", "3.11", "3.12")),
    "2.18": ("11", ("3.11", "3.12", "3.13")),
    "2.19": ("12", ("3.11", "3.12", "3.13")),
    "2.20": ("13", ("3.12", "3.13", "3.14")),
    "2.21": ("14", ("3.12", "3.13", "3.14")),
}
TESTS = [
    "tests/unit",
    "tests/component",
    "tests/integration",
    "tests/e2e",
    "tests/sweep",
    "-m",
    "not real_ams",
    "-n",
    "2",
    "--dist",
    "loadscope",
]


def pythons() -> dict[str, str]:
    """Return version and interpreter of those that really run: one on the PATH may be a shim of nothing."""
    found: dict[str, str] = {}
    for version in sorted({version for _package, fitting in CORES.values() for version in fitting}):
        for candidate in _candidates(version):
            asked = "import ensurepip, sys; print('%d.%d' % sys.version_info[:2])"
            done = subprocess.run([candidate, "-c", asked], capture_output=True, text=True, check=False)
            if done.returncode == 0 and done.stdout.strip() == version:
                found[version] = candidate
                break
    return found


def _candidates(version: str) -> list[str]:
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    below = sorted((root / "versions").glob(f"{version}.*/bin/python"), reverse=True)
    on_path = shutil.which(f"python{version}")
    return [*map(str, below), *([on_path] if on_path else [])]


def environment_of(core: str, package: str, version: str, python: str) -> Path:
    packages = [f"ansible=={package}.*", *requirements("requirements/test.txt")]
    return virtual_environment(CACHE / f"core-{core}-python-{version}", python, packages)


def sanity(core: str, package: str, version: str, python: str) -> StepResult:
    result = sanity_of(environment_of(core, package, version, python).parent, version)
    result.name = f"core {core}, sanity, Python {version}"
    return result


def tests(core: str, package: str, version: str, python: str) -> StepResult:
    name = f"core {core}, Python {version}"
    interpreter = environment_of(core, package, version, python)
    start = time.monotonic()
    OUTPUT.mkdir(parents=True, exist_ok=True)
    report = OUTPUT / f"matrix-{core}-{version}.xml"
    report.unlink(missing_ok=True)
    command = [
        str(interpreter),
        "-m",
        "pytest",
        "-q",
        "--continue-on-collection-errors",
        f"--junitxml={report}",
        *TESTS,
    ]
    env = {**os.environ, **active(interpreter.parent)}
    code = subprocess.run(command, cwd=REPO, env=env, stdin=subprocess.DEVNULL, check=False).returncode
    result = counted(name, report, code, time.monotonic() - start)
    result.notes.append(f"amazon.aws {_amazon(interpreter)}")
    return result


def tried(step: Callable[[str, str, str, str], StepResult], core: str, *of_core: str) -> StepResult:
    try:
        return step(core, *of_core)
    except subprocess.CalledProcessError as error:
        return StepResult(f"core {core}, {step.__name__}", failed=1, notes=[str(error)])


def _amazon(python: Path) -> str:
    asked = "import json, ansible_collections.amazon.aws as aws, pathlib; "
    asked += "text = pathlib.Path(list(aws.__path__)[0], 'MANIFEST.json').read_text(); "
    asked += "print(json.loads(text)['collection_info']['version'])"
    return subprocess.run(
        [str(python), "-c", asked], capture_output=True, text=True, check=False
    ).stdout.strip()


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("cores", nargs="*", metavar="CORE")
    parser.add_argument("--python", metavar="VERSION", help="this Python alone")
    parser.add_argument("--only", choices=("sanity", "tests"), help="one of the two")
    given = parser.parse_args()
    machine = pythons()
    results: list[StepResult] = []
    for core, (package, fitting) in CORES.items():
        if given.cores and core not in given.cores:
            continue
        here = [version for version in fitting if version in machine and given.python in (None, version)]
        if not here:
            print(f"core {core}: none of Python {', '.join(fitting)} is on this machine")
        steps = {"sanity": [(sanity, version) for version in here[-1:]]}
        steps["tests"] = [(tests, version) for version in here]
        for step, version in steps.get(given.only) or [*steps["sanity"], *steps["tests"]]:
            print(f"=== core {core}, {step.__name__}, Python {version}", flush=True)
            results.append(tried(step, core, package, version, machine[version]))
    return _summary(results)


def _summary(results: Sequence[StepResult]) -> int:
    print("\n=== matrix")
    for result in results:
        print(result.line() + "  " + "; ".join(result.notes))
    return int(not results or any(result.failed or not result.passed for result in results))


if __name__ == "__main__":
    sys.exit(main())
