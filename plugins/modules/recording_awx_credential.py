# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: recording_awx_credential
short_description: Manage an AWX credential for the role s3_recording_awx
version_added: 0.1.0
author: antmedia.s3_recording contributors (@antmedia)
description:
  - For the role s3_recording_awx alone; it may change in any release.
  - Runs C(awx.awx.credential) with secrets from the variables of the role. They are no arguments of the task
    itself, which callbacks get with every result.
  - AWX is found by environment variables (E(CONTROLLER_HOST) and the others of C(awx.awx)) or by its
    configuration file. C(module_defaults) for C(awx.awx) have no effect here.
options:
  name:
    description: Name of the credential.
    type: str
    required: true
  type:
    description: Name of its credential type. If the role has no such type, the task fails.
    type: str
    required: true
attributes:
  check_mode:
    description: As for C(awx.awx.credential).
    support: full
  diff_mode:
    description: A credential holds secrets, so there is no diff.
    support: none
"""

EXAMPLES = r"""
- name: Create the credential with which jobs use AWS
  antmedia.s3_recording.recording_awx_credential:
    name: recording AWS
    type: Amazon Web Services
"""

RETURN = r"""
id:
  description: ID of the credential in AWX.
  returned: success
  type: int
  sample: 5
name:
  description: Name of the credential.
  returned: success
  type: str
  sample: recording AWS
"""
