# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Check that an application no longer records to a bucket or sends viewers there."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .._ams.recording_rules import recording_path
from .._common.network import NoAnswer
from .explain_playback import unreachable_server
from .leftovers import PROBE
from .playback import Viewer, describe_redirect, first_response
from .report import REDIRECT, SETTINGS, CheckResult

_REMEDY = "Run decommission.yml again"


@dataclass
class RemovalCheck:
    """The check of one application of one server. previous: the settings that it had."""

    app: str
    settings: Mapping[str, Any]
    viewer: Viewer
    previous: Mapping[str, Any]
    name: str = field(default_factory=lambda: f"{PROBE}{secrets.token_hex(8)}.mp4")

    def run(self) -> Iterator[CheckResult]:
        yield self._recording()
        yield self._forwarding()

    def _recording(self) -> CheckResult:
        bucket = str(self.previous.get("s3BucketName"))
        records = bool(
            self.settings.get("s3RecordingEnabled") and self.settings.get("s3BucketName") == bucket
        )
        expected = f"nothing is recorded to bucket {bucket}"
        return self._result(SETTINGS, not records, expected, "it does" if records else "it does not")

    def _forwarding(self) -> CheckResult:
        base = str(self.previous.get("httpForwardingBaseURL") or "").rstrip("/")
        expected = f"no redirect to {base}" if base else "no redirect"
        url = f"{self.viewer.url}/{self.app}/{recording_path(self.name)}"
        response = first_response(self.viewer, url)
        if isinstance(response, NoAnswer):
            return self._result(REDIRECT, False, expected, response.words, unreachable_server(response))
        location = response.headers.get("Location", "")
        leads_there = bool(base) and location.startswith(f"{base}/")
        return self._result(
            REDIRECT, not leads_there, expected, describe_redirect(response.status_code, location)
        )

    def _result(self, check: str, ok: bool, expected: str, actual: str, remedy: str = _REMEDY) -> CheckResult:
        return CheckResult(self.app, check, ok, expected, actual, "" if ok else remedy)
