# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Recordings that are missing in the bucket: which count, and what is said of them."""

from __future__ import annotations

import os
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams import recordings
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.recording_rules import (
    path_below_streams,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.recordings import (
    AT_ONCE,
    Recording,
    Recordings,
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
    keys = StoredKeys({hash(key) for key in stored}, NOW)
    return backlog.find("live", iter(backlog.settled(listed, NOW, expire_days)), keys, SETTINGS)


def test_a_recording_is_looked_for_under_the_key_to_which_it_is_uploaded() -> None:
    listed = recording("a.mp4"), recording("guests/b.mp4"), recording("c.mp4")
    result = found(*listed, stored=("live/streams/a.mp4", "live/streams/guests/b.mp4", "streams/c.mp4"))
    assert (result.listed, result.missing, result.names) == (3, 1, ["streams/c.mp4"])


@pytest.mark.parametrize(
    ("days", "expire_days", "missing"),
    [(0.04, 0, 0), (0.05, 0, 1), (30.1, 30, 0), (29.9, 30, 1), (0.9, 1, 1), (4000, 0, 1), (-1, 0, 0)],
)
def test_what_may_be_on_its_way_or_has_expired_is_not_missing(
    days: float, expire_days: int, missing: int
) -> None:
    """S3 deletes at the midnight after so many days, and the server's clock may be ahead."""
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

    def recordings_count(self) -> int:
        return len(self.entries)

    def recordings_page(self, offset: int, size: int) -> list[dict[str, Any]]:
        if self.error:
            raise self.error
        self.pages += 1
        return list(self.entries[offset : offset + size])


class Listings:
    def __init__(self, *keys: str, error: AwsError | None = None, most: int | None = None) -> None:
        self.found, self.error, self.asked = StoredKeys({hash(key) for key in keys}, NOW), error, 0
        self.found.most = most

    def stored(self, settings: object, timeout: float) -> StoredKeys:
        self.asked += 1
        if self.error:
            raise self.error
        return self.found


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
    listed: Any = application
    of: Any = listings
    made = backlog.BacklogCheck(listed, {**SETTINGS, **settings}, of, 10, ams_dir=ams_dir)
    made.run()
    return made


def read(application: Application) -> tuple[Recordings, list[Recording]]:
    listed: Any = application
    made = Recordings(listed)
    return made, list(made)


def test_all_pages_of_a_list_are_read_once() -> None:
    application = Application(*(entry(f"{number}.mp4") for number in range(2 * AT_ONCE + 1)))
    made, listed = read(application)
    assert (len(listed), application.pages, made.is_whole) == (2 * AT_ONCE + 1, 3, True)


def test_a_recording_that_a_new_one_moves_into_the_next_page_counts_once() -> None:
    class Growing(Application):
        def recordings_page(self, offset: int, size: int) -> list[dict[str, Any]]:
            page = super().recordings_page(offset, size)
            self.entries = (entry("new.mp4", vodId="new"), *self.entries)
            return page

    application = Growing(*(entry(f"{number}.mp4", vodId=f"{number}") for number in range(AT_ONCE + 5)))
    _made, listed = read(application)
    paths = [each.path for each in listed]
    assert len(paths) == len(set(paths))


class LongList(Application):
    """A list that never ends, and makes each page when it is read."""

    def recordings_count(self) -> int:
        return 10**9

    def recordings_page(self, offset: int, size: int) -> list[dict[str, Any]]:
        self.pages += 1
        return [entry(f"{number}.mp4") for number in range(offset, offset + size)]


def test_of_an_endless_list_the_newest_are_read_and_not_kept() -> None:
    listings = Listings(*(f"live/streams/{number}.mp4" for number in range(0, 10**6, 2)))
    application = LongList()
    tracemalloc.start()
    try:
        made = check(application, listings)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert made.found is not None
    assert (made.found["listed"], made.found["missing"], made.found["complete"]) == (10_000, 5_000, False)
    assert "5000 of the newest 10000 recordings" in backlog.describe_backlog(made.found)
    assert application.pages == 50
    assert peak < 2**20


def test_a_server_that_takes_its_time_is_asked_for_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter(range(0, 1000, 12))
    monkeypatch.setattr(recordings.time, "monotonic", lambda: next(moments))
    application = LongList()
    made, listed = read(application)
    assert (application.pages, len(listed), made.is_whole) == (2, 2 * AT_ONCE, False)


def test_a_list_that_is_shorter_than_its_number_is_whole() -> None:
    class Shrunk(Application):
        def recordings_count(self) -> int:
            return 500

    made, listed = read(Shrunk(entry("a.mp4")))
    assert (len(listed), made.is_whole) == (1, True)


def test_where_the_folder_is_too_large_only_the_newest_are_looked_for() -> None:
    application = Application(*(entry(f"{number}.mp4") for number in range(5)))
    made = check(application, Listings("live/streams/0.mp4", most=2))
    assert made.found is not None
    assert (made.found["listed"], made.found["missing"], made.found["complete"]) == (2, 1, False)


def test_after_a_stop_nothing_is_looked_for() -> None:
    listed: Any = Application(entry("a.mp4"))
    of: Any = Listings()
    made = backlog.BacklogCheck(listed, SETTINGS, of, 10)
    made.stop()
    made.run()
    assert made.found is None


@pytest.mark.parametrize(
    ("app", "listed", "below"),
    [
        ("live", "streams/a.mp4", "a.mp4"),
        ("live", "streams/guests/a.mp4", "guests/a.mp4"),
        ("live", "streams/streams/a.mp4", "streams/a.mp4"),
        ("livestreams", "streams/streams/a.mp4", "a.mp4"),
        ("streams2", "streams2/streams/guests/a.mp4", "guests/a.mp4"),
        ("live", "streams1/antmedia/webapps/live/streams/a.mp4", "a.mp4"),
    ],
)
def test_a_path_of_the_list_begins_with_the_first_streams(app: str, listed: str, below: str) -> None:
    """AMS 2.17.1 cuts the file's whole path there."""
    assert path_below_streams(app, listed) == below


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
    assert "Uploads fail now, see the check 'put'" in made.results(0, has_uploaded=False)[0].remedy


@pytest.mark.parametrize(
    ("application", "listings"),
    [
        (Application(entry("a.mp4"), error=AmsError("Listing the recordings", "403")), Listings()),
        (Application(entry("a.mp4")), Listings(error=AwsError("Listing s3://myvideos/", "AccessDenied"))),
    ],
)
def test_what_cannot_be_read_says_nothing_of_recordings(application: Application, listings: Listings) -> None:
    made = check(application, listings)
    (result,) = made.results(0, has_uploaded=True)
    assert (result.ok, result.tried, made.found) == (True, False, None)
    assert result.actual.endswith(("403.", "AccessDenied."))


def test_an_odd_setting_is_no_defect() -> None:
    made = check(Application(entry("a.mp4")), Listings(), uploadExtensionsToS3="all")
    assert [result.tried for result in made.results(0, has_uploaded=True)] == [False]


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
