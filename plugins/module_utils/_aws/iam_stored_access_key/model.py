# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""State of an IAM user's access key, and the stored document.

An access key lives in two places, IAM and a key store, and its secret can be read from IAM once. What is
stored is a JSON document with access_key_id, secret_access_key, user_name, create_date, partition, account_id
and, for a key that followed another, replaces. While a run makes a key the document has a reservation,
making, which is all that it has if there was no key before. So a run finds out that it can write to the key
store before there is a key, no two runs make one at the same time, and a killed run's leftovers are
recognized.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any, Optional

from ..._common.errors import AwsError

# What AMS needs of a stored key.
KEY_PARTS = ("access_key_id", "secret_access_key")
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
MAX_KEYS = 2
# A run stores a key within a second or two of its creation. Until this time has passed, a key that is in one
# place alone may be that of another run, as may a reservation; after it, it is what an interrupted run left.
SETTLED_AFTER = timedelta(seconds=30)


class RotationInGrace(AwsError):
    """A rotation is requested while the old key of the last one is still kept."""

    def result(self, secrets: Iterable[Optional[str]] = ()) -> dict[str, Any]:
        return {**super().result(secrets), "in_grace": True}


@dataclass(frozen=True)
class Key:
    """A key as IAM has it. last_used, by: when and by what, if that was read."""

    access_key_id: str
    active: bool
    created: datetime
    last_used: Optional[datetime] = None
    by: str = ""


@dataclass(frozen=True)
class StoredKey:
    """A key as the key store has it. version shows if it was changed since; storing again fixes flaws.

    copied_from: the previous key store, if the key is stored nowhere else.
    """

    document: Mapping[str, Any]
    version: Any = None
    flaws: tuple[str, ...] = ()
    copied_from: str = ""

    @property
    def access_key_id(self) -> str:
        return str(self.document["access_key_id"])


@dataclass(frozen=True)
class Reservation:
    """A run's record that it makes a key. by: its mark. at: AWS's clock. keys: the user's at that time."""

    by: str
    at: datetime
    keys: tuple[str, ...]


@dataclass(frozen=True)
class PreviousStore:
    """What a key store holds from which the key moves to another. access_key_id: empty if there is no key.

    where: the key store, to people. unreadable: why it could not be read. is_busy: True if a run makes a key
    there. has_ended: True if it is a key of this account that IAM does not list any more.
    """

    where: str
    access_key_id: str = ""
    unreadable: str = ""
    is_busy: bool = False
    has_ended: bool = False


@dataclass(frozen=True)
class KeyState:
    """Everything that a decision depends on. where: the key store, to people. now: AWS's clock.

    previous: the key store from which the key moves, if it does.
    """

    user_name: str
    where: str
    keys: tuple[Key, ...]
    stored: Optional[StoredKey]
    now: datetime
    reservation: Optional[Reservation] = None
    previous: Optional[PreviousStore] = None

    def key(self, access_key_id: str) -> Optional[Key]:
        return next((key for key in self.keys if key.access_key_id == access_key_id), None)

    @property
    def others(self) -> tuple[Key, ...]:
        """Return the keys that are not the stored one."""
        stored = self.stored.access_key_id if self.stored else None
        return tuple(key for key in self.keys if key.access_key_id != stored)

    def places(self, where: str) -> list[str]:
        """Return where a key of the user is stored. where: the key store for it, to people."""
        previous = self.previous
        return [
            *([where] if self.stored and not self.stored.copied_from else []),
            *([previous.where] if previous and previous.access_key_id else []),
        ]

    @property
    def is_full(self) -> bool:
        return len(self.keys) >= MAX_KEYS

    @property
    def left_by_a_killed_run(self) -> tuple[str, ...]:
        """Return keys made after the reservation and never stored, so that nobody has their secret."""
        reservation = self.reservation
        if reservation is None:
            return ()
        # AWS's clock has whole seconds.
        begun = reservation.at - timedelta(seconds=1)
        mine = (key for key in self.others if key.access_key_id not in reservation.keys)
        return tuple(key.access_key_id for key in mine if key.created >= begun and key.last_used is None)

    def is_previous(self, key: Key) -> bool:
        """True if a key is one that the stored key has followed."""
        stored = self.stored
        current = self.key(stored.access_key_id) if stored else None
        if stored is None or current is None:
            return False
        return key.access_key_id == stored.document.get("replaces") or key.created < current.created

    def is_young(self, created: datetime) -> bool:
        return self.now - created < SETTLED_AFTER

    def error(self, came_back: str, remedy: str) -> AwsError:
        return AwsError(f"The access key of IAM user {self.user_name} in {self.where}", came_back, remedy)


