# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""The recording probe: a small object goes to the bucket as AMS would put it, and back as a viewer gets it.

AMS hides why an upload failed. Each step is checked here by itself, with the settings that the server has.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Optional

from .._ams.recording_rules import Forwarding, object_key, signing_region
from .._ams.settings import SettingsError, plan
from .._common.packages import require
from .._common.polling import Deadline
from .explain_playback import probe_extension
from .hls_upload_check import HlsUploadCheck
from .leftovers import PROBE
from .playback import PlaybackCheck, Viewer
from .report import Check, CheckResult, require_removed
from .s3_clients import endpoint_of_environment
from .target import BASE_URL, target_mismatch
from .upload import UploadCheck

PROBE_SIZE = 2048


@dataclass
class RecordingProbe:
    """The probe of one application of one server.

    closed: True if nobody may read recordings without credentials or a CDN; if None, the forwarding decides,
    which is off then. leftovers: prefixes of the names of objects that a killed check leaves.
    allow_open_hls_upload: an open hls-upload is no failure.
    """

    app: str
    settings: Mapping[str, Any]
    viewer: Viewer
    expected_settings: Mapping[str, Any] = field(default_factory=dict)
    closed: Optional[bool] = None
    leftovers: Sequence[str] = (PROBE,)
    allow_open_hls_upload: bool = False
    name: str = field(default_factory=lambda: f"{PROBE}{secrets.token_hex(8)}")

    def __post_init__(self) -> None:
        require("botocore")
        requested = Forwarding.of(self.expected_settings, self.settings)
        actual = Forwarding.of(self.settings, {})
        self.forwards = requested.on
        self.extension = probe_extension(requested, actual)
        file = f"{self.name}.{self.extension}"
        self.key = object_key(self.settings, file)
        self.body = secrets.token_bytes(PROBE_SIZE)
        deadline = Deadline(self.viewer.wait)
        limits = self.viewer.timeout, deadline
        self._upload = UploadCheck(self.app, self.settings, self.key, self.body, *limits, self.leftovers)
        self._playback = PlaybackCheck(
            self.app, self.viewer, file, requested, actual, deadline, self.is_base_requested
        )
        is_closed = not self.forwards if self.closed is None else self.closed
        fails_if_open = is_closed and not self.allow_open_hls_upload
        self._hls_upload = HlsUploadCheck(self.app, self.viewer, file, self.settings, fails_if_open)
        self._upload_results: list[CheckResult] = []

    @property
    def is_base_requested(self) -> bool:
        """True if the base URL is among the requested settings, False if only the server names it."""
        return BASE_URL in self.expected_settings

    @property
    def uploads(self) -> bool:
        """True if every check of the upload so far passed, and the object was put."""
        results = self._upload_results
        return all(result.ok for result in results) and any(result.check == Check.PUT for result in results)

    def run(self) -> Iterator[CheckResult]:
        """Yield the results. What a failed check makes impossible is not tried."""
        self._upload_results, can_upload = self._settings_results()
        yield from self._upload_results
        if not can_upload:
            return
        try:
            yield from self._upload_and_play()
            removed = self._upload.remove()
        except BaseException as error:
            require_removed(self._upload.remove(), error, f"Checking {self.app}")
            raise
        if removed is not None:
            yield removed

    def _settings_results(self) -> tuple[list[CheckResult], bool]:
        """Return the results of the settings, and True if an upload can be tried."""
        mismatch = target_mismatch(self.settings, self.expected_settings, endpoint_of_environment())
        if mismatch is not None:
            return [CheckResult(self.app, Check.SETTINGS, False, *mismatch)], False
        results = [self._settings_result()]
        if not self.settings.get("s3RecordingEnabled"):
            return results, False
        # botocore would look elsewhere for a key or a region, which AMS does not have.
        if not (self.settings.get("s3AccessKey") and self.settings.get("s3SecretKey")):
            results.append(self._failed(Check.KEY, "an access key in the settings", "none"))
        elif signing_region(self.settings) is None:
            results.append(self._failed(Check.REGION, "a region in the settings", "none"))
        return results, len(results) == 1

    def _settings_result(self) -> CheckResult:
        wanted = {"s3RecordingEnabled": True, **self.expected_settings}
        expected = "the requested settings"
        try:
            changes = plan(self.settings, wanted).redacted()
        except SettingsError as error:
            return self._failed(Check.SETTINGS, expected, str(error))
        if not changes:
            return CheckResult(self.app, Check.SETTINGS, True, expected, "the same")
        after, before = (
            ", ".join(f"{name}={changes[name][side]!r}" for name in sorted(changes))
            for side in ("after", "before")
        )
        return self._failed(Check.SETTINGS, after, before)

    def _upload_and_play(self) -> Iterator[CheckResult]:
        results = self._upload.run()
        self._upload_results += results
        yield from results
        is_stored = results[-1].check == Check.PUT and results[-1].ok
        if self.forwards:
            yield from self._playback.run(self._upload, self.body, is_stored)
        if is_stored:
            yield self._hls_upload.run(self.body, self._playback.ask_server)

    def _failed(self, check: str, expected: str, actual: str) -> CheckResult:
        return CheckResult(self.app, check, False, expected, actual, "Run servers.yml")
