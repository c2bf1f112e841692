# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""When a former key is made inactive and when it is deleted."""

from __future__ import annotations

import json
import uuid
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.iam_stored_access_key import (
    apply as apply_key,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.iam_stored_access_key import (
    model as key_facts,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.iam_stored_access_key import (
    plan as access_key,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.iam_stored_access_key import (
    plan_retirement as key_retirement,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.iam_stored_access_key import (
    uploads,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.iam_stored_access_key.model import (
    Decision,
    Key,
    StoredKey,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common import progress

from .test_iam_stored_access_key_apply import Module, User

if TYPE_CHECKING:
    from stand_ins.aws import AwsStandIn

NOW = datetime(2026, 1, 31, 12, tzinfo=timezone.utc)
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
CURRENT = Key("NEW", True, NOW - DAY)
CAREFUL = key_retirement.Retirement(delete_after=DAY, switch_wait=MINUTE)


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
    key_state = key_facts.KeyState("u", "file f", (key, CURRENT), StoredKey(document), NOW)
    return access_key.decide("retired", key_state, recreate=False, how=how)


def absent(how: key_retirement.Retirement, active: bool = True, **more: Any) -> Decision:
    document = {"access_key_id": "NEW", "create_date": CURRENT.created.isoformat()}
    keys = (Key("NEW", active, CURRENT.created),)
    key_state = key_facts.KeyState("u", "file f", keys, StoredKey(document), NOW, **more)
    return access_key.decide("absent", key_state, recreate=False, how=how)


def test_the_last_key_stays_as_long_as_an_upload_needs_it() -> None:
    """It was deleted at once, and a server that was in the middle of an upload lost it."""
    uploading = absent(key_retirement.Retirement(uploads=("streams/concert.mp4",)))
    assert (uploading.action, uploading.delete_ids, uploading.remove_stored) == ("keep", (), False)
    assert uploading.changes is False
    assert "streams/concert.mp4" in uploading.pending
    assert "NEW and what is stored stay" in uploading.message
    quiet = absent(key_retirement.Retirement(switch_wait=MINUTE))
    assert "stopped recording a moment ago (60 s to go)" in quiet.pending
    killed = key_facts.Reservation("dead", NOW - DAY, ("NEW",))
    assert absent(key_retirement.Retirement(switch_wait=MINUTE), reservation=killed).delete_ids == ()
    assert absent(key_retirement.AT_ONCE).delete_ids == ("NEW",)
    assert absent(key_retirement.Retirement(uploads=("a",)), active=False).delete_ids == ("NEW",)


GRADUAL = key_retirement.Retirement(delete_after=DAY, gradual=True)


def end(key: Key, how: key_retirement.Retirement = GRADUAL, **notes: Any) -> Decision:
    document = {"access_key_id": "OLD", "create_date": key.created.isoformat(), **notes}
    key_state = key_facts.KeyState("u", "file f", (key,), StoredKey(document), NOW)
    return access_key.decide("absent", key_state, recreate=False, how=how)


def test_a_key_that_something_unseen_may_use_ends_like_one_that_was_replaced() -> None:
    """It was deleted at once, when the servers of this inventory had another one."""
    first = end(former())
    assert (first.delete_ids, first.deactivate, first.notes) == ((), (), {"moved_at": NOW.isoformat()})
    assert "OLD stays active, because it is not known yet whether anything else uses it" in first.pending
    moved: dict[str, Any] = {"moved_at": (NOW - DAY).isoformat()}
    used = end(former(last_used=NOW - 3 * MINUTE, by="by s3 in eu-west-1"), **moved)
    assert (used.delete_ids, used.deactivate) == ((), ())
    assert "OLD stays active, because something has used it since the servers moved" in used.pending
    assert used.notes == {"used_at": {"OLD": (NOW - 3 * MINUTE).isoformat()}}
    unused = end(former(last_used=NOW - DAY - MINUTE), **moved)
    assert (unused.delete_ids, unused.deactivate, unused.remove_stored) == ((), ("OLD",), False)
    assert "OLD is made inactive, a run after" in unused.pending
    since = {"OLD": (NOW - DAY).isoformat()}
    ended = end(former(active=False), inactive_since=since, moved_at=(NOW - 2 * DAY).isoformat())
    assert (ended.delete_ids, ended.remove_stored, ended.pending) == (("OLD",), True, "")
    assert ended.message == "OLD is deleted and removed from the key store"


def test_without_a_time_of_grace_it_is_deleted_at_once_unless_it_was_used_since() -> None:
    at_once = key_retirement.Retirement(delete_after=timedelta(0), gradual=True)
    assert end(former(last_used=NOW - MINUTE), at_once).remove_stored
    moved: dict[str, Any] = {"moved_at": (NOW - DAY).isoformat()}
    assert "something has used it" in end(former(last_used=NOW - MINUTE), at_once, **moved).pending


def test_the_first_run_notes_when_the_servers_had_moved_and_waits() -> None:
    decision = decide(former())
    assert (decision.action, decision.delete_ids, decision.deactivate) == ("keep", (), ())
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
    assert (decision.action, decision.delete_ids, decision.deactivate) == ("delete", (), ("OLD",))
    assert decision.notes == {"inactive_since": {"OLD": NOW.isoformat()}}
    assert "a run after 2026-02-01T12:00:00Z deletes it" in decision.message

    inactive = former(active=False)
    since = {"OLD": (NOW - DAY + MINUTE).isoformat()}
    waiting = decide(inactive, moved_at=moved_at, inactive_since=since)
    assert (waiting.action, waiting.changes) == ("keep", False)
    since = {"OLD": (NOW - DAY).isoformat()}
    over = decide(inactive, moved_at=moved_at, inactive_since=since)
    assert (over.action, over.delete_ids) == ("delete", ("OLD",))
    assert over.notes == {"moved_at": None, "inactive_since": None}


def test_without_a_time_of_grace_it_is_deleted_at_once() -> None:
    decision = decide(former(), key_retirement.AT_ONCE)
    assert (decision.action, decision.delete_ids, decision.deactivate) == ("delete", ("OLD",), ())
    assert decide(former(active=False), key_retirement.AT_ONCE).delete_ids == ("OLD",)


def test_one_that_was_made_inactive_by_hand_has_its_time_of_grace_from_now_on() -> None:
    decision = decide(former(active=False), moved_at=(NOW - DAY).isoformat())
    assert (decision.action, decision.changes) == ("keep", True)
    assert decision.notes == {"inactive_since": {"OLD": NOW.isoformat()}}


def test_one_that_something_uses_stays() -> None:
    moved_at = (NOW - 10 * MINUTE).isoformat()
    used = {"last_used": NOW - MINUTE, "by": "by s3 in eu-west-1"}
    decision = decide(former(**used), moved_at=moved_at)
    assert (decision.action, decision.delete_ids, decision.deactivate) == ("keep", (), ())
    assert "OLD stays active, because something has used it since the servers moved" in decision.message
    assert "last 2026-01-31T11:59Z, by s3 in eu-west-1" in decision.message
    assert decision.notes == {"used_at": {"OLD": (NOW - MINUTE).isoformat()}}
    since = {"OLD": (NOW - 2 * DAY).isoformat()}
    inactive = decide(former(active=False, **used), moved_at=moved_at, inactive_since=since)
    assert (inactive.action, inactive.delete_ids) == ("keep", ())


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
    assert ended.delete_ids == ("OLD",)
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
    predicted = user.run(state="retired", delete_after=2, switch_wait=3, check=True)
    assert predicted["previous_access_keys"] == [{"access_key_id": old, "active": False}]
    assert "pending" not in predicted

    first = user.run(state="retired", delete_after=2, switch_wait=60)
    assert (first["changed"], statuses(user)[old]) == (True, "Active")
    assert "to go" in first["pending"]
    assert user.run(state="retired", delete_after=2, switch_wait=60)["changed"] is False

    retired = user.run(state="retired", delete_after=1, switch_wait=0)
    assert retired["changed"] is True
    assert retired["diff"]["after"] == {"inactive_access_key_ids": [old]}
    assert retired["previous_access_keys"] == predicted["previous_access_keys"]
    assert statuses(user) == {old: "Inactive", new: "Active"}
    assert user.run()["changed"] is False

    # A second rotation changed nothing and ended well, so that a leaked key was taken for replaced.
    for check in (False, True):
        with pytest.raises(key_facts.RotationInGrace, match=f"{old} is inactive and kept until") as refused:
            user.run(state="rotated", delete_after=3600, check=check)
        assert f"If {new} has leaked, rotate now" in str(refused.value)
        assert refused.value.result()["in_grace"] is True
    with pytest.raises(key_facts.RotationInGrace, match="until a run with state=retired deletes it"):
        user.run(state="rotated")
    assert statuses(user) == {old: "Inactive", new: "Active"}
    assert user.run(delete_after=3600)["changed"] is False

    assert user.run(state="retired", delete_after=3600)["changed"] is False
    ended = user.run(state="retired", delete_after=0)
    assert ended["deleted_access_key_ids"] == [old]
    assert user.both_hold(new)
    assert set(user.stored()) & {"moved_at", "inactive_since"} == set()


def rotated(user: User) -> tuple[str, str]:
    """An old key that is inactive, and the one in use."""
    old = user.run()["access_key_id"]
    new = user.run(state="rotated")["access_key_id"]
    user.run(state="retired", delete_after=3600)
    return old, new


def test_an_old_key_goes_with_the_first_run_after_its_time_of_grace(user: User) -> None:
    old, new = rotated(user)
    predicted = user.run(delete_after=0, check=True)
    assert (predicted["changed"], statuses(user)) == (True, {old: "Inactive", new: "Active"})
    result = user.run(delete_after=0)
    assert result["deleted_access_key_ids"] == predicted["deleted_access_key_ids"] == [old]
    assert user.both_hold(new)
    assert set(user.stored()) & {"moved_at", "inactive_since"} == set()
    assert user.run(delete_after=0)["changed"] is False


def test_a_rotation_after_the_time_of_grace_is_one(user: User) -> None:
    """It deleted the old key and made none."""
    old, new = rotated(user)
    result = user.run(state="rotated", delete_after=0)
    assert result["deleted_access_key_ids"] == [old]
    assert statuses(user) == {new: "Active", result["access_key_id"]: "Active"}
    # A run that was broken off goes on; one that is not finished is not refused.
    again = user.run(state="rotated", delete_after=0)
    assert (again["changed"], again["access_key_id"]) == (False, result["access_key_id"])
    assert "the rotation to it is not finished" in again["msg"]


def test_a_leaked_key_is_replaced_within_the_time_of_grace(user: User) -> None:
    old, leaked = rotated(user)
    predicted = user.run(state="rotated", delete_after=3600, leaked=True, check=True)
    assert (predicted["changed"], predicted["deleted_access_key_ids"]) == (True, [old])
    assert statuses(user) == {old: "Inactive", leaked: "Active"}

    result = user.run(state="rotated", delete_after=3600, leaked=True)
    fresh = result["access_key_id"]
    assert result["deleted_access_key_ids"] == [old]
    assert statuses(user) == {leaked: "Active", fresh: "Active"}
    # Broken off here, the next run makes no other key.
    assert user.run(state="rotated", delete_after=3600, leaked=True)["changed"] is False

    retired = user.run(state="retired", delete_after=3600, switch_wait=60, leaked=True)
    assert "pending" not in retired
    assert f"{leaked} is made inactive at once, a run after" in retired["msg"]
    assert statuses(user) == {leaked: "Inactive", fresh: "Active"}
    assert user.run(state="retired", delete_after=3600, switch_wait=60, leaked=True)["changed"] is False
    assert user.run(delete_after=0)["deleted_access_key_ids"] == [leaked]


def test_a_leaked_key_waits_for_no_upload_and_what_is_lost_is_named(aws: AwsStandIn, user: User) -> None:
    bucket, s3 = f"b-{uuid.uuid4().hex[:12]}", aws.client("s3")
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": aws.region})
    leaked = user.run()["access_key_id"]
    user.run(state="rotated", leaked=True)
    s3.create_multipart_upload(Bucket=bucket, Key="streams/long.mp4")
    where = {"state": "retired", "leaked": True, "bucket": bucket, "wait": False, "delete_after": 60}
    lost = "running uploads that began with it are lost, the files stay on the servers: streams/long.mp4"
    assert lost in user.run(**where, check=True)["msg"]
    aws.fault("s3:ListMultipartUploads", count=1, status=403, code="AccessDenied", message="no")
    told = user.run(**where)["msg"]
    assert "it is not known which running uploads are lost" in told
    assert statuses(user)[leaked] == "Inactive"


def test_nobody_who_uses_a_leaked_key_keeps_it() -> None:
    how = key_retirement.Retirement(DAY, MINUTE, uploads=("a",), leaked=True)
    used = {"last_used": NOW - MINUTE, "by": "by s3 in eu-west-1"}
    decision = decide(former(**used), how, moved_at=(NOW - 10 * MINUTE).isoformat())
    assert (decision.deactivate, decision.pending) == (("OLD",), "")
    noted = decision.notes
    assert noted["used_at"] == {"OLD": (NOW - MINUTE).isoformat()}
    inactive = former(active=False, **used)
    since = {**noted, "inactive_since": {"OLD": (NOW - DAY).isoformat()}}
    assert decide(inactive, moved_at=(NOW - 10 * MINUTE).isoformat(), **since).delete_ids == ("OLD",)


def test_a_leaked_key_that_replaced_one_whose_uploads_go_on_is_replaced_too() -> None:
    """All servers have moved, so uploads alone need the older key, and the leaked one may not stay."""
    document = {"access_key_id": "NEW", "replaces": "OLD", "moved_at": NOW.isoformat(), "user_name": "u"}
    key_state = key_facts.KeyState("u", "file f", (former(), CURRENT), StoredKey(document), NOW)
    how = key_retirement.Retirement(DAY, leaked=True)
    decision = access_key.decide("rotated", key_state, recreate=False, how=how)
    assert (decision.action, decision.delete_ids) == ("create", ("OLD",))
    again = access_key.decide("rotated", key_state, recreate=False, how=CAREFUL)
    assert (again.action, again.changes) == ("keep", False)
    assert "If NEW has leaked" in again.message


def test_a_key_that_was_made_inactive_by_hand_is_no_rotation_that_is_done() -> None:
    document = {"access_key_id": "NEW", "replaces": "OLD", "user_name": "u"}
    key_state = key_facts.KeyState("u", "file f", (former(active=False), CURRENT), StoredKey(document), NOW)
    decision = access_key.decide("rotated", key_state, recreate=False, how=CAREFUL)
    assert decision.action == "keep"


def test_an_upload_of_many_parts_keeps_the_former_key_active(aws: AwsStandIn, user: User) -> None:
    bucket, s3 = f"b-{uuid.uuid4().hex[:12]}", aws.client("s3")
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": aws.region})
    old = user.run()["access_key_id"]
    user.run(state="rotated")
    begun = s3.create_multipart_upload(Bucket=bucket, Key="streams/long.mp4")
    module = Module(aws, bucket=bucket)
    later = datetime.now(timezone.utc) + timedelta(minutes=16)
    assert uploads.uploads_in_progress(module, bucket, later) == ()
    assert uploads.uploads_in_progress(module, f"{bucket}-not", later) == ()

    waiting = user.run(state="retired", bucket=bucket, wait=False)
    assert waiting["pending"].endswith("streams/long.mp4")
    assert statuses(user)[old] == "Active"
    s3.abort_multipart_upload(Bucket=bucket, Key="streams/long.mp4", UploadId=begun["UploadId"])
    assert user.run(state="retired", bucket=bucket, wait=False)["deleted_access_key_ids"] == [old]


def test_what_ends_within_the_time_is_waited_for_and_said(
    aws: AwsStandIn, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The changes of before the wait are a part of the result, which is one for the whole task."""
    bucket, s3 = f"b-{uuid.uuid4().hex[:12]}", aws.client("s3")
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": aws.region})
    policy = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}
    aws.client("iam").put_user_policy(UserName=user.name, PolicyName="p", PolicyDocument=json.dumps(policy))
    old = user.run(bucket=bucket)["access_key_id"]
    user.run(state="rotated", bucket=bucket)
    begun = s3.create_multipart_upload(Bucket=bucket, Key="streams/long.mp4")["UploadId"]
    said: list[str] = []

    class Lines:
        def wait(self, wait: progress.Wait, waited: float, at_most: float) -> None:
            said.append(f"{wait.what}: {wait.detail}")
            if begun and len(said) == 2:
                s3.abort_multipart_upload(Bucket=bucket, Key="streams/long.mp4", UploadId=begun)

        def done(self, text: str) -> None:
            raise AssertionError(text)

    monkeypatch.setattr(apply_key, "_PENDING_PAUSE", 0.01)
    with progress.listener(Lines()):
        result = user.run(state="retired", bucket=bucket, wait_timeout=60)
    assert len(said) == 2
    assert "the moment to switch off an access key of IAM user" in said[0]
    assert "streams/long.mp4" in said[0]
    assert (result["changed"], result["deleted_access_key_ids"]) == (True, [old])
    assert "pending" not in result
    assert old in result["diff"]["before"]["access_key_ids"]
    assert old not in result["diff"]["after"]["access_key_ids"]


def test_the_last_key_is_deleted_when_the_time_since_the_start_of_the_task_is_over(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted anew with each look, that time would never be over."""
    monkeypatch.setattr(apply_key, "_PENDING_PAUSE", 0.2)
    key = user.run()["access_key_id"]
    result = user.run(state="absent", switch_wait=1, wait_timeout=60)
    assert (result["changed"], result["deleted_access_key_ids"]) == (True, [key])
    assert user.run(state="absent", switch_wait=1, wait=False)["changed"] is False


def test_a_part_of_a_moment_ago_shows_that_an_old_upload_goes_on(aws: AwsStandIn) -> None:
    bucket, s3 = f"b-{uuid.uuid4().hex[:12]}", aws.client("s3")
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": aws.region})
    begun = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    s3.upload_part(Bucket=bucket, Key="k", UploadId=begun, PartNumber=1, Body=b"x")
    upload = {"Key": "k", "UploadId": begun, "Initiated": NOW - 9 * DAY}
    now = datetime.now(timezone.utc)
    assert uploads.is_alive(s3, bucket, upload, now) is True
    assert uploads.is_alive(s3, bucket, upload, now + timedelta(minutes=16)) is False
