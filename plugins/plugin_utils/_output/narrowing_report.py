# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What became of the rights and the openings that a run kept while the servers changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...module_utils._common.plain_text import abbreviate
from .._display.lines import limited
from .._plan.closing import Closing
from .._plan.narrowing import Narrowing

_INDENT = " " * 15
_MOST_REASONS = 5
_ACCESS = "s3_bucket_access"
_PARTS = {_ACCESS: "who may read it", "s3_recording_bucket": "its lifecycle rules"}
_NEXT_DELETES = (
    "a later run of site.yml deletes it when that is no longer so; it has to read all servers, which it "
    "cannot do of those reached by ssh"
)
_WHEN_CLOSED = "run site.yml again when they have changed, or storage.yml to close it now"


def format_narrowing(bucket: Mapping[str, Any], found: Narrowing, done: Mapping[str, Any]) -> list[str]:
    """Return lines about the rights of a bucket's user. done: the result of the task that removes them."""
    name, user = bucket["bucket"], bucket["iam_user"]
    kept, reasons = list(found.kept), list(found.reasons)
    removed = found.removed if (done.get("changes") or {}).get(name) else []
    if found.removed and not removed:
        kept += found.removed
        reasons.append(_why_not(name, done))
    lines = []
    if removed:
        lines.append(f"  Removed      the right of {user} to upload to {abbreviate(_folders(removed), 5)}")
    if kept:
        lines.append(
            f"  Kept         the right of {user} to upload to {abbreviate(_folders(kept), 5)}, because"
        )
        lines += _reasons(reasons)
    return lines


def format_closed_again(buckets: Sequence[str], done: Mapping[str, Any]) -> list[str]:
    """Return lines about what the run had opened for nothing. done: the result of the task that closes it."""
    closed = done.get("changes") or {}
    return [
        f"  Closed       {bucket}: who may read it is as before the run, since the rollout was stopped and "
        "no server uses more"
        if closed.get(bucket) or not done.get("failed")
        else f"  Still open   {bucket}, which this run has opened and no server uses: {_failure(done)}"
        for bucket in buckets
    ]


def format_closing(
    found: Mapping[str, Closing], later: Mapping[str, Sequence[str]], done: Mapping[str, Any]
) -> list[str]:
    """Return lines about what is not closed. The task itself has displayed what it has closed."""
    lines = []
    for bucket, closing in found.items():
        changes = (done.get("changes") or {}).get(bucket) or []
        if not closing.closes:
            lines.append(f"  Not closed   {bucket} ({_parts(later[bucket])}), because")
            lines += [*_reasons(closing.reasons), f"{_INDENT}{_WHEN_CLOSED}"]
        elif done.get("failed") and not changes:
            lines.append(f"  Not closed   {bucket} ({_parts(later[bucket])}): {_failure(done)}")
        elif _leaves_open(bucket, done):
            lines.append(f"  Kept         uploads with an ACL to {bucket}, because")
            lines += _reasons(closing.reasons)
    return lines


def format_previous_keys(places: Mapping[str, str], done: Mapping[str, Any]) -> list[str]:
    """Return lines about access keys that stay in a previous key store.

    places: by bucket. done: the result of the task that deletes them, empty if the rollout was stopped.
    """
    deleted = done.get("changes") or {}
    why = (
        f"deleting it failed: {done.get('msg', 'without a message')}"
        if done
        else "the rollout was stopped. The next run that ends well deletes it"
    )
    return [
        f"  Kept         the access key in {place}, because {why}"
        for bucket, place in places.items()
        if not deleted.get(bucket)
    ]


def format_kms_keys(buckets: Sequence[str], done: Mapping[str, Any]) -> list[str]:
    """Return lines about rights to encrypt with previous KMS keys that stay. done: the result of the task."""
    changes = done.get("changes") or {}
    return [
        "  Kept         the right to encrypt with the previous KMS key of "
        f"{name}, because {_why_not(name, done)}"
        for name in buckets
        if not changes.get(name)
    ]


def format_previous_user(user: str, reasons: Sequence[str], result: Mapping[str, Any]) -> list[str]:
    """Return lines about the IAM user that a bucket had before and that is not deleted.

    reasons: why it was not tried. result: that of the attempt, with `failed` if it has failed.
    """
    why = [*reasons]
    if result.get("failed"):
        why.append(f"deleting it failed: {result.get('msg', 'without a message')}")
    elif result.get("stays"):
        why.append(str(result["stays"]))
    # What becomes of the key when it fails is in the message.
    key = "" if result.get("failed") else " and its access key"
    kept = f"  Kept         IAM user {user}{key}, because"
    again = f"{_INDENT}{_NEXT_DELETES}"
    return [kept, *_reasons(why), again]


def _leaves_open(bucket: str, done: Mapping[str, Any]) -> bool:
    results = (done.get("buckets") or {}).get(bucket) or {}
    return bool((results.get(_ACCESS) or {}).get("leaves_open"))


def _reasons(reasons: Sequence[str]) -> list[str]:
    return limited([f"{_INDENT}{reason}" for reason in reasons], _MOST_REASONS, "reason", _INDENT)


def _parts(modules: Sequence[str]) -> str:
    return " and ".join(_PARTS[module] for module in modules)


def _failure(done: Mapping[str, Any]) -> str:
    return f"closing it failed: {done.get('msg', 'without a message')}"


def _why_not(bucket: str, done: Mapping[str, Any]) -> str:
    uploads = (done.get("uploads") or {}).get(bucket)
    if uploads:
        return f"uploads are in progress ({abbreviate(uploads, 3)})"
    return f"removing it failed: {done.get('msg', 'without a message')}"


def _folders(rights: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(right.partition("*")[0] for right in rights))
