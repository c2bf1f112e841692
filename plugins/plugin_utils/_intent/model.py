# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The intent of a host, "these applications record there and forward there", and what follows from it.

Plain data in, plain data out. Only this file knows what a recording needs of AWS and of a server, and the one
of its problems what of that cannot work.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Optional

from ...module_utils._ams.recording_rules import PREVIEWS_PATH, STREAMS_PATH, UPLOAD_BITS
from ...module_utils._aws.policy import check_literal, objects_below
from ...module_utils._aws.s3_bucket_access_model import AUTO, NOTHING, WHOLE_BUCKET
from ...module_utils._aws.s3_recording_bucket_plan import KMS
from ...module_utils._common.providers import PROVIDERS, Provider, is_of_aws, provider_at, region_at

CORS_RULE_ID = "antmedia-s3-recording"
CORS_OF_BUCKET, CORS_ELSEWHERE = "bucket", "elsewhere"
# Nobody reads a recording without credentials, or without the distribution.
CLOSED_DELIVERIES = ("private", "cloudfront")
# Stands for the address of a distribution until its domain is known.
DISTRIBUTION = "https://(distribution)"
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
# IAM takes 64 characters, of which -recording has ten.
_WHOLE_IN_USER_NAME = 54
REGIONS = {
    region: (name, suffix) for name, (suffix, regions) in PARTITIONS.items() for region in regions.split()
}


