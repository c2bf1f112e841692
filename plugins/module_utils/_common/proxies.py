# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Find out whether there is any proxy at all: most hosts have none."""

from __future__ import annotations

import os
import sys
from urllib.request import getproxies


def may_have_proxies() -> bool:
    """True if a proxy may be set. For each server, getproxies itself would take too long."""
    if sys.platform in ("darwin", "win32"):
        # There the system has a list too.
        return bool(getproxies())
    return any(name[-6:].lower() == "_proxy" for name in os.environ)
