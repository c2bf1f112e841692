# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The base of the actions of the server modules.

With a local connection the module's own code runs in the worker that Ansible has forked for the task,
which costs a fifteenth of starting a Python for it. The module is imported with the action, before the
fork. In every other case the module is shipped to where the connection leads.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from types import MappingProxyType, ModuleType
from typing import Any, Optional

from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.errors import UnsupportedError
from ansible.plugins.action import ActionBase
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams import transport
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.arguments import (
    CONNECTION_WARNINGS,
    ERROR,
    LOGIN,
    REFUSED,
    connection_secrets,
    not_tried,
    with_connection_warnings,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common import progress
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.errors import CollectionError
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.packages import require
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.plain_text import (
    printable_result,
)
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._actions.cluster import turn_of
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._actions.logins import (
    first_login,
    guarded_logins,
    is_decided,
)
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._actions.on_controller import (
    as_sent,
    disable_become,
    environment_of,
    task_environment,
)
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._actions.play import strategy_problem
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._display.progress_lines import (
    ProgressLines,
)
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.texts import texts_problem

with suppress(CollectionError):  # AmsClient reports it.
    require("requests")
    transport.prepare_for_fork()

_OF_A_BATCH, _OF_THE_ROLE = "__s3_recording_in_batch", "__s3_recording_fleet"
_TEXTS = ("email", "password", "jwt_token")
_COLLECTION = "antmedia.s3_recording"


def plain(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return arguments as they would arrive on a target: a date as text, a vaulted string decrypted."""
    result: dict[str, Any] = json.loads(as_sent(arguments))
    return result


class InProcessAction(ActionBase):
    """An action that is its module: same options, same code, same results.

    What the module is run with is kept apart from the arguments of the task. Ansible sends those back from
    the worker with the result, and callbacks get them; the role's secrets are not among them.
    """

    _supports_async = True
    _supports_check_mode = True
    module: ModuleType
    # The verdict on the login of a module that was shipped, empty where none was tried.
    _login = ""
    # Of the error of a module that was shipped, its parts.
    error_parts: Mapping[str, Any] = MappingProxyType({})

    def run(self, tmp: Optional[str] = None, task_vars: Optional[dict[str, Any]] = None) -> dict[str, Any]:
        return self.run_with(self._task.args, tmp, task_vars)

    def run_with(
        self,
        arguments: Mapping[str, Any],
        tmp: Optional[str] = None,
        task_vars: Optional[dict[str, Any]] = None,
        prefix: str = "",
    ) -> dict[str, Any]:
        """Run with these arguments. prefix: of the variables that they come from, where there are any."""
        self._arguments = dict(arguments)
        result: dict[str, Any] = super().run(tmp, task_vars)
        variables = task_vars or {}
        is_in_batch = bool(variables.get(_OF_A_BATCH))
        refused = self._refused(is_in_batch, prefix)
        if refused:
            return {**result, **refused}
        disable_become(self._connection)
        request = self._cluster_request()
        # A job in the background has no result yet that could decide for other nodes.
        if self._arguments.get("cluster") and request and not self._task.async_val:
            result.update(self._run_in_turn(variables, request))
        else:
            result.update(self._run_once(task_vars))
        if not self._task.diff:
            result.pop("diff", None)
        if _OF_THE_ROLE in variables:
            _drop_connection_warnings(result)
        if is_in_batch and "warnings" in result and not result.get("failed"):
            self._set_aside(result)
        return result

    def _refused(self, is_in_batch: bool, prefix: str) -> dict[str, Any]:
        """Return the result of a task that must not run; empty for one that may."""
        problem = strategy_problem(str(self._task.get_play().strategy)) if is_in_batch else ""
        if problem:
            return {"failed": True, "msg": problem}
        problem = texts_problem(self._arguments, _TEXTS, prefix)
        if problem:
            # Nothing was sent, so a rollout has nothing to roll back there.
            return {"failed": True, "changed": False, "login_refused": True, "msg": problem}
        return {}

    def _set_aside(self, result: dict[str, Any]) -> None:
        """Make notes of the warnings that name the server: the role displays them once for a whole batch.

        The others are the same text for every host, and Ansible displays that once.
        """
        own = [
            self._given("url", "AMS_URL").rstrip("/"),
            str(self._arguments.get("viewer_url") or "").rstrip("/"),
        ]
        texts = result.pop("warnings")
        notes = [text for text in texts if any(address in text for address in own if address)]
        warnings = [text for text in texts if text not in notes]
        result.update({name: each for name, each in (("notes", notes), ("warnings", warnings)) if each})

    def _given(self, option: str, variable: str) -> str:
        """Return an option as the module will have it, wherever that runs."""
        environment = environment_of(self)
        return str(self._arguments.get(option) or environment.get(variable) or os.environ.get(variable) or "")

    def _cluster_request(self) -> Optional[str]:
        """Return a digest of what the task wants of all nodes together; None where a node is only read."""
        return None

    def _run_in_turn(self, task_vars: dict[str, Any], request: str) -> dict[str, Any]:
        host = _host(task_vars)
        with turn_of(str(self._arguments["cluster"]), host, request) as turn:
            if turn.done_by and turn.done_by != host:
                self._arguments["written_by"] = turn.done_by
            result = turn.result = self._run_once(task_vars)
            if result.get("unverified") is False and turn.done_with_change:
                result["unverified"] = True
                result["written_by"] = turn.done_by
            return result

    def _run_once(self, task_vars: Optional[dict[str, Any]]) -> dict[str, Any]:
        host, url = _host(task_vars), self._given("url", "AMS_URL")
        if not self._has_to_be_shipped():
            with guarded_logins(host, url):
                return self._run_here()
        user, password = self._given("email", "AMS_EMAIL"), self._given("password", "AMS_PASSWORD")
        # A token blocks nothing, and of a job in the background there is no verdict yet.
        if not password or self._given("jwt_token", "AMS_JWT") or self._task.async_val:
            return self._ship(task_vars)
        if not is_decided(user, password):
            # Others wait for the verdict, and must not wait for a host that cannot be reached.
            self._low_level_execute_command("true", sudoable=False)
        with first_login(user, password) as login:
            if login.verdict == REFUSED:
                return {"failed": True, "changed": False, **not_tried(user, url, login.host).result()}
            result = self._ship(task_vars)
            if not login.verdict:
                login.verdict, login.host = self._login, host
            return result

    def _ship(
        self, task_vars: Optional[dict[str, Any]], arguments: Optional[dict[str, Any]] = None
    ) -> dict[str, Any]:
        shipped: dict[str, Any] = self._execute_module(
            module_name=self._module_name(),
            module_args=dict(self._arguments if arguments is None else arguments),
            task_vars=task_vars,
            wrap_async=self._task.async_val,
        )
        shipped.pop("invocation", None)
        self._login = shipped.pop(LOGIN, self._login)
        self.error_parts = shipped.pop(ERROR, {})
        if "warnings" in shipped:
            shipped["warnings"] = [_text_of(each) for each in shipped["warnings"]]
        return shipped

    def _has_to_be_shipped(self) -> bool:
        return bool(self._connection.transport != "local" or self._task.async_val)

    def _run_here(self) -> dict[str, Any]:
        with task_environment(self), progress.listener(ProgressLines()):
            params = self._validated(plain(self._arguments))
            try:
                result: dict[str, Any] = printable_result(self.module.run(params, self._task.check_mode))
                return with_connection_warnings(result, params)
            except CollectionError as error:
                return {"failed": True, **error.result(connection_secrets(params))}

    def _validated(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Return arguments as the module gets them; ActionBase would take them from the task."""
        validator = ArgumentSpecValidator(self.module.ARGUMENT_SPEC, **self.module.CONSTRAINTS)
        validated = validator.validate(arguments)
        if validated.error_messages:
            is_unknown = isinstance(validated.errors[0], UnsupportedError)
            start = f"Unsupported parameters for ({self._module_name()}) module: " if is_unknown else ""
            raise AnsibleActionFail(start + validated.errors.msg)
        return {**arguments, **validated.validated_parameters}

    @classmethod
    def _module_name(cls) -> str:
        return f"{_COLLECTION}.{cls.module.__name__.rpartition('.')[2]}"


def _text_of(warning: Any) -> str:
    """Return the text of a module's warning, which is an object from ansible-core 2.19 on."""
    if isinstance(warning, str):
        return warning
    # The first releases of 2.19 have details instead of one event.
    event = getattr(warning, "event", None) or warning.details[0]
    return str(event.msg)


def _host(task_vars: Optional[dict[str, Any]]) -> str:
    return str((task_vars or {}).get("inventory_hostname", ""))


def _drop_connection_warnings(result: dict[str, Any]) -> None:
    """Drop the warnings that the plan has displayed for all hosts together."""
    others = [each for each in result.pop("warnings", []) if each not in CONNECTION_WARNINGS]
    if others:
        result["warnings"] = others
