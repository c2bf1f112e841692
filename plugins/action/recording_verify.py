# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import copy
import hashlib
import json
import os
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, Optional

from ansible.errors import AnsibleError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible_collections.antmedia.s3_recording.plugins.action import recording_check
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.arguments import connection_of
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.backup_file import BackupFile
from ansible_collections.antmedia.s3_recording.plugins.module_utils._check.backlog import describe_backlog
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.errors import CollectionError
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.progress import listener
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._actions.in_process import plain
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._actions.logins import guarded_logins
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._actions.on_controller import (
    beside,
    disable_become,
    environment_of,
    task_environment,
)
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._display.progress_lines import (
    ProgressLines,
)
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.texts import texts_problem
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.variables import PREFIX
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.verification import (
    FIRST,
    ROTATE,
    seconds_of,
)
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._read import due
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._read.checks import Server, check_all
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._read.server import (
    REPORT,
    describe_defect,
)
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._read.variables import (
    UnknownHost,
    variables_on,
)
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._read.verifications import (
    NEVER,
    Record,
    forget,
    read_records,
    remember,
)
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._steps.arguments import (
    OF_CONNECTION,
    arguments_of,
)
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._steps.task_variables import (
    TaskVariables,
    VariableError,
    reads_of,
)
from jinja2 import UndefinedError

_SPEC = {
    "hosts": {"type": "list", "elements": "str", "required": True},
    "in_batch": {"type": "bool", "default": False},
    "in_site": {"type": "bool", "default": False},
}
_TEXTS = ("email", "password", "jwt_token")
# What a variable may fail with.
_OF_VARIABLES = (
    AnsibleError,
    CollectionError,
    TypeError,
    UndefinedError,
    UnknownHost,
    ValueError,
    VariableError,
)
# Of recordings that were made before.
_OF_BACKLOG = ("backlog", "backlog_max", "expire_days", "ams_dir")
# Arguments that say nothing of what is desired of the server.
_NOT_IN_DIGEST = ("email", "password", "jwt_token", "live", "live_timeout", "backup_path", *_OF_BACKLOG)
# What else is trusted, in the environment.
_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "AWS_CA_BUNDLE")


@dataclass
class _Host:
    """A host of the task: its action and arguments, and what became of it."""

    name: str
    action: ActionModule
    arguments: dict[str, Any] = field(default_factory=dict)
    record: Record = NEVER
    record_name: str = ""
    backup: str = ""
    live_test: str = ""
    ams_dir: str = ""
    every: int = 0
    release: str = ""
    authorities: str = ""
    result: Optional[dict[str, Any]] = None

    @property
    def has_failed(self) -> bool:
        return bool((self.result or {}).get("failed"))

    @property
    def digest(self) -> str:
        """Return a digest of what is desired of the server, and of whom to trust."""
        desired = {name: value for name, value in self.arguments.items() if name not in _NOT_IN_DIGEST}
        desired["authorities"] = self.authorities
        return hashlib.sha256(json.dumps(desired, sort_keys=True, default=str).encode()).hexdigest()


