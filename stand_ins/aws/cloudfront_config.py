# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The configuration of a distribution: CloudFront's refusals, and its defaults."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from .errors import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

Given = dict[str, Any]
CORS_S3_ORIGIN = "88a5eaf4-2fd4-4709-b370-b4c650ea3fcf"
CORS_CUSTOM_ORIGIN = "59781a5b-3903-41f3-afcb-af62929ccde1"
ALL_VIEWER_EXCEPT_HOST = "b689b0a8-53d0-40ab-baf2-68738e2966ac"
# As CloudFront orders them, whatever the order in a request.
_METHODS = ("HEAD", "DELETE", "POST", "GET", "OPTIONS", "PUT", "PATCH")
_CHOICES = ({"HEAD", "GET"}, {"HEAD", "GET", "OPTIONS"}, set(_METHODS))
_S3_DOMAIN = re.compile(r"^[^/]+\.s3[.-][^/]*amazonaws\.com(\.cn)?$")
_MAX_COMMENT = 128
# The policies that AWS manages; nobody can make others here.
_POLICIES = {
    "CachePolicyId": (
        "NoSuchCachePolicy",
        "The cache policy does not exist.",
        {
            "2e54312d-136d-493c-8eb9-b001f22f67d2",
            "4135ea2d-6df8-44a3-9df3-4b5a84be39ad",
            "658327ea-f89d-4fab-a63d-7e88639e58f6",
            "b2884449-e4de-46a7-ac36-70bc7f1ddd6d",
            "08627262-05a9-4f76-9ded-b50ca2e3a84f",
            "83da9c7e-98b4-4e11-a168-04f0df8e2c65",
            "4cc15a8a-d715-48a4-82b8-cc0b614638fe",
        },
    ),
    "OriginRequestPolicyId": (
        "NoSuchOriginRequestPolicy",
        "The origin request policy does not exist.",
        {
            CORS_S3_ORIGIN,
            CORS_CUSTOM_ORIGIN,
            ALL_VIEWER_EXCEPT_HOST,
            "216adef6-5c7f-47e4-b989-5492eafa07d3",
            "33f36d7e-f396-46d9-90e0-52428a34d9dc",
            "775133bc-15f2-49f9-abea-afb2e0bf67d2",
            "bf0718e1-ba1e-49d1-88b1-f726733018ae",
            "acba4595-bd28-49b8-b9fe-13317c0390fa",
        },
    ),
    "ResponseHeadersPolicyId": (
        "NoSuchResponseHeadersPolicy",
        "The response headers policy does not exist.",
        {
            "60669652-455b-4ae9-85a4-c4c02393f86c",
            "5cc3b908-e619-4b99-88e5-2cf7f45965bd",
            "67f7725c-6f97-4210-82d7-5512b31e9d03",
            "e61eb60c-9c35-4d20-a928-2b84e02af89c",
            "eaab4381-ed33-4a86-88ca-d9558dc6cd63",
        },
    ),
}


def _invalid(message: str) -> Refusal:
    return Refusal(400, "InvalidArgument", message)


def _none() -> Given:
    return {"Quantity": 0}


def check(config: Given, knows_control: Callable[[str], bool]) -> None:
    _check_quantities(config)
    if len(config["Comment"]) > _MAX_COMMENT:
        raise _invalid("The parameter Comment is too long.")
    origins = config["Origins"].get("Items") or []
    for origin in origins:
        _check_origin(origin, knows_control)
    behaviors = [config["DefaultCacheBehavior"], *(config.get("CacheBehaviors") or {}).get("Items", [])]
    for behavior in behaviors:
        if behavior["TargetOriginId"] not in [origin["Id"] for origin in origins]:
            raise Refusal(404, "NoSuchOrigin", "One or more of your origins or origin groups do not exist.")
        _check_behavior(behavior)


def _check_quantities(part: Any) -> None:
    if isinstance(part, list):
        for each in part:
            _check_quantities(each)
    if isinstance(part, dict):
        if "Quantity" in part and part["Quantity"] != len(part.get("Items") or []):
            message = "The value of Quantity and the size of Items don't match."
            raise Refusal(400, "InconsistentQuantities", message)
        for each in part.values():
            _check_quantities(each)


def _check_origin(origin: Given, knows_control: Callable[[str], bool]) -> None:
    kinds = [kind for kind in ("S3OriginConfig", "CustomOriginConfig", "VpcOriginConfig") if origin.get(kind)]
    if len(kinds) != 1:
        raise _invalid(
            "Exactly one of CustomOriginConfig, VpcOriginConfig and S3OriginConfig must be specified"
        )
    in_s3 = _S3_DOMAIN.match(origin["DomainName"]) is not None
    if kinds == ["S3OriginConfig"] and not in_s3:
        raise _invalid("The parameter Origin DomainName does not refer to a valid S3 bucket.")
    path = origin.get("OriginPath") or ""
    if path and (not path.startswith("/") or path.endswith("/")):
        raise _invalid("The parameter OriginPath must start with a slash and not end with one.")
    _check_access(origin, in_s3, knows_control)


