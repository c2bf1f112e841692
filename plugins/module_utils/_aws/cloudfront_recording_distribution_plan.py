# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Plan a CloudFront distribution in front of a private bucket.

Plain data in, plain data out. The distribution signs its requests to S3 with an origin access control, and
the bucket policy allows this one distribution.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Optional

from .._common.errors import AwsError

Config = dict[str, Any]
TO_COME = "(the distribution that will be made)"
PRICE_CLASSES = ("PriceClass_100", "PriceClass_200", "PriceClass_All")
# Elemental-MediaPackage is the managed policy that keeps an answer for each Origin apart. With the others the
# answer that was fetched for one page, with or without its CORS headers, is given to all.
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-cache-policies.html
_CACHE_POLICY = "08627262-05a9-4f76-9ded-b50ca2e3a84f"
# CORS-S3Origin, with which S3's own CORS rules answer.
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-origin-request-policies.html
_ORIGIN_REQUEST_POLICY = "88a5eaf4-2fd4-4709-b370-b4c650ea3fcf"
_METHODS = ("GET", "HEAD", "OPTIONS")
_DEFAULT_PATH = "Default (*)"
_MAX_NAME = 64
_SIGNING = {
    "SigningProtocol": "sigv4",
    "SigningBehavior": "always",
    "OriginAccessControlOriginType": "s3",
}


@dataclass(frozen=True)
class DesiredDistribution:
    """What the task requests. region: of the bucket. require_https: the bucket refuses http."""

    bucket: str
    region: str
    partition: str = "aws"
    distribution_id: str = ""
    price_class: Optional[str] = None
    require_https: bool = False

    @property
    def origin(self) -> str:
        """Return the bucket's own address. The one without a region redirects while a bucket is new."""
        suffix = ".cn" if self.partition == "aws-cn" else ""
        return f"{self.bucket}.s3.{self.region}.amazonaws.com{suffix}"

    @property
    def comment(self) -> str:
        """Return the comment that identifies a distribution made here."""
        return f"antmedia.s3_recording {self.bucket}"

    @property
    def control_name(self) -> str:
        return f"{self.bucket[: _MAX_NAME - 10]}-recording"


def is_ours(summary: Mapping[str, Any], desired: DesiredDistribution) -> bool:
    """True if a distribution of a list is the one that was made here for the bucket."""
    return summary.get("Comment") == desired.comment and any(
        _is_of_bucket(origin, desired) for origin in _items(summary.get("Origins"))
    )


def access_control(desired: DesiredDistribution) -> Config:
    """Return the origin access control: every request to S3 is signed."""
    return {"Name": desired.control_name, "Description": desired.comment, **_SIGNING}


def check_control(control: Mapping[str, Any], desired: DesiredDistribution) -> None:
    """Raise for an origin access control of that name that has to be changed and was not made here."""
    if control.get("Description") != desired.comment:
        raise AwsError(
            f"Using the origin access control {desired.control_name}",
            "it exists and was not made here, since its description is not "
            f"'{desired.comment}', and it does not sign every request to S3",
            "Set it to sign every request in CloudFront, or rename it. Nothing was changed",
        )


def signs(control: Mapping[str, Any]) -> bool:
    """True if an origin access control signs every request to S3."""
    return all(control.get(name) == value for name, value in _SIGNING.items())


def new_config(desired: DesiredDistribution, control_id: str, reference: str) -> Config:
    """Return a new distribution. reference: CloudFront recognizes a repeated request by it."""
    config = {
        "CallerReference": reference,
        "Comment": desired.comment,
        "Enabled": True,
        "PriceClass": desired.price_class or PRICE_CLASSES[-1],
        "Origins": _counted([]),
        "DefaultCacheBehavior": {"Compress": False},
        "HttpVersion": "http2and3",
        "IsIPV6Enabled": True,
    }
    return wanted_config(config, desired, control_id)


def wanted_config(found: Mapping[str, Any], desired: DesiredDistribution, control_id: str) -> Config:
    """Return a distribution of ours as it should be; unrelated settings stay, such as names and logs."""
    origins = _items(found.get("Origins"))
    target = found["DefaultCacheBehavior"].get("TargetOriginId") or desired.origin
    of_bucket: Config = next((each for each in origins if _is_of_bucket(each, desired)), {})
    ours = {
        **of_bucket,
        "Id": of_bucket.get("Id") or target,
        "DomainName": desired.origin,
        "OriginPath": "",
        "S3OriginConfig": {**(of_bucket.get("S3OriginConfig") or {}), "OriginAccessIdentity": ""},
        "OriginAccessControlId": control_id,
    }
    behavior = {
        **found["DefaultCacheBehavior"],
        "TargetOriginId": ours["Id"],
        "ViewerProtocolPolicy": "redirect-to-https",
        "AllowedMethods": _methods(found["DefaultCacheBehavior"].get("AllowedMethods")),
        "CachePolicyId": _CACHE_POLICY,
        "OriginRequestPolicyId": _ORIGIN_REQUEST_POLICY,
    }
    # Where a cache policy decides, CloudFront allows none of the older settings beside it.
    for older in ("ForwardedValues", "MinTTL", "DefaultTTL", "MaxTTL"):
        behavior.pop(older, None)
    return {
        **found,
        "Enabled": True,
        "PriceClass": desired.price_class or found.get("PriceClass"),
        "Origins": _counted([*(each for each in origins if each["Id"] != ours["Id"]), ours]),
        "DefaultCacheBehavior": behavior,
    }


