#!/usr/bin/python
# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: s3_recording_bucket
short_description: Manage an S3 bucket for recordings
version_added: 0.1.0
author: antmedia.s3_recording contributors (@antmedia)
description:
  - Creates the bucket if it does not exist. Sets versioning, default encryption, lifecycle rules and tags.
  - Options that are not given are neither read nor written, so an S3 provider without such a feature gets no
    request for it. The default encryption is never deleted, because some S3 providers treat that call as the
    deletion of the bucket.
  - A bucket that the module creates gets the tag C(managed-by) with V(antmedia.s3_recording). If the S3
    provider refuses the tag, the bucket is created nevertheless, and the module warns.
  - With O(state=absent), a bucket that has this tag and is empty is deleted. Every other bucket stays.
  - If the bucket is someone else's or in another region, the module fails before it writes anything.
  - Check mode predicts all of this, which C(amazon.aws.s3_bucket) does not.
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
options:
  name:
    description: Name of the bucket.
    type: str
    required: true
  state:
    description:
      - V(present) creates the bucket, or changes it to have what is given here.
      - V(absent) deletes the bucket if it has the tag C(managed-by) with V(antmedia.s3_recording). A bucket
        without this tag was not created by this module and stays, see RV(stays). If the bucket holds an
        object or a version of one, the module fails.
    type: str
    choices: [present, absent]
    default: present
    version_added: 0.1.0
  expected_bucket_owner:
    description:
      - ID of the AWS account that must own the bucket. If not given, it is the account of the credentials, as
        returned by C(sts:GetCallerIdentity). The module fails if it cannot call that.
      - If another account owns the bucket, S3 refuses every call of this task.
      - Use V(any) for S3 providers other than AWS, which have neither its accounts nor its regions.
    type: str
  versioning:
    description:
      - Whether S3 keeps previous versions of objects. V(false) suspends versioning (C(Suspended)) on a bucket
        that has it.
    type: bool
  encryption:
    description:
      - Default encryption of objects that are uploaded without one. V(AES256) uses keys of S3 (SSE-S3),
        V(aws:kms) uses a key of AWS KMS (SSE-KMS).
      - Nobody can read an object encrypted with V(aws:kms) without credentials, whatever the bucket policy
        allows.
    type: str
    choices: ["AES256", "aws:kms"]
  encryption_key_id:
    description:
      - ID, ARN or alias of the KMS key. If not given, the account's AWS managed key for S3 (C(aws/s3)).
      - Allowed only with O(encryption=aws:kms).
    type: str
  bucket_key_enabled:
    description:
      - Whether S3 uses one KMS request for many objects (S3 Bucket Keys,
        U(https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-key.html)). If not given, it stays as
        it is, but is turned on when O(encryption=aws:kms) or another key is set for the first time.
    type: bool
  lifecycle_rules:
    description:
      - Rules that expire or move objects. Rules whose ID begins with C(antmedia-s3-recording) belong to this
        module. Those that are not given are removed, unless O(other_folders=keep). All other rules stay as
        they are.
      - V([]) removes all rules of this module, unless O(other_folders=keep).
    type: list
    elements: dict
    suboptions:
      prefix:
        description: Beginning of the keys of the objects that the rule applies to, for example V(streams/).
        type: str
        required: true
      expiration_days:
        description: Days after which an object is deleted. With versioning it becomes a noncurrent version.
        type: int
      noncurrent_version_expiration_days:
        description: Days after which a noncurrent version of an object is permanently deleted.
        type: int
      abort_incomplete_multipart_upload_days:
        description:
          - Days after its start at which the parts of an unfinished multipart upload are deleted. A killed
            server leaves such parts behind.
        type: int
      transitions:
        description:
          - When objects move to a colder storage class. Nobody can read an object in V(GLACIER) or
            V(DEEP_ARCHIVE) until it is restored.
        type: list
        elements: dict
        suboptions:
          days:
            description:
              - Days after the upload. At least 30 for V(STANDARD_IA) and V(ONEZONE_IA)
                (U(https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-transition-general-considerations.html)).
            type: int
            required: true
          storage_class:
            description: The storage class.
            type: str
            required: true
            choices: [STANDARD_IA, INTELLIGENT_TIERING, ONEZONE_IA, GLACIER_IR, GLACIER, DEEP_ARCHIVE]
  other_folders:
    description:
      - What becomes of rules of this module whose prefix O(lifecycle_rules) does not name. V(forget) removes
        them. V(keep) leaves them as they are, except those of O(forget_folders).
    type: str
    choices: [keep, forget]
    default: forget
  forget_folders:
    description:
      - Folders whose rules O(other_folders=keep) does not keep, each with all folders in it, without slashes
        at their ends. For example V(live) for the prefixes V(live/streams/) and V(live/previews/).
      - A rule that O(lifecycle_rules) gives stays.
    type: list
    elements: str
    default: []
  expire_existing:
    description:
      - Whether lifecycle rules may delete existing objects because a rule is new, has fewer days than its
        previous version, or applies to more objects. S3 deletes those that are old enough within a day, and
        the others when they reach their days. Without versioning they cannot be recovered.
      - If V(false), the module counts all such objects, however young, and their noncurrent versions if a
        rule applies to these. If there are any, it fails before it writes anything. It says how many are
        deleted at once and by when all are gone. It counts nothing if no rule deletes an object earlier than
        the previous rules.
    type: bool
    default: false
  tags:
    description:
      - Tags of the bucket. Other tags stay, unless O(purge_tags=true).
      - With another value of C(managed-by) here, the bucket no longer counts as created by this module.
    type: dict
  managed_tag:
    description:
      - Whether a new bucket gets the tag C(managed-by). Use V(false) for S3 providers without bucket tags.
        The module then sends no request for the tag, and O(state=absent) never deletes the bucket.
    type: bool
    default: true
    version_added: 0.1.0
  purge_tags:
    description:
      - Whether to remove tags that are not given. Tags of AWS services and the tag of a bucket that this
        module created always stay.
    type: bool
    default: false
