# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What decommissioning would lose, leaves and has done, for the role."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.decommission import (
    apps_of,
    left_on_disk,
    lost,
    result,
    still_needed,
    what_stays,
)


def recording_decommission(
    fleet: Mapping[str, Any], hostvars: Mapping[str, Mapping[str, Any]], check_mode: bool = False
) -> dict[str, Any]:
    """See recording_decommission.yml."""

    # A host's variables are put together anew for each look at them.
    known = {host: hostvars[host] for host in fleet["hosts"]}
    reads, applied = (
        {host: variables.get(f"__s3_recording_{step}") or {} for host, variables in known.items()}
        for step in ("read", "applied")
    )
    apps = apps_of(fleet["hosts"], reads, applied)
    off = [host for host, done in applied.items() if "apps" in done and not done.get("failed")]
    unlisted = [host for host, read in reads.items() if read.get("applications") is None]
    buckets = {}
    for bucket in fleet["buckets"]:
        name = bucket["bucket"]
        here = [host for host in bucket["hosts"] if host in off]
        # Of its own hosts those that were not seen keep the key anyway.
        unknown = [host for host in unlisted if host in here or host not in bucket["hosts"]]
        buckets[name] = {
            "needed_by": still_needed(apps, name, unknown),
            "result": result(bucket, apps, here, check_mode),
            "stays": what_stays(bucket, apps),
            "switched_off": any(applied[host].get("changed") for host in here),
        }
    return {"lost": lost(apps), "left_on_disk": left_on_disk(apps), "buckets": buckets}


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"recording_decommission": recording_decommission}
