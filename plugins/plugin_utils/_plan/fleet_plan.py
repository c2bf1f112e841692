# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan a run: what is desired against what was read, for the storage and for each server.

Nothing here asks or changes anything.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Optional

from ...module_utils._ams.backup_file import unverified_path
from .limits import GONE, SKIP

Read = Mapping[str, Any]
UNREACHABLE = "unreachable"
# An upload that begins after these have changed goes elsewhere.
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
) -> dict[str, Any]:
    """Return the changes, the refusals and the warnings of a run.

    desired: the plan of the inventory. reads: what each server has, None where no server is read. gone: hosts
    that are gone for good. most_unreachable: how many others may be out of reach.
    """
    hosts = [host for host in desired["hosts"] if host not in gone] if reads is not None else []
    of = {host: (reads or {}).get(host) or _NOT_READ for host in hosts}
    unreachable = {
        host: _describe(read["problem"]) for host, read in of.items() if _kind(read) == UNREACHABLE
    }
    skipped = list(unreachable) if len(unreachable) <= most_unreachable else []
    known = {host: read for host, read in of.items() if not read.get("problem")}
    changing = {host: changed_settings(read) for host, read in known.items()}
    to_do = [host for host in known if changing[host] or _is_unverified(desired["hosts"][host])]
    return {
        "buckets": _buckets(desired, storage),
        "servers": {
            "changing": {host: changing[host] for host in to_do},
            "changes": {host: _changes(known[host]) for host in to_do},
            "unchanged": [host for host in known if host not in to_do],
            "unreachable": unreachable,
            "skipped": skipped,
            "present": [host for host in desired["hosts"] if host not in {*skipped, *gone}],
            "gone": sorted(set(gone) & set(desired["hosts"])),
        },
        "problems": [
            *({"hosts": [], "text": text, "remedy": ""} for text in storage.problems),
            *_problems(of, skipped, most_unreachable),
        ],
        "warnings": [
            *_warnings(known, desired["hosts"]),
            *_about_skipped(skipped, unreachable),
            *_about_gone(sorted(set(gone) & set(desired["hosts"]))),
        ],
    }


def changed_settings(read: Read) -> dict[str, list[str]]:
    """Return the settings that would change, by application."""
    return {app: sorted(each["changes"]) for app, each in (read.get("apps") or {}).items() if each["changes"]}


def _changes(read: Read) -> dict[str, Any]:
    return {app: each["changes"] for app, each in (read.get("apps") or {}).items() if each["changes"]}


def _is_unverified(host: Mapping[str, Any]) -> bool:
    """True if an earlier run has changed the server and did not get to verify it."""
    return os.path.exists(unverified_path(host["backup_path"]))


def _kind(read: Read) -> str:
    return str((read.get("problem") or {}).get("kind", ""))


def _describe(problem: Mapping[str, Any]) -> str:
    return f"{problem['tried']}: {problem['actual']}"


def _buckets(desired: Mapping[str, Any], storage: Storage) -> dict[str, Any]:
    return {
        bucket["bucket"]: {
            "region": bucket["region"],
            "changes": (storage.buckets.get(bucket["bucket"]) or {}).get("changes") or [],
        }
        for bucket in desired["buckets"]
    }


def _problems(
    reads: Mapping[str, Read], skipped: Collection[str], most_unreachable: int
) -> Iterator[dict[str, Any]]:
    allowed = f" {SKIP} allows {most_unreachable}." if most_unreachable else ""
    leave_out = f"{allowed} To run without them, raise {SKIP}; to give them up for good, name them in {GONE}"
    for host, read in reads.items():
        problem = read.get("problem")
        if not problem or host in skipped:
            continue
        remedy = problem["remedy"].rstrip(". ")
        if _kind(read) == UNREACHABLE:
            remedy = f"{remedy}.{leave_out}" if remedy else leave_out.strip()
        yield {"hosts": [host], "text": _describe(problem), "remedy": remedy}


def _warnings(reads: Mapping[str, Read], hosts: Mapping[str, Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    for host, read in reads.items():
        for text in read.get("warnings") or []:
            yield {"hosts": [host], "text": text}
        for app, each in (read.get("apps") or {}).items():
            if each.get("live_streams") and any(name in each["changes"] for name in _OF_UPLOADS):
                yield {"hosts": [host], "text": _about_live(app, each["live_streams"], hosts[host]["bucket"])}


def _about_live(app: str, streams: int, bucket: str) -> str:
    noun, its = (
        ("stream is", "its recording goes") if streams == 1 else ("streams are", "their recordings go")
    )
    return f"application '{app}': {streams} {noun} live, {its} to bucket {bucket}"


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
