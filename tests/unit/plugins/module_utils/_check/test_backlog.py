# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Recordings that are missing in the bucket: which count, and what is said of them."""

from __future__ import annotations

import os
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.recordings import (
    AT_ONCE,
    Recording,
    recordings,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._check import backlog
from ansible_collections.antmedia.s3_recording.plugins.module_utils._check.bucket_listing import StoredKeys
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.errors import AmsError, AwsError

NOW = 1_800_000_000.0
DAY = 86_400.0
SETTINGS = {"s3StreamsFolderPath": "live/streams", "s3BucketName": "myvideos", "uploadExtensionsToS3": 7}


def recording(name: str, days: float = 2, kind: str = "streamVod", size: int = 100) -> Recording:
    return Recording(f"streams/{name}", kind, size, NOW - days * DAY)


def found(*listed: Recording, stored: tuple[str, ...] = (), expire_days: int = 0) -> backlog.Backlog:
    return backlog.find(listed, stored, SETTINGS, NOW, expire_days)


def test_a_recording_is_looked_for_under_the_key_to_which_it_is_uploaded() -> None:
    listed = recording("a.mp4"), recording("guests/b.mp4"), recording("c.mp4")
    result = found(*listed, stored=("live/streams/a.mp4", "live/streams/guests/b.mp4", "streams/c.mp4"))
    assert (result.listed, result.missing, result.names) == (3, 1, ["streams/c.mp4"])


@pytest.mark.parametrize(
    ("days", "expire_days", "missing"),
    [(0.04, 0, 0), (0.05, 0, 1), (29.5, 30, 0), (28.5, 30, 1), (4000, 0, 1), (-1, 0, 0)],
)
def test_what_may_be_on_its_way_or_has_expired_is_not_missing(
    days: float, expire_days: int, missing: int
) -> None:
    """S3 deletes at midnight after so many days, and the server's clock may be ahead."""
    result = found(recording("a.mp4", days), expire_days=expire_days)
    assert (result.listed, result.missing) == (missing, missing)


def test_what_a_killed_check_has_left_in_the_list_is_not_missing() -> None:
    assert found(recording("live-check-0123456789abcdef.mp4")).listed == 0


def test_what_ams_never_uploads_is_counted_apart() -> None:
    kinds = "uploadedVod", "userVod", "streamVod"
    result = found(*(recording(f"{kind}.mp4", kind=kind) for kind in kinds))
    assert (result.missing, dict(result.never)) == (1, {"uploadedVod": 1, "userVod": 1})


def test_size_and_span_are_those_of_what_is_missing() -> None:
    listed = [recording(f"{days}.mp4", days, size=days) for days in (5, 9, 3, 4)]
    result = found(*listed, stored=("live/streams/9.mp4",))
    assert (result.size, result.oldest, result.newest) == (12, NOW - 5 * DAY, NOW - 3 * DAY)
    assert len(result.names) == 3


class Application:
    """An application with a list."""

    app = "live"

    def __init__(self, *entries: dict[str, Any], error: AmsError | None = None) -> None:
        self.entries, self.error, self.pages = entries, error, 0

    def recordings_page(self, offset: int, size: int) -> list[dict[str, Any]]:
        if self.error:
            raise self.error
        self.pages += 1
        return list(self.entries[offset : offset + size])


class Listings:
    def __init__(self, *keys: str, error: AwsError | None = None) -> None:
        self.stored, self.error, self.asked = StoredKeys({hash(key) for key in keys}), error, 0

    def keys(self, settings: object, timeout: float) -> StoredKeys:
        self.asked += 1
        if self.error:
            raise self.error
        return self.stored


def entry(name: str, **more: Any) -> dict[str, Any]:
    made = {"creationDate": (NOW - DAY) * 1000, "fileSize": 7, "type": "streamVod"}
    return {"filePath": f"streams/{name}", **made, **more}


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(backlog.time, "time", lambda: NOW)
    return iter(())


def check(
    application: Application, listings: Listings, ams_dir: str = "", **settings: Any
) -> backlog.BacklogCheck:
    made = backlog.BacklogCheck(application, {**SETTINGS, **settings}, listings)  # type: ignore[arg-type]
    made.run(10, 0, ams_dir)
    return made


def test_all_pages_of_a_list_are_read_once() -> None:
    application = Application(*(entry(f"{number}.mp4") for number in range(2 * AT_ONCE)))
    assert len(list(recordings(application))) == 2 * AT_ONCE  # type: ignore[arg-type]
    assert application.pages == 3


class LongList(Application):
    """A list that makes each page when it is read."""

    def recordings_page(self, offset: int, size: int) -> list[dict[str, Any]]:
        return [entry(f"{number}.mp4") for number in range(offset, min(offset + size, 100_000))]


def test_a_list_of_a_hundred_thousand_is_not_kept() -> None:
    listings = Listings(*(f"live/streams/{number}.mp4" for number in range(0, 100_000, 2)))
    tracemalloc.start()
    try:
        made = check(LongList(), listings)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert made.found is not None
    assert (made.found["listed"], made.found["missing"]) == (100_000, 50_000)
    assert peak < 2**20


@pytest.mark.parametrize("odd", [{}, {"creationDate": None, "fileSize": "big", "filePath": None}])
def test_an_entry_may_lack_anything(odd: dict[str, Any]) -> None:
    made = check(Application(odd), Listings())
    assert made.found is not None
    assert (made.found["missing"], made.found["oldest"]) == (1, "1970-01-01T00:00:00Z")


def test_a_moment_that_is_none_does_not_end_the_check() -> None:
    made = check(Application(entry("a.mp4", creationDate=-1e30)), Listings())
    assert made.found is not None
    assert made.found["oldest"] == "an unknown time"


def test_without_recordings_the_bucket_is_not_listed() -> None:
    listings = Listings()
    made = check(Application(), listings)
    assert (listings.asked, made.found) == (0, None)
    assert [result.ok for result in made.results(0, has_uploaded=True)] == [True]


def test_the_number_that_may_be_missing_decides() -> None:
    made = check(Application(entry("a.mp4"), entry("b.mp4"), entry("c.mp4")), Listings("live/streams/b.mp4"))
    of = {most: made.results(most, has_uploaded=True)[0] for most in (None, 2, 1, 0)}
    assert {most: result.ok for most, result in of.items()} == {None: True, 2: True, 1: False, 0: False}
    assert "2 of 3 are missing (14 bytes, made from" in of[0].actual
    assert "streams/a.mp4, streams/c.mp4" in of[0].actual
    assert "An upload works now" in of[0].remedy
    assert "The failed check of the upload says why" in made.results(0, has_uploaded=False)[0].remedy


@pytest.mark.parametrize(
    ("application", "listings"),
    [
        (Application(error=AmsError("Listing the recordings", "403")), Listings()),
        (Application(entry("a.mp4")), Listings(error=AwsError("Listing s3://myvideos/", "AccessDenied"))),
    ],
)
def test_what_cannot_be_read_says_nothing_of_recordings(application: Application, listings: Listings) -> None:
    made = check(application, listings)
    (result,) = made.results(0, has_uploaded=True)
    assert (result.ok, result.tried, made.found) == (True, False, None)
    assert result.actual.endswith(("403.", "AccessDenied."))


def test_an_application_that_uploads_no_recordings_is_left_alone() -> None:
    application = Application(entry("a.mp4"))
    made = check(application, Listings(), uploadExtensionsToS3=2)
    assert (made.results(0, has_uploaded=True), application.pages) == ([], 0)


def test_a_sentence_names_what_is_missing_and_what_is_never_uploaded() -> None:
    made = check(Application(entry("a.mp4"), entry("b.mp4", type="userVod")), Listings())
    assert made.found is not None
    text = backlog.describe_backlog(made.found)
    assert text.startswith("live: 1 of 1 recordings (7 bytes, made from ")
    assert text.endswith(
        "and 1 recordings that AMS never uploads, since no stream made them, are not in s3://myvideos/live/streams/"
    )


def left_behind(folder: Path, name: str, age: float) -> Path:
    path = folder / "webapps" / "live" / "streams" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"12345")
    os.utime(path, (NOW - age, NOW - age))
    return path


