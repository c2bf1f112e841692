# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Recordings as the server gives them to viewers, read piece by piece.

It can only be read as long as the server itself has it for viewers: not where it forwards them, and not where
it asks them for a token.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Union
from urllib.parse import quote

from .._ams.recording_rules import recording_path
from .._check.viewer_session import Browser
from .._common.bounded import STORE_MOST
from .._common.errors import AmsError
from .._common.network import no_answer
from .._common.plain_text import excerpt
from .parts import MIB, UNIT, Part

with suppress(ImportError):  # Browser reports it.
    import requests

CLOSED, VANISHED, CHANGED = "closed", "vanished", "changed"
# The slowest server that is waited for.
_BYTES_A_SECOND = MIB // 16
_RANGE = re.compile(r"bytes (?:(\d+)-(\d+)|\*)/(\d+)")
OTHER_WAY = (
    "So no recording of this application can be read over HTTP. Import them from the server's disk over ssh, "
    "by ansible_connection=ssh for this host, or turn that off until the import is done"
)


@dataclass(eq=False, repr=False)
class SourceError(AmsError):
    """A recording that the server does not give.

    kind: CLOSED if no recording of the application can be read, VANISHED, CHANGED or other.
    """

    kind: str = ""


@dataclass(frozen=True)
class Seen:
    """A recording as the server has it. modified: when it was written to, in seconds since 1970; 0: unknown.

    tag: changes with the content. now: the server's clock.
    """

    size: int
    tag: str
    modified: float
    now: float


class HttpSource:
    """The recordings of an application.

    url: where viewers reach the server. verify: as requests has it. timeout: seconds for a response, beside
    the time that its bytes take.
    """

    def __init__(self, url: str, app: str, verify: Union[bool, str], timeout: float) -> None:
        self._url, self._app = url, app
        self._verify, self._timeout = verify, timeout
        self._browser = Browser(most=STORE_MOST)

    def begin(self, path: str) -> tuple[Seen, bytes]:
        """Return a recording with its first piece. path: below the application's streams."""
        seen, body = self._read(path, 0, UNIT)
        if len(body) < min(seen.size, UNIT):
            raise self._error(path, f"it sent {len(body)} of {seen.size} bytes", transient=True)
        return seen, body

    def read(self, path: str, part: Part, seen: Seen) -> bytes:
        """Return a part. Raise SourceError if the recording has changed since it was seen."""
        now, body = self._read(path, part.offset, part.size)
        self._require_unchanged(path, seen, now)
        if len(body) != part.size:
            raise self._error(path, f"it sent {len(body)} of {part.size} bytes", transient=True)
        return body

    def require_unchanged(self, path: str, seen: Seen) -> None:
        """Raise SourceError if the recording has changed since it was seen."""
        now, _byte = self._read(path, 0, 1)
        self._require_unchanged(path, seen, now)

    def _require_unchanged(self, path: str, seen: Seen, now: Seen) -> None:
        if (seen.size, seen.tag) != (now.size, now.tag):
            how = f"it had {seen.size} bytes and has {now.size}" if seen.size != now.size else "other bytes"
            remedy = "Run the import again when the server has finished the recording"
            raise self._error(path, f"it changed while it was copied: {how}", remedy, kind=CHANGED)

    def _read(self, path: str, start: int, size: int) -> tuple[Seen, bytes]:
        url = self._address(path)
        try:
            response = self._browser.get(
                url,
                timeout=self._timeout + size / _BYTES_A_SECOND,
                verify=self._verify,
                headers={"Range": f"bytes={start}-{start + size - 1}"},
            )
        except requests.RequestException as error:
            words = no_answer(error, url, self._timeout).words
            raise self._error(
                path, words, "Check the server and run the import again", transient=True
            ) from None
        self._browser.forget_cookies()
        return self._seen(path, response, start)

    def _seen(self, path: str, response: requests.Response, start: int) -> tuple[Seen, bytes]:
        headers = response.headers
        if response.status_code == 206:
            size = self._size_of_range(path, headers.get("Content-Range", ""), start)
        elif response.status_code == 200:
            size = self._size_of_whole(path, response, start)
        else:
            raise self._refusal(path, response, start)
        modified, now = _moment(headers.get("Last-Modified")), _moment(headers.get("Date"))
        tag = f"{headers.get('ETag', '')} {headers.get('Last-Modified', '')}"
        return Seen(size, tag, modified, now), response.content

    def _size_of_range(self, path: str, given: str, start: int) -> int:
        found = _RANGE.fullmatch(given)
        if not (found and found[1] and int(found[1]) == start):
            raise self._error(path, "the server sent another range than the requested one")
        return int(found[3])

    def _size_of_whole(self, path: str, response: requests.Response, start: int) -> int:
        # It may have sent a small recording without ranges, but a larger one was cut.
        size = len(response.content)
        if start or response.headers.get("Content-Length", "") != f"{size}":
            words = "the server or a proxy sends no ranges of a recording"
            raise self._error(path, words, OTHER_WAY, kind=CLOSED)
        return size

    def _refusal(self, path: str, response: requests.Response, start: int) -> SourceError:
        status = response.status_code
        if status == 416:
            return self._error(path, f"it has no more than {start} bytes", kind=CHANGED)
        there = response.headers.get("Location", "")
        if status == 404:
            remedy = "If it was not deleted, another node of the cluster may have it, or another disk"
            return self._error(path, "404, the file is not there", remedy, kind=VANISHED)
        if there and 300 <= status < 400:
            return self._error(path, f"{status}, viewers are sent to {there}", OTHER_WAY, kind=CLOSED)
        if status in (401, 403):
            words = f"{status}, the server asks viewers for a token or refuses this host"
            return self._error(path, words, OTHER_WAY, kind=CLOSED)
        answer = f"{status} {excerpt(response.text[:1000])}"
        return self._error(path, answer, "See the server's log", transient=status >= 500 or status == 429)

    def _address(self, path: str) -> str:
        return f"{self._url}/{quote(self._app, safe='')}/{quote(recording_path(path))}"

    def _error(
        self, path: str, came_back: str, remedy: str = "", *, kind: str = "", transient: bool = False
    ) -> SourceError:
        tried = f"Reading {self._address(path)}"
        return SourceError(tried, came_back, remedy, kind=kind, transient=transient)


def _moment(value: Any) -> float:
    try:
        return parsedate_to_datetime(str(value)).timestamp()
    except (TypeError, ValueError, IndexError, OverflowError):
        return 0.0
