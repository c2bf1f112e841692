# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Which runs of a fleet can be rolled back, and what each was.

Plain data in, plain data out: the layers of the backup of each host, as former.py describes them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from difflib import get_close_matches

from .former import ACCESS_KEY, Layer, first_of, in_order, is_time, replaces_key

_MOST_LISTED, _MOST_MEANT = 20, 3
_AS_TIME = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True)
class Run:
    """A run in the backups. settings: how many it changed. What it did to the access key and nothing else:

    is_rotation: it replaced the key. removes_key: it took the key away, which may be deleted since.
    """

    name: str
    playbook: str
    hosts: tuple[str, ...]
    settings: int
    is_rotation: bool = False
    removes_key: bool = False

    @property
    def described(self) -> str:
        parts = [self.name, self.playbook, _count(len(self.hosts), "server"), self._settings]
        return "  ".join(part for part in parts if part)

    @property
    def _settings(self) -> str:
        return _count(self.settings, "setting") + (" (the access key)" if self.is_rotation else "")


@dataclass(frozen=True)
class Choice:
    """The runs that go back: all from one on. hosts: host to the first of its runs that goes back.

    problem: why none does.
    """

    since: str = ""
    hosts: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""


def name_of_run(now: str, known: Iterable[str]) -> str:
    """Return the name of a run that begins now: a later one than all that are known, also of wrong clocks."""
    latest = max((name for name in known if is_time(name)), default="")
    if now > latest:
        return now
    try:
        ahead = datetime.strptime(latest, _AS_TIME).replace(tzinfo=timezone.utc)
        return (ahead + timedelta(seconds=1)).strftime(_AS_TIME)
    except (ValueError, OverflowError):
        return now


def runs_of(backups: Mapping[str, Sequence[Layer]]) -> list[Run]:
    """All runs in their order. backups: the layers of each host."""
    of_run: dict[str, dict[str, Layer]] = {}
    for host, layers in backups.items():
        for layer in layers:
            of_run.setdefault(layer["run"], {})[host] = layer
    return [_run(name, of_run[name]) for name in in_order(backups.values())]


def chosen_run(backups: Mapping[str, Sequence[Layer]], name: str, since: str, folder: str) -> Choice:
    """What a person has chosen to roll back. name: a run. since: a time, where there is no name."""
    runs = runs_of(backups)
    first = name or since
    problem = _problem_of_name(runs, name, folder) if name or not since else _problem_of_time(since)
    if problem:
        return Choice(problem=problem)
    order = [run.name for run in runs]
    back = set(order[first_of(order, first) :])
    firsts = {
        host: [layer["run"] for layer in layers if layer["run"] in back] for host, layers in backups.items()
    }
    return Choice(first, {host: found[0] for host, found in firsts.items() if found})


def only_key(layer: Layer) -> bool:
    """True if a layer is of an access key that was replaced, and of nothing else."""
    apps = layer["apps"].values()
    return all(set(settings) <= set(ACCESS_KEY) and replaces_key(settings) for settings in apps)


def _run(name: str, layers: Mapping[str, Layer]) -> Run:
    changed = {
        (app, setting)
        for layer in layers.values()
        for app, settings in layer["apps"].items()
        for setting in settings
    }
    playbooks = dict.fromkeys(layer.get("playbook", "") for layer in layers.values())
    return Run(
        name,
        ", ".join(playbook for playbook in playbooks if playbook),
        tuple(layers),
        len(changed),
        is_rotation=all(only_key(layer) for layer in layers.values()),
        removes_key=all(_removes_key(layer) for layer in layers.values()),
    )


def _removes_key(layer: Layer) -> bool:
    keys = [settings.get(ACCESS_KEY[0]) for settings in layer["apps"].values()]
    return all(key and key["before"] and not key["after"] for key in keys)


def _problem_of_time(since: str) -> str:
    if is_time(since):
        return ""
    return f"s3_recording_since is '{since}', not a time like 20261124T120000Z. Nothing was changed."


def _problem_of_name(runs: Sequence[Run], name: str, folder: str) -> str:
    listed = _listed(runs, folder)
    if not name:
        return f"s3_recording_run is not set, so nothing was changed. Name one of these runs.\n{listed}"
    run = next((run for run in runs if run.name == name), None)
    if run is None:
        meant = _meant(name, [run.name for run in runs])
        asked = f" Did you mean {' or '.join(meant)}?" if meant else ""
        return f"There is no run '{name}'.{asked} Nothing was changed, and all backups are kept.\n{listed}"
    if run.is_rotation or run.removes_key:
        return f"{_refusal(run)} Nothing was changed, and all backups are kept.\n{listed}"
    return ""


def _refusal(run: Run) -> str:
    by = f" ({run.playbook})" if run.playbook else ""
    where = _count(len(run.hosts), "server")
    if run.removes_key:
        return (
            f"Run {run.name}{by} ended recording on {where}, and the access key from before may be deleted "
            "by now. To record again, run site.yml, which brings a key that works."
        )
    return (
        f"Run {run.name}{by} was a key rotation: it replaced the access key on {where} and changed nothing "
        "else. A rotation is not rolled back, because the old key may be inactive or deleted by now. If it "
        "was stopped before all servers had the new key, run rotate_key.yml again. If recordings do not "
        "arrive with the new key, run verify.yml, which says why. To go back further, name an earlier run: "
        "where the bucket goes back, the key goes back with it."
    )


def _meant(name: str, names: Sequence[str]) -> list[str]:
    """The names that a person may have meant, the latest first."""
    latest = list(reversed(names))
    near = [each for each in latest if each.startswith(name) or name.startswith(each)]
    return (near or get_close_matches(name, latest, n=_MOST_MEANT, cutoff=0.8))[:_MOST_MEANT]


def _listed(runs: Sequence[Run], folder: str) -> str:
    if not runs:
        return f"There is no run that can be rolled back in {folder}."
    more = len(runs) - _MOST_LISTED
    lines = [f"Runs that can be rolled back, from {folder}:"]
    lines += [f"- and {more} earlier ones"] if more > 0 else []
    return "\n".join([*lines, *(f"- {run.described}" for run in runs[-_MOST_LISTED:])])


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")
