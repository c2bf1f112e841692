# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a change of lifecycle rules does to objects that are there: the decision alone."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws import (
    s3_recording_bucket_losses as losses,
)
from hypothesis import given
from hypothesis import strategies as st

NOW = datetime(2026, 6, 1, tzinfo=timezone.utc)
PREFIXES = ("", "streams/", "streams/live/", "previews/")
DAYS = st.none() | st.integers(1, 9)
LIFETIMES = st.lists(st.builds(losses.Lifetime, st.sampled_from(PREFIXES), DAYS, DAYS, DAYS), max_size=4)
KEYS = ("a", "streams/a", "streams/live/a", "previews/a")
STORED = st.builds(
    losses.StoredObject,
    st.sampled_from(KEYS),
    st.integers(0, 9),
    st.integers(0, 10).map(lambda days: NOW - timedelta(days=days)),
    is_current=st.booleans(),
)


def rule(days: int | None = None, prefix: str = "streams/", **more: Any) -> dict[str, Any]:
    expiration = {"Expiration": {"Days": days}} if days else {}
    return {"Status": "Enabled", "Filter": {"Prefix": prefix}, **expiration, **more}


def stored(key: str, days: float, **more: Any) -> losses.StoredObject:
    return losses.StoredObject(key, 10, NOW - timedelta(days=days), **more)


def impact(
    before: list[dict[str, Any]],
    after: list[dict[str, Any]],
    *found: losses.StoredObject,
    prefix: str = "streams/",
) -> losses.Impact:
    made = losses.Impact(prefix, losses.lifetimes(before), losses.lifetimes(after), NOW)
    for each in found:
        made.add(each)
    return made


def left(life: list[losses.Lifetime], each: losses.StoredObject) -> int:
    """In how many days S3 deletes it, day by day and so apart from the code under test; 99: it never does."""
    kind = "current" if each.is_current else "noncurrent"
    days = [getattr(one, kind) for one in life if each.key.startswith(one.prefix)]
    age = (NOW - each.since).days
    dead = (day for day in range(20) if any(one is not None and age + day >= one for one in days))
    return next(dead, 99)


@given(before=LIFETIMES, after=LIFETIMES, objects=st.lists(STORED))
def test_every_deletion_that_is_new_is_counted_once_and_no_other(
    before: list[losses.Lifetime], after: list[losses.Lifetime], objects: list[losses.StoredObject]
) -> None:
    """Rules of any folders, whichever cover which: what a change deletes lies in what is looked at."""
    shortened = [each for kind in losses.KINDS for each in losses.shortened(before, after, kind)]
    counted = at_once = 0
    for prefix in losses.outermost(shortened):
        made = losses.Impact(prefix, before, after, NOW)
        for each in objects:
            if each.key.startswith(prefix):
                made.add(each)
        tallies = made.tallies["current"], made.tallies["noncurrent"]
        counted += sum(each.count for each in tallies)
        at_once += sum(each.at_once for each in tallies)
    doomed = [each for each in objects if left(after, each) < left(before, each)]
    assert (counted, at_once) == (len(doomed), sum(left(after, each) == 0 for each in doomed))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([rule(30)], [rule(30)]),
        ([rule(30)], [rule(60)]),
        ([rule(30)], []),
        ([rule(30)], [rule(40, "streams/live/")]),
        ([rule(30, "")], [rule(30)]),
        ([{"Status": "Enabled", "Prefix": "streams/", "Expiration": {"Days": 9}}], [rule(9)]),
        ([], [rule(30, Status="Disabled")]),
        ([], [rule(AbortIncompleteMultipartUpload={"DaysAfterInitiation": 7})]),
        ([], [rule(Transitions=[{"Days": 30, "StorageClass": "STANDARD_IA"}])]),
    ],
)
def test_what_ends_no_life_earlier_is_not_looked_at(before: list[Any], after: list[Any]) -> None:
    old, new = losses.lifetimes(before), losses.lifetimes(after)
    assert [losses.shortened(old, new, kind) for kind in losses.KINDS] == [[], [], []]


@pytest.mark.parametrize(
    "before",
    [
        [],
        [rule(31)],
        [rule(30, "streams/live/")],
        [rule(30, Status="Disabled")],
        [rule(30, Filter={"And": {"Prefix": "streams/", "Tags": [{"Key": "keep", "Value": "no"}]}})],
        [rule(30, Filter={"Tag": {"Key": "keep", "Value": "no"}})],
    ],
)
def test_what_ends_a_life_earlier(before: list[Any]) -> None:
    old, new = losses.lifetimes(before), losses.lifetimes([rule(30)])
    assert losses.shortened(old, new, "current") == ["streams/"]


