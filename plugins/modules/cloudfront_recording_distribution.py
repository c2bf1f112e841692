#!/usr/bin/python
# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: cloudfront_recording_distribution
short_description: Manage a CloudFront distribution for a private recording bucket
version_added: 0.1.0
author: antmedia.s3_recording contributors (@antmedia)
description:
  - Creates a distribution with the bucket as its origin, and an origin access control with which CloudFront
    signs every request to S3. The bucket stays private. To let only this distribution read it, use
    M(antmedia.s3_recording.s3_bucket_access) with
    O(antmedia.s3_recording.s3_bucket_access#module:delivery=cloudfront).
  - Finds the distribution again by its comment, C(antmedia.s3_recording BUCKET). Settings that do not concern
    recordings stay as they are, such as alternate domain names, certificates, logging and other origins.
  - Uses an existing origin access control of the same name if it signs every request to S3. One that this
    module did not create is never changed.
  - Uses managed policies of AWS that pass the viewer's origin to S3, so that the CORS rules of the bucket
    answer each origin.
  - A distribution that you name in O(distribution_id) is only checked and never changed. If it cannot serve
    the bucket, the module fails and says why.
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
options:
  bucket:
    description:
      - Name of the bucket. It must be in the region of the task.
    type: str
    required: true
  distribution_id:
    description:
      - ID of an existing distribution. If not given, the module creates one.
    type: str
  price_class:
    description:
      - The parts of the world from which CloudFront serves. If not given, an existing distribution keeps its
        price class and a new one gets C(PriceClass_All).
    type: str
    choices: [PriceClass_100, PriceClass_200, PriceClass_All]
  require_https:
    description:
      - Whether the bucket refuses plain http. For a viewer who uses http, CloudFront uses http to the bucket
        too
        (U(https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-https-cloudfront-to-s3-origin.html)).
      - With V(true) the module fails if a cache behavior of O(distribution_id) routes to the bucket and
        allows http. A distribution that the module creates always redirects viewers to https.
    type: bool
    default: false
  wait:
    description: Whether to wait until the distribution is deployed everywhere, which takes some minutes.
    type: bool
    default: true
  wait_timeout:
    description: Seconds to wait. The module fails if the distribution is not deployed by then.
    type: int
    default: 1200
attributes:
  check_mode:
    description:
      - Reads, predicts the result and writes nothing. The domain of a distribution that does not exist yet
        is not known.
    support: full
  diff_mode:
    description: Shows origins and the default cache behavior, as far as they concern recordings.
    support: full
  idempotent:
    description: A second run changes nothing.
    support: full
notes:
  - Tested on a simulated CloudFront without edge locations, certificates and caches.
  - The credentials need C(cloudfront:ListDistributions), C(cloudfront:GetDistribution) and
    C(cloudfront:ListOriginAccessControls). To create or change something they also need
    C(cloudfront:CreateOriginAccessControl), C(cloudfront:GetOriginAccessControl),
    C(cloudfront:UpdateOriginAccessControl), C(cloudfront:CreateDistribution) and
    C(cloudfront:UpdateDistribution).
seealso:
  - module: antmedia.s3_recording.s3_bucket_access
"""

EXAMPLES = r"""
- name: Create a distribution for the bucket
  antmedia.s3_recording.cloudfront_recording_distribution:
    bucket: my-recordings
    region: eu-central-1
  register: distribution

- name: Allow only this distribution to read the recordings
  antmedia.s3_recording.s3_bucket_access:
    name: my-recordings
    region: eu-central-1
    delivery: cloudfront
    cloudfront_distribution_arn: "{{ distribution.arn }}"
    folders: [streams, previews]

- name: Check that an existing distribution can serve the bucket
  antmedia.s3_recording.cloudfront_recording_distribution:
    bucket: my-recordings
    region: eu-central-1
    distribution_id: E2QWRUHAPOMQZL
"""

RETURN = r"""
distribution_id:
  description: ID of the distribution, V(null) in check mode if it does not exist yet.
  returned: success
  type: str
  sample: E2QWRUHAPOMQZL
domain_name:
  description: Its domain, V(null) in check mode if it does not exist yet.
  returned: success
  type: str
  sample: d111111abcdef8.cloudfront.net
arn:
  description: Its ARN. In check mode, with a placeholder for the ID if it does not exist yet.
  returned: success
  type: str
  sample: arn:aws:cloudfront::111122223333:distribution/E2QWRUHAPOMQZL
origin_access_control_id:
  description:
    - ID of its origin access control. V(null) with O(distribution_id), and in check mode if it does not exist
      yet.
  returned: success
  type: str
  sample: E327GJI25M56DG
status:
  description: V(Deployed), or V(InProgress) until it is deployed everywhere.
  returned: success
  type: str
  sample: Deployed
steps:
  description: What was done, in order. In check mode, what would be done.
  returned: success
  type: list
  elements: str
  sample: [make an origin access control, make the distribution]
msg:
  description: What was done to which distribution, in one line.
  returned: always
  type: str
  sample: >-
    distribution E2QWRUHAPOMQZL of my-recordings at https://d111111abcdef8.cloudfront.net: no change needed
error_code:
  description: The error code of AWS.
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
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.run_module import run_as_module


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
