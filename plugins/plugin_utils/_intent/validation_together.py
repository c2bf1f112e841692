# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Validate the intents of all hosts together: names and folders that collide, what is too large for AWS.

Hosts of one bucket must agree on it and fit its limits. Two buckets must not share an IAM user, the place of
a key or a distribution: set up for a second bucket, it would no longer work for the first.
"""

from __future__ import annotations

import os.path
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import fields
from typing import Any, Optional

from ...module_utils._aws import iam_programmatic_user_plan as users
from ...module_utils._aws import s3_cors_plan as cors
from ...module_utils._aws.other_folders import is_within
from ...module_utils._common.addresses import is_loopback
from ...module_utils._common.errors import AwsError
from ...module_utils._common.plain_text import abbreviate
from . import ams_settings
from .aws_settings import cors_rules, folders_of, origins_of
from .key_policy import key_policy
from .model import Intent, Member

_SHARED = [field.name for field in fields(Intent) if field.metadata.get("shared")]
_WHY = {
    "iam_user": "the policy of one would replace that of the other, whose servers could not upload any more",
    "key_path": "a place holds the key of one user",
    "cloudfront_distribution": "a distribution serves one bucket, and viewers are sent to it for both",
}


def problems_together(members: Sequence[Member], shared: Sequence[Sequence[Member]]) -> Iterator[str]:
    """Yield what cannot work of intents that could each work alone. shared: the members of each bucket."""
    for sharing in shared:
        yield from _disagreements(sharing)
        yield from _shared_folders(sharing)
        yield from _forgotten_folders(sharing)
        yield from _too_large_policy(sharing)
        yield from _too_many_origins(sharing)
    yield from _shared_names(members)
    yield from _shared_addresses(members)
    yield from _cluster_problems(members)


def _disagreements(sharing: Sequence[Member]) -> list[str]:
    first = sharing[0]
    found = []
    for name in _SHARED:
        for member in sharing[1:]:
            one, other = (_of_bucket(each.intent, name) for each in (first, member))
            if one != other:
                found.append(
                    f"s3_recording_{name} of bucket '{first.intent.bucket}' is {one!r} for {first.host} and "
                    f"{other!r} for {member.host}: they must agree on it"
                )
                break
    return found


def _of_bucket(intent: Intent, name: str) -> Any:
    return getattr(intent, "effective_delivery" if name == "delivery" else name)


def _shared_folders(sharing: Sequence[Member]) -> list[str]:
    users: dict[str, set[str]] = {}
    for member in sharing:
        for app in member.intent.applications:
            users.setdefault(member.intent.folder(app), set()).add(app)
    return [
        f"applications {', '.join(sorted(apps))} would share the folder '{folder}' of bucket "
        f"'{sharing[0].intent.bucket}' and overwrite each other's HLS files and previews: "
        "set s3_recording_folder_per_application to true"
        for folder, apps in users.items()
        if len(apps) > 1
    ]


def _forgotten_folders(sharing: Sequence[Member]) -> list[str]:
    found = []
    for forgotten in sharing[0].intent.forget_folders:
        users = {
            member.host: folder
            for member in sharing
            for folder in member.intent.folders()
            if is_within(folder, forgotten)
        }
        if users:
            found.append(
                f"s3_recording_forget_folders: '{forgotten}' of bucket '{sharing[0].intent.bucket}' is still "
                f"used by {abbreviate(list(users), 3)} (for '{next(iter(users.values()))}'): name only "
                "folders that no application of the inventory records to"
            )
    return found


def _too_large_policy(sharing: Sequence[Member]) -> list[str]:
    intent = sharing[0].intent
    try:
        policy = key_policy(intent, folders_of(sharing))
    except AwsError:
        # Validation names the variable that would be a pattern in a policy.
        return []
    size = users.size_of(policy)
    if intent.key_given or size <= users.MAX_INLINE_POLICIES:
        return []
    problem = (
        f"the {len(folders_of(sharing))} folders of bucket '{intent.bucket}' make a {size}-character policy, "
        f"where IAM allows {users.MAX_INLINE_POLICIES}: give some of the applications another bucket"
        + (", or leave out s3_recording_key_file_extensions" if intent.key_file_extensions else "")
    )
    return [problem]


def _too_many_origins(sharing: Sequence[Member]) -> list[str]:
    intent, origins = sharing[0].intent, origins_of(sharing)
    rules = cors.given(cors_rules(intent, origins)) if intent.sets_cors else []
    size = cors.size_of(rules)
    if size <= cors.MAX_BYTES:
        return []
    problem = (
        f"the {len(origins)} origins of bucket '{intent.bucket}' make a CORS rule of {size} bytes, where S3 "
        f"allows {cors.MAX_BYTES}. {cors.size_remedy(rules)} (s3_recording_cors_origins)"
    )
    return [problem]


def _shared_names(members: Iterable[Member]) -> list[str]:
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


def _shared_addresses(members: Sequence[Member]) -> list[str]:
    hosts: dict[str, list[str]] = {}
    for member in members:
        # Consoles that answer only to localhost are reached over ssh, each on a machine of its own.
        if not (is_loopback(member.intent.ams_url) and member.intent.viewer_url):
            hosts.setdefault(member.intent.ams_url.rstrip("/"), []).append(member.host)
    return [
        f"s3_recording_ams_url is {url} for {abbreviate(sharing, 3)}: set it in the inventory, "
        "where each host has its own (with consoles on localhost, s3_recording_viewer_url of each)"
        for url, sharing in hosts.items()
        if len(sharing) > 1
    ]


def _cluster_problems(members: Sequence[Member]) -> list[str]:
    """Return where nodes of a cluster, which share one set of settings, would overwrite each other's."""
    first: dict[str, Member] = {}
    found = []
    for member in members:
        if not member.intent.cluster:
            continue
        other = first.setdefault(member.intent.cluster, member)
        if _settings(other.intent) != _settings(member.intent):
            found.append(
                f"{other.host} and {member.host} are nodes of cluster '{member.intent.cluster}', which has "
                "one set of settings, but their variables differ: give both the same"
            )
    return found


def _settings(intent: Intent) -> dict[str, Any]:
    return {app: ams_settings.app_settings(intent, app) for app in intent.applications}
