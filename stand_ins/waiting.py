# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Wait until something is so, by asking again and never by a fixed pause."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

TIMEOUT = 60


def wait_for(ask: Callable[[], Any], patience: float = TIMEOUT, pause: float = 0.25) -> Any:
    """Return the first true answer, or the last answer once the seconds of patience are over.

    pause: seconds between two attempts.
    """
    end = time.monotonic() + patience
    while True:
        found = ask()
        if found or time.monotonic() > end:
            return found
        time.sleep(pause)
