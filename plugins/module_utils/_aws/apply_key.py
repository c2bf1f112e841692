# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""What iam_stored_access_key does: read both places, decide, apply, wait until the key works."""

from __future__ import annotations

import time
import uuid
from dataclasses import replace
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any, Optional

from . import access_key as keys
from .calls import attempt, client, masked_texts, poll
from .errors import AwsError
from .store import Content, Store
from .stores import STORES

_NEW_KEY = "(a new key)"
# Between two runs one wins at once; more rounds than this mean that something else is wrong.
_ROUNDS = 4
_NOT_EVERYWHERE_YET = (
    "InvalidClientTokenId",
    "InvalidAccessKeyId",
    "AuthFailure",
    "UnrecognizedClientException",
)
# Answers after which no key was made.
_REFUSED_FOR_SURE = ("AccessDenied", "AccessDeniedException", "NoSuchEntity", "LimitExceeded", "Throttling")
_PUT_BACK_SECONDS = 5.0
# A policy that was attached a moment ago is not known everywhere either.
_NOT_ALLOWED_YET = ("AccessDenied", "403")


def run(module: Any) -> dict[str, Any]:
    """Bring the user's key to what the task asks; the module's result."""
    params = module.params
    store = STORES[params["store"]](
        module, params["stored_at"], f"Access key of IAM user {params['user_name']}, managed by Ansible"
    )
    task = _Task(module, store)
    before, decision = task.settle()
    document: Optional[dict[str, Any]] = dict(before.stored.document) if before.stored else None
    deleted: list[str] = []
    if module.check_mode:
        document = None if decision.action == "create" or decision.forget else document
        deleted = list(decision.first)
    else:
        before, decision, document, deleted = task.apply(before, decision)
    return {
        "changed": decision.changes or bool(deleted),
        "user_name": params["user_name"],
        "store": params["store"],
        "stored_at": params["stored_at"],
        "access_key_id": document["access_key_id"] if document else None,
        "create_date": document.get("create_date") if document else None,
        "age_days": keys.age_days(document.get("create_date"), before.now) if document else None,
        "deleted_access_key_ids": deleted,
        "msg": f"{params['user_name']}: {decision.words}"
        + (" (the user is still to be made)" if task.user_is_missing else ""),
        "diff": _diff(before, decision, document["access_key_id"] if document else _NEW_KEY),
    }


def _diff(before: keys.Situation, decision: keys.Decision, new_id: str) -> dict[str, Any]:
    def view(ids: list[str], stored: Optional[str]) -> dict[str, Any]:
        return {"access_key_ids": sorted(ids), "stored_access_key_id": stored}

    stored = before.stored.access_key_id if before.stored else None
    old = view([key.access_key_id for key in before.keys], stored)
    new = view(*keys.after(before, decision, new_id))
    changed = [name for name in old if old[name] != new[name]]
    header = f"access key of {before.user_name}"
    return {
        "before_header": header,
        "after_header": header,
        "before": {name: old[name] for name in changed},
        "after": {name: new[name] for name in changed},
    }


