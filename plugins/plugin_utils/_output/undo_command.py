# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command that undoes a run, to be copied into a shell: with the options of the run that it needs.

A value is repeated only where its name says that it is no secret.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Optional

import yaml
from ansible.errors import AnsibleError
from ansible.parsing.splitter import parse_kv

from .._display.lines import listed
from .._intent.model import Intent

_PREFIX = "s3_recording_"
_ROLLBACK = "antmedia.s3_recording.rollback"
_FLAGS = {
    "ask_vault_pass": "--ask-vault-pass",
    "ask_pass": "--ask-pass",
}
_OPTIONS = {
    "vault_ids": "--vault-id",
    "vault_password_files": "--vault-password-file",
    "remote_user": "-u",
    "private_key_file": "--private-key",
    "subset": "--limit",
}
# Beside the intent, which says where the servers and their backups are.
_ALSO_NEEDED = (
    "hosts",
    "inventory_hosts",
    "backup_dir",
    "gone_hosts",
    "ams_timeout",
    "ams_start_timeout",
    "rollback_since",
)
_NOT_REPEATED = ("ams_email", "ams_password", "ams_jwt_token", "access_key_id", "secret_access_key")
# A rollback does not set them, and their values may be secrets.
_NOT_NEEDED = ("settings", "secret_given")
_NEEDED = {field.name for field in fields(Intent)}.union(_ALSO_NEEDED).difference(_NOT_NEEDED, _NOT_REPEATED)
_PLAIN = re.compile(r"[\w./:,@%+*~!&-]+", re.ASCII)
_WITH_PASSWORD = re.compile(r"://[^/\s]*@")
# A line of the terminal is cut after a thousand.
_LONGEST = 900


@dataclass(frozen=True)
class Undo:
    """How a run is undone. command: for a shell. needs: what must be added to it, in a sentence."""

    command: str = ""
    needs: str = ""


@dataclass(frozen=True)
class _Given:
    """An option -e. repeated: the same again, for the new command. missing: names whose values are not."""

    repeated: Sequence[str] = ()
    missing: Sequence[str] = ()


def undo_of(run: str, inventory: Iterable[str], options: Mapping[str, Any]) -> Undo:
    """Return how to roll a run back.

    inventory: the sources that the run was given. options: those of its command line, by Ansible's names.
    """
    given = [_given(str(text)) for text in options.get("extra_vars") or ()]
    repeated = [part for each in given for text in each.repeated for part in ("-e", text)]
    missing = [name for each in given for name in each.missing]
    command = _command(run, inventory, options, repeated)
    if len(command) > _LONGEST:
        command = _command(run, inventory, options, [])
        missing = [*(text.partition("=")[0] for text in repeated[1::2]), *missing]
    names = list(dict.fromkeys(missing))
    needs = f"also -e with {listed(names, 10)}, as in this run: such values are not repeated here"
    return Undo(command, needs if names else "")


def _command(
    run: str, inventory: Iterable[str], options: Mapping[str, Any], extra_vars: Sequence[str]
) -> str:
    sources = [part for source in inventory for part in ("-i", source)]
    last = ["-e", f"{_PREFIX}rollback_run={run}"]
    return shlex.join(["ansible-playbook", *sources, *_repeated(options), _ROLLBACK, *extra_vars, *last])


def _repeated(options: Mapping[str, Any]) -> Iterator[str]:
    """Yield the options without which the inventory or the servers cannot be read."""
    yield from (flag for name, flag in _FLAGS.items() if options.get(name))
    for name, flag in _OPTIONS.items():
        value = options.get(name) or ()
        for each in [value] if isinstance(value, str) else value:
            yield from (flag, str(each))


def _given(text: str) -> _Given:
    """Return what of an option -e is given to the rollback too."""
    if text.startswith("@"):
        return _Given(repeated=[text])
    values = _values(text)
    if values is None:
        return _Given(missing=["what could not be parsed"])
    names = [name for name in values if not name.startswith("_") and _is_needed(name)]
    repeated = [name for name in names if _is_public(name, values[name])]
    return _Given(
        [_as_option(name, values[name]) for name in repeated], [n for n in names if n not in repeated]
    )


def _values(text: str) -> Optional[dict[str, Any]]:
    """Return the variables of an option -e, None if it cannot be read."""
    try:
        found = yaml.safe_load(text) if text[:1] in ("{", "[") else parse_kv(text)
    except (yaml.YAMLError, AnsibleError):
        return None
    return {str(name): value for name, value in found.items()} if isinstance(found, Mapping) else None


def _is_needed(name: str) -> bool:
    """True if a rollback may need a variable: of the role's some, of the inventory's own all."""
    if not name.startswith(_PREFIX):
        return True
    return name.removeprefix(_PREFIX) in _NEEDED.union(_NOT_REPEATED)


def _is_public(name: str, value: Any) -> bool:
    is_known = name.startswith(_PREFIX) and name.removeprefix(_PREFIX) in _NEEDED
    return is_known and not _WITH_PASSWORD.search(str(value))


def _as_option(name: str, value: Any) -> str:
    if isinstance(value, str) and _PLAIN.fullmatch(value):
        return f"{name}={value}"
    return json.dumps({name: value}, default=str)
