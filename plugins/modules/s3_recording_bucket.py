#!/usr/bin/python
# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: s3_recording_bucket
short_description: An S3 bucket for recordings, and how it keeps them
version_added: 0.1.0
author: antmedia.s3_recording contributors (@antmedia)
description:
  - Makes the bucket where it is missing, and sets versioning, default encryption, lifecycle rules and tags.
  - What is not given is neither read nor written, so that a store that does not know it is not asked. The
    default encryption is never deleted, because some other stores take that call for the deletion of the
    bucket.
  - A bucket that is made here gets the tag C(managed-by) with V(antmedia.s3_recording). If the store does not
    take it, the bucket is made all the same, and there is a warning.
  - With O(state=absent) a bucket that has this tag and is empty is deleted. Every other bucket stays.
  - A bucket of somebody else's and one in another region are errors before anything is written.
  - Check mode predicts all of it, which C(amazon.aws.s3_bucket) does not.
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
      - With V(present) the bucket exists and has what is given here.
      - With V(absent) the bucket is deleted if it has the tag C(managed-by) with V(antmedia.s3_recording). A
        bucket without it was not made here and stays, see RV(stays). One that holds an object, or a version
        of one, is an error.
    type: str
    choices: [present, absent]
    default: present
    version_added: 0.1.0
  expected_bucket_owner:
    description:
      - ID of the AWS account that the bucket has to belong to. When it is not given, that of the credentials,
        which C(sts:GetCallerIdentity) tells. The task fails where that cannot be called.
      - S3 refuses every call of this task if the bucket belongs to another account.
      - V(any) for stores that are not AWS, which have neither its accounts nor its regions.
    type: str
  versioning:
    description:
      - Whether former versions of objects are kept. V(false) on a bucket that has it means C(Suspended).
    type: bool
  encryption:
    description:
      - How S3 encrypts objects that come without a wish of their own. V(AES256) is by keys of S3 (SSE-S3),
        V(aws:kms) by a key of AWS KMS (SSE-KMS).
      - Nobody reads an object without credentials that is encrypted by V(aws:kms), whatever the bucket policy
        says.
    type: str
    choices: ["AES256", "aws:kms"]
  encryption_key_id:
    description:
      - ID, ARN or alias of the KMS key. When it is not given, AWS's own key for S3 in the account
        (C(aws/s3)).
      - Goes with O(encryption=aws:kms) alone.
    type: str
  bucket_key_enabled:
    description:
      - Whether S3 asks KMS once for many objects (S3 Bucket Keys). Left as it is when it is not given; where
        O(encryption=aws:kms) or another key is set for the first time it is on then.
    type: bool
  lifecycle_rules:
    description:
      - What becomes of objects after a time. Rules whose ID begins with C(antmedia-s3-recording) belong to
        this module, and those that are not given are removed; all others stay as they are.
      - V([]) removes all rules of this module.
    type: list
    elements: dict
    suboptions:
      prefix:
        description: The rule is about the objects whose keys begin so, for example V(streams/).
        type: str
        required: true
      expiration_days:
        description: Days after which an object is deleted. With versioning it is kept as a former version.
        type: int
      noncurrent_version_expiration_days:
        description: Days after which a former version of an object is deleted for good.
        type: int
      abort_incomplete_multipart_upload_days:
        description:
          - Days after its beginning at which the parts of an upload that was never finished are deleted,
            such as a killed server leaves behind.
        type: int
      transitions:
        description:
          - When objects move to a colder storage class. From V(GLACIER) and V(DEEP_ARCHIVE) nobody can read
            them before they are restored.
        type: list
        elements: dict
        suboptions:
          days:
            description: Days after the object was put; 30 at least for V(STANDARD_IA) and V(ONEZONE_IA).
            type: int
            required: true
          storage_class:
            description: The storage class.
            type: str
            required: true
            choices: [STANDARD_IA, INTELLIGENT_TIERING, ONEZONE_IA, GLACIER_IR, GLACIER, DEEP_ARCHIVE]
  expire_existing:
    description:
      - Whether lifecycle rules may delete objects that are in the bucket already, because a rule is new, has
        fewer days than before or is about more objects. S3 deletes those that are old enough within a day
        and the others when they have come to their days. Without versioning nothing brings them back.
      - By default all such objects, and their former versions if it is about those, are counted, however
        young they are, and the task fails before it writes anything if there are any. It says how many go
        at once and by when all are gone. Nothing is counted where no rule ends the life of an object
        earlier than before.
    type: bool
    default: false
  tags:
    description:
      - Tags of the bucket. Other tags stay, unless O(purge_tags=true).
      - With another C(managed-by) here, a bucket no longer counts as one that was made here.
    type: dict
  managed_tag:
    description:
      - Whether a bucket that is made gets the tag C(managed-by). V(false) is for stores that have no tags of
        buckets, which are not asked for them then, and whose buckets O(state=absent) never deletes.
    type: bool
    default: true
    version_added: 0.1.0
  purge_tags:
    description:
      - Whether tags that are not given are removed, but for those of AWS's own services and the one that a
        bucket gets when it is made here.
    type: bool
    default: false
