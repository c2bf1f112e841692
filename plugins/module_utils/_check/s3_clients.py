# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""boto clients for an application's bucket: with the application's key, or with provisioning credentials."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from threading import Lock
from typing import Any, Callable, Optional
from urllib.parse import urlsplit

from .._ams.recording_rules import signing_region
from .._aws.codes import code_of
from .._aws.s3_options import make_plain, plain_options
from .._common.bounded import bind_store_client
from .._common.errors import CollectionError
from .._common.packages import require
from .._common.providers import PROVIDERS, provider_at, region_at

with suppress(ImportError):
    import botocore.session
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError, ProfileNotFound

_ATTEMPTS = 3
# botocore would look for the name of one in AWS_PROFILE.
_NO_PROFILE = {"profile": (None, None, None, None)}
_KINDS_OF_ENDPOINT = ("use_fips_endpoint", "use_dualstack_endpoint")
# What a client is made of.
_OF_CLIENT = ("s3Endpoint", "s3RegionName", "s3PathStyleAccessEnabled", "s3AccessKey", "s3SecretKey")


class S3Clients:
    """Clients for buckets, one for all applications that would have the same."""

    def __init__(self) -> None:
        self._clients: dict[tuple[str, ...], Any] = {}
        self._making = Lock()

    def get(
        self, make: Callable[..., Any], settings: Mapping[str, Any], timeout: float, *, provisioning: bool
    ) -> Any:
        """Return a client. make: makes one, such as s3_client."""
        names = _OF_CLIENT[:3] if provisioning else _OF_CLIENT
        of = (*(str(settings.get(name)) for name in names), str(timeout), str(provisioning))
        with self._making:
            if of not in self._clients:
                self._clients[of] = make(settings, timeout, provisioning=provisioning)
            return self._clients[of]


def s3_client(settings: Mapping[str, Any], timeout: float, provisioning: bool, **more: Any) -> Any:
    """Return a client for the bucket of an application's settings, which reaches it as AMS does.

    provisioning: use the credentials of the environment instead of the application's key.
    more: options of botocore's configuration that differ from what AMS does.
    """
    require("botocore")
    by_path = settings.get("s3PathStyleAccessEnabled")
    key = {
        "aws_access_key_id": settings.get("s3AccessKey"),
        "aws_secret_access_key": settings.get("s3SecretKey"),
    }
    endpoint = settings.get("s3Endpoint") or None
    # The server knows nothing of this process's AWS_ENDPOINT_URL and AWS_USE_FIPS_ENDPOINT, and botocore
    # accepts no endpoint with the latter.
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


def prepare_for_fork() -> None:
    """Make a client now, since each process that is forked later would read the descriptions of S3 itself.

    It touches no network. It saves 70 of the 90 ms of CPU that the first client of a process costs.
    """
    with suppress(CollectionError):
        require("botocore")
        key = dict.fromkeys(("s3AccessKey", "s3SecretKey"), "none")
        # A wrong setting of AWS is an error of the check, which reports it.
        with suppress(BotoCoreError, ValueError):
            s3_client({**key, "s3RegionName": "us-east-1"}, timeout=1, provisioning=False)


def _region(settings: Mapping[str, Any]) -> Optional[str]:
    """Return the region of the bucket, also if AMS signs with none. Without an endpoint botocore finds it."""
    region, endpoint = settings.get("s3RegionName"), str(settings.get("s3Endpoint") or "")
    if region or not endpoint:
        return region or None
    return region_at(PROVIDERS[provider_at(endpoint, has_iam=False)], endpoint)


def endpoint_of_environment() -> str:
    """Return the S3 endpoint that the environment names for its credentials, or ""."""
    return os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or ""


def require_delete_permission(s3: Any, bucket: str, key: str) -> None:
    """Raise the S3 error if this object, which does not exist yet, may not be deleted.

    Only this tests the right: what is put after it can be removed.
    """
    try:
        answer = s3.delete_object(Bucket=bucket, Key=key)
    except ClientError as error:
        # Not every provider counts it as success that there is no object.
        if code_of(error) not in ("NoSuchKey", "404"):
            raise
        return
    if answer.get("DeleteMarker") and answer.get("VersionId"):
        # A bucket with versions has made a delete marker. Removing it needs the right to delete versions.
        s3.delete_object(Bucket=bucket, Key=key, VersionId=answer["VersionId"])


def environment_client(service: str, settings: Mapping[str, Any], timeout: float) -> Optional[Any]:
    """Return a client for another service of the bucket's account; None if the bucket is not on AWS.

    Another provider has no such service, and AWS must not see its credentials.
    """
    require("botocore")
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
    """Keep botocore from following a redirect to the bucket's own region, as AMS does not."""
    context.setdefault("s3_redirect", {})["redirected"] = True


def _session(provisioning: bool) -> Any:
    """Return a new session, which finds its credentials now. Service descriptions, slow to read, stay."""
    core = botocore.session.get_session()
    if not provisioning:
        try:
            core.get_scoped_config()
        except ProfileNotFound:
            # AMS knows nothing of AWS_PROFILE, so a wrong one is no fault of its key.
            core = botocore.session.Session(session_vars=_NO_PROFILE)
    core.register_component("data_loader", _descriptions())
    return core


@lru_cache(maxsize=1)
def _descriptions() -> Any:
    return botocore.session.Session(session_vars=_NO_PROFILE).get_component("data_loader")
