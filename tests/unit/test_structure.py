# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The structure of the code: rooms, floors and arrows between them, as docs/ARCHITECTURE.md draws them.

A room is a folder of plugins/module_utils or plugins/plugin_utils. An import counts wherever it is in a file,
but for those that only a type checker sees.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

from tests.harness.generate_file_index import INDEX, render

REPO = Path(__file__).resolve().parents[2]
PLUGINS = REPO / "plugins"
PACKAGE = "ansible_collections.antmedia.s3_recording"
SHARED = ("module_utils", "plugin_utils")
MOST_ROOMS, MOST_FLOORS, MOST_COMPLEXITY, MOST_LINES = 12, 4, 12, 400
# Who may import what speaks to a network, and who may have this in a text.
NETWORK = {
    "boto3": {"_aws", "_check"},
    "botocore": {"_aws", "_check"},
    "http.client": {"_ams", "_common", "_import"},
    "requests": {"_ams", "_check", "_common", "_import"},
    "urllib3": {"_ams", "_check", "_common"},
}
TEXTS = {"/rest/v2": {"_ams"}}
Graph = Mapping[str, "set[str]"]


def name_of(path: Path) -> str:
    return path.relative_to(REPO).as_posix()


def files(*folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((REPO / folder).rglob("*.py"))]


def room_of(name: str) -> str:
    """Return the room of a file, empty for a file outside of all rooms."""
    parts = name.split("/")
    return parts[2] if parts[1] in SHARED and len(parts) > 3 else ""


def imports(path: Path) -> Iterator[tuple[str, str]]:
    """Yield the modules that a file imports, each with the name that is taken from it."""
    package = list(path.relative_to(REPO).parent.parts)
    for node in runtime_nodes(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*above, *([node.module] if node.module else [])])
            yield from ((module, alias.name) for alias in node.names)


def runtime_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """Yield a node and those in it, without what only a type checker sees."""
    if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
        for other in node.orelse:
            yield from runtime_nodes(other)
        return
    yield node
    for child in ast.iter_child_nodes(node):
        yield from runtime_nodes(child)


def imported_file(module: str, taken: str) -> str:
    """Return the file of this repository that an import reads, empty for any other import."""
    path = REPO / module.removeprefix(f"{PACKAGE}.").replace(".", "/")
    for found in (path / f"{taken}.py", path / taken / "__init__.py", path.with_suffix(".py")):
        if taken and found.is_file():
            return name_of(found)
    return name_of(path.with_suffix(".py")) if path.with_suffix(".py").is_file() else ""


@cache
def arrows(*folders: str) -> Graph:
    """Return each file with the files that it imports."""
    return {
        name_of(path): {imported_file(*each) for each in imports(path)} - {"", name_of(path)}
        for path in files(*folders)
    }


@cache
def room_arrows() -> Graph:
    found: dict[str, set[str]] = {room_of(name): set() for name in arrows("plugins")}
    for name, imported in arrows("plugins").items():
        found[room_of(name)] |= {room_of(each) for each in imported} - {room_of(name)}
    return {room: imported - {""} for room, imported in found.items() if room}


def circle_in(graph: Graph) -> list[str]:
    """Return a path that leads back to where it starts, empty if there is none."""
    done: set[str] = set()

    def walk(name: str, path: list[str]) -> list[str]:
        if name in path:
            return [*path[path.index(name) :], name]
        if name in done:
            return []
        found = next(filter(None, (walk(each, [*path, name]) for each in sorted(graph.get(name, ())))), [])
        done.add(name)
        return found

    return next(filter(None, (walk(name, []) for name in sorted(graph))), [])


def test_there_are_few_rooms() -> None:
    rooms = sorted(room_arrows())
    assert 0 < len(rooms) <= MOST_ROOMS, rooms


def test_every_shared_file_is_in_a_room() -> None:
    outside = [name_of(path) for path in files("plugins") if path.parent.name in SHARED]
    assert {Path(name).name for name in outside} <= {"__init__.py"}, outside


