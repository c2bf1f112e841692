#!/usr/bin/python
# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: iam_stored_access_key
short_description: Manage an IAM access key and store its secret
version_added: 0.1.0
author: antmedia.s3_recording contributors (@antmedia)
description:
  - Creates an access key for an IAM user and stores it with its secret, which AWS shows only once. Later runs
    find the stored key, check it and change nothing.
  - Waits until a new key works by using it, because AWS needs some seconds to activate it everywhere.
  - Two concurrent runs create only one key. Before it creates a key, the module stores a reservation, on the
    condition that nothing has changed in between. The second run waits for the first and uses its key. The
    reservation also shows that the key store can be written to before there is a key.
  - If a new key cannot be stored, it is deleted again. If a run was killed halfway, the next run finds its
    reservation and deletes a key that was created but never stored.
  - The secret is never part of a result.
  - What is stored is a JSON object with C(access_key_id), C(secret_access_key), C(user_name),
    C(create_date), C(partition), C(account_id) and, for a key that replaced another, C(replaces). If
    O(stored_at) holds anything else, or the key of another user or account, the module fails and never
    overwrites it.
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
options:
  user_name:
    description: Name of the IAM user. The user must exist.
    type: str
    required: true
  state:
    description:
      - V(present) makes sure that the user has an active key and that it is stored.
      - V(rotated) creates the next key and stores it in place of the old key, which keeps working. While the
        old key is active, a second run changes nothing, so an interrupted play can be run again. The rotation
        is finished when V(retired) has made the old key inactive. A new rotation then fails until
        O(delete_after) is over, and after that deletes the old key and creates another one. For a key that
        cannot wait, see O(leaked). If no key is stored, this is the same as V(present).
      - V(retired) leaves the user with the stored key alone. Use it when everything has moved to the key that
        V(rotated) stored. The stored key must work before any other key is made inactive or deleted. See
        O(delete_after), O(switch_wait) and, for uploads in progress, O(bucket).
      - V(absent) deletes the stored key, the key that it replaced, and what is stored. Other keys of the user
        stay. See O(switch_wait) and, for uploads in progress, O(bucket).
    type: str
    choices: [present, rotated, retired, absent]
    default: present
  store:
    description:
      - The kind of key store.
      - V(ssm) is a SecureString in AWS Systems Manager Parameter Store.
      - V(secretsmanager) is a secret in AWS Secrets Manager. O(state=absent) deletes it without a recovery
        window, because the key is of no use any more.
      - V(file) is a file on the host that runs the task. Its mode is 0600, and it is encrypted with
        ansible-vault if there is a vault password.
    type: str
    choices: [ssm, secretsmanager, file]
    default: ssm
  stored_at:
    description:
      - With O(store=ssm) the name of the parameter, for example V(/antmedia/s3_recording/my-recordings).
      - With O(store=secretsmanager) the name of the secret.
      - With O(store=file) the absolute path of the file. Its folder must exist.
    type: str
    required: true
  previous_store:
    description: The kind of key store of O(previous_stored_at). The default is O(store).
    type: str
    choices: [ssm, secretsmanager, file]
  previous_stored_at:
    description:
      - Where the key is stored until now, as in O(stored_at), to move it to another key store. If nothing is
        stored in O(stored_at), the key is copied from there.
      - If the key cannot be read there, another key is created and stored, and the old one stays until
        O(state=retired). A user who has two keys already is refused.
      - When O(stored_at) has the key and it works, what is stored there is deleted. A key that is another one
        than in O(stored_at), and that the user still has, stays.
    type: str
  keep_previous:
    description:
      - Whether to leave the key in O(previous_stored_at) for now. With O(state=absent) it is deleted all the
        same.
    type: bool
    default: false
  kms_key_id:
    description:
      - For O(store=ssm) and O(store=secretsmanager), the ID, ARN or alias of the KMS key that encrypts what
        is stored. The default is the account's key V(alias/aws/ssm) or V(alias/aws/secretsmanager).
      - A parameter is encrypted with it on every write, a secret when it is created. A change of this option
        alone does not encrypt again what is already stored.
    type: str
  vault_password:
    description:
      - For O(store=file), the ansible-vault passwords of the file. The first one encrypts, any of them may
        decrypt.
      - With a local connection the default is the vault passwords of the run (C(--vault-id),
        C(--vault-password-file), C(ANSIBLE_VAULT_PASSWORD_FILE)), with C(vault_encrypt_identity) first. With
        any other connection they are never sent to the host, so set this option.
      - Without a password the file is not encrypted, and the task warns when it writes the file.
    type: list
    elements: str
  vault_id:
    description:
      - For O(store=file), the vault ID label of the first O(vault_password).
      - The default is the label of the run's vault password.
    type: str
  recreate:
    description:
      - Whether to create and store another key if the stored one was deleted or deactivated in IAM, or if
        the user has a key but none is stored. If V(false), the module fails then.
      - A stored key that is inactive is deleted. Active keys stay until O(state=retired). If the user has no
        room for another key, an inactive one is deleted, but never an active one.
    type: bool
    default: false
  wait:
    description:
      - Whether to wait until the key works. The module asks AWS who it belongs to and, with O(bucket), lists
        the bucket.
      - With V(true), later runs check the stored key in the same way. Check mode does not use the key.
      - With V(false), the module waits for nothing else either. See O(wait_timeout).
    type: bool
    default: true
  wait_timeout:
    description:
      - Seconds to wait until the key works, with O(state=retired) until the old key may be made inactive, and
        with O(state=absent) until the keys may be deleted.
      - With a local connection the task displays what it is waiting for, again every ten seconds.
    type: int
    default: 60
  bucket:
    description:
      - Name of a bucket that the key must be able to list (C(s3:ListBucket)) before the task ends.
      - While a multipart upload to this bucket is in progress, the old key stays active with
        O(state=retired), and all keys stay with O(state=absent), because a server signs an upload to the end
        with the key with which it began. An upload that got no part for 15 minutes counts as abandoned.
    type: str
  adopt:
    description:
      - Whether to create a key for a user that M(antmedia.s3_recording.iam_programmatic_user) has not created
        or adopted, but would adopt with its own option of this name. A key has all the rights of its user.
      - If V(false), the module fails instead of creating such a key. It always fails instead of creating a
        key for a user of a bucket other than O(bucket).
    type: bool
    default: false
    version_added: 0.1.0
  delete_after:
    description:
      - For O(state=retired), seconds that an old key stays inactive before it is deleted. Until then you can
        activate it again. The task does not wait. A run after that time deletes the key. The default is V(0),
        which deletes the key at once.
      - For O(state=present), an old key that O(state=retired) made inactive is deleted when this time is
        over. By default it is left alone.
      - For O(state=rotated), the same key is deleted to make room for another one when this time is over. By
        default it never is.
    type: int
  leaked:
    description:
      - Whether to replace the key because someone else may have it.
      - With O(state=rotated), an old key that everything has moved away from is deleted to make room, even
        during O(delete_after), and the next key is created. Each run therefore creates another key. If the
        previous rotation is not finished, finish it first with O(state=retired).
      - With O(state=retired), the old key is made inactive at once. The module does not wait for
        O(switch_wait), for uploads in progress, or for whatever still uses the key. A multipart upload that
        began with it fails. The key is deleted after O(delete_after).
    type: bool
    default: false
  switch_wait:
    description:
      - For O(state=retired), seconds after the first run with this state during which an old key stays active
        for whatever was in progress. If the key is used after that, something still needs it, and it stays.
      - For O(state=absent), seconds after the start of the task during which nothing is deleted.
    type: int
    default: 0
  max_age_days:
    description: Days after which the task warns that the stored key is due for rotation. By default never.
    type: int
