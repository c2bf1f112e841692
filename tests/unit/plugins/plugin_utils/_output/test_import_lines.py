# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Lines about an import of a fleet."""

from __future__ import annotations

from typing import Any

from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._output.import_lines import import_lines


def app(**numbers: int) -> dict[str, int]:
    return {
        "copied": 0,
        "copied_bytes": 0,
        "to_copy": 0,
        "to_copy_bytes": 0,
        "differing_count": 0,
        "gone_count": 0,
        "links": 0,
        "skipped": 0,
        **numbers,
    }


def lines(**results: Any) -> list[str]:
    hosts = {name: {"__s3_recording_imported": result} for name, result in results.items()}
    return import_lines(list(hosts), hosts)


def test_a_fleet_of_which_some_copy() -> None:
    copied = app(copied=39, copied_bytes=1_200_000_000)
    assert lines(
        ams1={
            "changed": True,
            "apps": [copied, app()],
            "msg": "live: 39 of 135 recordings copied\nvod: none",
        },
        ams2={"changed": False, "apps": [app()], "msg": "live: 0 of 3 recordings copied"},
        ams3={"changed": False, "apps": [], "msg": ""},
    ) == [
        "RESULT  39 recordings (1.2 GB) copied and verified",
        "  ams1: live: 39 of 135 recordings copied",
        "      vod: none",
        "  nothing to import: ams2 and ams3",
    ]


def test_check_mode() -> None:
    found = lines(ams1={"changed": True, "apps": [app(to_copy=1, to_copy_bytes=5)], "msg": "live: one"})
    assert found[0] == "RESULT  1 recording (5 bytes) would be copied"


def test_a_server_that_failed_or_was_not_tried() -> None:
    assert lines(ams1={"failed": True, "msg": "Logging in: refused"}, ams2={"skipped": True}, ams3=None) == [
        "RESULT  0 recordings (0 bytes) copied and verified",
        "  ! ams1: Logging in: refused",
        "  ! not tried: ams2 and ams3",
    ]


def test_an_object_that_differs_is_said_and_lines_are_limited() -> None:
    message = "\n".join(f"live: {number}.mp4: it differs" for number in range(100))
    found = lines(ams1={"changed": False, "apps": [app(differing_count=100)], "msg": message})
    assert len(found) == 51
    assert found[-1].strip() == "and 51 more lines"


def test_what_was_not_looked_at_is_not_called_nothing() -> None:
    out_of_reach = {"unreachable": True, "msg": "no route"}
    young = {"changed": False, "apps": [app(skipped=5)], "msg": "live: 0 of 5 recordings copied"}
    linked = {"changed": False, "apps": [app(links=1)], "msg": "live: a link"}
    assert lines(ams1=out_of_reach, ams2=young, ams3=linked) == [
        "RESULT  0 recordings (0 bytes) copied and verified",
        "  ams3: live: a link",
        "  5 recordings not looked at, too young or expired",
        "  nothing to import: ams2",
        "  ! not tried: ams1",
    ]
