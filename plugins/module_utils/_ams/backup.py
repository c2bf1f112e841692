# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""The previous values of changed settings, in layers.

Plain data in, plain data out. A layer is what one run changed on one server:
{"run": NAME, "playbook": NAME, "apps": {APP: {SETTING: {"before": value, "after": value}}}}. Layers are in
the order in which they were made. The name of a run is a time, by a clock that may have been wrong. A layer
from an earlier release has no playbook.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .settings import Change, is_stored

Layer = dict[str, Any]
Settings = Mapping[str, Mapping[str, Any]]
Apps = dict[str, dict[str, dict[str, Any]]]
# The access key is of use for its bucket alone.
BUCKET, ACCESS_KEY = "s3BucketName", ("s3AccessKey", "s3SecretKey")
_TIME = re.compile(r"[0-9]{8}T[0-9]{6}Z")


def is_time(text: str) -> bool:
    """True if a text is a time in the form of the names of runs."""
    return bool(_TIME.fullmatch(text))


def layer_of(run: str, changes: Mapping[str, Change], playbook: str = "") -> Layer:
    """Return the layer of changes about to be written."""
    apps = {
        app: {name: {"before": change.before[name], "after": change.after[name]} for name in change.names}
        for app, change in changes.items()
        if change
    }
    return {"run": run, **({"playbook": playbook} if playbook else {}), "apps": apps}


def add_layer(layers: Sequence[Layer], new: Layer) -> list[Layer]:
    """Return the layers with one more on top; a second one of the same run is merged into the first."""
    kept = [layer for layer in layers if layer["run"] != new["run"]]
    same = [layer for layer in layers if layer["run"] == new["run"]]
    if not same:
        return [*kept, new]
    return [*kept, {**same[0], **new, "apps": squash([*same, new])}]


def first_index(runs: Sequence[str], since: str) -> int:
    """Return the index of the first run to roll back, in a list of runs in their order.

    since: the name of a run, or else a time. A run before one that is earlier than that time is earlier as
    well, whatever clock named it.
    """
    if since in runs:
        return runs.index(since)
    return max((at for at, run in enumerate(runs) if run < since), default=-1) + 1


def sort_runs(backups: Iterable[Sequence[Layer]]) -> list[str]:
    """Return the runs of several servers in the order in which they were made, else by name."""
    behind: dict[str, set[str]] = {}
    for layers in backups:
        runs = list(dict.fromkeys(layer["run"] for layer in layers))
        for at, run in enumerate(runs):
            behind.setdefault(run, set()).update(runs[max(at - 1, 0) : at])
    order: list[str] = []
    while behind:
        # Where two runs have crossed none is free, and the names decide.
        free = [run for run, earlier in behind.items() if not earlier & behind.keys()]
        first = min(free or behind)
        del behind[first]
        order.append(first)
    return order


def squash(layers: Sequence[Layer]) -> Apps:
    """Return several layers as one: before the first, after the last.

    If somebody else has set a value between two of them, the rollback stops there.
    """
    apps: Apps = {}
    for layer in layers:
        for app, settings in layer["apps"].items():
            known = apps.setdefault(app, {})
            apps[app] = {**known, **_on_top(known, settings)}
    return apps


def _on_top(known: Settings, settings: Settings) -> dict[str, dict[str, Any]]:
    follows = {
        name
        for name, values in settings.items()
        if name not in known or is_stored(name, known[name]["after"], values["before"])
    }
    if BUCKET not in settings or (BUCKET in known and BUCKET in follows):
        # A key belongs to its bucket, whoever has rotated it in between.
        follows.update(ACCESS_KEY)
    return {
        name: {
            "before": known[name]["before"] if name in known and name in follows else values["before"],
            "after": values["after"],
        }
        for name, values in settings.items()
    }


def keep_settings(layer: Layer, kept: Mapping[str, Iterable[str]]) -> Layer:
    """Return a layer with these settings alone."""
    apps = {
        app: {name: values for name, values in settings.items() if name in kept.get(app, ())}
        for app, settings in layer["apps"].items()
    }
    return {**layer, "apps": {app: settings for app, settings in apps.items() if settings}}