def test_there_is_no_circle_between_rooms() -> None:
    assert circle_in(room_arrows()) == []


def test_there_are_few_floors() -> None:
    assert circle_in(room_arrows()) == []

    @cache
    def floor(room: str) -> int:
        return 1 + max((floor(each) for each in room_arrows()[room]), default=0)

    floors = {room: floor(room) for room in sorted(room_arrows())}
    assert max(floors.values()) <= MOST_FLOORS, floors


@pytest.mark.parametrize("folder", ["plugins", "stand_ins", "tests", "demo"])
def test_there_is_no_circle_between_files(folder: str) -> None:
    assert circle_in(arrows(folder)) == []


@pytest.mark.parametrize(
    ("folder", "others"),
    [
        (
            "plugins/module_utils",
            ("plugins/plugin_utils/", "plugins/action/", "plugins/filter/", "stand_ins/"),
        ),
        ("plugins", ("tests/", "stand_ins/", "demo/")),
        ("stand_ins", ("tests/", "demo/")),
        ("demo", ("tests/",)),
    ],
)
def test_nothing_imports_what_is_above_it(folder: str, others: tuple[str, ...]) -> None:
    found = {
        name: sorted(each for each in imported if each.startswith(others))
        for name, imported in arrows(folder).items()
    }
    assert {name: imported for name, imported in found.items() if imported} == {}


def test_only_some_rooms_speak_to_a_network() -> None:
    found = [
        f"{name_of(path)} imports {module}"
        for path in files("plugins")
        for module, taken in imports(path)
        for library, rooms in NETWORK.items()
        if f"{module}.{taken}.".startswith(f"{library}.")
        and room_of(name_of(path)) not in rooms
        # Only to tell one failure from another.
        and module != "botocore.exceptions"
    ]
    found += [
        f"{name_of(path)} has {text}"
        for path in files("plugins")
        for text, rooms in TEXTS.items()
        if text in path.read_text(encoding="utf-8") and room_of(name_of(path)) not in rooms
    ]
    assert found == []


def test_no_function_is_too_complex() -> None:
    """By radon's measure, which counts comprehensions and operators too. The matrix does without radon."""
    radon = pytest.importorskip("radon.complexity")
    found = [
        f"{name_of(path)}:{block.lineno} {block.fullname} {block.complexity}"
        for path in files("plugins")
        for block in radon.cc_visit(path.read_text(encoding="utf-8"))
        if block.letter in "FM" and block.complexity > MOST_COMPLEXITY
    ]
    assert found == [], "\n".join(found)


def test_no_shared_file_is_too_long() -> None:
    lines = {
        name_of(path): len(path.read_text(encoding="utf-8").splitlines())
        for path in files(*(f"plugins/{folder}" for folder in SHARED))
    }
    assert {name: count for name, count in lines.items() if count > MOST_LINES} == {}


def test_unit_tests_are_named_for_the_file_that_they_are_about() -> None:
    """What is about several files is in tests/unit itself. test_explain.py may be about explain_*.py."""
    found = []
    for path in files("tests/unit/plugins"):
        if not path.name.startswith("test_"):
            continue
        subject = path.stem.removeprefix("test_")
        folder = REPO / path.parent.relative_to(REPO / "tests" / "unit")
        if not [*folder.glob(f"{subject}.py"), *folder.glob(f"{subject}_*.py")]:
            found.append(f"{name_of(path)}: no {name_of(folder / subject)}.py")
    assert found == []


def test_the_index_of_files_is_of_now() -> None:
    assert INDEX.read_text(encoding="utf-8") == render(), "Run: make files"


def test_every_python_file_has_a_sentence_in_the_index() -> None:
    bare = re.findall(r"^- \*\*(\w+\.py)\*\* *(?:\(.*\))?$", render(), re.MULTILINE)
    assert bare == []
