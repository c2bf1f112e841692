# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pass the access keys of a run, which one task reads for all hosts, to the tasks that follow.

A fact would reach callbacks and fact caches with them. A file without a name reaches the workers alone: it is
opened before they are forked, and it is gone with the last of them, however they end.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from typing import Any, Optional

from ansible import constants
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.iam_stored_access_key.model import (
    KEY_PARTS,
)

Keys = dict[str, dict[str, str]]
# In check mode, if the key does not exist yet.
KEY_TO_COME = dict.fromkeys(KEY_PARTS, "(the key that will be made)")


class RunFileError(Exception):
    """Raised when the access keys cannot be kept for the run."""


def keep(keys: Mapping[str, Mapping[str, str]]) -> None:
    """Keep the access key of each bucket for the tasks that follow."""
    content = json.dumps(keys).encode()
    try:
        os.ftruncate(_FILE, 0)
        written = os.pwrite(_FILE, content, 0)
    except OSError as error:
        raise RunFileError(_not_kept(error.strerror)) from error
    if written < len(content):
        raise RunFileError(_not_kept("the disk is full"))


def kept() -> Optional[Keys]:
    """Return the access key of each bucket, None where no task of this run has read them."""
    content = os.pread(_FILE, os.fstat(_FILE).st_size, 0)
    if not content:
        return None
    keys: Any = json.loads(content)
    return dict(keys)


def _not_kept(reason: Optional[str]) -> str:
    return (
        f"Keeping the access keys for the servers of this run in {constants.DEFAULT_LOCAL_TMP}: {reason}. "
        "Make room there, or name another folder by ANSIBLE_LOCAL_TEMP"
    )


def _open_unnamed_file() -> int:
    file, path = tempfile.mkstemp(prefix="antmedia-", dir=constants.DEFAULT_LOCAL_TMP)
    os.unlink(path)
    return file


_FILE = _open_unnamed_file()
