# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Copy the recordings of an application into the bucket: in parallel, as fast as allowed, with patience.

A failure of one recording is its own. A failure that all others would have too stops the import of the
application, and the next run goes on where it was.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any, Callable, Optional, Protocol, TypeVar

from .._aws.codes import DENIED_CODES
from .._aws.credentials import CredentialsError
from .._common.errors import AwsError, CollectionError
from .bandwidth import Bandwidth
from .http_source import CHANGED, CLOSED, VANISHED, Seen, SourceError
from .parts import UNIT, Layout, Part, layout_of, md5_of
from .patience import PATIENCE, patiently
from .stored import StoredObject, Upload, digest_of
from .target import ObjectDiffers, StoreBusy
from .wanted import Wanted

# Seconds. A file that was written to since may not be finished.
_FINISHED_AFTER = 3600.0
# A recording with larger parts would need too much memory.
_LARGEST_PART = 2 * UNIT
# What becomes of a recording.
COPIED, PRESENT, DIFFERS, FAILED = "copied", "present", "differs", "failed"
# Codes of S3 that every other recording would get too.
_FOR_ALL = {
    *DENIED_CODES,
    "403",
    "AccessControlListNotSupported",
    "InsufficientCapacity",
    "InsufficientStorage",
    "InvalidStorageClass",
    "NoSuchBucket",
    "QuotaExceeded",
    "ServiceQuotaExceeded",
    "XMinioStorageFull",
}
_FULL = {code for code in _FOR_ALL if "Quota" in code or "Insufficient" in code or "Full" in code}
_MAKE_ROOM = "Raise the quota of the bucket or free space, and run the import again"
_T = TypeVar("_T")


class Source(Protocol):
    """Where recordings are read from. See http_source."""

    def begin(self, path: str) -> tuple[Seen, bytes]: ...

    def read(self, path: str, part: Part, seen: Seen) -> bytes: ...

    def require_unchanged(self, path: str, seen: Seen) -> None: ...


class Objects(Protocol):
    """Where they are copied to. See target."""

    def head(self, key: str) -> Optional[StoredObject]: ...

    def require_same(self, stored: StoredObject, size: int) -> None: ...

    def put(self, key: str, body: bytes) -> StoredObject: ...

    def open(self, key: str, layout: Layout) -> Upload: ...

    def put_part(self, upload: Upload, part: Part, body: bytes) -> None: ...

    def complete(self, upload: Upload) -> StoredObject: ...

    def abort(self, upload: Upload) -> None: ...


@dataclass
class Progress:
    """What is done of an import. files, size: of the recordings that are to be copied."""

    files: int = 0
    size: int = 0
    done_files: int = 0
    done_size: int = 0
    begun: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        return max(time.monotonic() - self.begun, 0.001)


@dataclass(frozen=True)
class Result:
    """What became of a recording. size: of what was copied, in bytes."""

    wanted: Wanted
    state: str
    size: int = 0
    error: Optional[CollectionError] = None


class Stopped(Exception):
    """The import was stopped before this recording was copied."""


