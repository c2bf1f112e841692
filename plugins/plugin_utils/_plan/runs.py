# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""List the runs of a fleet that can be rolled back, and choose one.

Plain data in, plain data out: the layers of the backup of each host, as _ams/backup.py describes them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from difflib import get_close_matches
from typing import Any, Optional

from ...module_utils._ams.backup import (
    ACCESS_KEY,
    Layer,
    first_index,
    is_time,
    sort_runs,
    squash,
)
from ...module_utils._ams.rollback_plan import replaces_key
from ...module_utils._ams.settings import is_stored
from ...module_utils._common.plain_text import abbreviate

_MOST_LISTED, _MOST_LAST, _MOST_MEANT = 20, 5, 3
_AS_TIME = "%Y%m%dT%H%M%SZ"
_ROTATE = "rotate_key"
_NOTHING = "Nothing was changed, and all backups are kept."


@dataclass(frozen=True)
class Run:
    """A run in the backups. settings: how many it changed. only_key: it replaced the access key alone."""

    name: str
    playbook: str
    hosts: tuple[str, ...]
    settings: int
    only_key: bool = False

    @property
    def description(self) -> str:
        parts = [self.name, self.playbook, _count(len(self.hosts), "server"), self._settings]
        return "  ".join(part for part in parts if part)

    @property
    def _settings(self) -> str:
        return _count(self.settings, "setting") + (" (the access key)" if self.only_key else "")


@dataclass(frozen=True)
class Choice:
    """The runs to roll back: all from one on. hosts: host to the first of its runs that is rolled back.

    done: the hosts on which the named run was rolled back before. later: the first run that has changed one
    of these since, empty if none has. problem: why none is.
    """

    since: str = ""
    hosts: Mapping[str, str] = field(default_factory=dict)
    done: Sequence[str] = ()
    later: str = ""
    problem: str = ""


@dataclass(frozen=True)
class History:
    """What is known of runs beside the backups of the play's hosts.

    restored: host to the runs that were rolled back there. elsewhere: hosts that are not in the play and
    have the named run in their backup.
    """

    restored: Mapping[str, Sequence[str]] = field(default_factory=dict)
    elsewhere: Sequence[str] = ()

    def hosts_without(self, run: str) -> list[str]:
        """Return the hosts where a run was rolled back."""
        return [host for host, restored in self.restored.items() if run in restored]


def name_of_run(now: str, known: Iterable[str]) -> str:
    """Return the name of a run that begins now, later than all known ones even if a clock was wrong."""
    latest = max((name for name in known if is_time(name)), default="")
    if now > latest:
        return now
    try:
        ahead = datetime.strptime(latest, _AS_TIME).replace(tzinfo=timezone.utc)
        return (ahead + timedelta(seconds=1)).strftime(_AS_TIME)
    except (ValueError, OverflowError):
        return now


def runs_of(backups: Mapping[str, Sequence[Layer]]) -> list[Run]:
    """Return all runs in their order. backups: the layers of each host."""
    of_run: dict[str, dict[str, Layer]] = {}
    for host, layers in backups.items():
        for layer in layers:
            of_run.setdefault(layer["run"], {})[host] = layer
    return [_run(name, of_run[name]) for name in sort_runs(backups.values())]


def chosen_run(
    backups: Mapping[str, Sequence[Layer]],
    name: str,
    since: str,
    folder: str,
    history: Optional[History] = None,
) -> Choice:
    """Return the runs to roll back. name: a run. since: a time, where there is no name."""
    history = history or History()
    runs = runs_of(backups)
    done = history.hosts_without(name)
    if done and name not in [run.name for run in runs]:
        return Choice(name, done=done, later=_first_after(name, [backups[host] for host in done]))
    problem = _problem_of_name(runs, name, folder, history) if name or not since else _problem_of_time(since)
    choice = Choice(problem=problem) if problem else _all_from(backups, runs, name or since, folder)
    return replace(choice, done=[host for host in done if host not in choice.hosts])


def _first_after(run: str, backups: Sequence[Sequence[Layer]]) -> str:
    return min((layer["run"] for layers in backups for layer in layers if layer["run"] > run), default="")


def _all_from(backups: Mapping[str, Sequence[Layer]], runs: Sequence[Run], first: str, folder: str) -> Choice:
    chosen = _from_run_on(backups, [run.name for run in runs], first)
    problem = _problem_of_lost_key(chosen, runs, first, folder)
    if problem:
        return Choice(problem=problem)
    return Choice(first, {host: layers[0]["run"] for host, layers in chosen.items() if layers})


def _from_run_on(
    backups: Mapping[str, Sequence[Layer]], order: Sequence[str], first: str
) -> dict[str, list[Layer]]:
    """Return of each host the layers from a run on, in the order of all hosts' runs."""
    names = set(order[first_index(order, first) :])
    return {host: [layer for layer in layers if layer["run"] in names] for host, layers in backups.items()}


def since_run(layers: Sequence[Layer], first: str) -> list[Layer]:
    """Return the layers of a host from a run on."""
    names = [layer["run"] for layer in layers]
    return list(layers[first_index(names, first) :])


def sets_otherwise(planned: Mapping[str, Any], layers: Sequence[Layer]) -> bool:
    """True if the inventory desires other values than those from before these layers.

    planned: the host's part of the plan, which has neither the access key nor s3_recording_settings.
    """
    previous = squash(layers)
    return any(
        not is_stored(name, value, previous[app["name"]][name]["before"])
        for app in planned["apps"]
        for name, value in app["settings"].items()
        if name in previous.get(app["name"], {})
    )


