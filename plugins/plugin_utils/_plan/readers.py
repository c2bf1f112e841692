# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decide which host of a play reads which servers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

_LOCAL = ("local", "ansible.builtin.local")


def is_local(variables: Mapping[str, Any], connection: str) -> bool:
    """True if the controller reaches a host's server itself. connection: of the play."""
    return str(variables.get("ansible_connection", connection)) in _LOCAL


def readers_of(
    hosts: Iterable[str],
    variables: Mapping[str, Mapping[str, Any]],
    connection: str,
    gone: Collection[str] = (),
) -> dict[str, list[str]]:
    """Return the hosts that have the task of reading, each with the servers that it reads.

    The controller reads all servers that it reaches itself in one task, which the first of their hosts has. A
    host that is reached by ssh reads its own. There is a reader even where there is nothing to read: what
    the plan does once needs a host too.

    connection: of the play, where the inventory gives a host none. gone: hosts that are not read.
    """
    hosts = list(hosts)
    read = [host for host in hosts if host not in gone]
    own = [host for host in read if not is_local(variables[host], connection)]
    together = [host for host in read if host not in own]
    found = {together[0]: together} if together else {}
    found.update({host: [host] for host in own})
    return found or {host: [] for host in hosts[:1]}
