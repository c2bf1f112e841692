# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The message about how to undo a batch."""

from __future__ import annotations

from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._output.undo import how_to_undo

from .._rollback.test_runs import FIRST, ROTATE, ROTATION, SITE, key, layer

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
