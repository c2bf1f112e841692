# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find links of existing recordings that a run would break."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...module_utils._ams.recording_rules import location

ALLOW = "s3_recording_break_links"


def broken_links(
    reads: Mapping[str, Mapping[str, Any]], hosts: Mapping[str, Mapping[str, Any]]
) -> Iterator[dict[str, Any]]:
    """Yield a problem for each move that breaks links, of all its servers together.

    hosts: what the inventory desires. reads: what each server has.
    """
    found: dict[tuple[str, str, str], dict[str, int]] = {}
    for host, read in reads.items():
        for app, each in (read.get("apps") or {}).items():
            if each.get("broken_links") and not hosts[host]["break_links"]:
                after = {name: values["after"] for name, values in each["changes"].items()}
                move = app, location(each["uses"]), location({**each["uses"], **after})
                found.setdefault(move, {})[host] = each["broken_links"]
    for (app, source, target), numbers in found.items():
        yield {
            "hosts": list(numbers),
            "text": f"links of {sum(numbers.values())} recordings of application '{app}' lead to {source}, "
            f"and would lead to {target}, where these recordings are not",
            "remedy": f"Copy them: aws s3 cp --recursive {source}/ {target}/. Then allow the change with -e "
            f"{ALLOW}=true. Do so at once if nobody needs these links",
        }
