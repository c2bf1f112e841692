# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the variables of a task, evaluated in the worker and stored nowhere else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible.errors import AnsibleError

_MISSING = object()


class VariableError(Exception):
    """Raised when a variable cannot be read."""


class TaskVariables:
    """The variables of one task on one host.

    Only what is read is evaluated, and a value without a template costs next to nothing. All arguments of a
    task would be evaluated, and sent back with the result.
    """

    def __init__(self, variables: Mapping[str, Any], templar: Any) -> None:
        self._variables, self._templar = variables, templar

    def __call__(self, name: str, default: Any = _MISSING) -> Any:
        """Return the value of a variable. default: where there is no such variable."""
        if name not in self._variables:
            if default is _MISSING:
                raise VariableError(f"The variable {name} is not defined")
            return default
        try:
            return self._templar.template(self._variables[name])
        except AnsibleError as error:
            raise VariableError(f"The variable {name} cannot be read: {error}") from None

    def fact(self, name: str, default: Any = _MISSING) -> Any:
        """Return a fact unevaluated: templating the plan of a large fleet takes seconds."""
        value = self._variables.get(name)
        return self(name, default) if value is None or isinstance(value, str) else value


def result_of_read(hostvars: Any, reader: str) -> Mapping[str, Any]:
    """Return the result of the task of a host that reads servers for the plan."""
    result: Mapping[str, Any] = hostvars.raw_get(reader).get("__s3_recording_servers_read") or {}
    return result


def reads_of_plan(hostvars: Any, readers: Iterable[str]) -> dict[str, Any]:
    """Return what the plan has read of each server, by whichever host had the task."""
    reads: dict[str, Any] = {}
    for reader in readers:
        reads.update(result_of_read(hostvars, reader).get("servers") or {})
    return reads


def reads_of(task_vars: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the plan of this run has read of each server; nothing without a plan."""
    readers = TaskVariables(task_vars, None).fact("__s3_recording_readers", {}) or {}
    return reads_of_plan(task_vars["hostvars"], readers)
