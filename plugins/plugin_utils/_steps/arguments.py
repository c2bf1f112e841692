# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the arguments of a step's module for one host: from the plan, the access keys and the variables."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ansible import context as command
from ansible.module_utils.parsing.convert_bool import boolean
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.backup import Apps, sort_runs, squash
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.backup_file import BackupFile
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.decommission import READ_FIRST
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.variables import PREFIX, typed
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._steps import run_file
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._steps.app_settings import (
    add_access_key,
    add_settings,
    fill_in_domain,
    removal_settings,
)
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._steps.task_variables import (
    TaskVariables,
    VariableError,
)

OF_CONNECTION = PREFIX + "ams_"
_PLAYBOOKS = "antmedia.s3_recording."
_EMPTY = (None, "")
# As bucket/domain.yml has it in check mode.
_DOMAIN_TO_COME = "(the distribution that will be made)"


def arguments_of(step: str, variables: TaskVariables) -> dict[str, Any]:
    """Return the arguments of a step. An empty variable counts as not given: the module's default holds."""
    name = variables("inventory_hostname")
    hosts = variables.fact("__s3_recording_fleet")["hosts"]
    if name not in hosts:
        raise VariableError(f"The plan of this run has no {name}, and nothing was done there by this task")
    host = hosts[name]
    given = {each: variables(OF_CONNECTION + each) for each in _CONNECTION}
    connection = {option: value for option, value in given.items() if value not in _EMPTY}
    own = {"url": host["ams_url"], **({"cluster": host["cluster"]} if host["cluster"] else {})}
    removes = boolean(variables("__s3_recording_removes", False))
    return {**connection, **own, **(_STEPS_OF_REMOVAL if removes else STEPS)[step](host, variables)}


def imports_first(step: str, variables: TaskVariables) -> bool:
    """True if recordings are imported before viewers are forwarded."""
    is_wanted = boolean(variables(PREFIX + "import", False))
    return is_wanted and step == "apply" and not boolean(variables("__s3_recording_removes", False))


def _to_apply(host: Mapping[str, Any], variables: TaskVariables) -> dict[str, Any]:
    key = _key_of(host)
    # A plan reads the keys in check mode.
    if key == run_file.KEY_TO_COME and not boolean(variables("ansible_check_mode", False)):
        raise _key_not_read(host)
    # Nobody waits while a leaked key is in use.
    is_leaked = boolean(variables("__s3_recording_leaked", False))
    minutes = 0.0 if is_leaked else float(variables(PREFIX + "wait_for_idle"))
    return {
        **_of_write(host, variables),
        "idle_timeout": 60 * minutes,
        "apps": add_access_key(_apps(host, variables), key),
    }


def _to_preview(host: Mapping[str, Any], variables: TaskVariables) -> dict[str, Any]:
    if host["cluster"] and boolean(variables(PREFIX + "import", False)):
        raise VariableError(
            "s3_recording_import cannot be used in a cluster: the first node would forward the viewers of "
            "all nodes while the others still import. Run site.yml with s3_recording_forwarding=false, then "
            "import_recordings.yml, then site.yml"
        )
    apps = add_access_key(_apps(host, variables, _DOMAIN_TO_COME), _key_of(host))
    return {"cluster_hosts": host["cluster_hosts"], "apps": apps}


def _key_of(host: Mapping[str, Any]) -> dict[str, str]:
    keys = run_file.kept()
    if keys is None or host["bucket"] not in keys:
        raise _key_not_read(host)
    return keys[host["bucket"]]


def _key_not_read(host: Mapping[str, Any]) -> VariableError:
    return VariableError(
        f"No task of this run has read the access key of {host['bucket']}, because the task that does "
        "was skipped. Nothing was done by this task. Run without --start-at-task and --step"
    )


def _apps(
    host: Mapping[str, Any], variables: TaskVariables, to_come: str = ""
) -> Sequence[Mapping[str, Any]]:
    """Return the host's applications with all settings but the access key. to_come: see _with_domain."""
    return _with_domain(host, add_settings(host["apps"], _own_settings(host, variables)), variables, to_come)


def _with_domain(
    host: Mapping[str, Any],
    apps: Sequence[Mapping[str, Any]],
    variables: TaskVariables,
    to_come: str = "",
) -> Sequence[Mapping[str, Any]]:
    """Return applications with the domain of the distribution, where viewers are sent to one.

    to_come: stands for the domain if no distribution exists yet; without it that is an error.
    """
    if not host["needs_domain"]:
        return apps
    name, bucket = "__s3_recording_domains", host["bucket"]
    domain = variables.fact(name, {}).get(bucket, to_come) if to_come else variables.fact(name)[bucket]
    return fill_in_domain(apps, domain)


def _own_settings(host: Mapping[str, Any], variables: TaskVariables) -> dict[str, Any]:
    """Return s3_recording_settings, whose values may be secrets and are not in the plan."""
    value = variables(f"{PREFIX}settings")
    try:
        settings: dict[str, Any] = {} if value in _EMPTY else typed("settings", value)
    except ValueError as error:
        raise VariableError(f"{PREFIX}settings: {error}") from None
    if sorted(map(str, settings)) != host["other_settings"]:
        raise VariableError(
            f"{PREFIX}settings names {_names(settings)} in this task and named "
            f"{_names(host['other_settings'])} in the plan of this run. Give the variable in the "
            "inventory, or to all plays of the run in the same way"
        )
    return settings


