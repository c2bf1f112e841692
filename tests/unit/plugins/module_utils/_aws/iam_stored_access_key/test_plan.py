# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.iam_stored_access_key import (
    model as keys,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.iam_stored_access_key import (
    plan as decisions,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.errors import AwsError
from hypothesis import given
from hypothesis import strategies as st

NOW = datetime(2026, 1, 31, 12, tzinfo=timezone.utc)
OLD, OLDER, YOUNG = NOW - timedelta(days=1), NOW - timedelta(days=9), NOW - timedelta(seconds=5)


def key(name: str, created: datetime = OLD, **other: Any) -> keys.Key:
    return keys.Key(name, other.pop("active", True), created, **other)


def stored(name: str, created: datetime = OLD, **other: Any) -> keys.StoredKey:
    document = {
        "access_key_id": name,
        "secret_access_key": "s",
        "user_name": "u",
        "create_date": created.isoformat(),
    }
    return keys.StoredKey({**document, **other}, 1)


def now(
    *in_iam: keys.Key, store: keys.StoredKey | None = None, reservation: keys.Reservation | None = None
) -> keys.KeyState:
    return keys.KeyState("u", "SSM parameter /p", in_iam, store, NOW, reservation)


def decide(state: str, key_state: keys.KeyState, recreate: bool = False) -> tuple[str, tuple[str, ...]]:
    decision = decisions.decide(state, key_state, recreate)
    return decision.action, decision.delete_ids


def refusal(state: str, key_state: keys.KeyState, recreate: bool = False) -> str:
    with pytest.raises(AwsError) as failed:
        decisions.decide(state, key_state, recreate)
    text = str(failed.value)
    assert "IAM user u" in text
    assert "SSM parameter /p" in text
    return text


@pytest.mark.parametrize("state", ["present", "rotated"])
def test_the_first_key(state: str) -> None:
    assert decide(state, now()) == ("create", ())


@pytest.mark.parametrize("state", ["present", "retired"])
def test_nothing_to_do(state: str) -> None:
    decision = decisions.decide(state, now(key("A"), store=stored("A")), False)
    assert (decision.action, decision.changes) == ("keep", False)


def test_a_stored_key_that_was_deleted() -> None:
    key_state = now(store=stored("A"))
    assert "A is stored, but the user has no such key" in refusal("present", key_state)
    assert "recreate=true" in refusal("rotated", key_state)
    assert decide("present", key_state, True) == ("create", ())


def test_a_stored_key_that_is_inactive() -> None:
    key_state = now(key("A", active=False), store=stored("A"))
    assert "inactive" in refusal("present", key_state)
    assert "inactive" in refusal("retired", key_state)
    assert decide("present", key_state, True) == ("create", ("A",))


def test_a_live_key_that_is_not_stored() -> None:
    text = refusal("present", now(key("A")))
    assert "nothing is stored" in text
    assert "has A" in text
    assert decide("present", now(key("A")), True) == ("create", ())


def test_an_inactive_key_that_is_not_stored_is_in_nobodys_way() -> None:
    assert decide("present", now(key("A", active=False))) == ("create", ())


def test_no_room_for_another_key() -> None:
    assert "AWS allows no more" in refusal("present", now(key("A"), key("B")), True)
    assert "AWS allows no more" in refusal("present", now(key("A", active=False), key("B", active=False)))
    assert decide("present", now(key("A"), key("B", active=False)), True) == ("create", ("B",))
    assert "AWS allows no more" in refusal("present", now(key("A"), key("B"), store=stored("C")), True)


def test_a_key_of_a_moment_ago_may_be_another_runs() -> None:
    assert decide("present", now(key("A", YOUNG)))[0] == "wait"
    assert decide("present", now(key("A", YOUNG)), True)[0] == "wait"
    assert decide("present", now(store=stored("A", YOUNG)))[0] == "wait"
    assert decide("rotated", now(key("A"), key("B", YOUNG), store=stored("A")))[0] == "wait"
    assert decide("retired", now(key("A"), key("B", YOUNG), store=stored("A")))[0] == "wait"


def test_rotation() -> None:
    assert decide("rotated", now(key("A"), store=stored("A"))) == ("create", ())
    after = now(key("A"), key("B", YOUNG), store=stored("B", YOUNG, replaces="A"))
    assert decide("rotated", after) == ("keep", ())
    assert decide("present", after) == ("keep", ())
    assert decide("retired", after) == ("delete", ("A",))
    assert decide("retired", now(key("B"), store=stored("B"))) == ("keep", ())


def test_a_former_key_is_known_by_its_date_too() -> None:
    assert decide("rotated", now(key("A", OLDER), key("B"), store=stored("B"))) == ("keep", ())
    assert decide("retired", now(key("A", OLDER), key("B"), store=stored("B"))) == ("delete", ("A",))


def test_a_rotation_that_was_interrupted_before_the_key_was_stored() -> None:
    left = now(key("A", OLDER), key("B"), store=stored("A", OLDER))
    assert decide("rotated", left) == ("create", ("B",))
    used = replace(left, keys=(key("A", OLDER), key("B", last_used=NOW)))
    assert "in use" in refusal("rotated", used)
    assert decide("retired", left) == ("delete", ("B",))


def test_retiring_needs_a_stored_key() -> None:
    assert "nothing is stored" in refusal("retired", now(key("A")))
    assert "no such key" in refusal("retired", now(key("A"), store=stored("C")))


def test_removal() -> None:
    everything = now(key("A"), key("B"), store=stored("B", replaces="A"))
    decision = decisions.decide("absent", everything, False)
    assert (decision.action, decision.delete_ids, decision.remove_stored) == ("delete", ("A", "B"), True)
    assert decisions.decide("absent", now(key("A"), key("B"), store=stored("B")), False).delete_ids == ("B",)
    decision = decisions.decide("absent", now(store=stored("B")), False)
    assert (decision.delete_ids, decision.remove_stored, decision.changes) == ((), True, True)
    decision = decisions.decide("absent", now(key("A")), False)
    assert (decision.action, decision.changes) == ("keep", False)
    assert "A is not stored and stays" in decision.message


def test_flaws_are_mended() -> None:
    flawed = replace(stored("A"), flaws=("its mode is 0644",))
    decision = decisions.decide("present", now(key("A"), store=flawed), False)
    assert (decision.action, decision.rewrite, decision.changes) == ("keep", True, True)
    assert "its mode is 0644" in decision.message


def test_a_note_of_a_moment_ago_is_anothers_turn() -> None:
    note = keys.Reservation("another", YOUNG, ())
    for state in decisions.STATES:
        assert decide(state, now(reservation=note)) == ("wait", ())
        assert decide(state, now(key("A"), store=stored("A"), reservation=note)) == ("wait", ())


def test_what_a_broken_off_run_left_is_taken_away() -> None:
    first = now(key("A"), reservation=keys.Reservation("dead", OLD, ()))
    assert decide("present", first) == ("create", ("A",))
    absent = decisions.decide("absent", first, False)
    assert (absent.action, absent.delete_ids, absent.remove_stored) == ("delete", ("A",), True)
    assert decide("present", now(reservation=keys.Reservation("dead", OLD, ()))) == ("create", ())

    second = now(
        key("A", OLDER), key("B"), store=stored("A", OLDER), reservation=keys.Reservation("dead", OLD, ("A",))
    )
    present = decisions.decide("present", second, False)
    assert (present.action, present.delete_ids, present.rewrite) == ("delete", ("B",), True)
    assert "B, which an interrupted run made and did not store, is deleted" in present.message
    assert decide("rotated", second) == ("create", ("B",))


def test_what_others_made_meanwhile_is_not_taken_for_a_broken_off_runs() -> None:
    note = keys.Reservation("dead", OLD, ())
    assert "has A" in refusal("present", now(key("A", OLDER), reservation=note))
    assert "has A" in refusal("present", now(key("A", last_used=NOW), reservation=note))
    kept = decisions.decide("present", now(key("A"), store=stored("A"), reservation=note), False)
    assert (kept.action, kept.delete_ids, kept.rewrite) == ("keep", (), True)


DATES = st.sampled_from([OLDER, OLD, YOUNG])
IN_IAM = st.lists(
    st.builds(keys.Key, st.sampled_from("AB"), st.booleans(), DATES, st.none() | DATES),
    max_size=2,
    unique_by=lambda each: each.access_key_id,
)
NOTES = st.none() | st.builds(
    keys.Reservation, st.just("another"), DATES, st.lists(st.sampled_from("AB"), max_size=2).map(tuple)
)
IN_STORE = st.none() | st.builds(stored, st.sampled_from("ABC"), DATES, replaces=st.sampled_from("ABC"))


@given(
    in_iam=IN_IAM, store=IN_STORE, note=NOTES, state=st.sampled_from(decisions.STATES), recreate=st.booleans()
)
def test_what_holds_of_every_decision(
    in_iam: list[keys.Key],
    store: keys.StoredKey | None,
    note: keys.Reservation | None,
    state: str,
    recreate: bool,
) -> None:
    key_state = now(*in_iam, store=store, reservation=note)
    try:
        decision = decisions.decide(state, key_state, recreate)
    except AwsError:
        return
    left = [each for each in in_iam if each.access_key_id not in decision.delete_ids]
    assert set(decision.delete_ids) <= {each.access_key_id for each in in_iam}
    if decision.action == "create":
        assert len(left) < keys.MAX_KEYS
        # The key that works is never deleted for another one.
        working = [
            each for each in in_iam if store and each.active and each.access_key_id == store.access_key_id
        ]
        assert all(each in left for each in working)
    if state == "present" and not recreate:
        assert set(decision.delete_ids) <= set(key_state.left_by_a_killed_run)
    if state == "retired" and decision.action == "delete":
        assert store
        assert [each.access_key_id for each in left if each.active] == [store.access_key_id]


ACCOUNT = {"partition": "aws", "account_id": "123456789012"}
READ = ("u", "here")


def test_what_is_stored_and_read_again() -> None:
    made = {"AccessKeyId": "A", "SecretAccessKey": "secret", "UserName": "u", "CreateDate": OLD}
    document = keys.new_document(made, ACCOUNT, None)
    assert document == {
        "access_key_id": "A",
        "secret_access_key": "secret",
        "user_name": "u",
        "create_date": "2026-01-30T12:00:00+00:00",
        "partition": "aws",
        "account_id": "123456789012",
    }
    assert keys.read_document(keys.text_of(document), *READ) == (document, None)
    assert keys.new_document(made, ACCOUNT, "B")["replaces"] == "B"
    assert keys.age_days(document["create_date"], NOW) == 1
    assert keys.age_days("yesterday", NOW) == 1
    assert keys.age_days(None, NOW) is None


def test_a_note_is_stored_with_the_key_that_there_is() -> None:
    note = keys.Reservation("mark", NOW, ("A",))
    empty = now(key("A"))
    assert keys.read_document(keys.text_of(keys.with_reservation(empty, "mark")), *READ) == ({}, note)
    held = now(key("A"), store=stored("A"))
    assert held.stored
    assert keys.read_document(keys.text_of(keys.with_reservation(held, "mark")), *READ) == (
        held.stored.document,
        note,
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "[]",
        "{}",
        '{"access_key_id": "A", "secret_access_key": 1}',
        '{"user_name": "u"}',
        '{"user_name": "u", "making": "tea"}',
        '{"user_name": "u", "making": {"by": "x", "at": "noon", "keys": []}}',
        '{"user_name": "u", "secret_access_key": "s", "making": {"by": "x", "at": "2026-01-31", "keys": []}}',
    ],
)
def test_anything_else_that_is_stored_is_left_alone(text: str) -> None:
    with pytest.raises(AwsError, match="something else than an access key"):
        keys.read_document(text, *READ)