class ActionModule(recording_check.ActionModule):
    """Verify many servers in one task; the one that is reached otherwise, by the module there.

    The result has that of each host. Where the task runs once, it is no failure if a host's is one.
    """

    _supports_async = False

    def run(self, tmp: Optional[str] = None, task_vars: Optional[dict[str, Any]] = None) -> dict[str, Any]:
        _validation, given = self.validate_argument_spec(_SPEC)
        names, variables = list(dict.fromkeys(given["hosts"])), task_vars or {}
        self._in_batch, self._in_site = given["in_batch"], given["in_site"]
        own, is_local = variables["inventory_hostname"], self._connection.transport == "local"
        if not is_local and names not in ([], [own]):
            reason = "is not reached by a local connection, so this task verifies it alone there."
            return {"failed": True, "msg": f"{own} {reason}"}
        disable_become(self._connection)
        self._reads, self._authorities = reads_of(variables), dict[tuple[str, ...], str]()
        hosts = [host for name in names if (host := self._host(name, variables))]
        self._decide_live(hosts, variables)
        waiting = [host for host in hosts if host.result is None]
        if is_local:
            self._check_all_here(waiting)
        else:
            for host in waiting:
                # The module runs where the recordings are.
                host.arguments["ams_dir"] = host.ams_dir
                action = beside(recording_check.ActionModule, self)
                result = action.run_with(host.arguments, tmp, task_vars, prefix=OF_CONNECTION)
                host.result = _without_backlog_warnings(result)
        self._remember(waiting)
        # Of this host is known whether the batch ended well.
        first = str(next(iter(variables.get("ansible_play_batch") or ()), own))
        return {**self._result(hosts), "first": first}

    def _host(self, name: str, task_vars: Mapping[str, Any]) -> Optional[_Host]:
        """Return a host with its arguments, or with its result if it is not checked; None: nothing to say."""
        try:
            there, variables = self._on(name, task_vars)
            host = _Host(name, there)
            if not self._is_to_verify(variables):
                return None
            if self._task.check_mode:
                return replace(host, result={"skipped": True, "changed": False})
            self._read(host, variables)
        except _OF_VARIABLES as error:
            return _Host(name, self, result={"failed": True, "changed": False, "msg": f"{error}"})
        return host

    def _on(self, host: str, task_vars: Mapping[str, Any]) -> tuple[ActionModule, TaskVariables]:
        """Return this action as it would be on a host, and the variables there."""
        variables = variables_on(host, self._task, task_vars)
        templar = self._templar.copy_with_new_env(available_variables=variables)
        there = copy.copy(self)
        there.move(templar, task_vars.get("environment"))
        return there, TaskVariables(variables, templar)

    def move(self, templar: Any, environment: Any) -> None:
        """Use the templates of another host. environment: of the task, as it is written."""
        if environment and templar.is_template(environment):
            self._task: Any = self._task.copy()
            self._task.environment = list(environment)
        self._templar = templar

    def use(self, arguments: dict[str, Any]) -> None:
        """Use the arguments of the module on this action's host."""
        self._arguments = arguments

    def environment(self) -> str:
        """Return the environment of the task."""
        return json.dumps(environment_of(self), sort_keys=True)

    def set_aside(self, result: dict[str, Any]) -> None:
        """Make notes of the warnings that name the server."""
        self._set_aside(result)

    def _is_to_verify(self, variables: TaskVariables) -> bool:
        if (self._in_batch or self._in_site) and not boolean(variables(f"{PREFIX}verify")):
            return False
        applied = variables.fact("__s3_recording_applied", {}) or {}
        return bool(applied.get("unverified")) if self._in_batch else True

    def _read(self, host: _Host, variables: TaskVariables) -> None:
        host.arguments = plain(arguments_of("check", variables))
        host.action.use(host.arguments)
        problem = texts_problem(host.arguments, _TEXTS, OF_CONNECTION)
        if problem:
            raise VariableError(problem)
        if self._in_batch:
            # Nothing is rolled back for a backlog, which older settings do not upload either.
            host.arguments["backlog"] = False
        planned = variables.fact("__s3_recording_fleet")["hosts"][host.name]
        path = host.backup = os.path.expanduser(planned["backup_path"])
        folder, host.record_name = os.path.split(path)
        host.record = self._records(folder).get(host.record_name, NEVER)
        host.live_test = str(variables(f"{PREFIX}live_test") or "")
        if not self._task.run_once and host.live_test in ("", ROTATE):
            # Tasks that verify one server each know of no turns.
            host.live_test = FIRST
        host.ams_dir = str(variables(f"{PREFIX}ams_dir") or "")
        host.every = seconds_of(variables(f"{PREFIX}verify_every") or "0")
        if host.every:
            self._decide_recent(host, planned["ams_url"])

    def _decide_recent(self, host: _Host, url: str) -> None:
        """Skip a host that was verified lately, for what is still desired, read and trusted."""
        host.release = str((self._reads.get(host.name) or {}).get("release") or "")
        host.authorities = self._authorities_of(host)
        now = time.time()
        is_recent = self._in_site and due.is_recent(host.record, host.digest, host.every, now, host.release)
        if is_recent and not _is_touched(host, url):
            host.result = {"skipped": True, "changed": False, "verified_ago": int(now - host.record.at)}

    def _authorities_of(self, host: _Host) -> str:
        """Return a digest of the certificates that the checks trust: a file may get others under its name."""
        with task_environment(host.action):
            named = [host.arguments.get("ca_path") or os.environ.get("AMS_CA_PATH")]
            named += [os.environ.get(name) for name in _BUNDLES]
        paths = tuple(os.path.expanduser(str(path)) for path in named if path)
        if paths not in self._authorities:
            self._authorities[paths] = _digest_of(paths)
        return self._authorities[paths]

    def _records(self, folder: str) -> Mapping[str, Record]:
        self._folder: str
        if getattr(self, "_folder", None) != folder:
            self._folder, self._all_records = folder, read_records(folder)
        return self._all_records

    def _decide_live(self, hosts: list[_Host], task_vars: Mapping[str, Any]) -> None:
        candidates = [
            due.Candidate(host.name, host.live_test, host.record)
            for host in hosts
            if host.result is None and "state" not in host.arguments
        ]
        first = _first_host(task_vars)
        live = due.live_hosts(candidates, first, in_batch=self._in_batch, in_site=self._in_site)
        for host in hosts:
            if host.name in live:
                host.arguments["live"] = True

    def _check_all_here(self, hosts: list[_Host]) -> None:
        try:
            with listener(ProgressLines()):
                self._check_here(hosts)
        except Exception as error:
            if not self._in_batch:
                raise
            # Ansible would bring one host of the batch to the rescue, and leave the others as they are.
            text = f"The batch could not be verified: {describe_defect(error)}. {REPORT}"
            for host in hosts:
                host.result = {"failed": True, "changed": False, "msg": text}

    def _check_here(self, hosts: list[_Host]) -> None:
        """Check the servers that have the same environment together; all templates are evaluated before."""
        groups: dict[str, dict[str, Server]] = {}
        actions: dict[str, ActionModule] = {}
        for host in hosts:
            try:
                group = host.action.environment()
                server = self._server(host)
            except (AnsibleError, CollectionError) as error:
                host.result = {"failed": True, "changed": False, "msg": f"{error}"}
            else:
                actions.setdefault(group, host.action)
                groups.setdefault(group, {})[host.name] = server
        results: dict[str, dict[str, Any]] = {}
        for group, servers in groups.items():
            with task_environment(actions[group]):
                results |= check_all(servers, guarded_logins)
        for host in hosts:
            host.result = host.result or results[host.name]

    def _server(self, host: _Host) -> Server:
        with task_environment(host.action):
            params = self._validated(host.arguments)
            connection = connection_of(params)
            connection.checked_url()
        return Server(host.name, params, connection)

    def _remember(self, hosts: list[_Host]) -> None:
        """Record which servers passed now, and whose turn of a test stream it was.

        One that failed is verified again by the next run, and does not keep its turn.
        """
        by_folder: dict[str, list[_Host]] = {}
        for host in hosts:
            if host.backup and "state" not in host.arguments:
                by_folder.setdefault(os.path.dirname(host.backup), []).append(host)
        for folder, here in by_folder.items():
            self._remember_in(folder, here)
        forget(host.backup for host in hosts if host.has_failed)

    def _remember_in(self, folder: str, hosts: list[_Host]) -> None:
        verified = {host.record_name: host.digest for host in hosts if host.every and not host.has_failed}
        streamed = [host.record_name for host in hosts if host.arguments.get("live")]
        releases = {host.record_name: host.release for host in hosts}
        remember(folder, due.after(self._records(folder), verified, streamed, time.time(), releases))

    def _result(self, hosts: list[_Host]) -> dict[str, Any]:
        warnings: dict[str, None] = {}
        results = {}
        for host in hosts:
            result = host.result or {}
            result.pop("diff", None)
            if "warnings" in result:
                host.action.set_aside(result)
                warnings.update(dict.fromkeys(result.pop("warnings", [])))
            if "checks" in result:
                # Ansible copies each value of a result several times, which for many servers takes seconds.
                result["checks"] = json.dumps(result["checks"])
            results[host.name] = result
        found: dict[str, Any] = {"changed": False, "hosts": results, "_ansible_verbose_override": True}
        if warnings:
            found["warnings"] = list(warnings)
        failed = [result for result in results.values() if result.get("failed")]
        if failed and self._in_batch and not self._task.run_once:
            found |= {"failed": True, "msg": failed[0].get("msg")}
        return found


