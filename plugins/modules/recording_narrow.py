# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: recording_narrow
short_description: Remove upload rights that no server needs, for the role s3_recording
version_added: 0.1.0
author: antmedia.s3_recording contributors (@antmedia)
description:
  - For the role s3_recording alone; it may change in any release.
  - While servers change, the IAM user of a bucket keeps its rights to upload to the previous folders. This
    task reads all servers and removes the rights that none of them needs.
  - It removes nothing if one of the servers could not be read, if a stream is live that began before the
    settings of its application changed, or while an upload to the bucket is in progress. It names rights that
    an application which the inventory does not list still needs, and keeps those too.
  - Prints the lines of the result, and what became of the rights.
options:
  lines:
    description: The lines of the result.
    type: list
    elements: str
    required: true
  stats:
    description:
      - Statistics of the run, as of M(ansible.builtin.set_stats). They are aggregated, and those without a
        value are left out.
    type: dict
    default: {}
attributes:
  check_mode:
    description: Prints the lines, reads nothing and removes nothing. The plan names the rights.
    support: full
  diff_mode:
    description: Shows no diff.
    support: none
"""

EXAMPLES = r"""
- name: Remove rights that no server needs, and show the result
  antmedia.s3_recording.recording_narrow:
    lines:
      - RESULT  1 server records application live to s3://myvideos (us-east-1)
  run_once: true
"""

RETURN = r"""
msg:
  description: The lines as they were printed.
  returned: always
  type: list
  elements: str
  sample:
    - RESULT  1 server records application live to s3://myvideos (us-east-1)
"""
