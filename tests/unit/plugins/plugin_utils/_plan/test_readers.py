# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which host of a play reads which servers."""

from __future__ import annotations

from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._plan.readers import readers_of

SSH = {"ansible_connection": "ssh"}
LOCAL = {"ansible_connection": "ansible.builtin.local"}


def test_the_first_host_reads_all_that_the_controller_reaches() -> None:
    assert readers_of(["a", "b", "c"], {"a": {}, "b": LOCAL, "c": {}}, "local") == {"a": ["a", "b", "c"]}


def test_a_host_behind_ssh_reads_its_own() -> None:
    assert readers_of(["a", "b", "c"], {"a": SSH, "b": {}, "c": {}}, "local") == {"b": ["b", "c"], "a": ["a"]}


def test_the_connection_of_the_play_counts_where_the_inventory_has_none() -> None:
    assert readers_of(["a", "b"], {"a": {}, "b": LOCAL}, "ssh") == {"b": ["b"], "a": ["a"]}


def test_a_host_that_is_gone_is_not_read() -> None:
    assert readers_of(["a", "b"], {"a": {}, "b": {}}, "local", ["a"]) == {"b": ["b"]}


def test_there_is_a_reader_even_if_nothing_is_read() -> None:
    assert readers_of(["a"], {"a": {}}, "local", ["a"]) == {"a": []}
