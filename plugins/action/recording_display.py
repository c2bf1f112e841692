# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any, Optional

from ansible.plugins.action import ActionBase
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._display.display_lines import (
    display_lines,
    failure,
    run_stats,
)

_SPEC = {
    "lines": {"type": "list", "elements": "str", "required": True},
    "problem": {"type": "str", "default": ""},
    "stats": {"type": "dict", "default": {}},
}


class ActionModule(ActionBase):
    """Print lines as they are. debug would print them as one line of JSON."""

    def run(self, tmp: Optional[str] = None, task_vars: Optional[dict[str, Any]] = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        _validation, given = self.validate_argument_spec(_SPEC)
        lines = display_lines(given["lines"])
        result.update({"changed": False, "msg": lines})
        result.update(run_stats(given["stats"]))
        if given["problem"]:
            return {**result, **failure(lines, given["problem"])}
        # The lines were printed; -v adds nothing to them.
        return {**result, "_ansible_verbose_override": True}
