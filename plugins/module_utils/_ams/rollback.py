# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Restore the settings that a server had before a run, from its backup."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Optional

from .backup import squash
from .backup_file import BackupFile
from .client import Connection
from .rollback_plan import plan_rollback
from .session import SettingsSession, open_session
from .update_plan import ApplyOptions, Plan, result_of, warnings_of


def roll_back(
    connection: Connection, backup: BackupFile, since: Optional[str], unverified: bool, options: ApplyOptions
) -> dict[str, Any]:
    """Restore the previous settings of a server; return the task's result.

    since: the first run to roll back. unverified: whether to roll back unverified changes as well.
    """
    layers = backup.layers(since, unverified)
    if not layers:
        return {
            **result_of(backup.url, [], options.check_mode),
            **_restored([], {}),
            "msg": "there is nothing to restore",
            "runs": backup.runs(),
        }
    apps = squash(layers)
    with open_session(connection, options.start_timeout) as server:
        for settings in apps.values():
            server.mask(settings)
        plans = [
            _plan(server, app, settings, options.access_key, server.read(app))
            for app, settings in apps.items()
        ]
        if not options.check_mode:
            plans = server.write(plans)
    # Everything else was read back, or had its previous value already.
    kept = {planned.app: planned.kept for planned in plans}
    if options.forget and not options.check_mode:
        backup.forget(layers, kept)
    url = server.client.url
    result = {**result_of(url, plans, options.check_mode), **_restored(plans, apps)}
    result["runs"] = list(dict.fromkeys(layer["run"] for layer in layers))
    warnings = [text for planned in plans for text in warnings_of(url, planned)]
    return {**result, **({"warnings": warnings} if warnings else {})}


def _plan(
    server: SettingsSession,
    app: str,
    settings: Mapping[str, Mapping[str, Any]],
    access_key: bool,
    current: Mapping[str, Any],
) -> Plan:
    back = server.plan(app, partial(plan_rollback, current, settings, access_key))
    again = partial(_plan, server, app, settings, access_key)
    return Plan(app, current, back.change, again, back.left_alone, back.key_stays, sorted(back.kept))


def _restored(plans: Sequence[Plan], apps: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return by application which settings are restored and which are not."""
    restored = {planned.app: sorted(set(apps[planned.app]) - set(planned.kept)) for planned in plans}
    return {
        "restored": {app: names for app, names in restored.items() if names},
        "left_alone": {planned.app: dict(planned.left_alone) for planned in plans if planned.left_alone},
        "key_stays": {planned.app: list(planned.key_stays) for planned in plans if planned.key_stays},
    }
