# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""When a former key is made inactive and when it is deleted."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws import (
    access_key,
    key_facts,
    key_retirement,
    uploads,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.key_facts import (
    Decision,
    Key,
    Stored,
)

from .test_apply_key import Module, User

if TYPE_CHECKING:
    from tests.support.aws import AwsStandIn

NOW = datetime(2026, 1, 31, 12, tzinfo=timezone.utc)
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
CURRENT = Key("NEW", True, NOW - DAY)
CAREFUL = key_retirement.Retirement(grace=DAY, quiet=MINUTE)


def former(**other: Any) -> Key:
    return Key("OLD", other.pop("active", True), NOW - 9 * DAY, **other)


def decide(key: Key, how: key_retirement.Retirement = CAREFUL, **notes: Any) -> Decision:
    document = {
        "access_key_id": "NEW",
        "secret_access_key": "s",
        "user_name": "u",
        "create_date": CURRENT.created.isoformat(),
        "replaces": "OLD",
        **notes,
    }
    situation = key_facts.Situation("u", "file f", (key, CURRENT), Stored(document), NOW)
    return access_key.decide("retired", situation, recreate=False, how=how)


def absent(how: key_retirement.Retirement, active: bool = True, **more: Any) -> Decision:
    document = {"access_key_id": "NEW", "create_date": CURRENT.created.isoformat()}
    keys = (Key("NEW", active, CURRENT.created),)
    situation = key_facts.Situation("u", "file f", keys, Stored(document), NOW, **more)
    return access_key.decide("absent", situation, recreate=False, how=how)


def test_the_last_key_stays_as_long_as_an_upload_needs_it() -> None:
    """It was deleted at once, and a server that was in the middle of an upload lost it."""
    uploading = absent(key_retirement.Retirement(uploads=("streams/concert.mp4",)))
    assert (uploading.action, uploading.first, uploading.forget) == ("keep", (), False)
    assert uploading.changes is False
    assert "streams/concert.mp4" in uploading.pending
    assert "NEW and what is stored stay" in uploading.words
    quiet = absent(key_retirement.Retirement(quiet=MINUTE))
    assert "stopped recording a moment ago (60 s to go)" in quiet.pending
    killed = key_facts.Making("dead", NOW - DAY, ("NEW",))
    assert absent(key_retirement.Retirement(quiet=MINUTE), making=killed).first == ()
    assert absent(key_retirement.AT_ONCE).first == ("NEW",)
    assert absent(key_retirement.Retirement(uploads=("a",)), active=False).first == ("NEW",)


def test_the_first_run_notes_when_the_servers_had_moved_and_waits() -> None:
    decision = decide(former())
    assert (decision.action, decision.first, decision.deactivate) == ("keep", (), ())
    assert decision.notes == {"moved_at": NOW.isoformat()}
    assert "60 s to go" in decision.pending
    again = decide(former(), moved_at=(NOW - MINUTE / 2).isoformat())
    assert (again.notes, again.changes) == ({}, False)
    assert "30 s to go" in again.pending


def test_uploads_that_are_under_way_are_waited_for() -> None:
    how = key_retirement.Retirement(DAY, MINUTE, uploads=("a", "b", "c", "d"))
    decision = decide(former(), how, moved_at=(NOW - 2 * MINUTE).isoformat())
    assert decision.pending.endswith("a, b, c and 1 more")
    assert decision.changes is False
    assert decide(former(active=False), how).pending == ""


def test_then_it_is_made_inactive_and_deleted_after_the_time_of_grace() -> None:
    moved_at = (NOW - 2 * MINUTE).isoformat()
    decision = decide(former(), moved_at=moved_at)
    assert (decision.action, decision.first, decision.deactivate) == ("delete", (), ("OLD",))
    assert decision.notes == {"inactive_since": {"OLD": NOW.isoformat()}}
    assert "a run after 2026-02-01T12:00:00Z deletes it" in decision.words

    inactive = former(active=False)
    since = {"OLD": (NOW - DAY + MINUTE).isoformat()}
    waiting = decide(inactive, moved_at=moved_at, inactive_since=since)
    assert (waiting.action, waiting.changes) == ("keep", False)
    since = {"OLD": (NOW - DAY).isoformat()}
    over = decide(inactive, moved_at=moved_at, inactive_since=since)
    assert (over.action, over.first) == ("delete", ("OLD",))
    assert over.notes == {"moved_at": None, "inactive_since": None}


def test_without_a_time_of_grace_it_is_deleted_at_once() -> None:
    decision = decide(former(), key_retirement.AT_ONCE)
    assert (decision.action, decision.first, decision.deactivate) == ("delete", ("OLD",), ())
    assert decide(former(active=False), key_retirement.AT_ONCE).first == ("OLD",)


def test_one_that_was_made_inactive_by_hand_has_its_time_of_grace_from_now_on() -> None:
    decision = decide(former(active=False), moved_at=(NOW - DAY).isoformat())
    assert (decision.action, decision.changes) == ("keep", True)
    assert decision.notes == {"inactive_since": {"OLD": NOW.isoformat()}}