class Transfer:
    """The import of one application.

    connections: how many recordings or parts are transferred at the same time. patience: see PATIENCE.
    """

    def __init__(
        self,
        source: Source,
        target: Objects,
        connections: int,
        bandwidth: Optional[Bandwidth] = None,
        patience: float = PATIENCE,
    ) -> None:
        self._source, self._target = source, target
        self._connections, self._patience = connections, patience
        self._bandwidth = bandwidth or Bandwidth(0)
        # A recording and its parts have threads of their own, and share these.
        self._slots = threading.BoundedSemaphore(connections)
        self._stop = threading.Event()
        self._changing = threading.Lock()
        self.progress = Progress()
        self.stopped_by: Optional[CollectionError] = None

    def run(
        self, wanted: Iterable[Wanted], say: Callable[[Progress], object] = id
    ) -> Generator[Result, None, None]:
        """Yield what became of each recording that was tried. Close it to stop the import.

        say: is called every second or so. What has vanished or changed is tried a second time, when all
        others are done.
        """
        first = list(wanted)
        self.progress.files, self.progress.size = len(first), sum(each.size for each in first)
        again: list[Wanted] = []
        with self._threads() as (files, parts):
            for result in self._results(files, parts, first, say):
                if isinstance(result.error, SourceError) and result.error.kind in (VANISHED, CHANGED):
                    again.append(result.wanted)
                    continue
                self.progress.done_files += 1
                yield result
            for result in self._results(files, parts, again, say):
                self.progress.done_files += 1
                yield result

    @contextmanager
    def _threads(self) -> Iterator[tuple[ThreadPoolExecutor, ThreadPoolExecutor]]:
        files, parts = ThreadPoolExecutor(self._connections), ThreadPoolExecutor(self._connections)
        try:
            yield files, parts
        finally:
            # After an error, above all a signal, nothing else is begun. A recording waits for its parts,
            # which end at once then. Those that a pool cancels at its end are never reported to it.
            self._stop.set()
            files.shutdown(cancel_futures=True)
            parts.shutdown()

    def _results(
        self,
        files: ThreadPoolExecutor,
        parts: ThreadPoolExecutor,
        wanted: Iterable[Wanted],
        say: Callable[[Progress], object],
    ) -> Iterator[Result]:
        results: queue.SimpleQueue[Future[Optional[Result]]] = queue.SimpleQueue()
        left = 0
        for each in wanted:
            files.submit(self._result, parts, each).add_done_callback(results.put)
            left += 1
        while left:
            with suppress(queue.Empty):
                result = results.get(timeout=1).result()
                left -= 1
                if result is not None:
                    yield result
            say(self.progress)

    def _result(self, parts: ThreadPoolExecutor, wanted: Wanted) -> Optional[Result]:
        """Return what became of a recording; None if it was not tried, or not to the end."""
        if self._stop.is_set():
            return None
        try:
            found = self._copy(parts, wanted)
        except Stopped:
            return None
        except ObjectDiffers as error:
            found = Result(wanted, DIFFERS, error=error)
        except CollectionError as error:
            if _is_for_all(error):
                self._stop_by(error)
                return None
            found = Result(wanted, FAILED, error=error)
        return found

    def _stop_by(self, error: CollectionError) -> None:
        with self._changing:
            self.stopped_by = self.stopped_by or _with_remedy(error)
        self._stop.set()

    def _copy(self, parts: ThreadPoolExecutor, wanted: Wanted) -> Result:
        stored = self._patiently(lambda: self._target.head(wanted.key))
        if stored and stored.size == wanted.size:
            return Result(wanted, PRESENT)
        upload: Optional[Upload] = None
        with self._slot(min(wanted.size, UNIT)):
            seen, body = self._patiently(lambda: self._source.begin(wanted.path))
            if stored:
                self._target.require_same(stored, seen.size)
                return Result(wanted, PRESENT)
            layout = _layout(wanted, seen)
            if not layout.is_multipart:
                self._patiently(lambda: self._target.put(wanted.key, body))
                self._count(seen.size)
                return Result(wanted, COPIED, seen.size)
            upload = self._patiently(lambda: self._target.open(wanted.key, layout))
            self._count(sum(each.size for each in upload.parts.values()))
            if layout.part_size == len(body) and 1 not in upload.parts:
                self._put_part(upload, layout.part(1), body)
        try:
            self._copy_parts(parts, wanted, upload, seen)
            self._patiently(lambda: self._source.require_unchanged(wanted.path, seen))
        except SourceError as error:
            if error.kind in (CHANGED, VANISHED):
                # Its parts are of no use any more.
                self._count(-sum(each.size for each in upload.parts.values()))
                self._target.abort(upload)
            raise
        self._patiently(lambda: self._target.complete(upload))
        return Result(wanted, COPIED, seen.size)

    def _copy_parts(self, parts: ThreadPoolExecutor, wanted: Wanted, upload: Upload, seen: Seen) -> None:
        def copy(part: Part) -> None:
            self._require_running()
            with self._slot(part.size):
                body = self._patiently(lambda: self._source.read(wanted.path, part, seen))
                if not self._is_stored(upload, part, body):
                    self._put_part(upload, part, body)

        of_this_run = {number for number, each in upload.parts.items() if each.md5}
        futures = {parts.submit(copy, part) for part in upload.layout if part.number not in of_this_run}
        _done, left = wait(futures, return_when=FIRST_EXCEPTION)
        for each in left:
            each.cancel()
        wait(futures)
        error = first_error(futures)
        if error is not None:
            raise error

    def _is_stored(self, upload: Upload, part: Part, body: bytes) -> bool:
        """True if an earlier run has sent these bytes. Another server may have begun the same key."""
        stored = upload.parts.get(part.number)
        if stored is None:
            return False
        md5 = md5_of(body)
        if (stored.size, digest_of(stored.etag)) == (part.size, md5):
            upload.parts[part.number] = replace(stored, md5=md5)
            return True
        self._count(-stored.size)
        return False

    def _put_part(self, upload: Upload, part: Part, body: bytes) -> None:
        self._patiently(lambda: self._target.put_part(upload, part, body))
        self._count(part.size)

    def _count(self, size: int) -> None:
        with self._changing:
            self.progress.done_size += size

    @contextmanager
    def _slot(self, size: int) -> Iterator[None]:
        with self._slots:
            self._require_running()
            self._bandwidth.take(size, self._stop.wait)
            self._require_running()
            yield

    def _require_running(self) -> None:
        if self._stop.is_set():
            raise Stopped

    def _patiently(self, call: Callable[[], _T]) -> _T:
        return patiently(call, self._patience, self._pause)

    def _pause(self, seconds: float) -> None:
        self._stop.wait(seconds)
        self._require_running()


def _layout(wanted: Wanted, seen: Seen) -> Layout:
    tried = f"Copying {wanted.path} of application '{wanted.app}'"
    if not seen.size:
        raise SourceError(tried, "it is empty on the server", "Delete it there if nobody needs it")
    age = seen.now - seen.modified
    if seen.size != wanted.size and age < _FINISHED_AFTER:
        how = f"the server's list says {wanted.size} bytes, and the file that it now writes has {seen.size}"
        raise SourceError(tried, how, "Run the import again when it is finished", kind=CHANGED)
    layout = layout_of(seen.size)
    if layout.part_size > _LARGEST_PART:
        raise SourceError(tried, f"it has {seen.size} bytes", "Import it from the server's disk over ssh")
    return layout


def first_error(futures: Iterable[Future[Any]]) -> Optional[BaseException]:
    """Return an error of parts that are done. One that was not tried says nothing about why."""
    errors = [Stopped() if each.cancelled() else each.exception() for each in futures]
    return min(filter(None, errors), key=lambda error: isinstance(error, Stopped), default=None)


def _is_for_all(error: CollectionError) -> bool:
    """True if each other recording would fail with the same."""
    if isinstance(error, SourceError):
        return error.kind == CLOSED or error.transient
    if isinstance(error, (CredentialsError, StoreBusy)):
        return True
    return isinstance(error, AwsError) and error.code in _FOR_ALL


def _with_remedy(error: CollectionError) -> CollectionError:
    if isinstance(error, AwsError) and error.code in _FULL:
        return error.with_remedy(_MAKE_ROOM)
    return error
