# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""The live check behind the small object, and what the result says where it had to be left out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from .live import Live
from .probe import Probe
from .report import Link


@dataclass
class AfterProbe:
    """The probe of an application and then, if its upload holds, the live check.

    A server that cannot upload would keep the recording, and nobody would ever remove it.
    """

    probe: Probe
    live: Live
    is_tried: bool = False

    @property
    def app(self) -> str:
        return self.probe.app

    def links(self) -> Iterator[Link]:
        yield from self.probe.links()
        if self.probe.uploads:
            self.is_tried = True
            yield from self.live.links()


def not_tried(result: dict[str, Any], chains: Sequence[AfterProbe]) -> dict[str, Any]:
    """The result of a check, which also says where the live check had to be left out."""
    apps = ", ".join(chain.app for chain in chains if not chain.is_tried)
    if apps:
        why = "since the links of the upload do not all hold: fix those above first"
        result["msg"] += f"\n{apps}: live was not tried, {why}"
    return result
