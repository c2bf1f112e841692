#!/usr/bin/python
# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: iam_programmatic_user
short_description: IAM user for a program, without console access
version_added: 0.1.0
author: antmedia.s3_recording contributors (@antmedia)
description:
  - Makes an IAM user that has an inline policy and cannot log in to the AWS console.
  - The user gets the tag C(managed-by) with V(antmedia.s3_recording) and, with O(bucket), C(antmedia-bucket).
    A user that exists without them is someone else's, and is an error, unless O(adopt) takes it over.
  - A console password that a user with these tags has is removed. All else that the task does not name stays
    as it is, such as further policies, groups, tags and access keys.
  - A policy is compared by what it says. The order of statements, actions and resources does not count, nor
    whether a single value stands in a list.
  - What AWS would refuse is found before anything is sent, as far as that can be known.
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
options:
  user_name:
    description:
      - Name of the user, up to 64 letters, digits and any of C(_+=,.@-).
    type: str
    required: true
  state:
    description:
      - With V(present) the user exists and has what is given here.
      - With V(absent) the inline policy O(policy_name) and O(managed_policies) are taken off a user that was
        made or adopted here. The user is deleted if it has nothing else, with its access keys and the policy
        AmazonS3FullAccess. Else it stays, see RV(stays). Someone else's user stays as it is.
      - So a user with a console password, another policy, a group, an MFA device, an SSH key, a signing
        certificate or a service credential is never deleted.
    type: str
    choices: [present, absent]
    default: present
  policy_name:
    description:
      - Name of the inline policy, up to 128 letters, digits and any of C(_+=,.@-).
    type: str
    default: recordings
  policy:
    description:
      - The inline policy, a policy document without principals.
      - All inline policies of a user together may have 2048 characters.
      - Required with O(state=present).
    type: dict
  managed_policies:
    description:
      - Managed policies that are attached as well, by name or ARN. A name that both AWS and the account have
        means that of AWS.
      - Others that are attached stay attached.
    type: list
    elements: str
  permissions_boundary:
    description:
      - ARN of the managed policy that limits what the user may ever do, whatever its policies allow.
      - It is set when the user is made, and on a user that exists without it or with another one.
      - If not given, a user that exists keeps the boundary that it has.
    type: str
    version_added: 0.1.0
  path:
    description:
      - Path of the user, for example V(/antmedia/). A user that exists is moved, which changes its ARN.
      - If not given, a user that exists stays where it is, and a new one is made at V(/).
    type: str
  tags:
    description:
      - Tags that the user shall have. Others stay. C(managed-by) and C(antmedia-bucket) cannot be among them.
    type: dict
  bucket:
    description:
      - Name of the bucket that the user is for. A user that was made here for another bucket is an error,
        since its policy would be replaced, and what uses it would lose its permissions.
    type: str
    version_added: 0.1.0
  adopt:
    description:
      - Whether a user that exists without the tags is taken over. It is tagged then.
      - A user with a console password, a group, an inline policy of another name than O(policy_name), an
        attached policy other than O(managed_policies) and AmazonS3FullAccess, or a tag C(managed-by) of
        something else is never adopted, because its access key would have all these rights.
      - AmazonS3FullAccess stays attached. The task warns of it unless O(managed_policies) names it.
    type: bool
    default: false
    version_added: 0.1.0
  delete_access_keys:
    description:
      - Whether O(state=absent) may delete access keys of the user. Otherwise a user made here that has access
        keys is an error, and nothing is changed.
    type: bool
    default: false
attributes:
  check_mode:
    description:
      - Reads and predicts the result in full, also for a user that does not exist yet. Writes nothing.
    support: full
  diff_mode:
    description: Shows what changes, not the rest.
    support: full
  idempotent:
    description: A second run changes nothing.
    support: full
