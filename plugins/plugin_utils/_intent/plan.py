# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The intents of all hosts together: one entry a bucket for AWS, one a host for its server.

What hosts share (the key's policy, the public folders, the CORS origins) is gathered from all
hosts that the play names: with --limit it would otherwise shrink to the hosts of one run.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Optional
from urllib.parse import quote

from ...module_utils._ams.backup import Apps
from ...module_utils._ams.backup_file import unverified_path
from ...module_utils._ams.recording_rules import STREAMS_PATH
from ...module_utils._aws import s3_cors_plan as cors
from ...module_utils._aws.s3_bucket_access_plan import NOTHING
from ...module_utils._common.addresses import is_loopback, origin_of
from ...module_utils._common.errors import AwsError
from ...module_utils._common.plain_text import one_line
from .._rollback.runs import goes_on_with
from . import model as _recording
from .model import CLOSED_DELIVERIES, Intent
from .sharing import shared_names
from .storage_tasks import storage_tasks
from .validation import problems_of, warnings_of

# Of a bucket, so that all its hosts have to agree on them.
_OF_BUCKET = (
    "region",
    "delivery",
    "close_existing",
    "secure_transport_only",
    "change_foreign_access",
    "bucket_owner",
    "versioning",
    "encryption",
    "encryption_key_id",
    "expire_days",
    "noncurrent_expire_days",
    "expire_existing",
    "transitions",
    "abort_uploads_days",
    "bucket_tags",
    "iam_user",
    "adopt_iam_user",
    "permissions_boundary",
    "managed_full_access",
    "allow_delete",
    "key_file_extensions",
    "key_store",
    "key_path",
    "access_key_id",
    "aws_endpoint_url",
    "provider",
    "endpoint",
    "path_style",
    "cloudfront_distribution",
    "cloudfront_price_class",
    "cors",
    "cors_origins",
    "cors_methods",
)
_OF_KEY = ("s3AccessKey", "s3SecretKey")
# Characters without white space, https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
_LARGEST_POLICY = 2048


@dataclass(frozen=True)
class Member:
    """A host with its intent; chosen: whether the play is about it."""

    host: str
    intent: Intent
    chosen: bool


def fleet(
    members: Sequence[Member],
    known_problems: Sequence[tuple[str, str]] = (),
    backup_dir: str = "",
    unproved: Optional[Mapping[str, str]] = None,
) -> dict[str, Any]:
    """What has to be made once a bucket, and what once a host; nothing at all where there are problems.

    known_problems: pairs of host and problem that were found before.
    backup_dir: the folder on the controller for the files of former values.
    unproved: the files there of changes that were not proved, each with the playbook that made the change.
    """
    chosen = [member for member in members if member.chosen]
    by_bucket: dict[str, list[Member]] = {}
    for member in members:
        by_bucket.setdefault(member.intent.bucket, []).append(member)
    shared = [by_bucket[bucket] for bucket in dict.fromkeys(member.intent.bucket for member in chosen)]
    problems = [
        *_by_problem(
            [
                *known_problems,
                *(
                    (member.host, problem)
                    for sharing in shared
                    for member in sharing
                    for problem in problems_of(member.intent)
                ),
            ]
        ),
        *(problem for sharing in shared for problem in _bucket_problems(sharing)),
        *shared_names((member.host, member.intent, member.chosen) for member in members),
        *_shared_addresses(members),
        *_cluster_problems(members),
    ]
    if problems:
        return {"buckets": [], "hosts": {}, "problems": [one_line(each) for each in problems], "warnings": []}
    warnings = [(member.host, text) for member in chosen for text in warnings_of(member.intent)]
    warnings += _broken_off(members, unproved or {})
    sizes = Counter(member.intent.cluster for member in members)
    canary = chosen[0].host if chosen else ""
    return {
        "buckets": [_bucket_entry(sharing) for sharing in shared],
        "hosts": {
            member.host: {
                **_host_entry(member.intent),
                "backup_path": os.path.join(backup_dir, _former_name(member)),
                "live": member.intent.live_check == "all"
                or (member.intent.live_check == "canary" and member.host == canary),
                "cluster_hosts": sizes[member.intent.cluster] if member.intent.cluster else 0,
            }
            for member in chosen
        },
        "problems": [],
        "warnings": _by_problem(warnings),
    }


def _broken_off(members: Iterable[Member], unproved: Mapping[str, str]) -> list[tuple[str, str]]:
    """What to do about the hosts that this run leaves out and an earlier one has left half done."""
    of_file = {os.path.basename(path): playbook for path, playbook in unproved.items()}
    names = {member.host: os.path.basename(unverified_path(_former_name(member))) for member in members}
    return [
        (member.host, _what_was_broken_off(of_file[names[member.host]]))
        for member in members
        if not member.chosen and names[member.host] in of_file
    ]


def _what_was_broken_off(playbook: str) -> str:
    again = goes_on_with(playbook)
    what_to_do = (
        f"run {again} again for it"
        if again
        else "run servers.yml for it, which proves the change or takes it back, or rollback.yml"
    )
    by = f" ({playbook})" if playbook else ""
    return f"an earlier run{by} was broken off before its change was proved: {what_to_do}"


def with_further(apps: Iterable[Mapping[str, Any]], further: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return a host's applications with further settings, which the plan does not hold."""
    return [{**app, "settings": {**app["settings"], **further}} for app in apps]


def with_key(apps: Iterable[Mapping[str, Any]], key: Mapping[str, str]) -> list[dict[str, Any]]:
    """The settings of a host's applications with the access key that they upload with."""
    pair = dict(zip(_OF_KEY, (key["access_key_id"], key["secret_access_key"])))
    return [{"name": app["name"], "settings": {**app["settings"], **pair}} for app in apps]


def with_domain(apps: Iterable[Mapping[str, Any]], domain: str) -> list[dict[str, Any]]:
    """The settings of a host's applications with the domain of the distribution that viewers are sent to."""

    def known(value: Any) -> Any:
        return (
            value.replace(_recording.DISTRIBUTION, f"https://{domain}", 1)
            if isinstance(value, str)
            else value
        )

    name = "httpForwardingBaseURL"
    return [{**app, "settings": {**app["settings"], name: known(app["settings"].get(name))}} for app in apps]


def without_recording(
    apps: Iterable[Mapping[str, Any]], bucket: str, kept: Optional[Apps] = None
) -> list[dict[str, Any]]:
    """What takes recording to a bucket off a host's applications; those that record elsewhere are left alone.

    kept: what the backups of earlier runs hold of them. All else that the runs have changed is undone with
    it: whether streams are recorded as MP4 at all, and further settings. Without a backup that stays.
    """
    names = {*_recording.app_settings_names(), *_OF_KEY} - {"mp4MuxingEnabled"}
    asked = []
    for app in apps:
        reset = sorted(names & {*app["settings"], *_OF_KEY})
        changed = (kept or {}).get(app["name"]) or {}
        asked.append(
            {
                "name": app["name"],
                "reset": reset,
                "only_if": {"s3BucketName": bucket},
                "undo": {name: values for name, values in changed.items() if name not in reset},
            }
        )
    return asked


def _by_problem(found: Iterable[tuple[str, str]]) -> list[str]:
    """A sentence for each problem, with the hosts that have it; a fleet often has one many times."""
    hosts: dict[str, list[str]] = {}
    for host, problem in found:
        hosts.setdefault(problem, []).append(host)
    return [f"{_few(names)}: {problem}" for problem, names in hosts.items()]


def _few(names: Sequence[str]) -> str:
    more = len(names) - 3
    return ", ".join(names[:3]) + (f" and {more} more" if more > 0 else "")


def _bucket_problems(sharing: list[Member]) -> list[str]:
    return [
        *_disagreements(sharing),
        *_shared_folders(sharing),
        *_too_large_policy(sharing),
        *_too_many_origins(sharing),
    ]


def _too_many_origins(sharing: list[Member]) -> list[str]:
    intent, origins = sharing[0].intent, _origins(sharing)
    rules = cors.given(_recording.cors_rules(intent, origins)) if intent.sets_cors else []
    size = cors.size_of(rules)
    if size <= cors.MAX_BYTES:
        return []
    problem = (
        f"the {len(origins)} origins of bucket '{intent.bucket}' make a CORS rule of {size} bytes, where S3 "
        f"takes {cors.MAX_BYTES}. {cors.way_out_of_size(rules)} (s3_recording_cors_origins)"
    )
    return [problem]


def _too_large_policy(sharing: list[Member]) -> list[str]:
    intent = sharing[0].intent
    try:
        policy = _recording.key_policy(intent, _folders(sharing))
    except AwsError:
        # What does not stand for itself in a policy is a problem of its own variable.
        return []
    size = len("".join(json.dumps(policy).split()))
    if intent.key_given or size <= _LARGEST_POLICY:
        return []
    problem = (
        f"the {len(_folders(sharing))} folders of bucket '{intent.bucket}' make a policy of {size} letters, "
        f"where IAM takes {_LARGEST_POLICY}: give some of the applications another bucket"
        + (", or leave out s3_recording_key_file_extensions" if intent.key_file_extensions else "")
    )
    return [problem]


def _folders(sharing: list[Member]) -> list[str]:
    return sorted({folder for member in sharing for folder in member.intent.folders()})


def _disagreements(sharing: list[Member]) -> list[str]:
    first = sharing[0]
    found = []
    for name in _OF_BUCKET:
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


def _shared_folders(sharing: list[Member]) -> list[str]:
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
        f"s3_recording_ams_url is {url} for {_few(sharing)}: set it in the inventory, "
        "where each host has its own (with consoles on localhost, s3_recording_viewer_url of each)"
        for url, sharing in hosts.items()
        if len(sharing) > 1
    ]


def _cluster_problems(members: Sequence[Member]) -> list[str]:
    """Nodes of a cluster have one set of settings; what one asks for the next would undo."""
    first: dict[str, Member] = {}
    found = []
    for member in members:
        if not member.intent.cluster:
            continue
        other = first.setdefault(member.intent.cluster, member)
        if _asked(other.intent) != _asked(member.intent):
            found.append(
                f"{other.host} and {member.host} are nodes of cluster '{member.intent.cluster}', which has "
                "one set of settings, and are asked for different ones: give both the same variables"
            )
    return found


def _asked(intent: Intent) -> dict[str, Any]:
    return {app: _recording.app_settings(intent, app) for app in intent.applications}


def _former_name(member: Member) -> str:
    """Of the file of former values: readable, and another one when the host gets another address."""
    address = hashlib.sha256(member.intent.ams_url.encode()).hexdigest()[:8]
    return f"{quote(member.host, safe='')}-{address}.json"


def _origins(sharing: list[Member]) -> list[str]:
    given = sharing[0].intent.cors_origins
    own = given or tuple(origin_of(member.intent.viewer_address) for member in sharing)
    extra = tuple(origin for member in sharing for origin in member.intent.cors_extra_origins)
    return sorted({*own, *extra})


def _bucket_entry(sharing: list[Member]) -> dict[str, Any]:
    intent = next(member.intent for member in sharing if member.chosen)
    folders = _folders(sharing)
    entry = {
        "bucket": intent.bucket,
        "region": intent.signing_region,
        "delivery": intent.effective_delivery,
        # One host that says so is enough.
        "open_existing": any(member.intent.delivery for member in sharing),
        "close_existing": intent.close_existing,
        "keeps_tags": "tags" in intent.store.keeps,
        "keeping": _recording.bucket_settings(intent, folders),
        "change_foreign_access": intent.change_foreign_access,
        "secure_transport_only": _https_for(sharing),
        "hosts": [member.host for member in sharing],
        "owner": next(member.host for member in sharing if member.chosen),
        "folders": folders,
        "iam_user": intent.user_name,
        "adopt_iam_user": intent.adopt_iam_user,
        "permissions_boundary": intent.permissions_boundary,
        "managed_full_access": intent.managed_full_access,
        "key_policy": _recording.key_policy(intent, folders),
        "key_given": intent.key_given,
        "access_key_id": intent.access_key_id,
        "aws_endpoint_url": intent.aws_endpoint_url,
        "s3_endpoint_url": intent.aws_endpoint_url or intent.store_endpoint,
        "provider": intent.provider_name,
        "cloudfront_distribution": intent.cloudfront_distribution,
        "cloudfront_price_class": intent.cloudfront_price_class,
        "needs_domain": any(member.intent.needs_domain for member in sharing),
        "has_ownership": intent.store.ownership,
        # A bucket that is opened by other means is not asked what it does not know.
        "has_access": intent.store.policies,
        "key_store": intent.key_store,
        "key_stored_at": intent.stored_at,
        "cors_rules": _recording.cors_rules(intent, _origins(sharing)) if intent.sets_cors else [],
        "cors_elsewhere": intent.cors_elsewhere,
    }
    tasks = storage_tasks(entry)
    place = {"name": intent.bucket, "region": entry["region"], "endpoint_url": intent.aws_endpoint_url}
    return {**entry, "tasks": tasks, "storage": {**place, **tasks}}


def _https_for(sharing: list[Member]) -> str:
    """Return what https is asked for; by default nothing where any host's own CDN may ask by http."""
    asked = {member.intent.https_for for member in sharing}
    return asked.pop() if len(asked) == 1 else NOTHING


def _origins_to_prove(intent: Intent) -> list[str]:
    """Of a large fleet's origins those that this host has a part in, wherever CORS is set."""
    own = origin_of(intent.viewer_address)
    asked = {*(intent.cors_origins or (own,)), *intent.cors_extra_origins}
    return sorted({_recording.example_of(origin, own) for origin in asked})


def _host_entry(intent: Intent) -> dict[str, Any]:
    return {
        "bucket": intent.bucket,
        "ams_url": intent.ams_url,
        "cluster": intent.cluster,
        "viewer_url": intent.viewer_address,
        "closed": intent.effective_delivery in CLOSED_DELIVERIES,
        "allow_open_hls_upload": intent.allow_open_hls_upload,
        "needs_domain": intent.needs_domain,
        "origins": _origins_to_prove(intent),
        "cors_elsewhere": intent.cors_elsewhere,
        "apps": [
            {"name": app, "settings": _recording.recording_settings(intent, app)}
            for app in intent.applications
        ],
        # Their names alone: the values may be secrets, and the plan is a fact.
        "further_settings": sorted(map(str, intent.settings or {})),
        "plays_at": {
            app: f"{intent.viewer_address}/{app}/{STREAMS_PATH}/NAME.mp4" for app in intent.applications
        },
    }
