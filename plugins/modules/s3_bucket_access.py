#!/usr/bin/python
# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: s3_bucket_access
short_description: Manage who may read the recordings in an S3 bucket
version_added: 0.1.0
author: antmedia.s3_recording contributors (@antmedia)
description:
  - Sets object ownership, Block Public Access and the bucket policy of an S3 bucket. These three together
    decide who may read its objects.
  - Orders its calls so that S3 refuses none of them, and so that the bucket is never more open in between
    than it was or will be.
  - Finds what AWS would refuse before the first call. An example is Block Public Access of the whole account,
    which overrides the bucket
    (U(https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html)).
  - Identifies statements of the bucket policy by their Sid. Statements whose Sid begins with
    C(AntMediaRecordings) belong to this module. All others stay unchanged and in place.
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
  delivery:
    description:
      - V(private) lets nobody read without credentials. ACLs are disabled (C(BucketOwnerEnforced)), Block
        Public Access is fully on, and the policy has no read statement of this module.
      - V(public) lets everybody read the objects in O(folders) and nothing else. ACLs are disabled, the
        two switches for policies are off, and the policy has a statement for C(s3:GetObject) on these
        folders.
      - V(acl) lets everybody read the objects that were uploaded with the ACL C(public-read). ACLs are
        enabled (C(ObjectWriter)), the two switches for ACLs are off, and the policy has no read statement of
        this module. The two switches for policies are on. If the policy has someone else's public statement,
        they stay as they are.
      - V(cloudfront) lets one CloudFront distribution read the objects in O(folders), and nobody else
        without credentials. It is like V(private), with a statement for O(cloudfront_distribution_arn).
      - With V(acl), every object of the bucket that ever got a public ACL becomes readable. If such ACLs have
        no effect yet, the module checks them first, see O(allow_changing_others_access).
    type: str
    choices: [private, public, acl, cloudfront]
    required: true
  cloudfront_distribution_arn:
    description:
      - ARN of the distribution. Its origin access control must sign its requests.
      - Required for O(delivery=cloudfront), ignored otherwise.
    type: str
  folders:
    description:
      - Folders that everybody, or the distribution, may read, without slashes at their ends. For example
        V(streams).
      - Required for O(delivery=public) and O(delivery=cloudfront), and for O(secure_transport_only=folders)
        and O(secure_transport_only=auto).
      - With O(delivery=acl) they define which objects are recordings, whose public ACLs may take effect.
    type: list
    elements: str
    default: []
  other_folders:
    description:
      - What becomes of folders that the statements of this module have now and that O(folders) does not name.
      - V(forget) removes them from the statements. V(keep) leaves them as they are, except those that
        O(forget_folders) names, so that what was recorded there can still be read.
      - A folder stays only in a statement that O(delivery) or O(secure_transport_only) still need, and for
        the same readers. If O(cloudfront_distribution_arn) changes, it stays readable by the previous
        distribution. Nothing becomes readable that was not readable before.
      - The whole bucket and patterns, which somebody else wrote into a statement of this module, do not stay.
    type: str
    choices: [keep, forget]
    default: forget
  forget_folders:
    description:
      - Folders that O(other_folders=keep) does not keep, each with all folders in it. For example V(live)
        for V(live/streams) and V(live/previews).
      - A folder that O(folders) names stays.
    type: list
    elements: str
    default: []
  closes:
    description:
      - What this task may close of what O(delivery) does not have.
      - V(all) closes all of it. V(nothing) closes nothing yet and only opens what O(delivery) needs. Use that
        while servers still record and forward viewers as before, and run the task again with V(all) later.
      - V(reads) closes what everybody or a distribution may read. It leaves enabled what uploads with an ACL
        need, for example those of a server whose C(s3Permission) is C(public-read). Their public ACLs are
        ignored.
    type: str
    choices: [all, reads, nothing]
    default: all
    version_added: 0.1.0
  allow_changing_others_access:
    description:
      - Whether this task may change access that someone else has set up. If V(false), the module fails
        instead and changes nothing.
      - Someone else's public statement in the bucket policy can lose its effect when C(RestrictPublicBuckets)
        is turned on, or take effect when it is turned off. The statement itself stays.
      - When ACLs are disabled, objects of other accounts become the bucket owner's
        (U(https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html)). The module
        looks at the first 10,000 objects.
      - With O(delivery=acl), public ACLs outside O(folders) and the bucket's own ACL take effect. If they had
        no effect, the module counts all objects and reads up to 1,000 ACLs, those outside O(folders) first.
        Objects whose ACL was not read count as public. While the ownership is C(BucketOwnerEnforced), so do
        all objects, because S3 does not show their ACLs. Noncurrent versions are not checked.
    type: bool
    default: false
  open_existing:
    description:
      - Whether existing objects in O(folders) may become readable by everybody, with O(delivery=public).
      - If V(false), the module fails if a folder that is not public yet has objects, and says how many.
        Objects that everybody may read by their own ACL are not counted. It reads up to 1,000 ACLs.
    type: bool
    default: true
  close_existing:
    description:
      - Whether viewers may lose access to objects that they can read by the bucket policy of
        O(delivery=public) or O(delivery=cloudfront), when O(delivery=acl) makes the ACL of each object
        decide. Such objects have no public ACL unless someone set one.
      - If V(false), the module fails instead. It says how many objects there are and which command gives them
        the ACL.
    type: bool
    default: false
  secure_transport_only:
    description:
      - Which requests over plain http the bucket policy denies, whoever sends them.
      - V(bucket) denies all requests to the bucket. This breaks a website that the bucket serves, because S3
        serves websites over http only
        (U(https://docs.aws.amazon.com/AmazonS3/latest/userguide/WebsiteEndpoints.html)).
      - V(folders) denies requests for the objects in O(folders). V(nothing) denies none.
      - V(auto) means V(bucket) for a new bucket (see O(new_bucket), or one that does not exist yet in check
        mode) and for a bucket that has it already. For any other bucket it means V(folders).
    type: str
    choices: [bucket, folders, nothing, auto]
    default: nothing
  new_bucket:
    description:
      - Whether the bucket was created just now, so that nobody else uses it. Only
        O(secure_transport_only=auto) uses this.
      - It is the opposite of RV(antmedia.s3_recording.s3_recording_bucket#module:existed).
    type: bool
    default: false
  policy_only:
    description:
      - Whether to read and write only the bucket policy. Use it for S3 providers without object ownership and
        Block Public Access, such as Ceph's radosgw.
    type: bool
    default: false
attributes:
  check_mode:
    description:
      - Reads, predicts the whole result and writes nothing. A bucket that does not exist counts as a new
        bucket with AWS's defaults, because an earlier task may be about to create it.
    support: full
  diff_mode:
    description: Shows changes to object ownership, Block Public Access and this module's statements.
    support: full
  idempotent:
    description: A second run changes nothing.
    support: full
notes:
  - The module never deletes object ownership, because some S3 providers treat that call as the deletion of
    the bucket.
  - The module fails on an S3 provider without object ownership or Block Public Access, unless
    O(policy_only=true). It fails on one without bucket policies if a policy is needed.
  - The credentials need C(s3:GetBucketOwnershipControls), C(s3:GetBucketPublicAccessBlock),
    C(s3:GetBucketPolicy), C(s3:GetBucketAcl) and C(s3:ListBucket). To change something they also need
    C(s3:PutBucketOwnershipControls), C(s3:PutBucketPublicAccessBlock), C(s3:PutBucketPolicy) and
    C(s3:DeleteBucketPolicy). To read ACLs of objects they need C(s3:GetObjectAcl). With
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

- name: Move the recordings to another folder, and let everybody still read those in previous folders but one
  antmedia.s3_recording.s3_bucket_access:
    name: my-recordings
    region: eu-central-1
    delivery: public
    folders:
      - live/streams
      - live/previews
    other_folders: keep
    forget_folders:
      - previews

- name: Let only those with credentials read the recordings, or a CDN that signs its requests
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
  description: Whether the bucket exists. V(false) only in check mode.
  returned: success
  type: bool
  sample: true
object_ownership:
  description: Object ownership of the bucket after the task. In check mode, as it would be.
  returned: success, without O(policy_only)
  type: str
  sample: BucketOwnerEnforced
public_access_block:
  description: Block Public Access of the bucket after the task. In check mode, as it would be.
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
      description: Whether S3 denies other accounts and anonymous users access if the bucket policy is public.
      type: bool
policy_statements:
  description: This module's statements of the bucket policy. In check mode, as they would be.
  returned: success
  type: list
  elements: dict
  sample:
    - Sid: AntMediaRecordingsPublicRead
      Effect: Allow
      Principal: "*"
      Action: s3:GetObject
      Resource: ["arn:aws:s3:::my-recordings/previews/*", "arn:aws:s3:::my-recordings/streams/*"]
before:
  description:
    - The access before the task, with RV(object_ownership), RV(public_access_block) and
      RV(policy_statements).
  returned: success
  type: dict
  sample:
    object_ownership: BucketOwnerEnforced
    public_access_block:
      block_public_acls: true
      ignore_public_acls: true
      block_public_policy: true
      restrict_public_buckets: true
    policy_statements: []
leaves_open:
  description: Whether something stays open that O(closes=all) would close.
  returned: success
  type: bool
  sample: false
dormant_acls:
  description:
    - The public ACLs that had no effect before the task and have one after it.
  returned: success, if the task makes ACLs take effect and the bucket exists
  type: dict
  contains:
    shown:
      description: Whether S3 returned the ACLs. It does not while they are disabled.
      type: bool
    bucket_grants:
      description: What the bucket's own ACL allows everybody to do.
      type: list
      elements: str
    elsewhere:
      description: The objects outside O(folders).
      type: dict
      contains:
        objects:
          description: Number of objects.
          type: int
        looked_at:
          description: Number of ACLs that were read.
          type: int
        public:
          description: Number of these that are public.
          type: int
        denied:
          description: Number of ACLs that the credentials may not read.
          type: int
        examples:
          description: Up to three keys, of public objects if there are any.
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
  description: What was done, in order, one call each. In check mode, what would be done.
  returned: success
  type: list
  elements: str
  sample:
    - turn BlockPublicPolicy, RestrictPublicBuckets off
    - add the statement AntMediaRecordingsPublicRead of the bucket policy
msg:
  description: The state of the bucket and what changed, in one line.
  returned: always
  type: str
  sample: >-
    my-recordings is set for public delivery: turn BlockPublicPolicy, RestrictPublicBuckets off; add the
    statement AntMediaRecordingsPublicRead of the bucket policy
error_code:
  description: The error code of AWS.
  returned: on failure, if AWS answered
  type: str
  sample: AccessDenied
"""

from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws import (
    s3_bucket_access_apply as apply_access,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.other_folders import (
    FORGET,
    OTHER_FOLDERS,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.run_module import run_as_module
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.s3_bucket_access_model import (
    CLOSE_ALL,
    CLOSES,
    HTTPS_FOR,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.deliveries import DELIVERIES


def argument_spec() -> dict:
    return {
        "name": {"type": "str", "required": True},
        "expected_bucket_owner": {"type": "str"},
        "delivery": {"type": "str", "choices": list(DELIVERIES), "required": True},
        "cloudfront_distribution_arn": {"type": "str"},
        "folders": {"type": "list", "elements": "str", "default": []},
        "other_folders": {"type": "str", "choices": list(OTHER_FOLDERS), "default": FORGET},
        "forget_folders": {"type": "list", "elements": "str", "default": []},
        "closes": {"type": "str", "choices": list(CLOSES), "default": CLOSE_ALL},
        "allow_changing_others_access": {"type": "bool", "default": False},
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
