# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Why S3 refuses a recording to a viewer: plain data in, a sentence out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .._aws.policy import Statement, applies_to, is_public_principal, resources, statements_for
from .explain_upload import PUBLIC_ACLS, Asked, Known

_READ = "s3:GetObject"


def why_closed(asked: Asked, known: Known) -> str:
    """Why S3 refuses an object to everyone, as far as that could be found out."""
    by_acl = asked.acl in PUBLIC_ACLS
    if by_acl and known.who_blocks("ignore_public_acls"):
        who = known.who_blocks("ignore_public_acls")
        return f"{_upper(who)} ignores the ACL {asked.acl}: {_turn_off(known, 'ignore_public_acls', 'acl')}"
    if known.policy is None:
        return _without_policy(asked, known)
    denying = _matching(known.policy, "Deny", asked)
    for each in denying:
        if not each.get("Condition"):
            return f"The bucket policy denies it ({_sid(each)}): take the statement out or narrow it"
    opening = _matching(known.policy, "Allow", asked)
    if opening or by_acl:
        return _not_in_force(asked, known, opening, denying)
    return _no_statement(asked, known)


def _not_in_force(
    asked: Asked, known: Known, opening: Sequence[Statement], denying: Sequence[Statement]
) -> str:
    """Something opens the object, and something else keeps that from counting."""
    who = known.who_blocks("restrict_public_buckets")
    if opening and who:
        turn_off = _turn_off(known, "restrict_public_buckets", "public")
        return f"{_upper(who)} keeps the bucket policy from opening {asked.folder}/*: {turn_off}"
    if denying:
        return f"The bucket policy denies it under a condition ({_sids(denying)}): narrow the statement"
    if opening and all(each.get("Condition") for each in opening):
        return (
            f"The bucket policy opens {asked.folder}/* only under a condition ({_sids(opening)}) that "
            "viewers do not meet: run storage.yml with delivery public"
        )
    what = "bucket policy" if opening else f"ACL {asked.acl}"
    return (
        f"The {what} opens it: was that set just now, or does an account-wide Block Public Access prevent it?"
    )


def _without_policy(asked: Asked, known: Known) -> str:
    who = known.who_blocks("restrict_public_buckets")
    if who:
        turn_off = _turn_off(known, "restrict_public_buckets", "public")
        return f"{_upper(who)} is on, so nobody without a key may read: {turn_off}"
    if known.public is False:
        return f"No statement of the bucket policy is public: {_open(asked)}"
    return (
        "See Block Public Access of the bucket and of the account, and whether the bucket policy lets "
        f"everyone read {asked.folder}/*: {_open(asked)}"
    )


def _no_statement(asked: Asked, known: Known) -> str:
    # Block Public Access would keep a statement out, so it is named with the missing one.
    who = known.who_blocks("block_public_policy") or known.who_blocks("restrict_public_buckets")
    on = f"; {who} is on as well" if who else ""
    allowing = statements_for([known.policy or {}], "Allow", _READ)
    others = [place for each in allowing if is_public_principal(each) for place in resources(each)]
    if others:
        return (
            f"The bucket policy opens {', '.join(others)}, but not {asked.bucket}/{asked.folder}/*{on}: "
            f"{_open(asked)}"
        )
    return f"No statement of the bucket policy lets everyone read {asked.folder}/*{on}: {_open(asked)}"


def _open(asked: Asked) -> str:
    return f"run storage.yml with delivery public, which opens {asked.folder}, or acl"


def _turn_off(known: Known, switch: str, delivery: str) -> str:
    if known.account and known.account[switch]:
        return "turn that off in the account, or use delivery private with a CDN that signs its requests"
    return f"run storage.yml with delivery {delivery}"


def _upper(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"


def _sid(statement: Statement) -> str:
    return f"'{statement.get('Sid') or 'without Sid'}'"


def _sids(statements: Sequence[Statement]) -> str:
    return ", ".join(_sid(each) for each in statements)


def _matching(policy: Mapping[str, Any], effect: str, asked: Asked) -> list[Statement]:
    """The statements about reading this object that bind everyone."""
    path = f"{asked.bucket}/{asked.key}"
    return [
        each
        for each in statements_for([policy], effect, _READ)
        if is_public_principal(each) and applies_to(each, path)
    ]
