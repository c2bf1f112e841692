# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any, Optional

from ansible_collections.antmedia.s3_recording.plugins.action import s3_recording_storage_plan
from ansible_collections.antmedia.s3_recording.plugins.modules import s3_recording_storage
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._read.verifications import forget


class ActionModule(s3_recording_storage_plan.ActionModule):
    """Run the module of the same name with the vault passwords of the run, which a module cannot see."""

    module = s3_recording_storage

    def run(self, tmp: Optional[str] = None, task_vars: Optional[dict[str, Any]] = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        changed = {bucket for bucket, changes in (result.get("changes") or {}).items() if changes}
        if changed and not self._task.check_mode:
            hosts = ((task_vars or {}).get("__s3_recording_fleet") or {}).get("hosts") or {}
            # Whatever verified them before, it was another storage.
            forget(host["backup_path"] for host in hosts.values() if host["bucket"] in changed)
        return result
