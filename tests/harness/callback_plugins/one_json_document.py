# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Write one JSON document to stdout at the end of a run, as the callbacks for machines do."""

from __future__ import annotations

import json
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: one_json_document
type: stdout
short_description: One JSON document
description: The names of the tasks that ended well, by host.
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "one_json_document"

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._ended: dict[str, list[str]] = {}

    def v2_runner_on_ok(self, result: Any) -> None:
        self._ended.setdefault(result._host.get_name(), []).append(result._task.get_name())

    def v2_playbook_on_stats(self, _stats: Any) -> None:
        self._display.display(json.dumps(self._ended))
