#!/usr/bin/python
# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: recording_check
short_description: Prove that recordings of an Ant Media Server reach S3 and viewers
version_added: 0.1.0
author: antmedia.s3_recording contributors (@antmedia)
description:
  - Reads the settings that an application of Ant Media Server (AMS) really has. With the key and the
    folder in them it puts a small object into the bucket just as AMS does (list with an empty prefix,
    HEAD, PUT with the same ACL, storage class and cache header).
  - Then asks the server for the object as a viewer does, where the application forwards. A redirect to
    the right place, the whole object, a piece of it, and the CORS answers for each origin and for a
    foreign one are expected.
  - The object is removed at the end, also after a failure, with the AWS credentials of the environment.
  - AMS hides why an upload fails. This module says which link of the chain is broken and what to do.
extends_documentation_fragment:
  - antmedia.s3_recording.ams_connection
options:
  apps:
    description: The applications to check.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the application.
        type: str
        required: true
      settings:
        description: Settings that the application is expected to have, by their names in AMS.
        type: dict
        default: {}
  viewer_url:
    description: Address at which viewers reach the server. O(url) if not set.
    type: str
  origins:
    description: Origins that must be allowed to play the recordings in a page.
    type: list
    elements: str
    default: []
  wait_timeout:
    description: Seconds in which a new key or a new bucket policy must have become known to the store.
    type: float
    default: 30
attributes:
  check_mode:
    description: Can run in check mode without uploading anything.
    details: It is skipped then, since it could prove nothing without an upload.
    support: partial
  diff_mode:
    description: There is nothing to differ.
    support: none
  idempotent:
    description: Changes nothing that lasts.
    support: full
requirements:
  - boto3
  - botocore
"""

EXAMPLES = r"""
- name: Prove the recording chain of one application
  antmedia.s3_recording.recording_check:
    url: "{{ ams_url }}"
    email: "{{ ams_email }}"
    password: "{{ ams_password }}"
    apps:
      - name: live
    origins:
      - "{{ ams_url }}"
"""

RETURN = r"""
links:
  description: Each link of the chain.
  returned: when links were tried
  type: list
  elements: dict
  contains:
    app:
      description: The application.
      type: str
    link:
      description: Which link.
      type: str
    ok:
      description: Whether it holds.
      type: bool
    expected:
      description: What was expected.
      type: str
    came:
      description: What came.
      type: str
    remedy:
      description: What to do where it is broken.
      type: str
  sample:
    - app: live
      link: put
      ok: true
      expected: streams/recording-check-0123456789abcdef.mp4 stored with the ACL bucket-owner-full-control
      came: that
      remedy: ""
msg:
  description: In one line how it went, or a line for each broken link.
  returned: always
  type: str
  sample: "live: all 10 links hold"
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams import arguments
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.client import AmsClient
from ansible_collections.antmedia.s3_recording.plugins.module_utils._check import Probe, Viewer
from ansible_collections.antmedia.s3_recording.plugins.module_utils._links import checked, outcome

ARGUMENT_SPEC = {
    **arguments.CONNECTION_SPEC,
    "apps": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "name": {"type": "str", "required": True},
            "settings": {"type": "dict", "default": {}},
        },
    },
    "viewer_url": {"type": "str"},
    "origins": {"type": "list", "elements": "str", "default": []},
    "wait_timeout": {"type": "float", "default": 30},
}
CONSTRAINTS = arguments.CONNECTION_CONSTRAINTS


def run(params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    if check_mode:
        return {"changed": False, "skipped": True, "msg": "Nothing is uploaded in check mode"}
    connection = arguments.connection_of(params)
    with AmsClient(connection) as client:
        has = {app["name"]: client.settings(app["name"]) for app in params["apps"]}
    verify = (connection.ca_path or True) if connection.validate_certs else False
    url = (params["viewer_url"] or connection.url).rstrip("/")
    viewer = Viewer(url, verify, connection.timeout, params["wait_timeout"], params["origins"])
    probes = [Probe(app["name"], has[app["name"]], viewer, app["settings"]) for app in params["apps"]]
    return outcome(url, checked(probes))


def main() -> None:
    arguments.run_as_module(run, ARGUMENT_SPEC, **CONSTRAINTS)


if __name__ == "__main__":
    main()
