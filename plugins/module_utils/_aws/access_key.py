# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""What is to be done about the access key of an IAM user: plain data in, plain data out.

An access key lives in two places, IAM and a store, and its secret can be read from IAM once. What is stored
is a JSON document with access_key_id, secret_access_key, user_name, create_date, partition, account_id and,
for a key that followed another, replaces. While a run makes a key the document has a note of it, making,
which is all that it has when there was no key before. So a run finds out that it can write to the store
before there is a key, no two make one at the same time, and what a killed run left can be told from what
others made.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Optional

from .errors import AwsError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
MAX_KEYS = 2
# A run stores a key within a second or two of its creation. Until this time has passed, a key that is in one
# place alone may be that of another run, as may a note; after it, it is what an interrupted run left.
SETTLED_AFTER = timedelta(seconds=30)
STATES = ("present", "rotated", "retired", "absent")


@dataclass(frozen=True)
class Key:
    """A key as IAM has it."""

    access_key_id: str
    active: bool
    created: datetime
    used: bool = False


@dataclass(frozen=True)
class Stored:
    """A key as the store has it. version tells the store whether it was changed; flaws can be mended."""

    document: Mapping[str, Any]
    version: Any = None
    flaws: tuple[str, ...] = ()

    @property
    def access_key_id(self) -> str:
        return str(self.document["access_key_id"])


@dataclass(frozen=True)
class Making:
    """The note of a run that makes a key. by: its mark. at: AWS's clock. keys: the user's at that time."""

    by: str
    at: datetime
    keys: tuple[str, ...]


@dataclass(frozen=True)
class Situation:
    """Everything that decides. where: the store in words. now: AWS's clock."""

    user_name: str
    where: str
    keys: tuple[Key, ...]
    stored: Optional[Stored]
    now: datetime
    making: Optional[Making] = None

    def key(self, access_key_id: str) -> Optional[Key]:
        return next((key for key in self.keys if key.access_key_id == access_key_id), None)

    @property
    def others(self) -> tuple[Key, ...]:
        """Keys that are not the stored one."""
        stored = self.stored.access_key_id if self.stored else None
        return tuple(key for key in self.keys if key.access_key_id != stored)

    @property
    def left_by_a_killed_run(self) -> tuple[str, ...]:
        """Keys that were made after the note was and never stored, so that nobody has their secret."""
        making = self.making
        if making is None:
            return ()
        # AWS's clock shows whole seconds.
        begun = making.at - timedelta(seconds=1)
        mine = (key for key in self.others if key.access_key_id not in making.keys)
        return tuple(key.access_key_id for key in mine if key.created >= begun and not key.used)

    def is_young(self, created: datetime) -> bool:
        return self.now - created < SETTLED_AFTER

    def error(self, came_back: str, remedy: str) -> AwsError:
        return AwsError(f"The access key of IAM user {self.user_name} in {self.where}", came_back, remedy)


@dataclass(frozen=True)
class Decision:
    """keep: nothing to make. create: delete `first`, make a key, store it. delete: delete `first`.

    wait: another run may be at it, look again.
    mend: store again what is stored. forget: take it out of the store.
    """

    action: str
    words: str
    first: tuple[str, ...] = ()
    mend: bool = False
    forget: bool = False

    @property
    def changes(self) -> bool:
        return self.action in ("create", "delete") or self.mend or self.forget


def read_document(text: str, user_name: str, where: str) -> tuple[dict[str, Any], Optional[Making]]:
    """What is stored, if it is this user's: the key, empty where there is only a note, and the note.

    Anything else is never overwritten.
    """
    tried = f"The access key of IAM user {user_name} in {where}"
    way_out = "Choose another stored_at, or remove what is there yourself if nothing needs it"
    try:
        document = json.loads(text)
        making = _making(document.pop("making", None))
    except (ValueError, AttributeError, TypeError, KeyError):
        document, making = None, None
    names = ("access_key_id", "secret_access_key", "user_name")
    if not isinstance(document, dict) or not (
        all(isinstance(document.get(each), str) for each in names)
        or (making and set(document) == {"user_name"})
    ):
        raise AwsError(tried, "something else than an access key is stored there", way_out)
    if document["user_name"] != user_name:
        raise AwsError(tried, f"the key of another user, {document['user_name']}, is stored there", way_out)
    return (document if "access_key_id" in document else {}), making


def _making(note: Any) -> Optional[Making]:
    if note is None:
        return None
    at = datetime.fromisoformat(note["at"])
    return Making(
        str(note["by"]),
        at if at.tzinfo else at.replace(tzinfo=timezone.utc),
        tuple(str(each) for each in note["keys"]),
    )


