# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Read policies (of buckets and users), and make the names in them stand for themselves alone."""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Optional

from .._common.errors import AwsError

Statement = Mapping[str, Any]

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
# In a policy these make a name a pattern, or a variable.
_NOT_LITERAL = re.compile(r"[*?$]")
_FIXING = ("stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike")


def check_literal(name: str) -> str:
    """Return a name that stands in a policy for itself; AwsError where it would stand for others as well."""
    if not is_literal(name):
        raise AwsError(
            "Making a policy",
            f"'{name}' contains * ? or $, or a part that is . or .., and would match other names in a policy",
            "Give it without them. Nothing was changed",
        )
    return name


def is_literal(name: str) -> bool:
    return not _NOT_LITERAL.search(name) and not {".", ".."} & set(name.split("/"))


def objects_below(bucket_arn: str, folder: str) -> str:
    """Return the ARN of all objects of a folder, and of no others."""
    return f"{check_literal(bucket_arn)}/{check_literal(folder)}/*"


def statements_of(policy: Optional[Mapping[str, Any]]) -> list[Statement]:
    return as_list((policy or {}).get("Statement"))


def meaning(statement: Statement) -> str:
    """Return a text that is equal for statements that say the same: a value or a list of it, in any order."""
    return json.dumps({name: _plain(name, value) for name, value in statement.items()}, sort_keys=True)


def _plain(name: str, value: Any) -> Any:
    if name in ("Principal", "NotPrincipal") and value == "*":
        value = {"AWS": "*"}
    if isinstance(value, dict):
        return {key: _plain("", each) for key, each in value.items()}
    if name in ("Sid", "Effect"):
        return value
    return sorted({json.dumps(each) for each in as_list(value)})


def everyone_may(statement: Statement) -> bool:
    """True if S3 calls a statement public: it allows everyone, and no condition ties that to fixed values."""
    return (
        statement.get("Effect") == "Allow"
        and is_public_principal(statement)
        and not any(
            _narrows(operator, key, values)
            for operator, pairs in (statement.get("Condition") or {}).items()
            for key, values in pairs.items()
        )
    )


def is_public_principal(statement: Statement) -> bool:
    """True if a statement is about everyone, whatever its conditions."""
    principal = statement.get("Principal")
    named = as_list(principal.get("AWS") if isinstance(principal, Mapping) else principal)
    return "*" in named or "NotPrincipal" in statement


def statements_for(policies: Sequence[Mapping[str, Any]], effect: str, action: str) -> Iterator[Statement]:
    """Yield the statements of this effect about the action, on whatever resource."""
    for policy in policies:
        for each in statements_of(policy):
            if each.get("Effect") == effect and _matches(each, "Action", action, ignore_case=True):
                yield each


def applies_to(statement: Statement, path: str) -> bool:
    """True if a statement is about BUCKET/KEY."""
    return _matches(statement, "Resource", path)


def resources(statement: Statement) -> list[str]:
    """Return the resources of a statement as BUCKET/KEY."""
    return [_path(str(each)) for each in as_list(statement.get("Resource"))]


def _path(resource: str) -> str:
    return resource.rpartition(":::")[2]


def _matches(statement: Statement, element: str, value: str, ignore_case: bool = False) -> bool:
    flags = re.IGNORECASE | re.DOTALL if ignore_case else re.DOTALL

    def fits(pattern: str) -> bool:
        # Only * and ? are wild in a policy, and the partition before the bucket does not matter here.
        parts = ({"*": ".*", "?": "."}.get(each, re.escape(each)) for each in _path(pattern))
        return re.fullmatch("".join(parts), value, flags) is not None

    if f"Not{element}" in statement:
        return not any(fits(str(each)) for each in as_list(statement[f"Not{element}"]))
    return any(fits(str(each)) for each in as_list(statement.get(element)))


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
