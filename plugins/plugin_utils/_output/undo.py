# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The message about how to undo the changes of a batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...module_utils._ams.backup import ACCESS_KEY, Layer
from ...module_utils._common.plain_text import abbreviate
from .._rollback.runs import is_rotation, only_key

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


def _new_keys(layer: Layer) -> str:
    keys: Sequence[Any] = [settings.get(ACCESS_KEY[0], {}) for settings in layer["apps"].values()]
    return ", ".join(sorted({str(key.get("after") or "as before, with another secret") for key in keys}))