attributes:
  check_mode:
    description: Reads and predicts the result in full, writes nothing.
    support: full
  diff_mode:
    description: Shows what changes of what is given, and of the lifecycle rules this module's own.
    support: full
  idempotent:
    description: A second run changes nothing.
    support: full
notes:
  - The credentials need C(s3:ListBucket), to make a bucket C(s3:CreateBucket), and for what is given
    C(s3:GetBucketVersioning), C(s3:PutBucketVersioning), C(s3:GetEncryptionConfiguration),
    C(s3:PutEncryptionConfiguration), C(s3:GetLifecycleConfiguration), C(s3:PutLifecycleConfiguration),
    C(s3:GetBucketTagging), C(s3:PutBucketTagging). The latter two are also needed to make a bucket. To count
    former versions they need C(s3:GetBucketVersioning) and C(s3:ListBucketVersions).
  - To delete a bucket they need C(s3:ListBucket), C(s3:ListBucketVersions), C(s3:GetBucketTagging) and
    C(s3:DeleteBucket).
seealso:
  - module: antmedia.s3_recording.s3_bucket_access
  - module: amazon.aws.s3_bucket
"""

EXAMPLES = r"""
- name: Have a bucket, and no parts of broken uploads in it for more than a week
  antmedia.s3_recording.s3_recording_bucket:
    name: my-recordings
    region: eu-central-1
    lifecycle_rules:
      - prefix: streams/
        abort_incomplete_multipart_upload_days: 7

- name: Keep recordings for a year, after a month in a class that is cheaper and as fast
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

- name: Delete a bucket that was made here and is empty
  antmedia.s3_recording.s3_recording_bucket:
    name: my-recordings
    region: eu-central-1
    state: absent
"""

RETURN = r"""
bucket_owner:
  description: ID of the account that the bucket has to belong to. Empty with O(expected_bucket_owner=any).
  returned: success
  type: str
  sample: "123456789012"
existed:
  description: Whether the bucket was there before the task.
  returned: success
  type: bool
  sample: true
versioning:
  description: V(Enabled), V(Suspended), or empty where it never was on; in check mode as it would be.
  returned: success, if O(versioning) is given
  type: str
  sample: Enabled
encryption:
  description: The default encryption; in check mode as it would be.
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
      description: Whether S3 asks KMS once for many objects.
      type: bool
lifecycle_rules:
  description: The rules of this module as S3 has them; in check mode as they would be.
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
    - What the lifecycle rules do to objects that are there already, at once and later, for each prefix for
      which a rule ends the life of an object earlier than before.
  returned: success, if there is such a prefix and the bucket was there before
  type: list
  elements: dict
  contains:
    prefix:
      description: What the keys begin with.
      type: str
    objects:
      description: How many objects there are in all, without former versions.
      type: int
    expiring:
      description: How many of them are deleted, now or later, earlier than by the rules of before.
      type: int
    expiring_bytes:
      description: Their size.
      type: int
    expiring_at_once:
      description: How many of them are old enough to be deleted now.
      type: int
    expiring_by:
      description: The day, in UTC, by which the others are deleted. Empty if there are no others.
      type: str
    versions_expiring:
      description:
        - How many former versions are deleted, now or later, earlier than by the rules of before. Those that
          objects become when they expire are among them.
      type: int
    versions_expiring_bytes:
      description: Their size.
      type: int
    versions_expiring_at_once:
      description: How many of them are old enough to be deleted now.
      type: int
    versions_expiring_by:
      description: The day, in UTC, by which the others are deleted. Empty if there are no others.
      type: str
    moving_to_archive:
      description:
        - How many objects move, now or later, to V(GLACIER) or V(DEEP_ARCHIVE), of which the task warns.
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
  description: All tags of the bucket; in check mode as they would be.
  returned: success, if O(tags) is given or the bucket is made
  type: dict
  sample: {team: streaming}
stays:
  description: Why the bucket stays, empty where it does not.
  returned: with O(state=absent)
  type: list
  elements: str
  sample: ["it was not made here, since it has no tag managed-by=antmedia.s3_recording"]
steps:
  description: What was done, in order, one call each; in check mode what would be done.
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
  description: AWS's name of the error.
  returned: on failure, if AWS answered
  type: str
  sample: BucketAlreadyExists
"""

from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws import (
    s3_recording_bucket_apply as apply_bucket,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.module import run_as_module
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
    }


def main() -> None:
    run_as_module(apply_bucket.run, argument_spec())


if __name__ == "__main__":
    main()
