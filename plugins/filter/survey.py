# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Surveys of AWX from the options of a role, and what else the role for AWX needs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.texts import not_text
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.variables import is_boolean

PREFIX = "s3_recording_"
# What AWX's own form has for a text.
_LONGEST = 1024
_MARKUP = re.compile(r"\b[A-Z]\(([^()]*)\)")


def recording_survey(options: Mapping[str, Mapping[str, Any]], names: Iterable[str]) -> dict[str, Any]:
    """See recording_survey.yml."""
    return {"name": "", "description": "", "spec": [_question(name, options) for name in names]}


def _question(name: str, options: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    if name not in options:
        raise AnsibleFilterError(f"recording_survey: the role has no variable {name}")
    option = options[name]
    choices = [str(choice) for choice in option.get("choices", ()) if choice != ""]
    if option["type"] == "bool" or is_boolean(name.removeprefix(PREFIX)):
        choices = ["true", "false"]
    question = {
        "type": _type(name, option, bool(choices)),
        "question_name": name.removeprefix(PREFIX).replace("_", " ").capitalize(),
        "question_description": _described(option),
        "variable": name,
        "required": False,
    }
    if choices:
        return {**question, "choices": choices}
    return {**question, "min": 0, "max": _LONGEST if question["type"] == "text" else None}


def _type(name: str, option: Mapping[str, Any], has_choices: bool) -> str:
    if option["type"] == "list" and has_choices:
        return "multiselect"
    if has_choices:
        return "multiplechoice"
    if option.get("no_log"):
        raise AnsibleFilterError(f"recording_survey: {name} is a secret, which belongs into a credential")
    # raw: a number, or a text for one that is not given.
    types = {"str": "text", "list": "text", "raw": "text", "int": "integer", "float": "float"}
    found = types.get(option["type"])
    if found is None:
        raise AnsibleFilterError(
            f"recording_survey: {name} is a {option['type']}, which no question can ask for"
        )
    return found


def _described(option: Mapping[str, Any]) -> str:
    text = " ".join(" ".join(option["description"]).split())
    while _MARKUP.search(text):
        text = _MARKUP.sub(r"\1", text)
    if option["type"] == "list" and "choices" not in option:
        text += " Several are separated by commas."
    default = _describe_default(option.get("default"))
    return f"{text} Left to the inventory when empty; the role's default is {default}."


def _describe_default(default: Any) -> str:
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, list):
        return ", ".join(map(str, default)) or "empty"
    return "empty" if default in (None, "") else str(default)


class FilterModule:
    """The filters for AWX."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"recording_not_text": not_text, "recording_survey": recording_survey}
