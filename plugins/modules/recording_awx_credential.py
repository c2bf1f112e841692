# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: recording_awx_credential
short_description: A credential of AWX, for the role s3_recording_awx
version_added: 0.1.0
author: antmedia.s3_recording contributors (@antmedia)
description:
  - Belongs to the role C(s3_recording_awx), and may change with it.
  - Runs C(awx.awx.credential) with the secrets that the variables of the role hold. They are no arguments of
    the task itself, which callbacks get with every result.
  - AWX is found by the environment (E(CONTROLLER_HOST) and the others of C(awx.awx)) or by its configuration
    file. C(module_defaults) for C(awx.awx) do not reach this.
options:
  name:
    description: Name of the credential.
    type: str
    required: true
  type:
    description: Name of its credential type, one that the role knows.
    type: str
    required: true
attributes:
  check_mode:
    description: That of C(awx.awx.credential).
    support: full
  diff_mode:
    description: A credential holds secrets, so that no difference is shown.
    support: none
"""

EXAMPLES = r"""
- name: Credential of the jobs for AWS
  antmedia.s3_recording.recording_awx_credential:
    name: recording AWS
    type: Amazon Web Services
"""

RETURN = r"""
id:
  description: The ID of the credential in AWX.
  returned: success
  type: int
  sample: 5
name:
  description: Name of the credential.
  returned: success
  type: str
  sample: recording AWS
"""