@dataclass(frozen=True)
class Decision:
    """action: keep (create nothing), create (delete delete_ids, create a key, store it), delete (delete_ids)
    or wait (another run may be at it, look again).

    deactivate: keys that are made inactive.
    rewrite: store again what is stored, with `notes`, of which None removes one. remove_stored: delete it.
    remove_previous: delete what the previous key store holds.
    pending: what has to be over before the next step, which a later run makes.
    """

    action: str
    message: str
    delete_ids: tuple[str, ...] = ()
    deactivate: tuple[str, ...] = ()
    rewrite: bool = False
    notes: Mapping[str, Any] = field(default_factory=dict)
    remove_stored: bool = False
    remove_previous: bool = False
    pending: str = ""

    @property
    def changes(self) -> bool:
        changes_stored = self.rewrite or self.remove_stored or self.remove_previous
        return self.action in ("create", "delete") or changes_stored


def read_document(text: str, user_name: str, where: str) -> tuple[dict[str, Any], Optional[Reservation]]:
    """Return the stored key, empty if there is only a reservation, and the reservation.

    AwsError if it is not this user's. Anything else is never overwritten.
    """
    tried = f"The access key of IAM user {user_name} in {where}"
    remedy = "Choose another stored_at, or remove it yourself if nothing needs it"
    try:
        document = json.loads(text)
        reservation = _reservation_from(document.pop("making", None))
    except (ValueError, AttributeError, TypeError, KeyError):
        document, reservation = None, None
    names = (*KEY_PARTS, "user_name")
    if not isinstance(document, dict) or not (
        all(isinstance(document.get(each), str) for each in names)
        or (reservation and set(document) == {"user_name"})
    ):
        raise AwsError(tried, "something else than an access key is stored there", remedy)
    if document["user_name"] != user_name:
        raise AwsError(tried, f"the key of another user, {document['user_name']}, is stored there", remedy)
    return (document if "access_key_id" in document else {}), reservation


def _reservation_from(note: Any) -> Optional[Reservation]:
    if note is None:
        return None
    at = datetime.fromisoformat(note["at"])
    return Reservation(
        str(note["by"]),
        at if at.tzinfo else at.replace(tzinfo=timezone.utc),
        tuple(str(each) for each in note["keys"]),
    )


def with_reservation(now: KeyState, mark: str) -> dict[str, Any]:
    """Return the document to store before a key is made."""
    held = now.stored.document if now.stored else {"user_name": now.user_name}
    return {**held, "making": {"by": mark, "at": now.now.isoformat(), "keys": list(ids(now.keys))}}


def new_document(
    key: Mapping[str, Any], account: Mapping[str, str], replaces: Optional[str]
) -> dict[str, str]:
    """Return the document to store for a key that IAM has just made."""
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
    """Return partition and account of a key, from an ARN in that account."""
    _arn, partition, _service, _region, account_id = arn.split(":")[:5]
    return {"partition": partition, "account_id": account_id}


def refuse_other_account(now: KeyState, account: Mapping[str, str]) -> None:
    """Raise if the stored key is another account's: IAM does not list it, but it must not be replaced."""
    document = now.stored.document if now.stored else {}
    theirs = {name: document[name] for name in account if name in document}
    if any(account[name] != value for name, value in theirs.items()):
        raise now.error(
            f"the stored key {document['access_key_id']} belongs to {_describe_account(theirs)}, "
            f"and these credentials to {_describe_account(account)}",
            "Use the credentials of that account, or choose another stored_at",
        )


def has_ended(now: KeyState, stored: StoredKey, account: Mapping[str, str]) -> bool:
    """True if a stored key that IAM does not list was deleted: it is of this account, and not a new one."""
    document = stored.document
    if now.is_young(date_of(document.get("create_date"), now.now)):
        return False
    return all(document.get(name) == value for name, value in account.items())


def _describe_account(account: Mapping[str, str]) -> str:
    return f"account {account.get('account_id')} of partition {account.get('partition')}"


def age_days(created: Optional[str], now: datetime) -> Optional[int]:
    return max(0, (now - date_of(created, now)).days) if created else None


def date_of(text: Any, otherwise: datetime) -> datetime:
    """Return a stored date; one that cannot be read counts as long ago."""
    try:
        date = datetime.fromisoformat(str(text))
    except ValueError:
        return otherwise - timedelta(days=1)
    return date if date.tzinfo else date.replace(tzinfo=otherwise.tzinfo)


def ids(keys: Sequence[Key]) -> tuple[str, ...]:
    return tuple(key.access_key_id for key in keys)


def listed(ids: Sequence[str]) -> str:
    return " and ".join(ids)
