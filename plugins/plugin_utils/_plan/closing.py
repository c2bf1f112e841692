# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decide when what servers no longer use is closed to viewers: after the servers have changed.

A server that cannot be reached keeps nothing open to viewers, but it may still upload with an ACL.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Optional

from ...module_utils._ams.recording_rules import upload_acl
from ...module_utils._aws.s3_bucket_access_model import CLOSE_ALL, CLOSE_READS
from ...module_utils._common.deliveries import OWNER_ACL
from ...module_utils._common.plain_text import abbreviate

Read = Mapping[str, Any]


@dataclass(frozen=True)
class Closing:
    """What is closed of a bucket, one of CLOSES, and why not all of it. closes: empty if nothing is."""

    closes: str
    reasons: Sequence[str] = ()


def closing_of(
    bucket: Mapping[str, Any], moved: Collection[str], absent: Collection[str], reads: Mapping[str, Read]
) -> Closing:
    """Return what can be closed.

    moved: servers that are as requested now. absent: those that are out of reach or gone for good. reads:
    what was read of each server since.
    """
    waiting = [host for host in bucket["hosts"] if host not in moved and host not in absent]
    if waiting:
        return Closing("", [f"{abbreviate(waiting, 3)} may still send viewers there as before"])
    reasons = list(_uploads_with_acl(bucket["bucket"], bucket["hosts"], reads))
    return Closing(CLOSE_READS if reasons else CLOSE_ALL, reasons)


def _uploads_with_acl(bucket: str, hosts: Sequence[str], reads: Mapping[str, Read]) -> Iterator[str]:
    """Yield which servers upload with an ACL, or may do so without anyone knowing it."""
    unknown = [host for host in hosts if (reads.get(host) or {}).get("uploads") is None]
    if unknown:
        yield f"{abbreviate(unknown, 3)}: not read after the change"
    for host, read in reads.items():
        for app, each in (read.get("uploads") or {}).items():
            acl = upload_acl(each)
            if each.get("s3BucketName") == bucket and acl != OWNER_ACL:
                yield f"application '{app}' of {host} uploads with the ACL {acl}"


def to_restore(
    bucket: Mapping[str, Any], moved: Collection[str], done: Mapping[str, Any]
) -> Optional[Mapping[str, Any]]:
    """Return the access of before the run if the run has opened something that no server uses.

    done: the result of s3_bucket_access.
    """
    before = done.get("before")
    is_changed = any(done.get(name) != value for name, value in (before or {}).items())
    is_used = any(host in moved for host in bucket["hosts"])
    return before if is_changed and not is_used else None
