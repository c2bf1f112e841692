# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Report what decommissioning turns off, what stays, and which recordings would be lost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Optional

from ...module_utils._ams.recording_rules import STREAMS_PATH
from ...module_utils._aws.s3_bucket_access_model import PUBLIC_READ
from ...module_utils._common.deliveries import DELIVERIES
from ...module_utils._common.plain_text import abbreviate
from .._intent.decommission import App, Results, apps_of, may_be_live, may_need, still_needing

_CLOSE = (
    "aws s3api put-public-access-block --bucket {bucket} --public-access-block-configuration "
    "BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true"
)
# For a provider without Block Public Access.
_REMOVE_STATEMENT = f"remove the statement {PUBLIC_READ} from its bucket policy"
_CLOSE_ACLS = "make the objects' ACLs private"


def report(
    fleet: Mapping[str, Any], reads: Results, applied: Results, check_mode: bool = False
) -> dict[str, Any]:
    """Return what the role displays. reads, applied: the results of reading and of the change, if any."""
    apps = apps_of(fleet["hosts"], reads, applied)
    off = [host for host, done in applied.items() if "apps" in done and not done.get("failed")]
    # A server that is gone for good is not read, and needs nothing.
    unlisted = [
        host for host, read in reads.items() if read.get("applications") is None and not read.get("skipped")
    ]
    buckets = {}
    for bucket in fleet["buckets"]:
        here = [host for host in bucket["hosts"] if host in off]
        buckets[bucket["bucket"]] = {
            "needed_by": _needed_by(apps, bucket["bucket"], may_need(bucket, here, unlisted)),
            "result": _result(bucket, apps, here, check_mode),
            "stays": _what_stays(bucket, apps),
            "switched_off": any(applied[host].get("changed") for host in here),
        }
    return {"lost": _lost(apps), "left_on_disk": _left_on_disk(apps), "buckets": buckets}


def _lost(apps: Sequence[App]) -> list[str]:
    """Return where a recording would be lost if S3 was turned off now."""
    return [
        f"{app.where}: {_streams(app.live)}, recorded as HLS alone, which the server would delete without "
        "an upload"
        for app in may_be_live(apps)
        if not app.keeps_a_file
    ]


def _left_on_disk(apps: Sequence[App]) -> list[str]:
    """Return where live streams leave their recording on the server's disk."""
    return [f"{app.where}: {_streams(app.live)}" for app in may_be_live(apps) if app.keeps_a_file]


def _needed_by(apps: Sequence[App], bucket: str, unlisted: Sequence[str]) -> list[str]:
    """Return what keeps recording to a bucket, or may do so, after this run."""
    return [
        *(app.where for app in still_needing(apps, bucket)),
        *(f"the applications of {host} could not be listed" for host in unlisted),
    ]


def _result(
    bucket: Mapping[str, Any], apps: Sequence[App], off: Sequence[str], check_mode: bool
) -> list[str]:
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


def _what_stays(bucket: Mapping[str, Any], apps: Sequence[App]) -> list[str]:
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


def _streams(live: Optional[int]) -> str:
    if live is None:
        return "it is not known whether streams are live"
    return f"{live} live stream{'' if live == 1 else 's'}"


def _where(apps: Sequence[App]) -> list[str]:
    return [app.where for app in apps]
