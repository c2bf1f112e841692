# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the role's variables of every host: which value counts, which are misspelt, which cannot be read.

A variable of the role is a field of Intent, or one in the defaults of the role that the plan does not need.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import MISSING, fields
from functools import lru_cache
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleError, AnsibleUndefinedVariable
from ansible.module_utils.common.yaml import yaml_load
from ansible.module_utils.parsing.convert_bool import boolean
from jinja2 import Undefined, UndefinedError
from jinja2.runtime import Context
from jinja2.utils import missing

from ...module_utils._ams.fields import nearest_name
from ...module_utils._aws.iam_stored_access_key.model import KEY_PARTS
from .model import Intent, Member
from .texts import texts_problem
from .variables import PREFIX, IntentError, intent_of, typed

_DEFAULTS_OF_ROLE = Path(__file__).parents[3] / "roles" / "s3_recording" / "defaults" / "main.yml"
# Of the playbooks, and of the jobs before, which pass them on as extra variables.
_BESIDE_THE_ROLE = ("hosts", "serial", "rollout", "storage", "results")
_RENAMED = {
    "change_foreign_access": "allow_changing_others_access",
    "check": "verify",
    "key_grace": "key_delete_after",
    "key_quiet": "key_switch_wait",
    "live_check": "live_test",
    "live_timeout": "live_test_timeout",
    "managed_full_access": "attach_s3_full_access",
    "outcomes": "results",
    "ready_timeout": "ams_start_timeout",
    "run": "rollback_run",
    "since": "rollback_since",
    "verify_stream": "live_test",
    "verify_stream_timeout": "live_test_timeout",
}
_OF_THE_ROLE_FOR_AWX = PREFIX + "awx_"
_TEXTS = ("ams_email", "ams_password", "ams_jwt_token", *KEY_PARTS)
_SECRET = PREFIX + KEY_PARTS[1]
_DEFAULTS = {field.name: field.default for field in fields(Intent) if field.default is not MISSING}
_NAMES = [field.name for field in fields(Intent) if field.name != "secret_given"]
# The plan has these for a warning alone. The tasks of the servers read them with the variables of the play.
_FOR_A_WARNING = ("ams_ca_path", "ams_validate_certs")
_UNKNOWN = object()
_ELSEWHERE = "in the inventory it may use only what the inventory has, not variables of the play"


def read_members(
    values: Mapping[str, Any],
    hostvars: Mapping[str, Mapping[str, Any]],
    host: str,
    chosen: Iterable[str],
    others: Iterable[str],
) -> tuple[list[Member], list[tuple[str, str]]]:
    """Return the hosts with their intents, and pairs of host and problem.

    values: the role's variables as a task on this host has them. others: hosts that may share a bucket.
    """
    precedence = _Precedence(values, hostvars[host])
    chosen = dict.fromkeys(chosen)
    members: list[Member] = []
    problems: list[tuple[str, str]] = []
    for each in dict.fromkeys([*chosen, *others]):
        theirs = hostvars[each]
        if each not in chosen and not precedence.has_bucket(theirs):
            continue
        problems += [(each, problem) for problem in (*_misspelt(theirs), *_not_text(theirs))]
        try:
            given = _with_environment(precedence.values_of(theirs))
            members.append(
                Member(each, intent_of(given, each), each in chosen, _alias_of(each, theirs, given))
            )
        except IntentError as error:
            problems += [(each, problem) for problem in error.problems]
        except UndefinedError as undefined:
            # In a list or in a dictionary, which are evaluated only where they are read.
            problems.append((each, f"a part of a variable cannot be read: {undefined}; {_ELSEWHERE}"))
    return members, problems


def values_of_task(context: Context) -> dict[str, Any]:
    """Return the role's variables as the task has them, by their names without s3_recording_.

    Only these are evaluated: the variables of a task are many.
    """
    values = {name: _of_task(context, name) for name in _NAMES}
    return {**values, "secret_given": str(_of_task(context, KEY_PARTS[1])) != ""}


def _of_task(context: Context, name: str) -> Any:
    try:
        value = context.resolve_or_missing(PREFIX + name)
        if isinstance(value, Undefined):
            # Before ansible-core 2.19 what cannot be evaluated is undefined, and raises when it is used.
            str(value)
    except (AnsibleUndefinedVariable, UndefinedError):
        # The bucket alone has no default in the role. That it is missing is said with all other problems.
        if name != "bucket":
            raise
        return ""
    return "" if value is missing else _decrypted(value)


def _decrypted(value: Any) -> Any:
    """Return text for a vaulted value, which is an object of its own before ansible-core 2.19."""
    return str(value) if hasattr(value, "vault") else value


@lru_cache
def _names_of_role() -> frozenset[str]:
    defaults = yaml_load(_DEFAULTS_OF_ROLE.read_text(encoding="utf-8"))
    return frozenset([*defaults, *(PREFIX + name for name in (*_NAMES, *_BESIDE_THE_ROLE))])


