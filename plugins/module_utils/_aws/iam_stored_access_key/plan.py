# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Decide what to do about the access key of an IAM user: plain data in, plain data out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Optional

from . import plan_retirement as retirement
from .model import MAX_KEYS, Decision, Key, KeyState, RotationInGrace, StoredKey, date_of, ids, listed
from .plan_retirement import AT_ONCE, Retirement

STATES = ("present", "rotated", "retired", "absent")


def decide(state: str, now: KeyState, recreate: bool, how: Retirement = AT_ONCE) -> Decision:
    """Return the decision. AwsError with a remedy if the user has to decide.

    how: when a key may be deactivated and deleted.
    """
    if now.reservation is None:
        return _decide(state, now, recreate, how)
    if now.is_young(now.reservation.at):
        return Decision("wait", "another run is making a key")
    left = now.left_by_a_killed_run
    seen = replace(now, keys=tuple(key for key in now.keys if key.access_key_id not in left))
    decision = _decide(state, seen, recreate, how)
    if decision.pending:
        return decision
    found = f"{listed(left)}, which an interrupted run made and did not store, is deleted; " if left else ""
    return replace(
        decision,
        action="delete" if decision.action == "keep" and (left or state == "absent") else decision.action,
        message=f"{found}{decision.message}",
        delete_ids=(*left, *decision.delete_ids),
        rewrite=decision.action in ("keep", "delete") and state != "absent",
        remove_stored=decision.remove_stored or state == "absent",
    )


def _decide(state: str, now: KeyState, recreate: bool, how: Retirement) -> Decision:
    if state == "present":
        return retirement.without_expired(now, how, _present(now, recreate))
    if state == "rotated":
        return _rotated(now, recreate, how)
    return _retired(now, how) if state == "retired" else _absent(now, how)


def _retired(now: KeyState, how: Retirement) -> Decision:
    if now.stored is None:
        raise now.error("nothing is stored, so it is not known which key to keep", "Use state=present first")
    return retirement.decide(now, how, _present(now, False))


def _present(now: KeyState, recreate: bool) -> Decision:
    if now.stored is None:
        return _first_key(now, recreate)
    stored_id = now.stored.access_key_id
    key = now.key(stored_id)
    if key and key.active:
        return _keep(now.stored)
    if key is None and now.is_young(date_of(now.stored.document.get("create_date"), now.now)):
        return Decision("wait", f"IAM does not list the stored key {stored_id} yet")
    if recreate:
        return _create(now, f"the stored key {stored_id} is unusable", (stored_id,) if key else (), recreate)
    if key is None:
        raise now.error(
            f"the key {stored_id} is stored, but the user has no such key any more",
            "Set recreate=true (in the role s3_recording_key_recreate) to make and store a new one",
        )
    raise now.error(
        f"the key {stored_id} is stored, but inactive in IAM",
        "Activate it (aws iam update-access-key --status Active), or set recreate=true "
        "(in the role s3_recording_key_recreate) to replace it",
    )


def _keep(stored: StoredKey) -> Decision:
    if stored.copied_from:
        message = f"the key {stored.access_key_id} is active and is copied from {stored.copied_from}"
        return Decision("keep", message, rewrite=True)
    flaws = "; ".join(stored.flaws)
    again = f", to be stored again because {flaws}" if flaws else ""
    return Decision("keep", f"the stored key {stored.access_key_id} is active{again}", rewrite=bool(flaws))


def _first_key(now: KeyState, recreate: bool) -> Decision:
    live = [key for key in now.keys if key.active]
    young = [key.access_key_id for key in live if now.is_young(key.created)]
    if young:
        return Decision("wait", f"{listed(young)} was made a moment ago and is not stored yet")
    if live and not recreate and now.previous is None:
        raise now.error(
            f"nothing is stored, but the user has {listed(ids(live))}, whose secret cannot be read again",
            "If you have the secret, store it yourself; else set recreate=true (in the role "
            "s3_recording_key_recreate) to make and store another key (the old one stays until "
            "state=retired)",
        )
    return _create(now, why_not_copied(now) or "nothing is stored", (), recreate)


def why_not_copied(now: KeyState) -> str:
    """Return why a key in use is not copied from the previous key store; empty if there is none."""
    previous, live = now.previous, ids([key for key in now.keys if key.active])
    if previous is None or now.stored or not live:
        return ""
    why = previous.unreadable or f"nothing is stored in {previous.where}"
    return (
        f"the key {listed(live)} cannot be copied, and stays active until it is retired (in the role by "
        f"rotate_key.yml): {why}"
    )


def with_previous(state: str, now: KeyState, decision: Decision, *, keep: bool) -> Decision:
    """Return a decision with what becomes of the previous key store: it goes when the key is in the new one.

    keep: True if it has to stay for now.
    """
    previous = now.previous
    if previous is None or not previous.access_key_id or decision.action == "wait":
        return decision
    if state == "absent":
        return replace(decision, remove_previous=decision.remove_stored)
    current = now.stored.access_key_id if now.stored and decision.action != "create" else ""
    is_copy = previous.access_key_id == current
    if previous.is_busy or not (current and (is_copy or previous.has_ended)):
        message = f"{decision.message}; {previous.where} stays, it has the key {previous.access_key_id}"
        return replace(decision, message=message)
    if keep:
        return decision
    return replace(decision, message=f"{decision.message}; {previous.where} is deleted", remove_previous=True)


