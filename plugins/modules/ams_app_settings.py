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
  - A setting that the server does not know is an error that names the nearest known one or the release that
    brought it, because the server itself drops unknown settings and still answers with success.
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
    type: dict
    default: {}
  reset:
    description:
      - Names of settings of O(app) to put back to their default in the release that the server runs.
    type: list
    elements: str
    default: []
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
  - The server has no locking; of two that write at the same moment the last one wins.
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
from typing import Any

from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams import arguments
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.apply import Wish, outcome

_OF_ONE = {
    "settings": {"type": "dict", "default": {}},
    "reset": {"type": "list", "elements": "str", "default": [], "no_log": False},
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
}
CONSTRAINTS = {
    **arguments.CONNECTION_CONSTRAINTS,
    "mutually_exclusive": [("app", "apps")],
    "required_one_of": [*arguments.CONNECTION_CONSTRAINTS["required_one_of"], ("app", "apps")],
}


def run(params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    one = {"name": params["app"], "settings": params["settings"], "reset": params["reset"]}
    asked = params["apps"] if params["app"] is None else [one]
    wishes = [Wish(each["name"], each["settings"], each["reset"]) for each in asked]
    return outcome(arguments.connection_of(params), wishes, check_mode)


def main() -> None:
    arguments.run_as_module(run, ARGUMENT_SPEC, **CONSTRAINTS)


if __name__ == "__main__":
    main()
