# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Print lines as they are from the worker of a task; debug would print one line of JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible import constants
from ansible.utils.display import Display

from .lines import is_for_machines, screen_lines


def display_lines(lines: Sequence[str]) -> list[str]:
    """Print lines, on stderr where stdout is a machine's; return them as they were printed."""
    printed = screen_lines(lines)
    if printed:
        # One call: the worker sends it to the main process, and other hosts' output stays out of it.
        Display().display("\n".join(printed), stderr=_is_read_by_machines())
    return printed


def failure(displayed: Sequence[str], problem: str) -> dict[str, Any]:
    """Return the result of a task that has displayed lines and fails.

    Ansible displays the message of a failure, so the lines are in it only where a program reads stdout.
    """
    return {"failed": True, "msg": "\n".join([*displayed, problem]) if _is_read_by_machines() else problem}


def run_stats(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return statistics of the run as a part of a task's result, without those that have no value.

    A task of set_stats for them would be one more that the user reads.
    """
    given = {name: value for name, value in data.items() if value}
    return {"ansible_stats": {"data": given, "per_host": False, "aggregate": True}} if given else {}


def _is_read_by_machines() -> bool:
    return is_for_machines(str(constants.DEFAULT_STDOUT_CALLBACK))
