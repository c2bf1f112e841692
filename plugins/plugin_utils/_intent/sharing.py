# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find what two buckets must not share: an IAM user, the place of a key, a distribution.

Each belongs to one bucket: set up for a second one it would no longer work for the first.
"""

from __future__ import annotations

import os.path
from collections.abc import Hashable, Iterable, Iterator
from typing import Optional

from ...module_utils._common.plain_text import abbreviate
from .model import Intent, Member

_WHY = {
    "iam_user": "the policy of one would replace that of the other, whose servers could not upload any more",
    "key_path": "a place holds the key of one user",
    "cloudfront_distribution": "a distribution serves one bucket, and viewers are sent to it for both",
}


def shared_names(members: Iterable[Member]) -> list[str]:
    """Return what buckets of the play share with another one, a sentence each."""
    found: dict[tuple[str, Hashable], dict[str, list[str]]] = {}
    chosen: set[str] = set()
    names: dict[tuple[str, Hashable], str] = {}
    for member in members:
        bucket = member.intent.bucket
        chosen |= {bucket} if member.chosen else set()
        for variable, name, identity in _named(member.intent):
            names.setdefault((variable, identity), name)
            found.setdefault((variable, identity), {}).setdefault(bucket, []).append(member.host)
    return [
        _problem(variable, names[variable, identity], hosts)
        for (variable, identity), hosts in found.items()
        if len(hosts) > 1 and chosen & set(hosts)
    ]


def _named(intent: Intent) -> Iterator[tuple[str, str, Hashable]]:
    """Yield what a bucket needs for itself: the variable, the name, and its identity."""
    if intent.cloudfront_distribution:
        yield "cloudfront_distribution", intent.cloudfront_distribution, intent.cloudfront_distribution
    if intent.key_given or not intent.bucket:
        return
    account = (intent.aws_endpoint_url, intent.partition)
    # IAM does not tell upper from lower case.
    yield "iam_user", intent.user_name, (*account, intent.user_name.lower())
    yield "key_path", f"{intent.key_store} {intent.stored_at}", (*account, *_place(intent))


def _place(intent: Intent) -> tuple[str, Optional[str], str]:
    if intent.key_store == "file":
        return "file", None, os.path.normpath(os.path.expanduser(intent.stored_at))
    return intent.key_store, intent.region, intent.stored_at


def _problem(variable: str, name: str, hosts: dict[str, list[str]]) -> str:
    buckets = " and ".join(f"'{bucket}' ({abbreviate(of)})" for bucket, of in hosts.items())
    return (
        f"s3_recording_{variable} is {name} for the buckets {buckets}, and {_WHY[variable]}: give each "
        "bucket its own"
    )