def test_another_users_key_is_left_alone() -> None:
    text = json.dumps({"access_key_id": "A", "secret_access_key": "hush-hush", "user_name": "v"})
    with pytest.raises(AwsError, match="the key of another user, v") as failed:
        keys.read_document(text, *READ)
    assert "hush-hush" not in str(failed.value)


def test_another_accounts_key_is_left_alone() -> None:
    china = keys.account_of("arn:aws-cn:iam::210987654321:user/admin")
    with pytest.raises(AwsError, match="belongs to account 123456789012 of partition aws") as failed:
        keys.refuse_other_account(now(store=stored("A", OLD, **ACCOUNT)), china)
    assert "these credentials to account 210987654321 of partition aws-cn" in str(failed.value)
    keys.refuse_other_account(now(store=stored("A", OLD, **ACCOUNT)), ACCOUNT)
    keys.refuse_other_account(now(store=stored("A")), china)


def test_after() -> None:
    held = now(key("A"), store=stored("A"))
    create = keys.Decision("create", "", ("A",))
    assert decisions.after(held, create, "N") == ([key("N", NOW)], "N")
    assert decisions.after(held, keys.Decision("keep", ""), "N") == ([key("A")], "A")
    assert decisions.after(held, keys.Decision("delete", "", ("A",), remove_stored=True), "N") == ([], None)
    former = keys.Decision("delete", "", deactivate=("A",))
    both = now(key("A", OLDER), key("B"), store=stored("B"))
    assert decisions.after(both, former, "N") == ([key("A", OLDER, active=False), key("B")], "B")


