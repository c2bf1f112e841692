# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What runs of the tests keep for each other, and that a changed source is never hidden by it."""

from __future__ import annotations

import os
import subprocess
import zipfile
from pathlib import Path

import pytest

from stand_ins.ansible_environment import PYTHON
from tests.harness import kept

START = "from ansible.plugins.loader import init_plugin_loader as start; start(); "
SAY = f"{START}from ansible_collections.one.two.plugins.module_utils.said import TEXT; print(TEXT)"
DESCRIBE = (
    "import botocore.session; print(botocore.session.get_session().get_service_model('sts').api_version)"
)


class Kept:
    """A collection with one module, and a folder for what is kept of it."""

    def __init__(self, scratch: Path) -> None:
        self.folder = scratch / "kept"
        self.source = scratch / "ansible_collections/one/two/plugins/module_utils/said.py"
        self.source.parent.mkdir(parents=True)
        self.env = {
            "ANSIBLE_COLLECTIONS_PATH": str(scratch),
            "ANSIBLE_HOME": str(scratch / "home"),
            "HOME": str(scratch),
            "KEPT_BY_TESTS": str(self.folder),
            "PYTHONPATH": str(next(iter(kept.__path__))),
        }

    def write(self, text: str) -> None:
        """Write the source with always the same size and time."""
        self.source.write_text(f"TEXT = {text!r}\n", encoding="utf-8")
        os.utime(self.source, (0, 0))

    def run(self, code: str) -> str:
        done = subprocess.run(
            [PYTHON, "-c", code], env=self.env, capture_output=True, text=True, timeout=120, check=False
        )
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout.strip()

    def files(self) -> dict[Path, int]:
        return {path: path.stat().st_mtime_ns for path in self.folder.iterdir()}


@pytest.fixture
def keeping(tmp_path: Path) -> Kept:
    return Kept(tmp_path)


def test_a_source_is_compiled_once_and_again_when_it_has_changed(keeping: Kept) -> None:
    keeping.write("one")
    assert keeping.run(SAY) == "one"
    files = keeping.files()
    assert keeping.run(SAY) == "one"
    assert keeping.files() == files
    keeping.write("two")
    assert keeping.run(SAY) == "two"
    again = keeping.files()
    assert len([path for path in files if again[path] != files[path]]) == 1
    assert [*again] == [*files]


def test_shipped_code_is_compiled_once_and_has_the_name_of_its_own_archive(
    keeping: Kept, tmp_path: Path
) -> None:
    said = {}
    for name, text in (("first", "one"), ("second", "one"), ("third", "two")):
        archive = tmp_path / f"{name}.zip"
        with zipfile.ZipFile(archive, "w") as zipped:
            zipped.writestr("shipped.py", f"def say():\n    return {text!r}\n")
        code = f"import sys; sys.path.insert(0, {str(archive)!r}); from shipped import say; "
        assert keeping.run(f"{code} print(say(), say.__code__.co_filename)") == f"{text} {archive}/shipped.py"
        said[name] = keeping.files()
    assert len(said["first"]) == 1
    assert said["first"] == said["second"] != said["third"]


def test_a_description_is_read_once(keeping: Kept) -> None:
    version = keeping.run(DESCRIBE)
    files = keeping.files()
    assert files
    assert keeping.run(DESCRIBE) == version
    assert keeping.files() == files


def test_a_file_that_is_broken_is_made_again(keeping: Kept) -> None:
    keeping.write("one")
    keeping.run(SAY)
    version = keeping.run(DESCRIBE)
    for path in keeping.files():
        # The key alone is as it was.
        path.write_bytes(path.read_bytes()[:70])
    assert (keeping.run(SAY), keeping.run(DESCRIBE)) == ("one", version)


def test_a_folder_that_cannot_be_used_is_no_error(keeping: Kept) -> None:
    keeping.write("one")
    keeping.folder.write_text("a file")
    version = keeping.run(DESCRIBE)
    assert version
    assert keeping.run(SAY) == "one"


@pytest.mark.parametrize(
    "module",
    [
        "ansible/utils/collection_loader/_collection_finder",
        "ansible/utils/collection_loader/_collection_meta",
        "botocore/loaders",
    ],
)
def test_a_release_without_the_function_is_as_it_is(keeping: Kept, tmp_path: Path, module: str) -> None:
    path = tmp_path / f"{module}.py"
    for package in path.relative_to(tmp_path).parents[:-1]:
        (tmp_path / package).mkdir(parents=True, exist_ok=True)
        (tmp_path / package / "__init__.py").touch()
    path.write_text("SAID = 'as it is'\n", encoding="utf-8")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); "
    code += f"from {module.replace('/', '.')} import SAID; print(SAID)"
    assert keeping.run(code) == "as it is"
    assert not keeping.folder.exists()
