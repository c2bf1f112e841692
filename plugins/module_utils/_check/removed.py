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
from .report import Check, CheckResult

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
        records = self.settings.get("s3RecordingEnabled") and self.settings.get("s3BucketName") == bucket
        expected, actual = f"nothing is recorded to bucket {bucket}", "it does" if records else "it does not"
        return CheckResult(self.app, Check.SETTINGS, not records, expected, actual, _REMEDY)

    def _forwarding(self) -> CheckResult:
        base = str(self.previous.get("httpForwardingBaseURL") or "").rstrip("/")
        expected = f"no redirect to {base}" if base else "no redirect"
        url = f"{self.viewer.url}/{self.app}/{recording_path(self.name)}"
        response = first_response(self.viewer, url)
        if isinstance(response, NoAnswer):
            ok, actual, remedy = False, response.words, unreachable_server(response)
        else:
            location = response.headers.get("Location", "")
            ok = not (base and location.startswith(f"{base}/"))
            actual, remedy = describe_redirect(response.status_code, location), _REMEDY
        return CheckResult(self.app, Check.REDIRECT, ok, expected, actual, remedy)
