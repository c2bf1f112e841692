# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""The recording probe: a small object goes to the bucket as AMS would put it, and back as a viewer gets it.

AMS hides why an upload failed. Each step is checked here by itself, with the settings that the server has.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Optional

from .._ams.recording_rules import Forwarding, signing_region
from .._ams.settings import SettingsError, plan
from .._common.packages import require
from .explain_playback import probe_extension
from .hls_upload_check import HlsUploadCheck
from .playback import PlaybackCheck, Viewer
from .report import Check, CheckResult
from .s3_clients import endpoint_of_environment
from .shared_upload import SharedUploads
from .trusted_settings import BASE_URL, target_mismatch
from .viewer_session import Browser


@dataclass
class RecordingProbe:
    """The probe of one application of one server.

    closed: True if nobody may read recordings without credentials or a CDN; if None, the forwarding decides,
    which is off then. allow_open_hls_upload: an open hls-upload is no failure. uploads: of the run; without
    them the probe has an object of its own, and removes it. http: the browser for the server.
    """

    app: str
    settings: Mapping[str, Any]
    viewer: Viewer
    expected_settings: Mapping[str, Any] = field(default_factory=dict)
    closed: Optional[bool] = None
    allow_open_hls_upload: bool = False
    uploads: Optional[SharedUploads] = None
    http: Optional[Browser] = None

    def __post_init__(self) -> None:
        require("botocore")
        requested = Forwarding.of(self.expected_settings, self.settings)
        actual = Forwarding.of(self.settings, {})
        self.forwards = requested.on
        self.extension = probe_extension(requested, actual)
        uploads = self.uploads or SharedUploads()
        self._shared = uploads.of(self.app, self.settings, self.extension, self.viewer)
        self.key, self.body = self._shared.upload.target.key, self._shared.body
        self._playback = PlaybackCheck(
            self.app,
            self.viewer,
            self._shared.file,
            requested,
            actual,
            self._shared.deadline,
            self.is_base_requested,
            self.http,
            self.uploads.viewer_of_bucket if self.uploads else None,
            self._shared.responses,
        )
        is_closed = not self.forwards if self.closed is None else self.closed
        fails_if_open = is_closed and not self.allow_open_hls_upload
        self._hls_upload = HlsUploadCheck(
            self.app, self.viewer, self._shared.file, self.settings, fails_if_open
        )
        self._upload_results: list[CheckResult] = []
        self._is_upload_tried = False

    @property
    def is_base_requested(self) -> bool:
        """True if the base URL is among the requested settings, False if only the server names it."""
        return BASE_URL in self.expected_settings

    @property
    def can_list(self) -> bool:
        """True if the application's key has listed the bucket."""
        return self._has_passed(Check.LIST)

    @property
    def has_stored(self) -> bool:
        """True if the object was put, whatever the other checks found."""
        return self._has_passed(Check.PUT)

    def _has_passed(self, check: str) -> bool:
        return any(result.ok for result in self._upload_results if result.check == check)

    @property
    def has_uploaded(self) -> bool:
        """True if every check of the upload so far passed, and the object was put."""
        results = self._upload_results
        return all(result.ok for result in results) and any(result.check == Check.PUT for result in results)

    def run(self) -> Iterator[CheckResult]:
        """Yield the results, and last that of the removal of an object that no other probe has."""
        try:
            yield from self.check()
        except BaseException as error:
            self._shared.remove(error)
            raise
        self._shared.remove()
        yield from self.removal()

    def check(self) -> Iterator[CheckResult]:
        """Yield the results. What a failed check makes impossible is not tried."""
        self._upload_results, self._is_upload_tried = self._settings_results()
        yield from self._upload_results
        if self._is_upload_tried:
            yield from self._upload_and_play()

    def removal(self) -> Iterator[CheckResult]:
        """Yield the result of removing the object, once it is removed, if this probe has used it."""
        removed = self._shared.removal(self.app) if self._is_upload_tried else None
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
        results = self._shared.run(self.app)
        self._upload_results += results
        yield from results
        is_stored = results[-1].check == Check.PUT and results[-1].ok
        if self.forwards:
            yield from self._playback.run(self._shared.upload, self.body, is_stored)
        if is_stored:
            yield self._hls_upload.run(self.body, self._playback.ask_server)

    def _failed(self, check: str, expected: str, actual: str) -> CheckResult:
        return CheckResult(self.app, check, False, expected, actual, "Run servers.yml")
