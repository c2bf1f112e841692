# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""First steps of a live check: put a clip into the bucket, and let the server pull it as a stream."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from .._ams.recording_rules import SHORTEST_HLS, hls_seconds
from .._common.errors import AmsError
from .clip import clip
from .explain_live import (
    Obstacle,
    explain_limit,
    explain_refused_call,
    explain_refused_put,
    explain_refused_start,
    is_busy,
    is_refusal,
    streams_allowed,
)
from .live_leftovers import remove_leftovers
from .live_stream import LiveStream, StepFailed
from .live_waits import HLS_LATE, PULL_PATIENCE, RECORDING_LATE
from .report import AS_EXPECTED

with suppress(ImportError):  # RecordingBucket reports it.
    from botocore.exceptions import BotoCoreError, ClientError


class Pull:
    """The source of a stream, from the clip in the bucket to the end of the stream."""

    def __init__(self, stream: LiveStream) -> None:
        self._stream, self._broadcasts = stream, stream.broadcasts
        self._bucket, self._cleanup = stream.bucket, stream.cleanup

    def put_source(self) -> str:
        key, cleanup = self._stream.source_key, self._cleanup
        try:
            self._bucket.require_removal(key)
            # The object may exist as long as there is no response.
            cleanup.is_needed = True
            self._bucket.put(key, clip())
        except (BotoCoreError, ClientError, ValueError) as error:
            details = getattr(error, "response", {}).get("ResponseMetadata", {})
            cleanup.is_needed = cleanup.is_needed and details.get("HTTPStatusCode", 500) >= 500
            raise explain_refused_put(error) from None
        return AS_EXPECTED

    def pull(self) -> str:
        left = self._create()
        began = time.monotonic()
        refusals = self._start()
        self._wait_until_pulled()
        # Otherwise the server would pull and record the clip again after 3 s. This pull is complete.
        self._broadcasts.delete(self._stream.name)
        return f"{AS_EXPECTED}, in {time.monotonic() - began:.1f} s{refusals}{left}"

    def _create(self) -> str:
        """Create the broadcast, and return what became of the leftovers of killed checks before."""
        name, settings = self._stream.name, self._stream.settings
        # The server may refuse the start for a while. The URL must stay valid until then.
        url = self._bucket.signed_url(self._stream.source_key, self._stream.timeout + 60)
        query = parse_qs(urlsplit(url).query)
        signed = [*query.get("X-Amz-Signature", ()), *query.get("X-Amz-Security-Token", ())]
        self._broadcasts.keep_secret(url, *signed, *(quote(each, safe="") for each in signed))
        broadcast = {
            "streamId": name,
            "name": name,
            "type": "streamSource",
            "streamUrl": url,
            "mp4Enabled": 1,
        }
        self._cleanup.has_broadcast = True
        try:
            left = self._remove_leftovers()
            self._require_room()
            created = self._post(broadcast)
        except (AmsError, Obstacle) as error:
            self._cleanup.has_broadcast = isinstance(error, AmsError) and not is_refusal(error)
            raise self._explained(error) from None
        hls = hls_seconds(settings, created)
        if hls is not None:
            self._cleanup.expected[".m3u8"] = hls + HLS_LATE
        return left

    def _remove_leftovers(self) -> str:
        """Remove them first, as a broadcast of a killed check counts against the limit of streams.

        A list that cannot be read says nothing about this check, which reads it again for its own recording.
        """
        try:
            removed = remove_leftovers(self._broadcasts, time.time())
        except AmsError as error:
            return f"; leftovers of killed checks may stay on the server: {error.tried}: {error.came_back}"
        return f", after removing {removed} leftovers of killed checks from the server" if removed else ""

    def _require_room(self) -> None:
        limit = streams_allowed(self._stream.settings)
        obstacle = explain_limit(limit, self._broadcasts.live_count()) if limit >= 0 else None
        if obstacle is not None:
            raise obstacle

    def _explained(self, error: Exception) -> Exception:
        if isinstance(error, AmsError):
            return explain_refused_call(error, self._stream.settings, self._broadcasts.signs) or error
        return error

    def _post(self, broadcast: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return self._broadcasts.create({**broadcast, **SHORTEST_HLS})
        except AmsError as error:
            # An older release does not know the field.
            if error.status != 400 or "hlsParameters" not in error.came_back:
                raise
            return self._broadcasts.create(broadcast)

    def _start(self) -> str:
        self._cleanup.expected[".mp4"] = RECORDING_LATE
        refusals: list[str] = []

        def is_started() -> bool:
            try:
                refusal = self._broadcasts.start(self._stream.name)
            except AmsError as error:
                raise self._explained(error) from None
            if refusal and not is_busy(refusal):
                raise explain_refused_start(refusal) or StepFailed(
                    f"the start was refused: {refusal}", "Look at the server's log"
                )
            refusals.extend([refusal] if refusal else [])
            return not refusal

        try:
            if self._stream.wait_for("start the test stream", is_started):
                return f", after {len(refusals)} refusals: {refusals[-1]}" if refusals else ""
        except Obstacle:
            self._cleanup.expected.clear()
            raise
        self._cleanup.expected.clear()
        last = f"{refusals[-1]} ({len(refusals)} times in {self._stream.timeout:g} s)"
        raise explain_refused_start(last) or StepFailed(last)

    def _wait_until_pulled(self) -> None:
        failures: list[tuple[float, str]] = []

        def state() -> str:
            broadcast = self._broadcasts.broadcast(self._stream.name)
            if broadcast is None:
                raise StepFailed("somebody else has deleted the broadcast", "Run again")
            if broadcast.get("status") in ("created", "preparing", "broadcasting"):
                return ""
            if broadcast.get("width") or broadcast.get("receivedBytes"):
                return "pulled"
            reason = self._broadcasts.pull_error(self._stream.name)
            failures.extend([(time.monotonic(), reason)] if reason else [])
            return "failed" if failures and failures[-1][0] - failures[0][0] > PULL_PATIENCE else ""

        if self._stream.wait_for("end the test stream", state) == "pulled":
            return
        if failures:
            self._cleanup.expected.clear()
            raise StepFailed(f"the server could not read the clip: {failures[-1][1]}")
        raise StepFailed(f"it did not end within {self._stream.timeout:g} s")
