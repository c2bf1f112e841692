# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A transfer: patience with what passes, an end for what does not, and nothing called done that is not."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.errors import AwsError
from ansible_collections.antmedia.s3_recording.plugins.module_utils._import import patience
from ansible_collections.antmedia.s3_recording.plugins.module_utils._import.http_source import (
    CHANGED,
    CLOSED,
    VANISHED,
    Seen,
    SourceError,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._import.parts import (
    UNIT,
    Layout,
    Part,
    md5_of,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._import.stored import (
    StoredObject,
    StoredPart,
    Upload,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._import.target import (
    ObjectDiffers,
    StoreBusy,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._import.transfer import (
    Result,
    Stopped,
    Transfer,
    first_error,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._import.wanted import Wanted

WRITTEN, NOW = 1_000_000.0, 1_100_000.0
SMALL, LARGE = b"small", bytes(3 * UNIT + 5)
Fault = Callable[[], None]


class Server:
    """Recordings in memory. faults: what is raised by reads, in order."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files, self.faults, self.reads = files, list[Exception](), 0
        self.written = WRITTEN
        self.on_read: dict[int, Callable[[], Any]] = {}
        self._reading = threading.Lock()

    def _seen(self, path: str) -> Seen:
        with self._reading:
            self.reads += 1
            self.on_read.pop(self.reads, lambda: None)()
            if self.faults:
                raise self.faults.pop(0)
        if path not in self.files:
            raise SourceError("Reading", "404", kind=VANISHED)
        return Seen(len(self.files[path]), f"{len(self.files[path])}", self.written, NOW)

    def begin(self, path: str) -> tuple[Seen, bytes]:
        seen = self._seen(path)
        return seen, self.files[path][:UNIT]

    def read(self, path: str, part: Part, seen: Seen) -> bytes:
        self.require_unchanged(path, seen)
        return self.files[path][part.offset : part.offset + part.size]

    def require_unchanged(self, path: str, seen: Seen) -> None:
        if self._seen(path) != seen:
            raise SourceError("Reading", "it changed", kind=CHANGED)


class Bucket:
    """Objects in memory. faults: what is raised by requests that store something, in order."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.parts: dict[str, dict[int, bytes]] = {}
        self.faults: list[Exception] = []
        self.puts, self.aborted = 0, list[str]()
        self.most_at_once, self._at_once = 0, 0
        self._changing = threading.Lock()

    def head(self, key: str) -> StoredObject | None:
        return StoredObject(key, len(self.objects[key]), "") if key in self.objects else None

    def require_same(self, stored: StoredObject, size: int) -> None:
        if stored.size != size:
            raise ObjectDiffers("Making it", "there is an object that differs")

    def put(self, key: str, body: bytes) -> StoredObject:
        self._store()
        self.objects[key] = body
        return StoredObject(key, len(body), "")

    def open(self, key: str, layout: Layout) -> Upload:
        has = self.parts.setdefault(key, {})
        return Upload(
            key,
            "id",
            layout,
            {number: StoredPart(number, len(body), md5_of(body).hex()) for number, body in has.items()},
        )

    def put_part(self, upload: Upload, part: Part, body: bytes) -> None:
        self._store()
        with self._changing:
            self.parts[upload.key][part.number] = body
        md5 = md5_of(body)
        upload.parts[part.number] = StoredPart(part.number, len(body), md5.hex(), md5=md5)

    def complete(self, upload: Upload) -> StoredObject:
        parts = self.parts.pop(upload.key)
        assert sorted(parts) == [part.number for part in upload.layout]
        self.objects[upload.key] = b"".join(parts[number] for number in sorted(parts))
        return StoredObject(upload.key, len(self.objects[upload.key]), "")

    def abort(self, upload: Upload) -> None:
        self.aborted.append(upload.key)
        self.parts.pop(upload.key, None)

    def _store(self) -> None:
        with self._changing:
            self.puts += 1
            if self.faults:
                raise self.faults.pop(0)


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "growing", lambda *_pauses: iter([0.001] * 1000))


def wanted(path: str, size: int) -> Wanted:
    return Wanted("live", path, f"streams/{path}", size)


def wanted_of(files: dict[str, bytes]) -> list[Wanted]:
    return [wanted(path, len(body)) for path, body in files.items()]


def states(results: list[Result]) -> dict[str, str]:
    return {each.wanted.path: each.state for each in results}


def imported(server: Server, bucket: Bucket, *files: Wanted, **options: Any) -> tuple[list[Result], Transfer]:
    transfer = Transfer(server, bucket, 3, **{"patience": 60.0, **options})
    return list(transfer.run(files or wanted_of(server.files))), transfer


def test_small_and_large_recordings_are_copied() -> None:
    files = {f"{number}.mp4": SMALL for number in range(50)} | {"large.mp4": LARGE, "exact.mp4": bytes(UNIT)}
    server, bucket = Server(files), Bucket()
    results, transfer = imported(server, bucket)
    assert set(states(results).values()) == {"copied"}
    assert bucket.objects == {f"streams/{path}": body for path, body in files.items()}
    assert transfer.stopped_by is None
    progress = transfer.progress
    assert (
        (progress.done_files, progress.done_size)
        == (progress.files, progress.size)
        == (52, 50 * 5 + 4 * UNIT + 5)
    )


def test_what_is_there_is_not_sent_again() -> None:
    server, bucket = Server({"a.mp4": SMALL, "large.mp4": LARGE}), Bucket()
    imported(server, bucket)
    puts, reads = bucket.puts, server.reads
    results, _transfer = imported(server, bucket)
    assert set(states(results).values()) == {"present"}
    assert (bucket.puts, server.reads) == (puts, reads)


def test_an_object_that_differs_stays_unless_only_the_list_is_wrong() -> None:
    server, bucket = Server({"a.mp4": SMALL, "b.mp4": SMALL}), Bucket()
    bucket.objects = {"streams/a.mp4": b"other bytes", "streams/b.mp4": SMALL}
    results, _transfer = imported(server, bucket, wanted("a.mp4", 5), wanted("b.mp4", 7))
    assert states(results) == {"a.mp4": "differs", "b.mp4": "present"}
    assert bucket.objects["streams/a.mp4"] == b"other bytes"


def test_parts_of_a_killed_run_are_not_sent_again() -> None:
    server, bucket = Server({"large.mp4": LARGE}), Bucket()
    bucket.parts["streams/large.mp4"] = {1: LARGE[:UNIT], 3: LARGE[2 * UNIT : 3 * UNIT]}
    results, transfer = imported(server, bucket)
    assert states(results) == {"large.mp4": "copied"}
    assert bucket.puts == 2
    assert bucket.objects["streams/large.mp4"] == LARGE
    assert transfer.progress.done_size == len(LARGE)


def test_parts_of_another_recording_of_that_name_are_replaced() -> None:
    """Of another server that stopped in the middle, or of what the recording was before it was finished."""
    server, bucket = Server({"large.mp4": LARGE}), Bucket()
    bucket.parts["streams/large.mp4"] = {1: b"x" * UNIT, 2: LARGE[UNIT : 2 * UNIT], 3: b"x" * UNIT}
    _results, transfer = imported(server, bucket)
    assert bucket.objects["streams/large.mp4"] == LARGE
    assert bucket.puts == 3
    assert transfer.progress.done_size == len(LARGE)


@pytest.mark.parametrize("turned", [False, True])
def test_a_part_that_was_not_tried_hides_no_error(*, turned: bool) -> None:
    waiting, failed = Future[None](), Future[None]()
    waiting.cancel()
    failed.set_exception(OSError("the real one"))
    futures = [failed, waiting] if turned else [waiting, failed]
    assert str(first_error(futures)) == "the real one"
    assert isinstance(first_error([waiting]), Stopped)


def test_the_error_of_a_part_is_not_lost_among_parts_that_were_not_tried() -> None:
    server, bucket = Server({"large.mp4": LARGE * 4}), Bucket()
    bucket.faults = [AwsError("Putting part 2", "AccessDenied", code="AccessDenied")]
    _results, transfer = imported(server, bucket)
    assert "AccessDenied" in str(transfer.stopped_by)


def test_a_recording_that_grows_is_read_again_and_never_mixed() -> None:
    server, bucket = Server({"large.mp4": LARGE}), Bucket()

    def grow() -> None:
        server.files["large.mp4"] = LARGE + b"more"

    server.on_read[3] = grow
    results, _transfer = imported(server, bucket)
    assert states(results) == {"large.mp4": "copied"}
    assert bucket.aborted == ["streams/large.mp4"]
    assert bucket.objects == {"streams/large.mp4": LARGE + b"more"}


def test_a_recording_that_grew_before_its_end_is_not_completed() -> None:
    server, bucket = Server({"large.mp4": LARGE}), Bucket()

    def grow() -> None:
        server.files["large.mp4"] += b"more"

    # First piece, three parts, and the look at the end.
    server.on_read = {5: grow, 10: grow}
    results, _transfer = imported(server, bucket)
    assert states(results) == {"large.mp4": "failed"}
    assert bucket.objects == {}


def test_a_recording_that_is_written_to_is_named() -> None:
    server, bucket = Server({"a.mp4": SMALL}), Bucket()
    server.written = NOW - 10
    results, _transfer = imported(server, bucket, wanted("a.mp4", 3))
    assert states(results) == {"a.mp4": "failed"}
    assert "the server's list says 3 bytes, and the file that it now writes has 5" in str(results[0].error)
    assert bucket.objects == {}


def test_a_recording_that_vanishes_or_is_empty_is_named_and_the_others_are_copied() -> None:
    server, bucket = Server({"a.mp4": SMALL, "empty.mp4": b""}), Bucket()
    results, transfer = imported(server, bucket, *wanted_of(server.files), wanted("gone.mp4", 5))
    assert states(results) == {"a.mp4": "copied", "empty.mp4": "failed", "gone.mp4": "failed"}
    assert transfer.stopped_by is None


def test_a_recording_too_large_for_this_way() -> None:
    class Huge(Server):
        def begin(self, path: str) -> tuple[Seen, bytes]:
            seen, body = super().begin(path)
            return replace(seen, size=200 * 10**9), body

    results, _transfer = imported(Huge({"a.mp4": SMALL}), Bucket(), wanted("a.mp4", 200 * 10**9))
    assert "Import it from the server's disk over ssh" in str(results[0].error)


def test_a_store_that_is_busy_for_a_while_is_waited_for() -> None:
    server, bucket = Server({"a.mp4": SMALL, "large.mp4": LARGE}), Bucket()
    bucket.faults = [StoreBusy("Putting", "503 SlowDown")] * 20
    server.faults = [SourceError("Reading", "the connection was refused", transient=True)] * 20
    results, transfer = imported(server, bucket)
    assert set(states(results).values()) == {"copied"}
    assert transfer.stopped_by is None


@pytest.mark.parametrize(
    "fault",
    [
        StoreBusy("Putting", "503 SlowDown"),
        AwsError("Putting", "AccessDenied", code="AccessDenied"),
        AwsError("Putting", "NoSuchBucket", code="NoSuchBucket"),
    ],
)
def test_what_all_others_would_fail_with_stops_the_import(fault: AwsError) -> None:
    server, bucket = Server({f"{number}.mp4": SMALL for number in range(200)}), Bucket()
    bucket.faults = [fault] * 10_000
    results, transfer = imported(server, bucket, patience=0.0)
    assert results == []
    assert transfer.stopped_by is fault
    assert bucket.puts <= 3
    bucket.faults = []
    again, _transfer = imported(server, bucket)
    assert len(again) == len(bucket.objects) == 200


def test_a_full_quota_says_what_to_do() -> None:
    server, bucket = Server({"a.mp4": SMALL}), Bucket()
    bucket.faults = [AwsError("Putting", "QuotaExceeded", code="QuotaExceeded")]
    _results, transfer = imported(server, bucket)
    assert "Raise the quota of the bucket or free space" in str(transfer.stopped_by)


def test_a_server_that_gives_no_recording_stops_the_import() -> None:
    server, bucket = Server({f"{number}.mp4": SMALL for number in range(100)}), Bucket()
    server.faults = [SourceError("Reading", "403", kind=CLOSED)] * 1000
    results, transfer = imported(server, bucket)
    assert (results, bucket.objects) == ([], {})
    assert server.reads <= 3
    assert "403" in str(transfer.stopped_by)


def test_a_failure_of_one_recording_is_its_own() -> None:
    server, bucket = Server({f"{number}.mp4": SMALL for number in range(9)}), Bucket()
    bucket.faults = [AwsError("Putting", "InvalidPart", code="InvalidPart")]
    results, _transfer = imported(server, bucket)
    assert sorted(states(results).values()) == ["copied"] * 8 + ["failed"]


def test_an_interrupted_import_ends_soon_and_the_next_one_goes_on() -> None:
    server, bucket = (
        Server({"large.mp4": LARGE, **{f"{number}.mp4": SMALL for number in range(99)}}),
        Bucket(),
    )
    run = Transfer(server, bucket, 3).run(wanted_of(server.files))
    next(run)
    run.close()
    assert len(bucket.objects) < 100
    imported(server, bucket)
    assert len(bucket.objects) == 100


def test_an_import_that_is_stopped_in_the_middle_of_a_recording_ends() -> None:
    busy, gate = threading.Event(), threading.Event()

    def wait_at_the_gate() -> None:
        busy.set()
        gate.wait()

    server, bucket = Server({"a.mp4": SMALL, "large.mp4": bytes(9 * UNIT)}), Bucket()
    # Both are begun by then, and a thread for parts is busy, while the others wait.
    server.on_read = {3: wait_at_the_gate}
    run = Transfer(server, bucket, 2).run(wanted_of(server.files))
    assert next(run).wanted.path == "a.mp4"
    assert busy.wait(60)
    release = threading.Timer(0.2, gate.set)
    release.start()
    run.close()
    release.join()
    assert list(bucket.objects) == ["streams/a.mp4"]
    imported(server, bucket)
    assert len(bucket.objects["streams/large.mp4"]) == 9 * UNIT
