# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Find or create a bucket, read, compare, apply and read back how it keeps objects.

A bucket is tagged when it is made here, since only one with that tag is ever deleted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import Any

from .._common.errors import AwsError
from . import bucket_setting, object_listing
from . import s3_recording_bucket_losses as losses
from . import s3_recording_bucket_plan as bucket
from . import s3_recording_bucket_remove as remove_bucket
from .calls import S3_TRANSIENT, call_aws, poll, read_back
from .module import AwsModule
from .other_folders import other_folders
from .ownership import tags_of
from .result import diff, summary
from .s3_recording_bucket_find import NOT_OURS, BucketFinder
from .tags import from_aws, to_aws

_READ_BACK_SECONDS = 20
# https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html refuses one; auto is no place.
_WITHOUT_CONSTRAINT = ("us-east-1", "auto")
_NO_ABORTS = (
    "Some providers (MinIO) have no rule for uploads that were never finished: leave out "
    "abort_incomplete_multipart_upload_days (in the role s3_recording_abort_uploads_days: 0)"
)
_UNTAGGED = "The bucket was created but not tagged, so decommission.yml will leave it, even if it is empty"


@dataclass(frozen=True)
class _Plan:
    """names: of the settings that change. impacts: on existing objects."""

    exists: bool
    before: bucket.BucketConfig
    after: bucket.BucketConfig
    names: list[str]
    impacts: list[losses.Impact]


def run(module: AwsModule) -> dict[str, Any]:
    """Make the bucket as the task requests; return the module's result."""
    return remove_bucket.run(module) if module.params.get("state") == "absent" else _present(module)


def _present(module: AwsModule) -> dict[str, Any]:
    desired = _desired(module.params)
    bucket.check(desired)
    found = BucketApi(module, desired)
    plan = _plan(found, exists=found.look())
    if not plan.exists and not module.check_mode and not found.make():
        plan = _plan(found, exists=True)
    steps = [bucket.describe_change(each, plan.after) for each in plan.names]
    if not plan.exists:
        steps.insert(0, f"make the bucket{found.where()}")
    after = found.apply(plan) if steps and not module.check_mode else plan.after
    return {
        "changed": bool(steps),
        "existed": plan.exists,
        "bucket_owner": found.owner,
        "steps": steps,
        **bucket.view(after),
        **_side_effects(found, plan),
        "msg": _message(desired, steps, plan.impacts),
        "diff": _diff(desired.bucket, plan, after),
    }


def _desired(params: Mapping[str, Any]) -> bucket.DesiredBucket:
    tags = params["tags"]
    return bucket.DesiredBucket(
        params["name"],
        params["versioning"],
        params["encryption"],
        params["encryption_key_id"] or "",
        params["bucket_key_enabled"],
        params["lifecycle_rules"],
        None if tags is None else {str(key): str(value) for key, value in tags.items()},
        params["purge_tags"],
        params["expire_existing"],
        other_folders(params),
    )


def _side_effects(found: BucketApi, plan: _Plan) -> dict[str, Any]:
    effects = {
        "existing_objects": [each.result() for each in plan.impacts],
        "warnings": [*losses.warnings(plan.impacts), *found.warnings],
    }
    return {name: listed for name, listed in effects.items() if listed}


def _diff(name: str, plan: _Plan, after: bucket.BucketConfig) -> dict[str, Any]:
    left, right = bucket.view(plan.before), bucket.view(after)
    changed = [name for name in right if left.get(name) != right[name]]
    old = {"exists": True, **{name: left[name] for name in changed}} if plan.exists else {"exists": False}
    return diff(f"bucket {name}", old, {"exists": True, **{name: right[name] for name in changed}})


def _plan(found: BucketApi, *, exists: bool) -> _Plan:
    """Return the changes. Only a bucket that is made here is tagged as such."""
    desired = found.desired_for(exists=exists)
    before = found.read() if exists else found.only_desired(bucket.NEW_BUCKET)
    after = bucket.target(before, desired)
    bucket.check_limits(desired, after)
    names = bucket.changes(before, after)
    found.refuse_unknown(names)
    impacts = found.impacts(before, after) if exists and "lifecycle_rules" in names else []
    _refuse_deletions(desired, impacts)
    return _Plan(exists, before, after, names, impacts)


def _refuse_deletions(desired: bucket.DesiredBucket, impacts: list[losses.Impact]) -> None:
    deletions = losses.describe_deletions(impacts)
    if deletions and not desired.expire_existing:
        raise AwsError(
            f"Setting the lifecycle rules of bucket {desired.bucket}",
            f"{deletions}. Without versioning they cannot be recovered",
            "Nothing was changed. Leave the rules as they are, or, if they may be deleted, allow it for "
            "this one run with expire_existing=true (in the role s3_recording_expire_existing)",
        )


