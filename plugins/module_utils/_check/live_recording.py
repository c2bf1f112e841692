# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Later steps of a live check: the recording in the server's list, and in the bucket."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._ams.recording_rules import MP4, local_folder, uploads
from .live_stream import SEE_LOG, LiveStream, StepFailed
from .report import AS_EXPECTED


def find_recording(stream: LiveStream) -> str:
    """Wait until the server lists the recording, and keep its path."""
    listed = stream.wait_for("list the recording", lambda: stream.broadcasts.recordings(stream.name))
    if not listed:
        raise StepFailed(f"nothing within {stream.timeout:g} s")
    # If there was a second pull, its recording has a number in its name.
    first = min(listed, key=_created)
    path = str(first.get("filePath") or stream.path)
    if stream.name not in path.rpartition("/")[2] or ".." in path:
        raise StepFailed(f"the list has {path!r}, which is no recording of {stream.name}")
    status = first.get("processStatus")
    stream.path = path
    stream.listed = f"{path}, {first.get('fileSize')} bytes{f', {status}' if status else ''}"
    return stream.listed


def _created(recording: Mapping[str, Any]) -> float:
    when = recording.get("creationDate")
    return when if isinstance(when, (int, float)) else 0


def wait_for_upload(stream: LiveStream) -> str:
    """Wait until the recording is in the bucket."""
    sizes: dict[str, int] = {}

    def is_stored() -> bool:
        sizes.update(stream.bucket.sizes(stream.prefixes[0]))
        return stream.key in sizes

    if not stream.wait_for("upload the recording", is_stored):
        others = ", ".join(sorted(sizes.keys() - {stream.source_key}))
        found = f"nothing{f' but {others}' if others else ''} within {stream.timeout:g} s"
        raise StepFailed(f"{found}; the list of recordings has {stream.listed}")
    stream.cleanup.expected.pop(".mp4", None)
    return f"{AS_EXPECTED}, {sizes[stream.key]} bytes"


def upload_remedy(stream: LiveStream) -> str:
    """Return what to do if the recording does not reach the bucket."""
    if not uploads(stream.settings, MP4):
        return "uploadExtensionsToS3 lacks the 1, which stands for mp4: run servers.yml"
    advice = f"The recording did not leave the server's disk: {SEE_LOG}, then run storage.yml and servers.yml"
    if ".m3u8" not in stream.cleanup.expected:
        return advice
    folder = local_folder(stream.app)
    return f"{advice}. HLS files {stream.name}* may be left in {folder}, to be removed by hand"