def with_note(now: Situation, mark: str) -> dict[str, Any]:
    """The document to store before a key is made."""
    held = now.stored.document if now.stored else {"user_name": now.user_name}
    return {**held, "making": {"by": mark, "at": now.now.isoformat(), "keys": list(_ids(now.keys))}}


def new_document(
    key: Mapping[str, Any], account: Mapping[str, str], replaces: Optional[str]
) -> dict[str, str]:
    """What is to be stored of a key that IAM has just made."""
    document = {
        "access_key_id": str(key["AccessKeyId"]),
        "secret_access_key": str(key["SecretAccessKey"]),
        "user_name": str(key["UserName"]),
        "create_date": key["CreateDate"].isoformat(),
        **account,
    }
    return {**document, "replaces": replaces} if replaces else document


def text_of(document: Mapping[str, Any]) -> str:
    return json.dumps(document)


def account_of(arn: str) -> dict[str, str]:
    """Partition and account that a key belongs to, from the ARN of somebody in it."""
    _arn, partition, _service, _region, account_id = arn.split(":")[:5]
    return {"partition": partition, "account_id": account_id}


def refuse_other_account(now: Situation, account: Mapping[str, str]) -> None:
    """A key that IAM does not list may be another account's, which is no reason to replace it."""
    document = now.stored.document if now.stored else {}
    theirs = {name: document[name] for name in account if name in document}
    if any(account[name] != value for name, value in theirs.items()):
        raise now.error(
            f"the stored key {document['access_key_id']} belongs to {_in_words(theirs)}, "
            f"and these credentials to {_in_words(account)}",
            "Use the credentials of that account, or choose another stored_at",
        )


def _in_words(account: Mapping[str, str]) -> str:
    return f"account {account.get('account_id')} of partition {account.get('partition')}"


def decide(state: str, now: Situation, recreate: bool) -> Decision:
    """What to do. Raises AwsError with the way out where the user has to decide."""
    if now.making is None:
        return _decide(state, now, recreate)
    if now.is_young(now.making.at):
        return Decision("wait", "another run is making a key")
    left = now.left_by_a_killed_run
    seen = replace(now, keys=tuple(key for key in now.keys if key.access_key_id not in left))
    decision = _decide(state, seen, recreate)
    found = f"{_listed(left)}, which a broken off run made and did not store, is deleted; " if left else ""
    return replace(
        decision,
        action="delete" if decision.action == "keep" and (left or state == "absent") else decision.action,
        words=f"{found}{decision.words}",
        first=(*left, *decision.first),
        mend=decision.action in ("keep", "delete") and state != "absent",
        forget=decision.forget or state == "absent",
    )


def _decide(state: str, now: Situation, recreate: bool) -> Decision:
    if state == "present":
        return _present(now, recreate)
    if state == "rotated":
        return _rotated(now, recreate)
    return _retired(now) if state == "retired" else _absent(now)


def _present(now: Situation, recreate: bool) -> Decision:
    if now.stored is None:
        return _first_key(now, recreate)
    stored_id = now.stored.access_key_id
    key = now.key(stored_id)
    if key and key.active:
        flaws = "; ".join(now.stored.flaws)
        words = f"the stored key {stored_id} is active" + (
            f", to be stored again because {flaws}" if flaws else ""
        )
        return Decision("keep", words, mend=bool(flaws))
    if key is None and now.is_young(_date(now.stored.document.get("create_date"), now.now)):
        return Decision("wait", f"IAM does not list the stored key {stored_id} yet")
    if recreate:
        return _create(now, f"the stored key {stored_id} is of no use", (stored_id,) if key else (), recreate)
    if key is None:
        raise now.error(
            f"the key {stored_id} is stored, but the user has no such key any more",
            "Set recreate=true to make and store a new one",
        )
    raise now.error(
        f"the key {stored_id} is stored, but inactive in IAM",
        "Activate it (aws iam update-access-key --status Active), or set recreate=true to replace it",
    )


def _first_key(now: Situation, recreate: bool) -> Decision:
    live = [key for key in now.keys if key.active]
    young = [key.access_key_id for key in live if now.is_young(key.created)]
    if young:
        return Decision("wait", f"{_listed(young)} was made a moment ago and is not stored yet")
    if live and not recreate:
        raise now.error(
            f"nothing is stored, but the user has {_listed(_ids(live))}, whose secret cannot be read again",
            "If you have the secret, store it yourself; else set recreate=true to make and store another key "
            "(the former stays until state=retired)",
        )
    return _create(now, "nothing is stored", (), recreate)


