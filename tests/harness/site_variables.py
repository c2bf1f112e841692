# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The variables with which the role finds the stand-ins."""

from __future__ import annotations

from typing import Any

from stand_ins.ams import Fleet
from stand_ins.aws import AwsStandIn


def site_variables(aws: AwsStandIn, fleet: Fleet, **more: Any) -> dict[str, Any]:
    """Return variables for all servers of a fleet, which record to buckets of this AWS."""
    first = fleet.hosts[0]
    return {
        "s3_recording_region": aws.region,
        "s3_recording_endpoint": aws.endpoint_url,
        "s3_recording_aws_endpoint_url": aws.endpoint_url,
        "s3_recording_ams_email": first.email,
        "s3_recording_ams_password": first.password,
        "s3_recording_live_test": "none",
        **more,
    }
