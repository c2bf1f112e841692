# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""How AWS is called: clients, errors in words, patience."""

from __future__ import annotations

import ipaddress
import os
import random
import time
from typing import TYPE_CHECKING, Any, Optional, TypeVar
from urllib.parse import urlsplit

from .errors import code_of, explain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

# S3 answers so while it is still busy with the change before, or has not heard of a new bucket everywhere.
S3_TRANSIENT = ("OperationAborted", "NoSuchBucket")
# botocore's standard mode: transient errors and throttling alone, jitter, no wait over 20 seconds.
_RETRIES: Any = {"mode": "standard", "total_max_attempts": 5}
_T = TypeVar("_T")


def client(module: Any, service: str, *, once: bool = False, **options: Any) -> Any:
    """A client with the settings of the task. once: for calls that must not be sent a second time."""
    from botocore.config import Config

    config = Config(retries=_RETRIES, **_config_for_endpoint(module.params.get("endpoint_url"), service))
    if once:
        given = Config(**(module.params.get("aws_config") or {}))
        options["aws_config"] = given.merge(Config(retries={"total_max_attempts": 1}))
    return module.client(service, config=config, **options)


def _config_for_endpoint(given: Optional[str], service: str) -> dict[str, Any]:
    name = {"s3": "AWS_ENDPOINT_URL_S3", "s3control": "AWS_ENDPOINT_URL_S3_CONTROL"}.get(service, "")
    of_service = os.environ.get(name)
    endpoint_url = given or of_service or os.environ.get("AWS_ENDPOINT_URL")
    if not endpoint_url:
        return {}
    if service == "s3control" and (given or not of_service):
        # Otherwise the account's number would become part of a name that is not made for it.
        return {"inject_host_prefix": False}
    if service == "s3" and _has_no_subdomains(urlsplit(endpoint_url).hostname or ""):
        return {"s3": {"addressing_style": "path"}}
    return {}


def _has_no_subdomains(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def partition_of(region: Optional[str]) -> str:
    """aws, aws-cn, aws-us-gov and so on; a region that is not AWS's counts as aws."""
    import boto3
    from botocore.exceptions import BotoCoreError

    try:
        return str(boto3.session.Session().get_partition_for_region(region)) if region else "aws"
    except BotoCoreError:
        return "aws"


def attempt(
    tried: str,
    operation: Callable[..., Any],
    *,
    needs: str,
    none_on: Iterable[str] = (),
    retry_on: Iterable[str] = (),
    **arguments: Any,
) -> Any:
    """One call. None for the error codes in none_on; those in retry_on are tried again for some seconds."""
    from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry
    from botocore.exceptions import BotoCoreError, ClientError

    patient = AWSRetry.jittered_backoff(
        retries=6, delay=1, max_delay=6, catch_extra_error_codes=list(retry_on)
    )
    try:
        return patient(operation)(**arguments)
    except ClientError as error:
        if code_of(error) in none_on:
            return None
        # Without the cause: what botocore quotes must not reach a traceback.
        raise explain(tried, error, needs) from None
    except BotoCoreError as error:
        raise explain(tried, error, needs) from None


def poll(ready: Callable[[], Optional[_T]], seconds: float) -> Optional[_T]:
    """Ask until there is an answer, with growing pauses and jitter; None when the time is up."""
    end = time.monotonic() + seconds
    pause = 0.4
    while True:
        answer = ready()
        left = end - time.monotonic()
        if answer is not None or left <= 0:
            return answer
        time.sleep(min(left, pause * random.uniform(0.5, 1.0)))
        pause = min(pause * 1.6, 4.0)
