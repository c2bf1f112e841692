# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A stand-in for AWS with AWS's refusals, on one local port.

S3, IAM, STS, SSM, Secrets Manager, KMS and CloudFront, its edges included.
Not covered: see LIMITS in this package's stand_in module.
"""

from __future__ import annotations

from .stand_in import AwsStandIn, Credentials

__all__ = ["AwsStandIn", "Credentials"]
