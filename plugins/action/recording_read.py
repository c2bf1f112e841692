# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import copy
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Optional

from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible_collections.antmedia.s3_recording.plugins.action import ams_app_settings, ams_server_info
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.arguments import (
    CONNECTION_SPEC,
    connection_of,
    connection_secrets,
    error_parts,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.preview import (
    USES,
    bounded,
    recordings_in_move,
    settings_after,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common import progress
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.errors import CollectionError
from ansible_collections.antmedia.s3_recording.plugins.modules.ams_app_settings import desired_of
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._actions.in_process import (
    InProcessAction,
    plain,
)
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._actions.logins import guarded_logins
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._actions.on_controller import (
    beside,
    disable_become,
    task_environment,
)
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._display.progress_lines import (
    ProgressLines,
)
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.texts import texts_problem
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._read import fleet, server
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._read.variables import (
    UnknownHost,
    variables_on,
)
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._read.watch import Watch
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._steps.alias import alias_hint
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._steps.arguments import (
    OF_CONNECTION,
    arguments_of,
)
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._steps.task_variables import (
    TaskVariables,
    VariableError,
)
from jinja2 import UndefinedError

_SPEC = {"hosts": {"type": "list", "elements": "str", "required": True}}
_TEXTS = ("email", "password", "jwt_token")


# What a variable may fail with.
_OF_VARIABLES = (AnsibleError, CollectionError, UndefinedError, UnknownHost, ValueError, VariableError)
# The same for all hosts, so that it is displayed once.
_NO_LOGIN = (
    "Logging in",
    "no password is given",
    "Set s3_recording_ams_email and s3_recording_ams_password, or AMS_EMAIL and AMS_PASSWORD",
)


class _NotReadable(Exception):
    """Raised with what is read of a server whose variables already have a problem."""

    def __init__(self, read: dict[str, Any]) -> None:
        super().__init__()
        self.read = read


class ActionModule(ams_app_settings.ActionModule):
    """Read all servers of a play in one task; the one that is reached otherwise, by the modules there."""

    _supports_async = False

    def run(self, tmp: Optional[str] = None, task_vars: Optional[dict[str, Any]] = None) -> dict[str, Any]:
        del tmp
        _validation, given = self.validate_argument_spec(_SPEC)
        hosts, variables = list(dict.fromkeys(given["hosts"])), task_vars or {}
        own = variables["inventory_hostname"]
        if not hosts:
            return {"changed": False, "servers": {}}
        if self._connection.transport == "local":
            disable_become(self._connection)
            return {"changed": False, "servers": self.read_here(hosts, variables)}
        if hosts != [own]:
            return {
                "failed": True,
                "msg": f"{own} is not reached by a local connection, so this task reads {own} alone there.",
            }
        return {"changed": False, "servers": {own: self._read_there(own, variables)}}

    def read_here(
        self, hosts: Sequence[str], task_vars: dict[str, Any], *, all_apps: bool = False
    ) -> dict[str, Any]:
        """Read servers from this process. All templates are evaluated before the threads start.

        all_apps: see preview.
        """
        found: dict[str, Any] = {}
        servers: dict[str, server.Server] = {}
        clusters: set[str] = set()
        for host in hosts:
            try:
                each = self._server(host, task_vars)
            except _NotReadable as problem:
                found[host] = problem.read
            else:
                # One node can say how many its cluster has.
                servers[host] = replace(each, cluster_hosts=0) if each.cluster in clusters else each
                clusters.add(each.cluster)
        seconds = fleet.seconds_for(len(servers))
        end = time.monotonic() + seconds
        watch = Watch(len(servers), seconds)
        with task_environment(self), progress.listener(ProgressLines()):
            found |= fleet.read_all(
                [each.job for each in servers.values()],
                server.reader(servers, guarded_logins, all_apps=all_apps),
                lambda job, started: server.too_late(servers[job.host], seconds, started=started),
                lambda: end - time.monotonic(),
                watch,
            )
        return {host: found[host] for host in hosts}

    def _server(self, host: str, task_vars: dict[str, Any]) -> server.Server:
        there, arguments = self._arguments_on(host, task_vars)
        with task_environment(there):
            arguments.setdefault("timeout", os.environ.get("AMS_TIMEOUT") or server.ANSWER_SECONDS)
            try:
                params = self._validated(arguments)
                connection = connection_of(params)
                connection.checked_url()
            except AnsibleError as error:
                raise _of_options(host, error) from None
            except CollectionError as error:
                parts = error_parts(error, connection_secrets(arguments))
                raise _NotReadable(server.problem_of(parts, "", login=False)) from None
        return server.Server(
            host,
            replace(connection, connect_timeout=min(server.CONNECT_SECONDS, connection.timeout)),
            desired_of(params),
            params["cluster"] or "",
            params["cluster_hosts"],
            _hint(host, task_vars),
        )

    def _arguments_on(
        self, host: str, task_vars: Mapping[str, Any]
    ) -> tuple[InProcessAction, dict[str, Any]]:
        """Return this action as it would be on a host, and the arguments for the server there."""
        try:
            variables = variables_on(host, self._task, task_vars)
            templar = self._templar.copy_with_new_env(available_variables=variables)
            arguments = plain(arguments_of("preview", TaskVariables(variables, templar)))
        except _OF_VARIABLES as error:
            raise _of_variables(host, error) from None
        problem = texts_problem(arguments, _TEXTS, OF_CONNECTION)
        if problem:
            raise _NotReadable(server.problem(server.LOGIN, f"Reading the variables of {host}", problem))
        there = copy.copy(self)
        there.use(templar, task_vars.get("environment"))
        return there, arguments

    def use(self, templar: Any, environment: Any) -> None:
        """Use the templates of another host. environment: of the task, as it is written."""
        if environment and templar.is_template(environment):
            task = self._task.copy()
            task.environment = list(environment)
            self._task: Any = task
        self._templar = templar

    def _read_there(self, host: str, task_vars: dict[str, Any]) -> dict[str, Any]:
        """Read a server with modules that are shipped to where the connection leads."""
        try:
            _there, arguments = self._arguments_on(host, task_vars)
            # Each node of a cluster is read for itself, and none may count as the one that has written.
            self._arguments = {name: value for name, value in arguments.items() if name != "cluster"}
            if not self._given("timeout", "AMS_TIMEOUT"):
                self._arguments["timeout"] = server.ANSWER_SECONDS
            return self._read_by_modules(host, task_vars)
        except _NotReadable as problem:
            return problem.read
        except AnsibleConnectionFailure as error:
            return server.problem(server.UNREACHABLE, f"Connecting to {host}", str(error))

    def _read_by_modules(self, host: str, task_vars: dict[str, Any]) -> dict[str, Any]:
        change = self._shipped(ams_app_settings.ActionModule, host, self._arguments, task_vars)
        changes = {app: each["changes"] for app, each in change["apps"].items()}
        connection = {name: value for name, value in self._arguments.items() if name in CONNECTION_SPEC}
        asked = {"apps": list(changes), "settings": list(USES), "live_streams": any(changes.values())}
        info = self._shipped(ams_server_info.ActionModule, host, {**connection, **asked}, task_vars)
        live = info.get("live_streams", {})
        apps = {
            app: {
                "changes": changed,
                "uses": bounded(info["settings"].get(app, {})),
                "live_streams": live.get(app) if changed else None,
                # No module that is shipped counts recordings.
                **_recordings(info["settings"].get(app, {}), changed),
            }
            for app, changed in changes.items()
        }
        said = [result.get(name, ()) for result in (change, info) for name in ("notes", "warnings")]
        warnings = [str(text) for texts in said for text in texts]
        return {"release": info["version"], "apps": apps, "warnings": warnings, "problem": None}

    def _shipped(
        self,
        action: type[InProcessAction],
        host: str,
        arguments: Mapping[str, Any],
        task_vars: dict[str, Any],
    ) -> dict[str, Any]:
        """Return the result of a module in check mode."""
        task = self._task.copy()
        task.check_mode = True
        shipped = beside(action, self, task)
        result = shipped.run_with(arguments, None, task_vars, prefix=OF_CONNECTION)
        if not result.get("failed"):
            return result
        untold = {"tried": f"Reading the server of {host}", "actual": str(result.get("msg")), "remedy": ""}
        parts = shipped.error_parts or {**untold, "unreachable": False}
        login = server.is_of_login(result, has_token=bool(arguments.get("jwt_token")))
        raise _NotReadable(server.problem_of(parts, _hint(host, task_vars), login=login))


def _recordings(uses: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Optional[int]]:
    return recordings_in_move(uses, settings_after(uses, changes), None)


def _of_options(host: str, error: AnsibleError) -> _NotReadable:
    """Return a problem in the words of the role's variables, where the module would name its options."""
    if "password, jwt_token" in str(error):
        return _NotReadable(server.problem(server.LOGIN, *_NO_LOGIN))
    return _of_variables(host, error)


def _of_variables(host: str, error: Exception) -> _NotReadable:
    remedy = "Correct it in the inventory or in the play"
    tried = f"Reading the variables of {host}"
    return _NotReadable(server.problem(server.REFUSED, tried, str(error), remedy))


def _hint(host: str, task_vars: Mapping[str, Any]) -> str:
    planned: Mapping[str, Any] = task_vars["__s3_recording_fleet"]["hosts"]
    return alias_hint(planned.get(host) or {})
