# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The intent's projections, for the role."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible.utils.display import Display
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.fields import nearest_name
from ansible_collections.antmedia.s3_recording.plugins.module_utils._fleet import (
    Member,
    fleet,
    intent_of,
    with_key,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._recording import IntentError

PREFIX = "s3_recording_"
KEY_PARTS = ("access_key_id", "secret_access_key")


def recording_fleet(
    inputs: Mapping[str, Any],
    hostvars: Mapping[str, Mapping[str, Any]],
    host: str,
    chosen: Iterable[str],
    inventory_hosts: Iterable[str] = (),
    other_names: Iterable[str] = (),
) -> dict[str, Any]:
    """See recording_fleet.yml."""
    chosen = list(chosen)
    known = {*inputs, *other_names}
    # What this host does not have from the inventory comes from the play or the role, so it is everyone's.
    everyones = {name: value for name, value in inputs.items() if PREFIX + name not in hostvars[host]}
    members: list[Member] = []
    problems: list[tuple[str, str]] = []
    for each in dict.fromkeys([*chosen, *inventory_hosts]):
        theirs = hostvars[each]
        if each not in chosen and PREFIX + "bucket" not in theirs:
            continue
        problems.extend((each, problem) for problem in _misspelt(theirs, known))
        try:
            values = {
                **everyones,
                **{name: theirs[PREFIX + name] for name in inputs if PREFIX + name in theirs},
            }
            members.append(Member(each, intent_of(values, each), each in chosen))
        except IntentError as error:
            problems.extend((each, problem) for problem in error.problems)
    result = fleet(members, problems)
    display = Display()
    for warning in result["warnings"]:
        display.warning(warning)
    return result


def recording_given_key(hostvars: Mapping[str, Any], otherwise: Mapping[str, str]) -> dict[str, str]:
    """See recording_given_key.yml."""
    return {part: str(hostvars.get(PREFIX + part) or otherwise[part]) for part in KEY_PARTS}


def recording_with_key(apps: Iterable[Mapping[str, Any]], key: Mapping[str, str]) -> list[dict[str, Any]]:
    """See recording_with_key.yml."""
    try:
        return with_key(apps, key)
    except (KeyError, TypeError):
        raise AnsibleFilterError(
            "recording_with_key: the key must be a dictionary with access_key_id and secret_access_key"
        ) from None


def _misspelt(variables: Mapping[str, Any], known: set[str]) -> list[str]:
    found = []
    for name in variables:
        if name.startswith(PREFIX) and name[len(PREFIX) :] not in known:
            nearest = nearest_name(name, [PREFIX + each for each in known])
            found.append(f"there is no variable {name}" + (f", did you mean {nearest}?" if nearest else ""))
    return found


class FilterModule:
    """The filters of the collection."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {
            "recording_fleet": recording_fleet,
            "recording_given_key": recording_given_key,
            "recording_with_key": recording_with_key,
        }