def _names(names: Iterable[Any]) -> str:
    return ", ".join(sorted(map(str, names))) or "nothing"


def _of_write(host: Mapping[str, Any], variables: TaskVariables) -> dict[str, Any]:
    return {
        "start_timeout": variables(PREFIX + "ams_start_timeout"),
        "cluster_hosts": host["cluster_hosts"],
        "cluster_timeout": variables(PREFIX + "cluster_timeout"),
        "backup_path": host["backup_path"],
        "backup_run": variables("__s3_recording_run"),
        "backup_playbook": _playbook(),
    }


def _playbook() -> str:
    """Return the short names of this run's playbooks."""
    named = [os.path.basename(str(each)) for each in command.CLIARGS.get("args") or ()]
    return ", ".join(re.sub(r"\.ya?ml$", "", name).removeprefix(_PLAYBOOKS) for name in named)


def _to_remove(host: Mapping[str, Any], variables: TaskVariables) -> dict[str, Any]:
    return {**_of_write(host, variables), "apps": _removal(host, variables)}


def _to_preview_removal(host: Mapping[str, Any], variables: TaskVariables) -> dict[str, Any]:
    return {"cluster_hosts": host["cluster_hosts"], "apps": _removal(host, variables)}


def _removal(host: Mapping[str, Any], variables: TaskVariables) -> list[dict[str, Any]]:
    backup = _backup_of(host, variables.fact("__s3_recording_fleet")["hosts"])
    return removal_settings(host["apps"], host["bucket"], backup)


def _backup_of(host: Mapping[str, Any], hosts: Mapping[str, Mapping[str, Any]]) -> Apps:
    """Return a host's settings before the first run; in a cluster one of the nodes has the backup."""
    cluster = host["cluster"]
    nodes = [each for each in hosts.values() if cluster and each["cluster"] == cluster] or [host]
    backups = [BackupFile(node["backup_path"], node["ams_url"]).all_layers() for node in nodes]
    order = sort_runs(backups)
    return squash(
        sorted((layer for each in backups for layer in each), key=lambda each: order.index(each["run"]))
    )


def _to_check(host: Mapping[str, Any], variables: TaskVariables) -> dict[str, Any]:
    return {
        "viewer_url": host["viewer_url"],
        "apps": _apps(host, variables),
        "origins": host["origins"],
        "closed": host["closed"],
        "allow_open_hls_upload": host["allow_open_hls_upload"],
        "backlog": host["backlog"],
        "backlog_max": host["backlog_max"],
        "expire_days": host["expire_days"],
        "cors_elsewhere": host["cors_elsewhere"],
        "live_timeout": variables(PREFIX + "live_test_timeout"),
        **_recorded_in(host, variables),
    }


def _to_check_removal(host: Mapping[str, Any], variables: TaskVariables) -> dict[str, Any]:
    return {
        "state": "absent",
        "viewer_url": host["viewer_url"],
        "apps": _with_domain(host, host["apps"], variables),
        **_recorded_in(host, variables),
    }


def _recorded_in(host: Mapping[str, Any], variables: TaskVariables) -> dict[str, Any]:
    """Return where the check records that it passed; in a batch that is done for all hosts together."""
    later = boolean(variables("__s3_recording_recorded_later", False))
    return {} if later else {"backup_path": host["backup_path"]}


def _to_import(host: Mapping[str, Any], variables: TaskVariables) -> dict[str, Any]:
    given = host["import"]
    return {
        # Behind the address of a cluster is any of its nodes.
        "viewer_url": host["ams_url"] if host["cluster"] else host["viewer_url"],
        "apps": _apps(host, variables),
        "connections": given["connections"],
        "bandwidth": given["bandwidth"],
        "min_age": given["min_age"],
        "expire_days": host["expire_days"],
        "ams_dir": variables(PREFIX + "ams_dir"),
        "delete_local": given["delete"],
    }


def _to_read(host: Mapping[str, Any], _variables: TaskVariables) -> dict[str, Any]:
    return {
        "apps": [app["name"] for app in host["apps"]],
        "all_apps": True,
        "live_streams": True,
        "settings": list(READ_FIRST),
    }


def _to_restore(host: Mapping[str, Any], variables: TaskVariables) -> dict[str, Any]:
    restore = {option: variables(f"__s3_recording_restore_{name}") for option, name in _RESTORE.items()}
    return {
        "start_timeout": variables(PREFIX + "ams_start_timeout"),
        "restore": {"path": host["backup_path"], **restore},
    }


_RESTORE = {"since": "since", "unverified": "unverified", "forget": "forget", "access_key": "access_key"}
_CONNECTION = ("email", "password", "jwt_token", "validate_certs", "ca_path", "timeout")
STEPS: dict[str, Callable[[Mapping[str, Any], TaskVariables], dict[str, Any]]] = {
    "apply": _to_apply,
    "check": _to_check,
    "import": _to_import,
    "preview": _to_preview,
    "read": _to_read,
    "restore": _to_restore,
}
_STEPS_OF_REMOVAL = {
    **STEPS,
    "apply": _to_remove,
    "check": _to_check_removal,
    "preview": _to_preview_removal,
}
