# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""The access that a bucket has, and the access that a task wants it to have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Optional

from .._common.deliveries import DELIVERIES, ENFORCED, Delivery
from .other_folders import OtherFolders
from .policy import everyone_may, meaning, statements_of

# Where https is required. AUTO: all of a new bucket, else the folders, since others use the rest.
WHOLE_BUCKET, FOLDERS, NOTHING, AUTO = HTTPS_FOR = ("bucket", "folders", "nothing", "auto")
# What a task may close: all that the delivery does not have, only reads, or nothing for now.
CLOSE_ALL, CLOSE_READS, CLOSE_NOTHING = CLOSES = ("all", "reads", "nothing")
# Statements whose Sid begins so are ours, all others are someone else's.
SID_PREFIX = "AntMediaRecordings"
PUBLIC_READ = f"{SID_PREFIX}PublicRead"
CLOUDFRONT = f"{SID_PREFIX}CloudFront"
SECURE_TRANSPORT = f"{SID_PREFIX}SecureTransport"
SWITCHES = {
    "block_public_acls": "BlockPublicAcls",
    "ignore_public_acls": "IgnorePublicAcls",
    "block_public_policy": "BlockPublicPolicy",
    "restrict_public_buckets": "RestrictPublicBuckets",
}

Block = dict[str, bool]
ALL_ON: Block = dict.fromkeys(SWITCHES, True)
ALL_OFF: Block = dict.fromkeys(SWITCHES, False)


@dataclass(frozen=True)
class Access:
    """What a bucket has. ownership is None for old buckets that never had the setting."""

    ownership: Optional[str]
    block: Block
    policy: Optional[Mapping[str, Any]]

    @property
    def has_acls(self) -> bool:
        return self.ownership != ENFORCED

    @property
    def ours(self) -> list[Mapping[str, Any]]:
        return [each for each in statements_of(self.policy) if is_ours(each)]

    @property
    def public_of_others(self) -> list[Mapping[str, Any]]:
        return [each for each in statements_of(self.policy) if everyone_may(each) and not is_ours(each)]

    @property
    def has_public_policy(self) -> bool:
        return any(everyone_may(each) for each in statements_of(self.policy))

    def same_as(self, other: Access) -> bool:
        return (
            self.ownership == other.ownership
            and self.block == other.block
            and _meanings(self.policy) == _meanings(other.policy)
        )


# What AWS gives a bucket since April 2023.
NEW_BUCKET = Access(ENFORCED, ALL_ON, None)


@dataclass(frozen=True)
class DesiredAccess:
    """The access that the task requests. https_for: where the policy refuses every request by http.

    open_existing, close_existing: True if existing objects may become public, or be closed to viewers.
    others: what becomes of folders that have our statements now and are not named. closes: one of CLOSES.
    """

    bucket: str
    delivery: str
    folders: tuple[str, ...] = ()
    partition: str = "aws"
    allow_changing_others_access: bool = False
    policy_only: bool = False
    https_for: str = NOTHING
    cloudfront_distribution_arn: str = ""
    new_bucket: bool = False
    open_existing: bool = True
    close_existing: bool = False
    others: OtherFolders = field(default_factory=OtherFolders)
    closes: str = CLOSE_ALL

    @property
    def rules(self) -> Delivery:
        """Return what the delivery sets."""
        return DELIVERIES[self.delivery]

    @property
    def arn(self) -> str:
        """Return the ARN of the bucket."""
        return f"arn:{self.partition}:s3:::{self.bucket}"


def is_ours(statement: Mapping[str, Any]) -> bool:
    return str(statement.get("Sid") or "").startswith(SID_PREFIX)


def _meanings(policy: Optional[Mapping[str, Any]]) -> list[Any]:
    return [meaning(each) for each in statements_of(policy)]