def moving(*in_iam: keys.Key, store: keys.StoredKey | None = None, **previous: Any) -> keys.KeyState:
    return replace(now(*in_iam, store=store), previous=keys.PreviousStore("secret /old", **previous))


def test_a_key_that_is_stored_in_the_previous_place_alone_is_copied() -> None:
    there = replace(stored("A"), copied_from="secret /old")
    decision = decisions.decide("present", moving(key("A"), store=there, access_key_id="A"), False)
    assert (decision.action, decision.rewrite) == ("keep", True)
    assert decision.message == "the key A is active and is copied from secret /old"
    assert decide("rotated", moving(key("A"), store=there, access_key_id="A")) == ("create", ())


def test_a_key_that_cannot_be_copied_is_replaced() -> None:
    decision = decisions.decide("present", moving(key("A")), False)
    assert (decision.action, decision.delete_ids) == ("create", ())
    assert decision.message.startswith("the key A cannot be copied, and stays active until it is retired")
    assert ": nothing is stored in secret /old: a new key" in decision.message
    unreadable = moving(key("A"), unreadable="AccessDenied")
    assert ": AccessDenied: a new key" in decisions.decide("present", unreadable, False).message
    assert "AWS allows no more" in refusal("present", moving(key("A"), key("B")))
    assert decisions.decide("present", moving(), False).message.startswith("nothing is stored: ")


