# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Reading a bucket policy: plain data in, plain data out."""

from __future__ import annotations

import ipaddress
import json
import re
from typing import TYPE_CHECKING, Any, Optional

from .._common.errors import AwsError

if TYPE_CHECKING:
    from collections.abc import Mapping

# The meaning of "public":
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
_NARROWING_KEYS = {
    "aws:sourcearn",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:sourceowner",
    "aws:sourceaccount",
    "aws:userid",
    "aws:principalarn",
    "aws:principalaccount",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "s3:x-amz-server-side-encryption-aws-kms-key-id",
    "s3:dataaccesspointarn",
    "s3:dataaccesspointaccount",
}
# Of a name in a policy these make a pattern, or a variable of it.
_NOT_LITERAL = re.compile(r"[*?$]")
_FIXING = ("stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike")


def check_literal(name: str) -> str:
    """Return a name that stands in a policy for itself; AwsError where it would stand for others as well."""
    if not is_literal(name):
        raise AwsError(
            "Making a policy",
            f"'{name}' has one of the characters * ? $ in it, or a part that is . or .., so that it would "
            "stand for more than itself",
            "Give it without them. Nothing was changed",
        )
    return name


def is_literal(name: str) -> bool:
    return not _NOT_LITERAL.search(name) and not {".", ".."} & set(name.split("/"))


def objects_below(bucket_arn: str, folder: str) -> str:
    """Return the ARN of all objects of a folder, and of no others."""
    return f"{check_literal(bucket_arn)}/{check_literal(folder)}/*"


def statements_of(policy: Optional[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return as_list((policy or {}).get("Statement"))


def meaning(statement: Mapping[str, Any]) -> str:
    """A text that is equal for statements that say the same: one value or a list of one, in any order."""
    return json.dumps({name: _plain(name, value) for name, value in statement.items()}, sort_keys=True)


def _plain(name: str, value: Any) -> Any:
    if name in ("Principal", "NotPrincipal") and value == "*":
        value = {"AWS": "*"}
    if isinstance(value, dict):
        return {key: _plain("", each) for key, each in value.items()}
    if name in ("Sid", "Effect"):
        return value
    return sorted({json.dumps(each) for each in as_list(value)})


def everyone_may(statement: Mapping[str, Any]) -> bool:
    """Whether S3 calls a statement public: everyone is let in, and no condition ties that to fixed values."""
    return (
        statement.get("Effect") == "Allow"
        and ("NotPrincipal" in statement or _is_everyone(statement.get("Principal")))
        and not any(
            _narrows(operator, key, values)
            for operator, pairs in (statement.get("Condition") or {}).items()
            for key, values in pairs.items()
        )
    )


def _is_everyone(principal: Any) -> bool:
    if isinstance(principal, dict):
        return any(_is_everyone(each) for each in as_list(principal.get("AWS")))
    return bool(principal == "*")


def _narrows(operator: str, key: str, values: Any) -> bool:
    texts = [str(each) for each in as_list(values)]
    if key.lower() == "aws:sourceip":
        return operator == "IpAddress" and all(_is_narrow(each) for each in texts)
    fixed = not any(char in each for each in texts for char in "*?$")
    return operator.lower() in _FIXING and key.lower() in _NARROWING_KEYS and fixed


def _is_narrow(network: str) -> bool:
    try:
        parsed = ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False
    return parsed.prefixlen >= (8 if parsed.version == 4 else 32)


def as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
