# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan the whole fleet: one entry a bucket for AWS, one a host for its server.

What hosts share (the key's policy, the public folders, the CORS origins) is gathered from all hosts of the
play, so that --limit does not shrink it.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, Optional
from urllib.parse import quote

from ...module_utils._ams.backup_file import playbook_to_finish, unverified_path
from ...module_utils._ams.recording_rules import STREAMS_PATH
from ...module_utils._aws.s3_bucket_access_model import NOTHING
from ...module_utils._common.addresses import origin_of
from ...module_utils._common.plain_text import abbreviate, one_line
from . import ams_settings, aws_settings
from .aws_settings import folders_of, origins_of
from .key_policy import key_policy
from .model import Intent, Member
from .storage_tasks import storage_tasks
from .validation import problems_of
from .validation_together import problems_together
from .warnings import warnings_of


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
    of_hosts = _by_text([*known_problems, *_problems_of_each(shared)])
    problems = [*of_hosts, *(one_line(each) for each in problems_together(members, shared))]
    if problems:
        nothing: dict[str, Any] = {"buckets": [], "hosts": {}, "warnings": []}
        return {**nothing, "problems": problems, "problem_hosts": of_hosts}
    warnings = [
        (member.host, text) for member in members if member.chosen for text in warnings_of(member.intent)
    ]
    return {
        "buckets": [_bucket_entry(sharing) for sharing in shared],
        "hosts": _host_entries(members, backup_dir),
        "problems": [],
        "warnings": list(_by_text([*warnings, *_interrupted(members, unverified or {})])),
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


def _by_text(found: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Return each text once, with the hosts that it is about, which it names."""
    hosts: dict[str, list[str]] = {}
    for host, problem in found:
        hosts.setdefault(problem, []).append(host)
    return {one_line(f"{abbreviate(names, 3)}: {problem}"): names for problem, names in hosts.items()}


def _backup_name(member: Member) -> str:
    """Return the name of the host's backup: readable, and unique per address."""
    address = hashlib.sha256(member.intent.ams_url.encode()).hexdigest()[:8]
    return f"{quote(member.host, safe='')}-{address}.json"


def _bucket_entry(sharing: Sequence[Member]) -> dict[str, Any]:
    intent = next(member.intent for member in sharing if member.chosen)
    folders = folders_of(sharing)
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
        "forget_folders": list(intent.forget_folders),
        "forget_kms_keys": list(intent.forget_kms_keys),
        "iam_user": intent.user_name,
        "previous_iam_user": "" if intent.key_given else intent.iam_user_previous,
        "previous_place": intent.previous_place,
        "key_delete_after": intent.key_delete_after,
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
        "key_previous_store": intent.previous_store[0],
        "key_previous_stored_at": intent.previous_store[1],
        "cors_rules": aws_settings.cors_rules(intent, origins_of(sharing)) if intent.sets_cors else [],
        "cors_elsewhere": intent.cors_elsewhere,
    }
    tasks = storage_tasks(entry)
    place = {"name": intent.bucket, "region": entry["region"], "endpoint_url": intent.aws_endpoint_url}
    name = "cloudfront_recording_distribution"
    distribution = {**place, name: tasks[name]} if name in tasks else place
    return {**entry, "tasks": tasks, "storage": {**place, **tasks}, "distribution": distribution}


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
        "break_links": intent.break_links,
        "allow_open_hls_upload": intent.allow_open_hls_upload,
        "backlog": intent.verify_backlog,
        "backlog_max": intent.backlog_max,
        "import": {
            "connections": intent.import_connections,
            "bandwidth": intent.import_bandwidth,
            "min_age": intent.import_min_age,
            "delete": intent.import_delete,
        },
        "expire_days": intent.expire_days,
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
