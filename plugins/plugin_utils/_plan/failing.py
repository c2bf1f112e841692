# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decide which hosts fail where a plan ends the run: those that have a problem, and no other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

# Fails where the problem is that of no server.
_CONTROLLER = "localhost"


def failing_hosts(
    plan: Mapping[str, Any],
    desired: Mapping[str, Any],
    hosts: Sequence[str],
    *,
    fails_on_changes: bool = False,
    is_limited: bool = False,
) -> list[str]:
    """Return the hosts that fail, none if the run goes on.

    hosts: those on which Ansible still runs tasks. is_limited: True if --limit may leave out the controller,
    for which the first host stands then.
    """
    of_variables = desired.get("problem_hosts") or {}
    causes = [problem["hosts"] or of_variables.get(problem["text"], []) for problem in plan["problems"]]
    if fails_on_changes and not causes:
        causes = [[host] for host in plan["servers"]["changing"]]
        causes += [[] for bucket in plan["buckets"].values() if bucket["changes"]]
    return blame(causes, hosts, is_limited=is_limited) if causes else []


def blame(causes: Sequence[Sequence[str]], hosts: Sequence[str], *, is_limited: bool) -> list[str]:
    """Return who fails. causes: the hosts of each problem, none where it is that of no server."""
    to_blame = {host for cause in causes for host in cause}
    found = [host for host in hosts if host in to_blame]
    is_reached = _CONTROLLER in hosts or not is_limited
    # A server on which Ansible runs no task any more fails without that.
    if is_reached and (not found or not all(causes)):
        found = list(dict.fromkeys([*found, _CONTROLLER]))
    return found or list(hosts[:1])
