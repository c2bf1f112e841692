# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Mapping
from typing import Any, Optional

from ansible import constants
from ansible.errors import AnsibleConnectionFailure
from ansible.executor.interpreter_discovery import discover_interpreter
from ansible_collections.antmedia.s3_recording.plugins.action import ams_server_info
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.arguments import CONNECTION_SPEC
from ansible_collections.antmedia.s3_recording.plugins.module_utils._check import s3_clients
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common import progress
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.errors import (
    AmsError,
    CollectionError,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.plain_text import (
    printable_result,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._import.bandwidth import SHARED
from ansible_collections.antmedia.s3_recording.plugins.module_utils._import.report import module_result
from ansible_collections.antmedia.s3_recording.plugins.module_utils._import.run import require_options
from ansible_collections.antmedia.s3_recording.plugins.modules import recordings_import
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._actions.in_process import (
    InProcessAction,
    plain,
)
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._actions.on_controller import (
    beside,
    environment_of,
    environment_prefix,
    task_environment,
)
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._display.progress_lines import (
    ProgressLines,
)
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._import.disk import SETTINGS, DiskImport
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._import.server import Server

s3_clients.prepare_for_fork()

_IN_BACKGROUND = (
    "Over ssh an import cannot run in the background (async): the controller signs a URL for each part. "
    "Remove async. A run that is interrupted is continued by the next one."
)
# Without the comments of a bundle, which need not be ASCII.
_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----")
_OF_NETWORK = {"http_proxy", "https_proxy", "no_proxy", "ssl_cert_file", "ssl_cert_dir"}
_DISCOVERY = ("auto", "auto_silent", "auto_legacy", "auto_legacy_silent")


class ActionModule(InProcessAction):
    """Run the import: over HTTP in this worker, or from the disk of a host that is reached by ssh.

    All workers of a run share one limit of the bandwidth over HTTP. Over ssh each server has its own.
    """

    module = recordings_import

    def _run_here(self) -> dict[str, Any]:
        # In the folder that Ansible makes for each run and removes at its end.
        token = SHARED.set(os.path.join(constants.DEFAULT_LOCAL_TMP, "antmedia-import-bandwidth"))
        try:
            return super()._run_here()
        finally:
            SHARED.reset(token)

    def _run_once(self, task_vars: Optional[dict[str, Any]]) -> dict[str, Any]:
        if self._connection.transport == "local":
            return super()._run_once(task_vars)
        if self._task.async_val:
            return {"failed": True, "changed": False, "msg": _IN_BACKGROUND}
        with task_environment(self), progress.listener(ProgressLines()):
            params = self._validated(plain(self._arguments))
            try:
                require_options(params)
                return self._from_disk(params, task_vars or {})
            except CollectionError as error:
                return {"failed": True, "changed": False, **error.result()}

    def _from_disk(self, params: Mapping[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        start = time.monotonic()
        given = {name: self._arguments[name] for name in CONNECTION_SPEC if name in self._arguments}
        names = [app["name"] for app in params["apps"]]
        # The credentials of AWS stay here.
        without_aws = self._task_with(lambda name: not name.startswith("AWS_"))
        read = beside(ams_server_info.ActionModule, self, without_aws).run_with(
            {**given, "apps": names, "settings": list(SETTINGS)}, None, task_vars
        )
        if read.get("failed") or read.get("unreachable"):
            return read
        python, authorities = self._python(task_vars), _authorities()
        # Any user of the server can read with which assignments a command begins.
        of_network = self._task_with(lambda name: name.lower() in _OF_NETWORK)
        environment = environment_prefix(beside(ActionModule, self, of_network))
        reports = [
            DiskImport(
                str(task_vars.get("inventory_hostname", "")),
                app["name"],
                read["settings"][app["name"]],
                app["settings"],
                params,
                lambda folder: Server(self._execute, python, folder, environment),
                authorities,
            ).run(self._task.check_mode)
            for app in params["apps"]
        ]
        warnings = read.get("warnings", [])
        result: dict[str, Any] = printable_result(module_result(reports, time.monotonic() - start))
        return {**result, **({"warnings": [*warnings, *result.get("warnings", [])]} if warnings else {})}

    def _task_with(self, is_allowed: Callable[[str], bool]) -> Any:
        """Return the task with these variables of its environment alone, as the server gets it."""
        task = self._task.copy()
        task.environment = [{name: value for name, value in environment_of(self).items() if is_allowed(name)}]
        return task

    def _execute(self, command: str, data: bytes) -> Mapping[str, Any]:
        """Run a command on the host, with the host's become, and these bytes as its stdin."""
        try:
            done: Mapping[str, Any] = self._low_level_execute_command(command, in_data=data)
        except AnsibleConnectionFailure as error:
            raise AmsError(
                "Running a program on the server by Ansible's connection",
                str(error),
                "Check that the server runs. Run the import again: it continues",
            ) from None
        return done

    def _python(self, task_vars: dict[str, Any]) -> str:
        """Return the host's Python, as Ansible finds it for a module."""
        wanted = constants.config.get_config_value("INTERPRETER_PYTHON", variables=task_vars)
        named = str(self._templar.template(wanted)).strip()
        if named not in _DISCOVERY:
            return named
        found = (task_vars.get("ansible_facts") or {}).get("discovered_interpreter_python")
        return str(found or discover_interpreter(self, "python", named, task_vars))


def _authorities() -> str:
    """Return the certificates that this controller trusts for S3, if it has its own."""
    path = os.environ.get("AWS_CA_BUNDLE") or os.environ.get("REQUESTS_CA_BUNDLE") or ""
    if not os.path.isfile(path):
        return ""
    with open(path, encoding="ascii", errors="replace") as handle:
        return "\n".join(_CERTIFICATE.findall(handle.read()))
