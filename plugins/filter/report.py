# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters for what a run displays at its end."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any, Optional

from ansible import context as command
from ansible.errors import AnsibleFilterError
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._output.host_results import (
    RunDetails,
    run_result,
)
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._output.result_report import format_result

Variables = Mapping[str, Mapping[str, Any]]


def recording_result_lines(
    fleet: Mapping[str, Any], hostvars: Variables, details: Optional[Mapping[str, Any]] = None
) -> list[str]:
    """See recording_result_lines.yml."""
    given = {name: value for name, value in (details or {}).items() if value is not None}
    unknown = sorted(set(given) - {field.name for field in fields(RunDetails)})
    if unknown:
        raise AnsibleFilterError(f"recording_result_lines: there is no detail {', '.join(unknown)}")
    given.setdefault("options", command.CLIARGS)
    given["inventory"] = [_as_typed(str(source)) for source in given.get("inventory", ())]
    return format_result(run_result(fleet, hostvars, RunDetails(**given)))


def _as_typed(source: str) -> str:
    """Return a source of the inventory as you would give it: a path below the current folder is relative."""
    relative = os.path.relpath(source) if os.path.isabs(source) else source
    return source if relative.startswith(os.pardir) else relative


class FilterModule:
    """The filters for what a run displays."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {
            "recording_result_lines": recording_result_lines,
        }
