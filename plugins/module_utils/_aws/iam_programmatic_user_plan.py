# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Plan an IAM user for a program: validate, list the steps, compare.

Plain data in, plain data out. A policy is the document as a dict, a managed policy is its ARN.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Optional

from .._common.errors import AwsError
from .._common.plain_text import abbreviate
from . import result
from .other_folders import FORGET_SOME, OtherFolders
from .ownership import Belongings, Claim, reasons_to_keep, tags_of
from .policy import meaning, statements_of
from .policy_kms import PreviousKeys, with_previous_keys
from .policy_union import with_other_folders
from .tags import to_aws

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
MAX_USER_NAME = 64
MAX_POLICY_NAME = 128
MAX_INLINE_POLICIES = 2048
_NAME = re.compile(r"[A-Za-z0-9_+=,.@-]+")
_BOUNDARY = re.compile(r"arn:[a-z-]+:iam::(aws|\d{12}):policy/[A-Za-z0-9_+=,.@/-]+")
_PATH = re.compile(r"/|/[!-~]+/")
# The version of a document that names none.
_OLD_VERSION = "2008-10-17"
_UNSET: dict[str, Any] = {
    "console_access": None,
    "policy": None,
    "managed_policies": [],
    "path": "/",
    "permissions_boundary": None,
    "tags": {},
}


@dataclass(frozen=True)
class DesiredUser:
    """The user that the task requests.

    A path of None, an empty boundary and whatever tags and managed leave out stay as they are.
    others: other folders of the bucket to which the policy may allow uploads now.
    keys: other KMS keys that it may allow.
    """

    user: str
    policy_name: str
    policy: Mapping[str, Any] = field(default_factory=dict)
    managed: tuple[str, ...] = ()
    path: Optional[str] = None
    tags: Mapping[str, str] = field(default_factory=dict)
    boundary: str = ""
    bucket: str = ""
    others: OtherFolders = field(default_factory=OtherFolders)
    keys: PreviousKeys = field(default_factory=PreviousKeys)

    def policy_after(self, current: Optional[Mapping[str, Any]]) -> Mapping[str, Any]:
        """Return the policy as it should be. A policy that says the same already keeps its form."""
        wanted = with_other_folders(self.policy, current, self.bucket, self.others)
        wanted = with_previous_keys(wanted, current, self.keys)
        return current if current is not None and same_policy(current, wanted) else wanted


@dataclass(frozen=True)
class User:
    """The parts of a user that the task is about."""

    arn: str = ""
    path: str = "/"
    console_access: bool = False
    policy: Optional[Mapping[str, Any]] = None
    managed: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    boundary: str = ""


@dataclass(frozen=True)
class Step:
    """One call of IAM: its name in boto3, its arguments besides the user's name, its description."""

    call: str
    text: str
    arguments: Mapping[str, Any] = field(default_factory=dict)

    @property
    def needs(self) -> str:
        permission = "iam:" + "".join(part.capitalize() for part in self.call.split("_"))
        return f"{permission} (and iam:TagUser)" if "Tags" in self.arguments else permission

    @property
    def removes(self) -> bool:
        return self.call.startswith(("delete_", "detach_", "remove_"))


def check(desired: DesiredUser) -> None:
    """Raise for what AWS would refuse whatever the user has."""
    problems = _name_problems(desired.user, desired.policy_name)
    if desired.path is not None and not _PATH.fullmatch(desired.path):
        problems.append(f"the path '{desired.path}' must begin and end with a slash and hold no blanks")
    if desired.boundary and not is_boundary(desired.boundary):
        problems.append(f"the permissions_boundary '{desired.boundary}' must be the ARN of a managed policy")
    if "" in desired.managed:
        problems.append("managed_policies holds an empty name")
    problems += _policy_problems(desired.policy)
    problems += [
        f"tags has another {name}, by which a user of this collection is known"
        for name in desired.tags
        if any(name.lower() == each for each in tags_of("any"))
    ]
    if problems:
        raise AwsError(f"IAM user {desired.user}", "; ".join(problems), "Nothing was changed")


def is_boundary(arn: str) -> bool:
    """True for the ARN of a managed policy, which alone can be a permissions boundary."""
    return _BOUNDARY.fullmatch(arn) is not None


def check_name(user: str) -> None:
    """Raise if no user can have this name."""
    problems = _name_problems(user)
    if problems:
        raise AwsError(f"IAM user {user}", "; ".join(problems), "Nothing was changed")