def _create(now: Situation, why: str, first: Sequence[str], recreate: bool) -> Decision:
    stay = [key for key in now.keys if key.access_key_id not in first]
    inactive = [key for key in stay if not key.active]
    if len(stay) >= MAX_KEYS and recreate and inactive:
        first = [*first, inactive[0].access_key_id]
    elif len(stay) >= MAX_KEYS:
        raise now.error(
            f"a new key is needed ({why}), but the user has {MAX_KEYS} already, {_listed(_ids(stay))}, "
            "and AWS allows no more",
            "Delete the one that nothing uses (aws iam get-access-key-last-used, aws iam delete-access-key)",
        )
    deleted = f", {_listed(first)} is deleted" if first else ""
    return Decision("create", f"{why}: a new key is made and stored{deleted}", tuple(first))


def _rotated(now: Situation, recreate: bool) -> Decision:
    decision = _present(now, recreate)
    if decision.action != "keep" or now.stored is None:
        return decision
    if not now.others:
        return _create(
            now, f"the stored key {now.stored.access_key_id} is to be followed by another", (), False
        )
    newer = [key for key in now.others if not _is_former(key, now)]
    if not newer:
        words = (
            f"{decision.words}; {_listed(_ids(now.others))} is the former one and stays until state=retired"
        )
        return Decision("keep", words, mend=decision.mend)
    if any(now.is_young(key.created) for key in newer):
        return Decision("wait", f"{_listed(_ids(newer))} was made a moment ago and is not stored yet")
    if any(key.used for key in newer):
        raise now.error(
            f"the key {_listed(_ids(newer))} is newer than the stored one, not stored, and in use",
            "Find out who uses it and delete it, then rotate again",
        )
    return _create(now, "an interrupted rotation left a key that is not stored", _ids(newer), False)


def _is_former(key: Key, now: Situation) -> bool:
    """Whether a key is one that the stored key has followed."""
    stored = now.stored
    current = now.key(stored.access_key_id) if stored else None
    if stored is None or current is None:
        return False
    return key.access_key_id == stored.document.get("replaces") or key.created < current.created


def _retired(now: Situation) -> Decision:
    if now.stored is None:
        raise now.error(
            "nothing is stored, so no key can be told to be the one to keep", "Use state=present first"
        )
    decision = _present(now, False)
    if decision.action != "keep" or not now.others:
        return decision
    young = [key for key in now.others if now.is_young(key.created) and not _is_former(key, now)]
    if young:
        return Decision("wait", f"{_listed(_ids(young))} was made a moment ago and is not stored yet")
    first = _ids(now.others)
    return Decision("delete", f"{decision.words}; {_listed(first)} is deleted", first, mend=decision.mend)


def _absent(now: Situation) -> Decision:
    if now.stored is None:
        left = f"; {_listed(_ids(now.keys))} is not stored and stays" if now.keys else ""
        return Decision("keep", f"nothing is stored{left}")
    ours = (now.stored.access_key_id, now.stored.document.get("replaces"))
    first = tuple(key.access_key_id for key in now.keys if key.access_key_id in ours)
    deleted = f"{_listed(first)} is deleted" if first else "the stored key is not in IAM any more"
    return Decision("delete", f"{deleted} and taken out of the store", first, forget=True)


def after(now: Situation, decision: Decision, new_id: str) -> tuple[list[str], Optional[str]]:
    """The user's keys and the stored one after a decision is carried out."""
    keys = [key.access_key_id for key in now.keys if key.access_key_id not in decision.first]
    stored = now.stored.access_key_id if now.stored and not decision.forget else None
    return ([*keys, new_id], new_id) if decision.action == "create" else (keys, stored)


def age_days(created: Optional[str], now: datetime) -> Optional[int]:
    return max(0, (now - _date(created, now)).days) if created else None


def _date(text: Any, otherwise: datetime) -> datetime:
    """A stored date; one that cannot be read counts as long ago."""
    try:
        date = datetime.fromisoformat(str(text))
    except ValueError:
        return otherwise - timedelta(days=1)
    return date if date.tzinfo else date.replace(tzinfo=otherwise.tzinfo)


def _ids(keys: Sequence[Key]) -> tuple[str, ...]:
    return tuple(key.access_key_id for key in keys)


def _listed(ids: Sequence[str]) -> str:
    return " and ".join(ids)
