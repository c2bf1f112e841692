# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Recordings on the server's disk that AMS has not finished, because their upload failed at once.

No list has them, see _ams/recordings. While a stream is live, AMS writes to such a file as well.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from .._ams.recording_rules import UNFINISHED


@dataclass
class Unfinished:
    """Files that nobody writes to any more. size: of all, in bytes. error: why some could not be read."""

    count: int = 0
    size: int = 0
    error: str = ""


def unfinished(folder: str, before: float) -> Unfinished:
    """Return the unfinished recordings below a folder that were last written to before a moment."""
    found = Unfinished()

    def note(error: OSError) -> None:
        found.error = f"{error.filename}: {error.strerror}"

    for place, _folders, files in os.walk(folder, onerror=note):
        for name in files:
            if not name.endswith(UNFINISHED):
                continue
            try:
                about = os.lstat(os.path.join(place, name))
            except OSError as error:
                note(error)
                continue
            if about.st_mtime < before:
                found.count += 1
                found.size += about.st_size
    return found
