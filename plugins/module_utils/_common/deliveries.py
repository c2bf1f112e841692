# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""The ways in which viewers get recordings, and all that follows from each: a new one is a row here."""

from __future__ import annotations

from dataclasses import dataclass

ENFORCED, OBJECT_WRITER = "BucketOwnerEnforced", "ObjectWriter"
# The only ACL that S3 accepts with BucketOwnerEnforced.
OWNER_ACL = "bucket-owner-full-control"
# Of Block Public Access, as s3_bucket_access names them.
ACL_SWITCHES = ("block_public_acls", "ignore_public_acls")
POLICY_SWITCHES = ("block_public_policy", "restrict_public_buckets")
# Who the bucket policy allows to read the recording folders.
EVERYBODY, DISTRIBUTION, NOBODY = "everybody", "distribution", ""


@dataclass(frozen=True)
class Delivery:
    """What a delivery sets on the bucket and on the servers. The defaults open nothing.

    ownership: who owns new objects; with BucketOwnerEnforced ACLs have no effect.
    switches_off: those of Block Public Access that must be off, also for the account; all others are on.
    readers: who the bucket policy allows to read. s3_permission: the ACL that AMS gives each object.
    forwards: whether the servers may send viewers to the bucket or to its distribution.
    """

    ownership: str = ENFORCED
    switches_off: tuple[str, ...] = ()
    readers: str = NOBODY
    s3_permission: str = OWNER_ACL
    forwards: bool = True

    @property
    def needs_distribution(self) -> bool:
        return self.readers == DISTRIBUTION

    @property
    def uses_acls(self) -> bool:
        return self.ownership == OBJECT_WRITER

    @property
    def is_public(self) -> bool:
        """True if everybody may read recordings at the bucket itself, without credentials."""
        return self.uses_acls or self.readers == EVERYBODY


DELIVERIES = {
    "private": Delivery(forwards=False),
    "public": Delivery(switches_off=POLICY_SWITCHES, readers=EVERYBODY),
    "acl": Delivery(ownership=OBJECT_WRITER, switches_off=ACL_SWITCHES, s3_permission="public-read"),
    "cloudfront": Delivery(readers=DISTRIBUTION),
}
