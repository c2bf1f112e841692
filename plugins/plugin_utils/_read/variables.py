# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the variables that a task would have on another host, though it runs on one alone.

hostvars has neither what the play sets nor the defaults of a role, and the task's own variables are those of
its host. Ansible's own function puts together what the same task would have on the other host, by its order
of precedence.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# Of the plan, which is the same for all hosts, and of the place where the task stands.
_OF_TASK = ("hostvars", "ansible_search_path", "__s3_recording_fleet", "__s3_recording_domains")


class UnknownHost(Exception):
    """Raised for a host that the inventory does not have."""


def variables_on(host: str, task: Any, task_vars: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the variables of a task on a host, not evaluated. task_vars: those on its own host."""
    if host == task_vars["inventory_hostname"]:
        return task_vars
    hostvars = task_vars["hostvars"]
    if host not in hostvars:
        raise UnknownHost(f"The inventory has no host {host}")
    # hostvars.raw_get asks the same manager, without play and task.
    manager = hostvars._variable_manager
    known = hostvars._inventory.get_host(host)
    found: dict[str, Any] = manager.get_vars(
        play=task.get_play(), host=known, task=task, include_hostvars=False
    )
    found.update({name: task_vars[name] for name in _OF_TASK if name in task_vars})
    return found