def before_removal(decision: Decision) -> Decision:
    """Return what of a decision is carried out before it deletes what the previous key store holds."""
    return replace(decision, message=decision.message.rpartition("; ")[0], remove_previous=False)


def _create(now: KeyState, why: str, delete_ids: Sequence[str], recreate: bool) -> Decision:
    stay = [key for key in now.keys if key.access_key_id not in delete_ids]
    inactive = [key for key in stay if not key.active]
    if len(stay) >= MAX_KEYS and recreate and inactive:
        delete_ids = [*delete_ids, inactive[0].access_key_id]
    elif len(stay) >= MAX_KEYS:
        raise now.error(
            f"a new key is needed ({why}), but the user has {MAX_KEYS} already, {listed(ids(stay))}, "
            "and AWS allows no more",
            "Delete the one that nothing uses (aws iam get-access-key-last-used, aws iam delete-access-key)",
        )
    deleted = f", {listed(delete_ids)} is deleted" if delete_ids else ""
    return Decision("create", f"{why}: a new key is made and stored{deleted}", tuple(delete_ids))


def _rotated(now: KeyState, recreate: bool, how: Retirement) -> Decision:
    decision = _present(now, recreate)
    if decision.action != "keep" or now.stored is None:
        return decision
    if not now.others:
        return _create(now, f"the stored key {now.stored.access_key_id} is to be rotated", (), False)
    newer = [key for key in now.others if not now.is_previous(key)]
    if not newer:
        return _rotated_again(now, how, decision)
    if any(now.is_young(key.created) for key in newer):
        return Decision("wait", f"{listed(ids(newer))} was made a moment ago and is not stored yet")
    if any(key.last_used for key in newer):
        raise now.error(
            f"the key {listed(ids(newer))} is newer than the stored one, not stored, and in use",
            "Find out who uses it and delete it, then rotate again",
        )
    return _create(now, "an interrupted rotation left a key that is not stored", ids(newer), False)


def _rotated_again(now: KeyState, how: Retirement, present: Decision) -> Decision:
    """Return what a rotation does if the key that the stored one has followed still exists."""
    document = now.stored.document if now.stored else {}
    current, old = document.get("access_key_id"), listed(ids(now.others))
    until = retirement.end_of_grace(now, how)
    if until is None and not (how.leaked and document.get("moved_at")):
        message = (
            f"{present.message}, no other key is made, because the rotation to it is not finished: the old "
            f"key {old} stays until state=retired. If {current} has leaked, finish it and rotate with "
            "leaked=true"
        )
        return Decision("keep", message, rewrite=present.rewrite)
    if until and not (how.leaked or until.is_over):
        refusal = now.error(
            f"the key {current} was made at {document.get('create_date')} and is in use since the last "
            f"rotation; the old key {old} is inactive and kept until {until.message}. AWS allows {MAX_KEYS} "
            "keys, so no other key was made, and nothing was changed",
            f"Wait until then and run again. If {current} has leaked, rotate now with leaked=true (in the "
            "role s3_recording_key_leaked=true): the old key is deleted to make room, and "
            f"{current} is made inactive as soon as the servers have moved",
        )
        raise RotationInGrace(*refusal.args)
    why = f"{current} has leaked" if how.leaked else f"the stored key {current} is to be rotated"
    return _create(now, why, ids(now.others), False)


def _absent(now: KeyState, how: Retirement) -> Decision:
    if now.stored is None:
        left = f"; {listed(ids(now.keys))} is not stored and stays" if now.keys else ""
        return Decision("keep", f"nothing is stored{left}")
    ours = (now.stored.access_key_id, now.stored.document.get("replaces"))
    if how.gradual:
        stored_here = tuple(key for key in now.keys if key.access_key_id in ours)
        return retirement.decide_end(replace(now, keys=stored_here), how)
    pending = retirement.in_use_until(how)
    if pending and any(key.active for key in now.keys):
        message = f"{now.stored.access_key_id} and what is stored stay, because {pending}"
        return Decision("keep", message, pending=pending)
    delete_ids = tuple(key.access_key_id for key in now.keys if key.access_key_id in ours)
    deleted = f"{listed(delete_ids)} is deleted" if delete_ids else "the stored key is not in IAM any more"
    return Decision("delete", f"{deleted} and removed from the key store", delete_ids, remove_stored=True)


def after(now: KeyState, decision: Decision, new_id: str) -> tuple[list[Key], Optional[str]]:
    """Return the user's keys and the stored one after a decision is applied."""
    keys = [
        replace(key, active=key.active and key.access_key_id not in decision.deactivate)
        for key in now.keys
        if key.access_key_id not in decision.delete_ids
    ]
    stored = now.stored.access_key_id if now.stored and not decision.remove_stored else None
    return ([*keys, Key(new_id, True, now.now)], new_id) if decision.action == "create" else (keys, stored)
