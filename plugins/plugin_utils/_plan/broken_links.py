# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find links of existing recordings that a run would break."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from typing import Any, Optional

from ...module_utils._ams.preview import settings_after
from ...module_utils._ams.recording_rules import location

ALLOW = "s3_recording_break_links"
Hosts = Mapping[str, Mapping[str, Any]]


def broken_links(reads: Mapping[str, Mapping[str, Any]], hosts: Hosts) -> Iterator[dict[str, Any]]:
    """Yield a problem for each move that breaks links, of all its servers together.

    hosts: what the inventory desires. reads: what each server has.
    """
    found: dict[tuple[str, str, str], dict[str, Optional[int]]] = {}
    for host, read in reads.items():
        for app, each in (read.get("apps") or {}).items():
            if each["broken_links"] != 0 and not hosts[host]["break_links"]:
                after = settings_after(each["uses"], each["changes"])
                move = app, location(each["uses"]), location(after)
                found.setdefault(move, {})[host] = each["broken_links"]
    for (app, source, target), numbers in found.items():
        # What a server answers is a stranger's data.
        command = shlex.join(["aws", "s3", "cp", "--recursive", f"{source}/", f"{target}/"])
        yield {
            "hosts": list(numbers),
            "text": f"links of {_count(numbers, hosts)} recordings of application '{app}' lead to {source}, "
            f"and would lead to {target}, where these recordings are not",
            "remedy": f"Copy them: {command}. Then allow the change with -e {ALLOW}=true. Do so at once if "
            "nobody needs these links",
        }


def _count(numbers: Mapping[str, Optional[int]], hosts: Hosts) -> str:
    """Return how many recordings it is. The nodes of a cluster have one list."""
    if None in numbers.values():
        return "an unknown number of"
    lists = {hosts[host].get("cluster") or host: number or 0 for host, number in numbers.items()}
    return str(sum(lists.values()))
