# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How a test waits for what takes its time: by asking, never by a fixed pause."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

PATIENCE = 60


def wait_for(what: Callable[[], Any], patience: float = PATIENCE, pause: float = 0.25) -> Any:
    """What there is as soon as it is true, or what there is after so many seconds of patience.

    pause: seconds between two looks.
    """
    end = time.monotonic() + patience
    while True:
        found = what()
        if found or time.monotonic() > end:
            return found
        time.sleep(pause)
