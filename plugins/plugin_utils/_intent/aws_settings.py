# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an intent needs on AWS: the policy of the access key, the bucket's settings, the CORS rules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Optional

from ...module_utils._aws.policy import check_literal, objects_below
from ...module_utils._aws.s3_recording_bucket_plan import KMS
from .model import Intent

_CORS_RULE_ID = "antmedia-s3-recording"


def key_policy(intent: Intent, folders: Sequence[str]) -> dict[str, Any]:
    """Return the least policy for the key of AMS; without s3:ListBucket no recording leaves the server."""
    bucket = f"arn:{intent.partition}:s3:::{intent.bucket}"
    actions = [
        "s3:PutObject",
        "s3:PutObjectAcl",
        "s3:GetObject",
        "s3:AbortMultipartUpload",
        "s3:ListMultipartUploadParts",
    ]
    if intent.allow_delete:
        actions.append("s3:DeleteObject")
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Sid": "ListBucket", "Effect": "Allow", "Action": "s3:ListBucket", "Resource": bucket},
            {
                "Sid": "WriteRecordings",
                "Effect": "Allow",
                "Action": actions,
                "Resource": [
                    f"{objects_below(bucket, folder)}{ending}"
                    for folder in sorted(folders)
                    for ending in [f".{check_literal(each)}" for each in intent.key_file_extensions] or [""]
                ],
            },
            *kms_statement(intent),
        ],
    }


def kms_statement(intent: Intent) -> list[dict[str, Any]]:
    """Return what the key of AMS needs for your own KMS key; AWS's own key allows all users of S3.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html, and an upload of many parts
    is decrypted at its end.
    """
    if intent.encryption != KMS or not intent.encryption_key_id:
        return []
    statement: dict[str, Any] = {
        "Sid": "EncryptRecordings",
        "Effect": "Allow",
        "Action": ["kms:GenerateDataKey", "kms:Decrypt"],
    }
    named, _colon, end = check_literal(intent.encryption_key_id).rpartition(":")
    prefix = f"arn:{intent.partition}:kms:{check_literal(intent.region)}:*:"
    if not end.startswith("alias/"):
        return [{**statement, "Resource": intent.encryption_key_id if named else f"{prefix}key/{end}"}]
    # An alias cannot be the resource of a policy.
    account = f"{named}:" if named else prefix
    condition = {"ForAnyValue:StringEquals": {"kms:ResourceAliases": end}}
    return [{**statement, "Resource": f"{account}key/*", "Condition": condition}]


def bucket_settings(intent: Intent, folders: Sequence[str]) -> dict[str, Any]:
    """Return the options of s3_recording_bucket that the intent sets."""
    settings: dict[str, Any] = {
        "expected_bucket_owner": intent.bucket_owner or (None if intent.s3_provider.iam else "any"),
        "versioning": intent.versioning,
        "encryption": intent.encryption or None,
        "encryption_key_id": intent.encryption_key_id or None,
        "lifecycle_rules": _lifecycle_rules(intent, folders),
        "expire_existing": intent.expire_existing or None,
        "tags": dict(intent.bucket_tags or {}) or None,
    }
    return {name: value for name, value in settings.items() if value is not None}


def _lifecycle_rules(intent: Intent, folders: Sequence[str]) -> Optional[list[dict[str, Any]]]:
    """Return the rules; None to leave a provider alone that has none, or was never tried and needs none."""
    given = {
        "expiration_days": intent.expire_days,
        "noncurrent_version_expiration_days": intent.noncurrent_expire_days,
        "abort_incomplete_multipart_upload_days": intent.abort_days,
        "transitions": [dict(each) for each in intent.transitions],
    }
    wanted = {name: value for name, value in given.items() if value}
    if "lifecycle" not in intent.s3_provider.keeps or not (wanted or intent.s3_provider.tried):
        return None
    return [{"prefix": f"{folder}/", **wanted} for folder in sorted(folders)] if wanted else []


def cors_rules(intent: Intent, origins: Sequence[str]) -> list[dict[str, Any]]:
    """Return the rule of Ant Media's guide with the servers' own origins."""
    if not origins:
        return []
    return [
        {
            "id": _CORS_RULE_ID,
            "allowed_origins": sorted(origins),
            "allowed_methods": list(intent.cors_methods),
            "allowed_headers": ["*"],
            "expose_headers": [],
        }
    ]


def concrete_origin(origin: str, own: str) -> str:
    """Return an origin that a browser can send: for a pattern the server's own if it fits."""
    if origin == "*" or "*" not in origin:
        return origin
    start, _star, end = origin.partition("*")
    fits = own.startswith(start) and own.endswith(end) and len(own) >= len(start) + len(end)
    return own if fits else origin.replace("*", "recording-check")
