# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any, Optional

from ansible import constants
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._output.lines import (
    is_for_machines,
    screen_lines,
)

_SPEC = {
    "lines": {"type": "list", "elements": "str", "required": True},
    "failed": {"type": "bool", "default": False},
}


class ActionModule(ActionBase):
    """Print lines as they are. debug would print them as one line of JSON."""

    def run(self, tmp: Optional[str] = None, task_vars: Optional[dict[str, Any]] = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        _validation, given = self.validate_argument_spec(_SPEC)
        lines = screen_lines(given["lines"])
        if lines:
            # One call: the worker sends it to the main process, and other hosts' output stays out of it.
            stderr = is_for_machines(str(constants.DEFAULT_STDOUT_CALLBACK))
            Display().display("\n".join(lines), stderr=stderr)
        failed = {"failed": True} if given["failed"] else {}
        # The lines were printed; -v adds nothing to them.
        return {**result, "changed": False, "msg": lines, "_ansible_verbose_override": True, **failed}
