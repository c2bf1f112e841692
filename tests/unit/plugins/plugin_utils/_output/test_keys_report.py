# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The lines about access keys and who uses them."""

from __future__ import annotations

from typing import Any

from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._output.keys_report import format_keys


def lines(**keys: Any) -> list[str]:
    nothing: dict[str, Any] = {"described": "", "users": {}, "not_read": [], "gone": []}
    return format_keys({"buckets": {"videos": {"keys": {**nothing, **keys}}}})


def test_each_key_has_its_servers() -> None:
    assert lines(described="user: AKIA1 is active", users={"AKIA1": ["ams1", "ams2"], "AKIA2": ["ams3"]}) == [
        "KEYS  user: AKIA1 is active",
        "      videos: AKIA1 is used by ams1 and ams2",
        "      videos: AKIA2 is used by ams3",
    ]


def test_what_is_not_known_is_said() -> None:
    assert lines(not_read=["ams1"], gone=["ams2"]) == [
        "KEYS  videos: not known, see the problems",
        "      videos: no server that was read records to it",
        "      videos: not read were ams1",
        "      videos: gone for good and not read (s3_recording_gone_hosts): ams2",
    ]


def test_a_large_fleet_is_a_line() -> None:
    (_first, line) = lines(users={"AKIA1": [f"ams{number}" for number in range(1000)]})
    assert line.endswith("ams19 and 980 more")
