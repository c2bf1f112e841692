# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Plan who may read a bucket: validate, list the steps, compare.

Plain data in, plain data out. Three things decide together: who owns objects (and whether ACLs count), the
four switches of Block Public Access, and the bucket policy.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Optional

from .._common.deliveries import ENFORCED, EVERYBODY, POLICY_SWITCHES
from .._common.errors import AwsError
from . import s3_bucket_access_audience as audience
from . import s3_bucket_access_dormant as dormant_access
from .other_folders import FORGET_SOME, folder_problems
from .policy import as_list, meaning, objects_below, statements_of
from .s3_bucket_access_audience import Counted
from .s3_bucket_access_closing import limited, with_open
from .s3_bucket_access_kept import kept_in, with_kept
from .s3_bucket_access_model import (
    ALL_OFF,
    ALL_ON,
    AUTO,
    CLOSE_ALL,
    CLOSE_NOTHING,
    CLOUDFRONT,
    FOLDERS,
    NOTHING,
    PUBLIC_READ,
    SECURE_TRANSPORT,
    SWITCHES,
    WHOLE_BUCKET,
    Access,
    Block,
    DesiredAccess,
    is_ours,
)

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/add-bucket-policy.html
MAX_POLICY_BYTES = 20 * 1024


@dataclass(frozen=True)
class Surroundings:
    """What else decides if a change is accepted, by AWS or by others who use the bucket.

    account: None if it could not be read. objects_of_others: keys of objects that belong to other accounts.
    dormant: the ACLs that take effect, None if none does. opens, closes: objects that viewers can read only
    after the change, and only before it, where that was not allowed.
    """

    account: Optional[Block] = field(default_factory=lambda: dict(ALL_OFF))
    acl_grantees: tuple[str, ...] = ()
    objects_of_others: tuple[str, ...] = ()
    dormant: Optional[dormant_access.Dormant] = None
    opens: Counted = field(default_factory=Counted)
    closes: Counted = field(default_factory=Counted)


@dataclass(frozen=True)
class Step:
    """One call: ownership, block or policy, and the value that it sets."""

    kind: str
    value: Any
    text: str


def check_desired(desired: DesiredAccess) -> None:
    """Raise for what cannot work whatever the bucket has."""
    problems = folder_problems(desired.others.forgotten, "forget_folders:")
    if desired.rules.readers or desired.https_for in (FOLDERS, AUTO):
        problems += _folder_problems(desired)
    if problems:
        raise AwsError(
            f"{desired.delivery.capitalize()} delivery from bucket {desired.bucket}",
            "; ".join(problems),
            "Nothing was changed",
        )


def _folder_problems(desired: DesiredAccess) -> list[str]:
    problems = []
    if desired.rules.needs_distribution and not desired.cloudfront_distribution_arn.startswith("arn:"):
        problems.append("cloudfront_distribution_arn is not the ARN of a distribution")
    if not desired.folders and desired.rules.readers:
        problems.append("folders is empty, and the whole bucket is never opened")
    elif not desired.folders:
        problems.append(f"folders is empty, with secure_transport_only={desired.https_for}")
    return problems + folder_problems(desired.folders)


