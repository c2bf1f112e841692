# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Find existing recordings that a change opens to everybody, or closes to viewers.

Plain data in, plain data out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .._common.deliveries import EVERYBODY
from .policy import as_list, everyone_may, statements_of
from .s3_bucket_access_model import Access, Block, DesiredAccess

_READS = ("s3:getobject", "s3:get*", "s3:*", "*")
_EXAMPLES = 3
_GIVE_ACLS = (
    "aws s3api list-objects-v2 --bucket {bucket} --prefix '{prefix}' --query 'Contents[].[Key]' "
    "--output text | xargs -d '\\n' -I KEY -P 8 "
    "aws s3api put-object-acl --bucket {bucket} --acl public-read --key KEY"
)


@dataclass(frozen=True)
class Counted:
    """Objects by the prefix of their keys, without those that are public by their own ACL.

    public: how many those are. not_looked_at: how many of the others have an ACL that was not read.
    """

    prefixes: Mapping[str, int] = field(default_factory=dict)
    public: int = 0
    not_looked_at: int = 0
    examples: tuple[str, ...] = ()

    @property
    def objects(self) -> int:
        return sum(self.prefixes.values())

    def describe(self) -> str:
        parts = [f"{count} in '{prefix}'" for prefix, count in self.prefixes.items() if count]
        parts += self._examples()
        return f"{self.objects} existing objects ({', '.join(parts)})"

    def describe_opening(self) -> str:
        """Describe what becomes public, and what may because nobody has read its ACL."""
        if not self.not_looked_at:
            return f"{self.describe()} would become readable by everybody"
        closed = self.objects - self.not_looked_at
        looked_at = self.public + closed
        prefixes = " and ".join(f"'{prefix}'" for prefix in self.prefixes)
        where = f"existing objects in {prefixes}"
        may = "may become readable by everybody"
        if not looked_at:
            return f"none of the ACLs of {self.objects} {where} was read, so they {may}"
        found = "all are public"
        if closed:
            found = ", ".join([f"{closed} of them would become readable by everybody", *self._examples()])
        return (
            f"of {looked_at + self.not_looked_at} {where}, {looked_at} were checked and {found}; "
            f"the other {self.not_looked_at} {may}"
        )

    def _examples(self) -> list[str]:
        keys = [f"'{key}'" for key in self.examples[:_EXAMPLES]]
        return [f"for example {', '.join(keys)}"] if keys else []


def opened(current: Access, after: Access, desired: DesiredAccess, account: Block) -> list[str]:
    """Return the prefixes that everybody will be able to read, and is not known to be able to read now."""
    if desired.rules.readers != EVERYBODY or desired.open_existing:
        return []
    return [
        prefix
        for prefix in (f"{folder}/" for folder in sorted(set(desired.folders)))
        if _everybody_reads(after, desired, prefix, account)
        and not _everybody_reads(current, desired, prefix, account)
    ]


def closed(current: Access, after: Access, desired: DesiredAccess, account: Block) -> list[str]:
    """Return the prefixes that viewers read now by our policy, and later by the ACL of each object alone."""
    if not desired.rules.uses_acls or desired.close_existing:
        return []
    bucket = f"{desired.arn}/"
    found = set()
    for statement in current.ours:
        if statement.get("Effect") != "Allow":
            continue
        for resource in map(str, as_list(statement.get("Resource"))):
            prefix = resource.removeprefix(bucket).removesuffix("*")
            # Block Public Access does not keep a distribution out.
            is_read = not everyone_may(statement) or _everybody_reads(current, desired, prefix, account)
            if is_read and resource.startswith(bucket):
                found.add(prefix)
    return [prefix for prefix in sorted(found) if not _everybody_reads(after, desired, prefix, account)]


def problems(desired: DesiredAccess, opens: Counted, closes: Counted) -> list[str]:
    """Return what you have to allow before the change, each with the line to write."""
    found = []
    if opens.objects:
        found.append(
            f"{opens.describe_opening()}, since no delivery was given and the role's default is public. "
            "Set it: 's3_recording_delivery: public' allows everybody to read them, "
            "'s3_recording_delivery: private' and 's3_recording_delivery: cloudfront' keep the bucket closed "
            "(in a task of its own: open_existing=true)"
        )
    if closes.objects:
        prefix = next(prefix for prefix, count in closes.prefixes.items() if count)
        found.append(
            f"viewers could not play {closes.describe()} any more, since with acl only what has a public ACL "
            "of its own can be read. Allow that with close_existing=true (in the role "
            "s3_recording_close_existing), and give them the ACL right after the run, for each folder: "
            + _GIVE_ACLS.format(bucket=desired.bucket, prefix=prefix)
        )
    return found


def _everybody_reads(access: Access, desired: DesiredAccess, prefix: str, account: Block) -> bool:
    """True if a statement of the policy, in force and without a condition, opens all that begins with it."""
    restricted = "restrict_public_buckets"
    if access.block[restricted] or account[restricted]:
        return False
    start = f"{desired.arn}/{prefix}"
    return any(_opens(each, start) for each in statements_of(access.policy))


def _opens(statement: Mapping[str, Any], start: str) -> bool:
    return (
        everyone_may(statement)
        and not statement.get("Condition")
        and any(str(each).lower() in _READS for each in as_list(statement.get("Action")))
        and any(_covers(str(each), start) for each in as_list(statement.get("Resource")))
    )


def _covers(resource: str, start: str) -> bool:
    return resource.endswith("*") and start.startswith(resource[:-1])
