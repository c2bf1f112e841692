#!/usr/bin/python
# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: iam_stored_access_key_info
short_description: Gather information about the access keys of an IAM user
version_added: 0.1.0
author: antmedia.s3_recording contributors (@antmedia)
description:
  - Returns the access keys of an IAM user with their age and last use, and which of them
    M(antmedia.s3_recording.iam_stored_access_key) has stored. Changes nothing.
  - The secret is never part of a result.
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
options:
  user_name:
    description: Name of the IAM user.
    type: str
    required: true
  store:
    description:
      - The kind of key store, as for M(antmedia.s3_recording.iam_stored_access_key).
    type: str
    choices: [ssm, secretsmanager, file]
    default: ssm
  stored_at:
    description: Name of the parameter or the secret, or absolute path of the file.
    type: str
    required: true
  vault_password:
    description:
      - For O(store=file), the ansible-vault passwords that may decrypt the file. With a local connection the
        default is the vault passwords of the run.
    type: list
    elements: str
attributes:
  check_mode:
    description: Reads in check mode as well.
    support: full
  diff_mode:
    description: Changes nothing, so there is no diff.
    support: none
  idempotent:
    description: Changes nothing.
    support: full
notes:
  - The credentials need C(iam:ListAccessKeys), C(iam:GetAccessKeyLastUsed), and C(ssm:GetParameter) or
    C(secretsmanager:GetSecretValue).
  - AWS reports the last use of a key some minutes late.
seealso:
  - module: antmedia.s3_recording.iam_stored_access_key
"""

EXAMPLES = r"""
- name: Read age and last use of the key
  antmedia.s3_recording.iam_stored_access_key_info:
    user_name: my-recordings-recording
    stored_at: /antmedia/s3_recording/my-recordings
    region: eu-central-1
  register: key
"""

RETURN = r"""
access_key_id:
  description: ID of the stored key, V(null) if there is none.
  returned: success
  type: str
  sample: AKIAIOSFODNN7EXAMPLE
access_keys:
  description: The keys of the user, oldest first.
  returned: success
  type: list
  elements: dict
  contains:
    access_key_id:
      description: ID of the key.
      type: str
    active:
      description: Whether it is active.
      type: bool
    stored:
      description: Whether it is the stored key.
      type: bool
    create_date:
      description: When it was created (ISO 8601).
      type: str
    age_days:
      description: Its age in whole days, by the clock of AWS.
      type: int
    last_used:
      description: When it was last used (ISO 8601), V(null) if never.
      type: str
    last_used_by:
      description: The service and region in which it was last used, V(null) if never.
      type: str
    inactive_since:
      description: When O(user_name)'s old key was made inactive (ISO 8601), if that is known.
      type: str
  sample:
    - access_key_id: AKIAIOSFODNN7EXAMPLE
      active: true
      stored: true
      create_date: "2026-01-31T12:00:00+00:00"
      age_days: 12
      last_used: "2026-02-12T09:30:00+00:00"
      last_used_by: by sts in eu-central-1
      inactive_since:
user_name:
  description: Name of the IAM user.
  returned: success
  type: str
  sample: my-recordings-recording
user_exists:
  description: Whether the user exists.
  returned: success
  type: bool
  sample: true
store:
  description: The kind of key store.
  returned: success
  type: str
  sample: ssm
stored_at:
  description: Name of the parameter or the secret, or path of the file.
  returned: success
  type: str
  sample: /antmedia/s3_recording/my-recordings
msg:
  description: The same in one line.
  returned: always
  type: str
  sample: >-
    my-recordings-recording: AKIAIOSFODNN7EXAMPLE is active, 12 days old, last used 2026-02-12T09:30Z by sts
    in eu-central-1, stored in SSM parameter /antmedia/s3_recording/my-recordings
error_code:
  description: The error code of AWS.
  returned: on failure, if AWS answered
  type: str
  sample: AccessDenied
"""

from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.iam_stored_access_key import (
    info as key_info,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.key_stores.registry import STORES
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.run_module import run_as_module


def argument_spec() -> dict:
    return {
        "user_name": {"type": "str", "required": True},
        "store": {"type": "str", "choices": list(STORES), "default": "ssm"},
        "stored_at": {"type": "str", "required": True},
        "vault_password": {"type": "list", "elements": "str", "no_log": True},
    }


def main() -> None:
    run_as_module(key_info.run, argument_spec())


if __name__ == "__main__":
    main()
