# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""The order of the steps of a live check, their results, and the removal; live_pull and others make them.

Without an encoder, the server records a clip and uploads it, and a viewer gets it.

The recording probe does what AMS would do. Here AMS itself does it. Everything is removed in any case.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Callable, NamedTuple, Optional

from .._ams.recording_rules import UNFINISHED, local_folder
from .._common.errors import AmsError
from .clip import CLIP_SECONDS
from .explain_live import NEEDED, Obstacle
from .live_playback import play, read_from_bucket
from .live_pull import Pull
from .live_recording import find_recording, upload_remedy, wait_for_upload
from .live_stream import SEE_LOG, LiveStream, StepFailed
from .report import AS_EXPECTED, BY_REDIRECT, Check, CheckResult, require_removed

with suppress(ImportError):  # RecordingBucket reports it.
    import requests
    from botocore.exceptions import BotoCoreError, ClientError


class _Step(NamedTuple):
    """A check to make: its name, the expected result, how to make it, and a remedy if no better is known."""

    check: str
    expected: str
    act: Callable[[], str]
    remedy: str


class LiveCheck:
    """The live check of one application."""

    def __init__(self, stream: LiveStream) -> None:
        self.stream, self.app = stream, stream.app

    def run(self) -> Iterator[CheckResult]:
        """Yield the results up to the first failure or obstacle, and that of the removal, after all of it."""
        self.stream.start_clock()
        results: list[CheckResult] = []
        try:
            for step in self._steps():
                results.append(self._result(step))
                if not (results[-1].ok and results[-1].tried):
                    break
        except BaseException as error:
            require_removed(self._remove(), error, f"Checking {self.app} live")
            raise
        removal = self._remove()
        yield from [*results, removal] if removal else results

    def _steps(self) -> Iterator[_Step]:
        stream, pull = self.stream, Pull(self.stream)
        expected = f"a clip of {CLIP_SECONDS} s stored as {stream.source_key}"
        yield _Step(Check.LIVE_SOURCE, expected, pull.put_source, NEEDED)
        remedy = (
            "Does the server reach the bucket's endpoint as this host does? See its DNS, proxy and firewall"
        )
        yield _Step(Check.LIVE_PULL, "the server pulls the clip as the source of a stream", pull.pull, remedy)
        remedy = (
            f"The server could not finish it: {SEE_LOG}. What it has stays in {local_folder(stream.app)} "
            f"under the name {stream.name}.mp4{UNFINISHED} and must be removed by hand"
        )
        expected = "the recording in the application's list"
        yield _Step(Check.LIVE_RECORDING, expected, lambda: find_recording(stream), remedy)
        expected = f"{stream.key} in the bucket"
        yield _Step(Check.LIVE_UPLOAD, expected, lambda: wait_for_upload(stream), upload_remedy(stream))
        if stream.target:
            expected = f"{BY_REDIRECT}{stream.target}, and there the recording, a whole MP4"
            remedy = "See httpForwardingBaseURL, the bucket policy and Block Public Access: run storage.yml"
            yield _Step(Check.LIVE_PLAYBACK, expected, lambda: play(stream), remedy)
        else:
            expected = "the recording, a whole MP4, from the bucket, as the application does not forward mp4"
            yield _Step(Check.LIVE_PLAYBACK, expected, lambda: read_from_bucket(stream), NEEDED)

    def _remove(self) -> Optional[CheckResult]:
        stream = self.stream
        if not stream.cleanup.is_needed:
            return None
        left = f"the objects {', '.join(f'{prefix}*' for prefix in stream.prefixes)} of {stream.bucket.name}"
        if stream.cleanup.has_broadcast:
            left += f" and the broadcast and the recordings {stream.name} of {stream.app}"
        remedy = (
            f"Remove {left} by hand. {NEEDED}; with versions also s3:ListBucketVersions and "
            "s3:DeleteObjectVersion"
        )
        failures = "; ".join(stream.cleanup.run())
        expected = "broadcast, recordings and objects removed"
        actual = failures or AS_EXPECTED
        return self._masked(CheckResult(self.app, Check.LIVE_REMOVAL, not failures, expected, actual, remedy))

    def _result(self, step: _Step) -> CheckResult:
        ok, remedy = False, step.remedy
        try:
            actual, ok = step.act(), True
        except Obstacle as obstacle:
            return self._masked(obstacle.result(self.app, self.stream.viewer.url))
        except StepFailed as error:
            actual, remedy = error.actual, error.remedy or step.remedy
        except AmsError as error:
            actual, remedy = f"{error.tried}: {error.came_back}", error.remedy or step.remedy
        except ClientError as error:
            details = error.response.get("Error", {})
            actual = f"{details.get('Code', '')}: {details.get('Message', '')}"
        except (BotoCoreError, requests.RequestException, ValueError) as error:
            actual = str(error)
        return self._masked(CheckResult(self.app, step.check, ok, step.expected, actual, remedy))

    def _masked(self, result: CheckResult) -> CheckResult:
        mask = self.stream.broadcasts.without_secrets
        return replace(result, actual=mask(result.actual), warning=mask(result.warning))
