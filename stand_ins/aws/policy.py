# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Evaluate IAM and bucket policies. Plain data in, a verdict out.

Modelled: Allow and Deny, Not-elements, wildcards, ${aws:username}, principals, and the condition operators
and keys named below. A condition with any other operator or key counts as not matched.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

CONTEXT_KEYS = frozenset(
    {
        "s3:prefix",
        "s3:delimiter",
        "s3:max-keys",
        "s3:x-amz-acl",
        "s3:x-amz-storage-class",
        "aws:securetransport",
        "aws:sourceip",
        "aws:referer",
        "aws:useragent",
        "aws:username",
        "aws:principalarn",
        "aws:principalaccount",
        "aws:principalisawsservice",
        "aws:principalservicename",
        "aws:requestedregion",
        "aws:sourcearn",
        "aws:sourceaccount",
        "aws:tagkeys",
        "iam:permissionsboundary",
        "iam:policyarn",
        "kms:calleraccount",
        "kms:resourcealiases",
        "kms:viaservice",
    }
)
ContextValue = str | tuple[str, ...]


class Verdict(Enum):
    ALLOW = "allow"
    DENY = "deny"
    NONE = "none"


@dataclass(frozen=True)
class Question:
    """May this principal do this action on this resource?

    Neither a principal nor a service of AWS: nobody signed.
    """

    action: str
    resource: str
    principal: str | None = None
    context: Mapping[str, ContextValue] = field(default_factory=dict)
    service: str | None = None

    @property
    def is_anonymous(self) -> bool:
        return self.principal is None and self.service is None

    @property
    def account(self) -> str:
        return self.principal.split(":")[4] if self.principal else ""


def as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


@lru_cache(maxsize=4096)
def _pattern(text: str, ignore_case: bool) -> re.Pattern[str]:
    parts = ["." if char == "?" else ".*" if char == "*" else re.escape(char) for char in text]
    return re.compile("".join(parts), re.DOTALL | (re.IGNORECASE if ignore_case else 0))


def matches(pattern: str, value: str, ignore_case: bool = False) -> bool:
    return _pattern(pattern, ignore_case).fullmatch(value) is not None


def _any_match(patterns: Any, value: str, ignore_case: bool = False) -> bool:
    return any(matches(str(pattern), value, ignore_case) for pattern in as_list(patterns))


def _action_fits(statement: Mapping[str, Any], question: Question) -> bool:
    if "NotAction" in statement:
        return not _any_match(statement["NotAction"], question.action, True)
    return _any_match(statement.get("Action"), question.action, True)


def _resource_fits(statement: Mapping[str, Any], question: Question) -> bool:
    name = str(question.context.get("aws:username", ""))
    patterns = [
        str(pattern).replace("${aws:username}", name)
        for pattern in as_list(statement.get("Resource", statement.get("NotResource")))
    ]
    found = _any_match(patterns, question.resource)
    return not found if "NotResource" in statement else found


def _root(principal: str) -> str:
    return principal.rsplit(":", 1)[0].replace(":sts:", ":iam:") + ":root"


def is_everyone(principal: Any) -> bool:
    if isinstance(principal, dict):
        return any(is_everyone(value) for value in as_list(principal.get("AWS")))
    return bool(principal == "*")


def _names(principal: Any, question: Question, deny: bool) -> bool:
    if is_everyone(principal):
        return True
    if not isinstance(principal, dict):
        return False
    if question.service is not None:
        return question.service in as_list(principal.get("Service"))
    if question.principal is None:
        return False
    for value in as_list(principal.get("AWS")):
        if value == question.principal:
            return True
        # The account as principal delegates to IAM: it grants its users nothing, but a Deny binds them.
        if deny and value in (question.account, _root(question.principal)):
            return True
    return False


def _principal_fits(statement: Mapping[str, Any], question: Question) -> bool:
    deny = statement.get("Effect") == "Deny"
    if "NotPrincipal" in statement:
        return not _names(statement["NotPrincipal"], question, deny)
    return _names(statement.get("Principal"), question, deny)


