# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The regions of AWS that AMS knows, and the address of a bucket in each."""

from __future__ import annotations

# com/amazonaws/partitions/endpoints.json of the AWS SDK for Java 1.12.683, which AMS 2.17.1 brings along.
PARTITIONS = {
    "aws": (
        "amazonaws.com",
        """
        af-south-1 ap-east-1 ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 ap-south-2
        ap-southeast-1 ap-southeast-2 ap-southeast-3 ap-southeast-4 ca-central-1 ca-west-1 eu-central-1
        eu-central-2 eu-north-1 eu-south-1 eu-south-2 eu-west-1 eu-west-2 eu-west-3 il-central-1
        me-central-1 me-south-1 sa-east-1 us-east-1 us-east-2 us-west-1 us-west-2
        """,
    ),
    "aws-cn": ("amazonaws.com.cn", "cn-north-1 cn-northwest-1"),
    "aws-us-gov": ("amazonaws.com", "us-gov-east-1 us-gov-west-1"),
}
REGIONS = {
    region: (name, suffix) for name, (suffix, regions) in PARTITIONS.items() for region in regions.split()
}


def partition_of(region: str) -> str:
    """Return the partition of a region, aws for an unknown one."""
    return REGIONS.get(region, ("aws", ""))[0]


def bucket_url(bucket: str, region: str) -> str:
    """Return the address of a bucket in a known region."""
    return f"https://{bucket}.s3.{region}.{REGIONS[region][1]}"


def endpoint_of_unknown(region: str) -> str:
    """Return the probable endpoint of a region that AMS does not know yet."""
    suffix = PARTITIONS["aws-cn" if region.startswith("cn-") else "aws"][0]
    return f"https://s3.{region}.{suffix}"
