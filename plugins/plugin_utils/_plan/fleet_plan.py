# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan a run: what is desired against what was read, for the storage and for each server.

Nothing here asks or changes anything.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Optional

from ...module_utils._ams.backup_file import unverified_path
from ...module_utils._ams.session import NOTHING_WRITTEN
from .absence_variables import GONE, SKIP
from .broken_links import broken_links, left_behind
from .key_users import key_users
from .other_keys import keys_of_others
from .widening import change_of, folders_in_use, later_of, may_upload, missing_rights, too_long

Read = Mapping[str, Any]
Hosts = Mapping[str, Mapping[str, Any]]
UNREACHABLE = "unreachable"
# An upload that begins after these have changed has another bucket.
_OF_UPLOADS = ("s3RecordingEnabled", "s3BucketName", "s3RegionName", "s3Endpoint")
_NOT_READ: Read = {
    "problem": {
        "kind": UNREACHABLE,
        "tried": "Reading the server",
        "actual": "Ansible did not reach it",
        "remedy": "Ansible's own message above says why",
    }
}


@dataclass(frozen=True)
class Storage:
    """What the storage would need. buckets: name to `changes`. problems: what AWS would refuse."""

    buckets: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    problems: Sequence[str] = ()


def plan_run(
    desired: Mapping[str, Any],
    storage: Storage,
    reads: Optional[Mapping[str, Read]],
    *,
    gone: Collection[str] = (),
    most_unreachable: int = 0,
    verifies: bool = True,
) -> dict[str, Any]:
    """Return the changes, the refusals and the warnings of a run.

    desired: the plan of the inventory. reads: what each server has, None where no server is read. gone: hosts
    that are gone for good. most_unreachable: how many others may be out of reach. verifies: whether the run
    verifies what an earlier one has left unverified.
    """
    hosts = desired["hosts"]
    of = {} if reads is None else {host: reads.get(host) or _NOT_READ for host in hosts if host not in gone}
    servers = _sort_out(of, _unverified(of, hosts) if verifies else (), most_unreachable)
    servers["gone"] = sorted({*gone} & {*hosts})
    servers["present"] = _without(hosts, servers["skipped"], servers["gone"])
    buckets = {
        bucket["bucket"]: _bucket(bucket, storage.buckets.get(bucket["bucket"]) or {}, of, gone)
        for bucket in desired["buckets"]
    }
    return {
        "is_made": bool(hosts),
        "is_storage_read": not storage.problems,
        "buckets": buckets,
        "servers": servers,
        "problems": [
            *_problems_of(storage),
            *_too_long(desired, storage, buckets),
            *_problems(of, servers["skipped"], most_unreachable),
            *broken_links(of, hosts),
        ],
        "warnings": [
            *chain.from_iterable(
                keys_of_others(bucket, storage.buckets.get(bucket["bucket"]) or {}, of)
                for bucket in desired["buckets"]
            ),
            *_warnings(of, desired, storage),
            *left_behind(of, hosts),
            *_about(servers),
        ],
    }


def next_key(bucket: Mapping[str, Any]) -> dict[str, str]:
    """Return the change of a bucket whose access key is rotated."""
    text = "IAM user {iam_user} will get the next access key, stored in {key_store} {key_stored_at}"
    return {"action": "add", "what": "key", "text": text.format_map(bucket)}


def _without(hosts: Iterable[str], *absent: Collection[str]) -> list[str]:
    left_out = set(chain.from_iterable(absent))
    return [host for host in hosts if host not in left_out]


def _problems_of(storage: Storage) -> list[dict[str, Any]]:
    return [{"hosts": [], "text": text, "remedy": ""} for text in storage.problems]


