# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What forwarding hides: counted by type, in a bounded number of pages."""

from __future__ import annotations

from typing import Any, cast

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.broadcasts import Broadcasts
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.local_recordings import (
    MOST,
    OF_BEFORE,
    Listed,
    hidden,
    listed,
    never_uploaded,
    turned_on_for,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.recordings import AT_ONCE


class Application:
    """One with a list."""

    def __init__(self, types: list[str]) -> None:
        self.types = types
        self.pages: list[tuple[int, int]] = []

    def recordings_count(self) -> int:
        return len(self.types)

    def recordings_page(self, offset: int, size: int) -> list[dict[str, Any]]:
        self.pages.append((offset, size))
        return [{"type": kind} for kind in self.types[offset : offset + size]]


def read(application: Application) -> Listed:
    return listed(cast(Broadcasts, application))


def test_an_empty_list_costs_no_page() -> None:
    application = Application([])
    assert read(application) == Listed()
    assert application.pages == []


def test_types_are_counted_over_pages() -> None:
    application = Application(["streamVod"] * AT_ONCE + ["uploadedVod", "userVod", "userVod"])
    found = read(application)
    assert (found.total, found.read) == (AT_ONCE + 3, AT_ONCE + 3)
    assert found.types == {"streamVod": AT_ONCE, "uploadedVod": 1, "userVod": 2}
    assert application.pages == [(0, AT_ONCE), (AT_ONCE, AT_ONCE)]


def test_a_long_list_is_read_to_a_bound() -> None:
    application = Application(["uploadedVod"] * (MOST + 500))
    found = read(application)
    assert (found.total, found.read, len(application.pages)) == (MOST + 500, MOST, MOST // AT_ONCE)
    assert never_uploaded(found)[0].startswith(
        f"AMS never puts recordings uploaded by users ({MOST}), among the first {MOST} of {MOST + 500},"
    )


def test_a_list_that_ends_early_ends_the_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    application = Application(["userVod"])
    monkeypatch.setattr(application, "recordings_count", lambda: 10)
    assert read(application).read == 1


def test_forwarding_that_is_turned_on() -> None:
    assert turned_on_for({"httpForwardingExtension": ""}, {"httpForwardingExtension": "mp4"})
    assert not turned_on_for({"httpForwardingExtension": "mp4"}, {"httpForwardingExtension": "mp4,m3u8"})
    assert not turned_on_for({"httpForwardingExtension": "mp4"}, {"httpForwardingExtension": ""})


def test_all_of_before_are_hidden_where_nothing_was_in_s3() -> None:
    found = Listed(3, 3, {"streamVod": 1, "uploadedVod": 2})
    (text,) = hidden({"s3RecordingEnabled": False}, found)
    assert text.startswith(f"3 {OF_BEFORE} are in its list")
    assert text.endswith("AMS itself never puts recordings uploaded by users (2) into S3")
    (plain,) = hidden({}, Listed(3, 3, {"streamVod": 3}))
    assert plain.startswith(f"3 {OF_BEFORE}")
    assert "never" not in plain
    (one,) = hidden({}, Listed(1, 1, {"streamVod": 1}))
    assert one.startswith("1 recording from before this change is in its list")


def test_what_the_bucket_may_have_is_not_said_to_be_missing() -> None:
    """After a rollback the server records nothing to S3, and the bucket has what it recorded before."""
    (text,) = hidden({"s3RecordingEnabled": False}, Listed(3, 3, {"streamVod": 3}))
    assert "only on the server's disk" not in text
    assert "those that are not in the bucket cannot be played" in text


def test_what_ams_never_uploads_is_hidden_though_it_records_to_s3() -> None:
    """Before, nothing was said where S3 recording was on and forwarding was turned on."""
    found = Listed(3, 3, {"streamVod": 1, "uploadedVod": 1, "userVod": 1})
    (text,) = hidden({"s3RecordingEnabled": True}, found)
    assert text.startswith("AMS never puts recordings uploaded by users (1) and imported from a folder (1)")
    assert hidden({"s3RecordingEnabled": True}, Listed(3, 3, {"streamVod": 3})) == []


def test_the_bound_is_a_number_of_whole_pages() -> None:
    assert MOST % AT_ONCE == 0