def statements_wanted(desired: DesiredAccess) -> list[dict[str, Any]]:
    """Return our part of the bucket policy."""
    arn = desired.arn
    public_read = {
        "Sid": PUBLIC_READ,
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": [objects_below(arn, folder) for folder in sorted(set(desired.folders))],
    }
    # https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/
    # private-content-restricting-access-to-s3.html
    cloudfront = {
        **public_read,
        "Sid": CLOUDFRONT,
        "Principal": {"Service": "cloudfront.amazonaws.com"},
        "Condition": {"StringEquals": {"AWS:SourceArn": desired.cloudfront_distribution_arn}},
    }
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html
    secure_transport = {
        "Sid": SECURE_TRANSPORT,
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": _whole(arn) if desired.https_for == WHOLE_BUCKET else list(public_read["Resource"]),
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return [
        *([public_read] if desired.rules.readers == EVERYBODY else []),
        *([cloudfront] if desired.rules.needs_distribution else []),
        *([secure_transport] if desired.https_for != NOTHING else []),
    ]


def _whole(arn: str) -> list[str]:
    return [arn, f"{arn}/*"]


def _decided(current: Access, desired: DesiredAccess) -> DesiredAccess:
    """Return what is desired with AUTO decided for this bucket; if the whole bucket has it, it keeps it."""
    if desired.https_for != AUTO:
        return desired
    secured = [as_list(each.get("Resource")) for each in current.ours if each.get("Sid") == SECURE_TRANSPORT]
    is_whole = any(set(each) == set(_whole(desired.arn)) for each in secured)
    return replace(desired, https_for=WHOLE_BUCKET if desired.new_bucket or is_whole else FOLDERS)


def target(current: Access, desired: DesiredAccess) -> Access:
    """Return the access as it should be."""
    wanted = with_kept(statements_wanted(_decided(current, desired)), current, desired)
    policy = _with_ours(current, with_open(wanted, current) if desired.closes == CLOSE_NOTHING else wanted)
    if desired.policy_only:
        return replace(current, policy=policy)
    block = {**ALL_ON, **dict.fromkeys(desired.rules.switches_off, False)}
    if desired.rules.uses_acls and current.public_of_others:
        # ACLs work with or without these two; someone else's public statement may depend on them.
        block.update({each: current.block[each] for each in POLICY_SWITCHES})
    return limited(Access(desired.rules.ownership, block, policy), current, desired.closes)


def restored(current: Access, before: Mapping[str, Any]) -> Access:
    """Return the access with our part as a view of it has it."""
    policy = _with_ours(current, before["policy_statements"])
    block = before.get("public_access_block") or current.block
    # S3 has no call that takes the setting away.
    return Access(before.get("object_ownership") or current.ownership, dict(block), policy)


def leaves_open(current: Access, after: Access, desired: DesiredAccess) -> bool:
    """True if the access still has something that a task that may close all would close."""
    return desired.closes != CLOSE_ALL and not after.same_as(
        target(current, replace(desired, closes=CLOSE_ALL))
    )


def _with_ours(current: Access, wanted: Sequence[dict[str, Any]]) -> Optional[Mapping[str, Any]]:
    """Return the policy with our statements where the first of ours was, or at its end; None: no policy."""
    if [meaning(each) for each in current.ours] == [meaning(each) for each in wanted]:
        return current.policy
    statements: list[Mapping[str, Any]] = []
    rest = list(wanted)
    for each in statements_of(current.policy):
        if is_ours(each):
            statements += rest
            rest = []
        else:
            statements.append(each)
    statements += rest
    if not statements:
        return None
    return {"Version": "2012-10-17", **(current.policy or {}), "Statement": statements}


def check(current: Access, after: Access, desired: DesiredAccess, around: Surroundings) -> None:
    """Raise before the first call if AWS would refuse it, or if access that is not ours would change."""
    account = around.account or ALL_OFF
    problems = [
        *_account_problems(current, after, desired, account),
        *_public_problems(current, after, desired, account),
        *_acl_problems(current, after, around.acl_grantees),
        *_owner_problems(desired, around.objects_of_others),
        *dormant_access.problems(around.dormant, allowed=desired.allow_changing_others_access),
        *audience.problems(desired, around.opens, around.closes),
    ]
    if after.policy != current.policy and after.policy is not None:
        size = len(policy_text(after.policy).encode())
        if size > MAX_POLICY_BYTES:
            remedy = FORGET_SOME if kept_in(after, desired) else "name fewer folders"
            problems.append(f"the policy would have {size} bytes, S3 allows {MAX_POLICY_BYTES}: {remedy}")
    if problems:
        tried = f"{desired.delivery.capitalize()} delivery from bucket {desired.bucket}"
        raise AwsError(tried, "; ".join(problems), "Nothing was changed")


def _account_problems(current: Access, after: Access, desired: DesiredAccess, account: Block) -> list[str]:
    hinders = desired.rules.switches_off
    if not hinders and _writes_public_policy(current, after):
        hinders = ("block_public_policy",)
    on = [SWITCHES[each] for each in hinders if account[each]]
    if not on:
        return []
    remedy = "turn that off in the account, or use delivery=private with a CDN that signs its requests"
    overrides = f"the account's own Block Public Access has {' and '.join(on)} on, which overrides the bucket"
    return [f"{overrides} ({remedy})"]


def _public_problems(current: Access, after: Access, desired: DesiredAccess, account: Block) -> list[str]:
    opened = dormant_access.opening(current, after, account).statements
    switch = "restrict_public_buckets"
    closed = current.public_of_others if after.block[switch] and not current.block[switch] else []
    if desired.allow_changing_others_access or not (opened or closed):
        return []
    names = ", ".join(f"'{each.get('Sid') or 'without Sid'}'" for each in opened or closed)
    what = "take effect (RestrictPublicBuckets holds it back now)" if opened else "lose its effect"
    remedy = "remove it, or allow that with allow_changing_others_access=true"
    return [f"a public statement in the policy is someone else's ({names}) and would {what}: {remedy}"]


def _acl_problems(current: Access, after: Access, grantees: Sequence[str]) -> list[str]:
    if not turns_acls_off(current, after) or not grantees:
        return []
    remedy = "move the grant into the bucket policy and set acl=private with amazon.aws.s3_bucket"
    return [f"the bucket's ACL allows {', '.join(grantees)}, with which S3 refuses {ENFORCED}: {remedy}"]


def _owner_problems(desired: DesiredAccess, keys: Sequence[str]) -> list[str]:
    if desired.allow_changing_others_access or not keys:
        return []
    some = ", ".join(f"'{key}'" for key in keys[:3]) + (" and others" if len(keys) > 3 else "")
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html
    what = (
        f"other accounts own objects in the bucket ({some}), which with {ENFORCED} become the bucket owner's"
    )
    return [
        f"{what} and readable only as the bucket allows: allow that with allow_changing_others_access=true"
    ]


def turns_acls_off(current: Access, after: Access) -> bool:
    """True if ACLs of objects, which had an effect, lose it."""
    return after.ownership == ENFORCED and current.ownership != ENFORCED


def _writes_public_policy(current: Access, after: Access) -> bool:
    return after.policy != current.policy and after.has_public_policy


def steps(current: Access, after: Access) -> list[Step]:
    """Return the calls in order. After each of them, nothing is open that was not open before or is desired.

    First comes what S3 needs to accept the policy, then the policy, then the switches, then who owns objects.
    RestrictPublicBuckets is turned off before the policy is written only where that opens nothing. It is
    better then: with it on, a public policy would for a moment cut off other accounts that the policy names.
    """
    first = dict(current.block)
    if _writes_public_policy(current, after):
        first["block_public_policy"] = False
        if not current.has_public_policy:
            first["restrict_public_buckets"] &= after.block["restrict_public_buckets"]
    found = []
    if first != current.block:
        found.append(_block_step(current.block, first))
    if after.policy != current.policy:
        found.append(Step("policy", after.policy, _describe_policy_step(current, after)))
    if after.block != first:
        found.append(_block_step(first, after.block))
    if after.ownership != current.ownership:
        text = f"set object ownership to {after.ownership}"
        if turns_acls_off(current, after):
            text += ", which disables the ACLs of objects"
        found.append(Step("ownership", after.ownership, text))
    return found


def _block_step(old: Block, new: Block) -> Step:
    text = []
    for state, name in ((False, "off"), (True, "on")):
        turned = [SWITCHES[each] for each in SWITCHES if new[each] is state and old[each] is not state]
        if turned:
            text.append(f"turn {', '.join(turned)} {name}")
    return Step("block", new, "; ".join(text))


def _describe_policy_step(current: Access, after: Access) -> str:
    if after.policy is None:
        return "delete the bucket policy, which holds nothing else"
    if not after.ours:
        return "remove our statement from the bucket policy"
    names = ", ".join(str(each["Sid"]) for each in after.ours)
    return f"{'change' if current.ours else 'add'} the statement {names} of the bucket policy"


def after_step(current: Access, step: Step) -> Access:
    """Return the access after a step."""
    return replace(current, **{step.kind: step.value})


def policy_text(policy: Mapping[str, Any]) -> str:
    return json.dumps(policy, separators=(",", ":"))


def view(access: Access, policy_only: bool = False) -> dict[str, Any]:
    """Return the part of it that a result and a diff display."""
    policy = {"policy_statements": [dict(each) for each in access.ours]}
    if policy_only:
        return policy
    return {
        "object_ownership": access.ownership,
        "public_access_block": dict(access.block),
        **policy,
    }


def difference(before: Access, after: Access) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the parts that change, before and after."""
    old, new = view(before), view(after)
    changed = [name for name in old if old[name] != new[name]]
    for each in changed:
        if each == "public_access_block":
            switches = [name for name in SWITCHES if old[each][name] != new[each][name]]
            old[each] = {name: old[each][name] for name in switches}
            new[each] = {name: new[each][name] for name in switches}
    return {each: old[each] for each in changed}, {each: new[each] for each in changed}