def _message(desired: bucket.DesiredBucket, steps: list[str], impacts: list[losses.Impact]) -> str:
    effects = [
        each for each in (losses.describe_deletions(impacts), *losses.describe_harmless(impacts)) if each
    ]
    message = summary(desired.bucket, steps)
    return f"{message} ({'; '.join(effects)})" if effects else message


class BucketApi(BucketFinder):
    def __init__(self, module: AwsModule, desired: bucket.DesiredBucket) -> None:
        super().__init__(module)
        self.given = self.desired = desired
        self.unknown: dict[str, AwsError] = {}
        self.warnings: list[str] = []
        # True while the tag is ours alone, without which the bucket works all the same.
        self.is_marked = False

    def desired_for(self, *, exists: bool) -> bucket.DesiredBucket:
        """Return what is desired: for a bucket that is made here its tag as well."""
        marks = not exists and self._has_tags
        self.is_marked = marks and self.given.tags is None
        tags = {**tags_of(None), **(self.given.tags or {})} if marks else self.given.tags
        self.desired = replace(self.given, tags=tags)
        return self.desired

    @property
    def _has_tags(self) -> bool:
        return self.module.params.get("managed_tag") is not False

    def make(self) -> bool:
        """Create the bucket. Return False if someone else has made it since it was looked for."""
        tried = f"Making bucket {self.name}{self.where()}"
        region = self.module.region
        place = {"CreateBucketConfiguration": {"LocationConstraint": region}}
        try:
            made = call_aws(
                tried,
                self.s3.create_bucket,
                needs="s3:CreateBucket",
                none_on=("BucketAlreadyOwnedByYou",),
                retry_on=("OperationAborted",),
                Bucket=self.name,
                **(place if region and region not in _WITHOUT_CONSTRAINT else {}),
            )
        except AwsError as error:
            if error.code == "BucketAlreadyExists":
                raise error.with_remedy(NOT_OURS) from None
            raise
        if not poll(lambda: True if self.look() else None, _READ_BACK_SECONDS):
            raise AwsError(tried, "it was accepted, but the bucket does not exist", "Run again")
        if made is None or not self._has_tags:
            return made is not None
        # us-east-1, and providers such as Ceph, accept it for an existing bucket of one's own.
        try:
            return not self._tags()["tags"]
        except AwsError as error:
            raise error.with_done(["made the bucket"]) from None

    def only_desired(self, config: bucket.BucketConfig) -> bucket.BucketConfig:
        """Return the settings that the task is about."""
        left_out: dict[str, Any] = {
            name: None for name in bucket.NAMES if name not in self.desired.desired_names
        }
        return replace(config, **left_out)

    def read(self) -> bucket.BucketConfig:
        """Read the settings that the task is about."""
        readers = {
            "versioning": self._versioning,
            "encryption": self._encryption,
            "lifecycle_rules": self._lifecycle,
            "tags": self._tags,
        }
        config = bucket.BucketConfig()
        for name in self.desired.desired_names:
            config = replace(config, **readers[name]())
        return config

    def _get(self, name: str, what: str, operation: Callable[..., Any], needs: str) -> dict[str, Any]:
        found = bucket_setting.read(
            name,
            f"Reading {what} of bucket {self.name}",
            operation,
            needs=needs,
            retry_on=S3_TRANSIENT,
            Bucket=self.name,
        )
        if found.unknown:
            self.unknown[name] = found.unknown
        return found.answer or {}

    def _versioning(self) -> dict[str, Any]:
        answer = self._get(
            "versioning", "versioning", self.s3.get_bucket_versioning, "s3:GetBucketVersioning"
        )
        return {"versioning": answer.get("Status") or ""}

    def _encryption(self) -> dict[str, Any]:
        answer = self._get(
            "encryption",
            "the default encryption",
            self.s3.get_bucket_encryption,
            "s3:GetEncryptionConfiguration",
        )
        rules = (answer.get("ServerSideEncryptionConfiguration") or {}).get("Rules")
        return {"encryption": rules[0] if rules else {}}

    def _lifecycle(self) -> dict[str, Any]:
        answer = self._get(
            "lifecycle_rules",
            "the lifecycle rules",
            self.s3.get_bucket_lifecycle_configuration,
            "s3:GetLifecycleConfiguration",
        )
        return {
            "lifecycle_rules": answer.get("Rules") or [],
            "minimum_size": answer.get("TransitionDefaultMinimumObjectSize") or "",
        }

    def _tags(self) -> dict[str, Any]:
        answer = self._get("tags", "the tags", self.s3.get_bucket_tagging, "s3:GetBucketTagging")
        return {"tags": from_aws(answer.get("TagSet") or [])}

    def impacts(self, before: bucket.BucketConfig, after: bucket.BucketConfig) -> list[losses.Impact]:
        """Return what the rules do to existing objects. Nothing is listed if none can be deleted earlier."""
        old, new = (losses.lifetimes(each.lifecycle_rules or ()) for each in (before, after))
        prefixes = {kind: losses.shortened(old, new, kind) for kind in losses.KINDS}
        if prefixes["noncurrent"] and not self._keeps_versions(before):
            prefixes["noncurrent"] = []
        now = datetime.now(timezone.utc)
        found = []
        for prefix in losses.outermost(each for some in prefixes.values() for each in some):
            has_versions = any(each.startswith(prefix) for each in prefixes["noncurrent"])
            impact = losses.Impact(prefix, old, new, now, has_versions=has_versions)
            listed = object_listing.objects_and_versions if has_versions else object_listing.objects
            for stored in listed(self.s3, self.name, prefix):
                impact.add(stored)
            found.append(impact)
        return found

    def _keeps_versions(self, before: bucket.BucketConfig) -> bool:
        """Return False for a bucket that never had versioning, or a provider that does not know it."""
        if before.versioning is not None:
            return bool(before.versioning)
        return bool(self._versioning()["versioning"])

    def refuse_unknown(self, names: list[str]) -> None:
        """Raise for the first setting to change that the provider does not know."""
        for name in names:
            if name in self.unknown:
                raise self.unknown[name]

    def apply(self, plan: _Plan) -> bucket.BucketConfig:
        """Write the changes, and return what the bucket then has."""
        done = [] if plan.exists else ["made the bucket"]
        wanted = plan.after
        for name in plan.names:
            try:
                self._write(name, wanted)
            except AwsError as error:
                if name != "tags" or not self.is_marked:
                    raise error.with_done(done) from None
                self.warnings.append(f"{error} {_UNTAGGED}")
                self.desired, wanted = replace(self.desired, tags=None), replace(wanted, tags=None)
                continue
            done.append(bucket.describe_change(name, wanted))
        found = read_back(self.read, lambda now: not bucket.changes(now, wanted), _READ_BACK_SECONDS)
        differs = bucket.changes(found, wanted)
        if differs:
            left, right = bucket.view(wanted), bucket.view(found)
            raise AwsError(
                f"Setting {' and '.join(differs)} of bucket {self.name}",
                f"all calls were accepted, but the bucket has {[right.get(name) for name in differs]} where "
                f"{[left.get(name) for name in differs]} was requested",
                "Something else may be changing it at the same time; run again",
            ).with_done(done)
        return found

    def _write(self, name: str, wanted: bucket.BucketConfig) -> None:
        tried = f"Changing bucket {self.name} ({bucket.describe_change(name, wanted)})"
        writers = {
            "versioning": self._to_write_versioning,
            "encryption": self._to_write_encryption,
            "lifecycle_rules": self._to_write_lifecycle_rules,
            "tags": self._to_write_tags,
        }
        operation, needs, arguments = writers[name](wanted)
        try:
            bucket_setting.write(
                name,
                tried,
                operation,
                needs=needs,
                retry_on=S3_TRANSIENT,
                Bucket=self.name,
                **arguments,
            )
        except AwsError as error:
            if error.code == "InvalidArgument" and bucket.aborts_uploads(wanted.lifecycle_rules or ()):
                raise error.with_remedy(_NO_ABORTS) from None
            raise

    def _to_write_versioning(self, wanted: bucket.BucketConfig) -> tuple[Any, str, dict[str, Any]]:
        return (
            self.s3.put_bucket_versioning,
            "s3:PutBucketVersioning",
            {"VersioningConfiguration": {"Status": wanted.versioning}},
        )

    def _to_write_encryption(self, wanted: bucket.BucketConfig) -> tuple[Any, str, dict[str, Any]]:
        return (
            self.s3.put_bucket_encryption,
            "s3:PutEncryptionConfiguration",
            {"ServerSideEncryptionConfiguration": {"Rules": [wanted.encryption]}},
        )

    def _to_write_lifecycle_rules(self, wanted: bucket.BucketConfig) -> tuple[Any, str, dict[str, Any]]:
        needs = "s3:PutLifecycleConfiguration"
        if not wanted.lifecycle_rules:
            return self.s3.delete_bucket_lifecycle, needs, {}
        arguments: dict[str, Any] = {
            "LifecycleConfiguration": {"Rules": bucket.to_write(wanted.lifecycle_rules)}
        }
        if wanted.minimum_size:
            arguments["TransitionDefaultMinimumObjectSize"] = wanted.minimum_size
        return self.s3.put_bucket_lifecycle_configuration, needs, arguments

    def _to_write_tags(self, wanted: bucket.BucketConfig) -> tuple[Any, str, dict[str, Any]]:
        needs = "s3:PutBucketTagging"
        if not wanted.tags:
            return self.s3.delete_bucket_tagging, needs, {}
        return self.s3.put_bucket_tagging, needs, {"Tagging": {"TagSet": to_aws(wanted.tags)}}
