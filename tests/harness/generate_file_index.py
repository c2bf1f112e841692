# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Write docs/FILES.md: what each file is for, in the words of the file itself.

Run it after a file was added or its docstring was changed: make files
"""

from __future__ import annotations

import ast
import itertools
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import yaml

REPO = Path(__file__).parents[2]
INDEX = REPO / "docs" / "FILES.md"
_FOLDERS = ("plugins", "roles", "playbooks", "stand_ins", "demo/run.py", "tests")
_HEAD = """\
# What each file is for

`make files` writes this from the files themselves: of a Python file the beginning of its docstring and its
names, of a YAML file the names of its plays and tasks. How the parts belong together is in
[ARCHITECTURE.md](ARCHITECTURE.md).
"""


def render() -> str:
    return "\n".join([_HEAD, *itertools.chain.from_iterable(map(_section, _folders()))])


def _folders() -> Iterator[tuple[str, list[Path]]]:
    listed = subprocess.run(
        ["git", "ls-files", *_FOLDERS], cwd=REPO, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    wanted = [Path(name) for name in listed if _is_wanted(Path(name)) and (REPO / name).is_file()]
    wanted.sort(key=lambda path: (path.parent, path.name))
    for folder, paths in itertools.groupby(wanted, key=lambda path: path.parent):
        yield str(folder), list(paths)


def _is_wanted(path: Path) -> bool:
    is_code = path.suffix in (".py", ".yml") and path.name != "__init__.py"
    # Filters and options are documented where they are used.
    is_documentation = path.parent.name == "filter" and path.suffix == ".yml"
    is_test = "tests" in path.parts and path.parent not in (Path("tests"), Path("tests/harness"))
    return is_code and not is_documentation and not is_test


def _section(section: tuple[str, list[Path]]) -> Iterator[str]:
    folder, paths = section
    yield f"## {folder}\n"
    about = _docstring(REPO / folder / "__init__.py")
    if about:
        yield f"{about}\n"
    for path in paths:
        text = " ".join(filter(None, _python(path) if path.suffix == ".py" else _yaml(path)))
        yield f"- **{path.name}** {text}".rstrip()
    yield ""


def _docstring(path: Path) -> str:
    """Return the first paragraph of a file's docstring, in one line."""
    found = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) if path.is_file() else None
    return " ".join((found or "").partition("\n\n")[0].split())


def _python(path: Path) -> Iterator[str]:
    tree = ast.parse((REPO / path).read_text(encoding="utf-8"))
    yield _docstring(REPO / path) or _short_description(path)
    names = [each for each in _names(tree) if each not in _OF_ANSIBLE]
    yield f"({', '.join(f'`{each}`' for each in names)})" if names else ""


# What Ansible looks for in each of its plugins.
_OF_ANSIBLE = {
    "ActionModule",
    "DOCUMENTATION",
    "EXAMPLES",
    "FilterModule",
    "LookupModule",
    "ModuleDocFragment",
    "RETURN",
    "main",
}


def _names(tree: ast.Module) -> Iterator[str]:
    """Yield functions, classes and public constants; private constants would only make the list longer."""
    for node in tree.body:
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
            yield node.name
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            given = node.targets if isinstance(node, ast.Assign) else [node.target]
            targets = [part for target in given for part in getattr(target, "elts", [target])]
            names = [each.id for each in targets if isinstance(each, ast.Name)]
            yield from (name for name in names if name.isupper() and not name.startswith("_"))


def _short_description(path: Path) -> str:
    """Return what a module's documentation says, also for the action that stands before it."""
    module = REPO / "plugins" / "modules" / path.name
    documented = module if path.parent.name == "action" and module.is_file() else REPO / path
    for node in ast.parse(documented.read_text(encoding="utf-8")).body:
        is_documentation = (
            isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "DOCUMENTATION"
        )
        if is_documentation and isinstance(node, ast.Assign):
            about = yaml.safe_load(ast.literal_eval(node.value))
            return f"{about['short_description']}." if "short_description" in about else ""
    return ""


def _yaml(path: Path) -> Iterator[str]:
    """Yield the names of plays and tasks, without the file's own name before them, or else of variables."""
    text = (REPO / path).read_text(encoding="utf-8")
    if path.parent.name in ("defaults", "vars"):
        yield ", ".join(f"`{name}`" for name in re.findall(r"^(\w+):", text, re.MULTILINE))
        return
    if path.parent.name == "meta":
        yield "; ".join(re.findall(r"^ +(?:short_description|description): +(\w.+)$", text, re.MULTILINE)[:1])
        return
    # A name may be folded into several lines, which stand further in than the word itself.
    folded = re.compile(r"^( *)- name: +>-\n((?:\1    .*\n)+)", re.MULTILINE)
    text = folded.sub(lambda found: f"{found[1]}- name: {' '.join(found[2].split())}\n", text)
    titles = re.findall(r"^ *- name: +(.+)$", text, re.MULTILINE)
    plain = (re.sub(r" *{{.*?}}", " …", title.strip("\"'")) for title in titles)
    yield "; ".join(dict.fromkeys(title.rpartition(" | ")[2] for title in plain))


def main() -> None:
    INDEX.write_text(render(), encoding="utf-8")


if __name__ == "__main__":
    main()
