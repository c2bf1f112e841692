# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Links of recordings that a move would break are counted before anything is changed."""

from __future__ import annotations

from typing import Any

from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._plan.broken_links import broken_links

HOSTS = {host: {"break_links": host == "ams3"} for host in ("ams1", "ams2", "ams3", "ams4")}


def read(links: int | None, folder: str = "new/streams", bucket: str = "videos") -> dict[str, Any]:
    changes = {"s3StreamsFolderPath": {"before": "streams", "after": folder}}
    uses = {"s3BucketName": bucket, "s3StreamsFolderPath": "streams"}
    return {"apps": {"live": {"changes": changes, "uses": uses, "broken_links": links}}}


def test_one_problem_for_all_servers_of_a_move() -> None:
    reads = {"ams1": read(3), "ams2": read(4), "ams3": read(5), "ams4": read(6, "other")}
    first, second = broken_links(reads, HOSTS)
    assert first["hosts"] == ["ams1", "ams2"]
    assert "links of 7 recordings of application 'live' lead to s3://videos/streams" in first["text"]
    assert "aws s3 cp --recursive s3://videos/streams/ s3://videos/new/streams/" in first["remedy"]
    assert "-e s3_recording_break_links=true" in first["remedy"]
    assert second["hosts"] == ["ams4"]


def test_nothing_is_refused_where_nothing_breaks() -> None:
    reads = {"ams1": read(0), "ams2": {"problem": {"kind": "unreachable"}}, "ams3": read(5)}
    assert list(broken_links(reads, HOSTS)) == []


def test_the_nodes_of_a_cluster_have_one_list() -> None:
    hosts = {host: {"break_links": False, "cluster": "one"} for host in HOSTS}
    (found,) = broken_links({"ams1": read(3), "ams2": read(3)}, hosts)
    assert "links of 3 recordings" in found["text"]


def test_recordings_that_could_not_be_counted_are_no_permission() -> None:
    (found,) = broken_links({"ams1": read(None), "ams2": read(2)}, HOSTS)
    assert "links of an unknown number of recordings" in found["text"]


def test_the_command_cannot_be_made_by_a_server() -> None:
    (found,) = broken_links({"ams1": read(1, "a b;touch x")}, HOSTS)
    assert "'s3://videos/a b;touch x/'. Then" in found["remedy"]