@dataclass(frozen=True)
class Intent:
    """What is wanted of one host. The names are those of the role's variables without s3_recording_."""

    bucket: str
    region: str = ""
    bucket_owner: str = ""
    delivery: str = ""
    close_existing: bool = False
    secure_transport_only: Optional[bool] = None
    change_foreign_access: bool = False
    allow_open_hls_upload: bool = False
    versioning: Optional[bool] = None
    encryption: str = ""
    encryption_key_id: str = ""
    expire_days: int = 0
    noncurrent_expire_days: int = 0
    expire_existing: bool = False
    transitions: tuple[Mapping[str, Any], ...] = ()
    abort_uploads_days: Optional[int] = None
    bucket_tags: Optional[Mapping[str, Any]] = None
    iam_user: str = ""
    adopt_iam_user: bool = False
    permissions_boundary: str = ""
    managed_full_access: bool = False
    allow_delete: bool = False
    key_file_extensions: tuple[str, ...] = ()
    key_store: str = "ssm"
    key_path: str = ""
    access_key_id: str = ""
    secret_given: bool = False
    provider: str = ""
    endpoint: str = ""
    aws_endpoint_url: str = ""
    path_style: Optional[bool] = None
    cloudfront_distribution: str = ""
    cloudfront_price_class: str = ""
    prefix: str = ""
    folder_per_application: bool = False
    applications: tuple[str, ...] = ("live",)
    mp4: bool = True
    upload: tuple[str, ...] = ("mp4", "hls", "previews")
    storage_class: str = ""
    cache_control: str = ""
    forwarding: bool = True
    forwarding_extensions: tuple[str, ...] = ("mp4",)
    base_url: str = ""
    cors: str = ""
    cors_origins: tuple[str, ...] = ()
    cors_extra_origins: tuple[str, ...] = ()
    cors_methods: tuple[str, ...] = ("GET", "HEAD", "PUT", "POST", "DELETE")
    settings: Optional[Mapping[str, Any]] = None
    ams_url: str = ""
    ams_validate_certs: Optional[bool] = None
    ams_ca_path: str = ""
    viewer_url: str = ""
    cluster: str = ""
    live_check: str = "canary"

    @property
    def effective_delivery(self) -> str:
        """The delivery that is given, else public, which then opens nothing that is there already."""
        return self.delivery or "public"

    @property
    def https_for(self) -> str:
        """Return what https alone is let in to.

        By default nothing where an endpoint is http, or a CDN of the user's own may ask the bucket by http.
        """
        if self.secure_transport_only is not None:
            return WHOLE_BUCKET if self.secure_transport_only else NOTHING
        is_plain = any(each.startswith("http:") for each in (self.s3_endpoint, self.aws_endpoint_url))
        if is_plain or not self.is_at_aws or not self.store.ownership or self.cloudfront_distribution:
            return NOTHING
        is_own_address = not self.base_url or self.base_url.rstrip("/") == self.bucket_url()
        return AUTO if is_own_address else NOTHING

    @property
    def partition(self) -> str:
        return REGIONS.get(self.region, ("aws", ""))[0]

    @property
    def user_name(self) -> str:
        """Return the IAM user, by default named after the bucket; of a long name the whole tells it apart."""
        if self.iam_user or len(self.bucket) <= _WHOLE_IN_USER_NAME:
            return self.iam_user or f"{self.bucket}-recording"
        digest = hashlib.sha256(self.bucket.encode()).hexdigest()[:8]
        return f"{self.bucket[: _WHOLE_IN_USER_NAME - 1 - len(digest)]}-{digest}-recording"

    @property
    def provider_name(self) -> str:
        """The provider that is given, or that the endpoint shows; AWS where IAM has to make the key."""
        has_iam = bool(self.aws_endpoint_url) or not self.key_given
        return self.provider or provider_at(self.endpoint, has_iam=has_iam)

    @property
    def store(self) -> Provider:
        return PROVIDERS.get(self.provider_name, PROVIDERS["other"])

    @property
    def sets_cors(self) -> bool:
        """True if CORS is set by a rule of the bucket: where the provider has those, if nothing is said."""
        return self.cors == CORS_OF_BUCKET or (not self.cors and self.store.cors)

    @property
    def cors_elsewhere(self) -> str:
        """Where CORS is set if not by a rule of the bucket."""
        return "" if self.sets_cors else self.store.cors_elsewhere or "the store's own means"

    @property
    def s3_endpoint(self) -> str:
        return self.endpoint or self.store.endpoint.format(region=self.region)

    @property
    def signing_region(self) -> str:
        """The region that AMS and the role sign with: a store that checks it refuses an empty one."""
        return self.region or ("" if self.is_at_aws else region_at(self.store, self.s3_endpoint))

    @property
    def is_at_aws(self) -> bool:
        """True for AWS itself, where every bucket has a region of its own."""
        return is_of_aws(self.s3_endpoint) if self.s3_endpoint else self.provider_name == "aws"

    @property
    def store_endpoint(self) -> str:
        """Where the bucket is made; at AWS botocore's own settings decide (region, dual-stack, FIPS)."""
        return "" if is_of_aws(self.s3_endpoint) else self.s3_endpoint

    @property
    def key_given(self) -> bool:
        """Whether the user brings an access key, so that neither IAM nor a store has a part in it."""
        return bool(self.access_key_id)

    @property
    def stored_at(self) -> str:
        """The name of the parameter or the secret, or the path of the file, that holds the access key."""
        return self.key_path or f"/antmedia/s3_recording/{self.bucket}"

    @property
    def addresses_by_path(self) -> bool:
        """Whether the bucket stands in the path of an address and not in the name of its host."""
        if self.path_style is not None:
            return self.path_style
        return bool(self.s3_endpoint) and self.store.by_path and not is_of_aws(self.s3_endpoint)

    @property
    def forwards(self) -> bool:
        return self.forwarding and self.effective_delivery != "private"

    @property
    def s3_permission(self) -> str:
        return "public-read" if self.effective_delivery == "acl" else "bucket-owner-full-control"

    @property
    def abort_days(self) -> int:
        """Days until the parts of an upload that was never finished go; 0: never."""
        return self.store.abort_days if self.abort_uploads_days is None else self.abort_uploads_days

    @property
    def viewer_address(self) -> str:
        return (self.viewer_url or self.ams_url).rstrip("/")

    def bucket_url(self) -> str:
        """Where viewers reach the bucket when no other base URL is given."""
        if not self.s3_endpoint:
            return f"https://{self.bucket}.s3.{self.region}.{REGIONS[self.region][1]}"
        endpoint = self.s3_endpoint.rstrip("/")
        if self.addresses_by_path:
            return f"{endpoint}/{self.bucket}"
        scheme, _colon, host = endpoint.partition("://")
        return f"{scheme}://{self.bucket}.{host}"

    def folder(self, app: str, kind: str = STREAMS_PATH) -> str:
        """The folder of an application's objects in the bucket, no slash at its ends."""
        return "/".join(part for part in (self._prefix_of(app), kind) if part)

    def folders(self) -> list[str]:
        """Every folder that the applications write to."""
        return sorted(
            {self.folder(app, kind) for app in self.applications for kind in (STREAMS_PATH, PREVIEWS_PATH)}
        )

    @property
    def needs_domain(self) -> bool:
        """Whether the base URL follows from a distribution, whose domain is known once it has been made."""
        return self.effective_delivery == "cloudfront" and not self.base_url

    def forwarding_base(self, app: str) -> str:
        """The base URL that makes the path after the application's name a key of the bucket."""
        base = (DISTRIBUTION if self.needs_domain else self.base_url or self.bucket_url()).rstrip("/")
        prefix = self._prefix_of(app)
        return f"{base}/{prefix}" if prefix else base

    def _prefix_of(self, app: str) -> str:
        return "/".join(part for part in (self.prefix, app if self.folder_per_application else "") if part)


def app_settings(intent: Intent, app: str) -> dict[str, Any]:
    """What AMS has to be told for an application, but for the access key."""
    return {**recording_settings(intent, app), **(intent.settings or {})}


def recording_settings(intent: Intent, app: str) -> dict[str, Any]:
    """Return the settings of an application that follow from the intent, without the further ones."""
    settings: dict[str, Any] = {
        "mp4MuxingEnabled": intent.mp4,
        "s3RecordingEnabled": True,
        "s3BucketName": intent.bucket,
        "s3RegionName": intent.signing_region,
        "s3Endpoint": intent.s3_endpoint,
        "s3Permission": intent.s3_permission,
        "s3StreamsFolderPath": intent.folder(app),
        "s3PreviewsFolderPath": intent.folder(app, PREVIEWS_PATH),
        "uploadExtensionsToS3": sum(UPLOAD_BITS[kind] for kind in intent.upload),
        "httpForwardingExtension": ",".join(intent.forwarding_extensions) if intent.forwards else "",
        "httpForwardingBaseURL": intent.forwarding_base(app) if intent.forwards else "",
    }
    if intent.addresses_by_path:
        settings["s3PathStyleAccessEnabled"] = True
    if intent.storage_class:
        settings["s3StorageClass"] = intent.storage_class
    if intent.cache_control:
        settings["s3CacheControl"] = intent.cache_control
    return settings