def _check_access(origin: Given, in_s3: bool, knows_control: Callable[[str], bool]) -> None:
    control = origin.get("OriginAccessControlId")
    if not control:
        return
    if (origin.get("S3OriginConfig") or {}).get("OriginAccessIdentity"):
        raise Refusal(
            400,
            "IllegalOriginAccessConfiguration",
            "An origin cannot contain both an origin access control (OAC) and an origin access identity "
            "(OAI).",
        )
    if not knows_control(control):
        raise Refusal(400, "InvalidOriginAccessControl", "The origin access control is not valid.")
    if not in_s3:
        raise Refusal(
            400,
            "InvalidDomainNameForOriginAccessControl",
            "An origin access control is associated with an origin whose domain name is not supported.",
        )


def _check_behavior(behavior: Given) -> None:
    if not behavior.get("CachePolicyId") and not behavior.get("ForwardedValues"):
        raise _invalid("The parameter ForwardedValues is required.")
    if behavior.get("CachePolicyId") and behavior.get("ForwardedValues"):
        raise _invalid(
            "The parameter ForwardedValues cannot be used when a cache policy is associated to the cache "
            "behavior."
        )
    methods = behavior.get("AllowedMethods")
    if methods and set(methods["Items"]) not in _CHOICES:
        raise _invalid("The parameter AllowedMethods contains methods that cannot be combined.")
    for name, (code, message, known) in _POLICIES.items():
        if behavior.get(name) and behavior[name] not in known:
            raise Refusal(404, code, message)


def complete(config: Given) -> Given:
    """Return a configuration with CloudFront's defaults for what a request leaves out."""
    defaults: Given = {
        "Aliases": _none(),
        "DefaultRootObject": "",
        "OriginGroups": _none(),
        "CacheBehaviors": _none(),
        "CustomErrorResponses": _none(),
        "Logging": {"Enabled": False, "IncludeCookies": False, "Bucket": "", "Prefix": ""},
        "PriceClass": "PriceClass_All",
        "ViewerCertificate": {
            "CloudFrontDefaultCertificate": True,
            "SSLSupportMethod": "vip",
            "MinimumProtocolVersion": "TLSv1",
            "CertificateSource": "cloudfront",
        },
        "Restrictions": {"GeoRestriction": {"RestrictionType": "none", "Quantity": 0}},
        "WebACLId": "",
        "HttpVersion": "http2",
        "IsIPV6Enabled": True,
        "ContinuousDeploymentPolicyId": "",
        "Staging": False,
    }
    whole = defaults | config
    items = [_whole_origin(origin) for origin in config["Origins"]["Items"]]
    whole["Origins"] = {"Quantity": len(items), "Items": items}
    whole["DefaultCacheBehavior"] = _whole_behavior(config["DefaultCacheBehavior"])
    others = whole["CacheBehaviors"].get("Items")
    if others:
        whole["CacheBehaviors"] |= {"Items": [_whole_behavior(each) for each in others]}
    return whole


def _whole_origin(origin: Given) -> Given:
    defaults: Given = {
        "OriginPath": "",
        "CustomHeaders": _none(),
        "ConnectionAttempts": 3,
        "ConnectionTimeout": 10,
        "OriginShield": {"Enabled": False},
        "OriginAccessControlId": "",
    }
    return defaults | origin


def _whole_behavior(behavior: Given) -> Given:
    defaults: Given = {
        "TrustedSigners": {"Enabled": False, "Quantity": 0},
        "TrustedKeyGroups": {"Enabled": False, "Quantity": 0},
        "AllowedMethods": {"Items": ["HEAD", "GET"]},
        "SmoothStreaming": False,
        "Compress": False,
        "LambdaFunctionAssociations": _none(),
        "FunctionAssociations": _none(),
        "FieldLevelEncryptionId": "",
        "GrpcConfig": {"Enabled": False},
    }
    whole = defaults | behavior
    given = whole["AllowedMethods"]
    cached = given.get("CachedMethods") or {"Items": ["HEAD", "GET"]}
    whole["AllowedMethods"] = _methods(given) | {"CachedMethods": _methods(cached)}
    if "ForwardedValues" in whole:
        forwarded = {"Headers": _none(), "QueryStringCacheKeys": _none()} | whole["ForwardedValues"]
        times = {"MinTTL": 0, "DefaultTTL": 86400, "MaxTTL": 31536000}
        whole = times | whole | {"ForwardedValues": forwarded}
    return whole


def _methods(given: Given) -> Given:
    items = sorted(given["Items"], key=_METHODS.index)
    return {"Quantity": len(items), "Items": items}
