# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Read an access key's state from IAM and the key store."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Optional

from ..._common.errors import AwsError
from ..calls import call_aws, caller_identity, client, no_log_values
from ..codes import DENIED_CODES
from ..key_stores.base import Content, KeyStore
from ..module import AwsModule
from . import model as keys

# What a key store in AWS answers if its content cannot be read with these credentials, now and later.
_UNREADABLE = {*DENIED_CODES, "DecryptionFailure", "InvalidKeyId", "KMSInvalidStateException"}


class KeyReader:
    """Reads IAM and the key store. mark: of this run's own reservations, which do not count as another's.

    previous: the key store from which the key moves. content: what was stored, and user_is_missing: True if
    there was no such user, at the last read.
    """

    def __init__(
        self,
        module: AwsModule,
        store: KeyStore,
        user_name: str,
        mark: str = "",
        previous: Optional[KeyStore] = None,
    ) -> None:
        self.module = module
        self.store = store
        self.previous = previous
        self.user_name = user_name
        self.mark = mark
        self.iam = client(module, "iam")
        self.content: Optional[Content] = None
        self.user_is_missing = False

    def key_state(self, *, user_may_be_missing: bool) -> keys.KeyState:
        """Return the state, without the last uses of the keys."""
        self.content = self.store.read()
        stored, reservation = self._stored(self.content, self.store)
        listed, now = self._listed(user_may_be_missing)
        key_state = keys.KeyState(self.user_name, self.store.where, listed, stored, now, reservation)
        key_state = self._with_previous(key_state, self.previous) if self.previous else key_state
        if self._may_be_of_another_account(key_state):
            keys.refuse_other_account(key_state, self.account())
        return key_state

    def _may_be_of_another_account(self, key_state: keys.KeyState) -> bool:
        stored = key_state.stored
        if stored is None or key_state.key(stored.access_key_id):
            return False
        # A user that does not exist yet, in the account to which a key would be copied.
        return bool(stored.copied_from) or not self.user_is_missing

    def _stored(
        self, content: Optional[Content], store: KeyStore
    ) -> tuple[Optional[keys.StoredKey], Optional[keys.Reservation]]:
        if content is None:
            return None, None
        document, reservation = keys.read_document(content.text, self.user_name, store.where)
        if document:
            self.mask(document["secret_access_key"])
        stored = keys.StoredKey(document, content.version, content.flaws) if document else None
        return stored, None if reservation and reservation.by == self.mark else reservation

    def _with_previous(self, key_state: keys.KeyState, previous: KeyStore) -> keys.KeyState:
        """Return the state with the previous key store, whose key counts if it is stored nowhere else."""
        where = previous.where
        try:
            content = previous.read()
        except AwsError as error:
            if not (previous.ERRORS_LAST or error.code in _UNREADABLE):
                raise
            return replace(key_state, previous=keys.PreviousStore(where, unreadable=str(error).rstrip(".")))
        stored, reservation = self._stored(content, previous)
        is_busy = reservation is not None and key_state.is_young(reservation.at)
        key_id = stored.access_key_id if stored else ""
        has_ended = stored is not None and self._has_ended(key_state, stored)
        found = keys.PreviousStore(where, key_id, is_busy=is_busy, has_ended=has_ended)
        key_state = replace(key_state, previous=found)
        if key_state.stored or key_state.reservation or not (stored or is_busy):
            return key_state
        copied = replace(stored, copied_from=where) if stored else None
        return replace(key_state, where=where, stored=copied, reservation=reservation)

    def _has_ended(self, key_state: keys.KeyState, stored: keys.StoredKey) -> bool:
        if key_state.key(stored.access_key_id) or self.user_is_missing:
            return False
        return keys.has_ended(key_state, stored, self.account())

    def account(self) -> dict[str, str]:
        """Return partition and account of the task's credentials."""
        answer = caller_identity(self.module, "Asking which account the credentials belong to")
        return keys.account_of(answer["Arn"])

    def with_last_uses(self, key_state: keys.KeyState, of: tuple[keys.Key, ...]) -> keys.KeyState:
        wanted = {key.access_key_id for key in of}
        seen = [self._with_last_use(key) if key.access_key_id in wanted else key for key in key_state.keys]
        return replace(key_state, keys=tuple(seen))

    def mask(self, secret: str) -> None:
        """Keep a secret out of every result from now on."""
        no_log_values(self.module).add(secret)

    def _listed(self, user_may_be_missing: bool) -> tuple[tuple[keys.Key, ...], datetime]:
        """Return the user's keys, and the time on AWS's clock."""
        answer = call_aws(
            f"Listing the access keys of IAM user {self.user_name}",
            self.iam.list_access_keys,
            needs="iam:ListAccessKeys",
            none_on=("NoSuchEntity",),
            retry_on=() if user_may_be_missing else ("NoSuchEntity",),
            UserName=self.user_name,
        )
        self.user_is_missing = answer is None
        if answer is None and not user_may_be_missing:
            raise AwsError(
                f"Listing the access keys of IAM user {self.user_name}",
                "NoSuchEntity: there is no such user",
                "Make the user first (antmedia.s3_recording.iam_programmatic_user)",
                code="NoSuchEntity",
            )
        headers = ((answer or {}).get("ResponseMetadata") or {}).get("HTTPHeaders") or {}
        found = [
            keys.Key(each["AccessKeyId"], each["Status"] == "Active", each["CreateDate"])
            for each in (answer or {}).get("AccessKeyMetadata") or []
        ]
        return tuple(sorted(found, key=lambda key: key.created)), _clock(headers.get("date"))

    def _with_last_use(self, key: keys.Key) -> keys.Key:
        answer = call_aws(
            f"Asking when access key {key.access_key_id} was last used",
            self.iam.get_access_key_last_used,
            needs="iam:GetAccessKeyLastUsed",
            none_on=("NoSuchEntity",),
            AccessKeyId=key.access_key_id,
        )
        use = (answer or {}).get("AccessKeyLastUsed") or {}
        by = f"by {use.get('ServiceName', 'N/A')} in {use.get('Region', 'N/A')}"
        return replace(key, last_used=use.get("LastUsedDate"), by=by)


def _clock(header: Optional[str]) -> datetime:
    try:
        return parsedate_to_datetime(header) if header else datetime.now(timezone.utc)
    except ValueError:
        return datetime.now(timezone.utc)