def test_a_wider_rule_counts_only_what_the_narrower_one_kept() -> None:
    """A change of the folders: streams/live/ had the same days before, streams/old/ had none."""
    found = impact(
        [rule(30, "streams/live/")], [rule(30)], stored("streams/live/a", 90), stored("streams/old/a", 90)
    )
    assert found.tallies["current"].examples == ["streams/old/a"]
    assert found.objects == 2


def test_a_former_version_goes_by_the_time_since_it_was_replaced() -> None:
    after = [rule(NoncurrentVersionExpiration={"NoncurrentDays": 7})]
    found = impact([], after, stored("streams/a", 400), stored("streams/a", 8, is_current=False))
    assert found.result() == {
        "prefix": "streams/",
        "objects": 1,
        "expiring": 0,
        "expiring_bytes": 0,
        "expiring_at_once": 0,
        "expiring_by": "",
        "versions_expiring": 1,
        "versions_expiring_bytes": 10,
        "versions_expiring_at_once": 1,
        "versions_expiring_by": "",
        "moving_to_archive": 0,
    }


def test_an_object_that_expires_becomes_a_version_that_is_counted_too() -> None:
    """A new rule for former versions ends what the rules of before would have kept as one for good."""
    versions: dict[str, Any] = {"NoncurrentVersionExpiration": {"NoncurrentDays": 7}}
    lives = [losses.lifetimes([each]) for each in (rule(30), rule(30, **versions))]
    for has_versions, counted, by in ((True, 2, "2026-06-28"), (False, 0, "")):
        found = losses.Impact("streams/", lives[0], lives[1], NOW, has_versions=has_versions)
        for each in (stored("streams/a", 10), stored("streams/b", 40)):
            found.add(each)
        said = found.result()
        assert (said["expiring"], said["versions_expiring"], said["versions_expiring_by"]) == (0, counted, by)


def test_an_archive_is_a_warning_and_an_expiry_beats_it() -> None:
    moves: dict[str, Any] = {"Transitions": [{"Days": 30, "StorageClass": "GLACIER"}]}
    objects = [
        stored("streams/new", 1),
        stored("streams/old", 40),
        stored("streams/there", 40, storage_class="GLACIER"),
        stored("streams/gone", 400),
    ]
    found = impact([], [rule(365, **moves)], *objects)
    assert found.result()["moving_to_archive"] == 2
    assert (found.tallies["current"].count, found.tallies["current"].at_once) == (4, 1)
    (warning,) = losses.warnings([found])
    assert "move 2 of 4 objects in 'streams/' to an archive (1 at once, the next on 2026-06-30" in warning
    assert "Nobody can play them from then on before they are restored" in warning
    assert losses.warnings([impact([rule(**moves)], [rule(365, **moves)], *objects)]) == []


def test_the_words_of_a_loss() -> None:
    objects = [stored(f"streams/{number}", 40 + number) for number in range(5)]
    found = impact([], [rule(30)], *objects)
    assert losses.describe_deletions([found]) == (
        "the rules delete 5 of 5 objects in 'streams/' "
        "(all at once; 50 bytes: 'streams/0', 'streams/1', 'streams/2', ...)"
    )
    assert losses.describe_harmless([found]) == []
    versions = [rule(NoncurrentVersionExpiration={"NoncurrentDays": 7})]
    kept = impact([], versions, stored("streams/new", 1))
    assert losses.describe_deletions([kept]) == ""
    assert losses.describe_harmless([kept]) == [
        "none of the 1 objects in 'streams/' is deleted earlier than before"
    ]


def test_what_comes_to_its_days_later_is_counted_with_the_days() -> None:
    """An expiry of 30 days asked nothing about recordings of 29 days and 23 hours."""
    hour = 1 / 24
    found = impact(
        [], [rule(30)], stored("streams/a", 30 - hour), stored("streams/b", 40), stored("streams/c", 10)
    )
    assert "3 of 3 objects in 'streams/' (1 at once, the next on 2026-06-02, all by 2026-06-21; 30 " in (
        losses.describe_deletions([found])
    )
    said = found.result()
    assert (said["expiring"], said["expiring_at_once"], said["expiring_by"]) == (3, 1, "2026-06-21")
    young = impact([rule(60)], [rule(30)], stored("streams/a", 0), stored("streams/gone", 70))
    assert "1 of 2 objects in 'streams/' (none at once, the first on 2026-07-01, all by 2026-07-01; " in (
        losses.describe_deletions([young])
    )


def test_a_hundred_thousand_objects_are_counted_without_being_kept() -> None:
    found = impact([], [rule(30)], *(stored(f"streams/{number}", 40) for number in range(100_000)))
    assert found.tallies["current"].count == 100_000
    assert len(found.tallies["current"].examples) == 3


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 bytes"), (999, "999 bytes"), (34_200_000_000, "34.2 GB"), (10**16, "10000.0 TB")],
)
def test_sizes(size: int, text: str) -> None:
    assert losses.size_text(size) == text
