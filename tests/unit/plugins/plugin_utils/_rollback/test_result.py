# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How a batch is undone, and what a rollback did, in words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible_collections.antmedia.s3_recording.plugins.filter.rollback import (
    recording_restored,
    recording_rollback,
)
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._rollback.result import (
    how_to_undo,
    restored,
)

from .test_runs import FIRST, ROTATE, ROTATION, SITE, key, layer

COMMAND = "rollback -e s3_recording_rollback_run="


def test_a_run_of_settings_offers_its_rollback() -> None:
    text = how_to_undo(SITE, {"a": FIRST}, "/backup", True, "")
    assert text.startswith("Verified. The previous settings are kept in /backup; to go back: ")
    assert text.endswith(COMMAND + SITE)
    assert how_to_undo(SITE, {"a": FIRST}, "/b", False, "").startswith(
        "Not verified, since s3_recording_verify"
    )


def test_a_rotation_offers_no_rollback() -> None:
    """It offered one that could do nothing."""
    text = how_to_undo(ROTATE, {"a": ROTATION, "b": ROTATION}, "/backup", True, "the old key stays active")
    assert text == (
        "Verified. In use from now on: access key K2 on a, b. "
        "A key rotation is not rolled back: the old key stays active."
    )


def test_a_key_that_site_replaced_is_called_no_rotation() -> None:
    """A site.yml that changed the key alone was called a key rotation."""
    text = how_to_undo(SITE, {"a": layer(SITE, "site", **key("K1", "K2"))}, "/backup", True, "")
    assert text == (
        "Verified. In use from now on: access key K2 on a. A replaced access key is not written back. "
        "To use a key of your own, set s3_recording_access_key_id and its secret."
    )


def test_what_a_rotation_changed_besides_can_be_undone() -> None:
    text = how_to_undo(ROTATE, {"a": ROTATION, "b": {**FIRST, "run": ROTATE}}, "/backup", True, "")
    assert "A key rotation is not rolled back." in text
    assert COMMAND + ROTATE in text


def test_a_run_that_changed_nothing_offers_no_run_that_there_is_not() -> None:
    text = how_to_undo(SITE, {}, "/backup", True, "")
    assert COMMAND not in text
    assert "rollback.yml lists the runs" in text


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


def test_a_backup_that_cannot_be_read_keeps_all_servers_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{", encoding="utf-8")
    hosts = {
        name: {"backup_path": str(tmp_path / f"{name}.json"), "ams_url": f"https://{name}:5443"}
        for name in ("a", "b")
    }
    found = recording_rollback(hosts, SITE, "", str(tmp_path))
    assert found["problem"].startswith("Nothing was changed.\na: Reading the backup of https://a:5443")
    assert found["hosts"] == {}
