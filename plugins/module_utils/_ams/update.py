# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Bring the settings of applications to what is desired: read, plan, back up, write, read back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import repeat
from typing import Any, Optional

from .._common.errors import AmsError
from .._common.plain_text import one_line
from .._common.polling import Deadline, poll
from .._common.progress import Wait
from . import app_warnings, session
from .app_token import jwt_secret_of
from .broadcasts import Broadcasts
from .client import AmsClient, Connection
from .rollback_plan import plan_rollback
from .session import SettingsSession, open_session
from .settings import Change, merged, plan, secrets_of
from .update_plan import (
    ApplyOptions,
    DesiredSettings,
    Plan,
    refuse_odd_names,
    result_of,
    unmet_conditions,
    warnings_of,
)

# Seconds from one question for live streams to the next.
_IDLE_PAUSE = 5


def apply_settings(
    connection: Connection, desired: Sequence[DesiredSettings], options: ApplyOptions
) -> dict[str, Any]:
    """Bring applications of one server to the desired settings; return the task's result."""
    refuse_odd_names(desired)
    with open_session(connection, options.start_timeout) as server:
        client = server.client
        if options.written_by:
            plans = _wait_for_cluster(server, desired, options)
        else:
            plans = plan_all(server, desired)
        warnings = warnings_before(client, plans, 0 if options.written_by else options.cluster_hosts)
        if not options.check_mode:
            if not options.backup_only:
                _wait_until_idle(client, plans, options.idle_timeout)
            plans = _write(server, plans, options)
        warnings += [text for planned in plans for text in warnings_of(client.url, planned)]
    result = result_of(client.url, plans, options.check_mode)
    if options.backup:
        result["unverified"] = options.backup.is_unverified
    return {**result, **({"warnings": warnings} if warnings else {})}


def plan_all(server: SettingsSession, desired: Sequence[DesiredSettings]) -> list[Plan]:
    """Read every application before any is written, so that one wrong value changes nothing at all."""
    for each in desired:
        server.client.secrets.extend(secrets_of(each.settings))
        server.mask(each.undo)
    return [_plan(server, each, server.read(each.app)) for each in desired]


def _plan(server: SettingsSession, desired: DesiredSettings, current: Mapping[str, Any]) -> Plan:
    app, again = desired.app, partial(_plan, server, desired)
    unmet = server.plan(app, lambda: unmet_conditions(current, desired.only_if))
    if unmet:
        return Plan(app, current, Change(), again, unmet=unmet)
    rollback = server.plan(app, lambda: plan_rollback(current, desired.undo))
    undone = {name: desired.undo[name]["before"] for name in desired.undo if name not in rollback.left_alone}
    wanted = {**undone, **desired.settings}
    change = server.plan(app, lambda: plan(current, wanted, desired.reset, server.release))
    return Plan(app, current, change, again, rollback.left_alone)


def _wait_for_cluster(
    server: SettingsSession, desired: Sequence[DesiredSettings], options: ApplyOptions
) -> list[Plan]:
    """Wait until the server has what another node of its cluster wrote; write nothing."""
    deadline = Deadline(options.cluster_timeout)
    while True:
        plans = plan_all(server, desired)
        differ = {planned.app: planned.change.names for planned in plans if planned.change}
        if not differ or options.check_mode:
            return [replace(planned, change=Change(), left_alone={}, unmet="") for planned in plans]
        if not deadline.pause(session.PAUSE):
            names_of = "; ".join(f"{app}: {', '.join(names)}" for app, names in differ.items())
            raise AmsError(
                f"Waiting at {server.client.url} for what {options.written_by} wrote in their cluster",
                f"after {options.cluster_timeout:g} s these settings are not as written: {names_of}",
                "Are both nodes of one cluster, and does it reach its database?",
            )


def _wait_until_idle(client: AmsClient, plans: Sequence[Plan], seconds: float) -> None:
    """Wait until no application that changes has a live stream, so many seconds at most."""
    busy = [planned for planned in plans if planned.change]
    if seconds <= 0 or not busy:
        return
    wait = Wait(f"the live streams of {client.url} to end")

    def is_idle() -> Optional[bool]:
        # An application that does not answer may have streams.
        with suppress(AmsError):
            counts = (Broadcasts(client, each.app, jwt_secret_of(each.current)).live_count() for each in busy)
            return True if not any(counts) else None
        return None

    poll(is_idle, Deadline(seconds), repeat(_IDLE_PAUSE), wait)


def warnings_before(client: AmsClient, plans: Sequence[Plan], cluster_hosts: int) -> list[str]:
    """Return what to know before the plans are carried out. cluster_hosts: see ApplyOptions."""
    warnings = [text for planned in plans for text in _warnings_of_change(client, planned)]
    return warnings + (_cluster_warnings(client, cluster_hosts) if cluster_hosts else [])


def _warnings_of_change(client: AmsClient, planned: Plan) -> list[str]:
    if planned.unmet:
        return []
    after = merged(planned.current, planned.change) if planned.change else planned.current
    return app_warnings.of_change(client, planned.app, planned.current, after)


def _cluster_warnings(client: AmsClient, known: int) -> list[str]:
    nodes = client.nodes()
    if nodes is None or len(nodes) == known:
        return []
    if not nodes:
        return [f"{client.url} is configured as a cluster node, but reports that it is in none"]
    names = ", ".join(one_line(str(node.get("ip") or node.get("id"))) for node in nodes)
    text = (
        f"The cluster of {client.url} has {len(nodes)} nodes ({names}), and {known} are known: "
        "viewers of the others are not among the CORS origins, and nothing is verified there"
    )
    return [text]


def _write(server: SettingsSession, plans: Sequence[Plan], options: ApplyOptions) -> list[Plan]:
    run, playbook = options.backup_run or "", options.backup_playbook or ""

    def back_up(*plans: Plan) -> None:
        changes = {planned.app: planned.change for planned in plans}
        if options.backup and not options.is_backed_up:
            options.backup.add(run, changes, playbook)
        elif options.backup and not options.backup.contains(run, changes):
            raise AmsError(
                f"Writing the settings of application '{plans[0].app}' at {server.client.url}",
                "somebody else has changed them since they were backed up",
                "Nothing of this application was written. Run again",
                stale=True,
            )

    if not options.backup_only:
        return server.write(plans, back_up)
    back_up(*plans)
    return list(plans)
