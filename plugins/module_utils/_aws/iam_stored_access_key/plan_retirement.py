# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Decide when the previous key may be deactivated and deleted: plain data in, plain data out.

A server signs a multipart upload with the key that it began with, to the last part (seen on AMS 2.17.1);
everything that begins after the switch is signed with the new one, streams that were running included. So
the uploads in progress have to end before the previous key is made inactive. It is deleted a grace period
after that, in which it can be made active again if something else turns out to need it.

The stored document records moved_at, when everything had moved to the stored key; used_at, the last use of a
previous key that was seen after that; and inactive_since, for each previous key when it was made inactive. A
use that is recorded already is over: what goes on using a key causes another one each time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Optional

from ..._common.plain_text import abbreviate
from .model import Decision, Key, KeyState, date_of, ids, listed

# AWS gives the last use of a key to the minute or so.
# https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccessKeyLastUsed.html
_PRECISION = timedelta(minutes=2)
_NOTES = ("moved_at", "used_at", "inactive_since")


@dataclass(frozen=True)
class Retirement:
    """delete_after: from inactive to deleted, None if that is not given. switch_wait: from the last switch to
    inactive; for the last key of a user, what is left until it may be deleted.
    uploads: in progress now. not_listed: why they are not known.
    leaked: the old key is made inactive at once, whatever still uses it.
    gradual: the last key of a user ends like an old key, and is not deleted at once.
    """

    delete_after: Optional[timedelta] = timedelta(0)
    switch_wait: timedelta = timedelta(0)
    uploads: tuple[str, ...] = ()
    not_listed: str = ""
    leaked: bool = False
    gradual: bool = False


@dataclass(frozen=True)
class EndOfGrace:
    """When the last of the old keys may be deleted, as far as that is known."""

    at: Optional[datetime]
    is_over: bool

    @property
    def message(self) -> str:
        return f"{self.at:%Y-%m-%dT%H:%M:%SZ}" if self.at else "a run with state=retired deletes it"


AT_ONCE = Retirement()


def end_of_grace(now: KeyState, how: Retirement) -> Optional[EndOfGrace]:
    """Return the end of the grace of the old keys; None if a rotation has not made all of them inactive."""
    if now.stored is None or any(key.active for key in now.others):
        return None
    known = now.stored.document.get("inactive_since") or {}
    if not all(key.access_key_id in known for key in now.others):
        return None
    if how.delete_after is None:
        return EndOfGrace(None, False)
    at = max(date_of(known[each], now.now) for each in ids(now.others)) + how.delete_after
    return EndOfGrace(at, at <= now.now)


def without_expired(now: KeyState, how: Retirement, present: Decision) -> Decision:
    """Return the decision about the stored key, with old keys deleted whose grace is over."""
    until = end_of_grace(now, how) if now.others and present.action == "keep" else None
    if until is None or not until.is_over or now.stored is None:
        return present
    return Decision(
        "delete",
        f"{present.message}; the old key {listed(ids(now.others))} is deleted, its grace period is over",
        delete_ids=ids(now.others),
        rewrite=True,
        notes={name: None for name in _NOTES if now.stored.document.get(name) is not None},
    )


def decide(now: KeyState, how: Retirement, present: Decision) -> Decision:
    """Return the decision about the old keys. present: the decision about the stored key alone."""
    if now.stored is None or present.action != "keep" or not now.others:
        return present
    unstored = ids([key for key in now.others if now.is_young(key.created) and not now.is_previous(key)])
    if unstored:
        return Decision("wait", f"{listed(unstored)} was made a moment ago and is not stored yet")
    moved_at = now.stored.document.get("moved_at")
    since = date_of(moved_at, now.now) if moved_at else now.now
    pending = _pending(now, how, since)
    if not pending:
        return _OldKeys(now, how, now.stored.document, since).decision(present)
    notes = {} if moved_at else {"moved_at": now.now.isoformat()}
    message = f"{present.message}; {listed(ids(now.others))} stays active, because {pending}"
    return Decision("keep", message, rewrite=present.rewrite or bool(notes), notes=notes, pending=pending)


def _pending(now: KeyState, how: Retirement, since: datetime) -> str:
    """Return what has to be over before an active key is made inactive; empty if nothing has."""
    if how.leaked or not any(key.active for key in now.others):
        return ""
    left = since + how.switch_wait - now.now
    if left > timedelta(0):
        return f"the servers moved to the stored key a moment ago ({left.total_seconds():.0f} s to go)"
    return _uploading(how)


def decide_end(now: KeyState, how: Retirement) -> Decision:
    """Return the decision about the last keys of a user, which no server of the run uses any more.

    Only IAM knows what else uses them. So the first run records moved_at, and a later one sees whether
    something has used them since. With a delete_after of 0 they are deleted at once, unless that is so.
    """
    document: Mapping[str, Any] = now.stored.document if now.stored else {}
    moved_at = document.get("moved_at")
    pending = _unknown_uses(now, how, moved_at)
    if pending:
        notes = {} if moved_at else {"moved_at": now.now.isoformat()}
        return Decision("keep", pending, rewrite=bool(notes), notes=notes, pending=pending)
    since = date_of(moved_at, now.now) if moved_at else now.now
    keys = _OldKeys(replace(now, stored=None), how, document, since)
    decision = keys.decision(Decision("keep", ""))
    if keys.in_use or keys.staying:
        return replace(decision, pending=decision.message)
    message = f"{decision.message or 'the stored key is not in IAM any more'} and removed from the key store"
    return Decision("delete", message, decision.delete_ids, remove_stored=True)


