# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Bring the settings of applications to what was asked: read, plan, write, read back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from typing import Any, Callable, Optional, TypeVar

from .._common.errors import AmsError
from .._common.plain_text import one_line
from .._common.polling import Deadline
from . import app_warnings
from .backup import WayBack, folded, way_back
from .backup_file import FormerFile
from .client import AmsClient, Connection
from .settings import Change, SettingsError, differing, merged, not_applied, plan, secrets_of
from .update_plan import (
    Manner,
    Plan,
    Wish,
    listed,
    refuse_odd_names,
    restored,
    result_of,
    unlike,
    warnings_of,
)

# Between two looks at a server that is starting or that another node has to reach, seconds.
PAUSE = 0.5
Decided = TypeVar("Decided", Change, WayBack, str)


class Applier:
    """One session with one server, and what it came to know of it."""

    def __init__(self, client: AmsClient, ready_by: Deadline) -> None:
        """ready_by: until when an application may be loading."""
        self.client = client
        self._ready_by = ready_by
        self._release: Optional[str] = None

    def plans(self, wishes: Sequence[Wish]) -> list[Plan]:
        """Read every application before any is written, so that a wrong wish changes nothing at all."""
        for wish in wishes:
            self.client.secrets.extend(secrets_of(wish.settings))
            self._keep_secret(wish.undo)
        return [self._plan(wish.app, partial(self._planned, wish)) for wish in wishes]

    def write(self, plans: Sequence[Plan], keep: Optional[Callable[[Plan], None]] = None) -> list[Plan]:
        """Write what differs and read it back; return the plans as they were written.

        The server has no locking and takes a whole object, so each application is read and planned again just
        before its write. keep: keeps what is about to be overwritten. AmsError names what is already written.
        """
        written: list[Plan] = []
        for planned in plans:
            try:
                written.append(self._write(planned, keep) if planned.change else planned)
            except AmsError as error:
                done = [each.app for each in written if each.change]
                if not done:
                    raise
                came_back = f"{error.came_back} (already written: {', '.join(done)})"
                raise replace(error, came_back=came_back) from None
        return written

    def to_come(self, planned: Plan) -> list[str]:
        """Return what is to be known of a change, from the server."""
        if planned.not_asked:
            return []
        after = merged(planned.current, planned.change)
        return app_warnings.of_change(self.client, planned.app, planned.current, after)

    def cluster_warnings(self, known: int) -> list[str]:
        """Where the cluster has other nodes than those that are known."""
        nodes = self.client.nodes()
        if nodes is None or len(nodes) == known:
            return []
        if not nodes:
            return [f"{self.client.url} is given as a node of a cluster, and says that it is in none"]
        names = ", ".join(one_line(str(node.get("ip") or node.get("id"))) for node in nodes)
        text = (
            f"The cluster of {self.client.url} has {len(nodes)} nodes ({names}), and {known} are known: "
            "viewers of the others are not among the CORS origins, and nothing is proved there"
        )
        return [text]

    def ways_back(self, apps: Mapping[str, Mapping[str, Any]], access_key: bool) -> list[Plan]:
        """Read every application and find its way back to the values before."""
        for settings in apps.values():
            self._keep_secret(settings)
        return [
            self._plan(app, partial(self._planned_back, app, settings, access_key))
            for app, settings in apps.items()
        ]

    def _planned_back(
        self,
        app: str,
        settings: Mapping[str, Mapping[str, Any]],
        access_key: bool,
        current: Mapping[str, Any],
    ) -> Plan:
        back = self._understood(app, partial(way_back, current, settings, access_key))
        again = partial(self._planned_back, app, settings, access_key)
        return Plan(app, current, back.change, again, back.left_alone, back.key_stays, kept=sorted(back.kept))

    def _keep_secret(self, settings: Mapping[str, Mapping[str, Any]]) -> None:
        for moment in ("before", "after"):
            self.client.secrets.extend(secrets_of({name: each[moment] for name, each in settings.items()}))

    def shown(self, wishes: Sequence[Wish], manner: Manner) -> list[Plan]:
        """Wait until the server shows what another node of its cluster wrote; it is not written itself."""
        deadline = Deadline(manner.cluster_timeout)
        while True:
            plans = self.plans(wishes)
            differ = {planned.app: planned.change.names for planned in plans if planned.change}
            if not differ or manner.check_mode:
                return [replace(planned, change=Change(), left_alone={}, not_asked="") for planned in plans]
            if not deadline.pause(PAUSE):
                names_of = "; ".join(f"{app}: {', '.join(names)}" for app, names in differ.items())
                raise AmsError(
                    f"Waiting at {self.client.url} for what {manner.written_by} wrote in their cluster",
                    f"after {manner.cluster_timeout:g} s these settings are not as written: {names_of}",
                    "Are both nodes of one cluster, and does it reach its database?",
                )

    def _plan(self, app: str, decide: Callable[[Mapping[str, Any]], Plan]) -> Plan:
        return decide(self._current(app))

    def _planned(self, wish: Wish, current: Mapping[str, Any]) -> Plan:
        again = partial(self._planned, wish)
        not_asked = self._understood(wish.app, lambda: unlike(current, wish.only_if))
        if not_asked:
            return Plan(wish.app, current, Change(), again, not_asked=not_asked)
        back = self._understood(wish.app, lambda: way_back(current, wish.undo))
        undone = {name: wish.undo[name]["before"] for name in wish.undo if name not in back.left_alone}
        change = self._understood(
            wish.app, lambda: plan(current, {**undone, **wish.settings}, wish.reset, self._release_name)
        )
        return Plan(wish.app, current, change, again, back.left_alone)

    def _current(self, app: str) -> dict[str, Any]:
        while True:
            try:
                current = self.client.settings(app)
            except AmsError as error:
                # While a server starts, it answers as if it had no applications.
                if error.status != 204 or not self._ready_by.pause(PAUSE):
                    raise
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

    def _write(self, first: Plan, keep: Optional[Callable[[Plan], None]]) -> Plan:
        planned = first.again(self._current(first.app))
        if not planned.change:
            return planned
        if keep:
            keep(planned)
        posted = merged(planned.current, planned.change)
        lost: Optional[AmsError] = None
        try:
            self.client.write_settings(planned.app, posted)
        except AmsError as error:
            if not error.uncertain:
                raise error.with_note("Nothing of this application was written") from None
            lost = error
        now = self._after_write(planned, lost)
        missing = not_applied(now, planned.change)
        if missing and lost is not None:
            raise lost.with_remedy(f"Read back: {listed(missing)} is not as asked. {lost.remedy}")
        if missing:
            raise AmsError(
                f"Reading back the settings of application '{planned.app}' at {self.client.url}",
                f"the server said success but has {listed(missing)}",
                "It refused or rewrote them, or somebody else wrote at the same moment; look at its log",
            )
        return replace(planned, others=differing(now, posted, planned.change.names))

    def _after_write(self, planned: Plan, lost: Optional[AmsError]) -> dict[str, Any]:
        try:
            return self.client.settings(planned.app)
        except AmsError as error:
            if lost is None:
                not_read = "The settings were written but could not be read back"
                raise error.with_remedy(f"{not_read}. {error.remedy}") from None
            raise lost.with_remedy(
                "It is not known whether the write was carried out: reading back failed "
                f"({error.came_back}). Run again. {lost.remedy}"
            ) from None


