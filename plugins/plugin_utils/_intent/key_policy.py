# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The IAM policy of the access key that AMS uses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...module_utils._aws.policy import check_literal, objects_below
from ...module_utils._aws.policy_kms import ENCRYPT_SID
from ...module_utils._aws.s3_recording_bucket_plan import KMS
from .model import Intent


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
        "Sid": ENCRYPT_SID,
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
