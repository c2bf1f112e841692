#!/usr/bin/python
# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: ams_app_settings
short_description: Manage application settings of an Ant Media Server
version_added: 0.1.0
author: antmedia.s3_recording contributors (@antmedia)
description:
  - Sets the given settings of one or more applications of an Ant Media Server (AMS).
    Settings that are not given stay as they are.
  - Reads the whole settings object and compares it with what the server would store. If something differs,
    the module writes the whole object and reads it back. It validates every application before it writes the
    first one.
  - AMS accepts only the whole object. The module therefore reads an application again just before it writes,
    so that a change that someone else made in the meantime is kept.
  - A setting that the server does not know is an error. The message names the nearest known setting or the
    release that introduced it. AMS itself drops unknown settings and still reports success.
  - Can back up the previous settings, and restore them.
extends_documentation_fragment:
  - antmedia.s3_recording.ams_connection
options:
  app:
    description:
      - Name of an application, for example V(live). To change several applications with one login, use
        O(apps).
      - Exactly one of O(app), O(apps) and O(restore) is required.
    type: str
  settings:
    description:
      - Settings of O(app) by their names in AMS, for example V(mp4MuxingEnabled).
      - In the items of a list, for example of V(encoderSettings), the server fills in the keys that you leave
        out. These do not count as a difference.
    type: dict
    default: {}
  reset:
    description:
      - Names of settings of O(app) to reset to the default of the server's release.
    type: list
    elements: str
    default: []
  only_if:
    description:
      - Settings that O(app) must have now. If one differs, the application is left alone.
    type: dict
    default: {}
  undo:
    description:
      - Settings of O(app) to put back. For each, C(before) is the value to write and C(after) the value that
        the server must still have. A setting that someone else has changed is reported and left alone.
    type: dict
    default: {}
  apps:
    description:
      - Several applications of the server.
    type: list
    elements: dict
    suboptions:
      name:
        description: Name of the application.
        type: str
        required: true
      settings:
        description: Its settings by their names in AMS.
        type: dict
        default: {}
      reset:
        description: Names of settings to reset to the default of the server's release.
        type: list
        elements: str
        default: []
      only_if:
        description: Settings that the application must have now. If one differs, it is left alone.
        type: dict
        default: {}
      undo:
        description:
          - Settings to put back. For each, C(before) is the value to write and C(after) the value that the
            server must still have. A setting that someone else has changed is reported and left alone.
        type: dict
        default: {}
  backup_path:
    description:
      - Backup file on the controller, ending in C(.json). Before the module writes to the server, it adds the
        previous values of what it changes. The file has mode 0600, because these values may be secrets. Like
        ssh with its keys, the module refuses a file that others can read or change, a file of another user,
        and a folder that others can write to.
      - The folder must be on a file system that supports locks (NFS does from version 4 on). Two runs can use
        the same file without losing each other's backups.
      - Until M(antmedia.s3_recording.recording_check) has verified the change, its backup is in the file next
        to it that ends in C(.unverified.json).
      - Use one file for each server. It keeps the last 100 runs.
    type: path
  backup_run:
    description:
      - Name of the run, under which the previous values are kept. The file lists runs in the order in which
        they were made. Use a time that begins with the year, see O(restore.since).
      - Required with O(backup_path).
    type: str
  backup_playbook:
    description:
      - What makes the change, for example the name of a playbook. It is kept with O(backup_run) to help
        people find a run.
    type: str
  backup_only:
    description:
      - Back up the previous values to O(backup_path), predict the result as check mode does, and write
        nothing to the server. If the connection is not local, the action does this first on its own, because
        the file is on the controller.
    type: bool
    default: false
  carried:
    description:
      - Set by the action when the module runs on the server. Do not set it yourself.
      - The file of O(backup_path) or O(restore) is then a copy in the temporary folder of the task. Without
        O(backup_only) it already holds the previous values. If the server has other values by now, the module
        fails and writes nothing.
    type: bool
    default: false
  restore:
    description:
      - Restore the applications from a file written with O(backup_path). A setting is written only if the
        server still has the value that the change left. What someone else has set since is reported and left
        alone.
      - An access key belongs to its bucket. If the bucket is restored, so is its key, even if the key was
        rotated since.
      - Cannot be used with O(backup_path).
    type: dict
    suboptions:
      path:
        description: The backup file on the controller.
        type: path
        required: true
      run:
        description:
          - Exact name of a run in the file. This run and all later ones are rolled back.
          - If the file has no such run, the module fails and changes nothing.
        type: str
      since:
        description:
          - A time such as V(20261124T120000Z). All runs from then on are rolled back. No run needs to have
            begun at exactly that time. A run that the file lists before a run with an earlier time counts as
            earlier too.
          - Without this and O(restore.run), only unverified changes are rolled back.
        type: str
      forget:
        description:
          - Whether to remove a value from the file once it has been read back from the server. Values of
            settings that were left alone stay in the file. Use V(false) if a write got no answer, since the
            server may still carry it out.
        type: bool
        default: true
      access_key:
        description:
          - Whether to restore an access key that was replaced by another key for the same bucket. Use
            V(false) if the old key may be inactive or deleted by now. The new key then stays, and so does the
            backup of the old one.
        type: bool
        default: true
      unverified:
        description:
          - Whether to also roll back all unverified changes, even those older than O(restore.run) or
            O(restore.since).
        type: bool
        default: true
  start_timeout:
    description:
      - Seconds to wait for a server that is starting. It counts as starting while it refuses connections or
        has not loaded the application. A login that was refused is never tried again.
    type: float
    default: 0
  idle_timeout:
    description:
      - Seconds to wait until the applications that are to change have no live streams. After that the module
        writes the settings all the same. It waits only if something changes.
    type: float
    default: 0
    version_added: 0.1.0
  written_by:
    description:
      - Set by the action when O(cluster) is given. Do not set it yourself.
      - Name of the cluster node that has written these settings. The module does not write to this server. It
        waits until the server shows the settings.
    type: str
  cluster_hosts:
    description:
      - Number of nodes of O(cluster) that are known. If not V(0), the module asks the first of them how many
        nodes there are, and warns if the numbers differ, because nobody maintains a node that is not known.
    type: int
    default: 0
  cluster_timeout:
    description:
      - Seconds to wait until the other nodes of a cluster show what one of them has written.
    type: float
    default: 60
