# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Refuse plays with which the role does not work, and find the hosts of a play."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from ansible.plugins.loader import filter_loader, lookup_loader

# Using one filter loads them all. Load them before the first fork, not in each worker.
filter_loader.get("antmedia.s3_recording.recording_results")

_EACH_HOST_ALONE = ("free", "host_pinned")
_EVERYTHING = "all"


def strategy_problem(strategy: str) -> str:
    """Return why a rollout does not work with a strategy, empty where it does."""
    if strategy.rpartition(".")[2].removeprefix("mitogen_") not in _EACH_HOST_ALONE:
        return ""
    return (
        f"This play has the strategy {strategy}, with which the servers of a batch are not changed, verified "
        "and restored together. Nothing was changed. Set strategy: linear in the play; if it has none,"
        " ANSIBLE_STRATEGY or strategy in ansible.cfg counts."
    )


def tags_problem(only: Collection[str], skipped: Collection[str], parts: Sequence[str]) -> str:
    """Return why the tags of a run make no sense, empty where they do.

    parts: the tags that the playbook has.
    """
    unknown = sorted({*only, *skipped} - {*parts, _EVERYTHING})
    has = f"This playbook has the tags {', '.join(parts)}" if parts else "This playbook has no tags"
    if unknown:
        return f"There is no tag {', '.join(unknown)} here. {has}. Nothing was done."
    chosen = set(parts or [_EVERYTHING]) if _EVERYTHING in only else set(only)
    if _EVERYTHING in skipped or not chosen - set(skipped):
        return f"The tags of this run select nothing. {has}. Nothing was done."
    return ""


def become_problem(actions: Sequence[str]) -> str:
    """Return why the actions cannot run where an extra variable makes them become another user."""
    return (
        f"ansible_become is true as an extra variable, so {', '.join(actions)} would run as another user on "
        "the controller, which is not needed and may fail in the middle. Nothing was changed. Leave it out "
        "of -e; in the inventory it does no harm."
    )


def hosts_of(patterns: Sequence[str], task_vars: Mapping[str, Any], loader: Any, templar: Any) -> list[str]:
    """Return the hosts of the inventory that a play's patterns name, whatever --limit leaves of them."""
    lookup = lookup_loader.get("ansible.builtin.inventory_hostnames", loader=loader, templar=templar)
    return [str(host) for host in lookup.run(list(patterns), variables=task_vars)]
