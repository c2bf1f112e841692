#!/usr/bin/python
# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: ams_app_settings
short_description: Settings of the applications of an Ant Media Server
version_added: 0.1.0
author: antmedia.s3_recording contributors (@antmedia)
description:
  - Brings settings of one or several applications of an Ant Media Server (AMS) to the values given.
    A setting that is not given stays as it is.
  - Reads the whole settings object, compares it as the server would store it, writes the whole object only if
    something differs, and reads it back. Everything is checked before the first application is written.
  - Since the server takes the whole object, an application is read again just before it is written, so that
    what somebody else has set since the first look stays.
  - A setting that the server does not know is an error that names the nearest known one or the release that
    brought it, because the server itself drops unknown settings and still answers with success.
  - Can keep what the settings were before, and take a server back to it.
extends_documentation_fragment:
  - antmedia.s3_recording.ams_connection
options:
  app:
    description:
      - Name of an application, for example V(live). Use O(apps) for several applications in one login.
    type: str
  settings:
    description:
      - Settings of O(app) by their names in AMS, for example V(mp4MuxingEnabled).
      - A key that an item of a list, for example of V(encoderSettings), does not name is left to the server.
        What the server fills in there is no difference.
    type: dict
    default: {}
  reset:
    description:
      - Names of settings of O(app) to put back to their default in the release that the server runs.
    type: list
    elements: str
    default: []
  only_if:
    description:
      - Settings that O(app) must have now. Where one differs the application is left alone.
    type: dict
    default: {}
  undo:
    description:
      - Settings of O(app) to put back, each with C(before), the value that it gets, and C(after), the value
        that it must still have. One that somebody else has changed is named and left alone.
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
        description: Names of settings to put back to their default in the release that the server runs.
        type: list
        elements: str
        default: []
      only_if:
        description: Settings that it must have now. Where one differs the application is left alone.
        type: dict
        default: {}
      undo:
        description:
          - Settings to put back, each with C(before), the value that it gets, and C(after), the value that
            it must still have. One that somebody else has changed is named and left alone.
        type: dict
        default: {}
  backup_path:
    description:
      - File on the controller, ending in C(.json), to which the former values of what is changed are added
        before anything is written. Its mode is 0600, since former values may be secrets. As ssh does with its
        keys, a file that others can read or change is refused, and so is one of another user, and a folder
        that others can write to.
      - The folder must be on a file system with locks, as NFS has them from version 4 on. Of two runs on one
        file none loses what the other has kept.
      - Until M(antmedia.s3_recording.recording_check) has proved the change they are in the file beside it
        that ends in C(.unproved.json).
      - One file for each server; the changes of the last 100 runs are kept.
    type: path
  backup_run:
    description:
      - Name of the run under which the former values are kept. The file has the runs in the order in which
        they were made. A time that begins with the year is a good name, see O(restore.since).
      - Required with O(backup_path).
    type: str
  backup_playbook:
    description:
      - What makes the change, for example the name of a playbook. It is kept with O(backup_run), for people
        who look for a run.
    type: str
  backup_only:
    description:
      - Keeps the former values in O(backup_path), predicts the result as in check mode and writes nothing to
        the server. With a connection other than local this is done first by itself, since the file is on the
        controller.
    type: bool
    default: false
  carried:
    description:
      - The file of O(backup_path) or O(restore) is a copy in the temporary folder of the task. Without
        O(backup_only) it has the former values already, and where the server has others by now it is an error
        and nothing is written. The action sets it by itself where the module runs on the server.
    type: bool
    default: false
  restore:
    description:
      - Restores the applications from a file that O(backup_path) made. Each setting is written only where the
        server still has what the change left; what somebody else has set since is named and left alone.
      - An access key belongs to its bucket. Where the bucket goes back the key goes back with it, also if the
        key was rotated since.
    type: dict
    suboptions:
      path:
        description: The file on the controller.
        type: path
        required: true
      run:
        description:
          - Exact name of a run in the file. It is rolled back with all runs after it.
          - A name that is not in the file is an error, and nothing is changed.
        type: str
      since:
        description:
          - A time like V(20261124T120000Z). All runs from then on are rolled back, whether one began at that
            time or not. A run that comes before one of an earlier time in the file counts as earlier too.
          - Without this and O(restore.run) only changes that were not proved are rolled back.
        type: str
      forget:
        description:
          - Whether values are taken out of the file when they were read back from the server. What was left
            alone stays in the file. V(false) where a write was given up without an answer, since it may be
            carried out later.
        type: bool
        default: true
      access_key:
        description:
          - Whether an access key is restored that was replaced by another for the same bucket. V(false) where
            that one may be inactive or deleted by now. The key that replaced it stays then, and so does its
            backup.
        type: bool
        default: true
      unproved:
        description:
          - Whether changes that were not proved are rolled back, those before O(restore.run) and
            O(restore.since) too.
        type: bool
        default: true
  ready_timeout:
    description:
      - Seconds to wait for a server that is starting, that is one that refuses connections or whose
        application is not loaded yet. A login that was refused is never tried again.
    type: float
    default: 0
  written_by:
    description:
      - The node of the cluster that has written these settings. This one is not written then but waited for,
        until it shows them. The action sets it by itself where O(cluster) is given.
    type: str
  cluster_hosts:
    description:
      - How many nodes of O(cluster) are known. If not V(0), the first of them is asked how many there are,
        and a difference is warned of, since nobody looks after a node that is not known.
    type: int
    default: 0
  cluster_timeout:
    description: Seconds in which what one node of a cluster wrote must show at the others.
    type: float
    default: 60
