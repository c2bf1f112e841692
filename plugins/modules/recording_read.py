# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: recording_read
short_description: Read all servers of a play at once, for the role s3_recording
version_added: 0.1.0
author: antmedia.s3_recording contributors (@antmedia)
description:
  - For the role s3_recording alone; it may change in any release.
  - Reads many servers in one task, in parallel, and predicts what M(antmedia.s3_recording.ams_app_settings)
    would change there. It changes nothing, in check mode or not.
  - With a local connection it reads all O(hosts) from the controller, each with the variables that the same
    task would have on it. With any other connection it reads the host of the task alone, by modules that are
    shipped to it.
  - Connecting may take 5 seconds, an answer C(s3_recording_ams_timeout) or 10 seconds, and all together 30
    seconds for each 1,000 servers. A server that was not read by then counts as unreachable.
  - Each user and password is tried on one server first. If that refuses it, it is tried nowhere else.
  - Needs the plan of the role and the access keys that M(antmedia.s3_recording.recording_keys) has read. No
    event of a run holds a password or the secret of a key.
options:
  hosts:
    description: Names of the hosts to read. With a connection that is not local, the host of the task alone.
    type: list
    elements: str
    required: true
attributes:
  check_mode:
    description: The task reads only.
    support: full
  diff_mode:
    description: Nothing changes.
    support: none
"""

EXAMPLES = r"""
- name: Read all servers
  antmedia.s3_recording.recording_read:
    hosts: "{{ ansible_play_hosts_all }}"
  run_once: true
"""

RETURN = r"""
servers:
  description: What was read of each host.
  returned: success
  type: dict
  contains:
    release:
      description: Release of the server, empty where RV(servers.problem) is given.
      type: str
      sample: 2.17.1
    apps:
      description:
        - For each application RV(ignore:changes) as M(antmedia.s3_recording.ams_app_settings) returns them,
          the settings that it uses now, and the number of its live streams if something changes (V(none) if
          nothing does, or if the application does not answer).
      type: dict
      sample:
        live:
          changes:
            s3RecordingEnabled: {before: false, after: true}
          uses:
            s3RecordingEnabled: false
            s3BucketName: ""
          live_streams: 0
          broken_links: 0
          left_behind: 0
    warnings:
      description: Notices about the server.
      type: list
      elements: str
    problem:
      description:
        - Why the server was not read, V(none) if it was.
        - Its kind is V(unreachable) if no connection could be made or no answer came in time, V(login) if the
          user, the password or the token is not accepted, or V(refused) for everything else.
      type: dict
      contains:
        kind:
          description: V(unreachable), V(login) or V(refused).
          type: str
        tried:
          description: What was tried.
          type: str
        actual:
          description: What came back.
          type: str
        remedy:
          description: What to do.
          type: str
"""
