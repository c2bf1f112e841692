# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decide which upload rights no server needs any more, from what was read back on all of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Optional

from ...module_utils._ams.preview import settings_after
from ...module_utils._ams.recording_rules import upload_folders
from ...module_utils._aws.other_folders import is_within
from ...module_utils._aws.policy_union import folder_of
from ...module_utils._common.plain_text import abbreviate

Read = Mapping[str, Any]


@dataclass(frozen=True)
class Narrowing:
    """What becomes of rights that are kept although the inventory does not ask for them.

    removed, kept: objects in folders, as BUCKET/FOLDER/*. reasons: why some of them are kept.
    """

    removed: Sequence[str]
    kept: Sequence[str]
    reasons: Sequence[str]


def narrow(
    bucket: str,
    rights: Sequence[str],
    hosts: Iterable[str],
    before: Mapping[str, Read],
    after: Mapping[str, Read],
) -> Narrowing:
    """Return which rights can be removed. What is not known removes nothing.

    rights: those that are kept in the bucket. hosts: all that may record to any bucket. before: what was read
    by the plan. after: what was read after the change.
    """
    unknown = [*_unknown(hosts, after), *_live(before, after, bucket)]
    if unknown:
        return Narrowing([], rights, unknown)
    uses = list(_uses(after, bucket))
    kept = [each for each in rights if any(is_within(use.folder, folder_of(each)) for use in uses)]
    needing = [use for use in uses if any(is_within(use.folder, folder_of(each)) for each in kept)]
    return Narrowing([each for each in rights if each not in kept], kept, list(_reasons(needing)))


def needs_of_keys(keys: Collection[str], hosts: Iterable[str], after: Mapping[str, Read]) -> Iterator[str]:
    """Yield which servers need access keys of another user, or may do so without anyone knowing it."""
    yield from _unknown(hosts, after)
    for host, app, each in _apps(after, "uploads"):
        if each.get("s3AccessKey") in keys:
            yield f"application '{app}' of {host} uploads with its access key {each['s3AccessKey']}"


def predict_after(
    before: Mapping[str, Read], now: Mapping[str, Read], moved: Collection[str]
) -> dict[str, Read]:
    """Return what would be read after the change. moved: the servers that would be as planned.

    now: what was read of all applications in a run that changes nothing.
    """
    return {
        host: {**read, "uploads": _uploads_after(read["uploads"], (before.get(host) or {}).get("apps") or {})}
        if host in moved and read.get("uploads") is not None
        else read
        for host, read in now.items()
    }


def _uploads_after(uploads: Mapping[str, Any], apps: Mapping[str, Any]) -> dict[str, Any]:
    after = {app: settings_after(each["uses"], each["changes"]) for app, each in apps.items()}
    # A stream that is live now is one that was live at the change.
    changed = {app: {**after[app], "earlier_streams": 0} for app, each in apps.items() if each["changes"]}
    return {
        app: each
        for app, each in {**uploads, **changed}.items()
        if app not in changed or each.get("s3RecordingEnabled")
    }


def _unknown(hosts: Iterable[str], reads: Mapping[str, Read]) -> Iterator[str]:
    """Yield which servers may record to the bucket without anyone knowing it."""
    unread, unlisted = [], []
    for host in hosts:
        read = reads.get(host)
        if not read or read.get("problem"):
            unread.append(host)
        elif read.get("uploads") is None:
            unlisted.append(host)
    if unread:
        yield f"{abbreviate(unread, 3)}: not read after the change"
    if unlisted:
        yield f"{abbreviate(unlisted, 3)}: the console user may not list the applications"


def _live(before: Mapping[str, Read], after: Mapping[str, Read], bucket: str) -> Iterator[str]:
    """Yield the streams whose files may still be uploaded to the previous folder."""
    for host, app, each in _apps(before, "apps"):
        if each["changes"] and each.get("live_streams") != 0 and bucket in _buckets(each):
            streams = _streams(each.get("live_streams"))
            yield f"{host}: {streams} live in application '{app}' when its settings changed"
    for host, app, each in _apps(after, "uploads"):
        streams = each["earlier_streams"]
        if streams is None:
            yield f"{host}: application '{app}' has too many broadcasts to find earlier streams"
        elif streams and each.get("s3BucketName") == bucket:
            yield f"{host}: {_streams(streams)} live in application '{app}' since before the change"


def _apps(reads: Mapping[str, Read], part: str) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for host, read in reads.items():
        for app, each in (read.get(part) or {}).items():
            yield host, app, each


def _buckets(app: Mapping[str, Any]) -> list[Any]:
    """Return the buckets of an application before and after the change."""
    used = (app.get("uses") or {}).get("s3BucketName")
    changed = app["changes"].get("s3BucketName") or {}
    return [used, changed.get("before"), changed.get("after")]


def _streams(number: Optional[int]) -> str:
    if number is None:
        return "an unknown number of streams was"
    return "1 stream was" if number == 1 else f"{number} streams were"


@dataclass(frozen=True)
class _Use:
    """A folder to which an application of a server records."""

    host: str
    app: str
    folder: str


def _uses(reads: Mapping[str, Read], bucket: str) -> Iterator[_Use]:
    for host, app, each in _apps(reads, "uploads"):
        if each.get("s3BucketName") == bucket:
            for folder in upload_folders(each):
                yield _Use(host, app, folder)


def _reasons(uses: Sequence[_Use]) -> Iterator[str]:
    for app in dict.fromkeys(use.app for use in uses):
        hosts = list(dict.fromkeys(use.host for use in uses if use.app == app))
        folders = sorted({use.folder for use in uses if use.app == app})
        yield f"application '{app}' of {abbreviate(hosts, 3)} records to {abbreviate(folders, 4)}"
