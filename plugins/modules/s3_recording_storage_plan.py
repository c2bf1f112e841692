#!/usr/bin/python
# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: s3_recording_storage_plan
short_description: Plan the storage for recordings before anything is changed
version_added: 0.1.0
author: antmedia.s3_recording contributors (@antmedia)
description:
  - For the role s3_recording alone; it may change in any release.
  - Asks the modules that set up the storage what each of them would change and what it would refuse, for all
    buckets in one task. It only reads, and sends no request twice.
  - Problems are part of the result, and do not let the task fail. It finds, among others, someone else's
    bucket, a bucket in another region, a distribution that does not exist, a user that has two keys already,
    and a key store that cannot be written to.
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - antmedia.s3_recording.storage
options:
  describe_keys:
    description: Also read when each access key was last used, and return RV(buckets.keys).
    type: bool
    default: false
attributes:
  check_mode:
    description: Reads in check mode as well.
    support: full
  diff_mode:
    description: Returns the diffs of the modules. Ansible displays none, since this task changes nothing.
    support: full
  idempotent:
    description: Changes nothing.
    support: full
notes:
  - The credentials need the permissions with which the other modules read. C(kms:DescribeKey) is used for a
    KMS key if it is allowed.
  - What only a write can show stays unknown, for example whether the credentials may create a bucket.
seealso:
  - module: antmedia.s3_recording.s3_recording_storage
"""

EXAMPLES = r"""
- name: Plan the bucket and the key
  antmedia.s3_recording.s3_recording_storage_plan:
    region: eu-central-1
    buckets:
      - name: my-new-recordings
        s3_recording_bucket:
          name: my-new-recordings
        iam_stored_access_key:
          user_name: my-new-recordings-recording
          store: ssm
          stored_at: /antmedia/s3_recording/my-new-recordings
"""

RETURN = r"""
problems:
  description: Everything that would fail, each with its bucket.
  returned: always
  type: list
  elements: str
  sample: []
buckets:
  description: The plan by the name of the bucket. It is empty if nothing could be read.
  returned: always
  type: dict
  contains:
    results:
      description: The result of each module's check mode, by the name of the module, without those that fail.
      type: dict
    changes:
      description:
        - What would change, in the order in which it would be done. RV(ignore:action) is V(add), V(change) or
          V(remove), RV(ignore:what) names the thing, and RV(ignore:text) is one sentence.
      type: list
      elements: dict
    later:
      description: What is removed at the end of a run, if no server needs it then, one sentence each.
      type: list
      elements: str
    keys:
      description:
        - State, age, last use and key store of the bucket's access keys, as
          M(antmedia.s3_recording.iam_stored_access_key_info) describes them. Empty without O(describe_keys).
      type: str
    run:
      description: The modules that have to run, because they would change something or wait for a change.
      type: list
      elements: str
diff:
  description: The diffs of the modules that would change something.
  returned: in diff mode
  type: list
  elements: dict
msg:
  description: A summary.
  returned: always
  type: str
  sample: "1 buckets read: 2 changes planned, 0 problems found"
"""

from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws import (
    s3_recording_storage_plan_apply as storage_plan,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.run_module import run_as_module
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.storage_modules import (
    storage_argument_spec,
)


def main() -> None:
    spec = {**storage_argument_spec(), "describe_keys": {"type": "bool", "default": False}}
    run_as_module(storage_plan.run, spec, result_of_error=storage_plan.result_of_error)


if __name__ == "__main__":
    main()
