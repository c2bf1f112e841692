# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Read IAM and the key store, decide, apply, wait until the key works."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Optional

from ..._common.errors import AwsError
from ..._common.polling import Deadline
from ..._common.progress import Wait, say_wait
from ..calls import call_aws, client, poll, take_secrets
from ..iam_programmatic_user_read import UserReader
from ..key_stores.base import Content, KeyStore
from ..key_stores.registry import STORES
from ..module import AwsModule
from ..ownership import Claim
from . import model as keys
from . import plan as decisions
from .plan_retirement import Retirement
from .read import KeyReader
from .result import Progress, result_of
from .uploads import uploads_in_progress
from .wait_usable import KeyNotYetUsable, KeyUsabilityCheck

# Between two runs one wins at once; more rounds than this mean that something else is wrong.
_ROUNDS = 4
# Error codes after which no key was made for sure.
_REFUSED_FOR_SURE = ("AccessDenied", "AccessDeniedException", "NoSuchEntity", "LimitExceeded", "Throttling")
_RESTORE_SECONDS, _RESTORE_PAUSE = 5.0, 0.5
_PENDING_PAUSE = 5.0


def run(module: AwsModule) -> dict[str, Any]:
    """Make the user's key as the task requests; return the module's result."""
    params = module.params
    # The first key store removes them from the parameters.
    passwords = list(params.get("vault_password") or [])
    store = STORES[params["store"]](
        module, params["stored_at"], f"Access key of IAM user {params['user_name']}, managed by Ansible"
    )
    task = KeyTask(module, store, _previous_store(module, passwords))
    done = Progress(*task.settle())
    failed: dict[str, Any] = {}
    if module.check_mode:
        done.predict()
    else:
        try:
            task.apply(done)
        except KeyNotYetUsable as error:
            failed = error.result()
    return {**result_of(done, params, store.where, task.reader.user_is_missing), **failed}


def _previous_store(module: AwsModule, passwords: Sequence[str]) -> Optional[KeyStore]:
    """Return the key store from which the key moves, if it does."""
    stored_at = module.params.get("previous_stored_at")
    if not stored_at:
        return None
    module.params["vault_password"] = list(passwords)
    store = STORES[module.params["previous_store"] or module.params["store"]](module, stored_at, "")
    # One that is no file leaves them there.
    take_secrets(module, "vault_password")
    return store


