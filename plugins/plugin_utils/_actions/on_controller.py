# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the modules that call an API on the controller, as the user who runs Ansible.

ansible_become of the inventory is meant for the servers, and beats become: false of a play. On the controller
it would only change whose credentials are found, and fail where there is no sudo.

With a local connection and Ansible's own Python the module runs in the worker that Ansible has forked for the
task: a Python of its own would spend five times what the module needs on starting and importing boto3.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from ansible import constants
from ansible.module_utils import basic
from ansible.plugins.action import ActionBase
from ansible.plugins.action.normal import ActionModule as NormalAction
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common import progress
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._display.progress_lines import (
    ProgressLines,
)
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.texts import texts_problem

try:
    from ansible.module_utils.common.json import Direction, get_module_decoder, get_module_encoder

    # How ansible-core writes the arguments of a module like ours, and reads its result.
    _PROFILE = "legacy"
    _ENCODER: dict[str, Any] = {"cls": get_module_encoder(_PROFILE, Direction.CONTROLLER_TO_MODULE)}
    _DECODER: dict[str, Any] = {"cls": get_module_decoder(_PROFILE, Direction.MODULE_TO_CONTROLLER)}
except ImportError:  # ansible-core before 2.19
    from ansible.module_utils.common.json import AnsibleJSONEncoder

    _PROFILE = ""
    _ENCODER = {"cls": AnsibleJSONEncoder, "vault_to_text": True}
    _DECODER = {}

_Action = TypeVar("_Action", bound=ActionBase)
# With the aliases that amazon.aws gives them.
_TEXTS = (
    "access_key",
    "aws_access_key",
    "aws_access_key_id",
    "secret_key",
    "aws_secret_key",
    "aws_secret_access_key",
    "session_token",
    "aws_session_token",
)


def beside(kind: type[_Action], other: ActionBase, task: Any = None) -> _Action:
    """Return an action for the host and the connection of another one. task: if it is not the other's."""
    action: _Action = kind(
        task=task or other._task,
        connection=other._connection,
        play_context=other._play_context,
        loader=other._loader,
        templar=other._templar,
        shared_loader_obj=other._shared_loader_obj,
    )
    return action


def disable_become(connection: Any) -> None:
    """Switch become off where a task runs on the controller."""
    if connection.transport == "local":
        connection.set_become_plugin(None)


def as_sent(arguments: Mapping[str, Any]) -> str:
    """Return arguments as a module gets them, in JSON: a date as text, a vaulted string decrypted."""
    return json.dumps(arguments, **_ENCODER)


def environment_of(action: ActionBase) -> dict[str, str]:
    """Return the environment of an action's task."""
    given: dict[str, str] = {}
    action._compute_environment_string(given)
    return given


def environment_prefix(action: ActionBase) -> str:
    """Return the assignments with which a command of an action's task begins."""
    return str(action._compute_environment_string())


@contextlib.contextmanager
def task_environment(action: ActionBase) -> Iterator[None]:
    """Set the environment of a task in this process, as a module in a process of its own has it."""
    given = environment_of(action)
    if not given:
        yield
        return
    previous = dict(os.environ)
    os.environ.update({name: str(value) for name, value in given.items()})
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(previous)


class AwsAction(ActionBase):
    """Runs the module of the same name, in this worker where that gives the same result."""

    module: Any

    def _execute_module(self, *given: Any, **options: Any) -> dict[str, Any]:
        disable_become(self._connection)
        problem = texts_problem(self._task.args, _TEXTS)
        if problem:
            return {"failed": True, "changed": False, "msg": problem}
        task_vars = options.get("task_vars") or {}
        if given or options.get("wrap_async") or not self._is_for_this_python(task_vars):
            shipped: dict[str, Any] = super()._execute_module(*given, **options)
            return shipped
        arguments = dict(options.get("module_args") or self._task.args)
        self._update_module_args(self._task.action, arguments, task_vars)
        written = self._written_here(arguments).splitlines()[-1]
        result: dict[str, Any] = json.loads(written, **_DECODER)
        # Since 2.19 it is an object for ansible-core's own use.
        if not isinstance(result.get("exception", ""), str):
            del result["exception"]
        return result

    def _is_for_this_python(self, task_vars: dict[str, Any]) -> bool:
        if self._connection.transport != "local" or self._task.async_val:
            return False
        host = self._task.delegate_to
        its_vars = (task_vars.get("ansible_delegated_vars") or {}).get(host) if host else task_vars
        wanted = constants.config.get_config_value("INTERPRETER_PYTHON", variables=its_vars or task_vars)
        return _is_this_python(str(self._templar.template(wanted)))

    def _written_here(self, arguments: dict[str, Any]) -> str:
        """Return what the module writes to stdout."""
        basic._ANSIBLE_ARGS = as_sent({"ANSIBLE_MODULE_ARGS": arguments}).encode()
        if _PROFILE:
            basic._ANSIBLE_PROFILE = _PROFILE
        written = io.StringIO()
        with (
            task_environment(self),
            progress.listener(ProgressLines()),
            contextlib.redirect_stdout(written),
            contextlib.suppress(SystemExit),
        ):
            self.module.main()
        return written.getvalue()


def _is_this_python(path: str) -> bool:
    """True if a path leads to the program and the virtual environment that Ansible runs with."""
    return all(
        os.path.realpath(where(path)) == os.path.realpath(where(sys.executable))
        for where in (str, os.path.dirname)
    )


class ApiAction(AwsAction, NormalAction):
    """Run the module of the same name."""
