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
    host = hosts.get(task_vars.get("inventory_hostname")) or {}
    message = str(result.get("msg", ""))
    if not (result.get("failed") and host.get("alias_of") and _NO_ANSWER.search(message)):
        return result
    hint = (
        f"{host['ams_url']} comes from the inventory name, but ansible_host is {host['alias_of']}: set "
        "s3_recording_ams_url to the address of the server's console."
    )
    return {**result, "msg": f"{message} {hint}"}