def _in_network(network: str, address: str) -> bool:
    try:
        return ipaddress.ip_address(address) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False


_POSITIVE: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": lambda wanted, given: wanted == given,
    "StringEqualsIgnoreCase": lambda wanted, given: wanted.lower() == given.lower(),
    "StringLike": matches,
    "ArnEquals": matches,
    "ArnLike": matches,
    "Bool": lambda wanted, given: wanted.lower() == given.lower(),
    "IpAddress": _in_network,
}
_NEGATIVE = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
    "NotIpAddress": "IpAddress",
}


def _condition_holds(operator: str, key: str, wanted: list[str], context: Mapping[str, ContextValue]) -> bool:
    if key.lower() not in CONTEXT_KEYS:
        return False
    given = context.get(key.lower())
    if operator == "Null":
        return (given is None) == (str(wanted[0]).lower() == "true")
    quantifier, _rest, plain = operator.rpartition(":")
    base = plain.removesuffix("IfExists")
    test = _POSITIVE.get(_NEGATIVE.get(base, base))
    if test is None:
        return False
    if given is None:
        return quantifier == "ForAllValues" or plain != base or (not quantifier and base in _NEGATIVE)
    negative = base in _NEGATIVE
    values = (given,) if isinstance(given, str) else given
    verdicts = [any(test(each, value) for each in wanted) != negative for value in values]
    each_one = quantifier == "ForAllValues" or (negative and not quantifier)
    return all(verdicts) if each_one else any(verdicts)


def _conditions_hold(statement: Mapping[str, Any], context: Mapping[str, ContextValue]) -> bool:
    for operator, pairs in (statement.get("Condition") or {}).items():
        for key, wanted in pairs.items():
            values = [
                str(value).lower() if isinstance(value, bool) else str(value) for value in as_list(wanted)
            ]
            if not _condition_holds(operator, key, values, context):
                return False
    return True


def statements(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return as_list(document.get("Statement"))


def judge(
    documents: Iterable[Mapping[str, Any]], question: Question, resource_based: bool = False
) -> Verdict:
    """Return the verdict of a set of policies; a Deny anywhere wins."""
    verdict = Verdict.NONE
    for document in documents:
        for statement in statements(document):
            fits = (
                _action_fits(statement, question)
                and _resource_fits(statement, question)
                and (not resource_based or _principal_fits(statement, question))
                and _conditions_hold(statement, question.context)
            )
            if fits and statement.get("Effect") == "Deny":
                return Verdict.DENY
            if fits:
                verdict = Verdict.ALLOW
    return verdict


_RESTRICTING = frozenset(
    {
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
        "s3:dataaccesspointarn",
        "s3:dataaccesspointaccount",
        "s3:x-amz-server-side-encryption-aws-kms-key-id",
    }
)
_FIXING = ("StringEquals", "StringEqualsIgnoreCase", "StringLike", "ArnEquals", "ArnLike")


def _narrow(network: str) -> bool:
    try:
        parsed = ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False
    return parsed.prefixlen >= (8 if parsed.version == 4 else 32)


def _restricts(statement: Mapping[str, Any]) -> bool:
    """True if a condition ties the statement to fixed values, by AWS's meaning of "public"."""
    for operator, pairs in (statement.get("Condition") or {}).items():
        for key, wanted in pairs.items():
            values = [str(value) for value in as_list(wanted)]
            if operator == "IpAddress" and key.lower() == "aws:sourceip" and all(map(_narrow, values)):
                return True
            fixed = not any("*" in value or "?" in value or "${" in value for value in values)
            if operator in _FIXING and key.lower() in _RESTRICTING and fixed:
                return True
    return False


def is_public(document: Mapping[str, Any]) -> bool:
    for statement in statements(document):
        everyone = is_everyone(statement.get("Principal")) or "NotPrincipal" in statement
        if statement.get("Effect") == "Allow" and everyone and not _restricts(statement):
            return True
    return False
