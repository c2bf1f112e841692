# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Report what decommissioning turns off, what stays, and which recordings would be lost.

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

from ...module_utils._ams.recording_rules import HLS, STREAMS_PATH, uploads
from ...module_utils._aws.s3_bucket_access_plan import PUBLIC_READ
from ...module_utils._common.deliveries import DELIVERIES
from ...module_utils._common.plain_text import abbreviate

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
_CLOSE = (
    "aws s3api put-public-access-block --bucket {bucket} --public-access-block-configuration "
    "BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true"
)
# For a provider without Block Public Access.
_REMOVE_STATEMENT = f"remove the statement {PUBLIC_READ} from its bucket policy"
_CLOSE_ACLS = "make the objects' ACLs private"

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


def report(
    fleet: Mapping[str, Any], reads: Results, applied: Results, check_mode: bool = False
) -> dict[str, Any]:
    """Return what the role displays. reads, applied: the results of reading and of the change, if any."""
    apps = apps_of(fleet["hosts"], reads, applied)
    off = [host for host, done in applied.items() if "apps" in done and not done.get("failed")]
    unlisted = [host for host, read in reads.items() if read.get("applications") is None]
    buckets = {}
    for bucket in fleet["buckets"]:
        here = [host for host in bucket["hosts"] if host in off]
        buckets[bucket["bucket"]] = {
            "needed_by": still_needed(apps, bucket["bucket"], _may_need(bucket, here, unlisted)),
            "result": result(bucket, apps, here, check_mode),
            "stays": what_stays(bucket, apps),
            "switched_off": any(applied[host].get("changed") for host in here),
        }
    return {"lost": lost(apps), "left_on_disk": left_on_disk(apps), "buckets": buckets}


def _may_need(bucket: Mapping[str, Any], off: Sequence[str], unlisted: Sequence[str]) -> list[str]:
    # Of its own hosts those that were not seen keep the key anyway.
    return [host for host in unlisted if host in off or host not in bucket["hosts"]]


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


def lost(apps: Sequence[App]) -> list[str]:
    """Return where a recording would be lost if S3 was turned off now; unknown streams count as live."""
    return [
        f"{app.where}: {_streams(app.live)}, recorded as HLS alone, which the server would delete without "
        "an upload"
        for app in _of_whole_clusters(apps)
        if app.listed and app.records and app.live != 0 and not app.keeps_a_file
    ]


def left_on_disk(apps: Sequence[App]) -> list[str]:
    """Return where live streams leave their recording on the server's disk."""
    return [
        f"{app.where}: {_streams(app.live)}"
        for app in _of_whole_clusters(apps)
        if app.listed and app.records and app.live != 0 and app.keeps_a_file
    ]


def still_needed(apps: Sequence[App], bucket: str, unlisted: Sequence[str] = ()) -> list[str]:
    """Return which applications keep recording to a bucket, or may do so, after this run.

    That is every application of any host whose settings have the bucket, unless the inventory names it for
    that bucket. unlisted: the hosts of which not all applications are known.
    """
    return [
        *(app.where for app in apps if app.records_to(bucket) and not (app.listed and app.bucket == bucket)),
        *(f"the applications of {host} could not be listed" for host in unlisted),
    ]


def result(bucket: Mapping[str, Any], apps: Sequence[App], off: Sequence[str], check_mode: bool) -> list[str]:
    """Return what is off now, what that does to links, and what stays, one line each.

    bucket: its entry in the plan. off: the hosts that were seen without recording to it.
    """
    name = bucket["bucket"]
    listed = [app for app in _listed(apps, name) if app.host in off]
    mine = [app for app in listed if app.settings.get("s3BucketName") in ("", None, name)]
    elsewhere = [app for app in listed if app.settings.get("s3BucketName") not in ("", None, name)]
    are, do, is_ = ("would be", "would", "would be") if check_mode else ("are", "do", "is")
    lines = []
    if off:
        servers = "server" if len(off) == 1 else "servers"
        lines.append(
            f"Recording to {name} and forwarding {are} off on {len(off)} {servers}: {abbreviate(off)}."
        )
    if elsewhere:
        lines.append(f"Left alone, since they record elsewhere: {abbreviate(_where(elsewhere))}.")
    return [*lines, *_links(mine, do), *_mp4(mine, is_)]


def what_stays(bucket: Mapping[str, Any], apps: Sequence[App]) -> list[str]:
    """Return where the recordings of a bucket stay, and who can read them there."""
    name, delivery = bucket["bucket"], DELIVERIES[bucket["delivery"]]
    example = _example(_listed(apps, name))
    at = f" at {_direct(example)}" if example else ""
    lines = [f"The bucket {name} and its recordings stay, nothing was changed there."]
    if delivery.is_public:
        elsewhere = _CLOSE_ACLS if delivery.uses_acls else _REMOVE_STATEMENT
        how = _CLOSE.format(bucket=name) if bucket["has_ownership"] else elsewhere
        lines.append(
            f"With s3_recording_delivery={bucket['delivery']} everybody can still read them{at}. "
            f"To close that: {how}"
        )
    elif delivery.needs_distribution:
        lines.append(f"Its CloudFront distribution stays too and serves them{at}.")
    else:
        folder = bucket["folders"][-1] if bucket["folders"] else ""
        lines.append(f"They can only be read with credentials: aws s3 cp s3://{name}/{folder}/NAME.mp4 .")
    if bucket["key_given"]:
        lines.append("The access key from the inventory stays.")
    return lines


def _listed(apps: Sequence[App], bucket: str) -> list[App]:
    return [app for app in apps if app.listed and app.bucket == bucket]


def _links(apps: Sequence[App], do: str) -> Iterator[str]:
    example = _example(apps)
    if example:
        yield (
            f"Links such as {example.plays_at} {do} not lead to the bucket any more. The server answers 404, "
            "unless it has the file itself."
        )


def _example(apps: Sequence[App]) -> Optional[App]:
    """Return an application that forwarded viewers to a known address."""
    return next(
        (app for app in apps if app.plays_at and app.forwards_to and "(" not in app.forwards_to), None
    )


def _direct(app: App) -> str:
    return f"{app.forwards_to}/{STREAMS_PATH}/NAME.mp4"


def _mp4(apps: Sequence[App], is_: str) -> Iterator[str]:
    setting = "mp4MuxingEnabled"
    for state in (False, True):
        restored = [app for app in apps if app.changes.get(setting, {}).get("after") is state]
        if restored:
            on = "on" if state else "off"
            yield f"MP4 recording {is_} {on} again, as before the first run: {abbreviate(_where(restored))}."
    stays = [app for app in apps if setting not in app.changes and app.settings.get(setting)]
    if stays:
        yield (
            f"MP4 recording stays on and writes to the server's disk, since no backup says it was off: "
            f"{abbreviate(_where(stays))}. To stop it, set {setting} to false."
        )


def _of_whole_clusters(apps: Sequence[App]) -> Iterator[App]:
    """Yield each application of a cluster once: every node counts the streams of all."""
    seen: set[tuple[str, str]] = set()
    for app in apps:
        if app.cluster and (app.cluster, app.name) in seen:
            continue
        seen.add((app.cluster, app.name))
        yield app


def _streams(live: Optional[int]) -> str:
    if live is None:
        return "it is not known whether streams are live"
    return f"{live} live stream{'' if live == 1 else 's'}"


def _where(apps: Sequence[App]) -> list[str]:
    return [app.where for app in apps]
