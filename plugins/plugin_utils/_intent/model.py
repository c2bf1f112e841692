# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The intent of a host: "these applications record there and forward there", with the defaults resolved.

The role's variables are the fields of Intent, with s3_recording_ before the name.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Optional

from ...module_utils._ams.recording_rules import PREVIEWS_PATH, STREAMS_PATH
from ...module_utils._aws.s3_bucket_access_model import AUTO, NOTHING, WHOLE_BUCKET
from ...module_utils._common.deliveries import DELIVERIES, Delivery
from ...module_utils._common.providers import PROVIDERS, Provider, is_of_aws, provider_at, region_at
from .aws_regions import bucket_url, partition_of

CORS_OF_BUCKET, CORS_ELSEWHERE = "bucket", "elsewhere"
# Stands for the address of a distribution until its domain is known.
UNKNOWN_DOMAIN = "https://(distribution)"
# IAM allows 64 characters, of which -recording has ten.
_WHOLE_IN_USER_NAME = 54


# On these all hosts of a bucket must agree.
_SHARED = {"shared": True}
# These hold URLs or origins, whose host may be written in any script.
_ADDRESS = {"address": True}


@dataclass(frozen=True)
class Intent:
    """The desired state of one host. secret_given stands for the secret key, which is not in the plan."""

    bucket: str
    region: str = field(default="", metadata=_SHARED)
    delivery: str = field(default="", metadata=_SHARED)
    close_existing: bool = field(default=False, metadata=_SHARED)
    break_links: bool = False
    secure_transport_only: Optional[bool] = field(default=None, metadata=_SHARED)
    allow_changing_others_access: bool = field(default=False, metadata=_SHARED)
    bucket_owner: str = field(default="", metadata=_SHARED)
    versioning: Optional[bool] = field(default=None, metadata=_SHARED)
    encryption: str = field(default="", metadata=_SHARED)
    encryption_key_id: str = field(default="", metadata=_SHARED)
    forget_kms_keys: tuple[str, ...] = field(default=(), metadata=_SHARED)
    expire_days: int = field(default=0, metadata=_SHARED)
    noncurrent_expire_days: int = field(default=0, metadata=_SHARED)
    expire_existing: bool = field(default=False, metadata=_SHARED)
    transitions: tuple[Mapping[str, Any], ...] = field(default=(), metadata=_SHARED)
    abort_uploads_days: Optional[int] = field(default=None, metadata=_SHARED)
    forget_folders: tuple[str, ...] = field(default=(), metadata=_SHARED)
    bucket_tags: Optional[Mapping[str, Any]] = field(default=None, metadata=_SHARED)
    iam_user: str = field(default="", metadata=_SHARED)
    iam_user_previous: str = field(default="", metadata=_SHARED)
    adopt_iam_user: bool = field(default=False, metadata=_SHARED)
    permissions_boundary: str = field(default="", metadata=_SHARED)
    attach_s3_full_access: bool = field(default=False, metadata=_SHARED)
    allow_delete: bool = field(default=False, metadata=_SHARED)
    key_file_extensions: tuple[str, ...] = field(default=(), metadata=_SHARED)
    key_store: str = field(default="ssm", metadata=_SHARED)
    key_path: str = field(default="", metadata=_SHARED)
    key_store_previous: str = field(default="", metadata=_SHARED)
    key_path_previous: str = field(default="", metadata=_SHARED)
    key_delete_after: int = field(default=86400, metadata=_SHARED)
    access_key_id: str = field(default="", metadata=_SHARED)
    secret_given: bool = False
    aws_endpoint_url: str = field(default="", metadata={**_SHARED, **_ADDRESS})
    provider: str = field(default="", metadata=_SHARED)
    endpoint: str = field(default="", metadata={**_SHARED, **_ADDRESS})
    path_style: Optional[bool] = field(default=None, metadata=_SHARED)
    cloudfront_distribution: str = field(default="", metadata=_SHARED)
    cloudfront_price_class: str = field(default="", metadata=_SHARED)
    cors: str = field(default="", metadata=_SHARED)
    cors_origins: tuple[str, ...] = field(default=(), metadata={**_SHARED, **_ADDRESS})
    cors_methods: tuple[str, ...] = field(default=("GET", "HEAD", "PUT", "POST", "DELETE"), metadata=_SHARED)
    cors_extra_origins: tuple[str, ...] = field(default=(), metadata=_ADDRESS)
    prefix: str = ""
    folder_per_application: bool = False
    applications: tuple[str, ...] = ("live",)
    mp4: bool = True
    upload: tuple[str, ...] = ("mp4", "hls", "previews")
    storage_class: str = ""
    cache_control: str = ""
    forwarding: bool = True
    forwarding_extensions: tuple[str, ...] = ("mp4",)
    base_url: str = field(default="", metadata=_ADDRESS)
    settings: Optional[Mapping[str, Any]] = None
    ams_url: str = field(default="", metadata=_ADDRESS)
    ams_validate_certs: Optional[bool] = None
    ams_ca_path: str = ""
    viewer_url: str = field(default="", metadata=_ADDRESS)
    cluster: str = ""
    live_test: str = ""
    verify_every: str = ""
    verify_backlog: bool = True
    backlog_max: Optional[int] = None
    import_connections: int = 4
    import_bandwidth: int = 0
    import_min_age: int = 3600
    import_delete: bool = False
    allow_open_hls_upload: bool = False

    @property
    def effective_delivery(self) -> str:
        """Return the given delivery, else public, which then opens no existing objects."""
        return self.delivery or "public"

    @property
    def chosen_delivery(self) -> Delivery:
        """Return what the delivery sets; of an unknown one, which validation refuses, what opens nothing."""
        return DELIVERIES.get(self.effective_delivery, Delivery())

    @property
    def https_for(self) -> str:
        """Return which part of the bucket is closed to plain http.

        By default nothing where an endpoint is http, or your own CDN may fetch from the bucket by http.
        """
        if self.secure_transport_only is not None:
            return WHOLE_BUCKET if self.secure_transport_only else NOTHING
        is_plain = any(each.startswith("http:") for each in (self.s3_endpoint, self.aws_endpoint_url))
        if is_plain or not self.is_on_aws or not self.s3_provider.ownership or self.cloudfront_distribution:
            return NOTHING
        is_default = not self.base_url or self.base_url.rstrip("/") == self.bucket_url()
        return AUTO if is_default else NOTHING

    @property
    def partition(self) -> str:
        return partition_of(self.region)

    @property
    def user_name(self) -> str:
        """Return the IAM user, by default named after the bucket; a long name ends in a hash of all of it."""
        if self.iam_user or len(self.bucket) <= _WHOLE_IN_USER_NAME:
            return self.iam_user or f"{self.bucket}-recording"
        digest = hashlib.sha256(self.bucket.encode()).hexdigest()[:8]
        return f"{self.bucket[: _WHOLE_IN_USER_NAME - 1 - len(digest)]}-{digest}-recording"

    @property
    def provider_name(self) -> str:
        """Return the given provider, or the one that the endpoint shows; AWS where IAM must make the key."""
        has_iam = bool(self.aws_endpoint_url) or not self.key_given
        return self.provider or provider_at(self.endpoint, has_iam=has_iam)

    @property
    def s3_provider(self) -> Provider:
        return PROVIDERS.get(self.provider_name, PROVIDERS["other"])

    @property
    def sets_cors(self) -> bool:
        """True if CORS is a rule of the bucket, by default where the provider has such rules."""
        return self.cors == CORS_OF_BUCKET or (not self.cors and self.s3_provider.cors)

    @property
    def cors_elsewhere(self) -> str:
        """Return where CORS is set if not by a rule of the bucket."""
        return "" if self.sets_cors else self.s3_provider.cors_elsewhere or "the provider's own means"

    @property
    def s3_endpoint(self) -> str:
        return self.endpoint or self.s3_provider.endpoint.format(region=self.region)

    @property
    def signing_region(self) -> str:
        """Return the region that AMS and the role sign with: providers that check it refuse an empty one."""
        return self.region or ("" if self.is_on_aws else region_at(self.s3_provider, self.s3_endpoint))

    @property
    def is_on_aws(self) -> bool:
        """True for AWS itself, where every bucket has a region of its own."""
        return is_of_aws(self.s3_endpoint) if self.s3_endpoint else self.provider_name == "aws"

    @property
    def boto_endpoint(self) -> str:
        """Return the endpoint for boto3; on AWS botocore's own settings decide (region, dual-stack, FIPS)."""
        return "" if is_of_aws(self.s3_endpoint) else self.s3_endpoint

    @property
    def key_given(self) -> bool:
        """True if you give the access key, so that neither IAM nor a key store is used."""
        return bool(self.access_key_id)

    @property
    def stored_at(self) -> str:
        """Return the parameter, the secret or the file that holds the access key."""
        return self.key_path or self._default_place

    @property
    def previous_store(self) -> tuple[str, str]:
        """Return the key store from which the key moves, and its place there; both empty if it stays."""
        is_given = self.key_store_previous or self.key_path_previous
        # Another user has another key.
        return (
            self.previous_place if is_given and not (self.key_given or self.iam_user_previous) else ("", "")
        )

    @property
    def previous_place(self) -> tuple[str, str]:
        """Return the key store and the place of the previous access key, of whichever user."""
        return self.key_store_previous or self.key_store, self.key_path_previous or self._default_place

    @property
    def _default_place(self) -> str:
        return f"/antmedia/s3_recording/{self.bucket}"

    @property
    def addresses_by_path(self) -> bool:
        """True if the bucket stands in the path of an address and not in the name of its host."""
        if self.path_style is not None:
            return self.path_style
        return bool(self.s3_endpoint) and self.s3_provider.by_path and not is_of_aws(self.s3_endpoint)

    @property
    def forwards(self) -> bool:
        return self.forwarding and self.chosen_delivery.forwards

    @property
    def abort_days(self) -> int:
        """Return after how many days the parts of an unfinished upload are deleted; 0: never."""
        return self.s3_provider.abort_days if self.abort_uploads_days is None else self.abort_uploads_days

    @property
    def viewer_address(self) -> str:
        return (self.viewer_url or self.ams_url).rstrip("/")

    def bucket_url(self) -> str:
        """Return where viewers reach the bucket when no other base URL is given."""
        if not self.s3_endpoint:
            return bucket_url(self.bucket, self.region)
        endpoint = self.s3_endpoint.rstrip("/")
        if self.addresses_by_path:
            return f"{endpoint}/{self.bucket}"
        scheme, _colon, host = endpoint.partition("://")
        return f"{scheme}://{self.bucket}.{host}"

    def folder(self, app: str, kind: str = STREAMS_PATH) -> str:
        """Return the folder of an application's objects in the bucket, no slash at its ends."""
        return "/".join(part for part in (self._prefix_of(app), kind) if part)

    def folders(self) -> list[str]:
        """Return every folder that the applications write to."""
        return sorted(
            {self.folder(app, kind) for app in self.applications for kind in (STREAMS_PATH, PREVIEWS_PATH)}
        )

    @property
    def needs_domain(self) -> bool:
        """True if the base URL is that of a distribution, whose domain is known once it exists."""
        return self.chosen_delivery.needs_distribution and not self.base_url

    def forwarding_base(self, app: str) -> str:
        """Return the base URL that makes the path after the application's name a key of the bucket."""
        base = (UNKNOWN_DOMAIN if self.needs_domain else self.base_url or self.bucket_url()).rstrip("/")
        prefix = self._prefix_of(app)
        return f"{base}/{prefix}" if prefix else base

    def _prefix_of(self, app: str) -> str:
        return "/".join(part for part in (self.prefix, app if self.folder_per_application else "") if part)


@dataclass(frozen=True)
class Member:
    """A host with its intent.

    chosen: whether the play is about it. alias_of: its ansible_host, where its address was made of its name.
    """

    host: str
    intent: Intent
    chosen: bool
    alias_of: str = ""
