# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules for the storage of an intent: the bucket, its provider, its delivery, the access key."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ...module_utils._aws import s3_recording_bucket_plan as buckets
from ...module_utils._aws.cloudfront_recording_distribution_plan import PRICE_CLASSES
from ...module_utils._aws.iam_programmatic_user_plan import is_boundary
from ...module_utils._aws.key_stores.registry import STORES
from ...module_utils._aws.other_folders import folder_problems
from ...module_utils._aws.policy import is_literal
from ...module_utils._common.deliveries import DELIVERIES, EVERYBODY
from ...module_utils._common.providers import PROVIDERS
from .aws_regions import REGIONS, endpoint_of_unknown
from .aws_settings import bucket_settings
from .model import CORS_ELSEWHERE, CORS_OF_BUCKET, Intent

_ENDINGS = {"mp4": ("mp4",), "hls": ("m3u8", "ts"), "previews": ("png",)}
_BUCKET_NAME = re.compile(r"(?!.*\.\.)(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_EXTENSION = re.compile(r"[a-z0-9]+")
_USER_NAME = re.compile(r"[A-Za-z0-9+=,.@_-]{1,64}")


def one_of(name: str, value: str, choices: Collection[str]) -> Iterator[str]:
    """Yield the problem of a variable that has none of its values."""
    if value not in choices:
        yield f"s3_recording_{name}: '{value}' must be one of {', '.join(choices)}"


def needs_bucket(intent: Intent) -> Iterator[str]:
    if not intent.bucket:
        yield "s3_recording_bucket is not set (s3_recording_hosts names the hosts that are AMS servers)"
    elif not _BUCKET_NAME.fullmatch(intent.bucket):
        yield f"s3_recording_bucket: '{intent.bucket}' is not a name that S3 allows for a bucket"


def _delivery(intent: Intent) -> Iterator[str]:
    return one_of("delivery", intent.effective_delivery, DELIVERIES)


def _cors(intent: Intent) -> Iterator[str]:
    if intent.cors not in ("", CORS_OF_BUCKET, CORS_ELSEWHERE):
        yield f"s3_recording_cors: '{intent.cors}' must be {CORS_OF_BUCKET} or {CORS_ELSEWHERE}"


def _region(intent: Intent) -> Iterator[str]:
    if intent.is_on_aws and not intent.region:
        yield (
            "s3_recording_region is not set (it may only be left out with s3_recording_endpoint of another "
            "provider than AWS)"
        )
    elif _is_default_of_aws(intent) and intent.region not in REGIONS:
        yield (
            f"s3_recording_region: the AWS SDK inside AMS does not know '{intent.region}'; if AWS does, "
            f"add s3_recording_endpoint: {endpoint_of_unknown(intent.region)}"
        )


def _is_default_of_aws(intent: Intent) -> bool:
    return intent.provider_name == "aws" and not intent.s3_endpoint


def _dots(intent: Intent) -> Iterator[str]:
    """Refuse dots where viewers would meet a certificate for *.HOST, which is not valid for them."""
    in_host_name = intent.s3_endpoint.startswith("https:") and not intent.addresses_by_path
    is_used = intent.forwards and not intent.base_url and not intent.needs_domain
    if "." in intent.bucket and is_used and (_is_default_of_aws(intent) or in_host_name):
        name = "AWS" if intent.provider_name == "aws" else intent.provider_name
        yield (
            f"s3_recording_bucket: '{intent.bucket}' has dots, for which {name}'s certificate is not valid; "
            "choose a name without, or give s3_recording_base_url (a CDN)"
        )


def _provider(intent: Intent) -> Iterator[str]:
    yield from one_of("provider", intent.provider_name, PROVIDERS)
    if not _is_elsewhere(intent):
        return
    name = intent.provider_name
    if not intent.s3_endpoint:
        yield f"s3_recording_endpoint is not set, and it differs for each user of {name}"
    if "{region}" in intent.s3_provider.endpoint and not (intent.endpoint or intent.region):
        yield f"s3_recording_region is not set, from which the endpoint of {name} follows"
    if not intent.key_given:
        yield (
            f"s3_recording_access_key_id is not set: the provider {name} has no IAM to create a key; "
            "create one there and set it with s3_recording_secret_access_key"
        )
    if intent.forwards and not intent.s3_provider.serves and not intent.base_url:
        yield (f"s3_recording_base_url is not set: viewers reach a bucket of {name} only by a custom domain")


def _is_elsewhere(intent: Intent) -> bool:
    return intent.provider_name in PROVIDERS and intent.provider_name != "aws"


def _delivery_elsewhere(intent: Intent) -> Iterator[str]:
    name, provider = intent.provider_name, intent.s3_provider
    if not _is_elsewhere(intent):
        return
    if intent.chosen_delivery.readers == EVERYBODY and not provider.policies and provider.acls:
        yield (
            f"s3_recording_delivery: the provider {name} has no bucket policies to open a "
            "folder; acl opens each recording by an ACL"
        )
    if intent.chosen_delivery.uses_acls and not provider.acls:
        yield f"s3_recording_delivery: the provider {name} has no object ACLs, so acl opens nothing"


def _secure_transport(intent: Intent) -> Iterator[str]:
    if not intent.secure_transport_only:
        return
    name = "s3_recording_secure_transport_only"
    if intent.s3_endpoint.startswith("http:"):
        yield f"{name} would shut out everybody, since {intent.s3_endpoint} is not https"
    elif not intent.s3_provider.policies:
        yield (
            f"{name} needs a bucket policy, which the provider does not have: use the provider's own tools"
        )


def _literals(intent: Intent) -> Iterator[str]:
    for name in ("region", "encryption_key_id"):
        if not is_literal(getattr(intent, name)):
            yield (
                f"s3_recording_{name}: '{getattr(intent, name)}' must not contain * ? $, which make it a "
                "pattern in the key's policy"
            )


def _owner(intent: Intent) -> Iterator[str]:
    if intent.bucket_owner and not re.fullmatch(r"\d{12}", intent.bucket_owner):
        yield f"s3_recording_bucket_owner: '{intent.bucket_owner}' is not the ID of an account (12 digits)"


def _unknown_to_provider(intent: Intent) -> Iterator[str]:
    wanted = {
        "versioning": intent.versioning is not None,
        "encryption": intent.encryption,
        "lifecycle": intent.expire_days
        or intent.noncurrent_expire_days
        or intent.transitions
        or intent.abort_uploads_days,
        "tags": intent.bucket_tags,
    }
    for name, is_wanted in wanted.items():
        if is_wanted and name not in intent.s3_provider.keeps:
            yield f"the provider {intent.provider_name} is not known to support bucket {name}"


def _abort_uploads(intent: Intent) -> Iterator[str]:
    if intent.abort_uploads_days and not intent.s3_provider.aborts:
        yield (
            f"s3_recording_abort_uploads_days: the provider {intent.provider_name} refuses a rule about "
            "unfinished uploads, and aborts them itself"
        )


def _encryption(intent: Intent) -> Iterator[str]:
    if intent.encryption:
        yield from one_of("encryption", intent.encryption, buckets.ENCRYPTIONS)
    if intent.encryption == buckets.KMS and intent.chosen_delivery.is_public:
        yield (
            "s3_recording_encryption: viewers have no credentials, and without them S3 serves nothing "
            f"encrypted by {buckets.KMS}; use AES256, or s3_recording_delivery: private"
        )
    if intent.encryption == buckets.KMS and _has_distribution(intent) and not intent.encryption_key_id:
        yield (
            "s3_recording_encryption: CloudFront cannot use AWS's own KMS key; give another one with "
            "s3_recording_encryption_key_id, whose key policy allows cloudfront.amazonaws.com to use it"
        )


def _transitions(intent: Intent) -> Iterator[str]:
    odd = _odd_transitions(intent)
    if odd:
        yield (
            f"s3_recording_transitions: {odd} must be {{days: NUMBER, storage_class: NAME}} with one of "
            f"{', '.join(buckets.STORAGE_CLASSES)}"
        )


def _is_transition(each: Any) -> bool:
    return (
        isinstance(each, Mapping)
        and set(each) == {"days", "storage_class"}
        and str(each["days"]).isdigit()
        and each["storage_class"] in buckets.STORAGE_CLASSES
    )


def _odd_transitions(intent: Intent) -> list[Any]:
    return [each for each in intent.transitions if not _is_transition(each)]


def _refused_by_s3(intent: Intent) -> list[str]:
    """Return what the bucket's own module knows; what another rule refuses is left out."""
    settings = bucket_settings(intent, intent.folders()[:1])
    settings.pop("expected_bucket_owner", None)
    if _odd_transitions(intent):
        settings.pop("lifecycle_rules", None)
    if settings.get("encryption", buckets.KMS) not in buckets.ENCRYPTIONS:
        settings = {name: value for name, value in settings.items() if not name.startswith("encryption")}
    return buckets.problems_of(buckets.DesiredBucket(intent.bucket, **settings))


def _forget_folders(intent: Intent) -> list[str]:
    return folder_problems(intent.forget_folders, "s3_recording_forget_folders:")


def _cloudfront(intent: Intent) -> Iterator[str]:
    if not _has_distribution(intent):
        for name in ("cloudfront_distribution", "cloudfront_price_class"):
            if getattr(intent, name):
                yield f"s3_recording_{name} works only with s3_recording_delivery: cloudfront"
        return
    if intent.provider_name != "aws" or not intent.region:
        yield "s3_recording_delivery: cloudfront needs a bucket on AWS, and its s3_recording_region"
    if intent.cloudfront_price_class:
        yield from one_of("cloudfront_price_class", intent.cloudfront_price_class, PRICE_CLASSES)


def _has_distribution(intent: Intent) -> bool:
    return intent.chosen_delivery.needs_distribution


def _key(intent: Intent) -> Iterator[str]:
    if intent.key_given != intent.secret_given:
        yield "s3_recording_access_key_id and s3_recording_secret_access_key go together, one is missing"
    if intent.key_given:
        return
    yield from one_of("key_store", intent.key_store, STORES)
    if intent.key_store == "file" and not intent.key_path.startswith(("/", "~")):
        yield "s3_recording_key_path: the key store 'file' needs the whole path of a file"
    yield from _previous_key(intent)


def _previous_key(intent: Intent) -> Iterator[str]:
    store, place = intent.previous_place
    if not (intent.key_store_previous or intent.key_path_previous or intent.iam_user_previous):
        return
    yield from one_of("key_store_previous", store, STORES)
    if store == "file" and not intent.key_path_previous.startswith(("/", "~")):
        yield "s3_recording_key_path_previous: the key store 'file' needs the whole path of a file"
    if (store, place) != (intent.key_store, intent.stored_at):
        return
    if intent.iam_user_previous:
        yield (
            f"s3_recording_key_path: {place} has the access key of {intent.iam_user_previous}, which the "
            f"servers need until they have changed: give that of {intent.user_name} another place"
        )
    else:
        yield (
            f"s3_recording_key_store_previous and s3_recording_key_path_previous name {store} {place}, where "
            "the access key is to be: leave both out, or name where it is stored until now"
        )


def _user(intent: Intent) -> Iterator[str]:
    if intent.key_given:
        return
    if not _USER_NAME.fullmatch(intent.user_name):
        yield f"s3_recording_iam_user: '{intent.user_name}' is not a name that IAM allows for a user"
    # IAM does not tell upper from lower case.
    if intent.iam_user_previous.lower() == intent.user_name.lower():
        yield (
            f"s3_recording_iam_user_previous: {intent.iam_user_previous} is the user that the bucket is to "
            "have: leave it out, or set another s3_recording_iam_user"
        )
    if intent.permissions_boundary and not is_boundary(intent.permissions_boundary):
        yield (
            f"s3_recording_permissions_boundary: '{intent.permissions_boundary}' is not the ARN of a managed "
            "policy, such as arn:aws:iam::123456789012:policy/NAME"
        )


def _key_extensions(intent: Intent) -> Iterator[str]:
    given = intent.key_file_extensions
    if not given:
        return
    # What is known to be uploaded, and the object of the check.
    needed = {"mp4", *(each for kind in intent.upload for each in _ENDINGS.get(kind, ()))}
    missing = ", ".join(sorted(needed - set(given)))
    if intent.key_given or intent.attach_s3_full_access:
        other = "s3_recording_access_key_id" if intent.key_given else "s3_recording_attach_s3_full_access"
        yield (
            f"s3_recording_key_file_extensions has no effect with {other}, where the role's policy does not "
            "limit the key"
        )
    elif not all(map(_EXTENSION.fullmatch, given)):
        yield (
            f"s3_recording_key_file_extensions: {list(given)} must be in small letters and without dots, "
            "for example [mp4, png]"
        )
    elif missing:
        yield (
            f"s3_recording_key_file_extensions: {missing} is missing, and files that the key may not upload "
            "never leave the server (s3_recording_upload lists them, and the check uploads an mp4)"
        )


STORAGE_RULES = (
    *(needs_bucket, _delivery, _cors, _region, _dots, _provider, _delivery_elsewhere, _secure_transport),
    *(_literals, _owner, _unknown_to_provider, _abort_uploads, _encryption, _transitions, _refused_by_s3),
    *(_forget_folders, _cloudfront, _key, _user, _key_extensions),
)
