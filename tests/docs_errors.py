# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Write a page with every error message and its remedy, from the code.

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
CLASSES = ("AmsError", "AwsError", "TransportError")
# What else stops a task: the one argument is the message, or what came back of one of CLASSES.
PLAIN = (
    "AnsibleActionFail",
    "AnsibleFilterError",
    "AnsibleLookupError",
    "IntentError",
    "SettingsError",
    "ValueError",
    "VariableError",
)
# Files whose functions give sentences: errors, warnings, and why a check of the chain failed.
SENTENCES = {
    "What is refused before anything is touched": (
        "plugin_utils/_intent/validation*.py",
        "plugin_utils/_intent/warnings.py",
        "module_utils/_common/addresses.py",
        "plugin_utils/_intent/plan.py",
    ),
    "What the check says of a broken link": (
        "module_utils/_check/explain_*.py",
        "module_utils/_check/upload.py",
        "module_utils/_check/playback.py",
        "module_utils/_check/live*.py",
    ),
    "How a rollout that was stopped has ended": ("plugin_utils/_output/rollout_report.py",),
    "What a plan finds": (
        "plugin_utils/_plan/*.py",
        "plugin_utils/_read/*.py",
        "action/recording_plan.py",
    ),
    "Why a run is not rolled back": ("plugin_utils/_plan/runs.py",),
    "What AWS would refuse, and what would change somebody else's access": ("module_utils/_aws/*_plan.py",),
    "What an answer of a server or of AWS comes to": (
        "module_utils/_ams/client.py",
        "module_utils/_ams/fields.py",
        "module_utils/_aws/errors.py",
        "module_utils/_common/network.py",
    ),
}
INTRODUCTION = (
    "Words in capitals stand for what a message puts in there. Each error says what was tried, what came "
    "back, and what to do, as far as that is known."
)
# Of an access key's state, called in other files than its own.
FACTS = ("error",)
_SHORTEST = 5  # words
_DISPLAY = "antmedia.s3_recording.recording_display"
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
    """Return a string of the code, with names in capitals for its fields; empty for what is no text.

    known: the texts of names.
    """
    if isinstance(node, ast.Name) and known and known.get(node.id):
        return known[node.id]
    if isinstance(node, ast.Constant):
        # A text for str.format has names too.
        text = node.value if isinstance(node.value, str) else ""
        return re.sub(r"{([a-z]+)}", lambda found: found[1].upper(), text)
    if isinstance(node, ast.JoinedStr):
        return "".join(text_of(part, known) for part in node.values)
    if isinstance(node, ast.FormattedValue):
        return text_of(node.value, known) or _placeholder(node.value)
    if isinstance(node, ast.IfExp):
        parts = (text_of(node.body, known), text_of(node.orelse, known))
        return " / ".join(part for part in parts if part.strip())
    if isinstance(node, ast.List):
        return "; ".join(text_of(part, known) for part in node.elts)
    if isinstance(node, ast.BinOp):
        return text_of(node.left, known) + text_of(node.right, known)
    return _placeholder(node)


def _placeholder(node: ast.AST) -> str:
    names = [part.id for part in ast.walk(node) if isinstance(part, ast.Name)]
    names += [part.attr for part in ast.walk(node) if isinstance(part, ast.Attribute)]
    own = [name.strip("_") for name in names if name not in _HOW]
    return (own[-1] if own else "value").upper()


def errors() -> list[Message]:
    """Yield the places that make an error, by its class or by a function that passes its arguments on."""
    found: list[Message] = []
    for path, tree in _sources():
        makers = makers_in(tree)
        inside = {id(part) for node in makers.values() for part in ast.walk(node)}
        for node, known in _scoped(tree):
            if isinstance(node, ast.Call) and id(node) not in inside and is_error(node, makers):
                found.append(Message(path, tuple(text_of(part, known) for part in node.args[:3])))
    return found


def of_actions() -> list[str]:
    """Return the messages of actions that fail by what they return."""
    return [
        text_of(value, known)
        for _path, tree in _sources()
        for node, known in _scoped(tree)
        if isinstance(node, ast.Dict) and _is_failure(node)
        for key, value in zip(node.keys, node.values)
        if getattr(key, "value", None) == "msg"
    ]


def _is_failure(node: ast.Dict) -> bool:
    return any(
        getattr(key, "value", None) == "failed" and getattr(value, "value", None) is True
        for key, value in zip(node.keys, node.values)
    )


def is_error(node: ast.Call, makers: Mapping[str, ast.FunctionDef]) -> bool:
    """True if a call makes an error with a text of its own."""
    name = getattr(node.func, "id", "") or getattr(node.func, "attr", "")
    return bool(node.args) and name in {*CLASSES, *PLAIN, *FACTS, *makers}


