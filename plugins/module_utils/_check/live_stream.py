# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""What the steps of a live check share: the test stream, where it is recorded to, and the time limit."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Callable, Optional, TypeVar
from urllib.parse import quote

from .._ams.broadcasts import Broadcasts
from .._ams.recording_rules import forwarded_to, object_key, recording_path, stream_prefixes
from .._common.polling import Deadline, growing, poll
from .._common.progress import Wait
from .leftovers import LIVE
from .live_bucket import RecordingBucket
from .live_cleanup import Cleanup
from .playback import Viewer

Found = TypeVar("Found")
SEE_LOG = "look for AmazonS3Exception in the server's log (log/ant-media-server.log)"


class StepFailed(Exception):
    """A step of the live check failed."""

    def __init__(self, actual: str, remedy: str = "") -> None:
        super().__init__(actual)
        self.actual, self.remedy = actual, remedy


@dataclass
class LiveStream:
    """A stream that one application records for the check. timeout: seconds from the clip to the viewer.

    is_base_requested: False if the base URL is not among the requested settings and only the server names it.
    """

    settings: Mapping[str, Any]
    viewer: Viewer
    broadcasts: Broadcasts
    timeout: float
    is_base_requested: bool = True
    name: str = field(default_factory=lambda: f"{LIVE}{secrets.token_hex(8)}")

    def __post_init__(self) -> None:
        self.app = self.broadcasts.app
        self.prefixes = stream_prefixes(self.settings, self.name)
        self.source_key = f"{self.prefixes[0]}-clip"
        self.bucket = RecordingBucket(self.settings, self.viewer.timeout)
        self.cleanup = Cleanup(self.broadcasts, self.bucket, self.name, self.prefixes)
        # Until the list of recordings says otherwise: addDateTimeToMp4FileName, for example, changes it.
        self.path = recording_path(f"{self.name}.mp4")
        self.listed = ""
        self._deadline = Deadline(0)

    @property
    def key(self) -> str:
        return object_key(self.settings, self.path)

    @property
    def target(self) -> str:
        """Return where the server sends a viewer of the recording, or ""."""
        return forwarded_to(self.settings, quote(self.path))

    def start_clock(self) -> None:
        self._deadline = Deadline(self.timeout)

    def stop(self) -> None:
        """Wait for nothing any more, so that the check fails and removes what it has made."""
        self.timeout = self._deadline.seconds = 0

    def wait_for(self, what: str, look: Callable[[], Found]) -> Optional[Found]:
        """Call look, at least once, until it returns something; None when the time is up.

        what: the server has to do, such as "upload the recording".
        """
        wait = Wait(f"{self.broadcasts.url} to {what} of application '{self.app}'", part_of=self.name)
        return poll(lambda: look() or None, self._deadline, growing(0.1, 1.4, 2.0), wait)
