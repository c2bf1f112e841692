# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Display the progress of a task from its worker."""

from __future__ import annotations

import threading
import time

from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.progress import Wait
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._display.display_lines import (
    display_lines,
)

# Seconds from one line about a wait to the next.
_INTERVAL = 10


class ProgressLines:
    """Displays what a task waits for, at once and then every ten seconds, and each step that is done.

    A part of a longer wait is not displayed at once, see Wait. Several threads may wait.
    """

    def __init__(self) -> None:
        self._displayed: dict[str, float] = {}
        self._looking = threading.Lock()

    def wait(self, wait: Wait, waited: float, at_most: float) -> None:
        now = time.monotonic()
        topic = wait.part_of or wait.what
        with self._looking:
            last = self._displayed.get(topic, now - waited if wait.part_of else None)
            if last is not None and now - last < _INTERVAL:
                return
            self._displayed[topic] = now
        so_far = [f"{waited:.0f} s so far"] if waited >= 1 else []
        details = [*so_far, *([wait.detail] if wait.detail else []), f"at most {at_most:.0f} s"]
        display_lines([f"Waiting for {wait.what}: {', '.join(details)}"])

    def done(self, text: str) -> None:
        display_lines([f"  {text}"])
