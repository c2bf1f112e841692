# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Say once what a run waits for on AWS. On stderr, since stdout may be a document (JSON)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from ansible.utils.display import Display


class Waiting:
    """Displays each kind of message once."""

    def __init__(self) -> None:
        self._said: set[str] = set()

    def say(self, text: str) -> None:
        """Display a text unless only its numbers or its details (after a colon) are new."""
        kind = re.sub(r"\d+", "", text.partition(":")[0])
        if kind not in self._said:
            self._said.add(kind)
            Display().display(text, stderr=True)


def key_message(result: Mapping[str, Any], seconds: int) -> str:
    """Return what a run waits for, from a result of the module that is not done yet."""
    if result.get("pending"):
        return (
            f"Waiting before an access key of IAM user {result['user_name']} is switched off, "
            f"at most {seconds} s: {result['pending']}"
        )
    return f"Waiting for AWS to {result['waiting_for']}: usually 5 to 20 s, at most {seconds} s"


def distribution_message(result: Mapping[str, Any], seconds: int) -> str:
    """Return what a run waits for after it has made or changed a distribution."""
    return (
        f"Waiting for CloudFront to deploy distribution {result['distribution_id']} everywhere: "
        f"usually 3 to 10 minutes, at most {seconds} s"
    )


def seconds_of(given: Any, default: int) -> int:
    """Return the seconds of an option, or 0 for what is no number: the module refuses that."""
    with suppress(TypeError, ValueError):
        return int(given)
    return default if given is None else 0