@pytest.mark.parametrize(
    ("state", "key_state", "keep", "is_removed"),
    [
        ("present", moving(key("A"), store=stored("A"), access_key_id="A"), False, True),
        ("present", moving(key("A"), store=stored("A"), access_key_id="A"), True, False),
        # Nothing else has its secret, or another run is about to.
        ("present", moving(key("A"), key("B"), store=stored("B"), access_key_id="A"), False, False),
        (
            "present",
            moving(key("A"), store=stored("A"), access_key_id="A", is_busy=True),
            False,
            False,
        ),
        ("present", moving(key("B"), store=stored("B"), access_key_id="A", has_ended=True), False, True),
        # It may be of another account, or so new that IAM does not list it.
        ("present", moving(key("B"), store=stored("B"), access_key_id="A"), False, False),
        ("present", moving(key("A"), store=stored("A")), False, False),
        ("rotated", moving(key("A"), store=stored("A"), access_key_id="A"), False, False),
        ("absent", moving(key("A"), store=stored("A"), access_key_id="A"), True, True),
        ("absent", moving(access_key_id="A"), False, False),
    ],
)
def test_when_the_previous_place_is_emptied(
    state: str, key_state: keys.KeyState, keep: bool, is_removed: bool
) -> None:
    decision = decisions.decide(state, key_state, False)
    decision = decisions.with_previous(state, key_state, decision, keep=keep)
    assert decision.remove_previous is is_removed
