# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Plan the CORS rules of a bucket: validate, merge, compare. Plain data in, plain data out.

A rule has the names of the module's options; what a rule leaves out is an empty list or None.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Optional
from xml.sax.saxutils import escape

from .._common.addresses import in_ascii
from .._common.errors import AwsError

Rule = dict[str, Any]

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/ManageCorsUsing.html
MAX_RULES = 100
MAX_BYTES = 64 * 1024
MAX_ID = 255
METHODS = ("GET", "PUT", "POST", "DELETE", "HEAD")
_LISTS = {
    "allowed_origins": "AllowedOrigins",
    "allowed_methods": "AllowedMethods",
    "allowed_headers": "AllowedHeaders",
    "expose_headers": "ExposeHeaders",
}
_HEADERS = ("allowed_headers", "expose_headers")


def from_aws(rules: Iterable[Mapping[str, Any]]) -> list[Rule]:
    """Return rules of S3 in the names of the module."""
    return [
        {
            "id": rule.get("ID"),
            **{name: list(rule.get(aws_name) or []) for name, aws_name in _LISTS.items()},
            "max_age_seconds": rule.get("MaxAgeSeconds"),
        }
        for rule in rules
    ]


def to_aws(rules: Iterable[Rule]) -> list[dict[str, Any]]:
    """Return rules in the names of S3; what is empty is left out."""
    converted = []
    for rule in rules:
        each: dict[str, Any] = {aws: rule[name] for name, aws in _LISTS.items() if rule[name]}
        if rule["id"]:
            each["ID"] = rule["id"]
        if rule["max_age_seconds"] is not None:
            each["MaxAgeSeconds"] = rule["max_age_seconds"]
        converted.append(each)
    return converted


def given(rules: Iterable[Mapping[str, Any]]) -> list[Rule]:
    """Return the rules of the task, in full form and without doubled values."""
    return [
        {
            "id": rule.get("id") or None,
            **{name: list(dict.fromkeys(_as_sent(name, rule.get(name) or []))) for name in _LISTS},
            "max_age_seconds": rule.get("max_age_seconds"),
        }
        for rule in rules
    ]


def _as_sent(name: str, values: Iterable[str]) -> Iterable[str]:
    return [in_ascii(value) for value in values] if name == "allowed_origins" else values


def meaning(rule: Rule) -> tuple[Any, ...]:
    """Return what a rule says, whatever the order inside it and the case of its headers."""
    parts = []
    for name in _LISTS:
        values = rule[name]
        parts.append(frozenset(value.lower() for value in values) if name in _HEADERS else frozenset(values))
    return (rule["id"], *parts, rule["max_age_seconds"])


def same(left: Sequence[Rule], right: Sequence[Rule]) -> bool:
    """True for the same rules in the same order: S3 uses the first that matches a request."""
    return [meaning(rule) for rule in left] == [meaning(rule) for rule in right]


def merged(current: Sequence[Rule], wanted: Sequence[Rule], purge: bool) -> list[Rule]:
    """Return the rules as they should be. A rule that says the same already keeps its form."""
    if purge:
        return [
            _kept_if_same(rule, current[at] if at < len(current) else None) for at, rule in enumerate(wanted)
        ]
    by_id = {rule["id"]: rule for rule in wanted}
    result: list[Rule] = []
    placed: set[Optional[str]] = set()
    for rule in current:
        if rule["id"] not in by_id:
            result.append(rule)
        elif rule["id"] not in placed:
            placed.add(rule["id"])
            result.append(_kept_if_same(by_id[rule["id"]], rule))
    return [*result, *(rule for rule in wanted if rule["id"] not in placed)]


def without(current: Sequence[Rule], ids: Iterable[Optional[str]], purge: bool) -> list[Rule]:
    """Return the rules that stay if those with these IDs are removed; with purge none stays."""
    removed = set(ids)
    return [] if purge else [rule for rule in current if rule["id"] not in removed]


def _kept_if_same(wanted: Rule, current: Optional[Rule]) -> Rule:
    if current is None:
        return wanted
    # An ID that the user did not give is left as it is.
    named = {**wanted, "id": wanted["id"] or current["id"]}
    return current if meaning(named) == meaning(current) else wanted


def difference(before: Sequence[Rule], after: Sequence[Rule]) -> tuple[list[Rule], list[Rule]]:
    """Return the rules that change, before and after; all of them if only their order changes."""
    if same(before, after):
        return [], []
    old = {meaning(rule) for rule in before}
    new = {meaning(rule) for rule in after}
    left = [rule for rule in before if meaning(rule) not in new]
    right = [rule for rule in after if meaning(rule) not in old]
    return (left, right) if left or right else (list(before), list(after))


def summary(name: str, before: Sequence[Rule], after: Sequence[Rule]) -> str:
    """Describe the rules in one line."""
    total = "no CORS rules" if not after else f"{len(after)} CORS rule{'s' if len(after) > 1 else ''}"
    left, right = difference(before, after)
    if not left and not right:
        return f"{name} has {total}, no change needed"
    changes = []
    old, new = {rule["id"] for rule in left}, {rule["id"] for rule in right}
    for verb, ids in (("added", new - old), ("changed", new & old), ("removed", old - new)):
        if ids:
            changes.append(f"{verb} {', '.join(sorted(each or 'a rule without ID' for each in ids))}")
    return f"{name} has {total}: {'; '.join(changes)}"