class _Task:
    def __init__(self, module: Any, store: Store) -> None:
        self.module = module
        self.params = module.params
        self.user_name: str = module.params["user_name"]
        self.state: str = module.params["state"]
        self.store = store
        self.iam = client(module, "iam")
        self.user_is_missing = False
        self.content: Optional[Content] = None
        self.mark = uuid.uuid4().hex
        self.account: dict[str, str] = {}

    def settle(self) -> tuple[keys.Situation, keys.Decision]:
        """What there is and what to do about it, as soon as no other run can be in the middle of it."""

        def settled() -> Optional[tuple[keys.Situation, keys.Decision]]:
            now = self._situation()
            decision = keys.decide(self.state, now, self.params["recreate"])
            return None if decision.action == "wait" else (now, decision)

        found = poll(settled, keys.SETTLED_AFTER.total_seconds() + 10)
        if found is None:
            now = self._situation()
            raise now.error(keys.decide(self.state, now, self.params["recreate"]).words, "Run again")
        if found[1].action == "create":
            self.store.prepare(self.module.check_mode)
        return found

    def apply(
        self, now: keys.Situation, decision: keys.Decision
    ) -> tuple[keys.Situation, keys.Decision, Optional[dict[str, Any]], list[str]]:
        """Carry a decision out; if another run wins, what it left is looked at anew."""
        deleted: list[str] = []
        for _round in range(_ROUNDS):
            document = dict(now.stored.document) if now.stored else None
            if decision.action == "delete" and document and not decision.forget:
                self._wait_until_works(document)
            reserved = self._reserve(now) if decision.action == "create" else None
            if decision.action == "create" and not reserved:
                now, decision = self.settle()
                continue
            for each in decision.first:
                self._delete(each)
                deleted.append(each)
            if decision.forget:
                self.store.delete()
                return now, decision, None, deleted
            document = self._create(now, reserved) if reserved else document
            if document and (not decision.mend or self._mend(document)):
                if decision.action != "delete":
                    self._wait_until_works(document)
                return now, decision, document, deleted
            if decision.action == "keep" and now.stored is None:
                return now, decision, None, deleted
            now, decision = self.settle()
        raise now.error("other runs change it all the time", "Run again when they are done")

    def _situation(self) -> keys.Situation:
        self.content = self.store.read()
        stored, making = None, None
        if self.content:
            document, making = keys.read_document(self.content.text, self.user_name, self.store.where)
            if document:
                self._mask(document["secret_access_key"])
                stored = keys.Stored(document, self.content.version, self.content.flaws)
        if making and making.by == self.mark:
            making = None
        listed, now = self._listed()
        situation = keys.Situation(self.user_name, self.store.where, listed, stored, now, making)
        if stored and not situation.key(stored.access_key_id) and not self.user_is_missing:
            keys.refuse_other_account(situation, self._account())
        may_be_of_nobody = making is not None or (self.state == "rotated" and len(listed) == keys.MAX_KEYS)
        if not may_be_of_nobody:
            return situation
        used = {key.access_key_id for key in situation.others if self._was_used(key.access_key_id)}
        return replace(situation, keys=tuple(replace(key, used=key.access_key_id in used) for key in listed))

    def _listed(self) -> tuple[tuple[keys.Key, ...], datetime]:
        """The user's keys, and what AWS's clock says."""
        may_be_missing = self.module.check_mode or self.state == "absent"
        answer = attempt(
            f"Listing the access keys of IAM user {self.user_name}",
            self.iam.list_access_keys,
            needs="iam:ListAccessKeys",
            none_on=("NoSuchEntity",),
            retry_on=() if may_be_missing else ("NoSuchEntity",),
            UserName=self.user_name,
        )
        self.user_is_missing = answer is None and self.state != "absent"
        if answer is None and not may_be_missing:
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

    def _was_used(self, access_key_id: str) -> bool:
        answer = attempt(
            f"Asking when access key {access_key_id} was last used",
            self.iam.get_access_key_last_used,
            needs="iam:GetAccessKeyLastUsed",
            none_on=("NoSuchEntity",),
            AccessKeyId=access_key_id,
        )
        return bool(answer and (answer.get("AccessKeyLastUsed") or {}).get("LastUsedDate"))

    def _account(self) -> dict[str, str]:
        answer = attempt(
            "Asking which account the credentials belong to",
            client(self.module, "sts").get_caller_identity,
            needs="sts:GetCallerIdentity",
        )
        return keys.account_of(answer["Arn"])

    def _reserve(self, now: keys.Situation) -> Optional[Content]:
        """Note in the store that a key is being made: None if another run does that already."""
        self.account = self._account()
        text = keys.text_of(keys.with_note(now, self.mark))
        done = self.store.replace(text, self.content) if self.content else self.store.create(text)

        def noted() -> Optional[Content]:
            found = self.store.read()
            return found if found and found.text == text else None

        # Another run that came between puts the note back.
        return poll(noted, _PUT_BACK_SECONDS) if done else None

    def _create(self, now: keys.Situation, reserved: Content) -> Optional[dict[str, str]]:
        """Make a key and store it; None if another run was first."""
        try:
            # A second attempt after a lost answer would make a second key.
            answer = attempt(
                f"Making an access key for IAM user {self.user_name}",
                client(self.module, "iam", once=True).create_access_key,
                needs="iam:CreateAccessKey",
                none_on=("LimitExceeded",),
                UserName=self.user_name,
            )
        except AwsError as error:
            self._take_note_out(now, reserved, error)
            raise
        if answer is None:
            self._take_note_out(now, reserved)
            return None
        made = answer["AccessKey"]
        self._mask(made["SecretAccessKey"])
        document = keys.new_document(made, self.account, now.stored.access_key_id if now.stored else None)
        try:
            stored = self.store.replace(keys.text_of(document), reserved)
        except BaseException as error:
            self._undo(made, error)
            raise
        if not stored:
            self._delete(made["AccessKeyId"])
        return document if stored else None

    def _take_note_out(
        self, now: keys.Situation, reserved: Content, error: Optional[AwsError] = None
    ) -> None:
        """A note that stays costs the next run half a minute, no more."""
        if error and error.code not in _REFUSED_FOR_SURE:
            # The key may have been made all the same; by the note the next run finds it.
            return
        try:
            if now.stored:
                self.store.replace(keys.text_of(now.stored.document), reserved)
            else:
                self.store.delete()
        except AwsError as failure:
            if error:
                error.remedy = f"{error.remedy}. The note of it in {self.store.where} is left: {failure}"

    def _mend(self, document: dict[str, Any]) -> bool:
        return self.content is not None and self.store.replace(keys.text_of(document), self.content)

    def _undo(self, made: dict[str, Any], error: BaseException) -> None:
        """A key whose secret is not stored is of no use to anyone."""
        key_id = made["AccessKeyId"]
        try:
            self._delete(key_id)
            told = f"The new key {key_id} was deleted again"
        except AwsError as undoing:
            told = f"The new key {key_id} is left, delete it (aws iam delete-access-key): {undoing}"
        if isinstance(error, AwsError):
            error.without([made["SecretAccessKey"]])
            error.remedy = f"{told}. {error.remedy}".strip()

    def _delete(self, access_key_id: str) -> None:
        attempt(
            f"Deleting access key {access_key_id} of IAM user {self.user_name}",
            self.iam.delete_access_key,
            needs="iam:DeleteAccessKey",
            none_on=("NoSuchEntity",),
            UserName=self.user_name,
            AccessKeyId=access_key_id,
        )

    def _mask(self, secret: str) -> None:
        """No result, however it comes about, shows it from now on."""
        masked_texts(self.module).add(secret)

    def _wait_until_works(self, document: dict[str, Any]) -> None:
        if self.params["wait"]:
            _Probe(self.module, document, self.store.where).wait(
                self.params["wait_timeout"], self.params["bucket"]
            )


