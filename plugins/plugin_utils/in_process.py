# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the actions of the server modules share.

With a local connection the module's own code runs in the worker that Ansible has forked for the task,
which costs a fifteenth of starting a Python for it. The module is imported with the action, before the
fork. In every other case the module is shipped to where the connection leads.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any, Optional

from ansible.plugins.action import ActionBase
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.arguments import connection_secrets
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.errors import AmsError


class InProcessAction(ActionBase):
    """An action that is its module: same options, same code, same results."""

    _supports_async = True
    _supports_check_mode = True
    module: ModuleType

    def run(self, tmp: Optional[str] = None, task_vars: Optional[dict[str, Any]] = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        if self._has_to_be_shipped():
            shipped = self._execute_module(
                module_name=self._task.resolved_action,
                task_vars=task_vars,
                wrap_async=self._task.async_val,
            )
            shipped.pop("invocation", None)
            result.update(shipped)
            return result
        result.update(self._run_here())
        return result

    def _has_to_be_shipped(self) -> bool:
        return bool(
            self._connection.transport != "local"
            or self._task.async_val
            or self._connection.become is not None
        )

    def _run_here(self) -> dict[str, Any]:
        # The name by which Ansible's own messages call the module.
        self._load_name = self._task.resolved_action
        with self._task_environment():
            _validation, params = self.validate_argument_spec(
                self.module.ARGUMENT_SPEC, **self.module.CONSTRAINTS
            )
            try:
                outcome: dict[str, Any] = self.module.run(params, self._task.check_mode)
            except AmsError as error:
                return {"failed": True, **error.result(connection_secrets(params))}
        if not self._task.diff:
            outcome.pop("diff", None)
        return outcome

    @contextmanager
    def _task_environment(self) -> Iterator[None]:
        given: dict[str, str] = {}
        self._compute_environment_string(given)
        before = dict(os.environ)
        os.environ.update({name: str(value) for name, value in given.items()})
        try:
            yield
        finally:
            if given:
                os.environ.clear()
                os.environ.update(before)
