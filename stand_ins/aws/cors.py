# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""CORS of S3: rules that it refuses to store, and the headers of its answers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import xml_body
from .errors import Refusal, malformed_xml
from .policy import as_list

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from xml.etree import ElementTree

_METHODS = ("GET", "PUT", "POST", "DELETE", "HEAD")
_MAX_RULES = 100
_MAX_BYTES = 64 * 1024
_MAX_ID = 255
_REFUSED = (
    "CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, "
    "request method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted "
    "by the resource's CORS spec."
)
_NO_METHOD = "Found unsupported HTTP method in CORS config."
_NO_WILDCARD = "We currently do not support wildcard for ExposeHeader."
_VARY = "Origin, Access-Control-Request-Headers, Access-Control-Request-Method"
Headers = list[tuple[str, str]]


@dataclass(frozen=True)
class Rule:
    origins: tuple[str, ...]
    methods: tuple[str, ...]
    headers: tuple[str, ...] = ()
    expose: tuple[str, ...] = ()
    max_age: str | None = None

    @classmethod
    def of(cls, stored: Any) -> Rule:
        """Return a rule from moto's own form."""
        return cls(
            tuple(as_list(stored.allowed_origins)),
            tuple(as_list(stored.allowed_methods)),
            tuple(as_list(stored.allowed_headers)),
            tuple(as_list(stored.exposed_headers)),
            stored.max_age_seconds,
        )


def _invalid(message: str) -> Refusal:
    return Refusal(400, "InvalidRequest", message)


def _texts(rule: ElementTree.Element, name: str) -> list[str]:
    return [child.text or "" for child in rule.findall(name)]


def check_configuration(body: bytes) -> None:
    if len(body) > _MAX_BYTES:
        raise Refusal(
            400, "MaxMessageLengthExceeded", "Your request was too big.", MaxMessageLengthBytes="65536"
        )
    rules = xml_body.read(body, "CORSConfiguration").findall("CORSRule")
    if not rules:
        raise malformed_xml()
    if len(rules) > _MAX_RULES:
        raise _invalid("The number of CORS rules should not exceed allowed limit of 100 rules.")
    for rule in rules:
        _check_rule(rule)


def _check_rule(rule: ElementTree.Element) -> None:
    ids, ages, methods = (_texts(rule, name) for name in ("ID", "MaxAgeSeconds", "AllowedMethod"))
    if not methods or not _texts(rule, "AllowedOrigin") or len(ids) > 1 or len(ages) > 1:
        raise malformed_xml()
    if ages and not re.fullmatch(r"\d+", ages[0]):
        raise malformed_xml()
    if ids and len(ids[0]) > _MAX_ID:
        raise _invalid(f"The ID of a CORS rule cannot be longer than {_MAX_ID} characters.")
    for method in methods:
        if method not in _METHODS:
            raise _invalid(f"{_NO_METHOD} Unsupported method is {method}")
    _check_wildcards(rule)


def _check_wildcards(rule: ElementTree.Element) -> None:
    for name in ("AllowedOrigin", "AllowedHeader"):
        for value in _texts(rule, name):
            if value.count("*") > 1:
                raise _invalid(f'{name} "{value}" can not have more than one wildcard.')
    for value in _texts(rule, "ExposeHeader"):
        if "*" in value:
            raise _invalid(f'ExposeHeader "{value}" contains wildcard. {_NO_WILDCARD}')


def _fits(pattern: str, value: str) -> bool:
    head, star, tail = pattern.partition("*")
    if not star:
        return pattern == value
    return value.startswith(head) and value.endswith(tail) and len(value) >= len(head) + len(tail)


def _requested(headers: Mapping[str, str]) -> list[str]:
    names = headers.get("access-control-request-headers", "").split(",")
    return [name.strip().lower() for name in names if name.strip()]


def find_rule(rules: Sequence[Rule], method: str, headers: Mapping[str, str]) -> Rule | None:
    """Return the first rule that matches. The Access-Control-Request headers count on a plain request too."""
    origin = headers.get("origin", "")
    method = headers.get("access-control-request-method", method)
    for rule in rules:
        allowed = [pattern.lower() for pattern in rule.headers]
        if (
            any(_fits(pattern, origin) for pattern in rule.origins)
            and method in rule.methods
            and all(any(_fits(pattern, name) for pattern in allowed) for name in _requested(headers))
        ):
            return rule
    return None


def answer(rule: Rule, headers: Mapping[str, str]) -> Headers:
    origin = "*" if "*" in rule.origins else headers["origin"]
    result: Headers = [
        ("Access-Control-Allow-Origin", origin),
        ("Access-Control-Allow-Methods", ", ".join(rule.methods)),
    ]
    if _requested(headers):
        result.append(("Access-Control-Allow-Headers", ", ".join(_requested(headers))))
    if rule.expose:
        result.append(("Access-Control-Expose-Headers", ", ".join(rule.expose)))
    if rule.max_age:
        result.append(("Access-Control-Max-Age", str(rule.max_age)))
    if origin != "*":
        result.append(("Access-Control-Allow-Credentials", "true"))
    return [*result, ("Vary", _VARY)]


def preflight(rules: Sequence[Rule] | None, headers: Mapping[str, str], has_key: bool) -> Headers:
    """Return the headers that answer OPTIONS. rules: None if there is no such bucket."""
    if "origin" not in headers:
        raise Refusal(400, "BadRequest", "Insufficient information. Origin request header needed.")
    method = headers.get("access-control-request-method", "OPTIONS")
    if not rules:
        message = "CORS is not enabled for this bucket." if rules is not None else "Bucket not found"
        raise Refusal(
            403, "AccessForbidden", f"CORSResponse: {message}", Method=method, ResourceType="BUCKET"
        )
    if method == "OPTIONS":
        raise Refusal(400, "BadRequest", "Invalid Access-Control-Request-Method: null")
    rule = find_rule(rules, method, headers)
    if rule is None:
        kind = "OBJECT" if has_key else "BUCKET"
        raise Refusal(403, "AccessForbidden", _REFUSED, Method=method, ResourceType=kind)
    return answer(rule, headers)
