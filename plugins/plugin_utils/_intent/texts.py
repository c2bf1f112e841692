# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Refuse secrets that YAML has read as something else than text.

Ansible would silently turn them into another text: 0123 into 83, yes into True. That text would be tried as
a password, and the third wrong password blocks an account.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def not_text(value: Any) -> str:
    """Return the type of a value that has to be text, without the value; empty for a text."""
    # A vaulted text is a type of its own, which has neither of these.
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, (int, float)):
        return "a number"
    if isinstance(value, (list, tuple)):
        return "a list"
    if isinstance(value, Mapping):
        return "a dictionary"
    return "a date" if hasattr(value, "isoformat") else ""


def texts_problem(values: Mapping[str, Any], names: Iterable[str], prefix: str = "") -> str:
    """Return which values are no text and what to write instead; empty if all are text."""
    wrong = [(f"{prefix}{name}", not_text(values.get(name))) for name in names]
    return "; ".join(
        f"YAML reads {name} as {kind}, not as text: put it in quotes, as in {name}: '...'. "
        "If it is a template, it must return text. It was not tried"
        for name, kind in wrong
        if kind
    )
