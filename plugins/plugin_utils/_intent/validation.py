# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What cannot work of an intent, and what works but bites. Plain data in, sentences out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ...module_utils._ams.recording_rules import FORWARDABLE, UPLOAD_BITS, meant
from ...module_utils._aws import s3_recording_bucket_plan as buckets
from ...module_utils._aws.cloudfront_recording_distribution_plan import PRICE_CLASSES
from ...module_utils._aws.iam_programmatic_user_plan import is_boundary
from ...module_utils._aws.policy import is_literal
from ...module_utils._aws.s3_bucket_access_plan import DELIVERIES
from ...module_utils._common.addresses import AddressError, is_open_http, read, read_origin
from ...module_utils._common.providers import PROVIDERS, without_bucket
from .model import CORS_ELSEWHERE, CORS_OF_BUCKET, REGIONS, Intent, app_settings_names, bucket_settings

STORES = ("ssm", "secretsmanager", "file")
LIVE_CHECKS = ("canary", "all", "none")
_ENDINGS = {"mp4": ("mp4",), "hls": ("m3u8", "ts"), "previews": ("png",)}
_KINDS = {bit: kind for kind, bit in UPLOAD_BITS.items()}
_ENDPOINTS = ("endpoint", "aws_endpoint_url")
_WITHOUT_PATH = (*_ENDPOINTS, "ams_url")
_OF_CLOUDFRONT = ("cloudfront_distribution", "cloudfront_price_class")
_FROZEN = ("GLACIER", "DEEP_ARCHIVE")
_BUCKET_NAME = re.compile(r"(?!.*\.\.)(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_EXTENSION = re.compile(r"[a-z0-9]+")
_APPLICATION = re.compile(r"[A-Za-z0-9_-]+")
_PREFIX = re.compile(r"[A-Za-z0-9!_.'()-]+(/[A-Za-z0-9!_.'()-]+)*")


class IntentError(ValueError):
    """What cannot work, one sentence a problem."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = list(problems)
        super().__init__("; ".join(self.problems))


def problems_of(intent: Intent) -> list[str]:
    """Everything in an intent that cannot work, each as a sentence that says what to do."""
    return [
        *_bucket_problems(intent),
        *_provider_problems(intent),
        *_transport_problems(intent),
        *_pattern_problems(intent),
        *_keeping_problems(intent),
        *_cloudfront_problems(intent),
        *_application_problems(intent),
        *_address_problems(intent),
        *_key_problems(intent),
        *_override_problems(intent),
        *_extension_problems(intent),
        *_key_extension_problems(intent),
    ]


def _extension_problems(intent: Intent) -> list[str]:
    name = "s3_recording_forwarding_extensions"
    given = intent.forwarding_extensions
    if not intent.forwards or (given and all(_EXTENSION.fullmatch(each) for each in given)):
        return []
    right = meant(",".join(given))
    if not right:
        return [f"{name} is empty: name one or set s3_recording_forwarding to false"]
    problem = (
        f"{name}: {list(given)} must be [{', '.join(right)}], in small letters and without dots, blanks and "
        "commas (AMS compares the end of the path with them as they are)"
    )
    return [problem]


def _key_extension_problems(intent: Intent) -> list[str]:
    name = "s3_recording_key_file_extensions"
    given = intent.key_file_extensions
    if not given:
        return []
    if intent.key_given or intent.managed_full_access:
        other = "s3_recording_access_key_id" if intent.key_given else "s3_recording_managed_full_access"
        return [f"{name} has no effect with {other}, where the role's policy does not limit the key"]
    if not all(_EXTENSION.fullmatch(each) for each in given):
        return [f"{name}: {list(given)} must be in small letters and without dots, for example [mp4, png]"]
    # What is known to be uploaded, and the object of the check.
    needed = {"mp4", *(each for kind in intent.upload for each in _ENDINGS.get(kind, ()))}
    missing = sorted(needed - set(given))
    if not missing:
        return []
    problem = (
        f"{name}: {', '.join(missing)} is missing, and files that the key may not upload never leave the "
        "server (s3_recording_upload says which there are, and the check uploads an mp4)"
    )
    return [problem]


def warnings_of(intent: Intent) -> list[str]:
    """What works but bites."""
    found = _connection_warnings(intent)
    if "*" in intent.cors_origins + intent.cors_extra_origins:
        found.append("s3_recording_cors_origins: '*' lets every site play the recordings in its pages")
    if intent.versioning and intent.expire_days and not intent.noncurrent_expire_days:
        found.append(
            "s3_recording_expire_days: with versioning a recording that expires stays as a former version; "
            "s3_recording_noncurrent_expire_days deletes those"
        )
    if intent.key_file_extensions:
        found.append(
            "s3_recording_key_file_extensions: a recording with an ending that is not among "
            f"{', '.join(intent.key_file_extensions)} is never uploaded, and only the server's log says so"
        )
    if not intent.forwards:
        return found
    frozen = {str(each.get("storage_class")) for each in intent.transitions} | {intent.storage_class}
    found.extend(
        f"s3_recording_transitions or s3_recording_storage_class: nobody can play a recording in {each} "
        "before it is restored; viewers are still sent there"
        for each in sorted(frozen & set(_FROZEN))
    )
    live_hls = (intent.settings or {}).get("hlsMuxingEnabled")
    if "m3u8" in intent.forwarding_extensions and str(live_hls).lower() != "false":
        found.append(
            "s3_recording_forwarding_extensions: with m3u8 the playlist of a live stream is forwarded, "
            "and is not in S3 before the stream ends: live HLS playback breaks. It suits applications that "
            "only record (hlsMuxingEnabled false in s3_recording_settings for those without HLS)"
        )
    found.extend(
        f"s3_recording_forwarding_extensions: {extension} is forwarded but not uploaded, "
        f"see s3_recording_upload ({_kind_of(extension) or 'AMS has no such files below streams'})"
        for extension in intent.forwarding_extensions
        if _kind_of(extension) not in intent.upload
    )
    if intent.effective_delivery == "cloudfront" and not intent.cache_control:
        found.append(
            "s3_recording_cache_control: the header that AMS sets by default forbids CloudFront "
            "to keep recordings, so that each viewer's request goes on to the bucket; better is for example "
            "public, max-age=86400"
        )
    base = intent.forwarding_base("")
    if base.startswith("http:") and intent.viewer_address.startswith("https:"):
        found.append(
            f"forwarding from https pages to {base}: browsers block http there; give an https address"
        )
    return found


def _connection_warnings(intent: Intent) -> list[str]:
    found = []
    if is_open_http(intent.ams_url):
        found.append(
            "s3_recording_ams_url: password or token go to the console by plain http, and who listens on the "
            "way can use them; give its https address (port 5443), or http://localhost:5080 with a "
            "connection to the server itself (ssh)"
        )
    if intent.ams_ca_path and intent.ams_validate_certs is False:
        found.append(
            "s3_recording_ams_ca_path has no effect with s3_recording_ams_validate_certs: false (or "
            "AMS_INSECURE): no certificate is checked, and anybody on the way can pose as the server; leave "
            "s3_recording_ams_validate_certs out"
        )
    return found


def _kind_of(extension: str) -> str:
    return _KINDS.get(FORWARDABLE.get(extension, 0), "")


def _bucket_problems(intent: Intent) -> list[str]:
    if not intent.bucket:
        return ["s3_recording_bucket is not set (s3_recording_hosts names the hosts that are AMS servers)"]
    found = []
    if not _BUCKET_NAME.fullmatch(intent.bucket):
        found.append(f"s3_recording_bucket: '{intent.bucket}' is not a name that S3 takes for a bucket")
    if intent.live_check not in LIVE_CHECKS:
        found.append(f"s3_recording_live_check: '{intent.live_check}' is none of {', '.join(LIVE_CHECKS)}")
    if intent.effective_delivery not in DELIVERIES:
        found.append(
            f"s3_recording_delivery: '{intent.effective_delivery}' is none of {', '.join(DELIVERIES)}"
        )
    if intent.cors not in ("", CORS_OF_BUCKET, CORS_ELSEWHERE):
        found.append(f"s3_recording_cors: '{intent.cors}' must be {CORS_OF_BUCKET} or {CORS_ELSEWHERE}")
    at_aws = intent.provider_name == "aws" and not intent.s3_endpoint
    if intent.is_at_aws and not intent.region:
        found.append(
            "s3_recording_region is not set (it may only be left out with s3_recording_endpoint of another "
            "store than AWS)"
        )
    elif at_aws and intent.region not in REGIONS:
        suffix = "amazonaws.com.cn" if intent.region.startswith("cn-") else "amazonaws.com"
        found.append(
            f"s3_recording_region: the AWS SDK inside AMS does not know '{intent.region}'; if AWS does, "
            f"add s3_recording_endpoint: https://s3.{intent.region}.{suffix}"
        )
    in_host_name = intent.s3_endpoint.startswith("https:") and not intent.addresses_by_path
    if "." in intent.bucket and (at_aws or in_host_name):
        found.extend(_dot_problems(intent))
    return found


def _dot_problems(intent: Intent) -> list[str]:
    if not intent.forwards or intent.base_url or intent.needs_domain:
        return []
    name = "AWS" if intent.provider_name == "aws" else intent.provider_name
    problem = (
        f"s3_recording_bucket: '{intent.bucket}' has dots, for which {name}'s certificate is not valid; "
        "take a name without, or give s3_recording_base_url (a CDN)"
    )
    return [problem]


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
    if intent.effective_delivery == "public" and not intent.store.policies and intent.store.acls:
        found.append(
            f"s3_recording_delivery: the store {name} has no policies of buckets that could open a folder; "
            "acl opens each recording by an ACL"
        )
    if intent.effective_delivery == "acl" and not intent.store.acls:
        found.append(f"s3_recording_delivery: the store {name} has no ACLs of objects, so acl opens nothing")
    if intent.forwards and not intent.store.serves and not intent.base_url:
        found.append(
            f"s3_recording_base_url is not set: viewers reach a bucket of {name} by a domain of its own alone"
        )
    return found


def _transport_problems(intent: Intent) -> list[str]:
    name = "s3_recording_secure_transport_only"
    if not intent.secure_transport_only:
        return []
    if intent.s3_endpoint.startswith("http:"):
        return [f"{name} would shut out everybody, since {intent.s3_endpoint} is no https address"]
    if not intent.store.policies:
        return [f"{name} takes a bucket policy, which the store has not: set that by the store's own means"]
    return []


def _cloudfront_problems(intent: Intent) -> list[str]:
    if intent.effective_delivery != "cloudfront":
        given = [name for name in _OF_CLOUDFRONT if getattr(intent, name)]
        return [f"s3_recording_{name} goes with s3_recording_delivery: cloudfront alone" for name in given]
    found = []
    if intent.provider_name != "aws" or not intent.region:
        found.append("s3_recording_delivery: cloudfront takes a bucket at AWS, and its s3_recording_region")
    if intent.cloudfront_price_class and intent.cloudfront_price_class not in PRICE_CLASSES:
        found.append(
            f"s3_recording_cloudfront_price_class: '{intent.cloudfront_price_class}' is none of "
            f"{', '.join(PRICE_CLASSES)}"
        )
    if intent.encryption == buckets.KMS and not intent.encryption_key_id:
        found.append(
            "s3_recording_encryption: CloudFront cannot use AWS's own KMS key; give another one with "
            "s3_recording_encryption_key_id, whose key policy lets cloudfront.amazonaws.com use it"
        )
    return found


def _pattern_problems(intent: Intent) -> list[str]:
    """Of what stands in the key's policy and comes from elsewhere than this collection."""
    return [
        f"s3_recording_{name}: '{getattr(intent, name)}' must be one name, with none of * ? $ in it, which "
        "in the key's policy would make a pattern of it"
        for name in ("region", "encryption_key_id")
        if not is_literal(getattr(intent, name))
    ]


def _keeping_problems(intent: Intent) -> list[str]:
    """Of versioning, encryption, lifecycle and tags; what S3 itself refuses is known to its own module."""
    if intent.bucket_owner and not re.fullmatch(r"\d{12}", intent.bucket_owner):
        return [f"s3_recording_bucket_owner: '{intent.bucket_owner}' is not the ID of an account (12 digits)"]
    asked = {
        "versioning": intent.versioning is not None,
        "encryption": bool(intent.encryption),
        "lifecycle": bool(
            intent.expire_days
            or intent.noncurrent_expire_days
            or intent.transitions
            or intent.abort_uploads_days
        ),
        "tags": bool(intent.bucket_tags),
    }
    missing = [name for name, is_asked in asked.items() if is_asked and name not in intent.store.keeps]
    if missing:
        return [
            f"the store {intent.provider_name} is not known to have {name} of buckets" for name in missing
        ]
    if intent.abort_uploads_days and not intent.store.aborts:
        problem = (
            f"s3_recording_abort_uploads_days: the store {intent.provider_name} refuses a rule about uploads "
            "that were never finished, and ends them by itself"
        )
        return [problem]
    if intent.encryption and intent.encryption not in buckets.ENCRYPTIONS:
        return [f"s3_recording_encryption: '{intent.encryption}' is none of {', '.join(buckets.ENCRYPTIONS)}"]
    found = []
    if intent.encryption == buckets.KMS and intent.effective_delivery in ("public", "acl"):
        found.append(
            f"s3_recording_encryption: viewers have no credentials, without which S3 gives nothing that is "
            f"encrypted by {buckets.KMS}; take AES256, or s3_recording_delivery: private"
        )
    odd = [each for each in intent.transitions if not _is_transition(each)]
    if odd:
        found.append(
            f"s3_recording_transitions: {odd} must be {{days: NUMBER, storage_class: NAME}} with one of "
            f"{', '.join(buckets.STORAGE_CLASSES)}"
        )
        return found
    settings = bucket_settings(intent, intent.folders()[:1])
    settings.pop("expected_bucket_owner", None)
    return [*found, *buckets.problems_of(buckets.DesiredBucket(intent.bucket, **settings))]


def _is_transition(each: object) -> bool:
    return (
        isinstance(each, Mapping)
        and set(each) == {"days", "storage_class"}
        and str(each["days"]).isdigit()
        and each["storage_class"] in buckets.STORAGE_CLASSES
    )


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
    if intent.prefix and not _is_prefix(intent.prefix):
        found.append(
            f"s3_recording_prefix: '{intent.prefix}' must be a path such as a/b, with no slash at its ends, "
            "no part that is a dot, no two dots, which AMS does not forward to, and no *, which in the key's "
            "policy would stand for other folders as well"
        )
    unknown = [kind for kind in intent.upload if kind not in UPLOAD_BITS]
    if unknown:
        found.append(f"s3_recording_upload: {unknown} is none of {', '.join(UPLOAD_BITS)}")
    return found


def _is_prefix(text: str) -> bool:
    return ".." not in text and is_literal(text) and _PREFIX.fullmatch(text) is not None


def _address_problems(intent: Intent) -> list[str]:
    given = [(name, getattr(intent, name)) for name in (*_WITHOUT_PATH, "base_url", "viewer_url")]
    found = [
        f"s3_recording_{name}: {problem}"
        for name, url in given
        for problem in _problems_of_address(name, url, intent.bucket)
    ]
    for name in ("cors_origins", "cors_extra_origins"):
        for origin in getattr(intent, name):
            found.extend(f"s3_recording_{name}: {problem}" for problem in _origin_problems(origin))
    return found


def _problems_of_address(name: str, url: str, bucket: str) -> list[str]:
    if not url:
        return []
    try:
        address = read(url)
    except AddressError as error:
        return [f"{_shown(url)} {error}"]
    right = without_bucket(url, bucket) if name in _ENDPOINTS else ""
    if right:
        problem = (
            f"'{url}' has a bucket in it, which the role and AMS add themselves: set it to {right}. Where "
            "that is the store's own name, give another name of the store or the number of its host"
        )
        return [problem]
    if address.path.strip("/") and name in _WITHOUT_PATH:
        return [f"'{url}' has a path, which does not belong there: set it to {replace(address, path='')}"]
    return []


def _shown(url: str) -> str:
    """What is shown of an address that cannot be right; a user, a password or a token may be in it."""
    return "the address" if re.search(r"[@?#]", url) else f"'{url}'"


def _origin_problems(origin: str) -> list[str]:
    if origin == "*":
        return []
    try:
        read_origin(origin)
    except AddressError as error:
        return [f"{_shown(origin)} {error}"]
    return []


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
    if intent.permissions_boundary and not is_boundary(intent.permissions_boundary):
        found.append(
            f"s3_recording_permissions_boundary: '{intent.permissions_boundary}' is not the ARN of a managed "
            "policy, such as arn:aws:iam::123456789012:policy/NAME"
        )
    return found


def _override_problems(intent: Intent) -> list[str]:
    decided = {*app_settings_names(), "s3AccessKey", "s3SecretKey"}
    return [
        f"s3_recording_settings: {name} follows from other variables of the role; set those"
        for name in sorted(intent.settings or {})
        if name in decided
    ]
