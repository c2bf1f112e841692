# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The plan as a person reads it, from one server to a thousand."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._output.plan_report import (
    format_differences,
    format_plan,
    format_problems,
)

ADDED = [
    {"action": "add", "what": what, "text": text}
    for what, text in (
        ("user", "create IAM user myvideos-recording"),
        ("policy", "allow it to write to streams/ and previews/"),
        ("key", "create an access key"),
        ("bucket", "myvideos: create the bucket"),
        ("CORS rule", "allow 3 origins"),
    )
]
PUBLIC = {"hosts": [], "text": "everyone on the internet will be able to watch streams/ of myvideos"}


def names(number: int, start: int = 1) -> list[str]:
    return [f"ams{each}" for each in range(start, start + number)]


def plan(changing: int, unchanged: int = 0, **parts: Any) -> dict[str, Any]:
    servers = {
        "changing": {host: {"live": [f"s{each}" for each in range(11)]} for host in names(changing)},
        "unchanged": names(unchanged, changing + 1),
        "unreachable": {},
        "skipped": [],
        "gone": [],
        **parts.pop("servers", {}),
    }
    return {"buckets": {}, "warnings": [], "problems": [], **parts, "servers": servers}


def bucket(changes: list[dict[str, str]], region: str = "us-east-1") -> dict[str, Any]:
    return {"region": region, "changes": changes, "later": [], "left_to_user": []}


@pytest.mark.parametrize(
    ("changing", "unchanged", "servers"),
    [
        (1, 0, "1 to change (11 settings), 0 as they are, 0 unreachable"),
        (3, 0, "3 to change (11 settings each), 0 as they are, 0 unreachable"),
        (3, 97, "3 to change (11 settings each), 97 as they are, 0 unreachable"),
        (1000, 0, "1000 to change (11 settings each), 0 as they are, 0 unreachable"),
        (0, 1, "nothing to change, 1 as it is, 0 unreachable"),
        (0, 1000, "nothing to change, 1000 as they are, 0 unreachable"),
    ],
)
def test_the_first_line_counts_everything(changing: int, unchanged: int, servers: str) -> None:
    found = format_plan(plan(changing, unchanged, buckets={"myvideos": bucket(ADDED)}))
    assert found[0] == f"PLAN  AWS: 5 to add (user, policy, key, bucket, CORS rule).  Servers: {servers}."


def test_nothing_to_change() -> None:
    assert format_plan(plan(0, 3, buckets={"myvideos": bucket([])})) == [
        "PLAN  AWS: nothing to change.  Servers: nothing to change, 3 as they are, 0 unreachable."
    ]


def test_a_plan_read_aloud() -> None:
    streams = {"hosts": ["ams2"], "text": "14 live streams: their recordings go to the new bucket"}
    found = format_plan(plan(3, 97, buckets={"myvideos": bucket(ADDED)}, warnings=[PUBLIC, streams]))
    assert found[1:] == [
        "      ! everyone on the internet will be able to watch streams/ of myvideos",
        "      ! ams2: 14 live streams: their recordings go to the new bucket",
        "      + myvideos: create IAM user myvideos-recording",
        "      + myvideos: allow it to write to streams/ and previews/",
        "      + myvideos: create an access key",
        "      + myvideos: create the bucket",
        "      + myvideos: allow 3 origins",
    ]


@pytest.mark.parametrize(("sizes", "text"), [((4, 11), "4 to 11 settings each"), ((1, 1), "1 setting each")])
def test_servers_that_differ_have_a_range(sizes: tuple[int, int], text: str) -> None:
    changing = {f"ams{size}-{number}": {"live": ["x"] * size} for number, size in enumerate(sizes)}
    assert f"2 to change ({text})" in format_plan(plan(0, servers={"changing": changing}))[0]


def test_settings_of_all_applications_count() -> None:
    changing = {"ams1": {"live": ["a", "b"], "LiveApp": ["a"]}}
    assert "1 to change (3 settings)" in format_plan(plan(0, servers={"changing": changing}))[0]


def test_servers_that_are_not_there_are_named() -> None:
    unreachable = {host: f"https://{host}:5443: the connection was refused" for host in names(30)}
    gone = {"unreachable": {**unreachable, "slow": "no answer in 5 s"}, "skipped": ["ams31"], "gone": ["old"]}
    first, *rest = format_plan(plan(0, 3, servers=gone))
    assert first.endswith("3 as they are, 31 unreachable, 1 skipped, 1 gone.")
    assert rest == [
        "      unreachable: ams1, ams2, ams3, ams4, ams5 and 25 more: the connection was refused",
        "      unreachable: slow: no answer in 5 s",
        "      skipped: ams31",
        "      gone: old",
    ]


