# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""boto3 clients, calls with errors that users can read, and retries."""

from __future__ import annotations

import ipaddress
import os
import random
import time
from collections.abc import Callable, Collection, Iterator
from functools import partial
from typing import Any, Optional, TypeVar
from urllib.parse import urlsplit, urlunsplit

from .._common import polling
from .._common.progress import Wait
from .._common.providers import is_of_aws
from .codes import code_of
from .credentials import refuse_unusable
from .errors import to_aws_error
from .kept_answers import KeptAnswers
from .module import AwsModule
from .s3_options import make_plain, plain_options

# The owner of a bucket whose provider has no accounts of AWS.
ANY_OWNER = "any"
# S3 answers so while another change is in progress, or until it knows a new bucket everywhere.
S3_TRANSIENT = ("OperationAborted", "NoSuchBucket")
# botocore's standard mode: transient errors and throttling alone, jitter, no wait over 20 seconds.
_RETRIES: Any = {"mode": "standard", "total_max_attempts": 5}
_PAUSES = (0.5, 1.0, 2.0, 4.0, 6.0, 6.0)
_T = TypeVar("_T")


def client(module: AwsModule, service: str, *, once: bool = False, **options: Any) -> Any:
    """Return a client with the settings of the task. once: for calls that must not be sent a second time."""
    from botocore.config import Config

    refuse_unusable(module.params)
    config = Config(retries=_RETRIES)
    endpoint = _s3_endpoint(module.params) if service == "s3" else ""
    if _has_no_subdomains(endpoint):
        config = config.merge(Config(s3={"addressing_style": "path"}))
    is_plain = bool(endpoint) and not is_of_aws(endpoint)
    if is_plain:
        config = config.merge(Config(**plain_options()))
    if once:
        given = Config(**(module.params.get("aws_config") or {}))
        options["aws_config"] = given.merge(Config(retries={"total_max_attempts": 1}))
    made = module.client(service, config=config, **options)
    if service == "s3control" and _has_no_subdomains(made.meta.endpoint_url):
        made.meta.events.register("before-sign.s3-control", _without_account, unique_id="without-account")
    return make_plain(made) if is_plain else made


def owned_by(made: Any, owner: Optional[str]) -> Any:
    """Let S3 refuse every call of a client if the bucket is another account's; return the client.

    owner: the ID of the account, empty or ANY_OWNER where that is not known.
    """
    if owner and owner != ANY_OWNER:
        event = "provide-client-params.s3"
        made.meta.events.register(event, partial(_with_owner, owner), unique_id=f"owned-by-{owner}")
    return made


def _with_owner(owner: str, params: dict[str, Any], model: Any, **_event: Any) -> Optional[dict[str, Any]]:
    known = model.input_shape.members if model.input_shape else {}
    return {"ExpectedBucketOwner": owner, **params} if "ExpectedBucketOwner" in known else None


def _s3_endpoint(params: dict[str, Any]) -> str:
    environment = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    return str(params.get("endpoint_url") or environment or "")


def _without_account(request: Any, **_event: Any) -> None:
    """Take the account out of the host name: botocore puts it before an IP address as well."""
    parts = urlsplit(request.url)
    request.url = urlunsplit(parts._replace(netloc=parts.netloc.partition(".")[2]))


def _has_no_subdomains(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def no_log_values(module: AwsModule) -> set[str]:
    """Return the texts that Ansible masks in all output of the module. amazon.aws 8 does not pass them on."""
    holder: Any = getattr(module, "_module", module)
    texts: set[str] = holder.no_log_values
    return texts


def take_secrets(module: AwsModule, name: str) -> list[str]:
    """Take an option with secrets out of the parameters, which a result shows, and return its values.

    As texts to mask they could damage the result: a password may be a common word.
    """
    values = [each for each in module.params.get(name) or [] if each]
    module.params[name] = None
    no_log_values(module).difference_update(values)
    return values


def partition_of(region: Optional[str]) -> str:
    """Return aws, aws-cn, aws-us-gov and so on; aws for a region that AWS does not have."""
    import boto3
    from botocore.exceptions import BotoCoreError

    try:
        return str(boto3.session.Session().get_partition_for_region(region)) if region else "aws"
    except BotoCoreError:
        return "aws"


def call_aws(
    tried: str,
    operation: Callable[..., Any],
    *,
    needs: str,
    none_on: Collection[str] = (),
    retry_on: Collection[str] = (),
    **arguments: Any,
) -> Any:
    """Call AWS once; return None for codes in none_on, try again for some seconds on codes in retry_on.

    The client itself has tried again already on what is transient, such as throttling.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    for pause in (*(_PAUSES if retry_on else ()), None):
        try:
            return operation(**arguments)
        except ClientError as error:
            if code_of(error) in retry_on and pause is not None:
                time.sleep(pause * random.uniform(0.5, 1.0))
                KeptAnswers.outdate()
                continue
            if code_of(error) in none_on:
                return None
            # Without the cause: what botocore quotes must not reach a traceback.
            raise to_aws_error(tried, error, needs, address=_address_of(operation)) from None
        except BotoCoreError as error:
            raise to_aws_error(tried, error, needs) from None
    return None


def _address_of(operation: Any) -> str:
    meta = getattr(getattr(operation, "__self__", None), "meta", None)
    return str(getattr(meta, "endpoint_url", ""))


def caller_identity(module: AwsModule, tried: str) -> dict[str, Any]:
    """Return account and ARN of the task's credentials, from STS."""
    sts = client(module, "sts")
    answer: dict[str, Any] = call_aws(tried, sts.get_caller_identity, needs="sts:GetCallerIdentity")
    return answer


def call_aws_pages(tried: str, made: Any, call: str, within: str, **options: Any) -> list[Any]:
    """Return the items of all pages of a list; nothing for the error codes in none_on.

    made: the client. call: its method that has pages. within: the key of the list in an answer.
    """
    pages = made.get_paginator(call)
    answer = call_aws(tried, lambda **arguments: pages.paginate(**arguments).build_full_result(), **options)
    return (answer or {}).get(within) or []


def read_back(read: Callable[[], _T], is_desired: Callable[[_T], bool], seconds: float) -> _T:
    """Read until what is read is as requested, or the time is up; return what was read last.

    S3 may go on returning the previous state for some seconds.
    """
    found = [read()]

    def settled() -> Optional[bool]:
        if is_desired(found[0]):
            return True
        found[0] = read()
        return None

    poll(settled, seconds)
    return found[0]


def poll(ready: Callable[[], Optional[_T]], seconds: float, wait: Optional[Wait] = None) -> Optional[_T]:
    """Call until there is a result, with growing pauses and jitter; return None when the time is up."""
    return polling.poll(ready, polling.Deadline(seconds), _pauses(), wait)


def _pauses() -> Iterator[float]:
    for pause in polling.growing(0.4, 1.6, 4.0):
        yield pause * random.uniform(0.5, 1.0)
        KeptAnswers.outdate()