attributes:
  check_mode:
    description:
      - Reads, predicts the whole result and writes nothing. A user that does not exist counts as a user
        without keys, because an earlier task may be about to create it.
    support: full
  diff_mode:
    description: Shows changes to the IDs of the user's keys, of the inactive ones and of the stored one.
    support: full
  idempotent:
    description:
      - A second run changes nothing. With O(state=rotated) that is so while the old key is active. After
        that, a second run fails or, with O(leaked) or after O(delete_after), rotates again.
    support: full
notes:
  - The credentials need C(iam:ListAccessKeys), C(iam:GetUser), C(iam:CreateAccessKey) and
    C(iam:DeleteAccessKey). For a user without the tags they also need C(iam:GetLoginProfile),
    C(iam:ListUserPolicies), C(iam:ListAttachedUserPolicies) and C(iam:ListGroupsForUser).
  - For O(state=rotated) and after an interrupted run they also need C(iam:GetAccessKeyLastUsed). For
    O(state=retired) they also need C(iam:GetAccessKeyLastUsed) and C(iam:UpdateAccessKey). For
    O(state=retired) and O(state=absent) with O(bucket) they also need C(s3:ListBucketMultipartUploads) and
    C(s3:ListMultipartUploadParts).
  - For O(store=ssm) they also need C(ssm:GetParameter), C(ssm:PutParameter) and C(ssm:DeleteParameter). For
    O(store=secretsmanager) they also need C(secretsmanager:CreateSecret), C(secretsmanager:GetSecretValue),
    C(secretsmanager:PutSecretValue), C(secretsmanager:UpdateSecretVersionStage) and
    C(secretsmanager:DeleteSecret).
  - A reservation or a key that is in only one place and less than 30 seconds old may belong to another run.
    The task looks again until that time is over.
  - Read the key with the lookup P(antmedia.s3_recording.stored_access_key#lookup).
    P(amazon.aws.ssm_parameter#lookup) and P(ansible.builtin.unvault#lookup) with C(from_json) read it
    too, but with C(-vvvv) P(amazon.aws.ssm_parameter#lookup) writes the secret to the log.
  - With O(store=file) and encryption, the Python package C(cryptography) must be installed on the host that
    runs the task.
seealso:
  - module: antmedia.s3_recording.iam_programmatic_user
  - module: amazon.aws.iam_access_key
  - plugin: antmedia.s3_recording.stored_access_key
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: Create a key and store it in Parameter Store
  antmedia.s3_recording.iam_stored_access_key:
    user_name: my-recordings-recording
    stored_at: /antmedia/s3_recording/my-recordings
    bucket: my-recordings
    region: eu-central-1

- name: Read the key from Parameter Store
  ansible.builtin.set_fact:
    key: "{{ lookup('antmedia.s3_recording.stored_access_key', parameter, region='eu-central-1') }}"
  vars:
    parameter: /antmedia/s3_recording/my-recordings
  no_log: true

- name: Store a key in a file on the controller, encrypted with the vault password of the run
  antmedia.s3_recording.iam_stored_access_key:
    user_name: my-archive-recording
    store: file
    stored_at: /etc/ansible/keys/my-archive.json
    region: eu-central-1
  delegate_to: localhost

- name: Read the key from the file
  ansible.builtin.set_fact:
    key: "{{ lookup('antmedia.s3_recording.stored_access_key', path, store='file') }}"
  vars:
    path: /etc/ansible/keys/my-archive.json
  no_log: true

- name: Move the key from the file to Parameter Store
  antmedia.s3_recording.iam_stored_access_key:
    user_name: my-archive-recording
    stored_at: /antmedia/s3_recording/my-archive
    previous_store: file
    previous_stored_at: /etc/ansible/keys/my-archive.json
    region: eu-central-1
  delegate_to: localhost

- name: Create the next key; the old one works until it is retired
  antmedia.s3_recording.iam_stored_access_key:
    user_name: my-recordings-recording
    stored_at: /antmedia/s3_recording/my-recordings
    state: rotated
    region: eu-central-1

- name: Delete the old key after everything has moved
  antmedia.s3_recording.iam_stored_access_key:
    user_name: my-recordings-recording
    stored_at: /antmedia/s3_recording/my-recordings
    state: retired
    region: eu-central-1

- name: Create the next key now, because the stored one has leaked
  antmedia.s3_recording.iam_stored_access_key:
    user_name: my-recordings-recording
    stored_at: /antmedia/s3_recording/my-recordings
    state: rotated
    leaked: true
    region: eu-central-1

- name: Make the leaked key inactive at once, and let a run after a day delete it
  antmedia.s3_recording.iam_stored_access_key:
    user_name: my-recordings-recording
    stored_at: /antmedia/s3_recording/my-recordings
    state: retired
    leaked: true
    delete_after: 86400
    region: eu-central-1

- name: Delete the key in IAM and in the key store
  antmedia.s3_recording.iam_stored_access_key:
    user_name: my-recordings-recording
    stored_at: /antmedia/s3_recording/my-recordings
    state: absent
    region: eu-central-1
"""

RETURN = r"""
access_key_id:
  description: ID of the stored key. V(null) if there is none or, in check mode, if it would be created.
  returned: success
  type: str
  sample: AKIAIOSFODNN7EXAMPLE
user_name:
  description: Name of the IAM user.
  returned: success
  type: str
  sample: my-recordings-recording
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
create_date:
  description: When the stored key was created (ISO 8601). V(null) if RV(access_key_id) is.
  returned: success
  type: str
  sample: "2026-01-31T12:00:00+00:00"
age_days:
  description: Age of the stored key in whole days, by the clock of AWS. V(null) if RV(access_key_id) is.
  returned: success
  type: int
  sample: 12
deleted_access_key_ids:
  description: IDs of the keys that were deleted. In check mode, of those that would be.
  returned: success
  type: list
  elements: str
  sample: []
previous_access_keys:
  description: The other keys that the user still has, each with C(access_key_id) and C(active).
  returned: success
  type: list
  elements: dict
  sample: []
previous_store:
  description: What became of the previous key store. In check mode, what would.
  returned: if O(previous_stored_at) is set
  type: dict
  contains:
    where:
      description: The key store and the name there.
      type: str
    copied:
      description: Whether the key was copied from there.
      type: bool
    not_copied:
      description: Why a key in use could not be copied and was replaced, empty if that is not so.
      type: str
    deleted:
      description: Whether what it held was deleted.
      type: bool
    left:
      description: Whether it still holds the key that is stored in O(stored_at), or one that was deleted.
      type: bool
  sample:
    where: file /etc/ansible/keys/my-archive.json
    copied: true
    not_copied: ""
    deleted: true
    left: false
pending:
  description:
    - Why an old key is still active with O(state=retired), or why keys were not deleted with O(state=absent).
      A later run continues.
  returned: if that is so
  type: str
  sample: "uploads in progress may have begun with it: live/streams/concert.mp4"
rotation_due:
  description: Whether the stored key is at least O(max_age_days) old.
  returned: if O(max_age_days) is set
  type: bool
  sample: false
not_yet:
  description: V(true) if it failed only because AWS has not activated the key or its policy everywhere yet.
  returned: on such a failure
  type: bool
  sample: true
waiting_for:
  description: What AWS still has to do in that case.
  returned: on such a failure
  type: str
  sample: activate access key AKIAIOSFODNN7EXAMPLE
in_grace:
  description: V(true) if the task failed only because the old key of the last rotation is still kept.
  returned: on such a failure, with O(state=rotated)
  type: bool
  sample: true
msg:
  description: What was found and done, in one line.
  returned: always
  type: str
  sample: "my-recordings-recording: nothing is stored: a new key is made and stored"
error_code:
  description: The error code of AWS.
  returned: on failure, if AWS answered
  type: str
  sample: AccessDenied
"""

from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.iam_stored_access_key import (
    apply as apply_key,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.iam_stored_access_key.plan import (
    STATES,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.key_stores.registry import STORES
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.run_module import run_as_module


def argument_spec() -> dict:
    options = {
        "user_name": {"type": "str", "required": True},
        "state": {"type": "str", "choices": list(STATES), "default": "present"},
        "store": {"type": "str", "choices": list(STORES), "default": "ssm"},
        "stored_at": {"type": "str", "required": True},
        "previous_store": {"type": "str", "choices": list(STORES)},
        "previous_stored_at": {"type": "str"},
        "keep_previous": {"type": "bool", "default": False},
        "recreate": {"type": "bool", "default": False},
        "wait": {"type": "bool", "default": True},
        "wait_timeout": {"type": "int", "default": 60},
        "delete_after": {"type": "int"},
        "leaked": {"type": "bool", "default": False},
        "switch_wait": {"type": "int", "default": 0},
        "max_age_days": {"type": "int"},
        "bucket": {"type": "str"},
        "adopt": {"type": "bool", "default": False},
    }
    for store in STORES.values():
        options.update(store.ARGUMENTS)
    return options


def main() -> None:
    run_as_module(apply_key.run, argument_spec())


if __name__ == "__main__":
    main()
