# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The record of what a run did to the storage, for its result and for the next job of a workflow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Variables = Mapping[str, Any]


def storage_record(done: Variables, buckets: Iterable[Variables]) -> dict[str, dict[str, Any]]:
    """Return what is known of each bucket after the run.

    done: the result of s3_recording_storage, empty if it did not run. buckets: those of the fleet.
    """
    results = done.get("buckets") or {}
    return {
        each["bucket"]: _of_bucket(each, results[each["bucket"]], done["changes"][each["bucket"]])
        for each in buckets
        if each["bucket"] in results
    }


def _of_bucket(bucket: Variables, results: Variables, changes: Iterable[Variables]) -> dict[str, Any]:
    changes = list(changes)
    added = [each["what"] for each in changes if each["action"] == "add"]
    key = (
        bucket["access_key_id"]
        if bucket["key_given"]
        else _part(results, "iam_stored_access_key", "access_key_id")
    )
    record = {
        "region": bucket["region"],
        "access_key_id": key,
        "changes": list(dict.fromkeys(each["message"] for each in changes)),
    }
    if not changes:
        return record
    return {
        **record,
        "parts": list(dict.fromkeys(each["what"] for each in changes)),
        "made": {
            "bucket": "bucket" in added,
            "iam_user": "user" in added,
            "distribution": _part(results, "cloudfront_recording_distribution", "distribution_id")
            if "distribution" in added
            else "",
            "access_key_id": key if "key" in added else "",
        },
    }


def _part(results: Variables, module: str, part: str) -> str:
    return str(results.get(module, {}).get(part) or "")