def only_key(layer: Layer) -> bool:
    """True if a layer only replaced an access key."""
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
        only_key=all(only_key(layer) for layer in layers.values()),
    )


def is_rotation(playbook: str) -> bool:
    """True if the playbooks of a run, as a layer names them, rotate the access key."""
    return _ROTATE in playbook.split(", ")


def _lost_keys(layers: Sequence[Layer]) -> set[str]:
    """Return the runs that removed a key which a rollback of all these layers of a host would write back."""
    previous = squash(layers)
    return {
        layer["run"]
        for layer in layers
        for app, settings in layer["apps"].items()
        for name in ACCESS_KEY
        if _is_removed(settings.get(name)) and previous[app][name]["before"]
    }


def _is_removed(values: Optional[Mapping[str, Any]]) -> bool:
    return bool(values and values["before"] and not values["after"])


def _problem_of_lost_key(
    chosen: Mapping[str, Sequence[Layer]], runs: Sequence[Run], first: str, folder: str
) -> str:
    lost = {host: _lost_keys(layers) for host, layers in chosen.items()}
    hosts = [host for host, names in lost.items() if names]
    if not hosts:
        return ""
    # The latest of several: after it no earlier key is known to exist.
    run = next(run for run in reversed(runs) if any(run.name in names for names in lost.values()))
    also = "" if run.name == first else f" It would be rolled back too, with all from {first} on."
    return (
        f"Run {run.name}{_by(run)} ended recording on {_count(len(hosts), 'server')}, and the access key "
        f"from before may be deleted by now.{also} To record again, run site.yml, which brings a key that "
        f"works. {_NOTHING}\n{_listed(runs, folder)}"
    )


def _problem_of_time(since: str) -> str:
    if is_time(since):
        return ""
    since = " ".join(since.splitlines())
    return f"s3_recording_rollback_since is '{since}', not a time like 20261124T120000Z. Nothing was changed."


def _problem_of_name(runs: Sequence[Run], name: str, folder: str, history: History) -> str:
    if not name:
        hint = " Name one of these." if runs else ""
        unset = f"s3_recording_rollback_run is not set, so nothing was changed.{hint}"
        return f"{unset}\n{_listed(runs, folder)}"
    run = next((run for run in runs if run.name == name), None)
    if run is None:
        return _problem_of_unknown(runs, " ".join(name.splitlines()), folder, history)
    if run.only_key:
        return f"{_refusal(run)} {_NOTHING}\n{_listed(runs, folder)}"
    return ""


def _problem_of_unknown(runs: Sequence[Run], name: str, folder: str, history: History) -> str:
    """Return where a run can be rolled back that no server of this play knows, or what else may be meant."""
    if history.elsewhere:
        return (
            f"Run {name} can be rolled back on {abbreviate(history.elsewhere)}, and none of them is in this "
            f"play. Run this without --limit, or choose them by s3_recording_hosts. {_NOTHING}"
        )
    meant = _meant(name, [run.name for run in runs])
    hint = f" Did you mean {' or '.join(meant)}?" if meant else ""
    about = "A run that changed no server has no backup: there is nothing to restore."
    return (
        f"There is no run '{name}' in the backups of the servers of this play.{hint} {_NOTHING}\n"
        f"{_listed(runs, folder, _MOST_LAST)}\n{about}"
    )


def _refusal(run: Run) -> str:
    where = _count(len(run.hosts), "server")
    words = (
        f"was a key rotation: it replaced the access key on {where} and changed nothing else. A rotation is "
        "not rolled back, because the old key may be inactive or deleted by now. If it was stopped before "
        "all servers had the new key, run rotate_key.yml again. If recordings do not arrive with the new "
        "key, run verify.yml, which says why."
        if is_rotation(run.playbook)
        else f"replaced only the access key on {where}. A replaced access key is not written back, because "
        "it may be inactive or deleted by now. To use a key of your own, set s3_recording_access_key_id and "
        "its secret, and run site.yml."
    )
    return (
        f"Run {run.name}{_by(run)} {words} To go back further, name an earlier run: where the bucket is "
        "restored, the key is restored with it."
    )


def _by(run: Run) -> str:
    return f" ({run.playbook})" if run.playbook else ""


def _meant(name: str, names: Sequence[str]) -> list[str]:
    """Return the run names nearest to a mistyped one, the latest first."""
    latest = list(reversed(names))
    near = [each for each in latest if each.startswith(name) or name.startswith(each)]
    return (near or get_close_matches(name, latest, n=_MOST_MEANT, cutoff=0.8))[:_MOST_MEANT]


def _listed(runs: Sequence[Run], folder: str, most: int = _MOST_LISTED) -> str:
    if not runs:
        return (
            f"The folder {folder} has no backup of these servers. If the run had another folder or another "
            "user, name its folder: -e s3_recording_backup_dir=FOLDER"
        )
    more = len(runs) - most
    lines = [f"Runs that can be rolled back, from {folder}, the latest last:"]
    lines += [f"- and {_count(more, 'earlier one')}"] if more > 0 else []
    return "\n".join([*lines, *(f"- {run.description}" for run in runs[-most:])])


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")
