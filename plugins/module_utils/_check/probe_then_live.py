# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""The live check after the recording probe, and what the result says if it was left out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from .live import LiveCheck
from .probe import RecordingProbe
from .report import CheckResult


@dataclass
class ProbeThenLive:
    """The recording probe of an application and, if its upload passed, the live check.

    A server that cannot upload would keep the recording, and nobody would ever remove it.
    """

    probe: RecordingProbe
    live: LiveCheck
    is_live_tried: bool = False

    def run(self) -> Iterator[CheckResult]:
        yield from self.probe.run()
        if self.probe.uploads:
            self.is_live_tried = True
            yield from self.live.run()


def add_left_out(result: dict[str, Any], checkers: Sequence[ProbeThenLive]) -> dict[str, Any]:
    """Add to a module's result where the live check was left out."""
    apps = ", ".join(checker.probe.app for checker in checkers if not checker.is_live_tried)
    if apps:
        reason = "because a check of the upload failed: fix that first"
        result["msg"] += f"\n{apps}: live was not tried, {reason}"
    return result
