# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: recording_play
short_description: Tell what the play is about, for the role s3_recording
version_added: 0.1.0
author: antmedia.s3_recording contributors (@antmedia)
description:
  - Belongs to the role C(s3_recording) and its playbooks, and may change with them.
  - Returns the hosts that C(hosts) of the play names. No variable of Ansible tells them when C(--limit)
    leaves some of them out.
  - Fails where the play has a strategy with which the hosts of a batch do not stay together, as V(free) and
    V(host_pinned).
options:
  tags:
    description:
      - The tags that the playbook has. If this is set, a run with other tags fails, and so does one whose
        tags leave nothing to do.
    type: list
    elements: str
  without_become:
    description:
      - Actions on the controller that are to come in this run. If there are any and the task itself becomes
        another user, it fails.
    type: list
    elements: str
    default: []
attributes:
  check_mode:
    description: Reads only.
    support: full
  diff_mode:
    description: There is nothing to differ.
    support: none
"""

EXAMPLES = r"""
- name: See which hosts the play is about
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
  description: Names of the hosts that the play is about, whatever C(--limit) says.
  returned: success
  type: list
  elements: str
  sample: [localhost]
msg:
  description: Why the play is refused.
  returned: failure
  type: str
  sample: There is no tag strage here. This playbook has the tags storage, servers, verify. Nothing was done.
"""
