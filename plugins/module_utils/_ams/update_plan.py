# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""What is asked of the applications of a server, what has to be done to them, and both in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Callable, Optional

from .._common.errors import AmsError
from .backup_file import FormerFile
from .settings import Change, plan


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
    kept: the former values are kept already; what differs from them is not written.
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
    kept: bool = False
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
    not_asked: why nothing is asked of it. others: what somebody else has set while this was written.
    again: what makes the plan anew from the settings of a later moment.
    """

    app: str
    current: Mapping[str, Any]
    change: Change
    again: Callable[[Mapping[str, Any]], Plan] = field(repr=False, compare=False)
    left_alone: Mapping[str, Any] = field(default_factory=dict)
    key_stays: Sequence[str] = ()
    kept: Sequence[str] = ()
    not_asked: str = ""
    others: Mapping[str, Any] = field(default_factory=dict)


def unlike(current: Mapping[str, Any], only_if: Mapping[str, Any]) -> str:
    """The settings that are not as a wish has them for its condition, in words."""
    if not only_if:
        return ""
    change = plan(current, only_if)
    return listed({name: change.redacted()[name]["before"] for name in change.names})


def warnings_of(url: str, planned: Plan) -> list[str]:
    """What works but bites."""
    where = f"{url}, application '{planned.app}'"
    found = [
        f"{where}: the server stores '{stored}' for {name}, which is not the value asked for"
        for name, stored in planned.change.rewritten.items()
        if name in planned.change.after
    ]
    if planned.left_alone:
        found.append(f"{where}: left as somebody else has set it since: {listed(planned.left_alone)}")
    if planned.others:
        found.append(
            f"{where}: after this write it has {listed(planned.others)}, which was not written. Somebody "
            "else set it at the same moment, or the server did. It stays so"
        )
    return found


def listed(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in sorted(values.items()))


def restored(plans: Sequence[Plan], apps: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """By application, which settings go back and which do not."""
    back = {planned.app: sorted(set(apps[planned.app]) - set(planned.kept)) for planned in plans}
    return {
        "restored": {app: names for app, names in back.items() if names},
        "left_alone": {planned.app: dict(planned.left_alone) for planned in plans if planned.left_alone},
        "key_stays": {planned.app: list(planned.key_stays) for planned in plans if planned.key_stays},
    }


def result_of(url: str, plans: Sequence[Plan], check_mode: bool) -> dict[str, Any]:
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


def refuse_odd_names(wishes: Sequence[Wish]) -> None:
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
