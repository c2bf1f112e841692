# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An intent from the values of the role's variables, which Ansible may have made text of."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any, Optional, Union, get_type_hints

from ...module_utils._common.addresses import AddressError, in_ascii, read, with_brackets
from .model import Intent
from .validation import IntentError

_DEFAULT_AMS_URL = "https://{host}:5443"
_LISTS = (
    "applications",
    "upload",
    "key_file_extensions",
    "forwarding_extensions",
    "cors_origins",
    "cors_extra_origins",
    "cors_methods",
)
_ADDRESSES = (
    "endpoint",
    "aws_endpoint_url",
    "base_url",
    "ams_url",
    "viewer_url",
    "cors_origins",
    "cors_extra_origins",
)
_LISTS_OF_DICTIONARIES = ("transitions",)
_TYPES = get_type_hints(Intent)


def intent_of(inputs: Mapping[str, Any], host: str) -> Intent:
    """An intent from the values of the role's variables; an empty value counts as not given."""
    known = {field.name for field in fields(Intent)}
    given = {name: value for name, value in inputs.items() if name in known and value not in (None, "")}
    problems: list[str] = []
    values: dict[str, Any] = {}
    for name, value in given.items():
        try:
            values[name] = typed(name, value)
        except ValueError as error:
            problems.append(f"s3_recording_{name}: {error}")
    if "ams_url" not in given:
        values["ams_url"] = in_ascii(_DEFAULT_AMS_URL.format(host=with_brackets(host)))
        try:
            read(values["ams_url"])
        except AddressError as error:
            problems.append(f"s3_recording_ams_url is not set, and what follows from the host's name {error}")
    if problems:
        raise IntentError(problems)
    values.setdefault("bucket", "")
    values["prefix"] = values.get("prefix", "").strip("/")
    return Intent(**values)


def typed(name: str, value: Any) -> Any:
    """A variable's value in its type; ValueError where it cannot be."""
    if name in _ADDRESSES:
        return _addresses(name, value)
    if name in _LISTS:
        return _strings(value)
    if name in _LISTS_OF_DICTIONARIES:
        return _dictionaries(value)
    read: Callable[[Any], Any] = _READERS.get(_TYPES[name], _dictionary)
    return read(value)


def is_boolean(name: str) -> bool:
    """True if a variable takes true or false, whether or not it may be empty."""
    return _READERS.get(_TYPES.get(name)) is _boolean


def _addresses(name: str, value: Any) -> Union[str, tuple[str, ...]]:
    if name in _LISTS:
        return tuple(in_ascii(each) for each in _strings(value))
    return in_ascii(_text(value))


def _text(value: Any) -> str:
    if isinstance(value, (Mapping, list, tuple)):
        raise ValueError(f"takes text, not a {_kind(value)}")
    return str(value).strip()


def _whole_number(value: Any) -> int:
    if not re.fullmatch(r"\d+", str(value).strip()):
        raise ValueError(f"takes a whole number, not {value!r}")
    return int(value)


def _dictionary(value: Any) -> dict[str, Any]:
    given = _from_text(value) if isinstance(value, str) else value
    # Without the value: further settings may hold secrets.
    if not isinstance(given, Mapping):
        raise ValueError(f"takes a dictionary, not a {_kind(given)}")
    return dict(given)


def _from_text(text: str) -> Any:
    """Return what a text from -e or from an inventory in INI says, in JSON or as Python writes it."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    try:
        return ast.literal_eval(_AsPython().visit(ast.parse(text.strip(), mode="eval")))
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        raise ValueError(
            'takes a dictionary, and this text is none: write it in JSON, as in {"webMEnabled": true}; '
            "with -e put all of it in one pair of single quotes, as in -e '{\"NAME\": {...}}'"
        ) from None


class _AsPython(ast.NodeTransformer):
    """Names that are values in JSON, as ansible-core before 2.19 takes them in what else is Python."""

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return ast.Constant(_OF_JSON[node.id]) if node.id in _OF_JSON else node


_OF_JSON = {"true": True, "false": False, "null": None}


def _dictionaries(value: Any) -> tuple[dict[str, Any], ...]:
    if not isinstance(value, (list, tuple)) or not all(isinstance(each, Mapping) for each in value):
        raise ValueError(f"takes a list of dictionaries, not {value!r}")
    return tuple(dict(each) for each in value)


def _kind(value: Any) -> str:
    if isinstance(value, Mapping):
        return "dictionary"
    return "list" if isinstance(value, (list, tuple)) else type(value).__name__


def _strings(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    if not isinstance(value, (list, tuple)):
        raise ValueError(f"takes a list, not a {_kind(value)}")
    return tuple(str(part) for part in value)


def _boolean(value: Any) -> bool:
    text = str(value).strip().lower()
    if text not in ("true", "false", "yes", "no", "on", "off", "1", "0"):
        raise ValueError(f"takes true or false, not {value!r}")
    return text in ("true", "yes", "on", "1")


_READERS: dict[Any, Callable[[Any], Any]] = {
    bool: _boolean,
    Optional[bool]: _boolean,
    int: _whole_number,
    Optional[int]: _whole_number,
    str: _text,
}
