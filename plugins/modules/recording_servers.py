# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: recording_servers
short_description: Run a step of the role s3_recording on a server
version_added: 0.1.0
author: antmedia.s3_recording contributors (@antmedia)
description:
  - For the role s3_recording alone; it may change in any release.
  - Runs the module of a step with arguments from the plan of the role, the access keys that
    M(antmedia.s3_recording.recording_keys) has read, and the variables of the host.
  - Builds these arguments on the controller, in the process that runs the task. They are no arguments of the
    task itself, which callbacks get with every result. No event of a run therefore holds the password of the
    console, the secret of the access key or the additional settings.
  - An empty variable counts as not given. The environment and the defaults of the module then apply.
options:
  step:
    description:
      - V(apply) and V(restore) run M(antmedia.s3_recording.ams_app_settings), V(read) runs
        M(antmedia.s3_recording.ams_server_info). V(import) runs M(antmedia.s3_recording.recordings_import),
        on the controller with any connection.
      - When the role decommissions, V(apply) does so too. V(read) reads what decommissioning would lose.
    type: str
    choices: [apply, import, read, restore]
    required: true
attributes:
  check_mode:
    description: As for the module that runs.
    support: full
  diff_mode:
    description: As for the module that runs.
    support: full
"""

EXAMPLES = r"""
- name: Record to S3 and forward viewers there
  antmedia.s3_recording.recording_servers:
    step: apply
"""

RETURN = r"""
msg:
  description: What was done or why it failed. All other results are those of the module that runs.
  returned: always
  type: str
"""
