# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: recording_play
short_description: Check the play and return its hosts for the role s3_recording
version_added: 0.1.0
author: antmedia.s3_recording contributors (@antmedia)
description:
  - For the role s3_recording alone; it may change in any release.
  - Returns all hosts of the play. No variable of Ansible has them if C(--limit) excludes some.
  - Fails if the strategy of the play does not keep the hosts of a batch together, such as V(free) and
    V(host_pinned).
options:
  tags:
    description:
      - The tags that the playbook has. If given, the task fails if the run uses other tags or if its tags
        select nothing.
    type: list
    elements: str
  without_become:
    description:
      - Names of actions that this run will take on the controller. If there are any and the task itself uses
        become, it fails.
    type: list
    elements: str
    default: []
attributes:
  check_mode:
    description: Only reads.
    support: full
  diff_mode:
    description: Changes nothing, so there is no diff.
    support: none
"""

EXAMPLES = r"""
- name: Read the hosts of the play
  antmedia.s3_recording.recording_play:
  register: play
  run_once: true

- name: Refuse tags that the playbook does not have
  antmedia.s3_recording.recording_play:
    tags: [storage, servers, verify]
  run_once: true
  tags: always
"""

RETURN = r"""
hosts:
  description: Names of all hosts of the play, whatever C(--limit) excludes.
  returned: success
  type: list
  elements: str
  sample: [localhost]
connection:
  description: The connection of the play, such as V(local) or V(ssh); the inventory may give a host another.
  returned: success
  type: str
  sample: ssh
msg:
  description: Why the play is refused.
  returned: failure
  type: str
  sample: There is no tag strage here. This playbook has the tags storage, servers, verify. Nothing was done.
"""
