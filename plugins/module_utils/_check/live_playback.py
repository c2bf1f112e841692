# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Last step of a live check: get the recording as a viewer does, or from the bucket."""

from __future__ import annotations

from urllib.parse import quote

from .._common.bounded_session import VIEWER_MOST, size_of
from .._common.network import NoAnswer
from .clip import mp4_fault
from .live_stream import LiveStream, StepFailed
from .playback import describe_redirect, first_response
from .report import AS_EXPECTED
from .viewer_session import Browser, first_plain_http


def read_from_bucket(stream: LiveStream) -> str:
    return f"{AS_EXPECTED}, {len(_stored(stream))} bytes"


def _stored(stream: LiveStream) -> bytes:
    body = stream.bucket.read(stream.key)
    fault = mp4_fault(body)
    if fault:
        raise StepFailed(fault, "The server uploaded a broken recording: look at its log")
    return body


def play(stream: LiveStream) -> str:
    """Follow the server's redirect, and compare what a viewer gets with the object in the bucket."""
    viewer, stored = stream.viewer, _stored(stream)
    most = max(len(stored), VIEWER_MOST)
    with Browser(most=most) as http:
        first = first_response(viewer, f"{viewer.url}/{quote(stream.app)}/{quote(stream.path)}", http)
        if isinstance(first, NoAnswer):
            raise StepFailed(first.words)
        location = first.headers.get("Location", "")
        if first.status_code != 302 or location != stream.target:
            raise StepFailed(describe_redirect(first.status_code, location))
        browser = http if stream.is_base_requested else http.beyond(viewer.url)
        response = browser.fetch(location, timeout=viewer.timeout)
    actual = f"302, and there {response.status_code} with {size_of(response.content, most)}"
    if response.status_code != 200:
        raise StepFailed(actual)
    if response.content != stored:
        raise StepFailed(
            f"{actual} that differ from the object in the bucket", "Does a CDN have an old copy?"
        )
    plain = first_plain_http(response)
    return f"{AS_EXPECTED}, {len(stored)} bytes{f', by plain http from {plain}' if plain else ''}"
