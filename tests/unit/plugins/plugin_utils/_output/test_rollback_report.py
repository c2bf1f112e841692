# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a rollback did, in a message."""

from __future__ import annotations

from typing import Any

from ansible_collections.antmedia.s3_recording.plugins.filter.rollback import recording_restored
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._output.rollback_report import restored

SITE = "20260101T000000Z"


def test_a_result_says_of_each_server_what_was_read_back() -> None:
    results: dict[str, dict[str, Any]] = {
        "a": {"restored": {"live": ["hlsTime"]}, "key_stays": {"live": ["s3AccessKey"]}},
        "b": {"restored": {"live": ["x"]}, "left_alone": {"live": {"hlsTime": "9"}}},
        "c": {},
        "d": {"failed": True, "msg": "no answer"},
    }
    text, failed = restored(results, SITE, False)
    assert text.splitlines() == [
        f"a, b: the settings from before {SITE} were read back.",
        f"Nothing to restore, since no run from {SITE} on changed them: c.",
        "b: not restored, somebody else changed it; kept in the backup: live: hlsTime.",
        "The access key stays, since a replaced one is not written back: a.",
        "d: maybe not restored, its backup is kept: no answer",
    ]
    assert failed is False
    assert restored(results, SITE, True)[0].startswith("a, b would have the settings from before")


def test_a_rollback_that_can_do_nothing_says_so() -> None:
    text, failed = restored({"a": {"left_alone": {"live": {"hlsTime": "9"}}}}, SITE, False)
    assert text.startswith("Nothing was restored.")
    assert failed is True
    assert restored({"a": {}}, SITE, False)[1] is False


def test_a_server_without_a_result_is_not_called_one_with_nothing_to_restore() -> None:
    hostvars: dict[str, dict[str, Any]] = {"a": {}, "b": {"__s3_recording_restored": {"skipped": True}}}
    said = recording_restored(["a", "b"], hostvars, {"since": SITE, "hosts": ["a"]})["msg"]
    assert "a: maybe not restored" in said
    assert "changed them: b." in said
