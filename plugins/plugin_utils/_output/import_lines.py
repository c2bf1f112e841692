# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines of the result of an import: what was copied in all, and each server that has something to say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ...module_utils._common.amounts import count, data_size
from .._display.lines import limited, listed

_IMPORTED = "__s3_recording_imported"
_MOST = 50
_INDENT = "  "


def import_lines(hosts: Iterable[str], hostvars: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return the lines about hosts, each with what the role has registered of its import."""
    results = {host: hostvars[host].get(_IMPORTED) or {} for host in hosts}
    apps = [app for result in results.values() for app in result.get("apps") or ()]
    lines = [_total(apps)]
    for host, result in results.items():
        lines += _of_host(host, result)
    skipped = sum(app["skipped"] for app in apps)
    lines += [f"{_INDENT}{count(skipped, 'recording')} not looked at, too young or expired"] * bool(skipped)
    for words, is_so in (("nothing to import", _has_nothing_to_do), ("! not tried", _was_not_tried)):
        found = [host for host, result in results.items() if is_so(result)]
        lines += [f"{_INDENT}{words}: {listed(found)}"] if found else []
    return lines


def _total(apps: Iterable[Mapping[str, Any]]) -> str:
    sums = dict.fromkeys(("copied", "copied_bytes", "to_copy", "to_copy_bytes"), 0)
    for app in apps:
        for name in sums:
            sums[name] += app[name]
    number, done = ("to_copy", "would be copied") if sums["to_copy"] else ("copied", "copied and verified")
    return f"RESULT  {count(sums[number], 'recording')} ({data_size(sums[f'{number}_bytes'])}) {done}"


def _was_not_tried(result: Mapping[str, Any]) -> bool:
    return not result or bool(result.get("skipped") or result.get("unreachable"))


def _has_nothing_to_do(result: Mapping[str, Any]) -> bool:
    return not _was_not_tried(result) and not _has_to_be_said(result)


def _has_to_be_said(result: Mapping[str, Any]) -> bool:
    apps = result.get("apps") or ()
    odd = any(app["differing_count"] or app["gone_count"] or app["links"] for app in apps)
    return bool(result.get("failed") or result.get("changed") or odd)


def _of_host(host: str, result: Mapping[str, Any]) -> Iterator[str]:
    if not _has_to_be_said(result):
        return
    mark = "! " if result.get("failed") else ""
    first, *others = limited(str(result.get("msg", "")).splitlines() or [""], _MOST, "line", "")
    yield f"{_INDENT}{mark}{host}: {first}"
    for line in others:
        yield f"{_INDENT * 3}{line}"
