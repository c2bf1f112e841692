# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""The modules that set up the storage of a bucket, run one after the other in one task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Callable

from . import cloudfront_recording_distribution_apply as apply_distribution
from . import iam_programmatic_user_apply as apply_programmatic_user
from . import previous_iam_user
from . import s3_bucket_access_apply as apply_access
from . import s3_cors_apply as apply_cors
from . import s3_recording_bucket_apply as apply_bucket
from .calls import no_log_values
from .iam_stored_access_key import apply as apply_key
from .module import AwsModule
from .policy_kms import FORGET
from .s3_bucket_access_model import CLOSE_ALL

Result = dict[str, Any]

# A bucket has the options of each module under its name. They run in this order: the user has the right to a
# new KMS key before the bucket demands it, and nothing is opened before all the others have succeeded.
RUN: dict[str, Callable[[AwsModule], Result]] = {
    "iam_programmatic_user": apply_programmatic_user.run,
    "s3_recording_bucket": apply_bucket.run,
    "cloudfront_recording_distribution": apply_distribution.run,
    "s3_cors": apply_cors.run,
    "iam_stored_access_key": apply_key.run,
    "previous_iam_user": previous_iam_user.run,
    "s3_bucket_access": apply_access.run,
}
MODULES = tuple(RUN)
_OF_OWNER = ("s3_bucket_access", "s3_cors")
_WITH_KEYS = ("iam_stored_access_key", "previous_iam_user")
# For all keys.
_OF_KEYS = ("kms_key_id", "recreate", "delete_after", "max_age_days", "wait_timeout", "vault_id")
# Options that these modules cannot do without.
DEFAULTS = {
    "state": "present",
    "purge": False,
    "purge_tags": False,
    "switch_wait": 0,
    "open_existing": True,
    "secure_transport_only": "nothing",
    "closes": CLOSE_ALL,
    "previous_kms_keys": FORGET,
    "wait": True,
}
# Seconds; CloudFront needs minutes.
_TIMEOUTS = {"cloudfront_recording_distribution": 1200, "iam_stored_access_key": 60}


class Params(dict[str, Any]):
    """Options of a module; those that are not given are None."""

    def __missing__(self, _name: str) -> None:
        return None


class Clients:
    """The clients of a task. Each costs 0.1 s to make.

    prepare: applied to each new one.
    """

    def __init__(self, module: AwsModule, prepare: Callable[[Any], Any]) -> None:
        self._module = module
        self._prepare = prepare
        self._made: dict[tuple[str, ...], Any] = {}

    def get(self, service: str, bucket: str, place: Mapping[str, Any], options: Mapping[str, Any]) -> Any:
        # A client of S3 expects the owner of its bucket.
        of_bucket = bucket if service == "s3" else ""
        key_id = str(options.get("aws_access_key_id", ""))
        known_as = (service, of_bucket, key_id, *map(str, place.values()), *sorted(options))
        if known_as not in self._made:
            self._made[known_as] = self._prepare(self._module.client(service, **{**place, **options}))
        return self._made[known_as]


class AsModule:
    """The task as another module, for one bucket."""

    def __init__(self, module: AwsModule, clients: Clients, bucket: str, params: Mapping[str, Any]) -> None:
        of_task = {name: module.params.get(name) for name in ("aws_config", "endpoint_url")}
        self.params: dict[str, Any] = Params({**of_task, **DEFAULTS, **params})
        self.check_mode = module.check_mode
        self.region = self.params["region"] or module.region
        self.no_log_values = no_log_values(module)
        self._bucket = bucket
        self._clients = clients

    def client(self, service: str, **options: Any) -> Any:
        """Return a client, one of another module with the same settings if possible."""
        place = {"region": self.region, "endpoint": self.params["endpoint_url"]}
        return self._clients.get(service, self._bucket, place, options)


class BucketModules:
    """The modules of one bucket. passwords: of the vault. results: by module, of those that have run."""

    def __init__(
        self, module: AwsModule, clients: Clients, passwords: Sequence[str], bucket: Mapping[str, Any]
    ) -> None:
        self.name: str = bucket["name"]
        self.options = bucket
        self.results: dict[str, Result] = {}
        self._module = module
        self._clients = clients
        self._passwords = passwords

    def as_module(self, name: str) -> AsModule:
        """Return the task as this module, which has to know what the others have found."""
        of_module = {"wait_timeout": _TIMEOUTS.get(name), **self.options[name]}
        more = self._of_key() if name in _WITH_KEYS else self._found_for(name)
        return self.of_aws({**of_module, **more})

    def _found_for(self, name: str) -> dict[str, Any]:
        more: dict[str, Any] = {}
        bucket = self.results.get("s3_recording_bucket")
        distribution = self.results.get("cloudfront_recording_distribution")
        if bucket and name in _OF_OWNER:
            more["expected_bucket_owner"] = bucket["bucket_owner"]
        if name == "s3_bucket_access":
            if distribution:
                more["cloudfront_distribution_arn"] = distribution["arn"]
            if bucket and not self._module.check_mode:
                more["new_bucket"] = not bucket["existed"]
        return more

    def _of_key(self) -> dict[str, Any]:
        given = {option: self._module.params.get(option) for option in _OF_KEYS}
        return {
            # The module takes them out of what it is given.
            "vault_password": [*self._passwords],
            **{name: value for name, value in given.items() if value is not None},
        }

    def of_aws(self, params: Mapping[str, Any]) -> AsModule:
        """Return the task as a module with these options at the bucket's place."""
        place = {name: self.options[name] for name in ("region", "endpoint_url") if self.options.get(name)}
        return AsModule(self._module, self._clients, self.name, {**place, **params})


def storage_argument_spec() -> dict[str, Any]:
    """Return the options that the plan of the storage and its set-up have in common."""
    of_bucket: dict[str, Any] = {name: {"type": "dict"} for name in MODULES}
    # Despite its name, this option holds no secret.
    of_bucket["iam_stored_access_key"]["no_log"] = False
    of_bucket.update({name: {"type": "str"} for name in ("region", "endpoint_url")})
    of_bucket["unless_uploading"] = {"type": "bool", "default": False}
    return {
        "buckets": {
            "type": "list",
            "elements": "dict",
            "required": True,
            "options": {"name": {"type": "str", "required": True}, **of_bucket},
        },
        "kms_key_id": {"type": "str"},
        "recreate": {"type": "bool", "default": False},
        "delete_after": {"type": "int"},
        "max_age_days": {"type": "int"},
        "vault_password": {"type": "list", "elements": "str", "no_log": True},
        "vault_id": {"type": "str"},
    }
