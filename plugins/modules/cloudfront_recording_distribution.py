#!/usr/bin/python
# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: cloudfront_recording_distribution
short_description: A CloudFront distribution in front of a bucket that stays private
version_added: 0.1.0
author: antmedia.s3_recording contributors (@antmedia)
description:
  - Makes a distribution whose origin is the bucket, with an origin access control by which it signs all of
    its requests to S3. The bucket itself stays closed; M(antmedia.s3_recording.s3_bucket_access) with
    O(antmedia.s3_recording.s3_bucket_access#module:delivery=cloudfront) lets this one distribution in.
  - The distribution is found again by its comment, C(antmedia.s3_recording BUCKET). What of it is not about
    recordings stays as it is, such as alternate domain names, certificates, logging and other origins.
  - An origin access control that is named like the one for the bucket and was not made here is used if it
    signs every request to S3, and never changed.
  - It has managed policies of AWS with which the CORS rules of the bucket answer, for each origin of its own.
  - A distribution of the user's, given by O(distribution_id), is looked at and never changed. What keeps it
    from serving the bucket is an error.
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
options:
  bucket:
    description:
      - Name of the bucket. It has to be in the region of the task.
    type: str
    required: true
  distribution_id:
    description:
      - ID of a distribution that exists. When it is not given, one is made.
    type: str
  price_class:
    description:
      - In which parts of the world CloudFront answers. Left as it is when it is not given; a new distribution
        has C(PriceClass_All) then.
    type: str
    choices: [PriceClass_100, PriceClass_200, PriceClass_All]
  require_https:
    description:
      - Whether the bucket refuses plain http. CloudFront asks the bucket by http for a viewer who comes by
        http.
      - With V(true) it is an error if a cache behavior of the distribution in O(distribution_id) leads to the
        bucket and lets viewers come by http. A distribution that is made here redirects them to https anyway.
    type: bool
    default: false
  wait:
    description: Whether to wait until the distribution is everywhere, which takes CloudFront some minutes.
    type: bool
    default: true
  wait_timeout:
    description: Seconds to wait.
    type: int
    default: 1200
attributes:
  check_mode:
    description:
      - Reads and predicts the result, writes nothing. The domain of a distribution that is still to be made
        is not known.
    support: full
  diff_mode:
    description: Shows origins and the default cache behavior, as far as they are about recordings.
    support: full
  idempotent:
    description: A second run changes nothing.
    support: full
notes:
  - Tried on a stand-in of CloudFront, which has no edge locations, certificates and caches.
  - The credentials need C(cloudfront:ListDistributions), C(cloudfront:GetDistribution),
    C(cloudfront:ListOriginAccessControls) and, to make or change something,
    C(cloudfront:CreateOriginAccessControl), C(cloudfront:GetOriginAccessControl),
    C(cloudfront:UpdateOriginAccessControl), C(cloudfront:CreateDistribution),
    C(cloudfront:UpdateDistribution).
seealso:
  - module: antmedia.s3_recording.s3_bucket_access
"""

EXAMPLES = r"""
- name: Have a distribution in front of the bucket
  antmedia.s3_recording.cloudfront_recording_distribution:
    bucket: my-recordings
    region: eu-central-1
  register: distribution

- name: Let it read the recordings, and nobody else
  antmedia.s3_recording.s3_bucket_access:
    name: my-recordings
    region: eu-central-1
    delivery: cloudfront
    cloudfront_distribution_arn: "{{ distribution.arn }}"
    folders: [streams, previews]

- name: See that a distribution made by other means can serve the bucket
  antmedia.s3_recording.cloudfront_recording_distribution:
    bucket: my-recordings
    region: eu-central-1
    distribution_id: E2QWRUHAPOMQZL
"""

RETURN = r"""
distribution_id:
  description: ID of the distribution, V(null) in check mode if it is still to be made.
  returned: success
  type: str
  sample: E2QWRUHAPOMQZL
domain_name:
  description: Its domain, V(null) in check mode if it is still to be made.
  returned: success
  type: str
  sample: d111111abcdef8.cloudfront.net
arn:
  description: Its ARN; in check mode a text in place of the ID if it is still to be made.
  returned: success
  type: str
  sample: arn:aws:cloudfront::111122223333:distribution/E2QWRUHAPOMQZL
origin_access_control_id:
  description:
    - ID of its origin access control, V(null) in check mode if it is still to be made, and with
      O(distribution_id).
  returned: success
  type: str
  sample: E327GJI25M56DG
status:
  description: V(Deployed), or V(InProgress) as long as it is not everywhere.
  returned: success
  type: str
  sample: Deployed
steps:
  description: What was done, in order; in check mode what would be done.
  returned: success
  type: list
  elements: str
  sample: [make an origin access control, make the distribution]
msg:
  description: What was done to which distribution, in one line.
  returned: always
  type: str
  sample: "distribution E2QWRUHAPOMQZL of videos at https://d111111abcdef8.cloudfront.net: no change needed"
error_code:
  description: AWS's name of the error.
  returned: on failure, if AWS answered
  type: str
  sample: NoSuchDistribution
"""

from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws import (
    cloudfront_recording_distribution_apply as apply_distribution,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws import (
    cloudfront_recording_distribution_plan as plan_distribution,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.module import run_as_module


def argument_spec() -> dict:
    return {
        "bucket": {"type": "str", "required": True},
        "distribution_id": {"type": "str"},
        "price_class": {"type": "str", "choices": list(plan_distribution.PRICE_CLASSES)},
        "require_https": {"type": "bool", "default": False},
        "wait": {"type": "bool", "default": True},
        "wait_timeout": {"type": "int", "default": 1200},
    }


def main() -> None:
    run_as_module(apply_distribution.run, argument_spec())


if __name__ == "__main__":
    main()