def _name_problems(user: str, policy: Optional[str] = None) -> list[str]:
    names = [("user_name", user, MAX_USER_NAME)]
    if policy is not None:
        names.append(("policy_name", policy, MAX_POLICY_NAME))
    return [
        f"the {option} '{name}' must be 1 to {longest} letters, digits and _+=,.@-"
        for option, name, longest in names
        if not _NAME.fullmatch(name) or len(name) > longest
    ]


def check_size(user: str, policy: Optional[Mapping[str, Any]], kept: Sequence[str]) -> None:
    """Raise for a policy that is too long with the rights that stay. kept: their resources."""
    size = size_of(policy or {})
    if kept and size > MAX_INLINE_POLICIES:
        raise AwsError(
            f"IAM user {user}",
            f"with the rights that are kept ({abbreviate(kept, 3)}) its policy would have {size} characters, "
            f"and a user may have {MAX_INLINE_POLICIES} of inline policies",
            f"{FORGET_SOME[0].upper()}{FORGET_SOME[1:]}. Nothing was changed",
        )


def _policy_problems(policy: Mapping[str, Any]) -> list[str]:
    statements = statements_of(policy)
    if not statements:
        return ["the policy has no Statement"]
    found = []
    for at, statement in enumerate(statements, start=1):
        found += [f"statement {at} of the policy {problem}" for problem in _statement_problems(statement)]
    size = size_of(policy)
    if size > MAX_INLINE_POLICIES:
        found.append(
            f"the policy has {size} characters, and a user may have {MAX_INLINE_POLICIES} of inline policies"
            " (name fewer folders, or put it into a managed policy)"
        )
    return found


def _statement_problems(statement: Any) -> list[str]:
    if not isinstance(statement, dict):
        return ["is not a dictionary"]
    found = [
        f"has neither {name} nor Not{name}"
        for name in ("Action", "Resource")
        if not statement.get(name) and not statement.get(f"Not{name}")
    ]
    if statement.get("Effect") not in ("Allow", "Deny"):
        found.append("needs the Effect Allow or Deny")
    if "Principal" in statement or "NotPrincipal" in statement:
        found.append("names a Principal, which a user's policy may not")
    return found


def policy_text(policy: Mapping[str, Any]) -> str:
    return json.dumps(policy, separators=(",", ":"))


def size_of(policy: Mapping[str, Any]) -> int:
    """Return the number of characters as IAM counts them, without white space."""
    return sum(not char.isspace() for char in policy_text(policy))


def same_policy(left: Optional[Mapping[str, Any]], right: Optional[Mapping[str, Any]]) -> bool:
    """True if both say the same, whatever the order and whether one value stands in a list."""
    if left is None or right is None:
        return left is right
    return _policy_meaning(left) == _policy_meaning(right)


def _policy_meaning(policy: Mapping[str, Any]) -> tuple[Any, ...]:
    statements = frozenset(meaning(each) for each in statements_of(policy))
    return (policy.get("Version") or _OLD_VERSION, policy.get("Id"), statements)


def partition_in(arn: str, otherwise: str) -> str:
    parts = arn.split(":")
    return parts[1] if len(parts) > 5 else otherwise


def aws_managed(name: str, partition: str) -> str:
    """Return the ARN of a policy that AWS manages; an ARN stays what it is."""
    return name if name.startswith("arn:") else f"arn:{partition}:iam::aws:policy/{name}"


def target(current: Optional[User], desired: DesiredUser) -> User:
    """Return the user as it should be. A policy that says the same already keeps its form."""
    base = current or User()
    path = desired.path or base.path
    return replace(
        base,
        arn=base.arn if path == base.path else _moved(base.arn, path, desired.user),
        path=path,
        console_access=False,
        policy=desired.policy_after(base.policy),
        managed=tuple(sorted({*base.managed, *desired.managed})),
        tags={**base.tags, **desired.tags},
        boundary=desired.boundary or base.boundary,
    )


def _moved(arn: str, path: str, user: str) -> str:
    account, found, _name = arn.partition(":user/")
    return f"{account}:user{path}{user}" if found else arn


def steps(current: Optional[User], desired: DesiredUser) -> list[Step]:
    """Return the calls in their order.

    Nothing is allowed to a user who can still log in to the console, or before the boundary limits it.
    """
    after = target(current, desired)
    found = []
    if current is None:
        found.append(_creation(desired))
        current = replace(User(), path=after.path, tags=after.tags, boundary=after.boundary)
    if current.console_access:
        found.append(Step("delete_login_profile", "remove console access"))
    if after.path != current.path:
        found.append(Step("update_user", f"move the user to path {after.path}", {"NewPath": after.path}))
    tags = {name: value for name, value in after.tags.items() if current.tags.get(name) != value}
    if tags:
        found.append(Step("tag_user", f"set tags {', '.join(sorted(tags))}", {"Tags": to_aws(tags)}))
    if after.boundary != current.boundary:
        what = f"set the permissions boundary {_short(after.boundary)}"
        found.append(Step("put_user_permissions_boundary", what, {"PermissionsBoundary": after.boundary}))
    return [*found, *_policy_steps(current, after, desired.policy_name)]


