# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: recording_display
short_description: Print lines for the role s3_recording
version_added: 0.1.0
author: antmedia.s3_recording contributors (@antmedia)
description:
  - For the role s3_recording alone; it may change in any release.
  - Prints lines as they are. Control characters are removed, and what is very long is cut.
  - Prints them on stderr if a program reads stdout, that is if the stdout callback writes JSON or a similar
    format. The callback's name decides.
options:
  lines:
    description: The lines.
    type: list
    elements: str
    required: true
  problem:
    description:
      - If given, the task fails with this text after printing. Ansible displays the text of a failure itself,
        so it is not one of O(lines).
    type: str
    default: ""
  stats:
    description:
      - Statistics of the run, as of M(ansible.builtin.set_stats). They are aggregated, and those without a
        value are left out.
    type: dict
    default: {}
attributes:
  check_mode:
    description: Prints the same.
    support: full
  diff_mode:
    description: Changes nothing, so there is no diff.
    support: none
"""

EXAMPLES = r"""
- name: Show the result
  antmedia.s3_recording.recording_display:
    lines:
      - RESULT  1 server records application live to s3://myvideos (us-east-1)
      - "  ams1   recorded a 6 s test stream, uploaded it, played it back   4.0 s"
  run_once: true
"""

RETURN = r"""
msg:
  description: The lines as they were printed, or O(problem). For a program that reads stdout, both.
  returned: always
  type: raw
  sample:
    - RESULT  1 server records application live to s3://myvideos (us-east-1)
    - "  ams1   recorded a 6 s test stream, uploaded it, played it back   4.0 s"
"""