def _without_backlog_warnings(result: dict[str, Any]) -> dict[str, Any]:
    """Return a module's result without warnings that the run's own result has in one line for all."""
    said = set(map(describe_backlog, result.get("backlog") or ()))
    kept = [text for text in result.get("warnings") or () if text not in said]
    rest = {name: value for name, value in result.items() if name != "warnings"}
    return {**rest, "warnings": kept} if kept else rest


def _digest_of(paths: Iterable[str]) -> str:
    """Return a digest of the content of files, and of the names in folders; empty without any."""
    found = hashlib.sha256()
    for path in paths:
        for name in [path] if not os.path.isdir(path) else sorted(os.listdir(path)):
            found.update(name.encode() + b"\0")
        with suppress(OSError), open(path, "rb") as file:
            found.update(file.read())
    return found.hexdigest() if paths else ""


def _is_touched(host: _Host, url: str) -> bool:
    """True if a run has written to the server since, or has left it unverified."""
    backup = BackupFile(host.backup, url)
    if backup.is_unverified:
        return True
    return os.path.exists(host.backup) and os.path.getmtime(host.backup) > host.record.at


def _first_host(task_vars: Mapping[str, Any]) -> str:
    """Return the first server that the rollout changes, else the first one of the play."""
    hosts = list(task_vars.get("ansible_play_hosts_all") or ())
    of_run = TaskVariables(task_vars["hostvars"].raw_get("localhost"), None)
    servers = of_run.fact("__s3_recording_servers", {}) or {}
    known = set(hosts)
    changing = [host for host in servers.get("changing") or () if host in known]
    return str(next(iter(changing or hosts), ""))
