# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages about how to undo a batch, and about what a rollback did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...module_utils._ams.backup import ACCESS_KEY, Layer
from ...module_utils._common.plain_text import abbreviate
from .runs import is_rotation, only_key

_COMMAND = "ansible-playbook antmedia.s3_recording.rollback -e s3_recording_rollback_run="


def how_to_undo(run: str, layers: Mapping[str, Layer], folder: str, verified: bool, old_key: str) -> str:
    """Return how to undo the changes of a batch.

    layers: what the run changed, by host. old_key: what a rotation does with the old key.
    """
    rekeyed = {host: layer for host, layer in layers.items() if only_key(layer)}
    parts = ["Verified." if verified else "Not verified, since s3_recording_verify is false."]
    by_key: dict[str, list[str]] = {}
    for host, layer in rekeyed.items():
        by_key.setdefault(_new_keys(layer), []).append(host)
    parts += [
        f"In use from now on: access key {key} on {abbreviate(hosts)}." for key, hosts in by_key.items()
    ]
    of_rotation = [is_rotation(layer.get("playbook", "")) for layer in rekeyed.values()]
    if any(of_rotation):
        parts.append(f"A key rotation is not rolled back{': ' + old_key if old_key else ''}.")
    if not all(of_rotation):
        parts.append(
            "A replaced access key is not written back. To use a key of your own, set "
            "s3_recording_access_key_id and its secret."
        )
    if len(layers) > len(rekeyed):
        parts.append(f"The previous settings are kept in {folder}; to go back: {_COMMAND}{run}")
    elif not rekeyed:
        parts.append("The changes are an earlier run's. rollback.yml lists the runs that can be rolled back.")
    return " ".join(parts)


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


def _new_keys(layer: Layer) -> str:
    keys: Sequence[Any] = [settings.get(ACCESS_KEY[0], {}) for settings in layer["apps"].values()]
    return ", ".join(sorted({str(key.get("after") or "as before, with another secret") for key in keys}))
