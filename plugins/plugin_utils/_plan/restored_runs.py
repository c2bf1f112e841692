# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Remember beside a server's backup which runs were rolled back there: their names, and no settings.

A backup without a run does not say whether it was rolled back or never changed the server.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import unquote

from ...module_utils._ams.backup_file import MOST_LAYERS
from ...module_utils._common import private_file
from ...module_utils._common.private_file import FileError

_SUFFIX = ".restored.json"
# A host's name, and its address as a hash: see the plan's backup_path.
_OF_HOST = re.compile(r"(.+)-[0-9a-f]{8}(?:\.unverified)?\.json")


def restored_runs(backup_path: str) -> list[str]:
    """Return the runs that were rolled back on a server. A file that cannot be used says nothing."""
    with suppress(FileError, ValueError, KeyError, TypeError):
        document = json.loads(private_file.read(_path(backup_path)) or b"")
        return [str(each["run"]) for each in document["restored"]]
    return []


def remember_restored(backup_path: str, result: Mapping[str, Any]) -> None:
    """Add the runs that a task has rolled back in whole. result: that of the restore.

    The server is restored already, so that a file which cannot be written is not a failure.
    """
    is_partial = bool(result.get("left_alone") or result.get("key_stays"))
    if not result.get("restored") or result.get("failed") or is_partial:
        return
    path = _path(backup_path)
    folder, name = os.path.split(path)
    with suppress(FileError), private_file.locked(os.path.join(folder, f".{name}.lock")):
        known = dict.fromkeys([*restored_runs(backup_path), *map(str, result.get("runs") or ())])
        # The key of a run's name is that of the backup, so that no later run gets the same name.
        document = {"restored": [{"run": run} for run in list(known)[-MOST_LAYERS:]]}
        private_file.write(path, json.dumps(document).encode(), os.path.join(folder, f".previous-{name}"))


def hosts_with_run(folder: str, run: str, but: Iterable[str]) -> list[str]:
    """Return the hosts whose backup in a folder has a run. but: the paths of backups that do not count."""
    left_out = {os.path.basename(path) for path in but}
    found: dict[str, None] = {}
    with suppress(OSError):
        for name in sorted(os.listdir(folder)):
            host = _OF_HOST.fullmatch(name)
            if host and name.replace(".unverified.json", ".json") not in left_out:
                with suppress(FileError):
                    content = private_file.read(os.path.join(folder, name)) or b""
                    found.update({unquote(host[1]): None} if _has(content, run) else {})
    return list(found)


def _has(content: bytes, run: str) -> bool:
    return re.search(rb'"run": ?"' + re.escape(run.encode()) + rb'"', content) is not None


def _path(backup_path: str) -> str:
    return os.path.expanduser(backup_path).removesuffix(".json") + _SUFFIX
