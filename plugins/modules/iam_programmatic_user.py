#!/usr/bin/python
# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: iam_programmatic_user
short_description: Manage an IAM user without console access
version_added: 0.1.0
author: antmedia.s3_recording contributors (@antmedia)
description:
  - Creates an IAM user for a program. The user has an inline policy and cannot log in to the AWS console.
  - Tags the user with C(managed-by) V(antmedia.s3_recording) and, if O(bucket) is given, with
    C(antmedia-bucket). An existing user without these tags is someone else's. The module fails then, unless
    O(adopt) allows it to adopt the user.
  - Removes the console password of a user that has these tags. Everything else that the task does not name
    stays as it is, such as other policies, groups, tags and access keys.
  - Compares policies by their meaning. The order of statements, actions and resources does not count, nor
    whether a single value is in a list.
  - Finds what AWS would refuse before it sends anything, as far as that can be known.
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
options:
  user_name:
    description:
      - Name of the user, up to 64 letters, digits and any of C(_+=,.@-)
        (U(https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html)).
    type: str
    required: true
  state:
    description:
      - V(present) creates the user, or changes it to have what is given here.
      - V(absent) removes the inline policy O(policy_name) and O(managed_policies) from a user that this
        module created or adopted. If the user has nothing else, it is deleted with its access keys and its
        attached policy AmazonS3FullAccess. Otherwise it stays, see RV(stays). Someone else's user stays
        unchanged.
      - A user with a console password, another policy, a group, an MFA device, an SSH key, a signing
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
      - All inline policies of a user together may have 2048 characters
        (U(https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html)).
      - Required with O(state=present).
    type: dict
  other_folders:
    description:
      - What becomes of the right to upload to folders of O(bucket) that O(policy) does not name.
      - With V(keep), the policy has it for these folders as well, as far as it has it now. Use that while
        something may still upload there.
      - With V(forget), the policy becomes O(policy).
    type: str
    choices: [keep, forget]
    default: forget
    version_added: 0.1.0
  forget_folders:
    description:
      - With O(other_folders=keep), folders for which the policy loses this right, with all folders in them.
    type: list
    elements: str
    default: []
    version_added: 0.1.0
  folders_in_use:
    description:
      - More folders of O(bucket) for which the policy has its right to upload, for example because a stream
        is live that will be uploaded there.
    type: list
    elements: str
    default: []
    version_added: 0.1.0
  previous_kms_keys:
    description:
      - What becomes of the right to use KMS keys that O(policy) does not name. It is about statements with a
        C(Sid) that begins with C(EncryptRecordings) or C(PreviousKey), and that allow nothing but KMS.
      - V(forget) removes them. V(keep) keeps them, as uploads that have begun need them. V(decrypt) keeps the
        right to decrypt, which existing objects need.
    type: str
    choices: [forget, keep, decrypt]
    default: forget
    version_added: 0.1.0
  forget_kms_keys:
    description:
      - KMS keys for which the policy loses these rights in any case, by ID, ARN or alias (C(alias/NAME)).
    type: list
    elements: str
    default: []
    version_added: 0.1.0
  managed_policies:
    description:
      - Managed policies to attach as well, by name or ARN. If both AWS and the account have a policy of this
        name, that of AWS is attached.
      - Other attached policies stay attached.
    type: list
    elements: str
  permissions_boundary:
    description:
      - ARN of the managed policy that limits what the user may ever do, whatever its policies allow.
      - It is set on a new user, and on an existing user that has no boundary or another one.
      - If not given, an existing user keeps its boundary.
    type: str
    version_added: 0.1.0
  path:
    description:
      - Path of the user, for example V(/antmedia/). An existing user is moved, which changes its ARN.
      - If not given, an existing user keeps its path and a new user gets V(/).
    type: str
  tags:
    description:
      - Tags to set on the user. Other tags stay. C(managed-by) and C(antmedia-bucket) are not allowed here.
    type: dict
  bucket:
    description:
      - Name of the bucket that the user is for. The module fails if it created the user for another bucket,
        because replacing the policy would take permissions from whatever uses that bucket.
    type: str
    version_added: 0.1.0
  adopt:
    description:
      - Whether to adopt an existing user that does not have the tags. The user is tagged then.
      - The module never adopts a user that has a console password, a group, an inline policy with a name
        other than O(policy_name), an attached policy other than O(managed_policies) and AmazonS3FullAccess,
        or a tag C(managed-by) with another value, because an access key would carry all its rights.
      - AmazonS3FullAccess stays attached. The module warns about it unless O(managed_policies) names it.
    type: bool
    default: false
    version_added: 0.1.0
  delete_access_keys:
    description:
      - Whether O(state=absent) may delete access keys of the user. If V(false), the module fails and changes
        nothing if a user that it created has access keys.
    type: bool
    default: false
