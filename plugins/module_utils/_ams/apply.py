# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Bring the settings of applications to what was asked: read, plan, write, read back."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Callable, Optional, TypeVar

from . import app_warnings
from .client import AmsClient, Connection
from .errors import AmsError
from .former import WayBack, folded, way_back
from .former_file import FormerFile
from .settings import Change, SettingsError, merged, not_applied, plan, secrets_of

# Between two looks at a server that is starting or that another node has to reach, seconds.
PAUSE = 0.5
Decided = TypeVar("Decided", Change, WayBack, str)


@dataclass(frozen=True)
class Wish:
    """What is asked of one application.

    only_if: settings that it must have, else it is left alone.
    undo: settings to put back, each with its value before and the one after that it must still have.
    """

    app: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    reset: Sequence[str] = ()
    only_if: Mapping[str, Any] = field(default_factory=dict)
    undo: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Manner:
    """How a change is made.

    former: file of former values, to which those of this change are added under the name run.
    playbook: what made the change, kept with them.
    keep_only: keep the former values and write nothing.
    ready_timeout: seconds to wait for a server that is starting.
    forget: take former values out of the file when the server has them back.
    access_key_too: take back an access key that another has followed.
    written_by: the node of the cluster that has written; it is waited for, cluster_timeout seconds at most.
    cluster_hosts: how many nodes of the cluster are known, 0 where that is of no interest.
    """

    check_mode: bool = False
    former: Optional[FormerFile] = None
    run: str = ""
    playbook: str = ""
    keep_only: bool = False
    ready_timeout: float = 0
    forget: bool = True
    access_key_too: bool = True
    written_by: Optional[str] = None
    cluster_hosts: int = 0
    cluster_timeout: float = 60


@dataclass(frozen=True)
class Plan:
    """What has to be done to one application.

    On the way back, left_alone: what somebody else has changed. key_stays: the settings of an access key that
    is not rolled back. kept: all settings that do not go back.
    not_asked: why nothing is asked of it.
    """

    app: str
    current: Mapping[str, Any]
    change: Change
    left_alone: Mapping[str, Any] = field(default_factory=dict)
    key_stays: Sequence[str] = ()
    kept: Sequence[str] = ()
    not_asked: str = ""


