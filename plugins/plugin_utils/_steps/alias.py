# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Explain a server that was not reached by its inventory name, though ansible_host has its address."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

# Of module_utils/_common/network.py: no answer came from this address.
_NO_ANSWER = re.compile(r"to DNS|was refused|no connection|no route|TLS handshake|refuses connections")


def explain_alias(result: dict[str, Any], task_vars: Mapping[str, Any]) -> dict[str, Any]:
    """Return a step's result; if the server was not reached the message names s3_recording_ams_url."""
    fleet = task_vars.get("__s3_recording_fleet")
    hosts = fleet["hosts"] if isinstance(fleet, Mapping) else {}
    message = str(result.get("msg", ""))
    hint = alias_hint(hosts.get(task_vars.get("inventory_hostname")) or {})
    if not (result.get("failed") and hint and _NO_ANSWER.search(message)):
        return result
    return {**result, "msg": f"{message} {hint}"}


def alias_hint(host: Mapping[str, Any]) -> str:
    """Return what to set if this host of the plan was not reached; empty if its address is its own."""
    if not host.get("alias_of"):
        return ""
    return (
        f"{host['ams_url']} comes from the inventory name, but ansible_host is {host['alias_of']}: set "
        "s3_recording_ams_url to the address of the server's console."
    )
