# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Which statements of policies are about one action on one object: plain data in, plain data out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .policy import statements_of

Statement = Mapping[str, Any]


def about(policies: Sequence[Mapping[str, Any]], effect: str, action: str) -> Iterator[Statement]:
    """The statements of this effect about the action, on whatever resource."""
    for policy in policies:
        for each in statements_of(policy):
            if each.get("Effect") == effect and _names(each, "Action", action, ignore_case=True):
                yield each


def covers(statement: Statement, path: str) -> bool:
    """Whether a statement is about BUCKET/KEY."""
    return _names(statement, "Resource", path)


def binds_everyone(statement: Statement) -> bool:
    principal = statement.get("Principal")
    named = texts(principal.get("AWS") if isinstance(principal, Mapping) else principal)
    return "*" in named or "NotPrincipal" in statement


def places(statement: Statement) -> list[str]:
    """The resources of a statement as BUCKET/KEY."""
    return [_place(each) for each in texts(statement.get("Resource"))]


def texts(value: Any) -> list[str]:
    return [str(each) for each in (value if isinstance(value, list) else [value]) if each is not None]


def _place(resource: str) -> str:
    return resource.rpartition(":::")[2]


def _names(statement: Statement, element: str, value: str, ignore_case: bool = False) -> bool:
    flags = re.IGNORECASE | re.DOTALL if ignore_case else re.DOTALL

    def fits(pattern: str) -> bool:
        # Only * and ? are wild in a policy, and the partition before the bucket does not matter here.
        parts = ({"*": ".*", "?": "."}.get(each, re.escape(each)) for each in _place(pattern))
        return re.fullmatch("".join(parts), value, flags) is not None

    if f"Not{element}" in statement:
        return not any(fits(each) for each in texts(statement[f"Not{element}"]))
    return any(fits(each) for each in texts(statement.get(element)))