class Applier:
    """One session with one server, and what it came to know of it."""

    def __init__(self, client: AmsClient, ready_by: float = 0) -> None:
        """ready_by: the moment, of the monotonic clock, until which an application may be loading."""
        self.client = client
        self._ready_by = ready_by
        self._release: Optional[str] = None

    def plans(self, wishes: Sequence[Wish]) -> list[Plan]:
        """Read every application before any is written, so that a wrong wish changes nothing at all."""
        return [self._plan(wish) for wish in wishes]

    def write(self, plans: Sequence[Plan]) -> None:
        """Write what differs and read it back; AmsError names what was already written when one fails."""
        done: list[str] = []
        for planned in plans:
            if not planned.change:
                continue
            try:
                self._write(planned)
            except AmsError as error:
                if done:
                    error.came_back += f" (already written: {', '.join(done)})"
                raise
            done.append(planned.app)

    def warnings(self, planned: Plan) -> list[str]:
        """What works but bites."""
        found = [
            f"{self.client.url}, application '{planned.app}': the server stores '{stored}' for {name}, "
            "which is not the value asked for"
            for name, stored in planned.change.rewritten.items()
            if name in planned.change.after
        ]
        if planned.left_alone:
            found.append(_left_alone(self.client.url, planned))
        if planned.not_asked:
            return found
        after = merged(planned.current, planned.change)
        return found + app_warnings.of_change(self.client, planned.app, planned.current, after)

    def cluster_warnings(self, known: int) -> list[str]:
        """Where the cluster has other nodes than those that are known."""
        nodes = self.client.nodes()
        if nodes is None or len(nodes) == known:
            return []
        if not nodes:
            return [f"{self.client.url} is given as a node of a cluster, and says that it is in none"]
        names = ", ".join(str(node.get("ip") or node.get("id")) for node in nodes)
        text = (
            f"The cluster of {self.client.url} has {len(nodes)} nodes ({names}), and {known} are known: "
            "viewers of the others are not among the CORS origins, and nothing is proved there"
        )
        return [text]

    def ways_back(self, apps: Mapping[str, Mapping[str, Any]], access_key: bool) -> list[Plan]:
        """Read every application and find its way back to the values before."""
        found = []
        for app, settings in apps.items():
            self._keep_secret(settings)
            current = self._current(app)
            back = self._understood(app, partial(way_back, current, settings, access_key))
            found.append(Plan(app, current, back.change, back.left_alone, back.key_stays, sorted(back.kept)))
        return found

    def _keep_secret(self, settings: Mapping[str, Mapping[str, Any]]) -> None:
        for moment in ("before", "after"):
            self.client.secrets.extend(secrets_of({name: each[moment] for name, each in settings.items()}))

    def shown(self, wishes: Sequence[Wish], manner: Manner) -> list[Plan]:
        """Wait until the server shows what another node of its cluster wrote; it is not written itself."""
        deadline = time.monotonic() + manner.cluster_timeout
        while True:
            plans = self.plans(wishes)
            differing = {planned.app: planned.change.names for planned in plans if planned.change}
            if not differing or manner.check_mode:
                return [Plan(planned.app, planned.current, Change()) for planned in plans]
            if time.monotonic() > deadline:
                listed = "; ".join(f"{app}: {', '.join(names)}" for app, names in differing.items())
                raise AmsError(
                    f"Waiting at {self.client.url} for what {manner.written_by} wrote in their cluster",
                    f"after {manner.cluster_timeout:g} s these settings are not as written: {listed}",
                    "Are both nodes of one cluster, and does it reach its database?",
                )
            time.sleep(PAUSE)

    def _plan(self, wish: Wish) -> Plan:
        self.client.secrets.extend(secrets_of(wish.settings))
        current = self._current(wish.app)
        not_asked = self._understood(wish.app, lambda: _unlike(current, wish.only_if))
        if not_asked:
            return Plan(wish.app, current, Change(), not_asked=not_asked)
        self._keep_secret(wish.undo)
        back = self._understood(wish.app, lambda: way_back(current, wish.undo))
        undone = {name: wish.undo[name]["before"] for name in wish.undo if name not in back.left_alone}
        change = self._understood(
            wish.app, lambda: plan(current, {**undone, **wish.settings}, wish.reset, self._release_name)
        )
        return Plan(wish.app, current, change, back.left_alone)

    def _current(self, app: str) -> dict[str, Any]:
        while True:
            try:
                current = self.client.settings(app)
            except AmsError as error:
                if error.status != 204 or time.monotonic() > self._ready_by:
                    raise
                # As long as a server starts its applications are as if there were none.
                time.sleep(PAUSE)
            else:
                self.client.secrets.extend(secrets_of(current))
                return current

    def _understood(self, app: str, decide: Callable[[], Decided]) -> Decided:
        try:
            return decide()
        except SettingsError as error:
            raise AmsError(
                f"Planning the settings of application '{app}' at {self.client.url}",
                str(error),
                "Nothing was written",
            ) from None

    def _release_name(self) -> Optional[str]:
        if self._release is None:
            self._release = str(self.client.version().get("versionName") or "")
        return self._release

    def _write(self, planned: Plan) -> None:
        lost: Optional[AmsError] = None
        try:
            self.client.write_settings(planned.app, merged(planned.current, planned.change))
        except AmsError as error:
            if not error.uncertain:
                error.remedy = f"{error.remedy}. Nothing of this application was written".lstrip(". ")
                raise
            lost = error
        missing = self._missing_after_write(planned, lost)
        if missing and lost is not None:
            lost.remedy = f"Read back: {_listed(missing)} is not as asked. {lost.remedy}"
            raise lost
        if missing:
            raise AmsError(
                f"Reading back the settings of application '{planned.app}' at {self.client.url}",
                f"the server said success but has {_listed(missing)}",
                "It refused or rewrote these values; look at its log",
            )

    def _missing_after_write(self, planned: Plan, lost: Optional[AmsError]) -> dict[str, Any]:
        try:
            return not_applied(self.client.settings(planned.app), planned.change)
        except AmsError as error:
            if lost is None:
                error.remedy = f"The settings were written but could not be read back. {error.remedy}"
                raise
            lost.remedy = (
                "It is not known whether the write was carried out: reading back failed "
                f"({error.came_back}). Run again. {lost.remedy}"
            )
            raise lost from None


def _unlike(current: Mapping[str, Any], only_if: Mapping[str, Any]) -> str:
    """The settings that are not as a wish has them for its condition, in words."""
    if not only_if:
        return ""
    differing = plan(current, only_if)
    return _listed({name: differing.redacted()[name]["before"] for name in differing.names})


def _left_alone(url: str, planned: Plan) -> str:
    listed = _listed(planned.left_alone)
    return f"{url}, application '{planned.app}': left as somebody else has set it since: {listed}"


def _listed(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in sorted(values.items()))


