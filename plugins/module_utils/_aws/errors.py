# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Translate botocore's errors into AwsError."""

from __future__ import annotations

import re

from .._common.errors import AwsError
from .._common.plain_text import one_line
from .codes import DENIED_CODES, THROTTLED_CODES, UNKNOWN_CALL_CODES, code_of, status_of
from .credentials import trouble_of

_LONGEST_ANSWER = 1000
_UNAVAILABLE = 503
_PERMISSION = re.compile(r"[a-z0-9]+:[A-Z]\w+")
# The ready policy for each permission that docs/policies/run.json lacks, empty if none has it.
_READY_POLICIES = {
    "cloudfront:": "cloudfront.json",
    "iam:AttachUserPolicy": "run-with-boundary.json",
    "iam:DeleteLoginProfile": "",
    "iam:DeleteUser": "decommission.json",
    "iam:DeleteUserPolicy": "decommission.json",
    "iam:DetachUserPolicy": "decommission.json",
    "iam:GetPolicy": "run-with-boundary.json",
    "iam:ListMFADevices": "decommission.json",
    "iam:ListPolicies": "",
    "iam:ListSSHPublicKeys": "decommission.json",
    "iam:ListServiceSpecificCredentials": "decommission.json",
    "iam:ListSigningCertificates": "decommission.json",
    "iam:PutUserPermissionsBoundary": "run-with-boundary.json",
    "iam:UpdateUser": "",
    "kms:": "",
    "s3:DeleteBucket": "decommission.json",
    "secretsmanager:": "",
    "ssm:DeleteParameter": "decommission.json",
}


def to_aws_error(
    tried: str, error: BaseException, needs: str = "", *, asked: str = "", profile: str = ""
) -> AwsError:
    """Return an AwsError for an error of botocore.

    needs: the permission that the call needs. asked: the address that was called.
    """
    trouble = trouble_of(error, profile)
    response = getattr(error, "response", None) or {}
    if not response:
        if trouble is not None:
            return AwsError(tried, trouble.words, trouble.remedy)
        way = "Check region, endpoint_url and the network between this host and AWS"
        return AwsError(tried, f"{type(error).__name__}: {one_line(str(error))}", way)
    code, status = one_line(code_of(error)), status_of(error)
    text = one_line(str((response.get("Error") or {}).get("Message") or ""))[:_LONGEST_ANSWER]
    came_back = f"{code or f'HTTP status {status}'}: {text}" if text else (code or f"HTTP status {status}")
    if code in UNKNOWN_CALL_CODES:
        call = getattr(error, "operation_name", "")
        came_back = f"{asked or 'the provider'} does not know the call {call} ({came_back.rstrip('.')})"
    remedy = trouble.remedy if trouble else _remedy(code, status, needs)
    return AwsError(tried, came_back, remedy, code=code, status=status)


def _remedy(code: str, status: int, needs: str) -> str:
    if code in THROTTLED_CODES or status == _UNAVAILABLE:
        return (
            "The service accepts no more requests at the moment: run again in some minutes. If that happens "
            "often, let fewer runs use the account at the same time"
        )
    if code in DENIED_CODES and needs:
        ready = ready_policy(needs)
        has_it = f". {ready} has it" if ready else ""
        return f"The credentials of this task need the permission {needs}, and no policy may deny it{has_it}"
    if code in UNKNOWN_CALL_CODES:
        return "Leave out what needs this call, or give the endpoint_url of a provider that has it"
    return ""


def ready_policy(needs: str) -> str:
    """Return the policy of this collection that has the first permission named; empty if none has."""
    found = _PERMISSION.search(needs)
    if found is None:
        return ""
    name, service = found[0], found[0].partition(":")[0] + ":"
    policy = _READY_POLICIES.get(name, _READY_POLICIES.get(service, "run.json"))
    return f"docs/policies/{policy}" if policy else ""
