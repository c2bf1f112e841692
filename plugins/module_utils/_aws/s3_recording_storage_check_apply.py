# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Run each module in check mode for all buckets, and collect what it would refuse."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable, Optional

from .._common.errors import AwsError
from .._common.plain_text import one_line
from . import cloudfront_recording_distribution_apply as apply_distribution
from . import iam_programmatic_user_apply as apply_programmatic_user
from . import kms
from . import s3_bucket_access_apply as apply_access
from . import s3_cors_apply as apply_cors
from . import s3_recording_bucket_apply as apply_bucket
from .calls import no_log_values
from .iam_stored_access_key import apply as apply_key
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
# Options that these modules cannot do without.
_DEFAULTS = {
    "state": "present",
    "purge": False,
    "purge_tags": False,
    "delete_after": 0,
    "switch_wait": 0,
    "open_existing": True,
    "secure_transport_only": "nothing",
}


def run(module: AwsModule) -> dict[str, Any]:
    """Collect the problems of all buckets; return the module's result."""
    passwords = module.params["vault_password"] or []
    # The passwords are no part of the result; as texts to mask they could damage it.
    no_log_values(module).difference_update(passwords)
    found = [
        f"{bucket['name']}: {error}"
        for bucket in module.params["buckets"]
        for error in BucketCheck(module, bucket, passwords).errors()
    ]
    # A user and its key often fail for the same reason.
    problems = [one_line(each) for each in dict.fromkeys(found)]
    if not problems:
        count = len(module.params["buckets"])
        return {
            "changed": False,
            "problems": [],
            "msg": f"No problems found for {count} buckets",
        }
    listed = "".join(f"\n- {each}" for each in problems)
    return {"failed": True, "problems": problems, "msg": f"This cannot work. Nothing was changed:{listed}"}


class _Params(dict[str, Any]):
    """Options of a module; those that are not given are None."""

    def __missing__(self, _name: str) -> None:
        return None


class _AsModule:
    """The task as another module in check mode."""

    check_mode = True

    def __init__(
        self, module: AwsModule, params: Mapping[str, Any], clients: dict[tuple[str, ...], Any]
    ) -> None:
        of_task = {name: module.params.get(name) for name in ("aws_config", "endpoint_url")}
        self.params: dict[str, Any] = _Params({**of_task, **_DEFAULTS, **params})
        self.region = self.params["region"] or module.region
        self.no_log_values = no_log_values(module)
        self._client = module.client
        self._clients = clients

    def client(self, service: str, **options: Any) -> Any:
        """Return a client, one of another module with the same settings if possible: each costs 0.1 s."""
        place = {"region": self.region, "endpoint": self.params["endpoint_url"]}
        known_as = (service, *map(str, place.values()), *sorted(options.keys()))
        if known_as not in self._clients:
            self._clients[known_as] = self._client(service, **{**place, **options})
        return self._clients[known_as]


class BucketCheck:
    def __init__(self, module: AwsModule, bucket: Mapping[str, Any], passwords: list[str]) -> None:
        self._module = module
        self._bucket = bucket
        self._passwords = passwords
        self._results: dict[str, dict[str, Any]] = {}
        # For one bucket, since a client of S3 expects its owner.
        self._clients: dict[tuple[str, ...], Any] = {}

    def errors(self) -> list[AwsError]:
        """Return what each module would refuse."""
        found: dict[str, AwsError] = {}
        for name in MODULES:
            if self._bucket.get(name) is None or any(each in found for each in _NEEDS.get(name, ())):
                continue
            error = self._error_of(name)
            if error:
                found[name] = error
        return list(found.values())

    def _error_of(self, name: str) -> Optional[AwsError]:
        as_module = self._as_module(name)
        try:
            self._results[name] = _RUN[name](as_module)
            self._check_more(name, as_module)
        except AwsError as error:
            return error
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
            params["kms_key_id"] = self._module.params["kms_key_id"]
            params["recreate"] = self._module.params["recreate"]
        return self._of_aws(params)

    def _of_aws(self, params: Mapping[str, Any]) -> _AsModule:
        place = {name: self._bucket[name] for name in ("region", "endpoint_url") if self._bucket.get(name)}
        return _AsModule(self._module, {**place, **params}, self._clients)

    def _check_more(self, name: str, as_module: _AsModule) -> None:
        """Check what the module itself would find out only by writing."""
        if name == "s3_recording_bucket" and as_module.params["encryption_key_id"]:
            kms.refuse_unusable(self._of_aws({}), as_module.params["encryption_key_id"])
        if as_module.params["store"] == "file" and self._results[name]["access_key_id"] is None:
            # No task creates the folder before the key is stored.
            as_module.params["vault_password"] = list(self._passwords)
            store = STORES[as_module.params["store"]](as_module, as_module.params["stored_at"], "")
            store.prepare(check_mode=False)
