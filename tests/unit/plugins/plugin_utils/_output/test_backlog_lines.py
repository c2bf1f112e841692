# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Lines about recordings that are not in their bucket: few, whatever the size of the fleet."""

from __future__ import annotations

from typing import Any

from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._output.backlog_lines import (
    backlog_lines,
)


def entry(missing: int, listed: int = 100, *, folder: str = "streams", **more: Any) -> dict[str, Any]:
    days = {"oldest": "2026-11-02T10:00:00Z", "newest": "2026-11-29T08:00:00Z"} if missing else {}
    found = {
        "app": "live",
        "location": f"s3://myvideos/{folder}/",
        "complete": True,
        "bytes": missing * 1_000_000,
        **days,
    }
    return {
        **found,
        "listed": listed,
        "missing": missing,
        "never_uploaded": 0,
        "unfinished": 0,
        "unfinished_bytes": 0,
        **more,
    }


def test_servers_of_a_folder_have_one_line() -> None:
    found = [("ams1", "", entry(39, 135)), ("ams2", "", entry(3, 20, oldest="2026-10-01T00:00:00Z"))]
    (line,) = backlog_lines(found)
    assert line == (
        "42 recordings are not in s3://myvideos/streams/ (42.0 MB, made from 2026-10-01 to 2026-11-29): "
        "ams1 39 of 135 and ams2 3 of 20. import_recordings.yml copies them, AMS does not"
    )


def test_a_thousand_servers_have_one_line_too() -> None:
    (line,) = backlog_lines([(f"ams{number}", "", entry(1)) for number in range(1000)])
    assert line.startswith("1000 recordings are not in")
    assert len(line) < 300


def test_the_folder_that_most_is_missing_from_is_first() -> None:
    found = [("ams1", "", entry(1, folder="a")), ("ams2", "", entry(2, folder="b"))]
    assert [line.split("/")[3] for line in backlog_lines(found)] == ["b", "a"]


def test_nodes_of_a_cluster_have_one_list() -> None:
    found = [(host, "one", entry(5)) for host in ("node1", "node2")]
    assert "5 recordings are" in backlog_lines(found)[0]
    assert ": cluster one 5 of 100." in backlog_lines(found)[0]


def test_applications_of_a_node_are_counted_each() -> None:
    found = [("node1", "one", entry(5, app=app)) for app in ("live", "events")]
    assert "cluster one 10 of 200" in backlog_lines(found)[0]


def test_what_ams_never_uploads_has_a_line_of_its_own() -> None:
    day = "2026-11-29T00:00:00Z"
    lines = backlog_lines([("ams1", "", entry(1, never_uploaded=2, oldest=day, newest=day))])
    assert "1 recording is not in s3://myvideos/streams/ (1.0 MB, made on 2026-11-29)" in lines[0]
    assert (
        lines[1]
        == "2 recordings are not in s3://myvideos/streams/, since AMS uploads only what a stream has made"
    )
    assert len(backlog_lines([("ams1", "", entry(0, never_uploaded=2))])) == 1


def test_unfinished_files_are_counted_on_each_disk() -> None:
    left: dict[str, Any] = {"unfinished": 2, "unfinished_bytes": 3_000_000}
    found = [("node1", "one", entry(1, **left)), ("node2", "one", entry(1, **left)), ("ams1", "", entry(0))]
    of_list, of_disks = backlog_lines(found)
    assert of_list.startswith("1 recording is not in ")
    assert of_disks == (
        "4 recordings are on the disk of node1 (2) and node2 (2) as NAME.mp4.tmp_extension (6.0 MB), since "
        "the upload to s3://myvideos/streams/ failed at once"
    )


def test_a_list_that_was_not_read_to_its_end() -> None:
    (line,) = backlog_lines([("ams1", "", entry(7, 10_000, complete=False))])
    assert "ams1 7 of the newest 10000" in line