def _unknown_uses(now: KeyState, how: Retirement, moved_at: Optional[str]) -> str:
    """Return why the last keys stay as they are, empty if it can be known whether something uses them."""
    is_active = any(key.active for key in now.keys)
    why = _uploading(how) if is_active else ""
    if now.keys and not (moved_at or why) and how.delete_after:
        why = "it is not known yet whether anything else uses it: a later run asks IAM, and makes it inactive"
    state = "active" if is_active else "inactive"
    return f"{listed(ids(now.keys))} stays {state}, because {why}" if why else ""


def in_use_until(how: Retirement) -> str:
    """Return what has to be over before the last key of a user is deleted; empty if nothing has."""
    left = how.switch_wait.total_seconds()
    if left > 0:
        return f"the servers stopped recording a moment ago ({left:.0f} s to go)"
    return _uploading(how)


def _uploading(how: Retirement) -> str:
    if not how.uploads:
        return ""
    return f"uploads in progress may have begun with it: {abbreviate(how.uploads, 3)}"


def _lost(how: Retirement) -> str:
    """Describe what running uploads lose when a leaked key is made inactive."""
    if how.not_listed:
        return f"it is not known which running uploads are lost ({how.not_listed})"
    if not how.uploads:
        return "no multipart upload was running"
    uploads = abbreviate(how.uploads, 3)
    return f"running uploads that began with it are lost, the files stay on the servers: {uploads}"


class _OldKeys:
    """The old keys by what happens to them.

    in_use: they stay as they are. ended: they are deleted. staying: they are inactive from now on; fresh:
    those of them for which that is not recorded yet.
    """

    def __init__(self, now: KeyState, how: Retirement, document: Mapping[str, Any], since: datetime) -> None:
        self.now, self.how, self.document = now, how, document
        self.inactive_since: Mapping[str, str] = document.get("inactive_since") or {}
        self.used_at: Mapping[str, str] = document.get("used_at") or {}
        self.in_use = [key for key in now.others if self._is_in_use(key, since + how.switch_wait)]
        self.ended = [key for key in now.others if key not in self.in_use and self._has_ended(key)]
        self.staying = [key for key in now.others if key not in (*self.in_use, *self.ended)]
        self.fresh = [key for key in self.staying if self._is_fresh(key)]

    def _is_in_use(self, key: Key, since: datetime) -> bool:
        used = key.last_used
        if self.how.leaked or used is None or used <= since + _PRECISION:
            return False
        return self.used_at.get(key.access_key_id) != used.isoformat()

    def _is_fresh(self, key: Key) -> bool:
        return key.active or key.access_key_id not in self.inactive_since

    def _has_ended(self, key: Key) -> bool:
        if not self.how.delete_after:
            return True
        since = self.inactive_since.get(key.access_key_id)
        return (
            not key.active
            and bool(since)
            and date_of(since, self.now.now) + self.how.delete_after <= self.now.now
        )

    def decision(self, present: Decision) -> Decision:
        notes, deactivate = self._notes(), ids([key for key in self.fresh if key.active])
        return Decision(
            "delete" if self.ended or deactivate else "keep",
            "; ".join(text for text in (present.message, *self._messages()) if text),
            delete_ids=ids(self.ended),
            deactivate=deactivate,
            rewrite=present.rewrite or bool(notes),
            notes=notes,
        )

    def _notes(self) -> dict[str, Any]:
        """Return the changes of the notes; None removes one."""
        left, moment = ids([*self.in_use, *self.staying]), self.now.now.isoformat()
        # Whoever used a leaked key until now does not keep it from being deleted.
        seen = [*self.in_use, *(self.fresh if self.how.leaked else [])]
        inactive_since = {**_only(self.inactive_since, left), **dict.fromkeys(ids(self.fresh), moment)}
        used_at = _only(self.used_at, left)
        used_at.update({key.access_key_id: key.last_used.isoformat() for key in seen if key.last_used})
        moved_at = self.document.get("moved_at", moment) if left else None
        notes = {"moved_at": moved_at, "used_at": used_at or None, "inactive_since": inactive_since or None}
        return {name: value for name, value in notes.items() if self.document.get(name) != value}

    def _messages(self) -> list[str]:
        found = [_describe_in_use(key) for key in self.in_use]
        if self.ended:
            found.append(f"{listed(ids(self.ended))} is deleted")
        found += [self._describe_staying(key) for key in self.staying]
        if self.how.leaked and any(key.active for key in (*self.ended, *self.staying)):
            found.append(_lost(self.how))
        return found

    def _describe_staying(self, key: Key) -> str:
        since = None if key.active else self.inactive_since.get(key.access_key_id)
        start = date_of(since, self.now.now) if since else self.now.now
        ends = start + (self.how.delete_after or timedelta(0))
        done = (
            "inactive" if not key.active else "made inactive at once" if self.how.leaked else "made inactive"
        )
        return f"{key.access_key_id} is {done}, a run after {ends:%Y-%m-%dT%H:%M:%SZ} deletes it"


def _only(notes: Mapping[str, str], names: Sequence[str]) -> dict[str, str]:
    return {name: notes[name] for name in names if name in notes}


def _describe_in_use(key: Key) -> str:
    return (
        f"{key.access_key_id} stays {'active' if key.active else 'inactive'}, because something has used it "
        f"since the servers moved (last {key.last_used:%Y-%m-%dT%H:%MZ}, {key.by}): unless that was a long "
        "upload, find out what it was and give it another key; once the key is unused, a later run continues"
    )