def check(name: str, wanted: Sequence[Rule], *, present: bool, purge: bool) -> None:
    """Raise if S3 would refuse the rules of the task, or if they could not be told apart later."""
    problems = []
    if not present and not purge and not wanted:
        problems.append("state=absent needs the ids of the rules to remove, or purge=true for all")
    for at, rule in enumerate(wanted):
        label = f"rule '{rule['id']}'" if rule["id"] else f"rule {at + 1}"
        problems += [f"{label} {problem}" for problem in _problems_of(rule, present=present, purge=purge)]
    doubled = Counter(rule["id"] for rule in wanted if rule["id"])
    problems += [f"the ID '{each}' is listed more than once" for each in sorted(doubled) if doubled[each] > 1]
    if problems:
        raise AwsError(f"The CORS rules for bucket {name}", "; ".join(problems), "Nothing was changed")


def check_limits(name: str, rules: Sequence[Rule]) -> None:
    """Raise if the bucket's rules, those of others included, are more than S3 allows."""
    came_back = ""
    if len(rules) > MAX_RULES:
        came_back = f"{len(rules)} rules would be in the bucket, S3 allows {MAX_RULES}"
    elif size_of(rules) > MAX_BYTES:
        came_back = f"{size_of(rules)} bytes of rules would be in the bucket, S3 allows {MAX_BYTES}"
    if came_back:
        remedy = f"{size_remedy(rules)}. Nothing was changed"
        raise AwsError(f"The CORS rules of bucket {name}", came_back, remedy)


def patterns_for(rule: Rule) -> list[str]:
    """Return the fewest origins with a * that allow all of a rule's and make it small enough, if any.

    Only whole labels at the front of a domain are given up, and never the last two: a * in an IP address
    would allow anybody's names that begin so.
    """
    origins = list(rule["allowed_origins"])
    for given_up in range(1, 8):
        found = sorted({_pattern(origin, given_up) for origin in origins})
        if size_of([{**rule, "allowed_origins": found}]) <= MAX_BYTES:
            return found
    return []


def _pattern(origin: str, given_up: int) -> str:
    scheme, _colon, rest = origin.partition("://")
    host, colon, port = rest.partition(":")
    labels = host.split(".")
    given_up = min(given_up, len(labels) - 2)
    if given_up < 1 or "*" in origin or labels[-1].isdigit():
        return origin
    return f"{scheme}://{'.'.join(['*', *labels[given_up:]])}{colon}{port}"


def size_remedy(rules: Sequence[Rule]) -> str:
    """Say what to do about rules that are too large together."""
    largest = max(rules, key=lambda rule: size_of([rule]))
    patterns = patterns_for(largest)
    if size_of([largest]) > MAX_BYTES and patterns:
        listed = ", ".join(patterns[:5]) + (f" and {len(patterns) - 5} more" if len(patterns) > 5 else "")
        return f"Allow every host of a domain, which may be more than these: {listed}"
    return "Put several origins into one rule or remove rules (purge=true)"


def size_of(rules: Sequence[Rule]) -> int:
    """Return the size of the document that S3 is sent, in bytes."""
    total = len('<CORSConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"></CORSConfiguration>')
    for rule in to_aws(rules):
        total += len("<CORSRule></CORSRule>")
        for tag, value in rule.items():
            for each in value if isinstance(value, list) else [value]:
                name = tag[:-1] if tag in _LISTS.values() else tag
                total += 2 * len(name) + len("<></>") + len(escape(str(each)).encode())
    return total


def _problems_of(rule: Rule, *, present: bool, purge: bool) -> list[str]:
    found = []
    if not rule["id"] and not purge:
        found.append("has no id, by which it could be found again (purge=true allows rules without)")
    if len(rule["id"] or "") > MAX_ID:
        found.append(f"has an ID longer than {MAX_ID} characters")
    if present:
        found += [f"needs {each}" for each in ("allowed_origins", "allowed_methods") if not rule[each]]
    return found + _wildcard_problems(rule) + _value_problems(rule)


def _wildcard_problems(rule: Rule) -> list[str]:
    found = [
        f"has more than one * in '{value}' ({name})"
        for name in ("allowed_origins", "allowed_headers")
        for value in rule[name]
        if value.count("*") > 1
    ]
    return found + [
        f"has a * in '{value}' (expose_headers), where S3 allows none"
        for value in rule["expose_headers"]
        if "*" in value
    ]


def _value_problems(rule: Rule) -> list[str]:
    found = [f"has an empty value in {name}" for name in _LISTS if "" in rule[name]]
    found += [
        f"has the method '{each}', which S3 does not allow"
        for each in rule["allowed_methods"]
        if each not in METHODS
    ]
    if (rule["max_age_seconds"] or 0) < 0:
        found.append("has max_age_seconds below 0")
    return found
