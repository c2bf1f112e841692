# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Names of hosts as the hosts of a play. With a space or a colon in it, a name matched no host or several."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._plan.host_patterns import patterns_of

NAMES = [
    *("ams1", "ams-1.example.com", "Ant Media 1", "Ant Media 11", "Ant-Media-1", "eu: one", "a&b", "x!y"),
    *("2001:db8::1", "b\u00fchne 1", "\u820e 1", "star*", "a(b)", "a+b", "back\\slash", "dollar$"),
]


@pytest.fixture
def inventory(tmp_path: Path) -> InventoryManager:
    (tmp_path / "hosts.json").write_text(json.dumps({"all": {"hosts": {key: {} for key in NAMES}}}))
    return InventoryManager(DataLoader(), [str(tmp_path / "hosts.json")])


@pytest.mark.parametrize("name", NAMES)
def test_a_name_matches_its_host_alone(inventory: InventoryManager, name: str) -> None:
    assert [host.name for host in inventory.get_hosts(patterns_of([name]))] == [name]


def test_all_of_them_in_their_order(inventory: InventoryManager) -> None:
    assert [host.name for host in inventory.get_hosts(patterns_of(NAMES))] == NAMES