attributes:
  check_mode:
    description: Reads, predicts the whole result and writes nothing.
    support: full
  diff_mode:
    description: Shows only the changed settings, with secrets masked.
    support: full
  idempotent:
    description:
      - Values that the server rewrites do not count as a change.
    support: full
notes:
  - Running streams keep the settings with which they started.
  - The server has no locking. If someone else writes between the last read and the write, the last write
    wins. The module then warns which values the server has, and which were not written.
  - Secrets in the settings object, such as C(s3SecretKey), never appear in a result, a diff or an error.
"""

EXAMPLES = r"""
- name: Record streams of one application as MP4
  antmedia.s3_recording.ams_app_settings:
    url: "{{ ams_url }}"
    email: "{{ ams_email }}"
    password: "{{ ams_password }}"
    app: live
    settings:
      mp4MuxingEnabled: true

- name: Change two applications with one login
  antmedia.s3_recording.ams_app_settings:
    url: "{{ ams_url }}"
    email: "{{ ams_email }}"
    password: "{{ ams_password }}"
    apps:
      - name: live
        settings:
          mp4MuxingEnabled: true
          httpForwardingExtension: mp4
          httpForwardingBaseURL: https://myvideos.s3.us-east-1.amazonaws.com
      - name: LiveApp
        reset: [httpForwardingExtension, httpForwardingBaseURL]

- name: Change a setting and back up its previous value
  antmedia.s3_recording.ams_app_settings:
    url: "{{ ams_url }}"
    email: "{{ ams_email }}"
    password: "{{ ams_password }}"
    app: live
    settings:
      mp4MuxingEnabled: false
    backup_path: "~/ams-backup/{{ inventory_hostname }}.json"
    backup_run: 20261124T120000Z

- name: Restore the previous value
  antmedia.s3_recording.ams_app_settings:
    url: "{{ ams_url }}"
    email: "{{ ams_email }}"
    password: "{{ ams_password }}"
    restore:
      path: "~/ams-backup/{{ inventory_hostname }}.json"
      run: 20261124T120000Z
"""

RETURN = r"""
apps:
  description: The changed settings of each application.
  returned: success
  type: dict
  contains:
    changed:
      description: Whether a setting of the application differed.
      type: bool
    changes:
      description: Each changed setting with its previous and its new value, secrets as V(********).
      type: dict
  sample:
    live:
      changed: true
      changes:
        mp4MuxingEnabled: {before: false, after: true}
unverified:
  description: Whether the server has an unverified change, from this run or an earlier one.
  returned: with O(backup_path), on success
  type: bool
  sample: true
written_by:
  description: The node of O(cluster) that wrote the settings that the module waited for on this node.
  returned: if another node has changed something
  type: str
  sample: ams1.example.com
notes:
  description:
    - Notices about the server. In a batch of the role C(s3_recording) each is one warning for all hosts of
      the batch. Elsewhere it is a warning of each host.
  returned: in a batch of the role, if there are any
  type: list
  elements: str
  sample:
    - >-
      https://ams.example.com:5443, application 'live': the server stores '6' for hlsListSize, which is not
      the requested value
restored:
  description:
    - For each application, the settings that have their previous values again, as read back from the server.
      In check mode, those that would.
  returned: with O(restore), on success
  type: dict
  sample:
    live: [httpForwardingBaseURL, s3RecordingEnabled]