attributes:
  check_mode:
    description: Reads, predicts the whole result and writes nothing.
    support: full
  diff_mode:
    description: Shows what changes of the given options, and of the lifecycle rules only this module's own.
    support: full
  idempotent:
    description: A second run changes nothing.
    support: full
notes:
  - The credentials need C(s3:ListBucket), to create a bucket C(s3:CreateBucket), and for the options that are
    given C(s3:GetBucketVersioning), C(s3:PutBucketVersioning), C(s3:GetEncryptionConfiguration),
    C(s3:PutEncryptionConfiguration), C(s3:GetLifecycleConfiguration), C(s3:PutLifecycleConfiguration),
    C(s3:GetBucketTagging) and C(s3:PutBucketTagging). The last two are also needed to create a bucket. To
    count noncurrent versions they need C(s3:GetBucketVersioning) and C(s3:ListBucketVersions).
  - To delete a bucket they need C(s3:ListBucket), C(s3:ListBucketVersions), C(s3:GetBucketTagging) and
    C(s3:DeleteBucket).
seealso:
  - module: antmedia.s3_recording.s3_bucket_access
  - module: amazon.aws.s3_bucket
"""

EXAMPLES = r"""
- name: Create a bucket, and delete parts of unfinished uploads after a week
  antmedia.s3_recording.s3_recording_bucket:
    name: my-recordings
    region: eu-central-1
    lifecycle_rules:
      - prefix: streams/
        abort_incomplete_multipart_upload_days: 7

- name: Keep recordings for a year, after a month in a cheaper storage class that is as fast
  antmedia.s3_recording.s3_recording_bucket:
    name: my-recordings
    region: eu-central-1
    encryption: AES256
    versioning: true
    lifecycle_rules:
      - prefix: streams/
        expiration_days: 365
        noncurrent_version_expiration_days: 7
        abort_incomplete_multipart_upload_days: 7
        transitions:
          - days: 30
            storage_class: STANDARD_IA
    tags:
      team: streaming

- name: Expire what is recorded from now on after a month, and leave the rules of previous folders as they are
  antmedia.s3_recording.s3_recording_bucket:
    name: my-recordings
    region: eu-central-1
    lifecycle_rules:
      - prefix: live/streams/
        expiration_days: 30
    other_folders: keep

- name: Delete a bucket that this module created and that is empty
  antmedia.s3_recording.s3_recording_bucket:
    name: my-recordings
    region: eu-central-1
    state: absent
"""

RETURN = r"""
bucket_owner:
  description: ID of the account that must own the bucket. Empty with O(expected_bucket_owner=any).
  returned: success
  type: str
  sample: "123456789012"
existed:
  description: Whether the bucket existed before the task.
  returned: success
  type: bool
  sample: true
versioning:
  description: V(Enabled), V(Suspended), or empty if it was never on. In check mode, as it would be.
  returned: success, if O(versioning) is given
  type: str
  sample: Enabled
encryption:
  description: The default encryption. In check mode, as it would be.
  returned: success, if O(encryption) is given
  type: dict
  contains:
    algorithm:
      description: V(AES256) or V(aws:kms).
      type: str
    key_id:
      description: The KMS key as it was given, V(null) without one.
      type: str
    bucket_key_enabled:
      description: Whether S3 uses one KMS request for many objects.
      type: bool
