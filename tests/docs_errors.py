# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every error message and its remedy, as the code has them: a page for the documentation.

The messages are where they arise, so that each knows what it is about. Here they are read from there, so that
none is missing.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

REPO = Path(__file__).resolve().parents[1]
ERRORS = ("AmsError", "AwsError")
# Files whose functions give sentences: what cannot work, what bites, and why a link of the chain is broken.
SENTENCES = {
    "What is refused before anything is touched": ("_recording_problems.py", "_fleet.py"),
    "What the check says of a broken link": (
        "_diagnosis.py",
        "_viewer_diagnosis.py",
        "_closed_bucket.py",
        "_upload_check.py",
        "_viewer_check.py",
        "_live.py",
        "_live_removal.py",
        "_live_store.py",
    ),
}
INTRODUCTION = (
    "Words in capitals stand for what a message puts in there. Each error says what was tried, what came "
    "back, and what to do, as far as that is known."
)
_SHORTEST = 5  # words
# They say how a value is turned into text, and not which.
_HOW = {
    "self",
    "str",
    "len",
    "sorted",
    "join",
    "lower",
    "upper",
    "get",
    "partition",
    "rstrip",
    "strip",
    "int",
}


@dataclass(frozen=True)
class Message:
    """One error: what was tried, what came back, what to do."""

    where: str
    parts: tuple[str, ...]


def text_of(node: ast.AST, known: Mapping[str, str] | None = None) -> str:
    """A string of the code, with names in capitals for what is put in; empty for what is no text at all.

    known: the texts of names.
    """
    if isinstance(node, ast.Name) and known and known.get(node.id):
        return known[node.id]
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    if isinstance(node, ast.JoinedStr):
        return "".join(text_of(part) for part in node.values)
    if isinstance(node, ast.FormattedValue):
        return _placeholder(node.value)
    if isinstance(node, ast.IfExp):
        return " / ".join(part for part in (text_of(node.body), text_of(node.orelse)) if part)
    if isinstance(node, ast.BinOp):
        return text_of(node.left) + text_of(node.right)
    return _placeholder(node)


def _placeholder(node: ast.AST) -> str:
    names = [part.id for part in ast.walk(node) if isinstance(part, ast.Name)]
    names += [part.attr for part in ast.walk(node) if isinstance(part, ast.Attribute)]
    own = [name.strip("_") for name in names if name not in _HOW]
    return (own[-1] if own else "value").upper()


def errors() -> list[Message]:
    """All places that make one of ERRORS."""
    found: list[Message] = []
    for path, tree in _sources():
        known: dict[str, str] = {}
        for node in _in_order(tree):
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                text = isinstance(node.value, (ast.Constant, ast.JoinedStr, ast.IfExp))
                known[node.targets[0].id] = text_of(node.value) if text else ""
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ERRORS:
                found.append(Message(path, tuple(text_of(part, known) for part in node.args[:3])))
    return found


def _in_order(node: ast.AST) -> Iterator[ast.AST]:
    """As the code stands, so that a name has the text that it was given last before."""
    yield node
    for child in ast.iter_child_nodes(node):
        yield from _in_order(child)


def _sources() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted((REPO / "plugins").rglob("*.py")):
        yield str(path.relative_to(REPO)), ast.parse(path.read_text(encoding="utf-8"))


def sentences(name: str) -> list[str]:
    """The sentences of a file, in their order."""
    path = REPO / "plugins" / "module_utils" / name
    tree = ast.parse(path.read_text(encoding="utf-8"))
    documented = {id(part) for node in ast.walk(tree) for part in _docstring(node)}
    inner = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    found = []
    for node in ast.walk(tree):
        is_text = isinstance(node, (ast.JoinedStr, ast.Constant)) and id(node) not in documented | inner
        text = " ".join(text_of(node).split()) if is_text else ""
        if len(text.split()) >= _SHORTEST:
            found.append((getattr(node, "lineno", 0), text))
    return list(dict.fromkeys(text for _line, text in sorted(found)))


def _docstring(node: ast.AST) -> list[ast.AST]:
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef)
    if isinstance(node, kinds) and node.body and isinstance(node.body[0], ast.Expr):
        return [node.body[0].value]
    return []


def of_role() -> list[str]:
    """What the role's own tasks say when they stop a run."""
    found = []
    for path in sorted((REPO / "roles" / "s3_recording" / "tasks").glob("*.yml")):
        found += [str(each["msg"]) for each in _fails(yaml.safe_load(path.read_text(encoding="utf-8")))]
    return [" ".join(_without_jinja(text).split()) for text in found]


def _fails(tasks: Any) -> Iterator[dict[str, Any]]:
    for task in tasks if isinstance(tasks, list) else []:
        if "ansible.builtin.fail" in task:
            yield task["ansible.builtin.fail"]
        for inner in ("block", "rescue", "always"):
            yield from _fails(task.get(inner))


def _without_jinja(text: str) -> str:
    text = re.sub(r"{%.*?%}", "", text, flags=re.S)

    def name(found: re.Match[str]) -> str:
        names = re.findall(r"[A-Za-z]\w+", found[1].split("|")[0])
        return (names[-1] if names else "value").upper()

    return re.sub(r"{{(.*?)}}", name, text, flags=re.S)


def page() -> str:
    """The page as reStructuredText."""
    title = "Every error message, and what to do"
    lines = [
        ".. _ansible_collections.antmedia.s3_recording.docsite.errors:",
        "",
        title,
        "=" * len(title),
        "",
        INTRODUCTION,
        "",
    ]
    for heading, files in SENTENCES.items():
        lines += [heading, "-" * len(heading), ""]
        lines += [f"- {_escaped(text)}" for name in files for text in sentences(name)]
        lines.append("")
    lines += ["What stops a run of the role", "----------------------------", ""]
    lines += [f"- {_escaped(text)}" for text in of_role()]
    lines += ["", "Errors of the modules", "---------------------", ""]
    for message in dict.fromkeys(errors()):
        told = [" ".join(part.split()) for part in message.parts if part]
        lines.append(f"- {_escaped('. '.join(told))}")
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    return re.sub(r"([\\`*_|])", r"\\\1", text)
