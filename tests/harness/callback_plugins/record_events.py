# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Write the events of a playbook run to a file, one JSON object a line, for the tests to read."""

from __future__ import annotations

import json
import os
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: record_events
type: notification
short_description: Writes each task result to the file named by E(RECORD_EVENTS_PATH)
description:
  - One JSON object a line. For this collection's own tests.
"""

# The names with an underscore are the only ones that every supported ansible-core has.


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "record_events"
    CALLBACK_NEEDS_ENABLED = True

    def _write(self, event: dict[str, Any]) -> None:
        with open(os.environ["RECORD_EVENTS_PATH"], "a", encoding="utf-8") as file:
            file.write(json.dumps(event, default=str) + "\n")

    def _record(self, status: str, result: Any, item: bool = False, ignored: bool = False) -> None:
        self._write(
            {
                "event": "item" if item else "result",
                "status": status,
                "host": result._host.get_name(),
                "task": result._task.get_name(),
                "action": result._task.action,
                "step": result._task.args.get("step"),
                "ignored": ignored,
                "result": result._result,
            }
        )

    def v2_runner_on_ok(self, result: Any) -> None:
        self._record("changed" if result._result.get("changed") else "ok", result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self._record("failed", result, ignored=ignore_errors)

    def v2_runner_on_skipped(self, result: Any) -> None:
        self._record("skipped", result)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        self._record("unreachable", result)

    def v2_runner_item_on_ok(self, result: Any) -> None:
        self._record("changed" if result._result.get("changed") else "ok", result, item=True)

    def v2_runner_item_on_failed(self, result: Any) -> None:
        self._record("failed", result, item=True)

    def v2_runner_item_on_skipped(self, result: Any) -> None:
        self._record("skipped", result, item=True)

    def v2_on_file_diff(self, result: Any) -> None:
        if result._result.get("diff"):
            self._record("diff", result, item=True)

    def v2_playbook_on_stats(self, stats: Any) -> None:
        self._write(
            {"event": "recap", "hosts": {host: stats.summarize(host) for host in sorted(stats.processed)}}
        )