def _policy_steps(current: User, after: User, name: str) -> list[Step]:
    found = []
    if after.policy != current.policy and after.policy is not None:
        verb = "change" if current.policy else "add"
        arguments = {"PolicyName": name, "PolicyDocument": policy_text(after.policy)}
        found.append(Step("put_user_policy", f"{verb} inline policy {name}", arguments))
    return found + [
        Step("attach_user_policy", f"attach managed policy {_short(arn)}", {"PolicyArn": arn})
        for arn in after.managed
        if arn not in current.managed
    ]


def _creation(desired: DesiredUser) -> Step:
    arguments: dict[str, Any] = {}
    if desired.path:
        arguments["Path"] = desired.path
    if desired.tags:
        arguments["Tags"] = to_aws(desired.tags)
    if desired.boundary:
        arguments["PermissionsBoundary"] = desired.boundary
    limited = f" with the permissions boundary {_short(desired.boundary)}" if desired.boundary else ""
    return Step("create_user", f"create the user {desired.user}{limited}", arguments)


def difference(before: Optional[User], after: User) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the parts that change, before and after; of a new user everything it gets."""
    old, new = _view(before) if before else _UNSET, _view(after)
    left = {name: value for name, value in old.items() if value != new[name]}
    right = {name: new[name] for name in left}
    if "tags" in left:
        left["tags"] = {tag: value for tag, value in old["tags"].items() if new["tags"].get(tag) != value}
        right["tags"] = {tag: value for tag, value in new["tags"].items() if old["tags"].get(tag) != value}
    return left if before else {}, right


def _view(user: User) -> dict[str, Any]:
    return {
        "console_access": user.console_access,
        "policy": user.policy,
        "managed_policies": list(user.managed),
        "path": user.path,
        "permissions_boundary": user.boundary or None,
        "tags": dict(user.tags),
    }


def check_removal(has: Belongings, claim: Claim, delete_access_keys: bool) -> None:
    """Raise for access keys that are not to be deleted: without our policy whoever uses them loses it."""
    if has.access_keys and not delete_access_keys:
        raise AwsError(
            f"Deleting IAM user {claim.user}",
            f"the user has access keys {', '.join(has.access_keys)}",
            "Whoever uses an access key loses it: delete the keys first, or set delete_access_keys=true. "
            "Nothing was changed",
        )


def removal(has: Belongings, claim: Claim) -> list[Step]:
    """Return the calls in order: our policies, and all that is left if the user is deleted as well."""
    is_deleted = not reasons_to_keep(has, claim)
    keys = [
        Step("delete_access_key", f"delete access key {each}", {"AccessKeyId": each})
        for each in has.access_keys
    ]
    inline = [
        Step("delete_user_policy", f"delete inline policy {each}", {"PolicyName": each})
        for each in has.inline_policies
        if each == claim.policy_name
    ]
    attached = [
        Step("detach_user_policy", f"detach managed policy {_short(each)}", {"PolicyArn": each})
        for each in has.managed_policies
        if claim.names(each) or (is_deleted and claim.knows(each))
    ]
    user = Step("delete_user", f"delete the user {claim.user}")
    return [*keys, *inline, *attached, user] if is_deleted else [*inline, *attached]


def removal_difference(has: Belongings, steps: Sequence[Step]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what is deleted of a user, before and after; everything it had if the user itself is deleted."""
    removed = {value for step in steps for value in step.arguments.values()}
    before = {
        "console_access": has.console_access,
        "access_keys": list(has.access_keys),
        "inline_policies": list(has.inline_policies),
        "managed_policies": list(has.managed_policies),
        "groups": list(has.groups),
    }
    if any(step.call == "delete_user" for step in steps):
        return before, {}
    lists = {name: each for name, each in before.items() if isinstance(each, list) and removed & set(each)}
    return lists, {name: [each for each in lists[name] if each not in removed] for name in lists}


def summary(desired: DesiredUser, changes: Sequence[str]) -> str:
    """Describe the user in one line."""
    subject = f"IAM user {desired.user} has the policy {desired.policy_name} and no console access"
    return result.summary(subject, changes)


def _short(arn: str) -> str:
    """Return the name at the end of an AWS policy's ARN; other ARNs in full."""
    return arn.partition(":iam::aws:policy/")[2] or arn