def outcome(connection: Connection, wishes: Sequence[Wish], manner: Manner) -> dict[str, Any]:
    """The result of a task that brings applications of one server to what was asked."""
    refuse_odd_names(wishes)
    former = manner.former
    with _session(connection, manner.ready_timeout) as applier:
        plans = applier.shown(wishes, manner) if manner.written_by else applier.plans(wishes)
        warnings = [text for planned in plans for text in applier.to_come(planned)]
        if manner.cluster_hosts and not manner.written_by:
            warnings += applier.cluster_warnings(manner.cluster_hosts)
        if not manner.check_mode:
            plans = _carried_out(applier, plans, manner)
        warnings += [text for planned in plans for text in warnings_of(applier.client.url, planned)]
    result = result_of(applier.client.url, plans, manner.check_mode)
    if former:
        result["unproved"] = former.is_unproved
    return {**result, **({"warnings": warnings} if warnings else {})}


def _carried_out(applier: Applier, plans: Sequence[Plan], manner: Manner) -> list[Plan]:
    def keep(planned: Plan) -> None:
        change = {planned.app: planned.change}
        if manner.kept and manner.former and not manner.former.holds(manner.run, change):
            raise AmsError(
                f"Writing the settings of application '{planned.app}' at {applier.client.url}",
                "somebody else has changed them since their former values were kept",
                "Nothing of this application was written. Run again",
                stale=True,
            )
        if manner.former and not manner.kept:
            manner.former.keep(manner.run, change, manner.playbook)

    if not manner.keep_only:
        return applier.write(plans, keep)
    if manner.former:
        manner.former.keep(manner.run, {planned.app: planned.change for planned in plans}, manner.playbook)
    return list(plans)


def taken_back(
    connection: Connection, former: FormerFile, since: Optional[str], unproved: bool, manner: Manner
) -> dict[str, Any]:
    """The result of a task that restores the previous settings of a server.

    since: the name from which on runs are rolled back. unproved: whether changes that are not proved go too.
    """
    layers = former.layers(since, unproved)
    if not layers:
        return {
            **result_of(former.url, [], manner.check_mode),
            **restored([], {}),
            "msg": "there is nothing to restore",
            "runs": former.runs(),
        }
    apps = folded(layers)
    with _session(connection, manner.ready_timeout) as applier:
        plans = applier.ways_back(apps, manner.access_key_too)
        if not manner.check_mode:
            plans = applier.write(plans)
    # Everything that is not kept was read back, or was found to be as before.
    kept = {planned.app: planned.kept for planned in plans}
    if manner.forget and not manner.check_mode:
        former.forget(layers, kept)
    url = applier.client.url
    result = {**result_of(url, plans, manner.check_mode), **restored(plans, apps)}
    result["runs"] = list(dict.fromkeys(layer["run"] for layer in layers))
    warnings = [text for planned in plans for text in warnings_of(applier.client.url, planned)]
    return {**result, **({"warnings": warnings} if warnings else {})}


@contextmanager
def _session(connection: Connection, ready_timeout: float) -> Iterator[Applier]:
    """A session with the server; while it refuses connections it is waited for, which is no login."""
    ready_by = Deadline(ready_timeout)
    with ExitStack() as session:
        while True:
            try:
                client = session.enter_context(AmsClient(connection))
            except AmsError as error:
                if not (error.starting and ready_by.pause(PAUSE)):
                    raise
            else:
                break
        try:
            yield Applier(client, ready_by)
        except AmsError as error:
            raise error.masked(client.secrets) from None
