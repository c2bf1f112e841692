# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copy recordings from a server's disk into the bucket, part by part, in batches of some minutes.

The server computes the MD5s of a batch's parts. The controller, which has the credentials, signs a URL with
each of them, the server sends the parts to these URLs, and the controller completes the uploads. So S3 stores
no byte that is not in the file, and a URL serves for one part of one upload.

What a killed run has sent stays in its uploads. The next run compares it with the file and sends the rest.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Callable, Optional

from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.errors import (
    AwsError,
    CollectionError,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._import.parts import (
    MIB,
    Part,
    etag_of,
    layout_of,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._import.patience import patiently
from ansible_collections.antmedia.s3_recording.plugins.module_utils._import.stored import (
    StoredObject,
    StoredPart,
    Upload,
    base64_of,
    digest_of,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._import.target import (
    ObjectDiffers,
    Target,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._import.transfer import (
    COPIED,
    DIFFERS,
    FAILED,
    Result,
)

from .files import LocalFile
from .server import Answer, Sending, Server

# Seconds that a URL is valid. A batch begins its last part after Sending.seconds.
VALID = 900.0
# A batch: parts, bytes of the first one, and seconds that the next ones take.
_MOST_PARTS, _FIRST, _BATCH_SECONDS = 256, 64 * MIB, 120.0
# Batches in which a part may fail for a passing reason.
_MOST_TRIES = 3
# Recordings that fail one after the other before the import stops.
_MOST_IN_A_ROW = 5
_OF_FILE = ("vanished", "changed", "unreadable")
_AGAIN = "Run the import again: it continues"


@dataclass
class _Copy:
    """A file on its way. left: the parts that are not known to be in the bucket. answer: why it failed."""

    file: LocalFile
    upload: Upload
    left: deque[Part] = field(default_factory=deque)
    md5s: dict[int, bytes] = field(default_factory=dict)
    tries: Counter[int] = field(default_factory=Counter)
    signed_again: set[int] = field(default_factory=set)
    answer: Optional[Answer] = None

    @property
    def is_done(self) -> bool:
        return bool(self.answer or not self.left)

    def given(self, part: Part) -> dict[str, Any]:
        return {**self.file.as_listed(), "offset": part.offset, "length": part.size}

    def has_stored(self, part: Part) -> bool:
        """True if the bucket has this part, with the same bytes as the file."""
        stored = self.upload.parts.get(part.number)
        if stored is None or digest_of(stored.etag) != self.md5s[part.number]:
            return False
        self.keep(part, stored.etag)
        return True

    def keep(self, part: Part, etag: str) -> None:
        md5 = self.md5s[part.number]
        self.upload.parts[part.number] = StoredPart(part.number, part.size, etag, md5=md5)
        self.left.remove(part)

    def judge(self, part: Part, answer: Answer) -> None:
        """Decide whether a part that was not sent is tried again in the next batch."""
        if answer.has_expired and part.number not in self.signed_again:
            self.signed_again.add(part.number)
            return
        if answer.kind == "later":
            return
        self.tries[part.number] += 1
        if not answer.is_passing or self.tries[part.number] >= _MOST_TRIES:
            self.answer = self.answer or answer


_Batch = list[tuple[_Copy, Part]]


class Copying:
    """Copies the recordings of one application. stopped_by: why not all were tried.

    say: is called with the number of bytes that were sent, after each batch.
    """

    def __init__(
        self, server: Server, target: Target, sending: Sending, say: Callable[[int], object] = id
    ) -> None:
        self._server, self._target, self._sending, self._say = server, target, sending, say
        self._batch_bytes = float(_FIRST)
        self._in_a_row = 0
        self.stopped_by: Optional[CollectionError] = None

    def run(self, files: Iterable[LocalFile]) -> Iterator[Result]:
        """Yield what became of each recording that was tried."""
        waiting, running = deque(files), list[_Copy]()
        while (waiting or running) and not self.stopped_by:
            yield from self._open_more(running, waiting)
            try:
                self._send(self._missing(running))
            except CollectionError as error:
                self.stopped_by = error
            yield from [self._finish(copy) for copy in running if copy.is_done]
            running = [copy for copy in running if not copy.is_done]

    def is_same(self, file: LocalFile, stored: StoredObject) -> Optional[bool]:
        """Return whether a file has the bytes of an object; None if its ETag does not say that.

        Raise CollectionError if the file cannot be read.
        """
        layout = self._target.layout_of_stored(stored)
        if layout is None:
            return None
        copy, md5s = _Copy(file, Upload(file.key, "", layout)), list[bytes]()
        parts = [copy.given(part) for part in layout]
        for start in range(0, len(parts), _MOST_PARTS):
            answers = self._server.digests(parts[start : start + _MOST_PARTS])
            for answer in answers:
                if answer.kind:
                    raise _error(file, answer)
                md5s.append(bytes.fromhex(answer.md5))
        return etag_of(md5s, is_multipart="-" in stored.etag) == stored.etag

    # One batch

    def _open_more(self, running: list[_Copy], waiting: deque[LocalFile]) -> Iterator[Result]:
        """Open uploads of other files while the next batch has room for them."""
        while waiting and not self.stopped_by:
            parts = [part for copy in running for part in copy.left]
            if len(parts) >= _MOST_PARTS or sum(part.size for part in parts) >= self._batch_bytes:
                return
            file = waiting.popleft()
            try:
                layout = layout_of(file.size)
                upload = patiently(partial(self._target.open, file.key, layout))
            except CollectionError as error:
                yield self._failed(file, error)
                continue
            running.append(_Copy(file, upload, deque(layout)))

    def _next_batch(self, running: list[_Copy]) -> _Batch:
        batch, room = _Batch(), self._batch_bytes
        for copy, part in [(each, part) for each in running for part in each.left]:
            if room <= 0 or len(batch) >= _MOST_PARTS:
                break
            batch.append((copy, part))
            room -= part.size
        return batch

    def _missing(self, running: list[_Copy]) -> _Batch:
        """Return the parts of a batch that the bucket has not."""
        batch = self._next_batch(running)
        unknown = [(copy, part) for copy, part in batch if part.number not in copy.md5s]
        answers = self._server.digests([copy.given(part) for copy, part in unknown])
        for (copy, part), answer in zip(unknown, answers):
            if answer.kind:
                copy.answer = copy.answer or answer
            else:
                copy.md5s[part.number] = bytes.fromhex(answer.md5)
        return [(copy, part) for copy, part in batch if not copy.answer and not copy.has_stored(part)]

    def _send(self, batch: _Batch) -> None:
        if not batch:
            return
        begun, sent = time.monotonic(), 0
        answers = self._server.send([self._signed(copy, part) for copy, part in batch], self._sending)
        for (copy, part), answer in zip(batch, answers):
            if answer.kind:
                copy.judge(part, answer)
            else:
                copy.keep(part, answer.etag.strip('"'))
                sent += part.size
        rate = sent / max(0.001, time.monotonic() - begun)
        self._batch_bytes = max(_FIRST, rate * _BATCH_SECONDS)
        self._say(sent)

    def _signed(self, copy: _Copy, part: Part) -> dict[str, Any]:
        md5 = copy.md5s[part.number]
        url = self._target.part_url(copy.upload, part.number, md5, VALID)
        return {**copy.given(part), "url": url, "headers": {"Content-MD5": base64_of(md5)}}

    # One recording

    def _finish(self, copy: _Copy) -> Result:
        """Complete an upload, or leave it for the next run."""
        if copy.answer:
            error = _error(copy.file, copy.answer)
            if copy.answer.kind in ("vanished", "changed"):
                error = self._aborted(copy, error)
            return self._failed(copy.file, error, is_of_file=copy.answer.kind in _OF_FILE)
        try:
            patiently(partial(self._target.complete, copy.upload))
        except ObjectDiffers as error:
            return Result(copy.file.wanted, DIFFERS, error=self._aborted(copy, error))
        except AwsError as error:
            return self._failed(copy.file, error)
        self._in_a_row = 0
        return Result(copy.file.wanted, COPIED, copy.file.size)

    def _aborted(self, copy: _Copy, error: CollectionError) -> CollectionError:
        """Delete the parts of a file that is another one by now. Return the error, with what is left."""
        try:
            patiently(partial(self._target.abort, copy.upload))
        except AwsError as left:
            return error.with_note(f"Its parts are still in the bucket: {left}")
        return error

    def _failed(self, file: LocalFile, error: CollectionError, is_of_file: bool = False) -> Result:
        self._in_a_row = 0 if is_of_file else self._in_a_row + 1
        if self._in_a_row >= _MOST_IN_A_ROW:
            others = f"{_MOST_IN_A_ROW} recordings one after the other failed, so the others were not tried"
            self.stopped_by = self.stopped_by or error.with_note(others)
        return Result(file.wanted, FAILED, error=error)


def _error(file: LocalFile, answer: Answer) -> CollectionError:
    remedies = {
        "vanished": "If somebody has deleted it, there is nothing to do",
        "changed": "It may be of a live stream. Run the import again when it is finished",
        "unreadable": "Check its permissions and the server's disk. become reads it as another user",
        "unreachable": f"Check that the server can reach S3. {_AGAIN}",
        "refused": _AGAIN,
    }
    return CollectionError(
        f"Copying {file.path} from the server's disk", str(answer), remedies.get(answer.kind, "")
    )
