# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan the whole fleet: one entry a bucket for AWS, one a host for its server.

What hosts share (the key's policy, the public folders, the CORS origins) is gathered from all hosts of the
play, so that --limit does not shrink it.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from itertools import chain
from typing import Any, Optional
from urllib.parse import quote

from ...module_utils._ams.backup_file import playbook_to_finish, unverified_path
from ...module_utils._ams.recording_rules import STREAMS_PATH
from ...module_utils._aws import s3_cors_plan as cors
from ...module_utils._aws.s3_bucket_access_model import NOTHING
from ...module_utils._common.addresses import is_loopback, origin_of
from ...module_utils._common.errors import AwsError
from ...module_utils._common.plain_text import abbreviate, one_line
from . import ams_settings, aws_settings
from .key_policy import key_policy
from .model import Intent, Member
from .sharing import shared_names
from .storage_tasks import storage_tasks
from .validation import problems_of, warnings_of

_SHARED = [field.name for field in fields(Intent) if field.metadata.get("shared")]
# Characters without white space, https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
_LARGEST_POLICY = 2048


def plan_fleet(
    members: Sequence[Member],
    known_problems: Sequence[tuple[str, str]] = (),
    backup_dir: str = "",
    unverified: Optional[Mapping[str, str]] = None,
) -> dict[str, Any]:
    """Return what is to be made once a bucket, and once a host; nothing where there are problems.

    known_problems: pairs of host and problem that were found before.
    backup_dir: the folder on the controller for the backups.
    unverified: the files there of changes that were not verified, each with its playbook.
    """
    shared = _by_bucket(members)
    problems = [
        *_by_text([*known_problems, *_problems_of_each(shared)]),
        *_problems_together(members, shared),
    ]
    if problems:
        return {"buckets": [], "hosts": {}, "problems": [one_line(each) for each in problems], "warnings": []}
    warnings = [
        (member.host, text) for member in members if member.chosen for text in warnings_of(member.intent)
    ]
    return {
        "buckets": [_bucket_entry(sharing) for sharing in shared],
        "hosts": _host_entries(members, backup_dir),
        "problems": [],
        "warnings": _by_text([*warnings, *_interrupted(members, unverified or {})]),
    }


def _by_bucket(members: Sequence[Member]) -> list[list[Member]]:
    """Return the members of each bucket that the play is about."""
    found: dict[str, list[Member]] = {member.intent.bucket: [] for member in members if member.chosen}
    for member in members:
        if member.intent.bucket in found:
            found[member.intent.bucket].append(member)
    return list(found.values())


def _problems_of_each(shared: Sequence[Sequence[Member]]) -> Iterator[tuple[str, str]]:
    for member in chain.from_iterable(shared):
        for problem in problems_of(member.intent):
            yield member.host, problem


def _problems_together(members: Sequence[Member], shared: Sequence[Sequence[Member]]) -> Iterator[str]:
    """Yield what cannot work of intents that could each work alone."""
    for sharing in shared:
        yield from _disagreements(sharing)
        yield from _shared_folders(sharing)
        yield from _too_large_policy(sharing)
        yield from _too_many_origins(sharing)
    yield from shared_names(members)
    yield from _shared_addresses(members)
    yield from _cluster_problems(members)


def _interrupted(members: Iterable[Member], unverified: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return what to do about hosts beside this run where an earlier run has left a change unverified."""
    of_file = {os.path.basename(path): playbook for path, playbook in unverified.items()}
    names = {member.host: os.path.basename(unverified_path(_backup_name(member))) for member in members}
    return [
        (member.host, _describe_interrupted(of_file[names[member.host]]))
        for member in members
        if not member.chosen and names[member.host] in of_file
    ]


def _describe_interrupted(playbook: str) -> str:
    again = playbook_to_finish(playbook)
    what_to_do = (
        f"run {again} again for it"
        if again
        else "run servers.yml for it, which verifies the change or restores the previous settings, or "
        "rollback.yml"
    )
    by = f" ({playbook})" if playbook else ""
    return f"an earlier run{by} was interrupted before its change was verified: {what_to_do}"


def _by_text(found: Iterable[tuple[str, str]]) -> list[str]:
    """Return each text once, with the hosts that it is about."""
    hosts: dict[str, list[str]] = {}
    for host, problem in found:
        hosts.setdefault(problem, []).append(host)
    return [f"{abbreviate(names, 3)}: {problem}" for problem, names in hosts.items()]


def _too_many_origins(sharing: Sequence[Member]) -> list[str]:
    intent, origins = sharing[0].intent, _origins(sharing)
    rules = cors.given(aws_settings.cors_rules(intent, origins)) if intent.sets_cors else []
    size = cors.size_of(rules)
    if size <= cors.MAX_BYTES:
        return []
    problem = (
        f"the {len(origins)} origins of bucket '{intent.bucket}' make a CORS rule of {size} bytes, where S3 "
        f"allows {cors.MAX_BYTES}. {cors.size_remedy(rules)} (s3_recording_cors_origins)"
    )
    return [problem]


def _too_large_policy(sharing: Sequence[Member]) -> list[str]:
    intent = sharing[0].intent
    try:
        policy = key_policy(intent, _folders(sharing))
    except AwsError:
        # Validation names the variable that would be a pattern in a policy.
        return []
    size = len("".join(json.dumps(policy).split()))
    if intent.key_given or size <= _LARGEST_POLICY:
        return []
    problem = (
        f"the {len(_folders(sharing))} folders of bucket '{intent.bucket}' make a {size}-character policy, "
        f"where IAM allows {_LARGEST_POLICY}: give some of the applications another bucket"
        + (", or leave out s3_recording_key_file_extensions" if intent.key_file_extensions else "")
    )
    return [problem]


def _folders(sharing: Sequence[Member]) -> list[str]:
    return sorted({folder for member in sharing for folder in member.intent.folders()})


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


def _backup_name(member: Member) -> str:
    """Return the name of the host's backup: readable, and unique per address."""
    address = hashlib.sha256(member.intent.ams_url.encode()).hexdigest()[:8]
    return f"{quote(member.host, safe='')}-{address}.json"


def _origins(sharing: Sequence[Member]) -> list[str]:
    given = sharing[0].intent.cors_origins
    own = given or tuple(origin_of(member.intent.viewer_address) for member in sharing)
    extra = tuple(origin for member in sharing for origin in member.intent.cors_extra_origins)
    return sorted({*own, *extra})


def _bucket_entry(sharing: Sequence[Member]) -> dict[str, Any]:
    intent = next(member.intent for member in sharing if member.chosen)
    folders = _folders(sharing)
    entry = {
        "bucket": intent.bucket,
        "region": intent.signing_region,
        "delivery": intent.effective_delivery,
        # One host with a delivery is enough.
        "open_existing": any(member.intent.delivery for member in sharing),
        "close_existing": intent.close_existing,
        "keeps_tags": "tags" in intent.s3_provider.keeps,
        "config": aws_settings.bucket_settings(intent, folders),
        "allow_changing_others_access": intent.allow_changing_others_access,
        "secure_transport_only": _https_for(sharing),
        "hosts": [member.host for member in sharing],
        "owner": next(member.host for member in sharing if member.chosen),
        "folders": folders,
        "iam_user": intent.user_name,
        "adopt_iam_user": intent.adopt_iam_user,
        "permissions_boundary": intent.permissions_boundary,
        "attach_s3_full_access": intent.attach_s3_full_access,
        "key_policy": key_policy(intent, folders),
        "key_given": intent.key_given,
        "access_key_id": intent.access_key_id,
        "aws_endpoint_url": intent.aws_endpoint_url,
        "s3_endpoint_url": intent.aws_endpoint_url or intent.boto_endpoint,
        "provider": intent.provider_name,
        "cloudfront_distribution": intent.cloudfront_distribution,
        "cloudfront_price_class": intent.cloudfront_price_class,
        "needs_distribution": intent.chosen_delivery.needs_distribution,
        "needs_domain": any(member.intent.needs_domain for member in sharing),
        "has_ownership": intent.s3_provider.ownership,
        # Without policies the provider does not know the calls about access.
        "has_access": intent.s3_provider.policies,
        "key_store": intent.key_store,
        "key_stored_at": intent.stored_at,
        "cors_rules": aws_settings.cors_rules(intent, _origins(sharing)) if intent.sets_cors else [],
        "cors_elsewhere": intent.cors_elsewhere,
    }
    tasks = storage_tasks(entry)
    place = {"name": intent.bucket, "region": entry["region"], "endpoint_url": intent.aws_endpoint_url}
    return {**entry, "tasks": tasks, "storage": {**place, **tasks}}


def _https_for(sharing: Sequence[Member]) -> str:
    """Return what is closed to plain http; by default nothing where a host's own CDN may fetch by http."""
    wanted = {member.intent.https_for for member in sharing}
    return wanted.pop() if len(wanted) == 1 else NOTHING


def _origins_to_verify(intent: Intent) -> list[str]:
    """Return the origins of this host and those given, wherever CORS is set; not those of other hosts."""
    own = origin_of(intent.viewer_address)
    wanted = {*(intent.cors_origins or (own,)), *intent.cors_extra_origins}
    return sorted({aws_settings.concrete_origin(origin, own) for origin in wanted})


def _host_entries(members: Sequence[Member], backup_dir: str) -> dict[str, dict[str, Any]]:
    chosen = [member for member in members if member.chosen]
    sizes = Counter(member.intent.cluster for member in members)
    return {
        member.host: {
            **_host_entry(member.intent),
            "alias_of": member.alias_of,
            "backup_path": os.path.join(backup_dir, _backup_name(member)),
            "live": member.intent.verify_stream == "all"
            or (member.intent.verify_stream == "canary" and member is chosen[0]),
            "cluster_hosts": sizes[member.intent.cluster] if member.intent.cluster else 0,
        }
        for member in chosen
    }


def _host_entry(intent: Intent) -> dict[str, Any]:
    return {
        "bucket": intent.bucket,
        "ams_url": intent.ams_url,
        "cluster": intent.cluster,
        "viewer_url": intent.viewer_address,
        "closed": not intent.chosen_delivery.is_public,
        "allow_open_hls_upload": intent.allow_open_hls_upload,
        "needs_domain": intent.needs_domain,
        "origins": _origins_to_verify(intent),
        "cors_elsewhere": intent.cors_elsewhere,
        "apps": [
            {"name": app, "settings": ams_settings.recording_settings(intent, app)}
            for app in intent.applications
        ],
        # Only their names: the values may be secrets, and the plan is a fact.
        "other_settings": sorted(map(str, intent.settings or {})),
        "plays_at": {
            app: f"{intent.viewer_address}/{app}/{STREAMS_PATH}/NAME.mp4" for app in intent.applications
        },
    }
