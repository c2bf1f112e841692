# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Refusals of CloudFront that moto lacks, for a caller who is allowed the action."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import cloudfront_actions, moto_cloudfront
from .errors import Refusal

if TYPE_CHECKING:
    from .access import Access

_VERSIONED = ("Update", "Delete")
_KINDS = {
    "Distribution": (moto_cloudfront.find_distribution, "The specified distribution does not exist."),
    "OriginAccessControl": (
        moto_cloudfront.find_control,
        "The specified origin access control does not exist.",
    ),
}


def refuse(access: Access) -> None:
    call = access.call
    if call.params["Resource"]:
        _check_resource(call.params["Resource"])
        return
    for kind, (find, message) in _KINDS.items():
        if call.operation in [f"{verb}{kind}" for verb in _VERSIONED]:
            found = find(call.params["Id"])
            if found is None:
                raise Refusal(404, f"NoSuch{kind}", message)
            _check_version(found, call.headers.get("if-match"))
    if call.operation == "DeleteDistribution":
        _check_disabled(call.params["Id"], access.settings.distribution_delay)
    if call.operation == "DeleteOriginAccessControl" and moto_cloudfront.users_of(call.params["Id"]):
        raise Refusal(
            409,
            "OriginAccessControlInUse",
            "Cannot delete the origin access control because it's in use by one or more distributions.",
        )


def _check_resource(arn: str) -> None:
    name = arn.rpartition("/")[2]
    if arn != cloudfront_actions.arn("distribution", name) or not moto_cloudfront.find_distribution(name):
        raise Refusal(404, "NoSuchResource", "The specified resource does not exist.")


def _check_version(found: Any, given: str | None) -> None:
    if not given:
        message = "The If-Match version is missing or not valid for the resource."
        raise Refusal(400, "InvalidIfMatchVersion", message)
    if given.strip('"') != found.etag:
        raise Refusal(
            412,
            "PreconditionFailed",
            "The request failed because it didn't meet the preconditions in one or more request-header "
            "fields.",
        )


def _check_disabled(name: str, delay: float) -> None:
    found = moto_cloudfront.find_distribution(name)
    if found is not None and (found.Enabled or not moto_cloudfront.is_deployed(found, delay)):
        message = "The distribution you are trying to delete has not been disabled."
        raise Refusal(409, "DistributionNotDisabled", message)
