# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""The intent of a host, "these applications record there and forward there", and what follows from it.

Plain data in, plain data out. Only this file knows what a recording needs of AWS and of a server.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Optional
from urllib.parse import urlsplit

from ._providers import PROVIDERS, Provider, provider_at

DELIVERIES = ("private", "public", "acl")
STORES = ("ssm", "secretsmanager", "file")
LIVE_CHECKS = ("canary", "all", "none")
UPLOAD_BITS = {"mp4": 1, "hls": 2, "previews": 4}
UPLOADED_AS = {
    "mp4": "mp4",
    "webm": "mp4",
    "m3u8": "hls",
    "ts": "hls",
    "m4s": "hls",
    "fmp4": "hls",
    "png": "previews",
    "jpg": "previews",
    "webp": "previews",
}
CORS_RULE_ID = "antmedia-s3-recording"
# Fixed in AMS: the path of a recording after the application's name, to which forwarding adds the base URL.
STREAMS, PREVIEWS = "streams", "previews"
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
_REGIONS = {
    region: (name, suffix) for name, (suffix, regions) in PARTITIONS.items() for region in regions.split()
}
_BUCKET_NAME = re.compile(r"(?!.*\.\.)(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_EXTENSION = re.compile(r"[A-Za-z0-9]+")
_APPLICATION = re.compile(r"[A-Za-z0-9_-]+")
_PREFIX = re.compile(r"[A-Za-z0-9!_.*'()-]+(/[A-Za-z0-9!_.*'()-]+)*")


class IntentError(ValueError):
    """What cannot work, one sentence a problem."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = list(problems)
        super().__init__("; ".join(self.problems))


@dataclass(frozen=True)
class Intent:
    """What is wanted of one host. The names are those of the role's variables without s3_recording_."""

    bucket: str
    region: str = ""
    delivery: str = "public"
    iam_user: str = ""
    managed_full_access: bool = False
    allow_delete: bool = False
    key_store: str = "ssm"
    key_path: str = ""
    access_key_id: str = ""
    secret_given: bool = False
    provider: str = ""
    endpoint: str = ""
    aws_endpoint_url: str = ""
    path_style: Optional[bool] = None
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
    cors_origins: tuple[str, ...] = ()
    cors_extra_origins: tuple[str, ...] = ()
    cors_methods: tuple[str, ...] = ("GET", "HEAD", "PUT", "POST", "DELETE")
    settings: Optional[Mapping[str, Any]] = None
    ams_url: str = ""
    viewer_url: str = ""
    cluster: str = ""
    live_check: str = "canary"

    @property
    def partition(self) -> str:
        return _REGIONS.get(self.region, ("aws", ""))[0]

    @property
    def user_name(self) -> str:
        """The IAM user, by default named after the bucket; 64 characters are the most that IAM takes."""
        return self.iam_user or f"{self.bucket[:54]}-recording"

    @property
    def provider_name(self) -> str:
        """The provider that is given, or that the endpoint shows; AWS where IAM has to make the key."""
        has_iam = bool(self.aws_endpoint_url) or not self.key_given
        return self.provider or provider_at(self.endpoint, has_iam=has_iam)

    @property
    def store(self) -> Provider:
        return PROVIDERS.get(self.provider_name, PROVIDERS["other"])

    @property
    def s3_endpoint(self) -> str:
        return self.endpoint or self.store.endpoint.format(region=self.region)

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
        return bool(self.s3_endpoint) and self.store.by_path if self.path_style is None else self.path_style

    @property
    def forwards(self) -> bool:
        return self.forwarding and self.delivery != "private"

    @property
    def s3_permission(self) -> str:
        return "public-read" if self.delivery == "acl" else "bucket-owner-full-control"

    @property
    def viewer_address(self) -> str:
        return (self.viewer_url or self.ams_url).rstrip("/")

    def bucket_url(self) -> str:
        """Where viewers reach the bucket when no other base URL is given."""
        if not self.s3_endpoint:
            return f"https://{self.bucket}.s3.{self.region}.{_REGIONS[self.region][1]}"
        endpoint = self.s3_endpoint.rstrip("/")
        if self.addresses_by_path:
            return f"{endpoint}/{self.bucket}"
        scheme, _colon, host = endpoint.partition("://")
        return f"{scheme}://{self.bucket}.{host}"

    def folder(self, app: str, kind: str = STREAMS) -> str:
        """The folder of an application's objects in the bucket, no slash at its ends."""
        return "/".join(part for part in (self._prefix_of(app), kind) if part)

    def folders(self) -> list[str]:
        """Every folder that the applications write to."""
        return sorted({self.folder(app, kind) for app in self.applications for kind in (STREAMS, PREVIEWS)})

    def forwarding_base(self, app: str) -> str:
        """The base URL that makes the path after the application's name a key of the bucket."""
        base = (self.base_url or self.bucket_url()).rstrip("/")
        prefix = self._prefix_of(app)
        return f"{base}/{prefix}" if prefix else base

    def _prefix_of(self, app: str) -> str:
        return "/".join(part for part in (self.prefix, app if self.folder_per_application else "") if part)


def app_settings(intent: Intent, app: str) -> dict[str, Any]:
    """What AMS has to be told for an application, but for the access key."""
    settings: dict[str, Any] = {
        "mp4MuxingEnabled": intent.mp4,
        "s3RecordingEnabled": True,
        "s3BucketName": intent.bucket,
        "s3RegionName": intent.region,
        "s3Endpoint": intent.s3_endpoint,
        "s3Permission": intent.s3_permission,
        "s3StreamsFolderPath": intent.folder(app),
        "s3PreviewsFolderPath": intent.folder(app, PREVIEWS),
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
    return {**settings, **(intent.settings or {})}


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
                "Resource": [f"{bucket}/{folder}/*" for folder in sorted(folders)],
            },
        ],
    }


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


