# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any, Optional

from ansible.plugins.action import ActionBase
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.backup_file import BackupFile
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.errors import AmsError

_SPEC = {"hosts": {"type": "list", "elements": "str", "required": True}}


class ActionModule(ActionBase):
    """Record that the changes of a whole batch are verified."""

    def run(self, tmp: Optional[str] = None, task_vars: Optional[dict[str, Any]] = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        _validation, given = self.validate_argument_spec(_SPEC)
        result["changed"] = False
        if self._task.check_mode:
            return {**result, "hosts": []}
        planned = ((task_vars or {}).get("__s3_recording_fleet") or {}).get("hosts") or {}
        unplanned = [host for host in given["hosts"] if host not in planned]
        if unplanned:
            return {**result, "failed": True, "msg": f"The plan has no {', '.join(unplanned)}."}
        try:
            verified = [host for host in given["hosts"] if _is_verified_now(planned[host])]
        except AmsError as error:
            return {**result, "failed": True, **error.result()}
        return {**result, "hosts": verified}


def _is_verified_now(host: dict[str, Any]) -> bool:
    backup = BackupFile(host["backup_path"], host["ams_url"].strip())
    open_before = backup.is_unverified
    backup.mark_verified()
    return open_before
