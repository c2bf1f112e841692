# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any, Optional

from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.backup_file import BackupFile
from ansible_collections.antmedia.s3_recording.plugins.module_utils._check import s3_clients
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.errors import AmsError
from ansible_collections.antmedia.s3_recording.plugins.modules import recording_check
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._actions.in_process import (
    InProcessAction,
)

s3_clients.prepare_for_fork()


class ActionModule(InProcessAction):
    """Run the check, and record on the controller that the change of the server is verified."""

    module = recording_check

    def _run_once(self, task_vars: Optional[dict[str, Any]]) -> dict[str, Any]:
        result = super()._run_once(task_vars)
        path = self._arguments.get("backup_path")
        if not path or result.get("failed") or result.get("skipped"):
            return result
        url = self._given("url", "AMS_URL")
        try:
            BackupFile(str(path), url).mark_verified()
        except AmsError as error:
            return {**result, "failed": True, **error.result()}
        return {**result, "verified": True}