def origin_of(url: str) -> str:
    """The origin that a browser sends for a page at this address: no path, no default port, lower case."""
    parts = urlsplit(url if "://" in url else f"https://{url}")
    host = parts.hostname or ""
    if ":" in host:
        host = f"[{host}]"
    default = {"http": 80, "https": 443}.get(parts.scheme)
    port = "" if parts.port in (None, default) else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}"


def problems_of(intent: Intent) -> list[str]:
    """Everything in an intent that cannot work, each as a sentence that says what to do."""
    found = [
        *_bucket_problems(intent),
        *_provider_problems(intent),
        *_application_problems(intent),
        *_address_problems(intent),
        *_key_problems(intent),
        *_override_problems(intent),
    ]
    if not intent.forwards:
        return found
    wrong = [each for each in intent.forwarding_extensions if not _EXTENSION.fullmatch(each)]
    if wrong:
        found.append(
            f"s3_recording_forwarding_extensions: {wrong} must be names such as mp4, "
            "without dots, blanks and commas (AMS compares the end of the path with them as they are)"
        )
    if not intent.forwarding_extensions:
        found.append(
            "s3_recording_forwarding_extensions is empty: name one or set s3_recording_forwarding to false"
        )
    return found


def warnings_of(intent: Intent) -> list[str]:
    """What works but bites."""
    found = []
    if "*" in intent.cors_origins + intent.cors_extra_origins:
        found.append("s3_recording_cors_origins: '*' lets every site play the recordings in its pages")
    if not intent.forwards:
        return found
    live_hls = (intent.settings or {}).get("hlsMuxingEnabled")
    if "m3u8" in intent.forwarding_extensions and str(live_hls).lower() != "false":
        found.append(
            "s3_recording_forwarding_extensions: with m3u8 the playlist of a live stream is forwarded, "
            "and is not in S3 before the stream ends: live HLS playback breaks. It suits applications that "
            "only record (hlsMuxingEnabled false in s3_recording_settings for those without HLS)"
        )
    found.extend(
        f"s3_recording_forwarding_extensions: {extension} is forwarded but not uploaded, "
        f"see s3_recording_upload ({UPLOADED_AS.get(extension.lower(), 'AMS uploads no such files')})"
        for extension in intent.forwarding_extensions
        if UPLOADED_AS.get(extension.lower()) not in intent.upload
    )
    base = intent.base_url or intent.bucket_url()
    if base.startswith("http:") and intent.viewer_address.startswith("https:"):
        found.append(
            f"forwarding from https pages to {base}: browsers block http there; give an https address"
        )
    return found


def _bucket_problems(intent: Intent) -> list[str]:
    if not intent.bucket:
        return ["s3_recording_bucket is not set (s3_recording_hosts names the hosts that are AMS servers)"]
    found = []
    if not _BUCKET_NAME.fullmatch(intent.bucket):
        found.append(f"s3_recording_bucket: '{intent.bucket}' is not a name that S3 takes for a bucket")
    if intent.live_check not in LIVE_CHECKS:
        found.append(f"s3_recording_live_check: '{intent.live_check}' is none of {', '.join(LIVE_CHECKS)}")
    if intent.delivery not in DELIVERIES:
        found.append(f"s3_recording_delivery: '{intent.delivery}' is none of {', '.join(DELIVERIES)}")
    if intent.s3_endpoint or intent.provider_name != "aws":
        return found
    if not intent.region:
        found.append("s3_recording_region is not set (it may only be left out with s3_recording_endpoint)")
    elif intent.region not in _REGIONS:
        found.append(
            f"s3_recording_region: the AWS SDK inside AMS does not know '{intent.region}'; if AWS does, "
            f"add s3_recording_endpoint: https://s3.{intent.region}.amazonaws.com"
        )
    if "." in intent.bucket and intent.forwards and not intent.base_url:
        found.append(
            f"s3_recording_bucket: '{intent.bucket}' has dots, for which AWS's certificate is not valid; "
            "take a name without, or give s3_recording_base_url (a CDN)"
        )
    return found


