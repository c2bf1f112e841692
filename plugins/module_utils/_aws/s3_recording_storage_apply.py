# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Run the modules that set up the storage of all buckets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import Any, Optional

from .._common.errors import AwsError
from .._common.progress import say_done
from . import storage_changes
from .calls import take_secrets
from .credentials import SECRETS, refuse_unusable
from .iam_stored_access_key.uploads import uploads_in_progress
from .module import AwsModule
from .policy_union import uploads_to
from .s3_bucket_access_closing import access_before
from .s3_bucket_access_model import CLOSE_NOTHING
from .storage_changes import LIFECYCLE_RULES
from .storage_modules import MODULES, RUN, BucketModules, Clients, Result

# Parts of a result that the task returns for all modules together, or not at all.
_OF_THE_TASK = ("diff", "warnings", "changed", "failed")
_USER, _BUCKET, _ACCESS = "iam_programmatic_user", "s3_recording_bucket", "s3_bucket_access"
_KEY, _PREVIOUS_USER = "iam_stored_access_key", "previous_iam_user"
_OPENS_OR_CLOSES = "Run site.yml again: it opens the bucket for the servers, or closes it"
_OF_A_FAILURE = ("msg", "error_code", "not_yet", "waiting_for")


def run(module: AwsModule) -> Result:
    """Set up the storage of all buckets; return the module's result."""
    passwords = take_secrets(module, "vault_password")
    refuse_unusable(module.params)
    clients, plan = Clients(module, lambda made: made), module.params["plan"]
    buckets = [
        BucketSetup(module, clients, passwords, each, None if plan is None else plan.get(each["name"]) or {})
        for each in module.params["buckets"]
    ]
    # No bucket is opened before all the rest has succeeded, of all buckets.
    for modules in ([name for name in MODULES if name != _ACCESS], [_ACCESS]):
        for bucket in buckets:
            failure = bucket.set_up(modules)
            if failure:
                # Before the result: what is closed again is no change any more.
                message = _message_of(
                    failure, buckets, _close_again(buckets, module.params["close_on_failure"])
                )
                return {**_result(buckets), **failure, "failed": True, "msg": message}
    return _result(buckets)


def _close_again(buckets: Sequence[BucketSetup], names: Sequence[str]) -> list[str]:
    """Close what this task has opened of buckets; return what became of it, a sentence for each bucket."""
    return [text for bucket in buckets if bucket.name in names for text in bucket.close_again()]


