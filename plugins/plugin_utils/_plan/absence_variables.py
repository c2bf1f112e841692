# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the variables s3_recording_skip_unreachable and s3_recording_gone_hosts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_SHARE = re.compile(r"(\d{1,3})\s*%")
SKIP, GONE = "s3_recording_skip_unreachable", "s3_recording_gone_hosts"


class LimitError(ValueError):
    """Raised for a value that cannot be one of these variables'."""


def most_unreachable(value: Any, servers: int) -> int:
    """Return how many servers may be unreachable. value: a number, or a percentage of all of them."""
    text = "0" if value in (None, "", False) else str(value).strip()
    share = _SHARE.fullmatch(text)
    if share and int(share[1]) <= 100:
        return servers * int(share[1]) // 100
    if text.isdigit():
        return int(text)
    raise LimitError(f"{SKIP} is '{text}'. Give the number of servers (2) or a percentage of them (5%)")


def gone_hosts(value: Any) -> list[str]:
    """Return the hosts that are gone for good. value: a list, or their names with commas between them."""
    if value in (None, ""):
        return []
    names = value.split(",") if isinstance(value, str) else value
    if isinstance(names, Mapping) or not isinstance(names, (list, tuple)):
        raise LimitError(f"{GONE} must be a list of hosts of the inventory")
    return [str(name).strip() for name in names if str(name).strip()]
