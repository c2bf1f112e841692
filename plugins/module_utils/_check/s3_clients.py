# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Clients for the store that an application records to: with its own key, or as the bucket was made."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Optional
from urllib.parse import urlsplit

from .._ams.recording_rules import signing_region
from .._aws.errors import code_of
from .._aws.s3_options import make_plain, plain_options
from .._common.bounded import bind_store_client
from .._common.errors import AmsError
from .._common.providers import PROVIDERS, provider_at, region_at

try:
    import botocore.session
    from botocore.config import Config
    from botocore.exceptions import ClientError, ProfileNotFound

    IMPORT_ERROR: Optional[Exception] = None
except ImportError as error:
    IMPORT_ERROR = error

_ATTEMPTS = 3
# botocore would look for the name of one in AWS_PROFILE.
_NO_PROFILE = {"profile": (None, None, None, None)}
_KINDS_OF_ENDPOINT = ("use_fips_endpoint", "use_dualstack_endpoint")


def require_botocore() -> None:
    if IMPORT_ERROR is not None:
        raise AmsError("Importing botocore", str(IMPORT_ERROR), "Install boto3 and botocore")


def s3_client(settings: Mapping[str, Any], timeout: float, provisioning: bool, **more: Any) -> Any:
    """A client for the bucket of an application's settings, which reaches it as AMS does.

    provisioning: with the credentials of the environment in place of the application's key.
    more: options of botocore's configuration that differ from what AMS does.
    """
    require_botocore()
    by_path = settings.get("s3PathStyleAccessEnabled")
    key = {
        "aws_access_key_id": settings.get("s3AccessKey"),
        "aws_secret_access_key": settings.get("s3SecretKey"),
    }
    endpoint = settings.get("s3Endpoint") or None
    # The server knows nothing of this process's AWS_ENDPOINT_URL and AWS_USE_FIPS_ENDPOINT, and botocore
    # takes no address together with the latter.
    kinds = {} if provisioning and not endpoint else dict.fromkeys(_KINDS_OF_ENDPOINT, False)
    client = _session(provisioning).create_client(
        "s3",
        region_name=_region(settings) if provisioning else signing_region(settings),
        endpoint_url=endpoint,
        config=_config(
            timeout,
            ignore_configured_endpoint_urls=True,
            **{"s3": {"addressing_style": "path" if by_path else "auto"}, **kinds, **more},
        ),
        **({} if provisioning else key),
    )
    if not provisioning:
        client.meta.events.register("before-call.s3", _stay_in_region)
    return bind_store_client(make_plain(client))


def _region(settings: Mapping[str, Any]) -> Optional[str]:
    """The region of the bucket, where AMS may sign with none; without an endpoint botocore finds its own."""
    region, endpoint = settings.get("s3RegionName"), str(settings.get("s3Endpoint") or "")
    if region or not endpoint:
        return region or None
    return region_at(PROVIDERS[provider_at(endpoint, has_iam=False)], endpoint)


def endpoint_of_environment() -> str:
    """Return the S3 endpoint that the environment names for its credentials, or ""."""
    return os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or ""


def delete_nothing(s3: Any, bucket: str, key: str) -> None:
    """Raise what the store answers to one who may not delete this object, which is not there yet.

    It is the one true test of that right: what is put after it can be removed.
    """
    try:
        answer = s3.delete_object(Bucket=bucket, Key=key)
    except ClientError as error:
        # Not every store takes it for success that there is nothing.
        if code_of(error) not in ("NoSuchKey", "404"):
            raise
        return
    if answer.get("DeleteMarker") and answer.get("VersionId"):
        # The versions of the bucket made a mark of it, which goes with the right that versions take.
        s3.delete_object(Bucket=bucket, Key=key, VersionId=answer["VersionId"])


def environment_client(service: str, settings: Mapping[str, Any], timeout: float) -> Optional[Any]:
    """A client of another service of the bucket's account; None where the bucket is not at AWS.

    Another store has no such service, and its credentials are none of AWS's business.
    """
    require_botocore()
    variable = f"AWS_ENDPOINT_URL_{service.upper().replace('S3CONTROL', 'S3_CONTROL')}"
    configured = os.environ.get(variable) or os.environ.get("AWS_ENDPOINT_URL")
    host = urlsplit(str(settings.get("s3Endpoint") or "")).hostname or ""
    if host and not host.endswith((".amazonaws.com", ".amazonaws.com.cn")) and not configured:
        return None
    region = settings.get("s3RegionName") or None
    client = _session(provisioning=True).create_client(service, region_name=region, config=_config(timeout))
    return bind_store_client(client)


def _config(timeout: float, **more: Any) -> Any:
    options: dict[str, Any] = {
        "connect_timeout": timeout,
        "read_timeout": timeout,
        "retries": {"total_max_attempts": _ATTEMPTS, "mode": "standard"},
        # AMS sends none of the newer checksums either.
        **plain_options(),
        **more,
    }
    return Config(**options)


def _stay_in_region(context: dict[str, Any], **_event: Any) -> None:
    """botocore would silently go on to the bucket's own region, to which AMS does not follow."""
    context.setdefault("s3_redirect", {})["redirected"] = True


def _session(provisioning: bool) -> Any:
    """A session that finds its credentials now; the service's description, slow to read, is read once."""
    core = botocore.session.get_session()
    if not provisioning and _has_no_such_profile(core):
        # AMS knows nothing of AWS_PROFILE, so a wrong one is no fault of its key.
        core = botocore.session.Session(session_vars=_NO_PROFILE)
    core.register_component("data_loader", _descriptions())
    return core


def _has_no_such_profile(core: Any) -> bool:
    try:
        core.get_scoped_config()
    except ProfileNotFound:
        return True
    return False


@lru_cache(maxsize=1)
def _descriptions() -> Any:
    return botocore.session.Session(session_vars=_NO_PROFILE).get_component("data_loader")