class BucketSetup(BucketModules):
    """The modules of one bucket. planned: its part of a plan, None without a plan.

    done: by module, the results of those that have run. failed: those that have not ended.
    uploads: for which the bucket was left alone.
    """

    def __init__(
        self,
        module: AwsModule,
        clients: Clients,
        passwords: Sequence[str],
        bucket: Mapping[str, Any],
        planned: Optional[Mapping[str, Any]],
    ) -> None:
        super().__init__(module, clients, passwords, bucket)
        self.done: dict[str, Result] = {}
        self.failed: set[str] = set()
        self.uploads: tuple[str, ...] = ()
        self._planned = planned
        self._restore: Optional[Mapping[str, Any]] = None
        self._secrets = [module.params.get(name) for name in SECRETS]

    def set_up(self, modules: Sequence[str]) -> Result:
        """Run modules; return the failure of the one that fails, empty if none does."""
        wanted = [name for name in modules if self.options.get(name) is not None]
        try:
            self.uploads = self._uploads() if wanted else self.uploads
        except AwsError as error:
            return error.masked(self._secrets).result()
        to_run = self._to_run()
        for name in () if self.uploads else wanted:
            if self._planned is not None and name not in to_run:
                self.results[name] = self._planned.get("results", {}).get(name, {})
                continue
            failure = self._run(name)
            if failure:
                return failure
        return {}

    def _to_run(self) -> set[str]:
        planned: Mapping[str, Any] = self._planned or {}
        found = {*planned.get("run", ())}
        # The plan of the storage does not know which folders the servers use.
        kept = (planned.get("results", {}).get(_USER) or {}).get("kept_rights") or ()
        policy = (self.options.get(_USER) or {}).get("policy") or {}
        if {*uploads_to(self._folders_in_use(), policy, self.name)} - {*kept}:
            found |= {_USER, _KEY}
        return found

    def _folders_in_use(self) -> list[str]:
        of_user = (self.options.get(_USER) or {}).get("folders_in_use") or []
        return [*of_user, *(self._module.params["folders_in_use"].get(self.name) or [])]

    def _found_for(self, name: str) -> dict[str, Any]:
        found = super()._found_for(name)
        if name == _USER:
            found["folders_in_use"] = self._folders_in_use()
        elif name == _ACCESS and self._restore:
            found["restore"] = self._restore
        elif self._module.params["closes_later"]:
            found.update(self._of_time(name))
        return found

    def _of_key(self) -> dict[str, Any]:
        later = {"keep_previous": True} if self._module.params["closes_later"] else {}
        return {**super()._of_key(), **later}

    def _of_time(self, name: str) -> dict[str, Any]:
        """Return what a module does otherwise while the servers still are as before."""
        if name == _ACCESS:
            is_new = (self.results.get(_BUCKET) or {}).get("existed") is False
            return {} if is_new else {"closes": CLOSE_NOTHING}
        return {"lifecycle_rules": None} if name == _BUCKET and self._has_later_rules else {}

    @property
    def _has_later_rules(self) -> bool:
        """True if the bucket exists, and the plan changes its lifecycle rules."""
        planned: Mapping[str, Any] = self._planned or {}
        is_changed = any(each["what"] == LIFECYCLE_RULES for each in planned.get("changes") or ())
        return is_changed and bool(planned["results"][_BUCKET]["existed"])

    @property
    def later(self) -> list[str]:
        """Return the modules that have something to do when the servers have changed."""
        if not self._module.params["closes_later"]:
            return []
        is_open = self.results.get(_ACCESS, {}).get("leaves_open")
        previous = self.results.get(_KEY, {}).get("previous_store") or {}
        return [
            *([_BUCKET] if self._has_later_rules else []),
            *([_ACCESS] if is_open else []),
            *([_KEY] if previous.get("left") else []),
            *([_PREVIOUS_USER] if self.results.get(_PREVIOUS_USER, {}).get("deletes") else []),
        ]

    def _run(self, name: str) -> Result:
        try:
            found = RUN[name](self.as_module(name))
        except AwsError as error:
            self.failed.add(name)
            return error.masked(self._secrets).result()
        self.results[name] = self.done[name] = found
        if found.get("failed"):
            return {part: value for part, value in found.items() if part in _OF_A_FAILURE}
        if found["changed"]:
            say_done(_done(found))
        return {}

    def close_again(self) -> list[str]:
        """Close what this task has opened to viewers, or may have; return what became of it, if anything."""
        planned = (self._planned or {}).get("results", {}).get(_ACCESS) or {}
        opened = self.done.get(_ACCESS) or (planned if _ACCESS in self.failed else {})
        # Of a bucket that does not exist, the plan has only a prediction.
        if not opened.get("before") or opened["bucket_exists"] is False:
            is_unknown = _ACCESS in self.failed
            return [f"{self.name} may be open to viewers already. {_OPENS_OR_CLOSES}"] if is_unknown else []
        is_new = (self.results.get(_BUCKET) or {}).get("existed") is False
        self._restore = access_before(opened, is_new=is_new)
        try:
            found = RUN[_ACCESS](self.as_module(_ACCESS))
        except AwsError as error:
            why = error.masked(self._secrets)
            text = f"{self.name} may be open to viewers already, and closing it again failed: {why}"
            return [f"{text} {_OPENS_OR_CLOSES}"]
        self.done.pop(_ACCESS, None)
        text = f"{self.name} was closed again: who may read it is as before this run"
        return [text] if found["changed"] else []

    def _uploads(self) -> tuple[str, ...]:
        if not self.options.get("unless_uploading"):
            return ()
        return uploads_in_progress(self.of_aws({}), self.name, datetime.now(timezone.utc))

    @property
    def messages(self) -> list[str]:
        """Return what was changed, one message for each module."""
        return [each["msg"] for each in self.done.values() if each["changed"] and not each.get("failed")]

    def returned(self) -> dict[str, Result]:
        """Return the result of each module, without what the task returns for all of them together."""
        return {
            name: {part: value for part, value in each.items() if part not in _OF_THE_TASK}
            for name, each in self.results.items()
        }

    def changes(self) -> list[storage_changes.Change]:
        """Return what was changed, with the message of the module."""
        return [
            {"action": each["action"], "what": each["what"], "message": self.done[name]["msg"]}
            for name in self.done
            for each in storage_changes.changes(self.name, self.options, {name: self.done[name]})
        ]


def _done(found: Result) -> str:
    if not found.get("access_key_id"):
        return str(found["msg"])
    return f"{found['msg']} ({found['access_key_id']}, in {found['store']} {found['stored_at']})"


def _messages(buckets: list[BucketSetup]) -> str:
    return "; ".join(text for bucket in buckets for text in bucket.messages)


def _result(buckets: list[BucketSetup]) -> Result:
    done = [each for bucket in buckets for each in bucket.done.values()]
    warnings = (text for each in done for text in each.get("warnings") or ())
    return {
        "changed": any(each["changed"] for each in done),
        **_by_bucket(buckets),
        "msg": _messages(buckets) or "no change needed",
        "diff": [each["diff"] for each in done if each["changed"]],
        "warnings": list(dict.fromkeys(warnings)),
    }


def _by_bucket(buckets: list[BucketSetup]) -> Result:
    return {
        "buckets": {bucket.name: bucket.returned() for bucket in buckets},
        "changes": {bucket.name: bucket.changes() for bucket in buckets},
        "later": {bucket.name: bucket.later for bucket in buckets if bucket.later},
        "uploads": {bucket.name: list(bucket.uploads) for bucket in buckets if bucket.uploads},
    }


def _message_of(failure: Result, buckets: list[BucketSetup], closed: Sequence[str]) -> str:
    """Return the message of a task that failed: what it had changed before stays changed.

    closed: sentences about what does not stay as it was changed.
    """
    before = _messages(buckets)
    parts = [str(failure["msg"]), *([f"Changed before that: {before}."] if before else [])]
    return " ".join([*parts, *(f"{each}." for each in closed)])