attributes:
  check_mode:
    description: Reads and predicts the result in full, writes nothing.
    support: full
  diff_mode:
    description: Shows the changed settings alone, secrets masked.
    support: full
  idempotent:
    description:
      - Values that the server rewrites do not count as a change.
    support: full
notes:
  - Running streams go on with the settings they started with.
  - The server has no locking. Of two that write at the same moment, between the last read and the write, the
    last one wins. What the server has after the write, and what was not written, is a warning.
  - Secrets that are fields of the settings object, C(s3SecretKey) for one, never appear in a result, a
    diff or an error.
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

- name: Change two applications in one login
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

- name: Keep the values of before
  antmedia.s3_recording.ams_app_settings:
    url: "{{ ams_url }}"
    email: "{{ ams_email }}"
    password: "{{ ams_password }}"
    app: live
    settings:
      mp4MuxingEnabled: false
    backup_path: "~/ams-former/{{ inventory_hostname }}.json"
    backup_run: 20261124T120000Z

- name: Restore them
  antmedia.s3_recording.ams_app_settings:
    url: "{{ ams_url }}"
    email: "{{ ams_email }}"
    password: "{{ ams_password }}"
    restore:
      path: "~/ams-former/{{ inventory_hostname }}.json"
      run: 20261124T120000Z
"""

RETURN = r"""
apps:
  description: For each application its changed settings.
  returned: success
  type: dict
  contains:
    changed:
      description: Whether a setting of the application differed.
      type: bool
    changes:
      description: Each changed setting with its values before and after, secrets as V(********).
      type: dict
  sample:
    live:
      changed: true
      changes:
        mp4MuxingEnabled: {before: false, after: true}
unproved:
  description: Whether a change is there, of this run or an earlier one, that was not proved yet.
  returned: with O(backup_path), on success
  type: bool
  sample: true
written_by:
  description: The node of O(cluster) that has written what this one was waited for to show.
  returned: where another node has changed something
  type: str
  sample: ams1.example.com
notes:
  description:
    - What is to be known of the server. A batch of the role C(s3_recording) warns of it once for all of its
      hosts; elsewhere it is a warning of each host.
  returned: in a batch of the role, if there is something
  type: list
  elements: str
  sample:
    - >-
      https://ams.example.com:5443, application 'live': the server stores '6' for hlsListSize, which is not
      the requested value
restored:
  description:
    - For each application the settings that have their previous values again, which was read back from the
      server; in check mode those that would.
  returned: with O(restore), on success
  type: dict
  sample:
    live: [httpForwardingBaseURL, s3RecordingEnabled]
left_alone:
  description: For each application the settings that somebody else has changed since, with what they are now.
  returned: with O(restore), on success
  type: dict
  sample:
    live:
      httpForwardingExtension: mp4,webm
key_stays:
  description: For each application the settings of a key that is not restored, see O(restore.access_key).
  returned: with O(restore), on success
  type: dict
  sample:
    live: [s3AccessKey, s3SecretKey]
runs:
  description: The runs that were rolled back, or those that could be where there was nothing to restore.
  returned: with O(restore), on success
  type: list
  elements: str
  sample: [20261124T120000Z]
uncertain:
  description: V(true) where a write was sent whose answer was lost, so that it may be carried out.
  returned: failure for that reason
  type: bool
  sample: true
stale:
  description: V(true) where somebody else has changed the settings after their backup was made.
    It was tried three times.
  returned: failure for that reason
  type: bool
  sample: true
login_unsure:
  description: V(true) where a login was sent whose answer was lost, so that it may count as a wrong one.
  returned: failure for that reason
  type: bool
  sample: true
login_refused:
  description: V(true) where the server did not take the login, so that it should not be tried again.
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
  returned: failure, where there was an answer
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
            "unproved": {"type": "bool", "default": True},
            "forget": {"type": "bool", "default": True},
            "access_key": {"type": "bool", "default": True, "no_log": False},
        },
        "mutually_exclusive": [("run", "since")],
    },
    "ready_timeout": {"type": "float", "default": 0},
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
    path = restore.get("path") or params["backup_path"]
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
        return roll_back(connection, options.backup, first, restore["unproved"], options)
    return apply_settings(connection, _desired(params), options)


def _desired(params: Mapping[str, Any]) -> list[DesiredSettings]:
    one = {**params, "name": params["app"]}
    apps = params["apps"] if params["app"] is None else [one]
    return [DesiredSettings(each["name"], **{name: each[name] for name in _OF_ONE}) for each in apps]


def main() -> None:
    arguments.run_as_module(run, ARGUMENT_SPEC, **CONSTRAINTS)


if __name__ == "__main__":
    main()
