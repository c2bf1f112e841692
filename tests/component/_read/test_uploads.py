# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where each application uploads to, and how many of its live streams began before its settings changed."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams import broadcasts
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.client import Connection
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.preview import preview

from stand_ins.ams import Fleet

RECORDS = {"s3RecordingEnabled": True, "s3BucketName": "videos", "s3StreamsFolderPath": "old/streams"}


def uploads(fleet: Fleet, email: str = "", password: str = "") -> Any:
    host = fleet.hosts[0]
    connection = Connection(host.url, email or host.email, password or host.password)
    return preview(connection, [], 0, all_apps=True)["uploads"]


def test_an_application_that_records_is_named_with_its_folders(fleet: Fleet) -> None:
    assert uploads(fleet) == {}
    fleet.set_settings(0, "LiveApp", RECORDS)
    assert uploads(fleet) == {
        "LiveApp": {
            "s3BucketName": "videos",
            "s3StreamsFolderPath": "old/streams",
            "s3PreviewsFolderPath": "previews",
            "s3Permission": "public-read",
            "s3AccessKey": "",
            "earlier_streams": 0,
        }
    }


def test_streams_that_began_after_the_change_do_not_count(fleet: Fleet) -> None:
    fleet.set_live(0, "LiveApp", ["a", "b"])
    [first, _second] = fleet.broadcasts(0, "LiveApp")
    fleet.set_settings(0, "LiveApp", {**RECORDS, "updateTime": first["startTime"] + 1000})
    assert uploads(fleet)["LiveApp"]["earlier_streams"] == 2
    fleet.set_settings(0, "LiveApp", {"updateTime": first["startTime"] - 1000})
    assert uploads(fleet)["LiveApp"]["earlier_streams"] == 0
    # Without the time of the change each of them may have begun before it.
    fleet.set_settings(0, "LiveApp", {"updateTime": 0})
    assert uploads(fleet)["LiveApp"]["earlier_streams"] == 2


def test_more_broadcasts_than_are_read_are_not_known(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broadcasts, "MOST_LISTED", 2)
    monkeypatch.setattr(broadcasts, "_MOST_PAGES", 2)
    fleet.set_live(0, "LiveApp", ["a", "b", "c"])
    [first, *_others] = fleet.broadcasts(0, "LiveApp")
    fleet.set_settings(0, "LiveApp", {**RECORDS, "updateTime": first["startTime"] + 1000})
    assert uploads(fleet)["LiveApp"]["earlier_streams"] == 3
    fleet.set_live(0, "LiveApp", ["a", "b", "c", "d"])
    assert uploads(fleet)["LiveApp"]["earlier_streams"] is None


def test_a_user_who_may_not_list_the_applications_knows_nothing(fleet: Fleet) -> None:
    fleet.add_user(0, "one@example.com", "of-one", appNameUserType={"live": "ADMIN"})
    assert uploads(fleet, "one@example.com", "of-one") is None