lifecycle_rules:
  description: This module's rules as S3 has them. In check mode, as they would be.
  returned: success, if O(lifecycle_rules) is given
  type: list
  elements: dict
  sample:
    - ID: antmedia-s3-recording streams/
      Status: Enabled
      Filter: {Prefix: streams/}
      AbortIncompleteMultipartUpload: {DaysAfterInitiation: 7}
existing_objects:
  description:
    - What the lifecycle rules do to existing objects, at once and later. One item for each prefix for which a
      rule deletes objects earlier than the previous rules.
  returned: success, if there is such a prefix and the bucket existed before the task
  type: list
  elements: dict
  contains:
    prefix:
      description: Beginning of the keys.
      type: str
    objects:
      description: Number of all objects, without noncurrent versions.
      type: int
    expiring:
      description: Number of objects that are deleted, now or later, earlier than by the previous rules.
      type: int
    expiring_bytes:
      description: Size of these objects in bytes.
      type: int
    expiring_at_once:
      description: Number of these objects that are old enough to be deleted now.
      type: int
    expiring_by:
      description: The day (UTC) by which the others are deleted. Empty if there are no others.
      type: str
    versions_expiring:
      description:
        - Number of noncurrent versions that are deleted, now or later, earlier than by the previous rules.
          This includes the versions that objects become when they expire.
      type: int
    versions_expiring_bytes:
      description: Size of these versions in bytes.
      type: int
    versions_expiring_at_once:
      description: Number of these versions that are old enough to be deleted now.
      type: int
    versions_expiring_by:
      description: The day (UTC) by which the others are deleted. Empty if there are no others.
      type: str
    moving_to_archive:
      description:
        - Number of objects that move, now or later, to V(GLACIER) or V(DEEP_ARCHIVE). The task warns about
          them.
      type: int
  sample:
    - prefix: streams/
      objects: 1300
      expiring: 1300
      expiring_bytes: 34200000000
      expiring_at_once: 1204
      expiring_by: "2026-12-24"
      versions_expiring: 0
      versions_expiring_bytes: 0
      versions_expiring_at_once: 0
      versions_expiring_by: ""
      moving_to_archive: 0
tags:
  description: All tags of the bucket. In check mode, as they would be.
  returned: success, if O(tags) is given or the bucket is created
  type: dict
  sample: {team: streaming}
stays:
  description: Why the bucket stays. Empty if it does not.
  returned: with O(state=absent)
  type: list
  elements: str
  sample: ["it was not made here, since it has no tag managed-by=antmedia.s3_recording"]
steps:
  description: What was done, in order, one call each. In check mode, what would be done.
  returned: success
  type: list
  elements: str
  sample: [make the bucket in eu-central-1, write the lifecycle rules antmedia-s3-recording streams/]
msg:
  description: What was done to the bucket, in one line.
  returned: always
  type: str
  sample: >-
    my-recordings: make the bucket in eu-central-1;
    write the lifecycle rules antmedia-s3-recording streams/; write the tags
error_code:
  description: The error code of AWS.
  returned: on failure, if AWS answered
  type: str
  sample: BucketAlreadyExists
"""

from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws import (
    s3_recording_bucket_apply as apply_bucket,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.other_folders import (
    FORGET,
    OTHER_FOLDERS,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.run_module import run_as_module
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.s3_recording_bucket_plan import (
    ENCRYPTIONS,
    STORAGE_CLASSES,
)


def argument_spec() -> dict:
    transition = {
        "days": {"type": "int", "required": True},
        "storage_class": {"type": "str", "required": True, "choices": list(STORAGE_CLASSES)},
    }
    rule = {
        "prefix": {"type": "str", "required": True},
        "expiration_days": {"type": "int"},
        "noncurrent_version_expiration_days": {"type": "int"},
        "abort_incomplete_multipart_upload_days": {"type": "int"},
        "transitions": {"type": "list", "elements": "dict", "options": transition},
    }
    return {
        "name": {"type": "str", "required": True},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "expected_bucket_owner": {"type": "str"},
        "versioning": {"type": "bool"},
        "encryption": {"type": "str", "choices": list(ENCRYPTIONS)},
        "encryption_key_id": {"type": "str", "no_log": False},
        "bucket_key_enabled": {"type": "bool", "no_log": False},
        "lifecycle_rules": {"type": "list", "elements": "dict", "options": rule},
        "tags": {"type": "dict"},
        "managed_tag": {"type": "bool", "default": True},
        "purge_tags": {"type": "bool", "default": False},
        "expire_existing": {"type": "bool", "default": False},
        "other_folders": {"type": "str", "choices": list(OTHER_FOLDERS), "default": FORGET},
        "forget_folders": {"type": "list", "elements": "str", "default": []},
    }


def main() -> None:
    run_as_module(apply_bucket.run, argument_spec())


if __name__ == "__main__":
    main()
