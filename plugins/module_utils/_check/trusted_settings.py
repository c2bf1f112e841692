# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Decide where a check may send its requests and the AWS credentials of the run: by the requested settings.

A server is a stranger. In its settings it could name its own endpoint, and receive requests that are signed
with credentials of the controller. Plain data in, plain data out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Optional

from .._ams.settings import SettingsError, as_stored, redact
from .._common.providers import is_api_of_aws

BASE_URL = "httpForwardingBaseURL"
_BUCKET = "s3BucketName"
# Each of them decides to which host a request goes, or to which bucket.
_PLACES = (_BUCKET, "s3RegionName", "s3Endpoint", "s3PathStyleAccessEnabled", BASE_URL)
_NOTHING_SENT = "Nothing was sent to what the server names"
_NOT_SET_UP = "Recording to S3 is not set up on this server. To set it up, run site.yml"
_DIFFERS = (
    f"{_NOTHING_SENT}. If the inventory has changed since the last site.yml, run site.yml again. If not, "
    "somebody has changed the server: find out who before you run it"
)


class TargetMismatch(NamedTuple):
    """A place in a server's settings that was not requested, and what to do."""

    expected: str
    actual: str
    remedy: str


def target_mismatch(
    settings: Mapping[str, Any], requested: Mapping[str, Any], endpoint_of_environment: str = ""
) -> Optional[TargetMismatch]:
    """Return why a check must not use the settings of a server; None if it may.

    endpoint_of_environment: the S3 endpoint in the environment, for which its credentials are.
    """
    differing = [
        name for name in _PLACES if name in requested and _differs(name, requested[name], settings.get(name))
    ]
    if _BUCKET in differing and not settings.get(_BUCKET):
        return TargetMismatch(f"recording to bucket {requested[_BUCKET]!r}", "no bucket", _NOT_SET_UP)
    if differing:
        return TargetMismatch(_describe(differing, requested), _describe(differing, settings), _DIFFERS)
    endpoint = str(settings.get("s3Endpoint") or "")
    if "s3Endpoint" in requested or not endpoint or is_api_of_aws(endpoint):
        return None
    if endpoint.rstrip("/") == endpoint_of_environment.rstrip("/"):
        return None
    return TargetMismatch(
        "an endpoint of AWS by https, or a requested one",
        _describe(["s3Endpoint"], settings),
        f"{_NOTHING_SENT}. If the endpoint is right, name s3Endpoint among the settings of the option apps",
    )


def _differs(name: str, requested: Any, read: Any) -> bool:
    if name == BASE_URL and not read:
        # It leads nowhere, and the check of the redirect says what is missing.
        return False
    try:
        return (as_stored(name, requested, None) or "") != (as_stored(name, read, None) or "")
    except SettingsError:
        return True


def _describe(names: list[str], settings: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={redact(name, settings.get(name))!r}" for name in names)
