# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: recording_servers
short_description: A step of the role s3_recording on the server of a host
version_added: 0.1.0
author: antmedia.s3_recording contributors (@antmedia)
description:
  - Belongs to the role C(s3_recording) and its playbooks, and may change with them.
  - Runs the module of a step with arguments from the plan of the role, the access keys that
    M(antmedia.s3_recording.recording_keys) has read, and the variables of the host.
  - The arguments are put together on the controller, in the process that runs the task. They are no arguments
    of the task itself, which callbacks get with every result. So the password of the console, the secret of
    the access key and further settings are in no event of a run.
  - An empty variable counts as not given, so that the environment and the defaults of the module hold.
options:
  step:
    description:
      - V(apply) and V(restore) run M(antmedia.s3_recording.ams_app_settings), V(check) runs
        M(antmedia.s3_recording.recording_check), V(read) runs M(antmedia.s3_recording.ams_server_info).
      - Where the role takes recording off, V(apply), V(check) and V(read) do that.
    type: str
    choices: [apply, check, read, restore]
    required: true
attributes:
  check_mode:
    description: That of the module that is run.
    support: full
  diff_mode:
    description: That of the module that is run.
    support: full
"""

EXAMPLES = r"""
- name: Record to S3 and forward viewers there
  antmedia.s3_recording.recording_servers:
    step: apply
"""

RETURN = r"""
msg:
  description: What was done or why it failed. All else is as the module of the step returns it.
  returned: always
  type: str
"""
