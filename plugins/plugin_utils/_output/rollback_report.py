# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The message about what a rollback did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...module_utils._common.plain_text import abbreviate


def restored(results: Mapping[str, Mapping[str, Any]], since: str, check_mode: bool) -> tuple[str, bool]:
    """Return what a rollback did, and True if it could restore nothing that there was to restore.

    results: of each host, empty where there was nothing. since: the first run that was rolled back.
    """
    failed = _with("failed", results)
    ended = {host: result for host, result in results.items() if host not in failed}
    back = _with("restored", ended)
    others, key = _with("left_alone", ended), _with("key_stays", ended)
    nothing = [host for host in ended if host not in {*back, *others, *key}]
    lines = [_first_line(back, since, check_mode)] if back or not failed else []
    if nothing:
        lines.append(f"Nothing to restore, since no run from {since} on changed them: {abbreviate(nothing)}.")
    lines += _left_alone(others, ended)
    if key:
        lines.append(f"The access key stays, since a replaced one is not written back: {abbreviate(key)}.")
    lines += [
        f"{host}: maybe not restored, its backup is kept: {results[host].get('msg', '')}" for host in failed
    ]
    return "\n".join(lines), bool(others or key) and not back


def _left_alone(hosts: Sequence[str], results: Mapping[str, Mapping[str, Any]]) -> list[str]:
    lines = []
    for host in hosts:
        found = results[host]["left_alone"].items()
        names = ", ".join(f"{app}: {name}" for app, names in found for name in sorted(names))
        lines.append(f"{host}: not restored, somebody else changed it; kept in the backup: {names}.")
    return lines


def _first_line(back: Sequence[str], since: str, check_mode: bool) -> str:
    if not back:
        return f"Nothing {'would be' if check_mode else 'was'} restored."
    if check_mode:
        return f"{abbreviate(back)} would have the settings from before {since} again."
    return f"{abbreviate(back)}: the settings from before {since} were read back."


def _with(part: str, results: Mapping[str, Mapping[str, Any]]) -> list[str]:
    return [host for host, result in results.items() if result.get(part)]
