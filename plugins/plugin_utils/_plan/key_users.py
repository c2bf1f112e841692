# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which servers use which access key of a bucket."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any


def key_users(
    bucket: Mapping[str, Any], reads: Mapping[str, Mapping[str, Any]], gone: Collection[str]
) -> dict[str, Any]:
    """Return the servers that record to a bucket by the key that they use, and those that were not read.

    With --limit there are servers of the bucket that the run does not read.
    """
    users: dict[str, list[str]] = {}
    for host, read in reads.items():
        for key in _keys(bucket["bucket"], read):
            users.setdefault(key, []).append(host)
    absent = [host for host in bucket["hosts"] if host not in reads or reads[host]["problem"]]
    return {
        "users": {key: users[key] for key in sorted(users)},
        "not_read": [host for host in absent if host not in gone],
        "gone": [host for host in absent if host in gone],
    }


def _keys(bucket: str, read: Mapping[str, Any]) -> set[str]:
    uses = [app.get("uses") or {} for app in (read.get("apps") or {}).values()]
    return {str(each.get("s3AccessKey") or "no key") for each in uses if each.get("s3BucketName") == bucket}
