#!/usr/bin/python
# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: iam_stored_access_key
short_description: An access key of an IAM user, stored where it can be read again
version_added: 0.1.0
author: antmedia.s3_recording contributors (@antmedia)
description:
  - Makes an access key for an IAM user and stores it with its secret, which AWS shows once. Later runs
    find the stored key, check it and change nothing.
  - Waits until a new key works, by using it, because AWS takes some seconds to know it everywhere.
  - Two runs at the same moment make one key. Before a key is made, a note of it is stored on the condition
    that nothing was changed in between; the run that comes second waits for the first and takes its key. The
    note also shows that the store can be written to, before there is a key.
  - If a new key cannot be stored, it is deleted again. What a run left that was killed in the middle is found
    by its note, and the next run deletes a key that was made and never stored.
  - The secret is never part of a result.
  - What is stored is a JSON object with C(access_key_id), C(secret_access_key), C(user_name),
    C(create_date), C(partition), C(account_id) and, for a key that followed another, C(replaces). Anything
    else that is found at O(stored_at), the key of another user or another account included, is an error and
    is never overwritten.
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
options:
  user_name:
    description: Name of the IAM user, who must exist.
    type: str
    required: true
  state:
    description:
      - With V(present) the user has an active key and it is stored.
      - With V(rotated) a next key is made and stored in place of the former one, which keeps working.
        As long as the former one is active, a second run changes nothing, so an interrupted play can be run
        again. When V(retired) has made it inactive the rotation is done, and a second one is an error until
        O(grace) is over. After that the former key is deleted and another one made. See O(leaked) for a key
        that cannot wait. Without a stored key it is the same as V(present).
      - With V(retired) the user has no keys but the stored one. Use it when everything has moved to the
        key stored by V(rotated). The stored key must work before another is made inactive or deleted.
        See O(grace), O(quiet) and, for uploads that are under way, O(bucket).
      - With V(absent) the stored key, the key that it followed, and what is stored are deleted. Other
        keys of the user stay. See O(quiet) and, for uploads that are under way, O(bucket).
    type: str
    choices: [present, rotated, retired, absent]
    default: present
  store:
    description:
      - Where the key is kept.
      - V(ssm) is a SecureString of the Parameter Store of AWS Systems Manager.
      - V(secretsmanager) is a secret of AWS Secrets Manager. With O(state=absent) it is deleted without a
        time for recovery, since the key is of no use any more.
      - V(file) is a file where the task runs, with mode 0600, encrypted with ansible-vault if there is a
        vault password.
    type: str
    choices: [ssm, secretsmanager, file]
    default: ssm
  stored_at:
    description:
      - With O(store=ssm) the name of the parameter, for example V(/antmedia/s3_recording/my-recordings).
      - With O(store=secretsmanager) the name of the secret.
      - With O(store=file) the absolute path of the file, whose folder must exist.
    type: str
    required: true
  kms_key_id:
    description:
      - For O(store=ssm) and O(store=secretsmanager), the ID, ARN or alias of the KMS key that encrypts what
        is stored. By default the key V(alias/aws/ssm) or V(alias/aws/secretsmanager) of the account.
      - A parameter is encrypted with it whenever it is written, a secret when it is made. What exists is not
        encrypted anew because of it.
    type: str
  vault_password:
    description:
      - For O(store=file), the ansible-vault passwords of the file. The first encrypts, any may decrypt.
      - With a local connection the default are the vault passwords of the run (C(--vault-id),
        C(--vault-password-file), C(ANSIBLE_VAULT_PASSWORD_FILE)), C(vault_encrypt_identity) first. With
        any other connection they are never sent to the host, so give the password here.
      - Without a password the file is not encrypted, and the task warns of that when it writes it.
    type: list
    elements: str
  vault_id:
    description:
      - For O(store=file), the label of the vault ID that the first of O(vault_password) belongs to.
      - The default is the label that belongs to the vault password of the run.
    type: str
  recreate:
    description:
      - Whether to make and store another key if the stored one was deleted or deactivated in IAM, or if
        the user has a key but none is stored. By default that is an error.
      - A stored key that is inactive is deleted then. Active keys stay until O(state=retired). If there
        is no room for another key, an inactive one is deleted, an active one never.
    type: bool
    default: false
  wait:
    description:
      - Whether to wait until the key works, by asking AWS who it belongs to and, with O(bucket), by
        listing the bucket.
      - With V(true) later runs check the stored key in the same way. In check mode it is not used.
    type: bool
    default: true
  wait_timeout:
    description:
      - Seconds to wait until the key works, with O(state=retired) until the former key may be made inactive,
        and with O(state=absent) until the keys may be deleted.
      - Where that takes more than a few seconds, the task says once, on stderr, what it is waiting for.
    type: int
    default: 60
  bucket:
    description:
      - Name of a bucket that the key must be able to list (C(s3:ListBucket)) before the task ends.
      - With O(state=retired) the former key stays active, and with O(state=absent) all stay, while an upload
        of many parts to it is under way, which a server signs to the end with the key that it began with. One
        to which no part came for 15 minutes counts as given up.
    type: str
  adopt:
    description:
      - Whether a key may be made for a user that M(antmedia.s3_recording.iam_programmatic_user) has neither
        made nor adopted, but would adopt with its option of this name. A key has all the rights of its user.
      - Without it, and for a user of another bucket than O(bucket), a task that would make a key is an error.
    type: bool
    default: false
    version_added: 0.1.0
  grace:
    description:
      - For O(state=retired), seconds that a former key is inactive before it is deleted. Until then it can be
        made active again. The task does not wait, a run after that time deletes the key. With V(0), the
        default there, it is deleted at once.
      - For O(state=present), a former key that O(state=retired) has made inactive is deleted when this time
        is over. By default it is left alone.
      - For O(state=rotated), the same key is deleted to make room for another when this time is over. By
        default it never is.
    type: int
  leaked:
    description:
      - Whether the key is to be replaced because somebody else may have it.
      - With O(state=rotated) a former key that everything has moved away from is deleted to make room,
        whatever is left of O(grace), and the next key is made. So each run makes another key. Only a
        rotation that is not finished is to be finished first, with O(state=retired).
      - With O(state=retired) the former key is made inactive at once. Neither O(quiet) nor uploads that are
        under way nor a use of it are waited for; an upload of many parts that began with it fails. It is
        deleted after O(grace).
    type: bool
    default: false
  quiet:
    description:
      - For O(state=retired), seconds after the first run with this state in which a former key stays active,
        for what was under way. A key that was used after that is still needed by something, and stays.
      - For O(state=absent), seconds after the begin of the task in which nothing is deleted.
    type: int
    default: 0
  max_age_days:
    description: Days after which a warning says that the stored key is to be rotated. Never by default.
    type: int
