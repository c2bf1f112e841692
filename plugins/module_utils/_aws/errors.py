# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Translate botocore's errors into AwsError."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .._common.errors import AwsError
from .._common.plain_text import one_line
from .codes import DENIED_CODES, THROTTLED_CODES, UNKNOWN_CALL_CODES, code_of, status_of
from .credentials import CredentialsError, trouble_of

_LONGEST_ANSWER = 1000
_UNAVAILABLE = 503
_PERMISSION = re.compile(r"[a-z0-9]+:[A-Z]\w+")
# The ready policies by the permissions that docs/policies/run.json lacks; "" for those that none has.
_READY_POLICIES = {
    "": ("iam:DeleteLoginProfile", "iam:ListPolicies", "iam:UpdateUser", "kms:", "secretsmanager:"),
    "cloudfront.json": ("cloudfront:",),
    "run-with-boundary.json": ("iam:AttachUserPolicy", "iam:GetPolicy", "iam:PutUserPermissionsBoundary"),
    "decommission.json": ("iam:DeleteUser", "iam:DetachUser", "iam:ListMFA", "iam:ListS", "ssm:Delete"),
}


def to_aws_error(
    tried: str,
    error: BaseException,
    needs: str = "",
    *,
    address: str = "",
    profile: str = "",
    policy: str = "",
) -> AwsError:
    """Return an AwsError for an error of botocore.

    needs: the permission that the call needs. address: the one that was called. policy: the ready policy that
    has the permission, where that is not the usual one.
    """
    trouble = trouble_of(error, profile)
    response = getattr(error, "response", None) or {}
    if not response:
        if trouble is not None:
            return CredentialsError(tried, trouble.words, trouble.remedy)
        way = "Check region, endpoint_url and the network between this host and AWS"
        return AwsError(tried, f"{type(error).__name__}: {one_line(str(error))}", way)
    code, status = one_line(code_of(error)), status_of(error)
    came_back = _describe(response, code, status)
    if code in UNKNOWN_CALL_CODES:
        call = getattr(error, "operation_name", "")
        came_back = f"{address or 'the provider'} does not know the call {call} ({came_back.rstrip('.')})"
    remedy = trouble.remedy if trouble else _remedy(code, status, needs, policy)
    kind = CredentialsError if trouble else AwsError
    return kind(tried, came_back, remedy, code=code, status=status)


def _describe(response: Mapping[str, Any], code: str, status: int) -> str:
    text = one_line(str((response.get("Error") or {}).get("Message") or ""))[:_LONGEST_ANSWER]
    return ": ".join(each for each in (code or f"HTTP status {status}", text) if each)


def _remedy(code: str, status: int, needs: str, policy: str) -> str:
    if code in THROTTLED_CODES or status == _UNAVAILABLE:
        return (
            "The service throttles requests: run again in a few minutes. If that happens often, start fewer "
            "runs in this account at the same time"
        )
    if code in DENIED_CODES and needs:
        ready = policy or ready_policy(needs)
        has_it = f". {ready} has it" if ready else ""
        return f"The credentials of this task need the permission {needs}, and no policy may deny it{has_it}"
    if code in UNKNOWN_CALL_CODES:
        return "Remove what needs this call, or use a provider that has it (endpoint_url)"
    return ""


def ready_policy(needs: str) -> str:
    """Return the policy of this collection that has the first permission named; empty if none has."""
    found = _PERMISSION.search(needs)
    if found is None:
        return ""
    for policy, permissions in _READY_POLICIES.items():
        if found[0].startswith(permissions):
            return policy and f"docs/policies/{policy}"
    return "docs/policies/decommission.json" if found[0] == "s3:DeleteBucket" else "docs/policies/run.json"
