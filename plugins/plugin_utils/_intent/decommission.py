# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decide what decommissioning would lose, and which applications still need the bucket.

A server reads its settings for S3 when an upload begins (measured on AMS 2.17.1). So what is live when
recording to S3 is turned off is not uploaded. Its MP4 is finished and stays on the server's disk, from where
it plays, since forwarding is off as well. Its HLS files are deleted by the server some time after its end, as
deleteHLSFilesOnEnded says; where there is no MP4 beside them the recording is lost. So streams that are live
stop a run only there: elsewhere nothing is lost, and a server that always has some could never be
decommissioned.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Optional

from ...module_utils._ams.recording_rules import HLS, uploads

# Settings that have to be read before recording is turned off.
READ_FIRST = (
    "s3RecordingEnabled",
    "s3BucketName",
    "mp4MuxingEnabled",
    "webMMuxingEnabled",
    "hlsMuxingEnabled",
    "deleteHLSFilesOnEnded",
    "uploadExtensionsToS3",
    "httpForwardingExtension",
    "httpForwardingBaseURL",
)

Results = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class App:
    """One application of one server as it was read before the change, and what was then done to it.

    listed: whether the inventory names it. live: its live streams, None where that is not known.
    plays_at, forwards_to: addresses of a recording at the server, and below which the bucket serves it.
    changes: those of the settings, each with before and after.
    """

    host: str
    name: str
    bucket: str
    settings: Mapping[str, Any]
    listed: bool = True
    live: Optional[int] = 0
    cluster: str = ""
    plays_at: str = ""
    forwards_to: str = ""
    changes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def where(self) -> str:
        return f"{self.host} ({self.name})"

    @property
    def records(self) -> bool:
        return self.records_to(self.bucket)

    def records_to(self, bucket: str) -> bool:
        return bool(self.settings.get("s3RecordingEnabled")) and self.settings.get("s3BucketName") == bucket

    @property
    def keeps_a_file(self) -> bool:
        """True if a live stream leaves a recording on the disk when it is not uploaded."""
        has = self.settings
        if has.get("mp4MuxingEnabled") or has.get("webMMuxingEnabled") or not has.get("hlsMuxingEnabled"):
            return True
        return not (uploads(has, HLS) and has.get("deleteHLSFilesOnEnded"))


def apps_of(hosts: Results, reads: Results, applied: Results) -> list[App]:
    """Return every application that was read. hosts: the plan's entry of each host."""
    return [
        _app(host, entry, name, settings, reads[host], applied.get(host) or {})
        for host, entry in hosts.items()
        for name, settings in ((reads.get(host) or {}).get("settings") or {}).items()
    ]


def _app(
    host: str,
    entry: Mapping[str, Any],
    name: str,
    settings: Mapping[str, Any],
    read: Mapping[str, Any],
    applied: Mapping[str, Any],
) -> App:
    listed = {app["name"]: app["settings"] for app in entry["apps"]}
    base_url = "httpForwardingBaseURL"
    return App(
        host,
        name,
        entry["bucket"],
        settings,
        listed=name in listed,
        live=(read.get("live_streams") or {}).get(name),
        cluster=entry["cluster"],
        plays_at=entry["plays_at"].get(name, ""),
        forwards_to=str(settings.get(base_url) or listed.get(name, {}).get(base_url) or "").rstrip("/"),
        changes=((applied.get("apps") or {}).get(name) or {}).get("changes") or {},
    )


def may_be_live(apps: Sequence[App]) -> list[App]:
    """Return the applications that record and may have live streams; unknown streams count as live."""
    return [app for app in _of_whole_clusters(apps) if app.listed and app.records and app.live != 0]


def _of_whole_clusters(apps: Sequence[App]) -> Iterator[App]:
    """Yield each application of a cluster once: every node counts the streams of all."""
    seen: set[tuple[str, str]] = set()
    for app in apps:
        if app.cluster and (app.cluster, app.name) in seen:
            continue
        seen.add((app.cluster, app.name))
        yield app


def still_needing(apps: Sequence[App], bucket: str) -> list[App]:
    """Return which applications keep recording to a bucket after this run.

    That is every application of any host whose settings have the bucket, unless the inventory names it for
    that bucket.
    """
    return [app for app in apps if app.records_to(bucket) and not (app.listed and app.bucket == bucket)]


def may_need(bucket: Mapping[str, Any], off: Sequence[str], unlisted: Sequence[str]) -> list[str]:
    """Return the hosts of which an application that is not known may need a bucket.

    off: the hosts that were seen without recording to it. unlisted: those of which not all applications are
    known.
    """
    # Of its own hosts those that were not seen keep the key anyway.
    return [host for host in unlisted if host in off or host not in bucket["hosts"]]
