# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
import tempfile
from typing import Any, Optional

from ansible.module_utils.parsing.convert_bool import boolean
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.backup_file import (
    BackupFile,
    unverified_path,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.errors import AmsError
from ansible_collections.antmedia.s3_recording.plugins.modules import ams_app_settings
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._actions.cluster import digest
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._actions.in_process import (
    InProcessAction,
)

# How often the previous values are backed up again if someone changes them before the write.
_ATTEMPTS = 3
# The options that are the same for all nodes of a cluster.
_OF_CLUSTER = ("app", "apps", "settings", "reset", "undo")


class ActionModule(InProcessAction):
    """Manage settings, with the backup file on the controller wherever the module runs."""

    module = ams_app_settings

    def _cluster_request(self) -> Optional[str]:
        if self._arguments.get("restore"):
            return None
        return digest({name: self._arguments.get(name) for name in _OF_CLUSTER})

    def _ship(
        self, task_vars: Optional[dict[str, Any]], arguments: Optional[dict[str, Any]] = None
    ) -> dict[str, Any]:
        given = dict(arguments or self._arguments)
        url = self._given("url", "AMS_URL")
        restore = given.get("restore")
        path = restore.get("path") if isinstance(restore, dict) else given.get("backup_path")
        if not path:
            return super()._ship(task_vars, given)
        there = ""
        try:
            if self._task.async_val:
                raise AmsError("Reading the options backup_path and restore", "they do not go with async")
            there = str(self._make_tmp_path()).rstrip("/")
            ship = self._ship_restore if restore else self._ship_with_backup
            return ship(task_vars, given, BackupFile(str(path), url), there)
        except AmsError as error:
            return {"failed": True, **error.result()}
        finally:
            if there:
                self._remove_tmp_path(there)

    def _ship_with_backup(
        self, task_vars: Optional[dict[str, Any]], given: dict[str, Any], backup: BackupFile, there: str
    ) -> dict[str, Any]:
        """Back up the previous values on the controller, then write. Repeat if they have changed."""
        only = boolean(given.get("backup_only", False))
        result: dict[str, Any] = {}
        for attempt in range(_ATTEMPTS):
            saved_at = f"{there}/{attempt}.json"
            saving = {**given, "backup_path": saved_at, "backup_only": True, "carried": True}
            result = super()._ship(task_vars, saving)
            if not result.get("changed") or self._task.check_mode:
                break
            backup.import_from(self._fetched(unverified_path(saved_at)))
            if only:
                break
            result = super()._ship(task_vars, {**saving, "backup_only": False})
            if not result.get("stale"):
                break
        return result if result.get("failed") else {**result, "unverified": backup.is_unverified}

    def _ship_restore(
        self, task_vars: Optional[dict[str, Any]], given: dict[str, Any], backup: BackupFile, there: str
    ) -> dict[str, Any]:
        restore = given["restore"]
        first = backup.first_run(restore.get("run"), restore.get("since"))
        layers = backup.layers(first, boolean(restore.get("unverified", True)))
        sent = f"{there}/backup.json"
        with tempfile.NamedTemporaryFile("w", encoding="utf-8") as file:
            file.write(backup.content(layers))
            file.flush()
            # All unverified changes are rolled back, whatever the names of their runs.
            self._connection.put_file(file.name, unverified_path(sent))
        rest = {name: value for name, value in restore.items() if name not in ("run", "since")}
        of_file = {**rest, "path": sent, "unverified": True}
        result = super()._ship(task_vars, {**given, "restore": of_file, "carried": True})
        if boolean(restore.get("forget", True)) and not (result.get("failed") or self._task.check_mode):
            backup.forget(layers, _kept(result))
        return result if layers else {**result, "runs": backup.runs()}

    def _fetched(self, path: str) -> str:
        """Read a file of the target with the connection's own copy: -vvv shows the output of a command."""
        with tempfile.TemporaryDirectory() as folder:
            here = os.path.join(folder, "backup.json")
            self._connection.fetch_file(path, here)
            with open(here, encoding="utf-8") as file:
                return file.read()


def _kept(result: dict[str, Any]) -> dict[str, set[str]]:
    """Return by application the settings that a restore has left as they are."""
    kept: dict[str, set[str]] = {}
    for part in ("left_alone", "key_stays"):
        for app, names in (result.get(part) or {}).items():
            kept.setdefault(app, set()).update(names)
    return kept