def makers_in(tree: ast.Module) -> dict[str, ast.FunctionDef]:
    """Return functions that only pass their arguments to an error: their callers have the text."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and getattr(node.returns, "id", "") in CLASSES:
            given = {each.arg for each in node.args.args}
            made = [each for each in ast.walk(node) if isinstance(each, ast.Call) and is_error(each, {})]
            if any(getattr(each.args[1], "id", "") in given for each in made if len(each.args) > 1):
                found[node.name] = node
    return found


def _scoped(
    node: ast.AST, known: Mapping[str, str] | None = None
) -> Iterator[tuple[ast.AST, Mapping[str, str]]]:
    """Yield each node in its order, with the texts of the names that it sees."""
    known = known or {}
    if isinstance(node, (ast.Module, ast.FunctionDef)):
        given = {each.arg for each in node.args.args} if isinstance(node, ast.FunctionDef) else set()
        known = {name: text for name, text in known.items() if name not in given}
        known.update(_assigned(node, known))
    yield node, known
    for child in ast.iter_child_nodes(node):
        yield from _scoped(child, known)


def _assigned(scope: ast.AST, known: Mapping[str, str]) -> dict[str, str]:
    """Return the texts of the names in a scope; more than one with slashes between them."""
    found: dict[str, list[str]] = {}
    waiting = list(ast.iter_child_nodes(scope))
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            continue
        waiting[:0] = ast.iter_child_nodes(node)
        for name, value in _pairs(node):
            is_text = isinstance(value, (ast.Constant, ast.JoinedStr, ast.IfExp))
            seen = {**known, **{each: " / ".join(texts) for each, texts in found.items()}}
            found.setdefault(name, []).append(text_of(value, seen) if is_text else "")
    return {name: " / ".join(text for text in dict.fromkeys(texts) if text) for name, texts in found.items()}


def _pairs(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    if not isinstance(node, ast.Assign):
        return
    target, value = node.targets[0], node.value
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        pairs = list(zip(target.elts, value.elts))
    else:
        pairs = [(target, value)]
    yield from ((each.id, given) for each, given in pairs if isinstance(each, ast.Name))


def _sources() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted((REPO / "plugins").rglob("*.py")):
        yield str(path.relative_to(REPO)), ast.parse(path.read_text(encoding="utf-8"))


def sentences(pattern: str) -> list[str]:
    """Return the sentences of the files below plugins that a pattern names, in their order."""
    paths = sorted((REPO / "plugins").glob(pattern))
    if not paths:
        raise FileNotFoundError(f"no file is plugins/{pattern}")
    return list(dict.fromkeys(text for path in paths for text in _sentences_of(path)))


def _sentences_of(path: Path) -> list[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    left_out = {id(part) for node in ast.walk(tree) for part in _no_sentences(node)}
    found = []
    for node, known in _scoped(tree):
        is_text = isinstance(node, (ast.JoinedStr, ast.Constant)) and id(node) not in left_out
        text = " ".join(text_of(node, known).split()) if is_text else ""
        if len(text.split()) >= _SHORTEST:
            found.append((getattr(node, "lineno", 0), text))
    return list(dict.fromkeys(text for _line, text in sorted(found)))


def _no_sentences(node: ast.AST) -> list[ast.AST]:
    """Return strings that are no messages: documentation, pieces of a longer one, patterns, keys."""
    if isinstance(node, ast.JoinedStr):
        return list(node.values)
    if isinstance(node, ast.Dict):
        return [key for key in node.keys if key is not None]
    if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "compile":
        return list(node.args)
    return _docstring(node)


def _docstring(node: ast.AST) -> list[ast.AST]:
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef)
    if isinstance(node, kinds) and node.body and isinstance(node.body[0], ast.Expr):
        return [node.body[0].value]
    return []


def of_roles() -> list[str]:
    """Yield the messages of tasks of roles and playbooks that stop a run."""
    found = []
    for path in [*sorted(REPO.glob("roles/*/tasks/**/*.yml")), *sorted(REPO.glob("playbooks/**/*.yml"))]:
        found += [str(each["msg"]) for each in _fails(yaml.safe_load(path.read_text(encoding="utf-8")))]
    return [" ".join(_without_jinja(text).split()) for text in found]


def _fails(tasks: Any) -> Iterator[dict[str, Any]]:
    for task in tasks if isinstance(tasks, list) else []:
        if "ansible.builtin.fail" in task:
            yield task["ansible.builtin.fail"]
        if "problem" in (displayed := task.get(_DISPLAY) or {}):
            yield {"msg": displayed["problem"]}
        for inner in ("block", "rescue", "always", "tasks"):
            yield from _fails(task.get(inner))


def _without_jinja(text: str) -> str:
    text = re.sub(r"{%.*?%}", "", text, flags=re.S)

    def name(found: re.Match[str]) -> str:
        texts = [each.strip() for each in re.findall(r"'([A-Za-z][^'|()]* [^'|()]*)'", found[1])]
        if texts:
            return " / ".join(texts)
        names = re.findall(r"[A-Za-z]\w+", found[1].split("|")[0])
        return (names[-1] if names else "value").upper()

    return re.sub(r"{{(.*?)}}", name, text, flags=re.S)


def page() -> str:
    """Return the page as reStructuredText."""
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
        lines += [f"- {_escaped(text)}" for pattern in files for text in sentences(pattern)]
        lines.append("")
    lines += ["What stops a run", "----------------", ""]
    returned = [" ".join(text.split()) for text in of_actions()]
    stopping = [*of_roles(), *(text for text in returned if text != text.upper())]
    lines += [f"- {_escaped(text)}" for text in dict.fromkeys(stopping)]
    lines += ["", "Errors of the modules", "---------------------", ""]
    for message in dict.fromkeys(errors()):
        text = ". ".join(" ".join(part.split()) for part in message.parts if part)
        # Of some nothing but what is put in is known here: those words are in a list above.
        if text != text.upper():
            lines.append(f"- {_escaped(text)}")
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    return re.sub(r"([\\`*_|])", r"\\\1", text)