def test_one_that_something_uses_stays() -> None:
    moved_at = (NOW - 10 * MINUTE).isoformat()
    used = {"last_used": NOW - MINUTE, "by": "by s3 in eu-west-1"}
    decision = decide(former(**used), moved_at=moved_at)
    assert (decision.action, decision.first, decision.deactivate) == ("keep", (), ())
    assert "OLD stays active, because something has used it since the servers moved" in decision.words
    assert "last 2026-01-31T11:59Z, by s3 in eu-west-1" in decision.words
    assert decision.notes == {"used_at": {"OLD": (NOW - MINUTE).isoformat()}}
    since = {"OLD": (NOW - 2 * DAY).isoformat()}
    inactive = decide(former(active=False, **used), moved_at=moved_at, inactive_since=since)
    assert (inactive.action, inactive.first) == ("keep", ())


def test_one_that_was_not_used_again_goes_on() -> None:
    moved_at = (NOW - 10 * MINUTE).isoformat()
    used = {"last_used": NOW - MINUTE, "by": "by s3 in eu-west-1"}
    noted = {"OLD": (NOW - MINUTE).isoformat()}
    decision = decide(former(**used), moved_at=moved_at, used_at=noted)
    assert decision.deactivate == ("OLD",)
    assert decision.notes == {"inactive_since": {"OLD": NOW.isoformat()}}
    older = {"OLD": (NOW - 5 * MINUTE).isoformat()}
    again = decide(former(**used), moved_at=moved_at, used_at=older)
    assert (again.deactivate, again.notes) == ((), {"used_at": noted})
    since = {"OLD": (NOW - 2 * DAY).isoformat()}
    ended = decide(former(active=False, **used), moved_at=moved_at, used_at=noted, inactive_since=since)
    assert ended.first == ("OLD",)
    assert ended.notes == {"moved_at": None, "used_at": None, "inactive_since": None}


def test_what_was_under_way_when_the_servers_moved_is_no_such_use() -> None:
    moved_at = (NOW - 10 * MINUTE).isoformat()
    assert decide(former(last_used=NOW - 9 * MINUTE), moved_at=moved_at).deactivate == ("OLD",)


@pytest.fixture
def user(aws: AwsStandIn, monkeypatch: pytest.MonkeyPatch) -> User:
    monkeypatch.setattr(key_facts, "SETTLED_AFTER", timedelta(seconds=-10))
    aws.clear_faults()
    return User(aws)


def statuses(user: User) -> dict[str, str]:
    listed = user.iam.list_access_keys(UserName=user.name)["AccessKeyMetadata"]
    return {each["AccessKeyId"]: each["Status"] for each in listed}


def test_a_former_key_on_the_stand_in(user: User) -> None:
    old = user.run()["access_key_id"]
    new = user.run(state="rotated")["access_key_id"]
    predicted = user.run(state="retired", grace=2, quiet=3, check=True)
    assert predicted["former_access_keys"] == [{"access_key_id": old, "active": False}]
    assert "pending" not in predicted

    first = user.run(state="retired", grace=2, quiet=60)
    assert (first["changed"], statuses(user)[old]) == (True, "Active")
    assert "to go" in first["pending"]
    assert user.run(state="retired", grace=2, quiet=60)["changed"] is False

    retired = user.run(state="retired", grace=1, quiet=0)
    assert retired["changed"] is True
    assert retired["diff"]["after"] == {"inactive_access_key_ids": [old]}
    assert retired["former_access_keys"] == predicted["former_access_keys"]
    assert statuses(user) == {old: "Inactive", new: "Active"}
    assert user.run()["changed"] is False
    assert user.run(state="rotated")["changed"] is False

    assert user.run(state="retired", grace=3600)["changed"] is False
    ended = user.run(state="retired", grace=0)
    assert ended["deleted_access_key_ids"] == [old]
    assert user.both_hold(new)
    assert set(user.stored()) & {"moved_at", "inactive_since"} == set()


def test_an_upload_of_many_parts_keeps_the_former_key_active(aws: AwsStandIn, user: User) -> None:
    bucket, s3 = f"b-{uuid.uuid4().hex[:12]}", aws.client("s3")
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": aws.region})
    old = user.run()["access_key_id"]
    user.run(state="rotated")
    begun = s3.create_multipart_upload(Bucket=bucket, Key="streams/long.mp4")
    module = Module(aws, bucket=bucket)
    later = datetime.now(timezone.utc) + timedelta(minutes=16)
    assert uploads.under_way(module, bucket, later) == ()
    assert uploads.under_way(module, f"{bucket}-not", later) == ()

    waiting = user.run(state="retired", bucket=bucket, wait=False)
    assert waiting["pending"].endswith("streams/long.mp4")
    assert statuses(user)[old] == "Active"
    s3.abort_multipart_upload(Bucket=bucket, Key="streams/long.mp4", UploadId=begun["UploadId"])
    assert user.run(state="retired", bucket=bucket, wait=False)["deleted_access_key_ids"] == [old]


def test_a_part_of_a_moment_ago_shows_that_an_old_upload_goes_on(aws: AwsStandIn) -> None:
    bucket, s3 = f"b-{uuid.uuid4().hex[:12]}", aws.client("s3")
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": aws.region})
    begun = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    s3.upload_part(Bucket=bucket, Key="k", UploadId=begun, PartNumber=1, Body=b"x")
    upload = {"Key": "k", "UploadId": begun, "Initiated": NOW - 9 * DAY}
    now = datetime.now(timezone.utc)
    assert uploads.is_alive(s3, bucket, upload, now) is True
    assert uploads.is_alive(s3, bucket, upload, now + timedelta(minutes=16)) is False
