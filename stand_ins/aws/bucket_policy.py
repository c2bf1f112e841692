# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Refuse bucket policies that S3 refuses for their text."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from .errors import Refusal
from .policy import as_list, is_public, matches, statements
from .s3_actions import BUCKET_ACTIONS, OBJECT_ACTIONS

_VERSIONS = ("2008-10-17", "2012-10-17")
_MAX_BYTES = 20 * 1024
_LOOSE_PRINCIPALS = ("Service", "Federated", "CanonicalUser")
_SERVICE = re.compile(r"[a-z0-9.-]+\.amazonaws\.com(\.cn)?")
PrincipalTest = Callable[[str], bool]


def _malformed(message: str, **extra: str) -> Refusal:
    return Refusal(400, "MalformedPolicy", message, **extra)


def read_policy(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise _malformed("Policies must be valid JSON and the first byte must be '{'")
    return document


def check_policy(body: bytes, bucket: str, partition: str, known: PrincipalTest) -> bool:
    """Raise what S3 would; tell whether the policy is public."""
    document = read_policy(body)
    if len(body) > _MAX_BYTES:
        raise _malformed("Policy exceeds the maximum allowed document size")
    if document.get("Version", _VERSIONS[0]) not in _VERSIONS:
        raise _malformed("The policy must contain a valid version string")
    unknown = set(document) - {"Version", "Id", "Statement"}
    if unknown:
        raise _malformed(f"Unknown field {sorted(unknown)[0]}")
    if not statements(document):
        raise _malformed("Missing required field Statement")
    _check_sids(document)
    for statement in statements(document):
        _check_statement(statement, f"arn:{partition}:s3:::{bucket}", known)
    return is_public(document)


def _check_sids(document: Mapping[str, Any]) -> None:
    sids = [statement["Sid"] for statement in statements(document) if statement.get("Sid")]
    if len(sids) != len(set(sids)):
        raise _malformed("Statement IDs (SID) in a single policy must be unique.")


def _check_statement(statement: Mapping[str, Any], bucket_arn: str, known: PrincipalTest) -> None:
    for name in ("Effect", "Principal", "Action", "Resource"):
        if not statement.get(name) and not (name != "Effect" and statement.get(f"Not{name}")):
            raise _malformed(f"Missing required field {name}")
    if statement["Effect"] not in ("Allow", "Deny"):
        raise _malformed(f"Invalid effect: {statement['Effect']}")
    _check_principal(statement.get("Principal", statement.get("NotPrincipal")), known)
    actions = [str(action) for action in as_list(statement.get("Action", statement.get("NotAction")))]
    resources = [
        str(resource) for resource in as_list(statement.get("Resource", statement.get("NotResource")))
    ]
    _check_actions(actions)
    for resource in resources:
        if not (
            matches(resource, bucket_arn) or resource == bucket_arn or resource.startswith(bucket_arn + "/")
        ):
            raise _malformed("Policy has invalid resource")
    if "Action" in statement and "Resource" in statement:
        _check_pairs(actions, resources, bucket_arn)


def _check_actions(actions: list[str]) -> None:
    for action in actions:
        service, _rest, name = action.partition(":")
        if action != "*" and (service.lower() != "s3" or not re.fullmatch(r"[A-Za-z*?]+", name)):
            raise _malformed("Policy has invalid action")
        exact = "*" not in action and "?" not in action
        if exact and not any(matches(action, each, True) for each in OBJECT_ACTIONS | BUCKET_ACTIONS):
            raise _malformed("Policy has invalid action")


def _check_pairs(actions: list[str], resources: list[str], bucket_arn: str) -> None:
    """Refuse an action without a resource of its kind: s3:GetObject an object, s3:ListBucket the bucket."""
    objects = any(
        "/" in resource.removeprefix(bucket_arn) or resource.endswith("*") for resource in resources
    )
    bucket = any(matches(resource, bucket_arn) for resource in resources)
    for action in actions:
        to_objects = any(matches(action, each, True) for each in OBJECT_ACTIONS)
        to_bucket = any(matches(action, each, True) for each in BUCKET_ACTIONS)
        if not (to_objects and objects) and not (to_bucket and bucket):
            raise _malformed("Action does not apply to any resource(s) in statement")


def _check_principal(principal: Any, known: PrincipalTest) -> None:
    if principal == "*":
        return
    if not isinstance(principal, dict) or not principal:
        raise _malformed("Invalid policy syntax.")
    for kind, values in principal.items():
        if kind != "AWS" and kind not in _LOOSE_PRINCIPALS:
            raise _malformed("Invalid policy syntax.")
        for value in as_list(values):
            unknown_service = kind == "Service" and not _SERVICE.fullmatch(str(value))
            if unknown_service or (kind == "AWS" and value != "*" and not known(str(value))):
                raise _malformed("Invalid principal in policy", Detail=str(value))
