# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Keep what a policy allows in folders of a bucket when it gets other statements.

Plain data in, plain data out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Optional

from .policy import Statement, as_list, is_literal, meaning, statements_of


def union(desired: Mapping[str, Any], current: Optional[Mapping[str, Any]], bucket: str) -> dict[str, Any]:
    """Return the desired policy with what the current one allows for objects in folders of a bucket.

    Statements that differ in their resources alone become one.
    """
    joined = [dict(each) for each in statements_of(desired)]
    for each in _in_folders(current, bucket):
        same = next((one for one in joined if _without_resource(one) == _without_resource(each)), None)
        if same is None:
            joined.append(_renamed(each, joined))
        else:
            same["Resource"] = list(dict.fromkeys([*as_list(same["Resource"]), *each["Resource"]]))
    return {**desired, "Statement": joined}


def beyond(desired: Mapping[str, Any], current: Optional[Mapping[str, Any]], bucket: str) -> list[str]:
    """Return the objects in folders of a bucket for which the current policy allows more than is desired."""
    wanted: dict[str, set[Any]] = {}
    for each in statements_of(desired):
        wanted.setdefault(_without_resource(each), set()).update(as_list(each.get("Resource")))
    return sorted(
        {
            _path(resource)
            for each in _in_folders(current, bucket)
            for resource in each["Resource"]
            if resource not in wanted.get(_without_resource(each), ())
        }
    )


def _in_folders(policy: Optional[Mapping[str, Any]], bucket: str) -> list[dict[str, Any]]:
    """Return the statements that allow something in folders of the bucket, with these resources alone."""
    found = []
    for each in statements_of(policy):
        resources = [one for one in as_list(each.get("Resource")) if _is_in_folder(str(one), bucket)]
        if each.get("Effect") == "Allow" and resources:
            found.append({**each, "Resource": resources})
    return found


def _is_in_folder(resource: str, bucket: str) -> bool:
    """True for objects below a folder that a name means, and not a pattern."""
    owner, slash, key = _path(resource).partition("/")
    folder, below, ending = key.partition("/*")
    return bool(owner == bucket and slash and folder and below) and is_literal(folder) and is_literal(ending)


def _path(resource: str) -> str:
    return resource.rpartition(":::")[2]


def _without_resource(statement: Statement) -> str:
    """Return a text that is equal for statements that say the same of other resources."""
    return meaning({name: each for name, each in statement.items() if name not in ("Sid", "Resource")})


def _renamed(statement: Mapping[str, Any], others: Sequence[Statement]) -> dict[str, Any]:
    """Return a statement with a Sid that no other one has: IAM refuses a policy with two of a name."""
    taken = {each.get("Sid") for each in others}
    sid, number = statement.get("Sid"), 2
    if sid is None or sid not in taken:
        return dict(statement)
    while f"{sid}{number}" in taken:
        number += 1
    return {**statement, "Sid": f"{sid}{number}"}
