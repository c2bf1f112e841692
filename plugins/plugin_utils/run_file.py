# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The access keys that one task has read for all hosts of a run.

A fact would reach callbacks and fact caches with them. A file in the folder that Ansible makes for each run
reaches the workers alone: only its user may read it, and Ansible removes it at the end of the run.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any, Optional

from ansible import constants
from ansible_collections.antmedia.s3_recording.plugins.module_utils import _private_file as private_file

Keys = dict[str, dict[str, str]]


def keep(keys: Mapping[str, Mapping[str, str]]) -> None:
    """Keep the access key of each bucket for the tasks that follow; raise FileError where that cannot be."""
    path = _path()
    private_file.check_folder(os.path.dirname(path))
    private_file.write(path, json.dumps(keys).encode(), f"{path}.{os.getpid()}")


def kept() -> Optional[Keys]:
    """Return the access key of each bucket, None where no task of this run has read them."""
    content = private_file.read(_path())
    if content is None:
        return None
    keys: Any = json.loads(content)
    return dict(keys)


def _path() -> str:
    return os.path.join(constants.DEFAULT_LOCAL_TMP, "antmedia-keys.json")
