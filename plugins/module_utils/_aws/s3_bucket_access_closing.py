# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Leave open what is open now, while servers still record and forward viewers as before.

Plain data in, plain data out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from .._common.deliveries import ENFORCED
from .policy import as_list, everyone_may
from .s3_bucket_access_kept import readers
from .s3_bucket_access_model import CLOSE_NOTHING, CLOSE_READS, SWITCHES, Access

Statement = dict[str, Any]


def with_open(wanted: Sequence[Statement], current: Access) -> list[Statement]:
    """Return the statements that are wanted, with all that ours allow now and without what they deny more."""
    denied = [each for each in current.ours if each.get("Effect") == "Deny"]
    found = {readers(each): narrowed for each in wanted for narrowed in _not_denied_more(each, denied)}
    for each in current.ours:
        is_held_back = everyone_may(each) and current.block["restrict_public_buckets"]
        if each.get("Effect") != "Allow" or is_held_back:
            continue
        into = found.get(readers(each)) or {**each, "Sid": _free_sid(str(each["Sid"]), found.values())}
        found[readers(each)] = {**into, "Resource": sorted({*_resources(into), *_resources(each)})}
    return list(found.values())


def _not_denied_more(statement: Statement, denied: Sequence[Mapping[str, Any]]) -> list[Statement]:
    """Return a statement without the resources for which it denies something that is allowed now."""
    if statement["Effect"] == "Allow":
        return [statement]
    now = [each for one in denied if readers(one) == readers(statement) for each in _resources(one)]
    both = _in_both(_resources(statement), now)
    return [{**statement, "Resource": both}] if both else []


def _resources(statement: Mapping[str, Any]) -> list[str]:
    return [str(each) for each in as_list(statement.get("Resource"))]


def _in_both(left: Sequence[str], right: Sequence[str]) -> list[str]:
    both = [each for each in left if _is_covered(each, right)]
    return both + [each for each in right if _is_covered(each, left) and each not in both]


def _is_covered(resource: str, others: Iterable[str]) -> bool:
    return any(
        resource == each or (each.endswith("*") and resource.startswith(each.removesuffix("*")))
        for each in others
    )


def _free_sid(sid: str, statements: Iterable[Mapping[str, Any]]) -> str:
    taken = {each["Sid"] for each in statements}
    while sid in taken:
        sid += "Before"
    return sid


def access_before(done: Mapping[str, Any], *, is_new: bool) -> dict[str, Any]:
    """Return the access to restore if nothing needs what was opened. done: a result of s3_bucket_access.

    is_new: True if the bucket was created then. It keeps what denies something.
    """
    denied = [each for each in done["policy_statements"] if each["Effect"] == "Deny"] if is_new else []
    return {**done["before"], **({"policy_statements": denied} if denied else {})}


def limited(after: Access, current: Access, closes: str) -> Access:
    """Return the access without the settings of the bucket that close more than they may."""
    if closes == CLOSE_NOTHING:
        block = {name: current.block[name] and after.block[name] for name in SWITCHES}
    elif closes == CLOSE_READS:
        # With it, S3 refuses uploads that have a public ACL; without it, it can still ignore the ACL.
        name = "block_public_acls"
        block = {**after.block, name: current.block[name] and after.block[name]}
    else:
        return after
    # With the new ownership S3 refuses uploads that have another ACL.
    ownership = current.ownership if after.ownership == ENFORCED else after.ownership
    return replace(after, block=block, ownership=ownership)