def _methods(found: Optional[Mapping[str, Any]]) -> Config:
    # CloudFront has an order of its own.
    if found and set(_METHODS) <= set(found.get("Items") or ()):
        return dict(found)
    return {**_counted(list(_METHODS)), "CachedMethods": _counted(["GET", "HEAD"])}


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Describe the changes."""
    found = []
    if not before["Enabled"]:
        found.append("enable the distribution")
    if before.get("PriceClass") != after.get("PriceClass"):
        found.append(f"set its price class to {after['PriceClass']}")
    if _by_id(before) != _by_id(after):
        found.append("have it sign its requests to the bucket")
    if before["DefaultCacheBehavior"] != after["DefaultCacheBehavior"]:
        found.append("set how it passes requests on")
    return found


def view(config: Optional[Mapping[str, Any]]) -> Config:
    """Return the part of a distribution that a diff displays."""
    if config is None:
        return {"exists": False}
    behavior = config["DefaultCacheBehavior"]
    displayed = ("ViewerProtocolPolicy", "CachePolicyId", "OriginRequestPolicyId")
    return {
        "exists": True,
        "enabled": config["Enabled"],
        "price_class": config.get("PriceClass"),
        "origins": {
            each["DomainName"]: {
                "origin_path": each.get("OriginPath", ""),
                "signed": bool(each.get("OriginAccessControlId")),
            }
            for each in _items(config.get("Origins"))
        },
        "default_cache_behavior": {
            **{name: behavior.get(name) for name in displayed},
            "AllowedMethods": sorted(_items(behavior.get("AllowedMethods"))),
        },
    }


def check_given(
    config: Mapping[str, Any], desired: DesiredDistribution, controls: Mapping[str, Mapping[str, Any]]
) -> None:
    """Raise if someone else's distribution cannot serve the bucket; it is not changed.

    controls: the origin access controls of the account by their IDs.
    """
    problems = []
    if not config["Enabled"]:
        problems.append("it is disabled")
    origins = [each for each in _items(config.get("Origins")) if _is_of_bucket(each, desired)]
    if not origins:
        problems.append(f"none of its origins is bucket {desired.bucket} ({desired.origin})")
    for origin in origins[:1]:
        problems += _origin_problems(origin, config, controls)
    if desired.require_https:
        problems += _http_problems({each["Id"] for each in origins}, config)
    if problems:
        raise AwsError(
            f"Looking at distribution {desired.distribution_id} for bucket {desired.bucket}",
            "; ".join(problems),
            "Correct that in CloudFront, or leave the distribution out to have one made",
        )


def _origin_problems(
    origin: Mapping[str, Any], config: Mapping[str, Any], controls: Mapping[str, Mapping[str, Any]]
) -> list[str]:
    found = []
    name = f"its origin '{origin['Id']}'"
    control = origin.get("OriginAccessControlId") or ""
    if not control:
        found.append(f"{name} has no origin access control, without which its requests are anonymous to S3")
    elif not signs(controls.get(control) or {}):
        found.append(f"the origin access control {control} of {name} does not sign every request to S3")
    if origin.get("OriginPath"):
        found.append(f"{name} puts {origin['OriginPath']} before each path, and forwarding already does that")
    if not _leading_to({origin["Id"]}, config):
        found.append(f"none of its cache behaviors leads to {name}")
    return found


def _http_problems(origins: set[str], config: Mapping[str, Any]) -> list[str]:
    """Return the cache behaviors that allow viewers http: CloudFront asks S3 with the protocol of the viewer.

    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-https-cloudfront-to-s3-origin.html
    """
    names = [
        f"'{each.get('PathPattern', _DEFAULT_PATH)}'"
        for each in _leading_to(origins, config)
        if each.get("ViewerProtocolPolicy") == "allow-all"
    ]
    problem = (
        f"its cache behaviors for {', '.join(names)} allow viewers http (ViewerProtocolPolicy "
        "allow-all), and CloudFront then calls the bucket by http, which the bucket refuses. Set them to "
        "redirect-to-https or https-only, or allow http in the bucket as well (in the role "
        "s3_recording_secure_transport_only: false)"
    )
    return [problem] if names else []


def _leading_to(origins: set[str], config: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the cache behaviors that lead to one of the origins, or to a group with one of them."""
    groups = {
        each["Id"]
        for each in _items(config.get("OriginGroups"))
        if origins & {member.get("OriginId") for member in _items(each.get("Members"))}
    }
    behaviors = [config["DefaultCacheBehavior"], *_items(config.get("CacheBehaviors"))]
    return [each for each in behaviors if each.get("TargetOriginId") in origins | groups]


def _is_of_bucket(origin: Mapping[str, Any], desired: DesiredDistribution) -> bool:
    domain = str(origin.get("DomainName") or "")
    pattern = rf"{re.escape(desired.bucket)}\.s3(?!-website)[a-z0-9.-]*\.amazonaws\.com(\.cn)?"
    return re.fullmatch(pattern, domain) is not None


def _by_id(config: Mapping[str, Any]) -> dict[str, Any]:
    return {each["Id"]: each for each in _items(config.get("Origins"))}


def _items(part: Any) -> list[Any]:
    return list((part or {}).get("Items") or [])


def _counted(items: Sequence[Any]) -> Config:
    return {"Quantity": len(items), "Items": list(items)}
