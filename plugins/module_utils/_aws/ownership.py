# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Decide by its tags if something on AWS is ours, and of an IAM user also if it may be adopted or deleted.

A name alone says nothing: a name that is given may be that of a person or of another program. So what is made
here is tagged, and whatever has no such tag is someone else's. Plain data in, plain data out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Optional

from .._common.errors import AwsError

MANAGED_BY, COLLECTION = "managed-by", "antmedia.s3_recording"
FOR_BUCKET = "antmedia-bucket"
POLICY_NAME = "recordings"
# Ant Media's own guide gives its user this policy.
FULL_ACCESS = "AmazonS3FullAccess"
_OF_AWS = ":iam::aws:policy/"


@dataclass(frozen=True)
class Belongings:
    """Everything that a user has. kept: by kind, what is never deleted here."""

    arn: str
    console_access: bool = False
    access_keys: tuple[str, ...] = ()
    inline_policies: tuple[str, ...] = ()
    managed_policies: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    kept: Mapping[str, Sequence[str]] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Claim:
    """The user of a bucket as a task names it, and the policies that it may have. managed: by name or ARN.

    adopt: True if a user without the tags may be adopted.
    """

    user: str
    bucket: str = ""
    policy_name: str = POLICY_NAME
    managed: tuple[str, ...] = ()
    adopt: bool = False

    def names(self, policy: str) -> bool:
        return policy in self.managed or policy.rpartition("/")[2] in self.managed

    def knows(self, policy: str) -> bool:
        """True for a managed policy that the task names, or that the user of the guide has."""
        return self.names(policy) or policy.partition(_OF_AWS)[2] == FULL_ACCESS


def tags_of(bucket: Optional[str]) -> dict[str, str]:
    """Return the tags of what is made here."""
    return {MANAGED_BY: COLLECTION, **({FOR_BUCKET: bucket} if bucket else {})}


def is_managed(tags: Mapping[str, str]) -> bool:
    """True if something was made or adopted here, for whichever bucket."""
    return tags.get(MANAGED_BY) == COLLECTION


def is_ours(tags: Mapping[str, str], bucket: str) -> bool:
    """True if something was made or adopted here, and for no other bucket."""
    return is_managed(tags) and not other_bucket(tags, bucket)


def other_bucket(tags: Mapping[str, str], bucket: str) -> str:
    """Return the bucket that a user of ours is for, if it is another one."""
    named = tags.get(FOR_BUCKET, "") if is_managed(tags) else ""
    return named if bucket and named != bucket else ""


def extras(has: Belongings, claim: Claim) -> list[str]:
    """Return what a user has besides what is known here, so that something else uses it as well."""
    inline = [each for each in has.inline_policies if each != claim.policy_name]
    managed = [each.partition(_OF_AWS)[2] or each for each in has.managed_policies if not claim.knows(each)]
    return [
        *(["a console password"] if has.console_access else []),
        *([f"the inline policies {', '.join(inline)}"] if inline else []),
        *([f"the attached policies {', '.join(managed)}"] if managed else []),
        *([f"the groups {', '.join(has.groups)}"] if has.groups else []),
        *(f"the tag {name}={value}" for name, value in has.tags.items() if _names_other_owner(name, value)),
    ]


def _names_other_owner(name: str, value: str) -> bool:
    # IAM treats upper and lower case in keys alike.
    return name.lower() == MANAGED_BY and value != COLLECTION


def refusal(has: Belongings, claim: Claim) -> Optional[AwsError]:
    """Return why an existing user is not used; None if it is ours or may be adopted."""
    if is_ours(has.tags, claim.bucket):
        return None
    another = (
        "Give another name (in the role s3_recording_iam_user; by default the user is named after the bucket)"
    )
    tried = f"Using IAM user {claim.user}"
    other = other_bucket(has.tags, claim.bucket)
    if other:
        return AwsError(
            tried,
            f"it is the user of bucket {other} (tag {FOR_BUCKET}), whose servers would lose their "
            f"permissions if it became that of {claim.bucket}",
            f"{another}. Nothing was changed",
        )
    not_ours = f"it exists and is someone else's, since it does not have the tag {MANAGED_BY}={COLLECTION}"
    more = extras(has, claim)
    if more:
        return AwsError(
            tried,
            f"{not_ours}, and it has {'; '.join(more)}",
            "A user with these is never adopted: an access key made for it would carry all its rights to "
            f"every server. {another}. Nothing was changed",
        )
    if claim.adopt:
        return None
    return AwsError(
        tried,
        not_ours,
        f"{another}. If it is for these recordings alone, adopt it with adopt=true, in the role by "
        "-e s3_recording_adopt_iam_user=true. Nothing was changed",
    )


def full_access_warnings(
    user: str, attached: Sequence[str], wanted: Sequence[str], boundary: str
) -> list[str]:
    """Return a warning if a user has AmazonS3FullAccess and the task does not request it.

    attached, wanted, boundary: ARNs.
    """
    limit = f" that its permissions boundary {boundary} allows" if boundary else ""
    return [
        f"IAM user {user} has the policy {FULL_ACCESS}, so its access key can do everything{limit} in all "
        "buckets of the account. When no server needs that any more: aws iam detach-user-policy "
        f"--user-name {user} --policy-arn {arn}"
        for arn in attached
        if arn not in wanted and arn.partition(_OF_AWS)[2] == FULL_ACCESS
    ]


def reasons_to_keep(has: Belongings, claim: Claim) -> list[str]:
    """Return what keeps a user of ours from being deleted: something else uses it as well."""
    kept = [f"{kind} {', '.join(each)}" for kind, each in has.kept.items() if each]
    return [*extras(has, claim), *kept]
