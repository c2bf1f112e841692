#!/usr/bin/python
# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: s3_cors
short_description: Manage CORS rules of an S3 bucket
version_added: 0.1.0
author: antmedia.s3_recording contributors (@antmedia)
description:
  - Adds, changes and removes rules of the CORS (cross-origin resource sharing) configuration of an S3
    bucket.
  - Identifies rules by their ID. All other rules stay unchanged and in place, unless O(purge=true).
  - The order of the rules counts, because S3 applies the first rule that matches a request. Inside a rule
    neither the order of values nor the case of header names counts as a change.
  - Finds what S3 would refuse before it sends anything
    (U(https://docs.aws.amazon.com/AmazonS3/latest/userguide/ManageCorsUsing.html)).
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
options:
  name:
    description: Name of the bucket.
    type: str
    required: true
  expected_bucket_owner:
    description:
      - ID of the AWS account that must own the bucket. If another account owns it, S3 refuses every call of
        this task. If not given or V(any), the owner is not checked.
      - M(antmedia.s3_recording.s3_recording_bucket) returns the owner of a bucket in
        RV(antmedia.s3_recording.s3_recording_bucket#module:bucket_owner).
    type: str
  state:
    description:
      - V(present) gives the bucket the rules in O(rules).
      - V(absent) removes the rules with these IDs. With O(purge=true) it removes all rules.
    type: str
    choices: [present, absent]
    default: present
  rules:
    description:
      - The rules. A rule whose ID the bucket already has is replaced in place. A new rule is added after the
        others.
      - With O(state=absent) only the ID of a rule counts.
    type: list
    elements: dict
    default: []
    suboptions:
      id:
        description:
          - Name of the rule, 255 characters at most
            (U(https://docs.aws.amazon.com/AmazonS3/latest/API/API_CORSRule.html)).
          - Required unless O(purge=true).
        type: str
      allowed_origins:
        description:
          - Origins from which a browser may send requests, for example V(https://ams.example.com:5443).
          - Each may contain one V(*). Names with non-ASCII letters are converted to punycode, as browsers
            send them.
          - Required with O(state=present).
        type: list
        elements: str
        default: []
      allowed_methods:
        description:
          - HTTP methods that a browser may use.
          - Required with O(state=present).
        type: list
        elements: str
        choices: [GET, PUT, POST, DELETE, HEAD]
        default: []
      allowed_headers:
        description: Request headers that a browser may send. Each may contain one V(*).
        type: list
        elements: str
        default: []
      expose_headers:
        description: Response headers that scripts may read.
        type: list
        elements: str
        default: []
      max_age_seconds:
        description: Seconds for which a browser may cache the response to its preflight request.
        type: int
  purge:
    description:
      - Whether to remove all rules that are not in O(rules). With O(rules=[]) this removes the whole
        configuration.
    type: bool
    default: false
attributes:
  check_mode:
    description:
      - Reads, predicts the whole result and writes nothing. A bucket that does not exist counts as a bucket
        without rules, because an earlier task may be about to create it.
    support: full
  diff_mode:
    description: Shows the rules that change. Shows all rules if only their order changes.
    support: full
  idempotent:
    description: A second run changes nothing.
    support: full
notes:
  - The module fails on an S3 provider without CORS rules of buckets, unless no rule is needed.
  - The credentials need C(s3:GetBucketCORS) and, to change something, C(s3:PutBucketCORS).
seealso:
  - module: antmedia.s3_recording.s3_bucket_access
"""

EXAMPLES = r"""
- name: Let the pages of Ant Media Server play recordings
  antmedia.s3_recording.s3_cors:
    name: my-recordings
    region: eu-central-1
    rules:
      - id: antmedia-s3-recording
        allowed_origins:
          - https://ams.example.com:5443
        allowed_methods: [GET, HEAD]
        allowed_headers: ["*"]
        max_age_seconds: 3600

- name: Set this rule and remove all others
  antmedia.s3_recording.s3_cors:
    name: my-recordings
    region: eu-central-1
    rules:
      - id: antmedia-s3-recording
        allowed_origins: ["*"]
        allowed_methods: [GET]
    purge: true

- name: Remove the rule
  antmedia.s3_recording.s3_cors:
    name: my-recordings
    region: eu-central-1
    state: absent
    rules:
      - id: antmedia-s3-recording
"""

RETURN = r"""
cors_rules:
  description: All rules of the bucket after the task, in order. In check mode, as they would be.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Name of the rule, V(null) if it has none.
      type: str
    allowed_origins:
      description: Origins from which a browser may send requests.
      type: list
      elements: str
    allowed_methods:
      description: HTTP methods that a browser may use.
      type: list
      elements: str
    allowed_headers:
      description: Request headers that a browser may send.
      type: list
      elements: str
    expose_headers:
      description: Response headers that scripts may read.
      type: list
      elements: str
    max_age_seconds:
      description: Seconds for which a browser may cache the preflight response, V(null) if not set.
      type: int
  sample:
    - id: antmedia-s3-recording
      allowed_origins: [https://ams.example.com:5443]
      allowed_methods: [GET, HEAD]
      allowed_headers: ["*"]
      expose_headers: []
      max_age_seconds: 3600
msg:
  description: What the bucket has and what changed, in one line.
  returned: always
  type: str
  sample: "my-recordings has 1 CORS rule: added antmedia-s3-recording"
error_code:
  description: The error code of AWS.
  returned: on failure, if AWS answered
  type: str
  sample: AccessDenied
"""

from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws import s3_cors_apply as apply_cors
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.run_module import run_as_module
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.s3_cors_plan import METHODS


def argument_spec() -> dict:
    texts = {"type": "list", "elements": "str", "default": []}
    return {
        "name": {"type": "str", "required": True},
        "expected_bucket_owner": {"type": "str"},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "rules": {
            "type": "list",
            "elements": "dict",
            "default": [],
            "options": {
                "id": {"type": "str"},
                "allowed_origins": texts,
                "allowed_methods": {**texts, "choices": list(METHODS)},
                "allowed_headers": texts,
                "expose_headers": texts,
                "max_age_seconds": {"type": "int"},
            },
        },
        "purge": {"type": "bool", "default": False},
    }


def main() -> None:
    run_as_module(apply_cors.run, argument_spec())


if __name__ == "__main__":
    main()