class _Probe:
    """Uses a key as its owner would."""

    def __init__(self, module: Any, document: dict[str, Any], where: str) -> None:
        self.module = module
        self.key_id = document["access_key_id"]
        self.where = where
        self.credentials = {
            "aws_access_key_id": document["access_key_id"],
            "aws_secret_access_key": document["secret_access_key"],
            "aws_session_token": None,
            "profile_name": None,
            "region": module.region or "us-east-1",
        }

    def wait(self, seconds: float, bucket: Optional[str]) -> None:
        """Until the key works; AWS takes some seconds to know a new one everywhere."""
        end = time.monotonic() + seconds
        tried = f"Using access key {self.key_id}"
        identify = client(self.module, "sts", **self.credentials).get_caller_identity
        self._until(end, tried, identify, _NOT_EVERYWHERE_YET)
        if bucket:
            tried += f" to list bucket {bucket}"
            listing = client(self.module, "s3", **self.credentials).list_objects_v2
            patience = (*_NOT_EVERYWHERE_YET, *_NOT_ALLOWED_YET)
            self._until(end, tried, listing, patience, Bucket=bucket, MaxKeys=1)

    def _until(
        self, end: float, tried: str, operation: Any, transient: tuple[str, ...], **arguments: Any
    ) -> None:
        last: list[AwsError] = []

        def works() -> Optional[bool]:
            try:
                attempt(tried, operation, needs="", **arguments)
            except AwsError as error:
                if error.code not in transient:
                    raise self._said(error) from None
                last[:] = [error]
                return None
            return True

        if not poll(works, end - time.monotonic()):
            raise self._said(last[0])

    def _said(self, error: AwsError) -> AwsError:
        error.remedy = {
            "SignatureDoesNotMatch": "The stored secret is another key's: remove it and set recreate=true",
            "AccessDenied": "The key works, but no policy of its user allows s3:ListBucket on the bucket",
            "NoSuchBucket": "The key works; make the bucket first (amazon.aws.s3_bucket)",
        }.get(error.code, "Run again with a longer wait_timeout")
        error.remedy += f". The key is in {self.where}"
        return error


def _clock(header: Optional[str]) -> datetime:
    try:
        return parsedate_to_datetime(header) if header else datetime.now(timezone.utc)
    except ValueError:
        return datetime.now(timezone.utc)