notes:
  - The credentials need C(iam:GetUser), C(iam:GetUserPolicy) and C(iam:GetLoginProfile), and with
    O(managed_policies) C(iam:ListAttachedUserPolicies), C(iam:GetPolicy) and C(iam:ListPolicies). For a user
    without the tags they need C(iam:ListUserPolicies), C(iam:ListAttachedUserPolicies) and
    C(iam:ListGroupsForUser). Without C(iam:ListAttachedUserPolicies) the task does not
    warn of AmazonS3FullAccess.
  - To change something they need those of C(iam:CreateUser), C(iam:PutUserPolicy), C(iam:DeleteLoginProfile),
    C(iam:AttachUserPolicy), C(iam:UpdateUser), C(iam:PutUserPermissionsBoundary) and C(iam:TagUser) that the
    change takes. With C(iam:GetPolicy) a permissions boundary that does not exist is known before.
  - To delete the user they need C(iam:GetUser), C(iam:GetLoginProfile), C(iam:ListAccessKeys),
    C(iam:ListUserPolicies), C(iam:ListAttachedUserPolicies), C(iam:ListGroupsForUser), C(iam:DeleteUser) and
    those of C(iam:DeleteAccessKey), C(iam:DeleteUserPolicy) and C(iam:DetachUserPolicy) that it takes.
  - With C(iam:ListMFADevices), C(iam:ListSSHPublicKeys), C(iam:ListSigningCertificates) and
    C(iam:ListServiceSpecificCredentials) as well, what AWS would refuse only when all else is deleted is
    known before the first change.
seealso:
  - module: antmedia.s3_recording.iam_stored_access_key
  - module: antmedia.s3_recording.s3_bucket_access
"""

EXAMPLES = r"""
- name: Have a user that may write recordings and nothing else
  antmedia.s3_recording.iam_programmatic_user:
    user_name: ams-recordings
    bucket: my-recordings
    policy:
      Version: "2012-10-17"
      Statement:
        - Effect: Allow
          Action: s3:ListBucket
          Resource: arn:aws:s3:::my-recordings
        - Effect: Allow
          Action: [s3:PutObject, s3:PutObjectAcl, s3:GetObject]
          Resource: arn:aws:s3:::my-recordings/live/streams/*

- name: Attach a policy of AWS as well, and keep users of programs together
  antmedia.s3_recording.iam_programmatic_user:
    user_name: ams-recordings
    path: /antmedia/
    tags:
      team: video
    policy:
      Version: "2012-10-17"
      Statement:
        - Effect: Allow
          Action: s3:ListBucket
          Resource: arn:aws:s3:::my-recordings
    managed_policies:
      - AmazonS3FullAccess

- name: Delete the user and its access keys
  antmedia.s3_recording.iam_programmatic_user:
    user_name: ams-recordings
    state: absent
    delete_access_keys: true
"""

RETURN = r"""
user_name:
  description: Name of the user.
  returned: success
  type: str
  sample: ams-recordings
arn:
  description: ARN of the user; of one that is deleted, the ARN that it had.
  returned: success, if the user exists or did before the task
  type: str
  sample: arn:aws:iam::123456789012:user/ams-recordings
ours:
  description:
    - Whether the user was made or adopted here, or is taken for such by O(adopt).
  returned: with O(state=absent), if the user existed
  type: bool
  sample: true
stays:
  description: Why the user stays, empty where it does not.
  returned: with O(state=absent)
  type: list
  elements: str
  sample: ["the groups admins"]
changes:
  description: What was done, in its order; in check mode what would be.
  returned: success
  type: list
  elements: str
  sample: [create the user ams-recordings, add inline policy recordings]
msg:
  description: What the user has and what changed, in one line.
  returned: always
  type: str
  sample: >-
    IAM user ams-recordings has the policy recordings and no console access: create the user ams-recordings;
    add inline policy recordings
error_code:
  description: AWS's name of the error.
  returned: on failure, if AWS answered
  type: str
  sample: AccessDenied
"""

from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws import (
    iam_programmatic_user_apply as apply_programmatic_user,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.module import run_as_module


def argument_spec() -> dict:
    return {
        "user_name": {"type": "str", "required": True},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "policy_name": {"type": "str", "default": "recordings"},
        "policy": {"type": "dict"},
        "managed_policies": {"type": "list", "elements": "str"},
        "permissions_boundary": {"type": "str"},
        "path": {"type": "str"},
        "tags": {"type": "dict"},
        "bucket": {"type": "str"},
        "adopt": {"type": "bool", "default": False},
        "delete_access_keys": {"type": "bool", "default": False, "no_log": False},
    }


def main() -> None:
    run_as_module(
        apply_programmatic_user.run, argument_spec(), required_if=[("state", "present", ["policy"])]
    )


if __name__ == "__main__":
    main()
