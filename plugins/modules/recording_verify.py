# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: recording_verify
short_description: Verify all servers of a batch or of a play at once, for the role s3_recording
version_added: 0.1.0
author: antmedia.s3_recording contributors (@antmedia)
description:
  - For the role s3_recording alone; it may change in any release.
  - Makes the checks of M(antmedia.s3_recording.recording_check) on many servers in one task, in parallel.
    Servers whose settings, as they were read, upload with the same key to the same folder of the same bucket
    share one test object. It is put once, fetched through each server, and removed once.
  - With a local connection it verifies all O(hosts) from the controller, each with the variables that the
    same task would have on it. With any other connection it verifies the host of the task alone, by the
    module, which is shipped to it.
  - RV(hosts) has the result of each server. It is no failure of the task if one fails, unless the task runs
    for each host of a batch.
  - Decides which servers also record a test stream (C(s3_recording_live_test)), and which were verified
    lately (C(s3_recording_verify_every)). It remembers that in C(verifications.json) beside the backups.
  - Needs the plan of the role.
options:
  hosts:
    description:
      - Names of the hosts to verify. With a connection that is not local, the host of the task alone.
    type: list
    elements: str
    required: true
  in_batch:
    description: Whether the hosts were changed just now. Only those with an unverified change are verified.
    type: bool
    default: false
  in_site:
    description:
      - Whether C(s3_recording_verify) and C(s3_recording_verify_every) count for hosts that were not changed.
    type: bool
    default: false
attributes:
  check_mode:
    description: Does nothing.
    support: full
  diff_mode:
    description: Changes nothing that lasts, so there is no diff.
    support: none
"""

EXAMPLES = r"""
- name: Verify all servers
  antmedia.s3_recording.recording_verify:
    hosts: "{{ ansible_play_batch }}"
  run_once: true
"""

RETURN = r"""
hosts:
  description:
    - The result of each host that was verified, as M(antmedia.s3_recording.recording_check) returns it, but
      with RV(ignore:checks) as JSON text.
    - RV(ignore:skipped) and RV(ignore:verified_ago), in seconds, for one that was verified lately.
  returned: success
  type: dict
first:
  description: The first host of the batch.
  returned: success
  type: str
  sample: localhost
"""
