# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a task is given of another host. That Ansible's precedence holds is seen in tests/component/_read."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.play import Play
from ansible.vars.hostvars import HostVars
from ansible.vars.manager import VariableManager
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._read.variables import (
    UnknownHost,
    variables_on,
)

PLAN: dict[str, Any] = {"hosts": {}}


@pytest.fixture
def of_run() -> tuple[Any, dict[str, Any]]:
    """Return a task and its variables on its own host."""
    loader = DataLoader()
    inventory = InventoryManager(loader, sources="ams-1,ams-2,")
    inventory.get_host("ams-2").set_variable("of_host", "two")
    manager = VariableManager(loader, inventory)
    tasks = [{"debug": {"msg": ""}, "vars": {"of_task": "{{ inventory_hostname }}"}}]
    data = {"hosts": "all", "gather_facts": False, "vars": {"of_play": "{{ of_host }}"}, "tasks": tasks}
    play = Play.load(data, variable_manager=manager, loader=loader)
    found = [each for block in play.compile() for each in block.block if each.action.endswith("debug")]
    task = found[0]
    hostvars = HostVars(inventory, manager, loader)
    own = manager.get_vars(play=play, host=inventory.get_host("ams-1"), task=task)
    extra = {"hostvars": hostvars, "__s3_recording_fleet": PLAN, "ansible_search_path": ["/plays"]}
    return task, {**own, **extra, "registered": "of the first"}


def test_the_own_host_has_the_variables_of_the_task(of_run: tuple[Any, dict[str, Any]]) -> None:
    task, own = of_run
    assert variables_on("ams-1", task, own) is own


def test_another_host_has_its_own_those_of_the_play_and_the_plan(of_run: tuple[Any, dict[str, Any]]) -> None:
    task, own = of_run
    found = variables_on("ams-2", task, own)
    assert found["inventory_hostname"] == "ams-2"
    assert found["of_host"] == "two"
    # Not evaluated.
    assert found["of_play"] == "{{ of_host }}"
    assert found["of_task"] == "{{ inventory_hostname }}"
    assert found["__s3_recording_fleet"] is PLAN
    assert found["hostvars"] is own["hostvars"]
    assert found["ansible_search_path"] == ["/plays"]
    assert "registered" not in found


def test_a_host_that_the_inventory_does_not_have_is_named(of_run: tuple[Any, dict[str, Any]]) -> None:
    task, own = of_run
    with pytest.raises(UnknownHost, match="The inventory has no host ams-9"):
        variables_on("ams-9", task, own)
