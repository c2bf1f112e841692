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
from ...module_utils._aws.s3_bucket_access_closing import access_before
from ...module_utils._aws.s3_bucket_access_model import CLOSE_ALL, CLOSE_READS
from ...module_utils._common.deliveries import OWNER_ACL
from ...module_utils._common.plain_text import abbreviate

Read = Mapping[str, Any]


@dataclass(frozen=True)
class Closing:
    """What is closed of a bucket, one of CLOSES, and why not all of it. closes: empty if nothing is."""

    closes: str
    reasons: Sequence[str] = ()


@dataclass(frozen=True)
class Servers:
    """What is known of the servers at the end of a run.

    hosts: all that may use any bucket, except those that are gone for good. moved: those that are as
    requested now. skipped: those that could not be reached. before, after: what was read before the run and
    since.
    """

    hosts: Sequence[str]
    moved: Collection[str]
    skipped: Collection[str]
    before: Mapping[str, Read]
    after: Mapping[str, Read]


def closing_of(bucket: Mapping[str, Any], servers: Servers) -> Closing:
    """Return what can be closed of a bucket."""
    name = bucket["bucket"]
    users = [host for host in servers.hosts if host in bucket["hosts"] or _uses(servers.before, host, name)]
    waiting = [host for host in users if host not in servers.moved and host not in servers.skipped]
    if waiting:
        return Closing("", [f"{abbreviate(waiting, 3)} may still send viewers there as before"])
    reasons = list(_uploads_with_acl(name, servers))
    return Closing(CLOSE_READS if reasons else CLOSE_ALL, reasons)


def _uses(reads: Mapping[str, Read], host: str, bucket: str) -> bool:
    apps = (reads.get(host) or {}).get("apps") or {}
    return any((each.get("uses") or {}).get("s3BucketName") == bucket for each in apps.values())


def _uploads_with_acl(bucket: str, servers: Servers) -> Iterator[str]:
    """Yield which servers upload with an ACL, or may do so without anyone knowing it."""
    unknown = [host for host in servers.hosts if (servers.after.get(host) or {}).get("uploads") is None]
    if unknown:
        yield f"{abbreviate(unknown, 3)}: not read after the change"
    for host, read in servers.after.items():
        for app, each in (read.get("uploads") or {}).items():
            acl = upload_acl(each)
            if each.get("s3BucketName") == bucket and acl != OWNER_ACL:
                yield f"application '{app}' of {host} uploads with the ACL {acl}"


def to_restore(
    bucket: Mapping[str, Any], moved: Collection[str], done: Mapping[str, Any], *, is_new: bool
) -> Optional[Mapping[str, Any]]:
    """Return the access from before the run if the run has opened something that no server uses.

    done: the result of s3_bucket_access. is_new: True if the run has created the bucket, which keeps what
    denies something.
    """
    before = done.get("before")
    is_changed = any(done.get(name) != value for name, value in (before or {}).items())
    is_used = any(host in moved for host in bucket["hosts"])
    if not is_changed or is_used:
        return None
    return access_before(done, is_new=is_new)
