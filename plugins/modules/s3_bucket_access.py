#!/usr/bin/python
# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: s3_bucket_access
short_description: How an S3 bucket lets viewers at its recordings
version_added: 0.1.0
author: antmedia.s3_recording contributors (@antmedia)
description:
  - Sets the three things that decide together who may read objects of an S3 bucket, which are object
    ownership, the four switches of Block Public Access, and the bucket policy.
  - The calls are made in an order in which, after each of them, nothing is open that was not open before
    or is asked for, and in which S3 refuses none of them.
  - What AWS would refuse is found before the first call, for example Block Public Access of the whole
    account, which overrides the bucket
    (U(https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html)).
  - Statements of the bucket policy are told apart by their Sid. Those whose Sid begins with
    C(AntMediaRecordings) belong to this module, all others stay as they are and where they are.
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
      - ID of the AWS account that the bucket has to belong to. S3 refuses every call of this task if it
        belongs to another one. Not asked for when it is not given or V(any).
      - RV(antmedia.s3_recording.s3_recording_bucket#module:bucket_owner) is that of a bucket.
    type: str
  delivery:
    description:
      - V(private) means nobody reads without credentials. ACLs are disabled (C(BucketOwnerEnforced)),
        Block Public Access is on in full, and the policy has no statement of this module.
      - V(public) means everybody reads the objects in O(folders), nothing else. ACLs are disabled, the
        two switches for policies are off, and the policy has a statement for C(s3:GetObject) on these
        folders.
      - V(acl) means everybody reads the objects that were uploaded with the ACL C(public-read). ACLs are
        enabled (C(ObjectWriter)), the two switches for ACLs are off, and the policy has no statement of
        this module. The two switches for policies are on, unless the policy has a public statement of
        somebody else's. Then they stay as they are.
      - V(cloudfront) means one CloudFront distribution reads the objects in O(folders), and nobody without
        credentials does. As V(private), with a statement for O(cloudfront_distribution_arn).
      - With V(acl), objects of the whole bucket that ever got a public ACL become readable. Where such ACLs
        have no effect before the task, they are looked at first, see O(change_foreign_access).
    type: str
    choices: [private, public, acl, cloudfront]
    required: true
  cloudfront_distribution_arn:
    description:
      - ARN of the distribution, whose origin access control signs its requests.
      - Required for O(delivery=cloudfront), without effect otherwise.
    type: str
  folders:
    description:
      - Folders that everybody may read, or the distribution, without slashes at their ends, for example
        V(streams).
      - Required for O(delivery=public) and O(delivery=cloudfront), and for O(secure_transport_only=folders)
        and O(secure_transport_only=auto).
      - With O(delivery=acl) they tell which objects are recordings, whose public ACLs may take effect.
    type: list
    elements: str
    default: []
  change_foreign_access:
    description:
      - Whether a public statement of somebody else's in the bucket policy may be put out of force by
        turning C(RestrictPublicBuckets) on, or into force by turning it off. The statement itself stays.
      - Whether objects of other accounts may become the bucket owner's, which they do when ACLs are
        disabled. The first 10,000 objects are looked at.
      - Whether public ACLs outside O(folders), and the bucket's own, may take effect, which
        O(delivery=acl) brings with it. When they have none before the task, all objects are counted, and
        the ACLs of 1,000 of them are looked at, those outside O(folders) first. What was not looked at
        counts as public, and so do all objects while the ownership is C(BucketOwnerEnforced), since S3
        does not show their ACLs then. Former versions are not looked at.
      - By default the task fails instead.
    type: bool
    default: false
  open_existing:
    description:
      - Whether objects that are in O(folders) already may become readable by everybody, with
        O(delivery=public).
      - If V(false), the task fails where there are any in a folder that is not open yet, and says how many.
        Objects that everybody reads by their own ACL are not counted. The ACLs of 1,000 objects are looked
        at.
    type: bool
    default: true
  close_existing:
    description:
      - Whether viewers may lose objects that they read now by the bucket policy of O(delivery=public) or
        O(delivery=cloudfront), when O(delivery=acl) makes the ACL of each object decide. Such objects have no
        public ACL unless one was given to them.
      - By default the task fails instead, says how many they are, and with which command they get the ACL.
    type: bool
    default: false
  secure_transport_only:
    description:
      - What the bucket policy gives to nobody by plain http, whoever asks.
      - V(bucket) is all of the bucket. It breaks a website that the bucket serves, since S3 serves one by
        http alone.
      - V(folders) are the objects in O(folders), V(nothing) leaves http on.
      - V(auto) is as V(bucket) for a bucket that is new (O(new_bucket), or in check mode still to be made) or
        that has it already, and as V(folders) for any other.
    type: str
    choices: [bucket, folders, nothing, auto]
    default: nothing
  new_bucket:
    description:
      - Whether the bucket was made just now, so that nobody else uses it. Of effect for
        O(secure_transport_only=auto) alone.
      - RV(antmedia.s3_recording.s3_recording_bucket#module:existed) says the opposite.
    type: bool
    default: false
  policy_only:
    description:
      - For stores that know neither object ownership nor Block Public Access, such as Ceph's radosgw. Only
        the bucket policy is read and written then.
    type: bool
    default: false
attributes:
  check_mode:
    description:
      - Reads and predicts the result in full, writes nothing. A bucket that does not exist counts as one
        with what AWS gives a new bucket, because a task before may be about to make it.
    support: full
  diff_mode:
    description: Shows what changes of object ownership, Block Public Access and this module's statements.
    support: full
  idempotent:
    description: A second run changes nothing.
    support: full
notes:
  - The module never deletes object ownership, because some other stores take that call for the deletion
    of the bucket.
  - A store that does not know object ownership or Block Public Access is an error, unless
    O(policy_only=true). One that does not know bucket policies is an error where a policy is asked for.
  - The credentials need C(s3:GetBucketOwnershipControls), C(s3:GetBucketPublicAccessBlock),
    C(s3:GetBucketPolicy), C(s3:GetBucketAcl), C(s3:ListBucket) and, to change something,
    C(s3:PutBucketOwnershipControls), C(s3:PutBucketPublicAccessBlock), C(s3:PutBucketPolicy),
    C(s3:DeleteBucketPolicy). To look at ACLs of objects they need C(s3:GetObjectAcl). With
    C(s3:GetAccountPublicAccessBlock) the account's own Block Public Access is checked too.
seealso:
  - module: antmedia.s3_recording.s3_cors
"""

EXAMPLES = r"""
- name: Let everybody read the recordings and nothing else
  antmedia.s3_recording.s3_bucket_access:
    name: my-recordings
    region: eu-central-1
    delivery: public
    folders:
      - streams
      - previews

- name: Keep the recordings to those who have credentials, or to a CDN that signs its requests
  antmedia.s3_recording.s3_bucket_access:
    name: my-recordings
    region: eu-central-1
    delivery: private

- name: Let the ACL of each object decide
  antmedia.s3_recording.s3_bucket_access:
    name: my-recordings
    region: eu-central-1
    delivery: acl
"""

RETURN = r"""
bucket_exists:
  description: Whether the bucket is there, V(false) in check mode alone.
  returned: success
  type: bool
  sample: true
object_ownership:
  description: Object ownership of the bucket after the task; in check mode as it would be.
  returned: success, without O(policy_only)
  type: str
  sample: BucketOwnerEnforced
public_access_block:
  description: Block Public Access of the bucket after the task; in check mode as it would be.
  returned: success, without O(policy_only)
  type: dict
  contains:
    block_public_acls:
      description: Whether S3 refuses to set public ACLs.
      type: bool
    ignore_public_acls:
      description: Whether S3 ignores public ACLs.
      type: bool
    block_public_policy:
      description: Whether S3 refuses a public bucket policy.
      type: bool
    restrict_public_buckets:
      description: Whether S3 keeps everybody outside the account from a bucket with a public policy.
      type: bool
policy_statements:
  description: The statements of the bucket policy that belong to this module; in check mode as they would be.
  returned: success
  type: list
  elements: dict
  sample:
    - Sid: AntMediaRecordingsPublicRead
      Effect: Allow
      Principal: "*"
      Action: s3:GetObject
      Resource: ["arn:aws:s3:::my-recordings/previews/*", "arn:aws:s3:::my-recordings/streams/*"]
dormant_acls:
  description:
    - The public ACLs that had no effect before the task and have one after it.
  returned: success, if the task puts ACLs into force and the bucket is there
  type: dict
  contains:
    shown:
      description: Whether S3 showed the ACLs, which it does not while they are disabled.
      type: bool
    bucket_grants:
      description: What the bucket's own ACL lets everybody do.
      type: list
      elements: str
    elsewhere:
      description: The objects outside O(folders).
      type: dict
      contains:
        objects:
          description: How many there are.
          type: int
        looked_at:
          description: How many ACLs were read.
          type: int
        public:
          description: How many of those are public.
          type: int
        denied:
          description: How many ACLs the credentials may not read.
          type: int
        examples:
          description: Up to three keys, of public objects if there are such.
          type: list
          elements: str
    in_folders:
      description: The objects in O(folders), in the same form.
      type: dict
  sample:
    shown: true
    bucket_grants: []
    elsewhere: {objects: 0, looked_at: 0, public: 0, denied: 0, examples: []}
    in_folders: {objects: 2, looked_at: 2, public: 1, denied: 0, examples: [streams/a.mp4]}
steps:
  description: What was done, in order, one call each; in check mode what would be done.
  returned: success
  type: list
  elements: str
  sample:
    - turn BlockPublicPolicy, RestrictPublicBuckets off
    - add the statement AntMediaRecordingsPublicRead of the bucket policy
msg:
  description: How the bucket is set and what changed, in one line.
  returned: always
  type: str
  sample: >-
    my-recordings is set for public delivery: turn BlockPublicPolicy, RestrictPublicBuckets off; add the
    statement AntMediaRecordingsPublicRead of the bucket policy
error_code:
  description: AWS's name of the error.
  returned: on failure, if AWS answered
  type: str
  sample: AccessDenied
"""

from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws import (
    s3_bucket_access_apply as apply_access,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.module import run_as_module
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.s3_bucket_access_model import (
    HTTPS_FOR,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.s3_bucket_access_plan import (
    DELIVERIES,
)


def argument_spec() -> dict:
    return {
        "name": {"type": "str", "required": True},
        "expected_bucket_owner": {"type": "str"},
        "delivery": {"type": "str", "choices": list(DELIVERIES), "required": True},
        "cloudfront_distribution_arn": {"type": "str"},
        "folders": {"type": "list", "elements": "str", "default": []},
        "change_foreign_access": {"type": "bool", "default": False},
        "policy_only": {"type": "bool", "default": False},
        "open_existing": {"type": "bool", "default": True},
        "close_existing": {"type": "bool", "default": False},
        "secure_transport_only": {"type": "str", "choices": list(HTTPS_FOR), "default": "nothing"},
        "new_bucket": {"type": "bool", "default": False},
    }


def main() -> None:
    run_as_module(apply_access.run, argument_spec())


if __name__ == "__main__":
    main()