def outcome(connection: Connection, wishes: Sequence[Wish], manner: Manner) -> dict[str, Any]:
    """The result of a task that brings applications of one server to what was asked."""
    _refuse_odd_names(wishes)
    former = manner.former
    with _session(connection, manner.ready_timeout) as applier:
        plans = applier.shown(wishes, manner) if manner.written_by else applier.plans(wishes)
        warnings = [text for planned in plans for text in applier.warnings(planned)]
        if manner.cluster_hosts and not manner.written_by:
            warnings += applier.cluster_warnings(manner.cluster_hosts)
        if not manner.check_mode:
            if former:
                former.keep(manner.run, {planned.app: planned.change for planned in plans}, manner.playbook)
            if not manner.keep_only:
                applier.write(plans)
    result = _result(applier.client.url, plans, manner.check_mode)
    if former:
        result["unproved"] = former.is_unproved
    return {**result, **({"warnings": warnings} if warnings else {})}


def taken_back(
    connection: Connection, former: FormerFile, since: Optional[str], unproved: bool, manner: Manner
) -> dict[str, Any]:
    """The result of a task that restores the previous settings of a server.

    since: the name from which on runs are rolled back. unproved: whether changes that are not proved go too.
    """
    layers = former.layers(since, unproved)
    if not layers:
        return {
            **_result(former.url, [], manner.check_mode),
            **_restored([], {}),
            "msg": "there is nothing to restore",
            "runs": former.runs(),
        }
    apps = folded(layers)
    with _session(connection, manner.ready_timeout) as applier:
        plans = applier.ways_back(apps, manner.access_key_too)
        if not manner.check_mode:
            applier.write(plans)
    # Everything that is not kept was read back, or was found to be as before.
    kept = {planned.app: planned.kept for planned in plans}
    if manner.forget and not manner.check_mode:
        former.forget(layers, kept)
    url = applier.client.url
    result = {**_result(url, plans, manner.check_mode), **_restored(plans, apps)}
    result["runs"] = sorted(layer["run"] for layer in layers)
    warnings = [_left_alone(url, planned) for planned in plans if planned.left_alone]
    return {**result, **({"warnings": warnings} if warnings else {})}


def _restored(plans: Sequence[Plan], apps: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """By application, which settings go back and which do not."""
    restored = {planned.app: sorted(set(apps[planned.app]) - set(planned.kept)) for planned in plans}
    return {
        "restored": {app: names for app, names in restored.items() if names},
        "left_alone": {planned.app: dict(planned.left_alone) for planned in plans if planned.left_alone},
        "key_stays": {planned.app: list(planned.key_stays) for planned in plans if planned.key_stays},
    }


@contextmanager
def _session(connection: Connection, ready_timeout: float) -> Iterator[Applier]:
    """A session with the server; while it refuses connections it is waited for, which is no login."""
    ready_by = time.monotonic() + ready_timeout
    with ExitStack() as session:
        while True:
            try:
                client = session.enter_context(AmsClient(connection))
            except AmsError as error:
                if not error.starting or time.monotonic() > ready_by:
                    raise
                time.sleep(PAUSE)
            else:
                break
        try:
            yield Applier(client, ready_by)
        except AmsError as error:
            raise error.without(client.secrets) from None


def _result(url: str, plans: Sequence[Plan], check_mode: bool) -> dict[str, Any]:
    diff = [planned.change.diff(f"{url} {planned.app}") for planned in plans if planned.change]
    return {
        "changed": any(planned.change for planned in plans),
        "apps": {
            planned.app: {"changed": bool(planned.change), "changes": planned.change.redacted()}
            for planned in plans
        },
        "msg": "; ".join(_in_words(planned, check_mode) for planned in plans),
        **({"diff": diff} if diff else {}),
    }


def _refuse_odd_names(wishes: Sequence[Wish]) -> None:
    names = [wish.app for wish in wishes]
    if not all(name.strip() for name in names):
        # The server would make a new application, called settings.
        raise AmsError("Reading the options app and apps", "the name of an application is empty")
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise AmsError("Reading the option apps", f"given more than once: {', '.join(doubled)}")


def _in_words(planned: Plan, check_mode: bool) -> str:
    names = planned.change.names
    if planned.not_asked:
        return f"{planned.app}: left alone, since {planned.not_asked}"
    stays = ", the access key stays, since a replaced one is not written back" if planned.key_stays else ""
    if not names:
        return f"{planned.app}: nothing to change{stays}"
    noun = "setting" if len(names) == 1 else "settings"
    verb = "would change" if check_mode else "changed"
    return f"{planned.app}: {len(names)} {noun} {verb} ({', '.join(names)}){stays}"
