# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Links of recordings that a move would break are counted before anything is changed."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._plan.broken_links import (
    broken_links,
    left_behind,
)

HOSTS = {host: {"break_links": host == "ams3"} for host in ("ams1", "ams2", "ams3", "ams4")}


def read(links: int | None, folder: str = "new/streams", bucket: str = "videos") -> dict[str, Any]:
    changes = {"s3StreamsFolderPath": {"before": "streams", "after": folder}}
    uses = {"s3BucketName": bucket, "s3StreamsFolderPath": "streams"}
    return {"apps": {"live": {"changes": changes, "uses": uses, "broken_links": links, "left_behind": 0}}}


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


OLD = {
    "s3BucketName": "old",
    "s3RegionName": "eu-west-1",
    "s3Endpoint": "",
    "s3StreamsFolderPath": "streams",
}
BUCKET = {"s3BucketName": "new"}
REGION = {**BUCKET, "s3RegionName": "eu-central-1", "s3Endpoint": "https://s3.eu-central-1.amazonaws.com"}
PROVIDER = {"s3RegionName": "us-east-1", "s3Endpoint": "https://minio.example.com:9000/"}


def leaving(after: dict[str, str], number: int | None = 3, links: int | None = 0) -> dict[str, Any]:
    changes = {name: {"before": OLD[name], "after": value} for name, value in after.items()}
    each = {"changes": changes, "uses": OLD, "broken_links": links, "left_behind": number}
    return {"apps": {"live": each}}


@pytest.mark.parametrize(
    ("after", "source", "target"),
    [
        (BUCKET, "s3://old/streams", "s3://new/streams"),
        (REGION, "s3://old/streams in eu-west-1", "s3://new/streams in eu-central-1"),
        (PROVIDER, "s3://old/streams at AWS", "s3://old/streams at minio.example.com:9000"),
    ],
)
def test_recordings_that_stay_behind_are_counted(after: dict[str, str], source: str, target: str) -> None:
    (found,) = left_behind({"ams1": leaving(after), "ams2": leaving(after, 4)}, HOSTS)
    assert found["hosts"] == ["ams1", "ams2"]
    text = (
        f"the list of application 'live' has 7 recordings. Those in {source} stay there, and later ones will "
    )
    assert found["text"].startswith(f"{text}be in {target}. This run copies none. ")
    assert "copy them: aws s3 cp --recursive s3://old/streams/ " in found["text"]


def test_what_is_refused_already_is_no_warning_too() -> None:
    reads = {"ams1": leaving(BUCKET, links=3), "ams3": leaving(BUCKET, links=3), "ams4": leaving(BUCKET, 0)}
    (found,) = left_behind(reads, HOSTS)
    assert found["hosts"] == ["ams3"]
    (problem,) = broken_links(reads, HOSTS)
    assert problem["hosts"] == ["ams1"]


def test_a_number_of_recordings_that_is_unknown() -> None:
    (found,) = left_behind({"ams1": leaving(BUCKET, None)}, HOSTS)
    assert found["text"].startswith("the list of application 'live' has an unknown number of recordings. ")


def test_how_to_copy_to_another_region() -> None:
    (found,) = broken_links({"ams1": leaving(REGION, links=3)}, HOSTS)
    command = "aws s3 cp --recursive s3://old/streams/ s3://new/streams/"
    assert f"{command} --source-region eu-west-1 --region eu-central-1. Then allow" in found["remedy"]


def test_how_to_copy_to_another_provider() -> None:
    """One command cannot do it, and a bucket of the same name is another one there."""
    (found,) = broken_links({"ams1": leaving(PROVIDER, links=3)}, HOSTS)
    assert "lead to s3://old/streams at AWS, and would lead to s3://old/streams at minio" in found["text"]
    first = (
        "aws s3 cp --recursive s3://old/streams/ recordings/live/ with the credentials of the one provider"
    )
    second = (
        "aws s3 cp --recursive recordings/live/ s3://old/streams/ --endpoint-url https://minio.example.com"
    )
    assert f"{first}, then {second}" in found["remedy"]


def test_how_to_copy_within_another_provider() -> None:
    uses = {**OLD, **PROVIDER}
    changes = {"s3BucketName": {"before": "old", "after": "new"}}
    each = {"changes": changes, "uses": uses, "broken_links": 1, "left_behind": 1}
    (found,) = broken_links({"ams1": {"apps": {"live": each}}}, HOSTS)
    assert "s3://new/streams/ --endpoint-url https://minio.example.com:9000/. Then" in found["remedy"]
