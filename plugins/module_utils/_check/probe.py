# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""The probe: a small object goes to the bucket as AMS would put it and comes back as a viewer would get it.

AMS hides why an upload failed; each link of the chain is tried here by itself, with the settings that
the server really has.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Optional

from .._ams.recording_rules import object_key, signing_region
from .._ams.settings import SettingsError, plan
from .._common.errors import AmsError
from .explain_playback import Forwarding, probe_extension
from .hls_upload_check import HlsUpload
from .leftovers import PROBE
from .playback import Viewer, Visit
from .report import Link
from .s3_clients import endpoint_of_environment, require_botocore
from .target import BASE_URL, elsewhere
from .upload import Patience, Upload

__all__ = ["Probe", "Viewer"]

PROBE_SIZE = 2048


@dataclass
class Probe:
    """One application of one server.

    closed: whether nobody may read recordings without credentials or a CDN; None where that follows from
    forwarding, which is off then. leaves: what the names of objects begin with that a killed check leaves.
    allow_open_door: whether an open hls-upload does not break the chain.
    """

    app: str
    settings: Mapping[str, Any]
    viewer: Viewer
    expected_settings: Mapping[str, Any] = field(default_factory=dict)
    closed: Optional[bool] = None
    leaves: Sequence[str] = (PROBE,)
    allow_open_door: bool = False
    name: str = field(default_factory=lambda: f"{PROBE}{secrets.token_hex(8)}")

    def __post_init__(self) -> None:
        require_botocore()
        asked = Forwarding.of(self.expected_settings, self.settings)
        has = Forwarding.of(self.settings, {})
        self.forwards = asked.on
        self.extension = probe_extension(asked, has)
        file = f"{self.name}.{self.extension}"
        self.key = object_key(self.settings, file)
        self.body = secrets.token_bytes(PROBE_SIZE)
        patience = Patience(self.viewer.wait)
        limits = self.viewer.timeout, patience
        self._upload = Upload(self.app, self.settings, self.key, self.body, *limits, self.leaves)
        self._visit = Visit(self.app, self.viewer, file, asked, has, patience, self.is_base_asked)
        is_closed = not self.forwards if self.closed is None else self.closed
        fails_open = is_closed and not self.allow_open_door
        self._door = HlsUpload(self.app, self.viewer, file, self.settings, fails_open)
        self._half: list[Link] = []

    @property
    def is_base_asked(self) -> bool:
        """True if where viewers are sent was asked for; otherwise the server alone says so."""
        return BASE_URL in self.expected_settings

    @property
    def uploads(self) -> bool:
        """Whether, as far as links() came, the application's recordings reach the bucket."""
        return all(link.ok for link in self._half) and any(link.link == "put" for link in self._half)

    def links(self) -> Iterator[Link]:
        """Try link after link; what a broken one makes impossible is not tried."""
        stranger = elsewhere(self.settings, self.expected_settings, endpoint_of_environment())
        if stranger is not None:
            self._half = [Link(self.app, "settings", False, *stranger)]
            yield self._half[0]
            return
        self._half = [self._settings_link()]
        yield self._half[0]
        if not self.settings.get("s3RecordingEnabled"):
            return
        if not (self.settings.get("s3AccessKey") and self.settings.get("s3SecretKey")):
            # With an empty key botocore would look for another one, which AMS does not have.
            self._half.append(self._link("key", "an access key in the settings", "none"))
            yield self._half[-1]
            return
        if signing_region(self.settings) is None:
            # botocore would look for another one, which AMS does not have.
            self._half.append(self._link("region", "a region in the settings", "none"))
            yield self._half[-1]
            return
        try:
            yield from self._tried()
            removed = self._upload.remove()
        except BaseException as error:
            self._end(error)
            raise
        if removed is not None:
            yield removed

    def _tried(self) -> Iterator[Link]:
        upload = self._upload.links()
        self._half += upload
        yield from upload
        is_there = upload[-1].link == "put" and upload[-1].ok
        if self.forwards:
            yield from self._visit.links(self._upload, self.body, is_there, self._upload.answers)
        if is_there:
            yield self._door.link(self.body, self._visit.ask)

    def _end(self, error: BaseException) -> None:
        """Remove the probe though there is no result to tell of it; what stays is told with the error."""
        removed = self._upload.remove()
        if removed is None or removed.ok:
            return
        if isinstance(error, KeyboardInterrupt):
            raise KeyboardInterrupt(f"{error}; {removed.sentence()}") from error
        raise AmsError(f"Checking {self.app}", repr(error), removed.sentence()) from error

    def _settings_link(self) -> Link:
        wanted = {"s3RecordingEnabled": True, **self.expected_settings}
        expected = "the settings asked for"
        try:
            changes = plan(self.settings, wanted).redacted()
        except SettingsError as error:
            return self._link("settings", expected, str(error))
        if not changes:
            return Link(self.app, "settings", True, expected, "the same")
        told = {
            side: ", ".join(f"{name}={changes[name][side]!r}" for name in sorted(changes))
            for side in ("after", "before")
        }
        return self._link("settings", told["after"], told["before"])

    def _link(self, link: str, expected: str, came: str) -> Link:
        return Link(self.app, link, False, expected, came, "Run servers.yml")