attributes:
  check_mode:
    description:
      - Reads and predicts the whole result, also for a user that does not exist yet. Writes nothing.
    support: full
  diff_mode:
    description: Shows only what changes.
    support: full
  idempotent:
    description: A second run changes nothing.
    support: full
notes:
  - To read, the credentials need C(iam:GetUser), C(iam:GetUserPolicy) and C(iam:GetLoginProfile), and with
    O(managed_policies) C(iam:ListAttachedUserPolicies), C(iam:GetPolicy) and C(iam:ListPolicies). For a user
    without the tags they need C(iam:ListUserPolicies), C(iam:ListAttachedUserPolicies) and
    C(iam:ListGroupsForUser). Without C(iam:ListAttachedUserPolicies) the module does not warn about
    AmazonS3FullAccess.
  - To change something they need those of C(iam:CreateUser), C(iam:PutUserPolicy), C(iam:DeleteLoginProfile),
    C(iam:AttachUserPolicy), C(iam:UpdateUser), C(iam:PutUserPermissionsBoundary) and C(iam:TagUser) that the
    change requires. With C(iam:GetPolicy) the module finds a missing permissions boundary before it writes.
  - To delete the user they need C(iam:GetUser), C(iam:GetLoginProfile), C(iam:ListAccessKeys),
    C(iam:ListUserPolicies), C(iam:ListAttachedUserPolicies), C(iam:ListGroupsForUser), C(iam:DeleteUser) and
    those of C(iam:DeleteAccessKey), C(iam:DeleteUserPolicy) and C(iam:DetachUserPolicy) that it requires.
  - With C(iam:ListMFADevices), C(iam:ListSSHPublicKeys), C(iam:ListSigningCertificates) and
    C(iam:ListServiceSpecificCredentials) as well, the module finds before the first change what AWS would
    otherwise refuse only after everything else is deleted.
seealso:
  - module: antmedia.s3_recording.iam_stored_access_key
  - module: antmedia.s3_recording.s3_bucket_access
"""

EXAMPLES = r"""
- name: Create a user that may write recordings and nothing else
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

- name: Attach a managed policy as well, and set path and tags
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
  description: ARN of the user, also of one that was deleted.
  returned: success, if the user exists or existed before the task
  type: str
  sample: arn:aws:iam::123456789012:user/ams-recordings
ours:
  description:
    - Whether this module created or adopted the user, or counts it as adopted because of O(adopt).
  returned: with O(state=absent), if the user existed
  type: bool
  sample: true
stays:
  description: Why the user stays. Empty if it does not.
  returned: with O(state=absent)
  type: list
  elements: str
  sample: ["the groups admins"]
kept_rights:
  description:
    - The objects that the user may upload although O(policy) does not say so, because of
      O(other_folders=keep) and O(folders_in_use).
  returned: with O(state=present)
  type: list
  elements: str
  sample: []
kept_kms_keys:
  description:
    - Other KMS keys that the policy still allows, each with RV(ignore:key) and with RV(ignore:encrypts),
      which is V(false) if it allows only to decrypt.
  returned: with O(state=present)
  type: list
  elements: dict
  sample: []
changes:
  description: What was done, in order. In check mode, what would be done.
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
  description: The error code of AWS.
  returned: on failure, if AWS answered
  type: str
  sample: AccessDenied
"""

from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws import (
    iam_programmatic_user_apply as apply_programmatic_user,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.other_folders import (
    FORGET,
    OTHER_FOLDERS,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.policy_kms import (
    FORGET as FORGET_KEYS,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.policy_kms import (
    PREVIOUS_KEYS,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.run_module import run_as_module


def argument_spec() -> dict:
    return {
        "user_name": {"type": "str", "required": True},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "policy_name": {"type": "str", "default": "recordings"},
        "policy": {"type": "dict"},
        "other_folders": {"type": "str", "choices": list(OTHER_FOLDERS), "default": FORGET},
        "forget_folders": {"type": "list", "elements": "str", "default": []},
        "folders_in_use": {"type": "list", "elements": "str", "default": []},
        "previous_kms_keys": {"type": "str", "choices": list(PREVIOUS_KEYS), "default": FORGET_KEYS},
        "forget_kms_keys": {"type": "list", "elements": "str", "default": [], "no_log": False},
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
