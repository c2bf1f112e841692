# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: recording_verified
short_description: Note that the changes of a batch are verified, for the role s3_recording
version_added: 0.1.0
author: antmedia.s3_recording contributors (@antmedia)
description:
  - Belongs to the role C(s3_recording) and its playbooks, and may change with them.
  - Notes on the controller, in the backups of all hosts of a batch, that their changes are verified. It comes
    when the last host of the batch is verified, so that a batch of which a run was killed is rolled back as a
    whole by the next one if that fails.
  - The plan of the role must have been made, since it knows where the backups are.
options:
  hosts:
    description: Names of the hosts of the batch.
    type: list
    elements: str
    required: true
attributes:
  check_mode:
    description: Does nothing.
    support: full
  diff_mode:
    description: Backups hold secrets, so that no difference is shown.
    support: none
"""

EXAMPLES = r"""
- name: Note that the batch is verified
  antmedia.s3_recording.recording_verified:
    hosts: "{{ ansible_play_batch }}"
  run_once: true
"""

RETURN = r"""
hosts:
  description: Names of the hosts whose changes are verified by this.
  returned: success
  type: list
  elements: str
  sample: [localhost]
msg:
  description: Why it could not be noted.
  returned: failure
  type: str
  sample: >-
    Writing the backup of https://ams1.example.com:5443 in /backup/ams1.json: the disk is full (No
    space left on device). Make room where /backup/ams1.json is, and run again.
"""