def _misspelt(variables: Mapping[str, Any]) -> Iterator[str]:
    known = _names_of_role()
    for name in variables:
        if not name.startswith(PREFIX) or name in known or name.startswith(_OF_THE_ROLE_FOR_AWX):
            continue
        renamed = _RENAMED.get(name.removeprefix(PREFIX))
        if renamed:
            yield f"{name} is now called {PREFIX}{renamed}"
        else:
            nearest = nearest_name(name, known)
            yield f"there is no variable {name}" + (f", did you mean {nearest}?" if nearest else "")


def _not_text(variables: Mapping[str, Any]) -> list[str]:
    """Return which texts YAML has made something else of, not evaluated: lookups are left to the login."""
    written = as_written(variables)
    problem = texts_problem({name: written.get(PREFIX + name) for name in _TEXTS}, _TEXTS, PREFIX)
    return [problem] if problem else []


def as_written(variables: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = getattr(variables, "_vars", variables)
    return found


def _alias_of(host: str, variables: Mapping[str, Any], given: Mapping[str, Any]) -> str:
    """Return the ansible_host of a host whose address is made of its name all the same."""
    address = as_written(variables).get("ansible_host")
    is_other = isinstance(address, str) and "{{" not in address and address not in ("", host)
    return str(address) if is_other and given.get("ams_url") in (None, "") else ""


def _with_environment(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values, with the module's defaults from the environment."""
    insecure = os.environ.get("AMS_INSECURE")
    given = dict(values)
    if any(given.get(name) is _UNKNOWN for name in _FOR_A_WARNING):
        return {**given, **dict.fromkeys(_FOR_A_WARNING, "")}
    if given.get("ams_validate_certs") in (None, "") and insecure:
        given["ams_validate_certs"] = not boolean(insecure, strict=False)
    given["ams_ca_path"] = given.get("ams_ca_path") or os.environ.get("AMS_CA_PATH", "")
    return given


class _Precedence:
    """Decides which values the play sets, for all hosts, and which the inventory sets, for each host.

    A task sees only the values of its own host. A value that differs from this host's inventory is set by
    the play, and beats the inventory for every host. So is one that is neither a default nor in the
    inventory.
    """

    def __init__(self, values: Mapping[str, Any], own: Mapping[str, Any]) -> None:
        self.values = dict(values)
        self.secret_of_play = bool(values.get("secret_given")) and not _has_secret(own)
        self.of_play = {name for name in self.values if self._is_of_play(name, own)}

    def _is_of_play(self, name: str, own: Mapping[str, Any]) -> bool:
        value = self.values[name]
        if PREFIX + name in own:
            try:
                return bool(_comparable(name, value) != _comparable(name, _read(own, name)))
            except (IntentError, UndefinedError):
                # The host has it; that it cannot be read is said where the host's values are.
                return False
        return bool(_comparable(name, value) != _DEFAULTS.get(name, ""))

    def has_bucket(self, theirs: Mapping[str, Any]) -> bool:
        return "bucket" in self.of_play or PREFIX + "bucket" in theirs

    def values_of(self, theirs: Mapping[str, Any]) -> dict[str, Any]:
        values = {
            name: value
            if name in self.of_play
            else _read_or_unknown(theirs, name)
            if PREFIX + name in theirs
            else ""
            for name, value in self.values.items()
        }
        return {**values, "secret_given": self.secret_of_play or _has_secret(theirs)}


def _has_secret(variables: Mapping[str, Any]) -> bool:
    try:
        return bool(variables.get(_SECRET))
    except (AnsibleError, UndefinedError):
        # By a variable of the play, with which the task that uses the key reads it.
        return True


def _read(variables: Mapping[str, Any], name: str) -> Any:
    try:
        value = variables[PREFIX + name]
    except AnsibleError as error:
        raise IntentError([f"{PREFIX}{name} cannot be read: {type(error).__name__}; {_ELSEWHERE}"]) from None
    # From ansible-core 2.19 on it is undefined within a filter, before that a text as it was written.
    if isinstance(value, Undefined) or (isinstance(value, str) and "{{" in value):
        raise IntentError([f"{PREFIX}{name} cannot be read; {_ELSEWHERE}"])
    return _decrypted(value)


def _read_or_unknown(variables: Mapping[str, Any], name: str) -> Any:
    try:
        return _read(variables, name)
    except IntentError:
        if name in _FOR_A_WARNING:
            return _UNKNOWN
        raise


def _comparable(name: str, value: Any) -> Any:
    """Return a value to compare: Jinja may have made text of a boolean or a list on the way."""
    if value in (None, "", {}):
        return _DEFAULTS.get(name, "")
    try:
        return typed(name, value)
    except ValueError:
        return str(value)
