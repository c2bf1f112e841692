# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Whether an application has nothing left of what recorded and forwarded to a bucket."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .._common.network import NoAnswer
from .explain_playback import unreachable_server
from .playback import Viewer, first_answer
from .report import Link

_REMEDY = "Run decommission.yml again"


@dataclass
class Absence:
    """One application of one server. former: the settings that it had."""

    app: str
    settings: Mapping[str, Any]
    viewer: Viewer
    former: Mapping[str, Any]
    name: str = field(default_factory=lambda: f"recording-check-{secrets.token_hex(8)}.mp4")

    def links(self) -> Iterator[Link]:
        yield self._recording()
        yield self._forwarding()

    def _recording(self) -> Link:
        bucket = str(self.former.get("s3BucketName"))
        records = self.settings.get("s3RecordingEnabled") and self.settings.get("s3BucketName") == bucket
        came = "it does" if records else "it does not"
        expected = f"nothing is recorded to bucket {bucket}"
        return Link(self.app, "settings", not records, expected, came, _REMEDY if records else "")

    def _forwarding(self) -> Link:
        base = str(self.former.get("httpForwardingBaseURL") or "").rstrip("/")
        expected = f"no redirect to {base}" if base else "no redirect"
        answer = first_answer(self.viewer, f"{self.viewer.url}/{self.app}/streams/{self.name}")
        if isinstance(answer, NoAnswer):
            return Link(self.app, "redirect", False, expected, answer.words, unreachable_server(answer))
        location = answer.headers.get("Location", "")
        leads_there = bool(base) and location.startswith(f"{base}/")
        came = f"{answer.status_code}{' to ' + location if location else ''}"
        return Link(self.app, "redirect", not leads_there, expected, came, _REMEDY if leads_there else "")
