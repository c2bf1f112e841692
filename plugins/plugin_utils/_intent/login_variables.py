# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find logins that refer to a variable that does not exist, before anything is changed.

A login may be a lookup that is slow, so it is evaluated only where that decides. Else its template is read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from ansible.errors import AnsibleError
from jinja2 import Environment, TemplateError, UndefinedError, nodes
from jinja2.runtime import Context, Undefined

from .role_variables import as_written
from .variables import PREFIX

_ENVIRONMENT = {"ams_email": "AMS_EMAIL", "ams_password": "AMS_PASSWORD", "ams_jwt_token": "AMS_JWT"}
_ACCEPTS_UNDEFINED = ("default", "d", "defined", "undefined")

Variables = Mapping[str, Any]


def login_problems(
    context: Context, hostvars: Mapping[str, Variables], host: str, chosen: Sequence[str]
) -> list[tuple[str, str]]:
    """Return pairs of host and problem. host: the one that the task runs on. chosen: those of the play."""
    return [found for name in _ENVIRONMENT for found in _problems_of(name, context, hostvars, host, chosen)]


def _problems_of(
    name: str, context: Context, hostvars: Mapping[str, Variables], host: str, chosen: Sequence[str]
) -> Iterator[tuple[str, str]]:
    variable = PREFIX + name
    if variable not in as_written(hostvars[host]) and not _can_be_read(variable, context):
        yield host, f"{variable} refers to a variable that is not defined. {_remedy(name)}"
        return
    found = {each: _not_defined(variable, context, hostvars[each]) for each in chosen}
    if any(found.values()) and not _is_of_play(variable, context, hostvars[host], found.get(host, "")):
        for each, undefined in found.items():
            if undefined:
                yield each, f"{variable} refers to '{undefined}', which is not defined. {_remedy(name)}"


def _remedy(name: str) -> str:
    return (
        "Define it where the play finds it, for example in group_vars/all/vault.yml (ansible-vault create), "
        f"or leave {PREFIX}{name} out and set {_ENVIRONMENT[name]} in the environment"
    )


def _is_of_play(variable: str, context: Context, own: Variables, undefined: str) -> bool:
    """True if the play gives a login of its own, which beats those of the inventory."""
    if not _can_be_read(variable, context):
        return False
    return bool(undefined) or context.resolve_or_missing(variable) != own.get(variable, "")


def _can_be_read(variable: str, context: Context) -> bool:
    try:
        value = context.resolve_or_missing(variable)
        if isinstance(value, Undefined):
            # Before ansible-core 2.19 what cannot be evaluated is undefined, and raises when it is used.
            str(value)
    except UndefinedError:
        return False
    except AnsibleError as error:
        # Any other error, such as a lookup's, is reported by the login.
        return "is undefined" not in str(error)
    return True


def _not_defined(variable: str, context: Context, variables: Variables, depth: int = 5) -> str:
    """Return the first name in a variable's template that is not defined; empty if there is none."""
    written = as_written(variables).get(variable)
    if not isinstance(written, str) or depth == 0:
        return ""
    for name in _names(context.environment, str(written)):
        if name not in variables and name not in context:
            return name
        deeper = _not_defined(name, context, variables, depth - 1)
        if deeper:
            return deeper
    return ""


@lru_cache(maxsize=1024)
def _names(environment: Environment, text: str) -> tuple[str, ...]:
    """Return the names that a template needs; none if it accepts undefined ones, or is no template."""
    if "{{" not in text:
        return ()
    try:
        tree = environment.parse(text)
    except TemplateError:
        return ()
    if any(each.name in _ACCEPTS_UNDEFINED for each in tree.find_all((nodes.Filter, nodes.Test))):
        return ()
    used = [each for each in tree.find_all(nodes.Name) if each.ctx == "load"]
    stored = {each.name for each in tree.find_all(nodes.Name) if each.ctx != "load"}
    known = {*stored, *environment.globals}
    return tuple(dict.fromkeys(each.name for each in used if each.name not in known))
