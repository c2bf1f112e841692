# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What an import displays and returns."""

from __future__ import annotations

from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.errors import AmsError, AwsError
from ansible_collections.antmedia.s3_recording.plugins.module_utils._import.report import (
    MOST_NAMED,
    AppReport,
    describe_progress,
    module_result,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._import.transfer import (
    COPIED,
    DIFFERS,
    FAILED,
    PRESENT,
    Progress,
    Result,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._import.wanted import (
    Selection,
    Unusable,
    Wanted,
)


def wanted(name: str, size: int = 1000) -> Wanted:
    return Wanted("live", name, f"streams/{name}", size)


def report(listed: int = 10) -> AppReport:
    made = AppReport("live", "s3://myvideos/streams/")
    made.select(Selection(listed=listed, wanted={f"{number}": wanted("x") for number in range(listed)}))
    return made


def test_a_run_that_copies() -> None:
    of = report()
    for each in (Result(wanted("a.mp4"), COPIED, 1500), Result(wanted("b.mp4"), PRESENT)):
        of.add(each)
    result = module_result([of], 12.34)
    assert result["changed"] is True
    assert "failed" not in result
    assert result["seconds"] == 12.3
    assert result["msg"] == (
        "live: 1 of 10 recordings copied to s3://myvideos/streams/ (1.5 kB), 1 there already"
    )
    assert result["apps"][0]["names"] == ["a.mp4"]


def test_a_run_that_has_nothing_to_do_changes_nothing() -> None:
    of = report()
    of.present = 10
    result = module_result([of], 1)
    assert result["changed"] is False
    assert result["msg"].startswith("live: 0 of 10 recordings copied")
    assert module_result([report(0)], 1)["msg"] == "live: the server lists no recordings"


def test_check_mode_names_what_would_be_copied() -> None:
    of = report()
    of.plan([wanted("a.mp4"), wanted("b.mp4")])
    result = module_result([of], 1)
    assert result["changed"] is True
    assert result["msg"].splitlines() == [
        "live: 2 of 10 recordings would be copied to s3://myvideos/streams/ (2.0 kB)",
        "live: would be copied: a.mp4, b.mp4",
    ]


def test_what_differs_is_a_warning_and_what_failed_a_failure() -> None:
    of = report()
    of.add(Result(wanted("a.mp4"), DIFFERS, error=AwsError("Making it", "it differs")))
    result = module_result([of], 1)
    assert "failed" not in result
    (warning,) = result["warnings"]
    assert warning == (
        "live: 1 object in s3://myvideos/streams/ with the name of another recording, not replaced: a.mp4"
    )
    of.add(Result(wanted("b.mp4"), FAILED, error=AmsError("Reading it", "404", "Look for it")))
    result = module_result([of], 1)
    assert result["failed"] is True
    assert "live: b.mp4: Reading it: 404. Look for it." in result["msg"].splitlines()
    assert "1 different, 1 failed" in result["msg"]


def test_names_are_limited_and_printable() -> None:
    of = report()
    for number in range(MOST_NAMED + 5):
        of.add(Result(wanted(f"{number}\x1b.mp4"), FAILED, error=AmsError("Reading it", "404")))
    result = module_result([of], 1)
    assert (len(result["apps"][0]["failed"]), result["apps"][0]["failed_count"]) == (100, 105)
    assert result["apps"][0]["failed"][0]["name"] == "0.mp4"
    assert result["msg"].splitlines()[-1] == "live: and 5 more that failed"


def test_names_that_cannot_be_imported_are_failures() -> None:
    of = AppReport("live", "s3://myvideos/streams/")
    of.select(Selection(listed=1, unusable=[Unusable("streams/../a.mp4", "AMS serves no such name")]))
    assert module_result([of], 1)["failed"] is True
    assert of.skipped == 0


def test_an_import_that_was_stopped_says_why_and_how_many_are_left() -> None:
    of = report()
    of.error, of.not_tried = AwsError("Putting it", "503", "Wait"), 9
    result = module_result([of], 1)
    assert result["failed"] is True
    assert "9 not tried" in result["msg"]
    assert result["msg"].splitlines()[1] == "live: Putting it: 503. Wait."


def test_progress_has_files_bytes_rate_and_time_left() -> None:
    progress = Progress(files=10_000, size=6 * 10**9, done_files=1200, done_size=10**9)
    assert describe_progress(progress, 10) == (
        "1200 of 10000 recordings, 1.0 GB of 6.0 GB, 100.0 MB a second, less than a minute left"
    )
    assert describe_progress(progress, 1000).endswith("1.0 MB a second, 1 hour left")
    assert describe_progress(Progress(1, 5), 10).endswith("0 bytes a second, waiting")
