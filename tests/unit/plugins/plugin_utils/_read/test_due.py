# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which servers a run verifies, and which of them by a test stream."""

from __future__ import annotations

import pytest
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.verification import seconds_of
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._read.due import (
    Candidate,
    after,
    is_recent,
    live_hosts,
)
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._read.verifications import Record

# b was tried last, c first.
LAST = {"a": 200.0, "b": 300.0, "c": 100.0}


def candidates(live_test: str) -> list[Candidate]:
    return [Candidate(host, live_test, Record(live_at=at)) for host, at in LAST.items()]


@pytest.mark.parametrize(
    ("live_test", "batch", "site", "verify"),
    [
        ("", {"a"}, set(), {"c"}),
        ("first", {"a"}, set(), {"a"}),
        ("rotate", {"a"}, {"c"}, {"c"}),
        ("all", {"a", "b", "c"}, {"a", "b", "c"}, {"a", "b", "c"}),
        ("none", set(), set(), set()),
    ],
)
def test_who_records_a_stream(live_test: str, batch: set[str], site: set[str], verify: set[str]) -> None:
    hosts = candidates(live_test)
    assert live_hosts(hosts, "a", in_batch=True, in_site=False) == batch
    assert live_hosts(hosts, "a", in_batch=False, in_site=True) == site
    assert live_hosts(hosts, "a", in_batch=False, in_site=False) == verify


def test_a_later_batch_has_no_first_server_and_no_server_no_turn() -> None:
    assert live_hosts(candidates(""), "z", in_batch=True, in_site=False) == set()
    assert live_hosts([], "a", in_batch=False, in_site=False) == set()


def test_one_that_never_recorded_comes_first_and_hosts_may_differ() -> None:
    hosts = [*candidates("rotate"), Candidate("d", "rotate"), Candidate("e", "none"), Candidate("f", "all")]
    assert live_hosts(hosts, "a", in_batch=False, in_site=False) == {"d", "f"}


@pytest.mark.parametrize(
    ("of", "every", "now", "recent"),
    [
        ("x", 60, 1059, True),
        ("x", 60, 1060, False),
        ("y", 60, 1001, False),
        ("x", 0, 1000, False),
        # The clock was set back.
        ("x", 60, 999, False),
    ],
)
def test_what_is_recent(of: str, every: int, now: float, recent: bool) -> None:
    assert is_recent(Record(at=1000, of="x"), of, every, now) is recent


def test_another_release_is_not_verified_yet() -> None:
    record = Record(at=1000, of="x", release="2.17.1")
    assert is_recent(record, "x", 60, 1001, "2.17.1")
    assert not is_recent(record, "x", 60, 1001, "3.0.3")
    assert not is_recent(record, "x", 60, 1001)


def test_a_release_that_nobody_has_read_stays() -> None:
    known = {"a": Record(10, "old", 20, "2.16.2"), "b": Record(10, "old", 20, "2.16.2")}
    found = after(known, {"a": "new", "b": "new", "c": "new"}, [], 99, {"b": "2.17.1", "c": "", "a": ""})
    assert [found[name].release for name in "abc"] == ["2.16.2", "2.17.1", ""]


def test_a_record_keeps_what_this_run_did_not_do() -> None:
    known = {"a": Record(10, "old", 20), "b": Record(1, "b", 2)}
    found = after(known, {"a": "new", "c": "c"}, ["b", "c"], 99)
    assert found == {"a": Record(99, "new", 20), "b": Record(1, "b", 99), "c": Record(99, "c", 99)}


@pytest.mark.parametrize(
    ("text", "seconds"), [("0", 0), ("90", 90), ("5s", 5), ("30m", 1800), ("12h", 43200), (" 7D ", 604800)]
)
def test_durations(text: str, seconds: int) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "h", "-1", "1.5h", "1w", "true", "12h30m"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="such as 12h"):
        seconds_of(text)