attributes:
  check_mode:
    description:
      - Reads and predicts the result in full, writes nothing. A user that does not exist counts as one
        without keys, because a task before may be about to make it.
    support: full
  diff_mode:
    description: Shows the IDs of the user's keys, the inactive ones and the stored one, if they change.
    support: full
  idempotent:
    description:
      - A second run changes nothing. With O(state=rotated) that holds as long as the former key is active;
        after that a second run is an error or, with O(leaked) or after O(grace), another rotation.
    support: full
notes:
  - The credentials need C(iam:ListAccessKeys), C(iam:GetUser), C(iam:CreateAccessKey) and
    C(iam:DeleteAccessKey), for a user without the tags also C(iam:GetLoginProfile), C(iam:ListUserPolicies),
    C(iam:ListAttachedUserPolicies) and C(iam:ListGroupsForUser), for
    O(state=rotated) and after a broken off run also C(iam:GetAccessKeyLastUsed), for O(state=retired) also
    C(iam:GetAccessKeyLastUsed) and C(iam:UpdateAccessKey), for it and O(state=absent) with O(bucket) also
    C(s3:ListBucketMultipartUploads) and C(s3:ListMultipartUploadParts), for O(store=ssm) also
    C(ssm:GetParameter), C(ssm:PutParameter), C(ssm:DeleteParameter), and for O(store=secretsmanager) also
    C(secretsmanager:CreateSecret), C(secretsmanager:GetSecretValue), C(secretsmanager:PutSecretValue),
    C(secretsmanager:UpdateSecretVersionStage), C(secretsmanager:DeleteSecret).
  - A note or a key that is in one place alone and less than 30 seconds old may be that of another run, so the
    task looks again until that time has passed.
  - Read the key with the lookup P(antmedia.s3_recording.stored_access_key#lookup).
    P(amazon.aws.ssm_parameter#lookup) and P(ansible.builtin.unvault#lookup) with C(from_json) read it
    too, but with C(-vvvv) the former of these writes the secret to the log.
  - With O(store=file) and encryption, the Python package C(cryptography) must be installed where the task
    runs.
seealso:
  - module: antmedia.s3_recording.iam_programmatic_user
  - module: amazon.aws.iam_access_key
  - plugin: antmedia.s3_recording.stored_access_key
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: Have a key in the Parameter Store
  antmedia.s3_recording.iam_stored_access_key:
    user_name: my-recordings-recording
    stored_at: /antmedia/s3_recording/my-recordings
    bucket: my-recordings
    region: eu-central-1

- name: Read it where it is needed
  ansible.builtin.set_fact:
    key: "{{ lookup('antmedia.s3_recording.stored_access_key', parameter, region='eu-central-1') }}"
  vars:
    parameter: /antmedia/s3_recording/my-recordings
  no_log: true

- name: Have a key in a file on the controller, encrypted with the vault password of the run
  antmedia.s3_recording.iam_stored_access_key:
    user_name: my-archive-recording
    store: file
    stored_at: /etc/ansible/keys/my-archive.json
    region: eu-central-1
  delegate_to: localhost

- name: Read it where it is needed
  ansible.builtin.set_fact:
    key: "{{ lookup('antmedia.s3_recording.stored_access_key', path, store='file') }}"
  vars:
    path: /etc/ansible/keys/my-archive.json
  no_log: true

- name: Make the next key; the former one works until it is retired
  antmedia.s3_recording.iam_stored_access_key:
    user_name: my-recordings-recording
    stored_at: /antmedia/s3_recording/my-recordings
    state: rotated
    region: eu-central-1

- name: Delete the former key after everything has moved
  antmedia.s3_recording.iam_stored_access_key:
    user_name: my-recordings-recording
    stored_at: /antmedia/s3_recording/my-recordings
    state: retired
    region: eu-central-1

- name: Make the next key now, because the stored one has leaked
  antmedia.s3_recording.iam_stored_access_key:
    user_name: my-recordings-recording
    stored_at: /antmedia/s3_recording/my-recordings
    state: rotated
    leaked: true
    region: eu-central-1

- name: Make the leaked one inactive at once, and delete it by a run after a day
  antmedia.s3_recording.iam_stored_access_key:
    user_name: my-recordings-recording
    stored_at: /antmedia/s3_recording/my-recordings
    state: retired
    leaked: true
    grace: 86400
    region: eu-central-1

- name: Delete the key in both places
  antmedia.s3_recording.iam_stored_access_key:
    user_name: my-recordings-recording
    stored_at: /antmedia/s3_recording/my-recordings
    state: absent
    region: eu-central-1
"""

RETURN = r"""
access_key_id:
  description: ID of the stored key, V(null) if there is none or, in check mode, if it would be made.
  returned: success
  type: str
  sample: AKIAIOSFODNN7EXAMPLE
user_name:
  description: Name of the IAM user.
  returned: success
  type: str
  sample: my-recordings-recording
store:
  description: The kind of store.
  returned: success
  type: str
  sample: ssm
stored_at:
  description: Name of the parameter or path of the file.
  returned: success
  type: str
  sample: /antmedia/s3_recording/my-recordings
create_date:
  description: When the stored key was made (ISO 8601), V(null) like RV(access_key_id).
  returned: success
  type: str
  sample: "2026-01-31T12:00:00+00:00"
age_days:
  description: Whole days since then, by AWS's clock, V(null) like RV(access_key_id).
  returned: success
  type: int
  sample: 12
deleted_access_key_ids:
  description: IDs of the keys that were deleted; in check mode of those that would be.
  returned: success
  type: list
  elements: str
  sample: []
former_access_keys:
  description: The other keys of the user that are left, each with C(access_key_id) and C(active).
  returned: success
  type: list
  elements: dict
  sample: []
pending:
  description:
    - Why a former key is still active with O(state=retired), or keys are not deleted with O(state=absent).
      A later run goes on.
  returned: if it is
  type: str
  sample: "uploads in progress may have begun with it: live/streams/concert.mp4"
rotation_due:
  description: Whether the stored key is as old as O(max_age_days).
  returned: if O(max_age_days) is set
  type: bool
  sample: false
not_yet:
  description: Whether the failure is only that AWS does not know the key or its policy everywhere yet.
  returned: on such a failure
  type: bool
  sample: true
waiting_for:
  description: What AWS has still to do then.
  returned: on such a failure
  type: str
  sample: activate access key AKIAIOSFODNN7EXAMPLE
in_grace:
  description: Whether the failure is only that the former key of the last rotation is still kept.
  returned: on such a failure, with O(state=rotated)
  type: bool
  sample: true
msg:
  description: What was found and done, in one line.
  returned: always
  type: str
  sample: "my-recordings-recording: nothing is stored: a new key is made and stored"
error_code:
  description: AWS's name of the error.
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
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.key_stores.registry import (
    STORES,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.module import run_as_module


def argument_spec() -> dict:
    options = {
        "user_name": {"type": "str", "required": True},
        "state": {"type": "str", "choices": list(STATES), "default": "present"},
        "store": {"type": "str", "choices": list(STORES), "default": "ssm"},
        "stored_at": {"type": "str", "required": True},
        "recreate": {"type": "bool", "default": False},
        "wait": {"type": "bool", "default": True},
        "wait_timeout": {"type": "int", "default": 60},
        "grace": {"type": "int"},
        "leaked": {"type": "bool", "default": False},
        "quiet": {"type": "int", "default": 0},
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
