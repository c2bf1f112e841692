# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What became of the upload rights that a run kept while the servers changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...module_utils._common.plain_text import abbreviate
from .._display.lines import limited
from .._plan.narrowing import Narrowing

_INDENT = " " * 15
_MOST_REASONS = 5


def format_narrowing(bucket: Mapping[str, Any], found: Narrowing, done: Mapping[str, Any]) -> list[str]:
    """Return lines about the rights of a bucket's user. done: the result of the task that removes them."""
    name, user = bucket["bucket"], bucket["iam_user"]
    kept, reasons = list(found.kept), list(found.reasons)
    removed = found.removed if (done.get("changes") or {}).get(name) else []
    if found.removed and not removed:
        kept += found.removed
        reasons.append(_why_not(name, done))
    lines = []
    if removed:
        lines.append(f"  Removed      the right of {user} to upload to {abbreviate(_folders(removed), 5)}")
        lines.append(f"{_INDENT}before you undo this run, set the inventory back and run storage.yml")
    if kept:
        lines.append(
            f"  Kept         the right of {user} to upload to {abbreviate(_folders(kept), 5)}, because"
        )
        lines += limited([f"{_INDENT}{reason}" for reason in reasons], _MOST_REASONS, "reason", _INDENT)
    return lines


def _why_not(bucket: str, done: Mapping[str, Any]) -> str:
    uploads = (done.get("uploads") or {}).get(bucket)
    if uploads:
        return f"uploads are in progress ({abbreviate(uploads, 3)})"
    return f"removing it failed: {done.get('msg', 'without a message')}"


def _folders(rights: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(right.partition("*")[0] for right in rights))
