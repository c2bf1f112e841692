# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Where a check may send its requests and the AWS credentials of the run: what was asked for decides.

The settings that a server gives are those of a stranger: it could name an endpoint of its own and be sent
requests that are signed with credentials of the controller. Plain data in, plain data out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Optional

from .._ams.settings import SettingsError, as_stored, redact
from .._common.providers import is_api_of_aws

BASE_URL = "httpForwardingBaseURL"
# Each of them decides to which host a request goes, or to which bucket.
_PLACES = ("s3BucketName", "s3RegionName", "s3Endpoint", "s3PathStyleAccessEnabled", BASE_URL)
_NOTHING_SENT = "Nothing was sent to what the server names"


class Elsewhere(NamedTuple):
    """A place that was not asked for: what was expected, what the server has instead, and what to do."""

    expected: str
    came: str
    remedy: str


def elsewhere(
    settings: Mapping[str, Any], asked: Mapping[str, Any], endpoint_of_environment: str = ""
) -> Optional[Elsewhere]:
    """Return why a check must not follow the settings of a server; None where it may.

    asked: the settings that are expected. endpoint_of_environment: the S3 endpoint that the environment
    names, for which its credentials are.
    """
    differing = [
        name for name in _PLACES if name in asked and _differs(name, asked[name], settings.get(name))
    ]
    if differing:
        remedy = f"{_NOTHING_SENT}. Find out who changed that on the server, then run servers.yml"
        return Elsewhere(_shown(differing, asked), _shown(differing, settings), remedy)
    endpoint = str(settings.get("s3Endpoint") or "")
    if "s3Endpoint" in asked or not endpoint or is_api_of_aws(endpoint):
        return None
    if endpoint.rstrip("/") == endpoint_of_environment.rstrip("/"):
        return None
    return Elsewhere(
        "an endpoint of AWS by https, or one that was asked for",
        _shown(["s3Endpoint"], settings),
        f"{_NOTHING_SENT}. If the endpoint is right, name s3Endpoint among the settings of the option apps",
    )


def _differs(name: str, asked: Any, read: Any) -> bool:
    if name == BASE_URL and not read:
        # It leads nowhere, so that viewers show what is missing.
        return False
    try:
        return (as_stored(name, asked, None) or "") != (as_stored(name, read, None) or "")
    except SettingsError:
        return True


def _shown(names: list[str], settings: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={redact(name, settings.get(name))!r}" for name in names)
