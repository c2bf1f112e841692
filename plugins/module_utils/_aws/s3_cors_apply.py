# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Read, compare, apply and read back the CORS rules of a bucket."""

from __future__ import annotations

from typing import Any, Optional

from .._common.errors import AwsError
from . import bucket_setting
from . import s3_cors_plan as cors
from .calls import S3_TRANSIENT, call_aws, client, owned_by, read_back
from .module import AwsModule
from .result import diff

_READ_BACK_SECONDS = 10


def run(module: AwsModule) -> dict[str, Any]:
    """Make the bucket's CORS rules as the task requests; return the module's result."""
    params = module.params
    name, purge, present = params["name"], params["purge"], params["state"] == "present"
    wanted = cors.given(params["rules"])
    cors.check(name, wanted, present=present, purge=purge)
    bucket = CorsApi(owned_by(client(module, "s3"), params.get("expected_bucket_owner")), name)
    before, missing = bucket.read_or_none(module.check_mode)
    after = (
        cors.merged(before, wanted, purge)
        if present
        else cors.without(before, [rule["id"] for rule in wanted], purge)
    )
    cors.check_limits(name, after)
    if bucket.unknown and after:
        raise bucket.unknown
    changed = not cors.same(before, after)
    if changed and not module.check_mode:
        after = bucket.write(after)
    left, right = cors.difference(before, after)
    return {
        "changed": changed,
        "cors_rules": after,
        "msg": cors.summary(name, before, after) + (" (the bucket does not exist yet)" if missing else ""),
        "diff": diff(f"CORS rules of {name}", {"cors_rules": left}, {"cors_rules": right}),
    }


class CorsApi:
    def __init__(self, s3: Any, name: str) -> None:
        self.s3 = s3
        self.name = name
        self.unknown: Optional[AwsError] = None

    def read_or_none(self, check_mode: bool) -> tuple[list[cors.Rule], bool]:
        """Return the rules, and True if the bucket is missing: in check mode an earlier task may make it."""
        try:
            return self.read(retry_on=() if check_mode else S3_TRANSIENT), False
        except AwsError as error:
            if error.code != "NoSuchBucket":
                raise
            if not check_mode:
                raise error.with_remedy(bucket_setting.MAKE_BUCKET) from None
        return [], True

    def read(self, retry_on: tuple[str, ...] = S3_TRANSIENT) -> list[cors.Rule]:
        found = bucket_setting.read(
            "cors",
            f"Reading the CORS rules of bucket {self.name}",
            self.s3.get_bucket_cors,
            needs="s3:GetBucketCORS",
            retry_on=retry_on,
            Bucket=self.name,
        )
        self.unknown = found.unknown
        return cors.from_aws(found.answer.get("CORSRules") or []) if found.answer else []

    def write(self, rules: list[cors.Rule]) -> list[cors.Rule]:
        """Write the rules and return those that the bucket then has."""
        if rules:
            bucket_setting.write(
                "cors",
                f"Writing {len(rules)} CORS rules to bucket {self.name}",
                self.s3.put_bucket_cors,
                needs="s3:PutBucketCORS",
                retry_on=S3_TRANSIENT,
                Bucket=self.name,
                CORSConfiguration={"CORSRules": cors.to_aws(rules)},
            )
        else:
            call_aws(
                f"Deleting the CORS rules of bucket {self.name}",
                self.s3.delete_bucket_cors,
                needs="s3:PutBucketCORS",
                retry_on=S3_TRANSIENT,
                Bucket=self.name,
            )
        found = read_back(self.read, lambda now: cors.same(now, rules), _READ_BACK_SECONDS)
        if not cors.same(found, rules):
            raise AwsError(
                f"Writing the CORS rules of bucket {self.name}",
                f"the call was accepted, but the bucket has other rules: {found}",
                "Something else may be changing them at the same time; run again",
            )
        return found