left_alone:
  description:
    - For each application, the settings that someone else has changed since, with their current values.
  returned: with O(restore), on success
  type: dict
  sample:
    live:
      httpForwardingExtension: mp4,webm
key_stays:
  description:
    - For each application, the settings of an access key that was not restored, see O(restore.access_key).
  returned: with O(restore), on success
  type: dict
  sample:
    live: [s3AccessKey, s3SecretKey]
runs:
  description: The runs that were rolled back. If there was nothing to restore, the runs that the file holds.
  returned: with O(restore), on success
  type: list
  elements: str
  sample: [20261124T120000Z]
uncertain:
  description: V(true) if a write got no answer, so that the server may still carry it out.
  returned: failure for that reason
  type: bool
  sample: true
stale:
  description: V(true) if someone else changed the settings after their backup was made, three times in a row.
  returned: failure for that reason
  type: bool
  sample: true
login_unsure:
  description: V(true) if a login got no answer, so that the server may have counted it as a wrong one.
  returned: failure for that reason
  type: bool
  sample: true
login_refused:
  description: V(true) if the server refused the login. Do not try it again.
  returned: failure for that reason
  type: bool
  sample: true
msg:
  description: In one line what was changed, or why it failed.
  returned: always
  type: str
  sample: "live: 1 setting changed (mp4MuxingEnabled)"
status:
  description: The HTTP status of the answer that led to the failure.
  returned: failure, if the server answered
  type: int
  sample: 403
"""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams import arguments
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.backup_file import BackupFile
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.rollback import roll_back
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.update import apply_settings
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.update_plan import (
    ApplyOptions,
    DesiredSettings,
)

_OF_ONE = {
    "settings": {"type": "dict", "default": {}},
    "reset": {"type": "list", "elements": "str", "default": [], "no_log": False},
    "only_if": {"type": "dict", "default": {}},
    "undo": {"type": "dict", "default": {}},
}
ARGUMENT_SPEC = {
    **arguments.CONNECTION_SPEC,
    **_OF_ONE,
    "app": {"type": "str"},
    "apps": {
        "type": "list",
        "elements": "dict",
        "options": {"name": {"type": "str", "required": True}, **_OF_ONE},
    },
    "backup_path": {"type": "path"},
    "backup_run": {"type": "str"},
    "backup_playbook": {"type": "str"},
    "backup_only": {"type": "bool", "default": False},
    "carried": {"type": "bool", "default": False},
    "restore": {
        "type": "dict",
        "options": {
            "path": {"type": "path", "required": True},
            "run": {"type": "str"},
            "since": {"type": "str"},
            "unverified": {"type": "bool", "default": True},
            "forget": {"type": "bool", "default": True},
            "access_key": {"type": "bool", "default": True, "no_log": False},
        },
        "mutually_exclusive": [("run", "since")],
    },
    "start_timeout": {"type": "float", "default": 0},
    "idle_timeout": {"type": "float", "default": 0},
    "written_by": {"type": "str"},
    "cluster_hosts": {"type": "int", "default": 0},
    "cluster_timeout": {"type": "float", "default": 60},
}
CONSTRAINTS = {
    **arguments.CONNECTION_CONSTRAINTS,
    "mutually_exclusive": [("app", "apps", "restore"), ("backup_path", "restore")],
    "required_one_of": [*arguments.CONNECTION_CONSTRAINTS["required_one_of"], ("app", "apps", "restore")],
    "required_together": [("backup_path", "backup_run")],
}


def run(params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    connection = arguments.connection_of(params)
    restore = params["restore"] or {}
    path = restore["path"] if restore else params["backup_path"]
    options = ApplyOptions(
        check_mode=check_mode,
        backup=BackupFile(path, connection.checked_url(), params["carried"]) if path else None,
        is_backed_up=params["carried"] and not params["backup_only"],
        forget=restore.get("forget", True),
        access_key=restore.get("access_key", True),
        **{each.name: params[each.name] for each in fields(ApplyOptions) if each.name in params},
    )
    if options.backup and restore:
        first = options.backup.first_run(restore["run"], restore["since"])
        return roll_back(connection, options.backup, first, restore["unverified"], options)
    return apply_settings(connection, desired_of(params), options)


def desired_of(params: Mapping[str, Any]) -> list[DesiredSettings]:
    """Return what the options desire of each application."""
    one = {**params, "name": params["app"]}
    apps = params["apps"] if params["app"] is None else [one]
    return [DesiredSettings(each["name"], **{name: each[name] for name in _OF_ONE}) for each in apps]


def main() -> None:
    arguments.run_as_module(run, ARGUMENT_SPEC, **CONSTRAINTS)


if __name__ == "__main__":
    main()
