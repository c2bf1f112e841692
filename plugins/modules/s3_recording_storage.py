#!/usr/bin/python
# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: s3_recording_storage
short_description: Set up the storage for recordings
version_added: 0.1.0
author: antmedia.s3_recording contributors (@antmedia)
description:
  - For the role s3_recording alone; it may change in any release.
  - Runs the modules that set up the storage, for all buckets in one task. For each bucket, the IAM user comes
    first, then the bucket with its distribution and CORS rules, then the access key, and last who may read.
  - The first failure ends the task. The message says what had been changed before it, which stays changed,
    see O(close_on_failure).
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - antmedia.s3_recording.storage
options:
  plan:
    description:
      - What M(antmedia.s3_recording.s3_recording_storage_plan) has returned as RV(ignore:buckets). Only the
        modules run that have something to do. Of the others, the results of the plan count.
      - Without it all modules run.
    type: dict
  folders_in_use:
    description:
      - By the name of the bucket, folders to which servers still upload, as for
        M(antmedia.s3_recording.iam_programmatic_user).
    type: dict
    default: {}
  closes_later:
    description:
      - Whether the servers are to change after this task. Of a bucket that exists, its access then closes
        nothing yet, and its lifecycle rules stay as they are.
    type: bool
    default: false
  close_on_failure:
    description:
      - Names of buckets to which no server sends viewers yet. If the task fails, what it has opened of them
        is closed again. The message says so.
    type: list
    elements: str
    default: []
  wait_timeout:
    description: Seconds to wait until each access key works.
    type: int
    default: 60
attributes:
  check_mode:
    description: Reads, predicts the results of all modules, and writes nothing.
    support: full
  diff_mode:
    description: Shows the diffs of the modules.
    support: full
  idempotent:
    description: A second run changes nothing.
    support: full
notes:
  - With a local connection the task displays each change when it is made, and what it waits for.
seealso:
  - module: antmedia.s3_recording.s3_recording_storage_plan
"""

EXAMPLES = r"""
- name: Create the bucket and the key
  antmedia.s3_recording.s3_recording_storage:
    region: eu-central-1
    buckets:
      - name: my-new-recordings
        s3_recording_bucket:
          name: my-new-recordings
        iam_programmatic_user:
          user_name: my-new-recordings-recording
          bucket: my-new-recordings
          policy_name: recordings
          policy:
            Version: "2012-10-17"
            Statement:
              - Effect: Allow
                Action: s3:*
                Resource: arn:aws:s3:::my-new-recordings*
        iam_stored_access_key:
          user_name: my-new-recordings-recording
          bucket: my-new-recordings
          store: ssm
          stored_at: /antmedia/s3_recording/my-new-recordings
"""

RETURN = r"""
buckets:
  description: By the name of the bucket, the result of each module by its name.
  returned: always
  type: dict
changes:
  description:
    - By the name of the bucket, what was changed. RV(ignore:action) is V(add), V(change) or V(remove),
      RV(ignore:what) names the thing, and RV(ignore:message) is the message of the module.
  returned: always
  type: dict
later:
  description:
    - With O(closes_later=true), by the name of the bucket, the modules that have to run again when the
      servers have changed.
  returned: always
  type: dict
uploads:
  description: By the name of the bucket, the uploads for which it was left alone.
  returned: always
  type: dict
msg:
  description: What was changed; after a failure, what failed and what had been changed before it.
  returned: always
  type: str
  sample: >-
    IAM user my-new-recordings-recording has the policy recordings and no console access: create the user
    my-new-recordings-recording; add inline policy recordings; my-new-recordings: make the bucket in
    eu-central-1; write the tags; my-new-recordings-recording: nothing is stored: a new key is made and stored
"""

from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws import (
    s3_recording_storage_apply as storage,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.run_module import run_as_module
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.storage_modules import (
    storage_argument_spec,
)


def argument_spec() -> dict:
    return {
        **storage_argument_spec(),
        "plan": {"type": "dict"},
        "folders_in_use": {"type": "dict", "default": {}},
        "closes_later": {"type": "bool", "default": False},
        "close_on_failure": {"type": "list", "elements": "str", "default": []},
        "wait_timeout": {"type": "int", "default": 60},
    }


def main() -> None:
    run_as_module(storage.run, argument_spec())


if __name__ == "__main__":
    main()