def _about(servers: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    yield from _about_unverified([host for host, changes in servers["changes"].items() if not changes])
    yield from _about_skipped(servers["skipped"], servers["unreachable"])
    yield from _about_gone(servers["gone"])


def changes_of(read: Read) -> dict[str, Any]:
    """Return the settings that would change, by application."""
    return {app: each["changes"] for app, each in (read.get("apps") or {}).items() if each["changes"]}


def _sort_out(
    reads: Mapping[str, Read], unverified: Collection[str], most_unreachable: int
) -> dict[str, Any]:
    """Return which servers would change, which are as planned, and which are out of reach."""
    changes = {host: changes_of(read) for host, read in reads.items() if not _kind(read)}
    to_do = {host: each for host, each in changes.items() if each or host in unverified}
    return {
        "changing": {host: _names(each) for host, each in to_do.items()},
        "changes": to_do,
        "unchanged": _without(changes, to_do),
        **_not_read(reads, changes, most_unreachable),
    }


def _not_read(reads: Mapping[str, Read], known: Collection[str], most_unreachable: int) -> dict[str, Any]:
    """Return which servers could not be reached, which refused, and which are left out for it."""
    unreachable = _unreachable(reads)
    return {
        "unreachable": unreachable,
        "refused": _without(reads, known, unreachable),
        "skipped": list(unreachable) if len(unreachable) <= most_unreachable else [],
    }


def _names(changes: Mapping[str, Any]) -> dict[str, list[str]]:
    return {app: sorted(of_app) for app, of_app in changes.items()}


def _unreachable(reads: Mapping[str, Read]) -> dict[str, str]:
    return {host: _describe(read["problem"]) for host, read in reads.items() if _kind(read) == UNREACHABLE}


def _unverified(asked: Iterable[str], hosts: Hosts) -> list[str]:
    """Return the servers that an earlier run has changed without getting to verify them."""
    return [host for host in asked if os.path.exists(unverified_path(hosts[host]["backup_path"]))]


def _kind(read: Read) -> str:
    return str((read.get("problem") or {}).get("kind", ""))


def _describe(problem: Mapping[str, Any]) -> str:
    return f"{problem['tried']}: {problem['actual']}"


def _bucket(
    bucket: Mapping[str, Any],
    planned: Mapping[str, Any],
    reads: Mapping[str, Read],
    gone: Collection[str],
) -> dict[str, Any]:
    """Return the part of the plan for a bucket. planned: what the plan of the storage says of it."""
    folders = folders_in_use(bucket, planned, reads)
    missing = missing_rights(bucket, folders, _kept_rights(planned))
    return {
        "region": bucket["region"],
        "changes": [*(planned.get("changes") or []), *([change_of(bucket, missing)] if missing else [])],
        "later": [*(planned.get("later") or []), *([later_of(bucket, missing)] if missing else [])],
        "left_to_user": list(_left_to_user(bucket)),
        "folders_in_use": folders,
        "keys": {"described": _described_keys(bucket, planned), **key_users(bucket, reads, gone)},
    }


def _described_keys(bucket: Mapping[str, Any], planned: Mapping[str, Any]) -> str:
    if bucket["key_given"]:
        return f"the inventory gives the access key of {bucket['bucket']}"
    return str(planned.get("keys") or "")


def _kept_rights(planned: Mapping[str, Any]) -> list[str]:
    user = (planned.get("results") or {}).get("iam_programmatic_user") or {}
    return user.get("kept_rights") or []


def _too_long(
    desired: Mapping[str, Any], storage: Storage, buckets: Mapping[str, Mapping[str, Any]]
) -> Iterator[dict[str, Any]]:
    for bucket in desired["buckets"]:
        folders = buckets[bucket["bucket"]]["folders_in_use"]
        kept = _kept_rights(storage.buckets.get(bucket["bucket"]) or {})
        text = too_long(bucket, folders, kept) if folders else ""
        if text:
            yield {"hosts": [], "text": text, "remedy": "Change fewer servers at once with --limit"}


def _left_to_user(bucket: Mapping[str, Any]) -> Iterator[str]:
    """Yield what the role does not set at the provider of a bucket."""
    if not bucket["has_access"]:
        yield f"who may read {bucket['bucket']}, since its provider has no bucket policies"
    if bucket["cors_elsewhere"]:
        yield f"the CORS rules of {bucket['bucket']}, set by {bucket['cors_elsewhere']}"


def _problems(
    reads: Mapping[str, Read], skipped: Collection[str], most_unreachable: int
) -> Iterator[dict[str, Any]]:
    number = sum(_kind(read) == UNREACHABLE for read in reads.values())
    leave_out = (
        f" {SKIP} allows {most_unreachable} of these. To run without them: -e {SKIP}={number}. To give "
        f"them up for good, name them in {GONE}"
    )
    for host, read in reads.items():
        problem = read.get("problem")
        if not problem or host in skipped:
            continue
        # In a plan that is so of all servers.
        remedy = "" if problem["remedy"] == NOTHING_WRITTEN else problem["remedy"].rstrip(". ")
        if _kind(read) == UNREACHABLE:
            remedy = f"{_sentence(remedy)}{leave_out}".strip()
        yield {"hosts": [host], "text": _describe(problem), "remedy": remedy}


def _sentence(text: str) -> str:
    return text if not text or text.endswith("?") else f"{text}."


def _warnings(
    reads: Mapping[str, Read], desired: Mapping[str, Any], storage: Storage
) -> Iterator[dict[str, Any]]:
    buckets = {bucket["bucket"]: bucket for bucket in desired["buckets"]}
    for host, read in reads.items():
        for text in read.get("warnings") or []:
            yield {"hosts": [host], "text": text}
        for app, each in (read.get("apps") or {}).items():
            bucket = buckets[desired["hosts"][host]["bucket"]]
            planned = storage.buckets.get(bucket["bucket"]) or {}
            if each.get("live_streams") and any(name in each["changes"] for name in _OF_UPLOADS):
                arrives = "s3BucketName" not in each["changes"] or may_upload(bucket, planned, each)
                yield {"hosts": [host], "text": _about_live(app, each, bucket["bucket"], arrives=arrives)}


def _about_live(app: str, read: Read, bucket: str, *, arrives: bool) -> str:
    """Return where live streams are uploaded to: the new bucket, and the previous folder.

    arrives: True if the key may upload there.
    """
    number, changes = read["live_streams"], read["changes"]
    are = "1 stream is live, its recording" if number == 1 else f"{number} streams are live, their recordings"
    text = f"application '{app}': {are} will"
    if "s3StreamsFolderPath" not in changes:
        return f"{text} be in bucket {bucket}"
    folder = changes["s3StreamsFolderPath"]["before"]
    if arrives:
        return f"{text} be in bucket {bucket} in the folder {folder} with which they began"
    return (
        f"{text} stay on the disk of the server unless the key may upload to {folder} in bucket {bucket}, "
        "since a stream keeps the folder with which it began"
    )


def _about_unverified(hosts: Sequence[str]) -> Iterator[dict[str, Any]]:
    if hosts:
        text = "an earlier run has changed this server and was interrupted before it was verified"
        yield {"hosts": list(hosts), "text": text}


def _about_skipped(skipped: Sequence[str], unreachable: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    for host in skipped:
        text = f"left out of this run ({SKIP}), {unreachable[host]}. Run site.yml again when it answers"
        yield {"hosts": [host], "text": text}


def _about_gone(hosts: Sequence[str]) -> Iterator[dict[str, Any]]:
    if hosts:
        text = (
            f"gone for good ({GONE}), so it is not read and not changed. Recordings on its disk are not "
            "uploaded, and no access key waits for it"
        )
        yield {"hosts": list(hosts), "text": text}
