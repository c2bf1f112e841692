# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Collect evidence from AWS, with the provisioning credentials, to explain a failed check.

A check that passes sends none of these requests. What may not be read stays unknown and is no error of its
own, since the failed check is reported in any case.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timezone
from typing import Any, Callable, Optional

from .._aws.codes import code_of, is_none, status_of
from .._aws.s3_bucket_access_model import ALL_OFF, SWITCHES, Block
from .._common.strict_json import parse
from .explain_upload import Evidence
from .s3_clients import environment_client, s3_client

with suppress(ImportError):  # s3_client reports it.
    from botocore.exceptions import BotoCoreError, ClientError

# An explanation is not worth a longer wait, seconds.
_LONGEST = 5.0
_NONE = object()


class EvidenceCollector:
    """Finds out about one application's bucket and key."""

    def __init__(self, settings: Mapping[str, Any], timeout: float) -> None:
        self._settings = settings
        self._timeout = min(timeout, _LONGEST)
        self._bucket = str(settings.get("s3BucketName") or "")
        self._account_id: Optional[str] = None

    def about_key(self) -> Evidence:
        """Return whether IAM has the key, and its age."""
        iam = self._client("iam")
        key_id = self._settings.get("s3AccessKey")
        used = self._ask(iam, "get_access_key_last_used", none_on=("NoSuchEntity",), AccessKeyId=key_id)
        if used is _NONE:
            return Evidence(key="gone")
        listed = self._ask(iam, "list_access_keys", UserName=used["UserName"]) if used else None
        for each in (listed or {}).get("AccessKeyMetadata", []):
            if each["AccessKeyId"] == key_id:
                age = (datetime.now(timezone.utc) - each["CreateDate"]).total_seconds()
                return Evidence(key="active" if each["Status"] == "Active" else "inactive", key_age=age)
        return Evidence()

    def about_user(self) -> Evidence:
        """Return the policies of the key's user; unknown if one may not be read or the user is in a group."""
        iam = self._client("iam")
        used = self._ask(iam, "get_access_key_last_used", AccessKeyId=self._settings.get("s3AccessKey"))
        if not used:
            return Evidence()
        user = {"UserName": used["UserName"]}
        inline = self._ask(iam, "list_user_policies", **user)
        attached = self._ask(iam, "list_attached_user_policies", **user)
        groups = self._ask(iam, "list_groups_for_user", **user)
        if not (inline and attached and groups) or groups["Groups"]:
            return Evidence()
        documents = [
            (self._ask(iam, "get_user_policy", PolicyName=name, **user) or {}).get("PolicyDocument")
            for name in inline["PolicyNames"]
        ]
        documents += [self._managed(iam, each["PolicyArn"]) for each in attached["AttachedPolicies"]]
        read = tuple(each for each in documents if isinstance(each, dict))
        return Evidence(user_policies=read if len(read) == len(documents) else None)

    def _managed(self, iam: Any, arn: str) -> Any:
        policy = self._ask(iam, "get_policy", PolicyArn=arn)
        if not policy:
            return None
        version = policy["Policy"]["DefaultVersionId"]
        found = self._ask(iam, "get_policy_version", PolicyArn=arn, VersionId=version)
        return found["PolicyVersion"]["Document"] if found else None

    def about_owner(self) -> Evidence:
        """Return whether the bucket belongs to the account of the provisioning credentials."""
        account = self._account()
        if not account:
            return Evidence()
        s3 = s3_client(self._settings, self._timeout, provisioning=True)
        refused = ("403", "AccessDenied")
        own = self._ask(s3, "head_bucket", refused, Bucket=self._bucket, ExpectedBucketOwner=account)
        if own is None:
            return Evidence()
        if own is not _NONE:
            return Evidence(owner="own")
        seen = self._ask(s3, "head_bucket", refused, Bucket=self._bucket)
        if seen is None:
            return Evidence()
        return Evidence(owner="hidden" if seen is _NONE else "other")

    def about_access(self) -> Evidence:
        """Return Block Public Access and the bucket policy."""
        s3 = s3_client(self._settings, self._timeout, provisioning=True)
        bucket = {"Bucket": self._bucket}
        block = self._ask_setting(s3, "get_public_access_block", **bucket)
        policy = _policy_of(self._ask_setting(s3, "get_bucket_policy", **bucket))
        public = None
        if policy is None:
            status = self._ask_setting(s3, "get_bucket_policy_status", **bucket)
            public = _is_public(status)
        return Evidence(account=self._account_block(), block=_block_of(block), policy=policy, public=public)

    def _account_block(self) -> Optional[Block]:
        account = self._account()
        if not account:
            return None
        control = self._client("s3control")
        return _block_of(self._ask_setting(control, "get_public_access_block", AccountId=account))

    def _account(self) -> str:
        if self._account_id is None:
            identity = self._ask(self._client("sts"), "get_caller_identity")
            self._account_id = str(identity["Account"]) if identity else ""
        return self._account_id

    def _client(self, service: str) -> Optional[Any]:
        with suppress(ClientError, BotoCoreError, ValueError):
            return environment_client(service, self._settings, self._timeout)
        return None

    def _ask(self, client: Any, operation: str, none_on: tuple[str, ...] = (), **params: Any) -> Any:
        """Return the response, _NONE for the codes in none_on, or None if it stays unknown."""
        return self._call(client, operation, params, lambda code, _status: code in none_on)

    def _ask_setting(self, client: Any, operation: str, **params: Any) -> Any:
        """Return the response, _NONE if the setting does not exist, or None if it stays unknown."""
        return self._call(client, operation, params, is_none)

    @staticmethod
    def _call(
        client: Any, operation: str, params: Mapping[str, Any], is_missing: Callable[[str, int], bool]
    ) -> Any:
        if client is None:
            return None
        try:
            return getattr(client, operation)(**params)
        except ClientError as error:
            return _NONE if is_missing(code_of(error), status_of(error)) else None
        except (BotoCoreError, ValueError):
            return None


def _block_of(response: Any) -> Optional[Block]:
    if response is _NONE:
        return dict(ALL_OFF)
    found = (response or {}).get("PublicAccessBlockConfiguration")
    # A provider that does not know the setting may mistake the request for another one and answer that.
    return {name: bool(found.get(aws_name)) for name, aws_name in SWITCHES.items()} if found else None


def _policy_of(response: Any) -> Optional[Mapping[str, Any]]:
    if response is _NONE:
        return {}
    try:
        policy = parse((response or {}).get("Policy") or "null")
    except ValueError:
        return None
    return policy if isinstance(policy, dict) else None


def _is_public(response: Any) -> Optional[bool]:
    if response is _NONE:
        return False
    status = (response or {}).get("PolicyStatus")
    return bool(status.get("IsPublic")) if status else None