class KeyTask:
    def __init__(self, module: AwsModule, store: KeyStore, previous: Optional[KeyStore] = None) -> None:
        self.module = module
        self.params = module.params
        self.user_name: str = module.params["user_name"]
        self.state: str = module.params["state"]
        self.store = store
        self.mark = uuid.uuid4().hex
        self.previous = previous
        self.reader = KeyReader(module, store, self.user_name, self.mark, previous)
        self.iam = self.reader.iam
        self.account: dict[str, str] = {}
        # For the last key, counted from here: the document that could record the start is deleted with it.
        self.deadline = Deadline(float(module.params["wait_timeout"] or 0))

    def settle(self) -> tuple[keys.KeyState, keys.Decision]:
        """Return state and decision, as soon as no other run can be in the middle of a change."""

        def settled() -> Optional[tuple[keys.KeyState, keys.Decision]]:
            now, decision = self._look()
            return None if decision.action == "wait" else (now, decision)

        found = poll(settled, keys.SETTLED_AFTER.total_seconds() + 10)
        if found is None:
            now, decision = self._look()
            raise now.error(decision.message, "Run again")
        now, decision = found
        if decision.action == "create":
            self._refuse_a_key_for_someone_else()
        if decision.action == "create" or (now.stored and now.stored.copied_from and decision.rewrite):
            self.store.prepare(self.module.check_mode)
        return found

    def _refuse_a_key_for_someone_else(self) -> None:
        """Raise for a user that is not ours: every server gets a key with all rights of its user."""
        if self.reader.user_is_missing:
            return
        user = UserReader(self.iam, self.user_name)
        claim = Claim(self.user_name, self.params["bucket"] or "", adopt=bool(self.params["adopt"]))
        user.check_ours(user.found(waits=True) or {}, claim)

    def _look(self) -> tuple[keys.KeyState, keys.Decision]:
        may_be_missing = self.module.check_mode or self.state == "absent"
        now = self.reader.key_state(user_may_be_missing=may_be_missing)
        if now.reservation or self.state == "retired" or (self.state == "rotated" and now.is_full):
            now = self.reader.with_last_uses(now, now.others)
        if self._is_gradual:
            now = self.reader.with_last_uses(now, now.keys)
        decision = decisions.decide(self.state, now, self.params["recreate"], self._retirement(now))
        keep = bool(self.params.get("keep_previous"))
        return now, decisions.with_previous(self.state, now, decision, keep=keep)

    def _retirement(self, now: keys.KeyState) -> Retirement:
        going = {"retired": now.others, "absent": now.keys}.get(self.state, ())
        leaked, delete_after = self.params["leaked"], self.params["delete_after"]
        uploads: tuple[str, ...] = ()
        not_listed = ""
        if self.params["bucket"] and any(key.active for key in going):
            uploads, not_listed = self._uploads(now, leaked)
        return Retirement(
            delete_after=None
            if delete_after is None and self.state != "retired"
            else timedelta(seconds=delete_after or 0),
            # By the time of the change that wait is over.
            switch_wait=timedelta(seconds=0 if self.module.check_mode else self._switch_wait()),
            uploads=uploads,
            not_listed=not_listed,
            leaked=leaked,
            gradual=self._is_gradual,
        )

    @property
    def _is_gradual(self) -> bool:
        return self.state == "absent" and bool(self.params.get("gradual"))

    def _switch_wait(self) -> float:
        waited = self.deadline.waited if self.state == "absent" else 0
        return max(0.0, float(self.params["switch_wait"]) - waited)

    def _uploads(self, now: keys.KeyState, leaked: bool) -> tuple[tuple[str, ...], str]:
        """Return the uploads in progress, or why they are not known, which keeps no leaked key active."""
        try:
            return uploads_in_progress(self.module, self.params["bucket"], now.now), ""
        except AwsError as error:
            if not leaked:
                raise
            return (), str(error)

    def apply(self, done: Progress) -> None:
        """Apply a decision. Until the time is up, apply again what had to wait for something."""
        try:
            self._apply_now(done)
            self._apply_what_waits(done)
        except AwsError as error:
            raise error.with_done(done.steps) from None

    def _apply_what_waits(self, done: Progress) -> None:
        switch = f"the moment to switch off an access key of IAM user {self.user_name}"
        while done.decision.pending and self.params["wait"]:
            wait = Wait(switch, done.decision.pending)
            say_wait(wait, self.deadline.waited, self.deadline.seconds)
            if not self.deadline.pause(_PENDING_PAUSE):
                return
            done.look(*self.settle())
            self._apply_now(done)

    def _apply_now(self, done: Progress) -> None:
        """Apply a decision; if another run was first, read and decide again."""
        changed = done.changed
        for _round in range(_ROUNDS):
            if self._carry_out(done):
                decision, moves = done.decision, bool(done.document and done.decision.remove_previous)
                done.carried_out(decisions.before_removal(decision) if moves else decision)
                if done.document and decision.action != "delete":
                    self._wait_until_works(done.document)
                if done.document and moves:
                    self._remove_previous(done.document)
                    done.carried_out(decision)
                done.keep_steps()
                return
            # Keys that this round has deleted stay deleted.
            done.keep_steps()
            done.changed = changed
            done.look(*self.settle())
        raise done.before.error("other runs change it all the time", "Run again when they are done")

    def _carry_out(self, done: Progress) -> bool:
        """Return False if another run was first."""
        now, decision = done.before, done.decision
        if decision.action == "delete" and done.document and not decision.remove_stored:
            self._wait_until_works(done.document)
        reserved = self._reserve(now) if decision.action == "create" else None
        if decision.action == "create" and not reserved:
            return False
        # From here on something is written, if there is something to write.
        if decision.changes:
            done.changed, done.message = True, decision.message
        self._retire(done)
        if decision.remove_stored:
            self._remove_stored(done)
        elif reserved:
            done.document = self._create(now, reserved)
            return done.document is not None
        elif decision.rewrite and done.document:
            return self._rewrite({**done.document, **decision.notes})
        return True

    def _remove_stored(self, done: Progress) -> None:
        self.store.delete()
        if done.decision.remove_previous and self.previous:
            self.previous.delete()
        done.document = None

    def _retire(self, done: Progress) -> None:
        for each in done.decision.deactivate:
            self._deactivate(each)
            done.steps.append(f"access key {each} is inactive")
        for each in done.decision.delete_ids:
            self._delete(each)
            done.deleted.append(each)
            done.steps.append(f"access key {each} is deleted")

    def _reserve(self, now: keys.KeyState) -> Optional[Content]:
        """Record in the key store that a key is being made; return None if another run does that already."""
        self.account = self.reader.account()
        text = keys.text_of(keys.with_reservation(now, self.mark))
        done = self._store(text)

        def kept() -> Optional[Content]:
            first = self.store.read()
            if first is None or first.text != text:
                return None
            time.sleep(_RESTORE_PAUSE if self.reader.content else 0)
            return first if self.store.read() == first else None

        # Another run that came between restores the reservation; what replaced another text has to stay for a
        # moment before anything is built on it.
        return poll(kept, _RESTORE_SECONDS) if done else None

    def _create(self, now: keys.KeyState, reserved: Content) -> Optional[dict[str, str]]:
        """Create a key and store it; return None if another run was first."""
        try:
            # A second attempt after a lost answer would make a second key.
            answer = call_aws(
                f"Making an access key for IAM user {self.user_name}",
                client(self.module, "iam", once=True).create_access_key,
                needs="iam:CreateAccessKey",
                none_on=("LimitExceeded",),
                UserName=self.user_name,
            )
        except AwsError as error:
            # If it was not refused for sure, the key may exist; the reservation lets the next run find it.
            left = self._remove_reservation(now, reserved) if error.code in _REFUSED_FOR_SURE else None
            if left is None:
                raise
            raise error.with_note(f"The reservation in {self.store.where} is left: {left}") from None
        if answer is None:
            self._remove_reservation(now, reserved)
            return None
        made = answer["AccessKey"]
        self.reader.mask(made["SecretAccessKey"])
        document = keys.new_document(made, self.account, now.stored.access_key_id if now.stored else None)
        try:
            stored = self.store.replace(keys.text_of(document), reserved)
        except AwsError as error:
            undone, masked = self._undo(made), error.masked([made["SecretAccessKey"]])
            raise masked.with_remedy(f"{undone} {masked.remedy}".strip()) from None
        except BaseException:
            self._undo(made)
            raise
        if not stored:
            self._delete(made["AccessKeyId"])
        return document if stored else None

    def _remove_reservation(self, now: keys.KeyState, reserved: Content) -> Optional[AwsError]:
        """Return why the reservation is left, if it is. One that stays costs the next run half a minute."""
        try:
            if now.stored:
                self.store.replace(keys.text_of(now.stored.document), reserved)
            else:
                self.store.delete()
        except AwsError as failure:
            return failure
        return None

    def _rewrite(self, document: dict[str, Any]) -> bool:
        document = {name: value for name, value in document.items() if value is not None}
        return self._store(keys.text_of(document))

    def _store(self, text: str) -> bool:
        """Store a text in place of what was read; return False if another run was first."""
        before = self.reader.content
        return self.store.replace(text, before) if before else self.store.create(text)

    def _remove_previous(self, document: Mapping[str, Any]) -> None:
        """Delete what the previous key store holds, if the new one has the key."""
        found = self.store.read()
        stored = keys.read_document(found.text, self.user_name, self.store.where)[0] if found else {}
        if self.previous and stored.get("access_key_id") == document["access_key_id"]:
            self.previous.delete()

    def _undo(self, made: dict[str, Any]) -> str:
        """Delete a key whose secret is not stored: it is of no use to anyone. Return what became of it."""
        key_id = made["AccessKeyId"]
        try:
            self._delete(key_id)
        except AwsError as undoing:
            return f"The new key {key_id} is left, delete it (aws iam delete-access-key): {undoing}"
        return f"The new key {key_id} was deleted again."

    def _deactivate(self, access_key_id: str) -> None:
        call_aws(
            f"Making access key {access_key_id} of IAM user {self.user_name} inactive",
            self.iam.update_access_key,
            needs="iam:UpdateAccessKey",
            none_on=("NoSuchEntity",),
            UserName=self.user_name,
            AccessKeyId=access_key_id,
            Status="Inactive",
        )

    def _delete(self, access_key_id: str) -> None:
        call_aws(
            f"Deleting access key {access_key_id} of IAM user {self.user_name}",
            self.iam.delete_access_key,
            needs="iam:DeleteAccessKey",
            none_on=("NoSuchEntity",),
            UserName=self.user_name,
            AccessKeyId=access_key_id,
        )

    def _wait_until_works(self, document: dict[str, Any]) -> None:
        if self.params["wait"]:
            KeyUsabilityCheck(self.module, document, self.store.where).wait(
                self.params["wait_timeout"], self.params["bucket"]
            )
