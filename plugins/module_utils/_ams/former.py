# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""What settings were before a change, and the way back to it.

Plain data in, plain data out. A layer is what one run changed on one server:
{"run": NAME, "apps": {APP: {SETTING: {"before": value, "after": value}}}}. Names of runs sort by time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Optional

from .settings import Change, SettingsError, agrees, as_stored, plan, redact

Layer = dict[str, Any]
Apps = dict[str, dict[str, dict[str, Any]]]


@dataclass(frozen=True)
class WayBack:
    """What has to be written to go back, and what somebody else has changed since, which stays as it is."""

    change: Change = field(default_factory=Change)
    left_alone: dict[str, Any] = field(default_factory=dict)


def layer_of(run: str, changes: Mapping[str, Change]) -> Layer:
    """The layer of changes about to be written."""
    apps = {
        app: {name: {"before": change.before[name], "after": change.after[name]} for name in change.names}
        for app, change in changes.items()
        if change
    }
    return {"run": run, "apps": apps}


def with_layer(layers: Sequence[Layer], new: Layer) -> list[Layer]:
    """The layers with one more on top; a second one of the same run goes into the first."""
    kept = [layer for layer in layers if layer["run"] != new["run"]]
    same = [layer for layer in layers if layer["run"] == new["run"]]
    if not same:
        return [*kept, new]
    return [*kept, {"run": new["run"], "apps": folded([*same, new])}]


def chosen(layers: Iterable[Layer], since: Optional[str]) -> list[Layer]:
    """The layers of a run and of all after it; all without a run."""
    return sorted(
        (each for each in layers if since is None or each["run"] >= since), key=lambda each: each["run"]
    )


def folded(layers: Sequence[Layer]) -> Apps:
    """Several layers as one: before the first, after the last."""
    apps: Apps = {}
    for layer in layers:
        for app, settings in layer["apps"].items():
            known = apps.setdefault(app, {})
            for name, values in settings.items():
                first = known.get(name, values)
                known[name] = {"before": first["before"], "after": values["after"]}
    return apps


def way_back(current: Mapping[str, Any], settings: Mapping[str, Mapping[str, Any]]) -> WayBack:
    """Back to the values before, for those settings that still are as the change left them."""
    wanted: dict[str, Any] = {}
    left_alone: dict[str, Any] = {}
    for name, values in settings.items():
        if name not in current or not _is(current, name, values["before"], values["after"]):
            left_alone[name] = redact(name, current.get(name))
        else:
            wanted[name] = values["before"]
    return WayBack(plan(current, wanted), left_alone)


def _is(current: Mapping[str, Any], name: str, *expected: Any) -> bool:
    """Whether a setting has one of the values, as the server would store them."""
    now = current[name]
    for value in expected:
        try:
            if agrees(name, as_stored(name, value, now), as_stored(name, now, now)):
                return True
        except SettingsError:
            if value == now:
                return True
    return False