def test_unfinished_files_of_the_application_count_once_nobody_writes_to_them(tmp_path: Path) -> None:
    for name, age in (
        ("a.mp4.tmp_extension", 3700),
        ("guests/b.mp4.tmp_extension", 9000),
        ("live-now.mp4.tmp_extension", 10),
        ("c.mp4", 9000),
    ):
        left_behind(tmp_path, name, age)
    made = check(Application(), Listings(), str(tmp_path))
    assert made.found is not None
    assert (made.found["unfinished"], made.found["unfinished_bytes"]) == (2, 10)
    ok, broken = (made.results(most, has_uploaded=False)[0] for most in (2, 1))
    assert (ok.ok, broken.ok) == (True, False)
    assert "2 files on the server's disk named NAME.mp4.tmp_extension (10 bytes)" in broken.actual
    assert backlog.describe_backlog(made.found) == (
        "live: 2 files (10 bytes) named NAME.mp4.tmp_extension are not in s3://myvideos/live/streams/"
    )


def test_a_disk_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    made = check(Application(), Listings(), str(tmp_path / "elsewhere"))
    (result,) = made.results(0, has_uploaded=True)
    assert (result.ok, result.tried) == (True, False)
    assert result.actual.startswith("the server's disk could not be read: ")
    assert result.actual.endswith("No such file or directory")
