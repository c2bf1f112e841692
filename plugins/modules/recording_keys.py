# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: recording_keys
short_description: Read the access keys of a run for the role s3_recording
version_added: 0.1.0
author: antmedia.s3_recording contributors (@antmedia)
description:
  - For the role s3_recording alone; it may change in any release.
  - Reads the access key of each bucket from its key store or, if the key is given, from the variables of the
    hosts. It reads each key once for all hosts of a batch.
  - Passes the keys to M(antmedia.s3_recording.recording_servers) in a file on the controller that has no name
    and disappears with the run, however that ends. The keys are in no fact and in no result.
  - Needs the plan of the role, which lists the buckets.
options:
  for_plan:
    description: Whether a key that cannot be read is returned in RV(problems) instead of a failure.
    type: bool
    default: false
  will_be_created:
    description:
      - Whether a key that does not exist yet is no error, since the run creates it before it is used.
    type: bool
    default: false
  stats:
    description:
      - Statistics of the run, as of M(ansible.builtin.set_stats). They are aggregated, and those without a
        value are left out.
    type: dict
    default: {}
attributes:
  check_mode:
    description: Reads as well. A key that does not exist yet is no error.
    support: full
  diff_mode:
    description: Changes nothing, so there is no diff.
    support: none
"""

EXAMPLES = r"""
- name: Read the access key of each bucket
  antmedia.s3_recording.recording_keys:
  run_once: true
"""

RETURN = r"""
access_key_ids:
  description: The access key ID of each bucket.
  returned: success
  type: dict
  sample: {myvideos: AKIAIOSFODNN7EXAMPLE}
problems:
  description: With O(for_plan), which access keys could not be read, and why.
  returned: success
  type: list
  elements: str
  sample: []
msg:
  description: Which access key could not be read, and why.
  returned: failure
  type: str
  sample: >-
    The access key could not be read, and no server of this batch was touched: myvideos: Reading the access
    key in parameter /antmedia/s3_recording/myvideos: nothing is stored there. Run storage.yml first, it makes
    the key.
"""
