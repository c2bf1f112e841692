# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Find what becomes public by a change of switches alone: already set up, and held back by a switch.

Plain data in, plain data out. BlockPublicAcls and BlockPublicPolicy only keep new openings from being set up;
IgnorePublicAcls, RestrictPublicBuckets and the ownership BucketOwnerEnforced keep existing ones from having
an effect, and each of the account's own switches overrides the bucket's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Optional

from .s3_bucket_access_model import Access, Block

# The most objects whose ACLs are read, since each needs a request.
MOST_ACLS = 1000
_GROUPS = (
    "http://acs.amazonaws.com/groups/global/AllUsers",
    "http://acs.amazonaws.com/groups/global/AuthenticatedUsers",
)
_EXAMPLES = 3


@dataclass(frozen=True)
class Opening:
    """What takes effect. acls: public ACLs, of the bucket and its objects. statements: someone else's."""

    acls: bool = False
    statements: tuple[Mapping[str, Any], ...] = ()


def opening(current: Access, after: Access, account: Block) -> Opening:
    """Return what the change allows everybody that was not allowed before."""
    was_restricted, is_restricted = (
        each.block["restrict_public_buckets"] or account["restrict_public_buckets"]
        for each in (current, after)
    )
    return Opening(
        acls=obeys_acls(after, account) and not obeys_acls(current, account),
        statements=tuple(current.public_of_others) if was_restricted and not is_restricted else (),
    )


def obeys_acls(access: Access, account: Block) -> bool:
    """True if public ACLs of the bucket and its objects have an effect."""
    return access.has_acls and not (access.block["ignore_public_acls"] or account["ignore_public_acls"])


def public_grants(acl: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what an ACL allows everybody, or everybody with any AWS account: READ, WRITE and so on."""
    grants = acl.get("Grants") or []
    found = {
        str(each.get("Permission")) for each in grants if (each.get("Grantee") or {}).get("URI") in _GROUPS
    }
    return tuple(sorted(found))


@dataclass(frozen=True)
class AclCounts:
    """Objects, and what their ACLs say. examples: keys of public ones, or of any if no ACL was read."""

    objects: int = 0
    looked_at: int = 0
    public: int = 0
    denied: int = 0
    examples: tuple[str, ...] = ()

    @property
    def unknown(self) -> int:
        return self.objects - self.looked_at - self.denied


def count_acls(objects: int, keys: Sequence[str], verdicts: Sequence[Optional[bool]]) -> AclCounts:
    """Count what the ACLs of some of the objects say: public, not public, or None for not allowed."""
    public = [key for key, verdict in zip(keys, verdicts) if verdict]
    denied = verdicts.count(None)
    examples = (public or keys)[:_EXAMPLES]
    return AclCounts(objects, len(verdicts) - denied, len(public), denied, tuple(examples))


@dataclass(frozen=True)
class Dormant:
    """ACLs that take effect. readable: False while ACLs are disabled, when S3 returns none of them."""

    readable: bool = True
    bucket_grants: tuple[str, ...] = ()
    elsewhere: AclCounts = field(default_factory=AclCounts)
    in_folders: AclCounts = field(default_factory=AclCounts)

    def result(self) -> dict[str, Any]:
        return {
            "shown": self.readable,
            "bucket_grants": list(self.bucket_grants),
            **{
                name: {**asdict(each), "examples": list(each.examples)}
                for name, each in (("elsewhere", self.elsewhere), ("in_folders", self.in_folders))
            },
        }


def problems(dormant: Optional[Dormant], *, allowed: bool) -> list[str]:
    """Describe what of someone else's would become public, or may. Nothing if that is allowed."""
    if dormant is None or allowed:
        return []
    found = []
    if dormant.bucket_grants:
        grants = " and ".join(dormant.bucket_grants)
        found.append(f"the bucket's own ACL, which has no effect now, would give everybody {grants}")
    found += _problems_elsewhere(dormant.elsewhere, dormant.readable)
    if not found:
        return []
    consent = "allow_changing_others_access=true (in the role s3_recording_allow_changing_others_access)"
    return [*found, f"make them private, or allow that with {consent}"]


def _problems_elsewhere(found: AclCounts, readable: bool) -> list[str]:
    where = "outside the recording folders"
    texts = []
    if found.objects and not readable:
        texts.append(
            f"{found.objects} objects {where} ({_examples_of(found)}) would be readable by everybody if they "
            "have a public ACL. S3 returns no ACLs while they are disabled: set the object ownership to "
            "ObjectWriter by hand, leave IgnorePublicAcls on, which keeps them closed, and run again to have "
            "them checked"
        )
        return texts
    if found.public:
        texts.append(
            f"{found.public} objects {where} ({_examples_of(found)}) have a public ACL, which has no effect "
            "now and would allow everybody to read them"
        )
    if found.denied:
        texts.append(
            f"the ACLs of {found.denied} objects {where} could not be read (the credentials of this task "
            "need s3:GetObjectAcl, and only other accounts can read the ACLs of their own objects)"
        )
    if found.unknown > 0:
        texts.append(
            f"{found.unknown} more objects {where} were not checked (the limit is {MOST_ACLS}), and may "
            "have a public ACL"
        )
    return texts


def _examples_of(found: AclCounts) -> str:
    return ", ".join(f"'{key}'" for key in found.examples)


def describe(dormant: Optional[Dormant]) -> list[str]:
    """Describe the ACLs that take effect, for the result."""
    if dormant is None:
        return []
    groups = (
        ("in the recording folders", dormant.in_folders),
        ("elsewhere in the bucket", dormant.elsewhere),
    )
    return [_describe(where, each, dormant.readable) for where, each in groups if each.objects]


def _describe(where: str, found: AclCounts, readable: bool) -> str:
    if not readable:
        return f"S3 does not say yet which of the {found.objects} objects {where} have a public ACL"
    left = found.objects - found.looked_at
    if not found.looked_at:
        return f"the ACLs of the {left} objects {where} were not checked"
    rest = f", {left} more were not checked" if left else ""
    return f"{found.public} of {found.looked_at} objects {where} have a public ACL{rest}"
