# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: recording_verified
short_description: Record that a batch is verified, for the role s3_recording
version_added: 0.1.0
author: antmedia.s3_recording contributors (@antmedia)
description:
  - For the role s3_recording alone; it may change in any release.
  - Records in the backups of all hosts of a batch, on the controller, that their changes are verified. It
    runs once the last host of the batch is verified. If a run is killed before that and the next run fails,
    the next run rolls back the whole batch.
  - Fails, and records nothing, if a host of the batch failed M(antmedia.s3_recording.recording_verify).
  - Needs the plan of the role, which has the paths of the backups.
options:
  hosts:
    description: Names of the hosts of the batch. A host that the plan does not have is an error.
    type: list
    elements: str
    required: true
  unchecked:
    description:
      - Whether to record the hosts too that M(antmedia.s3_recording.recording_verify) has not checked.
    type: bool
    default: false
attributes:
  check_mode:
    description: Does nothing.
    support: full
  diff_mode:
    description: Backups hold secrets, so there is no diff.
    support: none
"""

EXAMPLES = r"""
- name: Record that the batch is verified
  antmedia.s3_recording.recording_verified:
    hosts: "{{ ansible_play_batch }}"
    unchecked: true
"""

RETURN = r"""
hosts:
  description: Names of the hosts whose changes are now recorded as verified.
  returned: success
  type: list
  elements: str
  sample: [localhost]
not_verified:
  description: Names of the hosts that failed a check.
  returned: if there are any
  type: list
  elements: str
  sample: [ams-3]
failed_before:
  description: Whether a host of the play had failed before.
  returned: with RV(not_verified)
  type: bool
  sample: false
msg:
  description: Why that could not be recorded.
  returned: failure
  type: str
  sample: >-
    Writing the backup of https://ams1.example.com:5443 in /backup/ams1.json: the disk is full (No
    space left on device). Make room where /backup/ams1.json is, and run again.
"""
