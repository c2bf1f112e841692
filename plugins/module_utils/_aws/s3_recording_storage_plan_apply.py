# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Run each module in check mode for all buckets: what each of them would change, and what it would refuse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Callable, Optional

from .._common.errors import AwsError, CollectionError
from .._common.plain_text import one_line
from . import cloudfront_recording_distribution_apply as apply_distribution
from . import iam_programmatic_user_apply as apply_programmatic_user
from . import kms, storage_changes
from . import s3_bucket_access_apply as apply_access
from . import s3_cors_apply as apply_cors
from . import s3_recording_bucket_apply as apply_bucket
from .calls import no_log_values
from .credentials import SECRETS, CredentialsError, refuse_unusable
from .iam_stored_access_key import apply as apply_key
from .kept_answers import keep_answers
from .key_stores.registry import STORES
from .module import AwsModule

# A bucket has the options of each module under its name. They run in this order.
_RUN: dict[str, Callable[[AwsModule], dict[str, Any]]] = {
    "s3_recording_bucket": apply_bucket.run,
    "cloudfront_recording_distribution": apply_distribution.run,
    "s3_bucket_access": apply_access.run,
    "s3_cors": apply_cors.run,
    "iam_programmatic_user": apply_programmatic_user.run,
    "iam_stored_access_key": apply_key.run,
}
MODULES = tuple(_RUN)
# Modules that cannot be checked if one of these has failed: they would fail for the same reason.
_NEEDS = {
    "s3_bucket_access": ("s3_recording_bucket", "cloudfront_recording_distribution"),
    "s3_cors": ("s3_recording_bucket",),
}
_OF_OWNER = ("s3_bucket_access", "s3_cors")
# For all keys.
_OF_KEYS = ("kms_key_id", "recreate", "delete_after", "max_age_days")
# Options that these modules cannot do without.
DEFAULTS = {
    "state": "present",
    "purge": False,
    "purge_tags": False,
    "switch_wait": 0,
    "open_existing": True,
    "secure_transport_only": "nothing",
}
# Parts of a result that the task returns for all modules together.
_RETURNED_ONCE = ("diff", "warnings")


def run(module: AwsModule) -> dict[str, Any]:
    """Read the storage of all buckets; return the module's result."""
    passwords = module.params["vault_password"] or []
    # The passwords are no part of the result; as texts to mask they could damage it.
    no_log_values(module).difference_update(passwords)
    refuse_unusable(module.params)
    clients = _Clients(module)
    plans = [BucketPlan(module, clients, bucket, passwords) for bucket in module.params["buckets"]]
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


class Params(dict[str, Any]):
    """Options of a module; those that are not given are None."""

    def __missing__(self, _name: str) -> None:
        return None


class _Clients:
    """The clients of a task. Each costs 0.1 s to make, and keeps what it was answered."""

    def __init__(self, module: AwsModule) -> None:
        self._module = module
        self._made: dict[tuple[str, ...], Any] = {}

    def get(self, service: str, bucket: str, place: Mapping[str, Any], options: Mapping[str, Any]) -> Any:
        # A client of S3 expects the owner of its bucket.
        of_bucket = bucket if service == "s3" else ""
        known_as = (service, of_bucket, *map(str, place.values()), *sorted(options))
        if known_as not in self._made:
            self._made[known_as] = keep_answers(self._module.client(service, **{**place, **options}))
        return self._made[known_as]


class _AsModule:
    """The task as another module in check mode, for one bucket."""

    check_mode = True

    def __init__(self, module: AwsModule, clients: _Clients, bucket: str, params: Mapping[str, Any]) -> None:
        of_task = {name: module.params.get(name) for name in ("aws_config", "endpoint_url")}
        self.params: dict[str, Any] = Params({**of_task, **DEFAULTS, **params})
        self.region = self.params["region"] or module.region
        self.no_log_values = no_log_values(module)
        self._bucket = bucket
        self._clients = clients

    def client(self, service: str, **options: Any) -> Any:
        """Return a client, one of another module with the same settings if possible."""
        place = {"region": self.region, "endpoint": self.params["endpoint_url"]}
        return self._clients.get(service, self._bucket, place, options)


class BucketPlan:
    """What would be changed for one bucket. errors: by the module that refuses."""

    def __init__(
        self, module: AwsModule, clients: _Clients, bucket: Mapping[str, Any], passwords: list[str]
    ) -> None:
        self.name: str = bucket["name"]
        self.errors: dict[str, AwsError] = {}
        self._module = module
        self._clients = clients
        self._bucket = bucket
        self._passwords = passwords
        self._results: dict[str, dict[str, Any]] = {}

    def read(self) -> None:
        """Ask each module what it would do."""
        for name in MODULES:
            if self._bucket.get(name) is None or any(each in self.errors for each in _NEEDS.get(name, ())):
                continue
            error = self._error_of(name)
            if error:
                self.errors[name] = error
            if isinstance(error, CredentialsError):
                return

    @property
    def warnings(self) -> list[str]:
        return [text for each in self._results.values() for text in each.get("warnings") or ()]

    @property
    def diffs(self) -> list[dict[str, Any]]:
        return [each["diff"] for each in self._results.values() if each["changed"]]

    def result(self) -> dict[str, Any]:
        return {
            "results": {
                name: {part: value for part, value in each.items() if part not in _RETURNED_ONCE}
                for name, each in self._results.items()
            },
            "changes": storage_changes.changes(self.name, self._bucket, self._results),
            "run": storage_changes.to_run(self._results),
        }

    def _error_of(self, name: str) -> Optional[AwsError]:
        as_module = self._as_module(name)
        try:
            found = _RUN[name](as_module)
            self._check_more(name, as_module, found)
        except AwsError as error:
            return error
        self._results[name] = found
        return None

    def _as_module(self, name: str) -> _AsModule:
        params: dict[str, Any] = dict(self._bucket[name])
        if name == "s3_bucket_access" and "cloudfront_recording_distribution" in self._results:
            distribution = self._results["cloudfront_recording_distribution"]
            params["cloudfront_distribution_arn"] = distribution["arn"]
        if name in _OF_OWNER and "s3_recording_bucket" in self._results:
            params["expected_bucket_owner"] = self._results["s3_recording_bucket"]["bucket_owner"]
        if name == "iam_stored_access_key":
            params["vault_password"] = list(self._passwords)
            params.update({option: self._module.params[option] for option in _OF_KEYS})
        return self._of_aws(params)

    def _of_aws(self, params: Mapping[str, Any]) -> _AsModule:
        place = {name: self._bucket[name] for name in ("region", "endpoint_url") if self._bucket.get(name)}
        return _AsModule(self._module, self._clients, self.name, {**place, **params})

    def _check_more(self, name: str, as_module: _AsModule, found: Mapping[str, Any]) -> None:
        """Check what the module itself would find out only by writing."""
        if name == "s3_recording_bucket" and as_module.params["encryption_key_id"]:
            kms.refuse_unusable(self._of_aws({}), as_module.params["encryption_key_id"])
        if as_module.params["store"] == "file" and found["access_key_id"] is None:
            # No task creates the folder before the key is stored.
            as_module.params["vault_password"] = list(self._passwords)
            store = STORES[as_module.params["store"]](as_module, as_module.params["stored_at"], "")
            store.prepare(check_mode=False)
