# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find recordings that stay where servers no longer record to, and links that a run would break by that."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Optional

from ...module_utils._ams.preview import settings_after
from ...module_utils._ams.recording_rules import location
from ...module_utils._common.providers import service_of

ALLOW = "s3_recording_break_links"
Hosts = Mapping[str, Mapping[str, Any]]
Reads = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class _Place:
    """Where an application records to. service: see service_of."""

    folder: str
    region: str
    service: str
    endpoint: str

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> _Place:
        endpoint = str(settings.get("s3Endpoint") or "")
        region = str(settings.get("s3RegionName") or "")
        return cls(location(settings), region, service_of(endpoint), endpoint)

    def options(self) -> list[str]:
        """Return the option for the endpoint, without a login that may stand in it."""
        scheme, separator, rest = self.endpoint.rpartition("://")
        url = f"{scheme if separator else 'https'}://{rest.rpartition('@')[2]}"
        return ["--endpoint-url", url] if self.service else []


@dataclass(frozen=True)
class _Move:
    app: str
    source: _Place
    target: _Place

    @property
    def has_other_provider(self) -> bool:
        return self.source.service != self.target.service

    @property
    def has_other_region(self) -> bool:
        return not (self.source.service or self.target.service) and self.source.region != self.target.region

    def describe(self, place: _Place) -> str:
        """Return a place, with what else is another one there."""
        if self.has_other_provider:
            return f"{place.folder} at {place.service or 'AWS'}"
        return f"{place.folder} in {place.region}" if self.has_other_region else place.folder

    def how_to_copy(self) -> str:
        """Return the commands that copy the recordings."""
        source, target = f"{self.source.folder}/", f"{self.target.folder}/"
        copy = ["aws", "s3", "cp", "--recursive"]
        if self.has_other_provider:
            # One command has the credentials of one provider.
            local = f"recordings/{self.app}/"
            first = shlex.join([*copy, source, local, *self.source.options()])
            second = shlex.join([*copy, local, target, *self.target.options()])
            return f"{first} with the credentials of the one provider, then {second} with those of the other"
        regions = ["--source-region", self.source.region, "--region", self.target.region]
        more = regions if self.has_other_region else self.source.options()
        return shlex.join([*copy, source, target, *more])


def broken_links(reads: Reads, hosts: Hosts) -> Iterator[dict[str, Any]]:
    """Yield a problem for each move that breaks links, of all its servers together.

    hosts: what the inventory desires. reads: what each server has.
    """
    for move, of_move in _moves(reads, "broken_links").items():
        numbers = {host: number for host, number in of_move.items() if not hosts[host]["break_links"]}
        if not numbers:
            continue
        # What a server answers is a stranger's data.
        yield {
            "hosts": list(numbers),
            "text": f"links of {_recordings(numbers, hosts)} of application '{move.app}' lead to "
            f"{move.describe(move.source)}, and would lead to {move.describe(move.target)}, where these "
            "recordings are not",
            "remedy": f"Copy them: {move.how_to_copy()}. Then allow the change with -e {ALLOW}=true. Do so "
            f"at once if nobody needs these links{_or_same(move)}",
        }


def left_behind(reads: Reads, hosts: Hosts) -> Iterator[dict[str, Any]]:
    """Yield a warning for each move to another bucket that leaves recordings behind, and may do so."""
    for move, numbers in _moves(reads, "left_behind").items():
        staying = {
            host: number
            for host, number in numbers.items()
            # Anything else is refused.
            if reads[host]["apps"][move.app]["broken_links"] == 0 or hosts[host]["break_links"]
        }
        if staying:
            yield {
                "hosts": list(staying),
                "text": f"the list of application '{move.app}' has {_recordings(staying, hosts)}. Those in "
                f"{move.describe(move.source)} stay there, and later ones will be in "
                f"{move.describe(move.target)}. This run copies none. To have them in one place, copy them: "
                f"{move.how_to_copy()}",
            }


def _or_same(move: _Move) -> str:
    # The names of two addresses do not say that.
    is_same = move.has_other_provider and move.source.folder == move.target.folder
    return ", or if both addresses lead to the same store" if is_same else ""


def _moves(reads: Reads, part: str) -> dict[_Move, dict[str, Optional[int]]]:
    """Return the number of recordings of each move and host. part: the part of a read that counts."""
    found: dict[_Move, dict[str, Optional[int]]] = {}
    for host, read in reads.items():
        for app, each in (read.get("apps") or {}).items():
            if each[part] != 0:
                after = settings_after(each["uses"], each["changes"])
                move = _Move(app, _Place.of(each["uses"]), _Place.of(after))
                found.setdefault(move, {})[host] = each[part]
    return found


def _recordings(numbers: Mapping[str, Optional[int]], hosts: Hosts) -> str:
    """Return how many recordings it is. The nodes of a cluster have one list."""
    if None in numbers.values():
        return "an unknown number of recordings"
    lists = {hosts[host].get("cluster") or host: number or 0 for host, number in numbers.items()}
    number = sum(lists.values())
    return "1 recording" if number == 1 else f"{number} recordings"
