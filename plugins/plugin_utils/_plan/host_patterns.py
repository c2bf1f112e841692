# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write names of hosts so that the hosts of a play are exactly these."""

from __future__ import annotations

import re
from collections.abc import Iterable

_PLAIN = re.compile(r"[\w.-]+")
_SPECIAL = re.compile(r"[^A-Za-z0-9_-]")


def patterns_of(names: Iterable[str]) -> list[str]:
    """Return a pattern for each name.

    Ansible splits a name with a space, a colon or a comma into several patterns, and takes a bracket for a
    range. A regular expression with codes for these characters has none of them.
    """
    return [name if _PLAIN.fullmatch(name) else f"~^{_SPECIAL.sub(_code, name)}$" for name in names]


def _code(found: re.Match[str]) -> str:
    number = ord(found[0])
    return f"\\x{number:02x}" if number < 256 else f"\\U{number:08x}"
