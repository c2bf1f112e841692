# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter for the report of a decommissioning."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._output.decommission_report import report


def recording_decommission(
    fleet: Mapping[str, Any], hostvars: Mapping[str, Mapping[str, Any]], check_mode: bool = False
) -> dict[str, Any]:
    """See recording_decommission.yml."""
    # A host's variables are put together again for each look at them.
    known = {host: hostvars[host] for host in fleet["hosts"]}
    reads, applied = (
        {host: variables.get(f"__s3_recording_{step}") or {} for host, variables in known.items()}
        for step in ("read", "applied")
    )
    return report(fleet, reads, applied, check_mode)


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"recording_decommission": recording_decommission}
