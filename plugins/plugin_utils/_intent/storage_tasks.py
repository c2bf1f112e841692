# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of each module that sets up a bucket's storage, for its task and for the check before it.

The role adds the options of the access key that no intent has.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...module_utils._aws.other_folders import KEEP
from ...module_utils._aws.policy_kms import KEEP as KEEP_KEYS
from ...module_utils._aws.s3_bucket_access_model import NOTHING


def storage_tasks(bucket: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the options by the name of the module, without modules that have nothing to do."""
    return {**_at_s3(bucket), **_distribution(bucket), **_key(bucket)}


def one_module(bucket: Mapping[str, Any], module: str, **options: Any) -> dict[str, Any]:
    """Return what s3_recording_storage needs to run one module of a bucket.

    options: that replace those of the plan.
    """
    storage = bucket["storage"]
    place = {name: storage[name] for name in ("name", "region", "endpoint_url")}
    return {**place, module: {**storage[module], **options}}


def _at_s3(bucket: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    place = {"name": bucket["bucket"], **_given(endpoint_url=bucket["s3_endpoint_url"])}
    untagged = {} if bucket["keeps_tags"] else {"managed_tag": False}
    tasks = {"s3_recording_bucket": {**place, **bucket["config"], **untagged, **_rules_of_others(bucket)}}
    if bucket["has_access"]:
        options = (
            "delivery",
            "folders",
            "forget_folders",
            "open_existing",
            "close_existing",
            "secure_transport_only",
            "allow_changing_others_access",
        )
        tasks["s3_bucket_access"] = {
            **place,
            **{name: bucket[name] for name in options},
            "other_folders": KEEP,
            "policy_only": not bucket["has_ownership"],
        }
    if bucket["cors_rules"]:
        tasks["s3_cors"] = {**place, "rules": bucket["cors_rules"]}
    return tasks


def _rules_of_others(bucket: Mapping[str, Any]) -> dict[str, Any]:
    """Return what becomes of lifecycle rules that are not given: those of the bucket's own folders go."""
    given = bucket["config"].get("lifecycle_rules")
    if given is None:
        return {}
    own = [] if given else bucket["folders"]
    return {"other_folders": KEEP, **_given(forget_folders=[*bucket["forget_folders"], *own])}


def _distribution(bucket: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    if not bucket["needs_distribution"]:
        return {}
    given = _given(
        distribution_id=bucket["cloudfront_distribution"],
        price_class=bucket["cloudfront_price_class"],
        require_https=bucket["cloudfront_distribution"] and bucket["secure_transport_only"] != NOTHING,
    )
    return {"cloudfront_recording_distribution": {"bucket": bucket["bucket"], **given}}


def _key(bucket: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    if bucket["key_given"]:
        return {}
    managed = ["AmazonS3FullAccess"] if bucket["attach_s3_full_access"] else []
    return {
        "iam_programmatic_user": {
            "user_name": bucket["iam_user"],
            "bucket": bucket["bucket"],
            "adopt": bucket["adopt_iam_user"],
            "policy_name": "recordings",
            "policy": bucket["key_policy"],
            # A server may still upload there, which only its settings say.
            "other_folders": KEEP,
            "previous_kms_keys": KEEP_KEYS,
            **_given(
                forget_folders=bucket["forget_folders"],
                forget_kms_keys=bucket["forget_kms_keys"],
                managed_policies=managed,
                permissions_boundary=bucket["permissions_boundary"],
            ),
        },
        "iam_stored_access_key": {
            "user_name": bucket["iam_user"],
            "store": bucket["key_store"],
            "stored_at": bucket["key_stored_at"],
            "bucket": bucket["bucket"],
            "adopt": bucket["adopt_iam_user"],
            **_given(
                previous_store=bucket["key_previous_store"],
                previous_stored_at=bucket["key_previous_stored_at"],
            ),
        },
        **_previous_user(bucket),
    }


def _previous_user(bucket: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    if not bucket["previous_iam_user"]:
        return {}
    store, place = bucket["previous_place"]
    user = {"user_name": bucket["previous_iam_user"], "bucket": bucket["bucket"]}
    how = {"key_store": store, "key_stored_at": place, "delete_after": bucket["key_delete_after"]}
    return {"previous_iam_user": {**user, **how}}


def _given(**options: Any) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value}
