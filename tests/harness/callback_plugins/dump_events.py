# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Write everything that a callback can read to a file, one JSON object a line."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible import constants
from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: dump_events
type: notification
short_description: Writes all of each event to the file named by E(DUMP_EVENTS_PATH)
description:
  - One JSON object a line. For this collection's own tests.
"""
# Of the whole inventory; each host's own variables are written beside them.
_OF_ALL = ("hostvars", "vars", "groups", "environment")
# The names with an underscore are the only ones that every supported ansible-core has.


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "dump_events"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._play: Any = None

    def _write(self, event: str, **parts: Any) -> None:
        with open(os.environ["DUMP_EVENTS_PATH"], "a", encoding="utf-8") as file:
            file.write(json.dumps({"event": event, **_plain(parts)}, default=repr) + "\n")

    def _task(self, task: Any) -> dict[str, Any]:
        return {
            "name": task.get_name(),
            "args": task.args,
            "vars": task.vars,
            "all_vars": task.get_vars(),
            "module_defaults": task.module_defaults,
            "environment": task.environment,
            "attributes": task.dump_attrs(),
        }

    def _variables(self, host: Any, task: Any) -> dict[str, Any]:
        manager = self._play.get_variable_manager()
        found = manager.get_vars(play=self._play, host=host, task=task)
        return {name: value for name, value in found.items() if name not in _OF_ALL}

    def _record(self, event: str, result: Any) -> None:
        self._write(
            event,
            host=result._host.get_name(),
            task=self._task(result._task),
            task_fields=result._task_fields,
            result=result._result,
            variables=self._variables(result._host, result._task),
        )

    def v2_playbook_on_play_start(self, play: Any) -> None:
        self._play = play
        self._write("play", vars=play.get_vars(), attributes=play.dump_attrs())

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        self._write("task", task=self._task(task))

    def v2_playbook_on_include(self, included_file: Any) -> None:
        self._write("include", args=included_file._args, vars=included_file._vars)

    def v2_runner_on_start(self, host: Any, task: Any) -> None:
        self._write("start", host=host.get_name(), task=self._task(task))

    def v2_runner_on_ok(self, result: Any) -> None:
        self._record("ok", result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self._record("failed", result)

    def v2_runner_on_skipped(self, result: Any) -> None:
        self._record("skipped", result)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        self._record("unreachable", result)

    def v2_runner_item_on_ok(self, result: Any) -> None:
        self._record("item ok", result)

    def v2_runner_item_on_failed(self, result: Any) -> None:
        self._record("item failed", result)

    def v2_on_file_diff(self, result: Any) -> None:
        self._record("diff", result)

    def v2_playbook_on_stats(self, stats: Any) -> None:
        # What the workers have left there for each other, which Ansible removes only if it ends by itself.
        found = sorted(path for path in Path(constants.DEFAULT_LOCAL_TMP).rglob("*") if path.is_file())
        files = {str(path): path.read_text(encoding="utf-8", errors="replace") for path in found}
        self._write("stats", custom=stats.custom, files=files)


def _plain(value: Any) -> Any:
    """Return a value without keys that JSON does not have."""
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    return value
