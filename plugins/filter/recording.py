# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The intent's projections, for the role."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import MISSING, fields
from typing import Any

from ansible.errors import AnsibleError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.utils.display import Display
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.backup_file import (
    SUFFIX,
    latest_playbook,
    unverified_path,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.fields import nearest_name
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._actions.texts import texts_problem
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.model import Intent
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.plan import Member, fleet
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.validation import IntentError
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.variables import (
    intent_of,
    typed,
)
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._output.rollout_report import (
    Ended,
    not_replaced,
    noted,
    stopped,
)
from jinja2 import Undefined, UndefinedError

PREFIX = "s3_recording_"
_OF_THE_ROLE_FOR_AWX = PREFIX + "awx_"
KEY_PARTS = ("access_key_id", "secret_access_key")
_TEXTS = ("ams_email", "ams_password", "ams_jwt_token", *KEY_PARTS)
SECRET = PREFIX + KEY_PARTS[1]
DEFAULTS = {field.name: field.default for field in fields(Intent) if field.default is not MISSING}
# The plan has these for a warning alone. The tasks of the servers read them with the variables of the play.
_FOR_A_WARNING = ("ams_ca_path", "ams_validate_certs")
_UNKNOWN = object()
_ELSEWHERE = "in the inventory it may use only what the inventory has, not variables of the play"


def recording_fleet(
    inputs: Mapping[str, Any],
    hostvars: Mapping[str, Mapping[str, Any]],
    host: str,
    chosen: Iterable[str],
    inventory_hosts: Iterable[str] = (),
    other_names: Iterable[str] = (),
    backup_dir: str = "",
) -> dict[str, Any]:
    """See recording_fleet.yml."""
    chosen = list(chosen)
    known = {*inputs, *other_names}
    scope = _Scope(inputs, hostvars[host])
    members: list[Member] = []
    problems: list[tuple[str, str]] = []
    for each in dict.fromkeys([*chosen, *inventory_hosts]):
        theirs = hostvars[each]
        if each not in chosen and not scope.has_bucket(theirs):
            continue
        problems.extend((each, problem) for problem in _misspelt(theirs, known))
        problem = texts_problem(_as_written(theirs), _TEXTS, PREFIX)
        problems.extend([(each, problem)] if problem else [])
        try:
            values = _with_environment(scope.values_of(theirs))
            members.append(Member(each, intent_of(values, each), each in chosen))
        except IntentError as error:
            problems.extend((each, problem) for problem in error.problems)
        except UndefinedError as undefined:
            # In a list or in a dictionary, which are evaluated only where they are read.
            problems.append((each, f"a part of a variable cannot be read: {undefined}; {_ELSEWHERE}"))
    folder = os.path.expanduser(backup_dir)
    unproved = glob.glob(os.path.join(glob.escape(folder), f"*{SUFFIX}")) if folder else []
    result = fleet(members, problems, folder, {path: latest_playbook(path) for path in unproved})
    display = Display()
    for warning in result["warnings"]:
        display.warning(warning)
    return result


def _as_written(variables: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a host has for texts, not evaluated: a lookup of a password is left to the login."""
    written = getattr(variables, "_vars", variables)
    return {name: written.get(PREFIX + name) for name in _TEXTS}


def _with_environment(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values with what the modules take from the environment where nothing is given."""
    insecure = os.environ.get("AMS_INSECURE")
    given = dict(values)
    if any(given.get(name) is _UNKNOWN for name in _FOR_A_WARNING):
        return {**given, **dict.fromkeys(_FOR_A_WARNING, "")}
    if given.get("ams_validate_certs") in (None, "") and insecure:
        given["ams_validate_certs"] = not boolean(insecure, strict=False)
    given["ams_ca_path"] = given.get("ams_ca_path") or os.environ.get("AMS_CA_PATH", "")
    return given


class _Scope:
    """Which values are of the play, and so of all hosts, and which are of a host's own in the inventory.

    A filter sees what the play and the role say for the host it runs on alone. Where that differs from what
    the inventory says for this host, it comes from the play and beats the inventory for every host; where it
    is not a default and the inventory does not have it, likewise.
    """

    def __init__(self, inputs: Mapping[str, Any], own: Mapping[str, Any]) -> None:
        self.inputs = inputs
        self.secret_of_play = bool(inputs.get("secret_given")) and not _has_secret(own)
        self.of_play = {name for name in inputs if self._is_of_play(name, own)}

    def _is_of_play(self, name: str, own: Mapping[str, Any]) -> bool:
        value = self.inputs[name]
        if PREFIX + name in own:
            try:
                return _plain(name, value) != _plain(name, _read(own, name))
            except (IntentError, UndefinedError):
                # The host has it; that it cannot be read is said where the host's values are.
                return False
        return _plain(name, value) != DEFAULTS.get(name, "")

    def has_bucket(self, theirs: Mapping[str, Any]) -> bool:
        return "bucket" in self.of_play or PREFIX + "bucket" in theirs

    def values_of(self, theirs: Mapping[str, Any]) -> dict[str, Any]:
        values = dict(self.inputs)
        for name in self.inputs:
            if PREFIX + name in theirs and name not in self.of_play:
                values[name] = _read_or_unknown(theirs, name)
            elif name not in self.of_play:
                values[name] = ""
        values["secret_given"] = self.secret_of_play or _has_secret(theirs)
        return values


def _has_secret(variables: Mapping[str, Any]) -> bool:
    try:
        return bool(variables.get(SECRET))
    except (AnsibleError, UndefinedError):
        # By a variable of the play, with which the task that hands the key on reads it.
        return True


def _read(variables: Mapping[str, Any], name: str) -> Any:
    try:
        value = variables[PREFIX + name]
    except AnsibleError as error:
        raise IntentError([f"{PREFIX}{name} cannot be read: {type(error).__name__}; {_ELSEWHERE}"]) from None
    # From ansible-core 2.19 on it is undefined within a filter, before that a text as it was written.
    if isinstance(value, Undefined) or (isinstance(value, str) and "{{" in value):
        raise IntentError([f"{PREFIX}{name} cannot be read; {_ELSEWHERE}"])
    return value


def _read_or_unknown(variables: Mapping[str, Any], name: str) -> Any:
    try:
        return _read(variables, name)
    except IntentError:
        if name in _FOR_A_WARNING:
            return _UNKNOWN
        raise


def _plain(name: str, value: Any) -> Any:
    """A value to compare: Jinja may have made text of a boolean or a list on the way."""
    if value in (None, "", {}):
        return DEFAULTS.get(name, "")
    try:
        return typed(name, value)
    except ValueError:
        return str(value)


def recording_stopped(
    batch: Sequence[str],
    hostvars: Mapping[str, Mapping[str, Any]],
    all_hosts: Sequence[str],
    run: str,
    again: str = "",
    leaked: bool = False,
) -> str:
    """See recording_stopped.yml."""
    after = [host for host in all_hosts[_behind(batch, all_hosts) :] if host not in batch]
    return stopped([_ended(host, hostvars[host]) for host in batch], after, run, again, leaked)


def recording_not_replaced(
    retired: Mapping[str, Mapping[str, Any]], kept: Mapping[str, str], check_mode: bool = False
) -> str:
    """See recording_not_replaced.yml."""
    return not_replaced(retired, kept, check_mode)


def recording_unproved(
    batch: Sequence[str], hosts: Mapping[str, Mapping[str, Any]], hostvars: Mapping[str, Mapping[str, Any]]
) -> bool:
    """See recording_unproved.yml."""
    # A host's variables are put together anew for each look at them; its file is enough, but for a node of a
    # cluster that was not written itself.
    return any(
        os.path.exists(unverified_path(hosts[host]["backup_path"]))
        or (hosts[host]["cluster"] and (hostvars[host].get("__s3_recording_applied") or {}).get("unproved"))
        for host in batch
    )


def recording_missing(hosts: Iterable[str], hostvars: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """See recording_missing.yml."""
    applied = _applied(hosts, hostvars)
    return [host for host, result in applied.items() if result.get("failed") or "apps" not in result]


def recording_key_users(
    hosts: Iterable[str], hostvars: Mapping[str, Mapping[str, Any]], bucket: str
) -> list[str]:
    """See recording_key_users.yml."""
    users: dict[str, list[str]] = {}
    not_read = []
    for host in hosts:
        read = (hostvars[host].get("__s3_recording_read") or {}).get("settings")
        if read is None:
            not_read.append(host)
            continue
        of_bucket = [each for each in read.values() if each.get("s3BucketName") == bucket]
        for key_id in sorted({str(each.get("s3AccessKey") or "no key") for each in of_bucket}):
            users.setdefault(key_id, []).append(host)
    lines = [f"{bucket}: {key_id} is used by {', '.join(users[key_id])}" for key_id in sorted(users)]
    lines += [] if users else [f"{bucket}: no server that was read records to it"]
    return [*lines, f"{bucket}: not read were {', '.join(not_read)}"] if not_read else lines


def recording_outcomes(hosts: Iterable[str], hostvars: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """See recording_outcomes.yml."""
    results = {host: hostvars[host] for host in hosts}
    _warn_once({host: _steps(variables)[0] for host, variables in results.items()})
    _warn_once({host: _steps(variables)[1] for host, variables in results.items()})
    return {host: _outcome(variables) for host, variables in results.items()}


def recording_notes(hosts: Iterable[str], hostvars: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """See recording_notes.yml."""
    return _warn_once({host: _steps(hostvars[host])[1] for host in hosts})


def _warn_once(results: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Warn of the notes of hosts, with the same words once for all of them, and return the lines."""
    text = noted({host: result.get("notes") or [] for host, result in results.items()})
    if text:
        Display().warning(text)
    return text.splitlines()


def recording_changes(hosts: Iterable[str], hostvars: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """See recording_changes.yml."""
    applied = _applied(hosts, hostvars)
    return [f"{host}: {result.get('msg', '')}" for host, result in applied.items() if result.get("changed")]


def _applied(hosts: Iterable[str], hostvars: Mapping[str, Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    return {host: _steps(hostvars[host])[0] for host in hosts}


def _outcome(variables: Mapping[str, Any]) -> str:
    applied, proof, back = _steps(variables)
    if not applied:
        return "unknown"
    if back.get("failed"):
        return "stuck"
    if any(each["changed"] for each in (back.get("apps") or {}).values()):
        return "restored"
    if applied.get("failed") or applied.get("unreachable") or proof.get("failed"):
        return "failed"
    return "changed" if applied.get("changed") else "unchanged"


def _steps(variables: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [variables.get(f"__s3_recording_{step}") or {} for step in ("applied", "proof", "back")]


def _behind(batch: Sequence[str], all_hosts: Sequence[str]) -> int:
    return max((all_hosts.index(host) for host in batch if host in all_hosts), default=-1) + 1


def _ended(host: str, variables: Mapping[str, Any]) -> Ended:
    applied, proof, back = _steps(variables)
    broken = [each for each in (applied, proof) if each.get("failed") or each.get("unreachable")]
    has_login = not (applied.get("login_refused") or applied.get("login_unsure"))
    # A restore reads what it has something for; where it has nothing, this run has sent nothing.
    restored = has_login and "apps" in back and not back.get("failed")
    by_node = bool(applied.get("written_by")) and not back.get("apps")
    return Ended(
        host,
        broken=str(broken[0].get("msg", "")) if broken else "",
        back=any(each["changed"] for each in (back.get("apps") or {}).values()),
        read=restored and bool(back["apps"]),
        by_node=by_node,
        unchanged=restored
        and "apps" in applied
        and not (applied.get("failed") or applied.get("changed") or by_node),
        unwritten=(restored and not by_node and not applied.get("changed"))
        or not has_login
        or bool(applied.get("skipped")),
        stuck=str(back.get("msg", "")) if back.get("failed") else "",
        left_alone=sorted(
            f"{app}: {name}" for app, names in (back.get("left_alone") or {}).items() for name in names
        ),
    )


def _misspelt(variables: Mapping[str, Any], known: set[str]) -> list[str]:
    found = []
    for name in variables:
        if name.startswith(_OF_THE_ROLE_FOR_AWX):
            continue
        if name.startswith(PREFIX) and name[len(PREFIX) :] not in known:
            nearest = nearest_name(name, [PREFIX + each for each in known])
            found.append(f"there is no variable {name}" + (f", did you mean {nearest}?" if nearest else ""))
    return found


class FilterModule:
    """The filters of the collection."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {
            "recording_changes": recording_changes,
            "recording_fleet": recording_fleet,
            "recording_key_users": recording_key_users,
            "recording_missing": recording_missing,
            "recording_not_replaced": recording_not_replaced,
            "recording_outcomes": recording_outcomes,
            "recording_notes": recording_notes,
            "recording_stopped": recording_stopped,
            "recording_unproved": recording_unproved,
        }