def key_policy(intent: Intent, folders: Sequence[str]) -> dict[str, Any]:
    """The least that the key of AMS needs; without s3:ListBucket a recording never leaves the server."""
    bucket = f"arn:{intent.partition}:s3:::{intent.bucket}"
    actions = [
        "s3:PutObject",
        "s3:PutObjectAcl",
        "s3:GetObject",
        "s3:AbortMultipartUpload",
        "s3:ListMultipartUploadParts",
    ]
    if intent.allow_delete:
        actions.append("s3:DeleteObject")
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Sid": "ListBucket", "Effect": "Allow", "Action": "s3:ListBucket", "Resource": bucket},
            {
                "Sid": "WriteRecordings",
                "Effect": "Allow",
                "Action": actions,
                "Resource": [
                    f"{objects_below(bucket, folder)}{ending}"
                    for folder in sorted(folders)
                    for ending in [f".{check_literal(each)}" for each in intent.key_file_extensions] or [""]
                ],
            },
            *kms_statement(intent),
        ],
    }


def kms_statement(intent: Intent) -> list[dict[str, Any]]:
    """What the key of AMS needs for a KMS key of the user's own; that of AWS itself lets S3's users in.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html, and an upload of many parts
    is decrypted at its end.
    """
    if intent.encryption != KMS or not intent.encryption_key_id:
        return []
    statement: dict[str, Any] = {
        "Sid": "EncryptRecordings",
        "Effect": "Allow",
        "Action": ["kms:GenerateDataKey", "kms:Decrypt"],
    }
    named, _colon, end = check_literal(intent.encryption_key_id).rpartition(":")
    prefix = f"arn:{intent.partition}:kms:{check_literal(intent.region)}:*:"
    if not end.startswith("alias/"):
        return [{**statement, "Resource": intent.encryption_key_id if named else f"{prefix}key/{end}"}]
    # A policy does not take an alias for a resource.
    account = f"{named}:" if named else prefix
    condition = {"ForAnyValue:StringEquals": {"kms:ResourceAliases": end}}
    return [{**statement, "Resource": f"{account}key/*", "Condition": condition}]


def bucket_settings(intent: Intent, folders: Sequence[str]) -> dict[str, Any]:
    """Options of s3_recording_bucket: what is asked for of how the bucket keeps its objects, nothing else."""
    settings: dict[str, Any] = {
        "expected_bucket_owner": intent.bucket_owner or (None if intent.store.iam else "any"),
        "versioning": intent.versioning,
        "encryption": intent.encryption or None,
        "encryption_key_id": intent.encryption_key_id or None,
        "lifecycle_rules": _lifecycle_rules(intent, folders),
        "expire_existing": intent.expire_existing or None,
        "tags": dict(intent.bucket_tags or {}) or None,
    }
    return {name: value for name, value in settings.items() if value is not None}


def _lifecycle_rules(intent: Intent, folders: Sequence[str]) -> Optional[list[dict[str, Any]]]:
    """None where the store is not even to be asked, one that was never tried unless the user wants a rule."""
    given = {
        "expiration_days": intent.expire_days,
        "noncurrent_version_expiration_days": intent.noncurrent_expire_days,
        "abort_incomplete_multipart_upload_days": intent.abort_days,
        "transitions": [dict(each) for each in intent.transitions],
    }
    asked = {name: value for name, value in given.items() if value}
    if "lifecycle" not in intent.store.keeps or not (asked or intent.store.tried):
        return None
    return [{"prefix": f"{folder}/", **asked} for folder in sorted(folders)] if asked else []


def cors_rules(intent: Intent, origins: Sequence[str]) -> list[dict[str, Any]]:
    """The guide's rule, with the servers' own origins in place of its example."""
    if not origins:
        return []
    return [
        {
            "id": CORS_RULE_ID,
            "allowed_origins": sorted(origins),
            "allowed_methods": list(intent.cors_methods),
            "allowed_headers": ["*"],
            "expose_headers": [],
        }
    ]


def example_of(origin: str, own: str) -> str:
    """An origin that a browser can send: for one with a * in it the server's own if that is among them."""
    if origin == "*" or "*" not in origin:
        return origin
    start, _star, end = origin.partition("*")
    fits = own.startswith(start) and own.endswith(end) and len(own) >= len(start) + len(end)
    return own if fits else origin.replace("*", "recording-check")


def app_settings_names() -> set[str]:
    """The settings that the intent decides, whatever its values."""
    full = Intent(bucket="b", endpoint="http://h", path_style=True, storage_class="c", cache_control="c")
    return set(app_settings(full, "live"))
