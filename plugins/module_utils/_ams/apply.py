# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Bring the settings of applications to what was asked: read, plan, write, read back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Optional

from .client import AmsClient, Connection
from .errors import AmsError
from .settings import Change, SettingsError, merged, not_applied, plan, secrets_of


@dataclass(frozen=True)
class Wish:
    """What is asked of one application."""

    app: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    reset: Sequence[str] = ()


@dataclass(frozen=True)
class Plan:
    """What has to be done to one application."""

    app: str
    current: Mapping[str, Any]
    change: Change


class Applier:
    """One session with one server, and what it came to know of it."""

    def __init__(self, client: AmsClient) -> None:
        self.client = client
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
        hidden = self._hidden_recordings(planned)
        if hidden:
            found.append(
                f"{self.client.url}, application '{planned.app}': {hidden} recordings of before this change "
                "are on the server's disk; requests for them are forwarded to S3 from now on, where they are "
                "not. Copy them into the bucket, or they cannot be played"
            )
        return found

    def _plan(self, wish: Wish) -> Plan:
        self.client.secrets.extend(secrets_of(wish.settings))
        current = self.client.settings(wish.app)
        self.client.secrets.extend(secrets_of(current))
        try:
            change = plan(current, wish.settings, wish.reset, self._release_name)
        except SettingsError as error:
            raise AmsError(
                f"Planning the settings of application '{wish.app}' at {self.client.url}",
                str(error),
                "Nothing was written",
            ) from None
        return Plan(wish.app, current, change)

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

    def _hidden_recordings(self, planned: Plan) -> int:
        turned_on = planned.change.after.get("httpForwardingExtension")
        if (
            not turned_on
            or planned.current.get("s3RecordingEnabled")
            or planned.change.before["httpForwardingExtension"]
        ):
            return 0
        # A user whose scope does not reach the list is not told a number; the change itself is not affected.
        with suppress(AmsError):
            return self.client.recordings_count(planned.app)
        return 0


def _listed(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in sorted(values.items()))


def outcome(connection: Connection, wishes: Sequence[Wish], check_mode: bool) -> dict[str, Any]:
    """The result of a task that brings applications of one server to what was asked."""
    _refuse_odd_names(wishes)
    with AmsClient(connection) as client:
        applier = Applier(client)
        try:
            plans = applier.plans(wishes)
            warnings = [text for planned in plans for text in applier.warnings(planned)]
            if not check_mode:
                applier.write(plans)
        except AmsError as error:
            raise error.without(client.secrets) from None
    result: dict[str, Any] = {
        "changed": any(planned.change for planned in plans),
        "apps": {
            planned.app: {"changed": bool(planned.change), "changes": planned.change.redacted()}
            for planned in plans
        },
        "msg": "; ".join(_in_words(planned, check_mode) for planned in plans),
    }
    extras = {
        "diff": [planned.change.diff(f"{client.url} {planned.app}") for planned in plans if planned.change],
        "warnings": warnings,
    }
    return {**result, **{name: value for name, value in extras.items() if value}}


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
    if not names:
        return f"{planned.app}: nothing to change"
    noun = "setting" if len(names) == 1 else "settings"
    verb = "would change" if check_mode else "changed"
    return f"{planned.app}: {len(names)} {noun} {verb} ({', '.join(names)})"
