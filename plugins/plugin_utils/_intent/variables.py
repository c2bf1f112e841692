# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make an intent of the values of the role's variables, which Ansible may have made text of."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any, Optional, get_type_hints

from ...module_utils._common.addresses import AddressError, in_ascii, read, with_brackets
from .model import Intent

PREFIX = "s3_recording_"
_DEFAULT_AMS_URL = "https://{host}:5443"
_TYPES = get_type_hints(Intent)
_ADDRESSES = {field.name for field in fields(Intent) if field.metadata.get("address")}


class IntentError(ValueError):
    """Raised with everything that cannot work, one sentence a problem."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("; ".join(problems))


def intent_of(inputs: Mapping[str, Any], host: str) -> Intent:
    """Return the intent of a host; an empty value counts as not given."""
    given = {name: value for name, value in inputs.items() if name in _TYPES and value not in (None, "")}
    problems: list[str] = []
    values: dict[str, Any] = {}
    for name, value in given.items():
        try:
            values[name] = typed(name, value)
        except ValueError as error:
            problems.append(f"{PREFIX}{name}: {error}")
    if "ams_url" not in given:
        values["ams_url"] = in_ascii(_DEFAULT_AMS_URL.format(host=with_brackets(host)))
        try:
            read(values["ams_url"])
        except AddressError as error:
            problems.append(f"{PREFIX}ams_url is not set, and what follows from the host's name {error}")
    if problems:
        raise IntentError(problems)
    values.setdefault("bucket", "")
    values["prefix"] = values.get("prefix", "").strip("/")
    return Intent(**values)


def typed(name: str, value: Any) -> Any:
    """Return a variable's value in its type; ValueError where it cannot be."""
    as_json = {_dictionary: "{...}", _dictionaries: "[...]"}
    reader = _READERS[_TYPES[name]]
    try:
        result = reader(value)
    except ValueError as error:
        if not isinstance(value, str) or reader not in as_json:
            raise
        example = f"-e '{{\"{PREFIX}{name}\": {as_json[reader]}}}'"
        raise ValueError(
            f"{error}: write it in JSON; with -e put all in one pair of quotes: {example}"
        ) from None
    if name not in _ADDRESSES:
        return result
    return tuple(map(in_ascii, result)) if isinstance(result, tuple) else in_ascii(result)


def is_boolean(name: str) -> bool:
    """True if a variable must be true or false, whether or not it may be empty."""
    return name in _TYPES and _READERS[_TYPES[name]] is _boolean


def _text(value: Any) -> str:
    if isinstance(value, (Mapping, list, tuple)):
        raise ValueError(f"must be text, not a {_kind(value)}")
    return str(value).strip()


def _whole_number(value: Any) -> int:
    if not re.fullmatch(r"\d+", str(value).strip()):
        raise ValueError(f"must be a whole number, not {value!r}")
    return int(value)


def _dictionary(value: Any) -> dict[str, Any]:
    given = _from_text(value, "dictionary") if isinstance(value, str) else value
    # Without the value: s3_recording_settings may hold secrets.
    if not isinstance(given, Mapping):
        raise ValueError(f"must be a dictionary, not a {_kind(given)}")
    return dict(given)


def _dictionaries(value: Any) -> tuple[dict[str, Any], ...]:
    given = _from_text(value, "list of dictionaries") if isinstance(value, str) else value
    if not isinstance(given, (list, tuple)) or not all(isinstance(each, Mapping) for each in given):
        raise ValueError(f"must be a list of dictionaries, not {value!r}")
    return tuple(dict(each) for each in given)


def _strings(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        if not value.strip().startswith("["):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        value = _from_text(value, "list")
    if not isinstance(value, (list, tuple)):
        raise ValueError(f"must be a list, not a {_kind(value)}")
    return tuple(str(part) for part in value)


def _boolean(value: Any) -> bool:
    text = str(value).strip().lower()
    if text not in ("true", "false", "yes", "no", "on", "off", "1", "0"):
        raise ValueError(f"must be true or false, not {value!r}")
    return text in ("true", "yes", "on", "1")


def _from_text(text: str, kind: str) -> Any:
    """Return the value of a text from -e or from an inventory in INI, in JSON or as Python writes it."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    try:
        return ast.literal_eval(_AsPython().visit(ast.parse(text.strip(), mode="eval")))
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        raise ValueError(f"must be a {kind}, and this text is not one") from None


class _AsPython(ast.NodeTransformer):
    """Names that are values in JSON, as ansible-core before 2.19 accepts them in what else is Python."""

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return ast.Constant(_OF_JSON[node.id]) if node.id in _OF_JSON else node


_OF_JSON = {"true": True, "false": False, "null": None}


def _kind(value: Any) -> str:
    if isinstance(value, Mapping):
        return "dictionary"
    return "list" if isinstance(value, (list, tuple)) else type(value).__name__


_READERS: dict[Any, Callable[[Any], Any]] = {
    bool: _boolean,
    Optional[bool]: _boolean,
    int: _whole_number,
    Optional[int]: _whole_number,
    str: _text,
    tuple[str, ...]: _strings,
    tuple[Mapping[str, Any], ...]: _dictionaries,
    Optional[Mapping[str, Any]]: _dictionary,
}