def test_what_is_removed_comes_first_and_regions_that_differ_are_named() -> None:
    removed = {"action": "remove", "what": "public read", "text": "nobody can read it without credentials"}
    changed = {"action": "change", "what": "CORS rule", "text": "allow 4 origins in eu-west-1"}
    buckets = {"a": bucket(ADDED[3:4]), "b": bucket([changed, removed], "eu-west-1")}
    first, *rest = format_plan(plan(0, 1, buckets=buckets))
    assert (
        "AWS: 1 to add (bucket), 1 to change (CORS rule), 1 to remove (public read) for 2 buckets." in first
    )
    assert rest == [
        "      - b (eu-west-1): nobody can read it without credentials",
        "      ~ b: allow 4 origins in eu-west-1",
        "      + a (us-east-1): myvideos: create the bucket",
    ]


@pytest.mark.parametrize("size", [1, 3, 100, 1000])
def test_at_most_25_lines_for_any_size(size: int) -> None:
    hosts = names(size)
    found = format_plan(
        plan(
            size,
            size,
            buckets={f"bucket{each}": bucket(ADDED) for each in range(size)},
            warnings=[{"hosts": [host], "text": f"{host} has its own warning"} for host in hosts],
            servers={"unreachable": {h: f"{h} is off" for h in hosts}, "skipped": hosts, "gone": hosts},
        )
    )
    assert len(found) <= 25
    if size == 1000:
        assert len(found) == 25
        assert "      and 4992 more AWS changes" in found
        assert found[8] == "      ! ams8: ams8 has its own warning"
        assert found[9] == "      ! and 992 more warnings"
        assert "      unreachable: and 997 more reasons" in found


@pytest.mark.parametrize("size", [1, 3, 100, 1000])
def test_problems_are_grouped_with_hosts_and_remedy(size: int) -> None:
    text = "https://{}.example.com:5443: the user or the password is wrong"
    problems = [
        {"hosts": [host], "text": text.format(host), "remedy": "Set s3_recording_ams_password"}
        for host in names(size)
    ]
    problems.append({"hosts": [], "text": "bucket b belongs to someone else", "remedy": ""})
    hosts = {
        1: "ams1: https://ams1.example.com:5443",
        3: "ams1, ams2 and ams3",
        100: "ams1, ams2, ams3, ams4, ams5 and 95 more",
        1000: "ams1, ams2, ams3, ams4, ams5 and 995 more",
    }[size]
    assert format_problems(plan(0, problems=problems)) == [
        f"STOP  2 problems on {size} server{'s' if size > 1 else ''}. Nothing was changed.",
        f"      ! {hosts}: the user or the password is wrong",
        "        Set s3_recording_ams_password",
        "      ! bucket b belongs to someone else",
    ]


def test_no_problem_has_no_line() -> None:
    assert format_problems(plan(3)) == []


def test_one_problem_of_no_server() -> None:
    (first, *_rest) = format_problems(plan(0, problems=[{"hosts": [], "text": "x", "remedy": "y"}]))
    assert first == "STOP  1 problem. Nothing was changed."


@pytest.mark.parametrize(
    ("size", "hosts"),
    [(1, "ams1"), (3, "ams1, ams2, ams3"), (1000, "ams1, ams2, ams3, ams4, ams5 and 995 more")],
)
def test_each_distinct_difference_is_there_once(size: int, hosts: str) -> None:
    change: dict[str, Any] = {
        "s3BucketName": {"before": "", "after": "myvideos"},
        "mp4": {"before": None, "after": True},
    }
    found = format_differences({host: {"live": change} for host in names(size)})
    assert found == [
        f"live: mp4 null -> true  ({hosts})",
        f"live: s3BucketName '' -> 'myvideos'  ({hosts})",
    ]


def test_values_that_differ_on_every_server_are_limited() -> None:
    servers = {h: {"live": {"s3AccessKey": {"before": h, "after": "AKIA"}}} for h in names(100)}
    found = format_differences({**servers, "last": servers["ams1"]})
    assert found[0] == "live: s3AccessKey 'ams1' -> 'AKIA'  (ams1, last)"
    assert (len(found), found[-1]) == (10, "live: s3AccessKey and 91 more changes")


def test_a_value_of_a_stranger_is_one_short_line() -> None:
    (line,) = format_differences({"a": {"live": {"x": {"before": "\x1b[2J\n" + "y" * 999, "after": 1}}}})
    assert "\x1b" not in line
    assert "… -> 1  (a)" in line
    assert len(line) < 200


def test_what_is_gone_for_good_is_named_for_each_bucket_before_the_rest_of_one() -> None:
    """Each bucket names it first, and the lines are limited."""
    buckets = {
        name: {
            **bucket([]),
            "later": [f"the user of {name} is deleted", *(f"{name} {each}" for each in "123")],
        }
        for name in ("one", "two")
    }
    lines = format_plan(plan(0, 1, buckets=buckets))
    later = [line.strip() for line in lines if "later: " in line]
    assert later == [
        "later: the user of one is deleted",
        "later: the user of two is deleted",
        "later: one 1",
    ]
