#!/usr/bin/python
# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: ams_server_info
short_description: Gather information about an Ant Media Server
version_added: 0.1.0
author: antmedia.s3_recording contributors (@antmedia)
description:
  - Reads release, edition, cluster and applications of an Ant Media Server (AMS). Changes nothing.
extends_documentation_fragment:
  - antmedia.s3_recording.ams_connection
options:
  apps:
    description: Names of the applications whose O(settings) to read.
    type: list
    elements: str
    default: []
  all_apps:
    description:
      - Whether to read the O(settings) of all applications and not only those of O(apps). If the user may not
        list the applications, only those of O(apps) are read.
    type: bool
    default: false
  live_streams:
    description: Whether to count the live streams of each of O(apps).
    type: bool
    default: false
  settings:
    description: Names of settings in AMS. The value of a secret is returned as V(********).
    type: list
    elements: str
    default: []
attributes:
  check_mode:
    description: Reads in check mode as well.
    support: full
  diff_mode:
    description: Changes nothing, so there is no diff.
    support: none
  idempotent:
    description: Changes nothing.
    support: full
"""

EXAMPLES = r"""
- name: Read release and applications
  antmedia.s3_recording.ams_server_info:
    url: "{{ ams_url }}"
    email: "{{ ams_email }}"
    password: "{{ ams_password }}"
  register: server

- name: Read the bucket and the access key of an application
  antmedia.s3_recording.ams_server_info:
    url: "{{ ams_url }}"
    email: "{{ ams_email }}"
    password: "{{ ams_password }}"
    apps: [live]
    settings: [s3BucketName, s3AccessKey]
  register: server
"""

RETURN = r"""
version:
  description: The release.
  returned: success
  type: str
  sample: 2.17.1
edition:
  description: The edition as the server names it.
  returned: success
  type: str
  sample: Community Edition
build:
  description: The build number.
  returned: success
  type: str
  sample: "20260211_1128"
cluster:
  description: Whether the server is a node of a cluster, V(none) if the user may not read that.
  returned: success
  type: bool
  sample: false
nodes:
  description: The nodes of its cluster as the server returns them, V(none) if the user may not read them.
  returned: success
  type: list
  elements: dict
  sample: []
applications:
  description: Names of the applications, V(none) if the user may not list them.
  returned: success
  type: list
  elements: str
  sample: [LiveApp, WebRTCApp, live]
settings:
  description:
    - For each of O(apps), or for all applications, the values of those O(settings) that the release has.
  returned: with O(apps) or O(all_apps)
  type: dict
  sample:
    live:
      s3AccessKey: AKIAIOSFODNN7EXAMPLE
      s3BucketName: my-recordings
live_streams:
  description:
    - Number of live streams of each of O(apps). In a cluster, of all nodes together. V(none) and a warning
      if the application does not answer.
  returned: with O(live_streams)
  type: dict
  sample:
    live: 2
msg:
  description: The same in one line, or why it failed.
  returned: always
  type: str
  sample: AMS 2.17.1, Community Edition, applications LiveApp, WebRTCApp, live
status:
  description: The HTTP status of the answer that led to the failure.
  returned: failure, if the server answered
  type: int
  sample: 403
"""

from collections.abc import Mapping, Sequence
from typing import Any, Optional

from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams import arguments
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.client import AmsClient
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.preview import live_streams
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.settings import redact

ARGUMENT_SPEC = {
    **arguments.CONNECTION_SPEC,
    "apps": {"type": "list", "elements": "str", "default": []},
    "all_apps": {"type": "bool", "default": False},
    "live_streams": {"type": "bool", "default": False},
    "settings": {"type": "list", "elements": "str", "default": [], "no_log": False},
}
CONSTRAINTS = arguments.CONNECTION_CONSTRAINTS


def run(params: Mapping[str, Any], _check_mode: bool) -> dict[str, Any]:
    with AmsClient(arguments.connection_of(params)) as client:
        version = client.version()
        nodes = client.nodes()
        applications = client.applications()
        of_all = applications if params["all_apps"] and applications else []
        apps = dict.fromkeys([*params["apps"], *of_all])
        has = {app: client.settings(app) for app in apps}
        settings = {app: _display(has[app], params["settings"]) for app in apps}
        warnings: list[str] = []
        counted = params["apps"] if params["live_streams"] else []
        live = {app: live_streams(client, app, has[app], warnings) for app in counted}
    release, edition = str(version.get("versionName")), str(version.get("versionType"))
    return {
        "changed": False,
        "version": release,
        "edition": edition,
        "build": str(version.get("buildNumber")),
        "cluster": None if nodes is None else bool(nodes),
        "nodes": nodes,
        "applications": applications,
        **({"settings": settings} if settings else {}),
        **({"live_streams": live} if params["live_streams"] else {}),
        **({"warnings": warnings} if warnings else {}),
        "msg": _message(f"AMS {release}, {edition}", nodes, applications),
    }


def _message(server: str, nodes: Optional[Sequence[Any]], applications: Optional[Sequence[str]]) -> str:
    cluster = f", in a cluster of {len(nodes)}" if nodes else ""
    listed = "may not be listed by this user" if applications is None else ", ".join(applications)
    return f"{server}{cluster}, applications {listed}"


def _display(has: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: redact(name, has[name]) for name in names if name in has}


def main() -> None:
    arguments.run_as_module(run, ARGUMENT_SPEC, **CONSTRAINTS)


if __name__ == "__main__":
    main()
