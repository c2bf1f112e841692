# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Explain why S3 refuses a recording to a viewer: plain data in, a sentence out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .._aws.policy import Statement, applies_to, is_public_principal, resources, statements_for
from .explain_upload import PUBLIC_ACLS, Evidence, UploadTarget

_READ = "s3:GetObject"


def explain_forbidden(target: UploadTarget, evidence: Evidence) -> str:
    """Return why S3 refuses an object to everyone, as far as known, and what to do."""
    by_acl = target.acl in PUBLIC_ACLS
    if by_acl and (who := evidence.who_blocks("ignore_public_acls")):
        return (
            f"{_upper(who)} ignores the ACL {target.acl}: {_turn_off(evidence, 'ignore_public_acls', 'acl')}"
        )
    if evidence.policy is None:
        return _without_policy(target, evidence)
    denying = _matching(evidence.policy, "Deny", target)
    for each in denying:
        if not each.get("Condition"):
            return f"The bucket policy denies it ({_sid(each)}): remove the statement or narrow it"
    opening = _matching(evidence.policy, "Allow", target)
    if opening or by_acl:
        return _not_in_force(target, evidence, opening, denying)
    return _no_statement(target, evidence)


def _not_in_force(
    target: UploadTarget, evidence: Evidence, opening: Sequence[Statement], denying: Sequence[Statement]
) -> str:
    """Return what prevents a policy or an ACL that opens the object from having effect."""
    who = evidence.who_blocks("restrict_public_buckets")
    if opening and who:
        turn_off = _turn_off(evidence, "restrict_public_buckets", "public")
        return f"{_upper(who)} prevents the bucket policy from opening {target.folder}/*: {turn_off}"
    if denying:
        return f"The bucket policy denies it under a condition ({_sids(denying)}): narrow the statement"
    if opening and all(each.get("Condition") for each in opening):
        return (
            f"The bucket policy opens {target.folder}/* only under a condition ({_sids(opening)}) that "
            "viewers do not meet: run storage.yml with delivery public"
        )
    what = "bucket policy" if opening else f"ACL {target.acl}"
    return (
        f"The {what} opens it: was that set just now, or does an account-wide Block Public Access prevent it?"
    )


def _without_policy(target: UploadTarget, evidence: Evidence) -> str:
    who = evidence.who_blocks("restrict_public_buckets")
    if who:
        turn_off = _turn_off(evidence, "restrict_public_buckets", "public")
        return f"{_upper(who)} is on, so nobody without a key may read: {turn_off}"
    if evidence.public is False:
        return f"No statement of the bucket policy is public: {_open(target)}"
    return (
        "See Block Public Access of the bucket and of the account, and whether the bucket policy lets "
        f"everyone read {target.folder}/*: {_open(target)}"
    )


def _no_statement(target: UploadTarget, evidence: Evidence) -> str:
    # Block Public Access would keep a statement out, so it is named with the missing one.
    who = evidence.who_blocks("block_public_policy") or evidence.who_blocks("restrict_public_buckets")
    on = f"; {who} is on as well" if who else ""
    allowing = statements_for([evidence.policy or {}], "Allow", _READ)
    others = [place for each in allowing if is_public_principal(each) for place in resources(each)]
    if others:
        return (
            f"The bucket policy opens {', '.join(others)}, but not {target.bucket}/{target.folder}/*{on}: "
            f"{_open(target)}"
        )
    return f"No statement of the bucket policy lets everyone read {target.folder}/*{on}: {_open(target)}"


def _open(target: UploadTarget) -> str:
    return f"run storage.yml with delivery public, which opens {target.folder}, or acl"


def _turn_off(evidence: Evidence, switch: str, delivery: str) -> str:
    if evidence.account and evidence.account[switch]:
        return "turn that off in the account, or use delivery private with a CDN that signs its requests"
    return f"run storage.yml with delivery {delivery}"


def _upper(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"


def _sid(statement: Statement) -> str:
    return f"'{statement.get('Sid') or 'without Sid'}'"


def _sids(statements: Sequence[Statement]) -> str:
    return ", ".join(_sid(each) for each in statements)


def _matching(policy: Mapping[str, Any], effect: str, target: UploadTarget) -> list[Statement]:
    """Return the statements about reading this object that apply to everyone."""
    path = f"{target.bucket}/{target.key}"
    return [
        each
        for each in statements_for([policy], effect, _READ)
        if is_public_principal(each) and applies_to(each, path)
    ]
