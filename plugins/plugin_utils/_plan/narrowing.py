# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decide which upload rights no server needs any more, from what was read back on all of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Optional

from ...module_utils._aws.policy import as_list
from ...module_utils._common.plain_text import abbreviate

_FOLDERS = ("s3StreamsFolderPath", "s3PreviewsFolderPath")
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
    bucket: Mapping[str, Any], rights: Sequence[str], reads: Mapping[str, Read], gone: Collection[str]
) -> Narrowing:
    """Return which rights can be removed. What is not known removes nothing.

    bucket: of the plan. rights: those that are kept. reads: what was read back, of all servers that could be
    read. gone: hosts that are gone for good.
    """
    name = bucket["bucket"]
    unknown = list(_unknown([host for host in bucket["hosts"] if host not in gone], reads, name))
    if unknown:
        return Narrowing([], rights, unknown)
    uses = list(_uses(reads, name))
    needed = {use.folder for use in uses}
    kept = [each for each in rights if _folder(each) in needed]
    folders = {_folder(each) for each in kept}
    reasons = list(_reasons([use for use in uses if use.folder in folders]))
    return Narrowing([each for each in rights if each not in kept], kept, reasons)


def narrowed_policy(policy: Mapping[str, Any], kept: Sequence[str]) -> dict[str, Any]:
    """Return the policy of a key with rights for these objects as well."""
    statements = [dict(each) for each in policy["Statement"]]
    (write,) = [each for each in statements if each["Sid"] == "WriteRecordings"]
    wanted = as_list(write["Resource"])
    arn = str(wanted[0]).partition(":::")[0]
    write["Resource"] = [*wanted, *(f"{arn}:::{each}" for each in kept if f"{arn}:::{each}" not in wanted)]
    return {**policy, "Statement": statements}


def _unknown(hosts: Sequence[str], reads: Mapping[str, Read], bucket: str) -> Iterator[str]:
    for host in hosts:
        read = reads.get(host)
        if not read or read.get("problem"):
            yield f"{host} was not read after the change"
        elif read.get("uploads") is None:
            yield f"the console user of {host} may not list its applications"
    for host, read in reads.items():
        for app, each in (read.get("uploads") or {}).items():
            if each["earlier_streams"] != 0 and (host in hosts or each.get("s3BucketName") == bucket):
                yield _about_streams(host, app, each["earlier_streams"])


def _about_streams(host: str, app: str, streams: Optional[int]) -> str:
    if streams is None:
        return f"{host} has too many broadcasts in application '{app}' to find those of before the change"
    verb = "stream that is" if streams == 1 else "streams that are"
    return f"{host} has {streams} {verb} live in application '{app}' since before the change"


@dataclass(frozen=True)
class _Use:
    """A folder to which an application of a server records."""

    host: str
    app: str
    folder: str


def _uses(reads: Mapping[str, Read], bucket: str) -> Iterator[_Use]:
    for host, read in reads.items():
        for app, each in (read.get("uploads") or {}).items():
            if each.get("s3BucketName") == bucket:
                for name in _FOLDERS:
                    if each.get(name):
                        yield _Use(host, app, str(each[name]).strip("/"))


def _reasons(uses: Sequence[_Use]) -> Iterator[str]:
    for app in dict.fromkeys(use.app for use in uses):
        hosts = list(dict.fromkeys(use.host for use in uses if use.app == app))
        folders = sorted({use.folder for use in uses if use.app == app})
        yield f"application '{app}' of {abbreviate(hosts, 3)} records to {abbreviate(folders, 4)}"


def _folder(right: str) -> str:
    """Return the folder of BUCKET/FOLDER/*."""
    return right.partition("/")[2].partition("/*")[0]