def _provider_problems(intent: Intent) -> list[str]:
    name = intent.provider_name
    if name not in PROVIDERS:
        return [f"s3_recording_provider: '{name}' is none of {', '.join(PROVIDERS)}"]
    if name == "aws":
        return []
    found = []
    if not intent.s3_endpoint:
        found.append(f"s3_recording_endpoint is not set, and each user of {name} has another one")
    if "{region}" in intent.store.endpoint and not (intent.endpoint or intent.region):
        found.append(f"s3_recording_region is not set, from which the endpoint of {name} follows")
    if not intent.key_given:
        found.append(
            f"s3_recording_access_key_id is not set: the store {name} has no IAM that could make a key, "
            "make one there and give it with s3_recording_secret_access_key"
        )
    if intent.delivery == "public" and not intent.store.policies and intent.store.acls:
        found.append(
            f"s3_recording_delivery: the store {name} has no policies of buckets that could open a folder; "
            "acl opens each recording by an ACL"
        )
    if intent.delivery == "acl" and not intent.store.acls:
        found.append(f"s3_recording_delivery: the store {name} has no ACLs of objects, so acl opens nothing")
    if intent.forwards and not intent.store.serves and not intent.base_url:
        found.append(
            f"s3_recording_base_url is not set: viewers reach a bucket of {name} by a domain of its own alone"
        )
    return found


def _application_problems(intent: Intent) -> list[str]:
    found = []
    if not intent.applications:
        found.append("s3_recording_applications is empty")
    odd = [app for app in intent.applications if not _APPLICATION.fullmatch(app)]
    if odd:
        found.append(f"s3_recording_applications: {odd} cannot be names of applications")
    doubled = sorted({app for app in intent.applications if intent.applications.count(app) > 1})
    if doubled:
        found.append(f"s3_recording_applications: {', '.join(doubled)} is there more than once")
    if intent.prefix and not _PREFIX.fullmatch(intent.prefix):
        found.append(
            f"s3_recording_prefix: '{intent.prefix}' must be a path such as a/b, no slash at its ends"
        )
    unknown = [kind for kind in intent.upload if kind not in UPLOAD_BITS]
    if unknown:
        found.append(f"s3_recording_upload: {unknown} is none of {', '.join(UPLOAD_BITS)}")
    return found


def _address_problems(intent: Intent) -> list[str]:
    found = []
    for name in ("endpoint", "aws_endpoint_url", "base_url", "ams_url", "viewer_url"):
        url = getattr(intent, name)
        if "@" in url:
            found.append(f"s3_recording_{name} has a user or a password in it, which does not belong there")
        elif url and not _is_address(url):
            found.append(f"s3_recording_{name}: '{url}' is not an http or https address")
    found.extend(
        f"s3_recording_cors_origins: '{origin}' is not an origin such as https://ams.example.com:5443"
        for origin in intent.cors_origins + intent.cors_extra_origins
        if origin != "*" and not re.fullmatch(r"https?://[^/\s]+", origin)
    )
    return found


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        port_is_usable = parts.port != 0
    except ValueError:
        return False
    return (
        parts.scheme in ("http", "https")
        and bool(parts.hostname)
        and port_is_usable
        and not re.search(r"\s|[?#]", url)
    )


def _key_problems(intent: Intent) -> list[str]:
    if intent.key_given != intent.secret_given:
        return ["s3_recording_access_key_id and s3_recording_secret_access_key go together, one is missing"]
    if intent.key_given:
        return []
    found = []
    if intent.key_store not in STORES:
        found.append(f"s3_recording_key_store: '{intent.key_store}' is none of {', '.join(STORES)}")
    if intent.key_store == "file" and not intent.key_path.startswith(("/", "~")):
        found.append("s3_recording_key_path: the store 'file' needs the whole path of a file")
    if not re.fullmatch(r"[A-Za-z0-9+=,.@_-]{1,64}", intent.user_name):
        found.append(f"s3_recording_iam_user: '{intent.user_name}' is not a name that IAM takes for a user")
    return found


def _override_problems(intent: Intent) -> list[str]:
    decided = {*app_settings_names(), "s3AccessKey", "s3SecretKey"}
    return [
        f"s3_recording_settings: {name} follows from other variables of the role; set those"
        for name in sorted(intent.settings or {})
        if name in decided
    ]


def app_settings_names() -> set[str]:
    """The settings that the intent decides, whatever its values."""
    full = Intent(bucket="b", endpoint="http://h", path_style=True, storage_class="c", cache_control="c")
    return set(app_settings(full, "live"))
