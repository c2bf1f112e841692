# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Remember beside the backups when each server was verified, and when by a test stream.

One file for all servers of a folder. It holds no settings: only a digest of what was desired.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from typing import Any

from ...module_utils._common import private_file
from ...module_utils._common.private_file import FileError

_NAME = "verifications.json"


@dataclass(frozen=True)
class Record:
    """A server's last verification. at: when, in seconds since 1970. of: a digest of what was desired.

    live_at: when it was last verified by a test stream. release: that it had, as far as a plan has read it.
    """

    at: float = 0
    of: str = ""
    live_at: float = 0
    release: str = ""


NEVER = Record()


def read_records(folder: str) -> dict[str, Record]:
    """Return the records of a folder by the names of its backups. A file that cannot be used says nothing."""
    with suppress(FileError, ValueError, KeyError, TypeError, AttributeError):
        document = json.loads(private_file.read(_path(folder)) or b"{}")
        return {str(name): _record(each) for name, each in document["servers"].items()}
    return {}


def _record(each: Mapping[str, Any]) -> Record:
    # An earlier release of this collection did not record the server's.
    release = str(each.get("release", ""))
    return Record(float(each["at"]), str(each["of"]), float(each["live_at"]), release)


def remember(folder: str, found: Mapping[str, Record]) -> None:
    """Replace the records of some servers. One that cannot be written is verified again, and no failure."""
    if not found:
        return
    path = _path(folder)
    with suppress(FileError), private_file.locked(os.path.join(folder, f".{_NAME}.lock")):
        records = {**read_records(folder), **found}
        content = json.dumps({"servers": {name: asdict(each) for name, each in records.items()}})
        private_file.write(path, content.encode(), os.path.join(folder, f".previous-{_NAME}"))


def forget(backups: Iterable[str]) -> None:
    """Let the next run verify servers again, by the paths of their backups."""
    by_folder: dict[str, list[str]] = {}
    for path in backups:
        folder, name = os.path.split(os.path.expanduser(path))
        by_folder.setdefault(folder, []).append(name)
    for folder, names in by_folder.items():
        records = read_records(folder)
        known = {name: records[name] for name in names if name in records}
        remember(folder, {name: replace(each, at=0) for name, each in known.items() if each.at})


def _path(folder: str) -> str:
    return os.path.join(folder, _NAME)
