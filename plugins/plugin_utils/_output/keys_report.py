# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The access keys of each bucket and the servers that use them, as a person reads it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .._display.lines import listed, screen_line

_INDENT = " " * 6
_MOST_SERVERS = 20


def format_keys(plan: Mapping[str, Any]) -> list[str]:
    """Return the lines about the keys of a plan."""
    return [
        screen_line(line) for name, bucket in plan["buckets"].items() for line in _lines(name, bucket["keys"])
    ]


def _lines(name: str, keys: Mapping[str, Any]) -> Iterator[str]:
    yield f"KEYS  {keys['described'] or f'{name}: not known, see the problems'}"
    for key, hosts in keys["users"].items():
        yield f"{_INDENT}{name}: {key} is used by {listed(hosts, _MOST_SERVERS)}"
    if not keys["users"]:
        yield f"{_INDENT}{name}: no server that was read records to it"
    if keys["not_read"]:
        yield f"{_INDENT}{name}: not read were {listed(keys['not_read'], _MOST_SERVERS)}"
    if keys["gone"]:
        gone = listed(keys["gone"], _MOST_SERVERS)
        yield f"{_INDENT}{name}: gone for good and not read (s3_recording_gone_hosts): {gone}"
