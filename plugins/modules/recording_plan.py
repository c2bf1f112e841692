# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: recording_plan
short_description: Plan a run for the role s3_recording
version_added: 0.1.0
author: antmedia.s3_recording contributors (@antmedia)
description:
  - For the role s3_recording alone; it may change in any release.
  - Compares what the inventory describes with what the role's tasks have read of the storage and of all
    servers. It describes what would change, what to know before, and what cannot work.
  - Says which hosts have a problem. A later task displays the lines and fails these hosts, so that the run
    ends before anything is changed.
  - Returns the hosts that need a change, those that need none, and those that are left out.
options:
  view:
    description:
      - V(plan) describes the plan. V(site) also has, as statistics, which servers need no change.
      - For V(drift) it is a problem if anything differs from the inventory. V(audit) is the same, and also
        has the access keys of each bucket with the servers that use them.
    type: str
    choices: [plan, site, drift, audit]
    default: plan
attributes:
  check_mode:
    description: Changes nothing in any mode.
    support: full
  diff_mode:
    description: Describes each distinct change of a setting once, with its servers.
    support: full
"""

EXAMPLES = r"""
- name: Plan the changes
  antmedia.s3_recording.recording_plan:
  run_once: true
  delegate_to: localhost
  delegate_facts: true
"""

RETURN = r"""
servers:
  description:
    - Names of the hosts that need a change or a verification (C(changing)), that need none (C(unchanged)),
      that take part in the run (C(present)), that are left out because they could not be reached
      (C(skipped)), and that are gone for good (C(gone)).
    - By the name of the bucket, the folders to which servers still upload (C(folders_in_use)).
    - The buckets to which no server of the run sends viewers before it has changed (C(unused_buckets)).
    - Empty if the plan has a problem.
  returned: success
  type: dict
  sample:
    changing: []
    unchanged: [localhost]
    present: [localhost]
    skipped: []
    gone: []
    folders_in_use: {myvideos: []}
    unused_buckets: []
display:
  description: What a later task displays.
  returned: success
  type: dict
  contains:
    hosts:
      description:
        - The hosts of that task. If there is a problem, those that have it, and V(localhost) for what is no
          server's. Otherwise the first host of the play.
        - With C(--limit) it is the first host that stands for V(localhost), which no play has then.
      type: list
      elements: str
      sample: [localhost]
    lines:
      description: The plan, and its problems.
      type: list
      elements: str
      sample:
        - "PLAN  AWS: nothing to change.  Servers: nothing to change, 1 as it is, 0 unreachable."
    problem:
      description: Why the run ends, empty if it does not.
      type: str
      sample: ""
    stats:
      description: Statistics for V(site).
      type: dict
      sample: {}
msg:
  description: Why it failed.
  returned: failure
  type: str
  sample: The variable __s3_recording_fleet is not defined. Nothing was changed.
"""
