# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The table of deliveries."""

from __future__ import annotations

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.deliveries import DELIVERIES

ACLS = ("block_public_acls", "ignore_public_acls")
POLICIES = ("block_public_policy", "restrict_public_buckets")


@pytest.mark.parametrize(
    ("name", "ownership", "switches_off", "readers", "s3_permission", "forwards", "is_public"),
    [
        ("private", "BucketOwnerEnforced", (), "", "bucket-owner-full-control", False, False),
        ("public", "BucketOwnerEnforced", POLICIES, "everybody", "bucket-owner-full-control", True, True),
        ("cloudfront", "BucketOwnerEnforced", (), "distribution", "bucket-owner-full-control", True, False),
        ("acl", "ObjectWriter", ACLS, "", "public-read", True, True),
    ],
)
def test_delivery(
    name: str,
    ownership: str,
    switches_off: tuple[str, ...],
    readers: str,
    s3_permission: str,
    forwards: bool,
    is_public: bool,
) -> None:
    row = DELIVERIES[name]
    assert (row.ownership, row.switches_off, row.readers) == (ownership, switches_off, readers)
    assert (row.s3_permission, row.forwards, row.is_public) == (s3_permission, forwards, is_public)
    assert (row.needs_distribution, row.uses_acls) == (name == "cloudfront", name == "acl")
    assert len(DELIVERIES) == 4
