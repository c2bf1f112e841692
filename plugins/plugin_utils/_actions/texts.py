# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets that YAML has made something else of.

Ansible would turn them into text again without a word, and into another text: 0123 into 83, yes into True.
That text would be tried as a password, of which the third wrong one blocks an account.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def not_text(value: Any) -> str:
    """Return what a value is where a text belongs, in words and without the value; empty for a text."""
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
    """Return what is wrong with values that have to be text, with what to write; empty if nothing is."""
    wrong = [(f"{prefix}{name}", not_text(values.get(name))) for name in names]
    return "; ".join(
        f"{name} is {kind} for YAML, which is not what was written: put it in quotes, as in {name}: '...'. "
        "If it is a template, the template has to give text. It was not tried"
        for name, kind in wrong
        if kind
    )
