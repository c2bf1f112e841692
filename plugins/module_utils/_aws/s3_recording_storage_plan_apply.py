# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Run each module in check mode for all buckets: what each of them would change, and what it would refuse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Optional

from .._common.errors import AwsError, CollectionError
from .._common.plain_text import one_line
from . import kms, storage_changes, storage_later
from .calls import no_log_values, take_secrets
from .credentials import SECRETS, CredentialsError, refuse_unusable
from .iam_stored_access_key import info as key_info
from .kept_answers import keep_answers
from .key_stores.registry import STORES
from .module import AwsModule
from .storage_modules import MODULES, RUN, AsModule, BucketModules, Clients

# Modules that cannot be checked if one of these has failed: they would fail for the same reason.
_NEEDS = {
    "s3_bucket_access": ("s3_recording_bucket", "cloudfront_recording_distribution"),
    "s3_cors": ("s3_recording_bucket",),
}
_KEY = "iam_stored_access_key"
# Parts of a result that the task returns for all modules together.
_RETURNED_ONCE = ("diff", "warnings")


def run(module: AwsModule) -> dict[str, Any]:
    """Read the storage of all buckets; return the module's result."""
    passwords = take_secrets(module, "vault_password")
    refuse_unusable(module.params)
    reading = _CheckMode(module)
    clients = Clients(reading, keep_answers)
    plans = [BucketPlan(reading, clients, passwords, bucket) for bucket in module.params["buckets"]]
    for plan in plans:
        plan.read()
    warnings = [text for plan in plans for text in plan.warnings]
    return {
        **_result(_problems(module, plans), {plan.name: plan.result() for plan in plans}),
        "diff": [diff for plan in plans for diff in plan.diffs],
        **({"warnings": list(dict.fromkeys(warnings))} if warnings else {}),
    }


def result_of_error(error: CollectionError) -> dict[str, Any]:
    """Return the result of a task that could not read anything."""
    return _result([one_line(str(error))], {})


def _result(problems: list[str], buckets: dict[str, Any]) -> dict[str, Any]:
    changes = sum(len(each["changes"]) for each in buckets.values())
    return {
        "changed": False,
        "problems": problems,
        "buckets": buckets,
        "msg": f"{len(buckets)} buckets read: {changes} changes planned, {len(problems)} problems found",
    }


def _problems(module: AwsModule, plans: list[BucketPlan]) -> list[str]:
    secrets = [module.params.get(name) for name in SECRETS]
    found = [_problem(plan.name, error.masked(secrets)) for plan in plans for error in plan.errors.values()]
    # A user and its key often fail for the same reason, and credentials for all buckets.
    return list(dict.fromkeys(found))


def _problem(bucket: str, error: AwsError) -> str:
    if isinstance(error, CredentialsError):
        return one_line(str(replace(error, tried="Reading the storage")))
    return one_line(f"{bucket}: {error}")


def _will_be_stored(key: Mapping[str, Any]) -> bool:
    """True if a key is made, or copied from another key store."""
    return key["access_key_id"] is None or bool((key.get("previous_store") or {}).get("copied"))


class _CheckMode:
    """The task in check mode, whatever the run is."""

    check_mode = True

    def __init__(self, module: AwsModule) -> None:
        self.params = module.params
        self.region = module.region
        self.client = module.client
        self.no_log_values = no_log_values(module)


class BucketPlan(BucketModules):
    """What would be changed for one bucket. errors: by the module that refuses."""

    def __init__(
        self, module: AwsModule, clients: Clients, passwords: Sequence[str], bucket: Mapping[str, Any]
    ) -> None:
        super().__init__(module, clients, passwords, bucket)
        self.errors: dict[str, AwsError] = {}
        self._keys = ""

    def read(self) -> None:
        """Ask each module what it would do."""
        for name in MODULES:
            if self.options.get(name) is None or any(each in self.errors for each in _NEEDS.get(name, ())):
                continue
            error = self._error_of(name)
            if error:
                self.errors[name] = error
            if isinstance(error, CredentialsError):
                return
        if self._module.params["describe_keys"] and _KEY in self.results:
            self._describe_keys()

    @property
    def warnings(self) -> list[str]:
        return [text for each in self.results.values() for text in each.get("warnings") or ()]

    @property
    def diffs(self) -> list[dict[str, Any]]:
        return [each["diff"] for each in self.results.values() if each["changed"]]

    def result(self) -> dict[str, Any]:
        return {
            "results": {
                name: {part: value for part, value in each.items() if part not in _RETURNED_ONCE}
                for name, each in self.results.items()
            },
            "changes": storage_changes.changes(self.name, self.options, self.results),
            "later": storage_later.later(self.results),
            "run": storage_changes.to_run(self.results),
            "keys": self._keys,
        }

    def _describe_keys(self) -> None:
        try:
            self._keys = key_info.run(self.as_module(_KEY))["msg"]
        except AwsError as error:
            self.errors[_KEY] = error

    def _error_of(self, name: str) -> Optional[AwsError]:
        as_module = self.as_module(name)
        try:
            found = RUN[name](as_module)
            self._check_more(name, as_module, found)
        except AwsError as error:
            return error
        self.results[name] = found
        return None

    def _check_more(self, name: str, as_module: AsModule, found: Mapping[str, Any]) -> None:
        """Check what the module itself would find out only by writing."""
        if name == "s3_recording_bucket" and as_module.params["encryption_key_id"]:
            kms.refuse_unusable(self.of_aws({}), as_module.params["encryption_key_id"])
        if as_module.params["store"] == "file" and _will_be_stored(found):
            # No task creates the folder before the key is stored.
            again = self.as_module(name)
            store = STORES[again.params["store"]](again, again.params["stored_at"], "")
            store.prepare(check_mode=False)
