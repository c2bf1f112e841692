# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Asks the bucket's account, with the provisioning credentials, what explains a failure.

Only after one: a healthy check sends nothing of this. What may not be read stays unknown and is no error of
its own, since the link that failed is told in any case.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timezone
from typing import Any, Callable, Optional

from .._aws.errors import code_of, is_none, status_of
from .._aws.s3_bucket_access_model import ALL_OFF, SWITCHES, Block
from .._common.strict_json import parse
from .explain_upload import Known
from .s3_clients import environment_client, s3_client

# _probe_store says so where it is missing.
with suppress(ImportError):
    from botocore.exceptions import BotoCoreError, ClientError

# An explanation is not worth more patience.
_LONGEST = 5.0
_NONE = object()


class Inquiry:
    """What can be found out about one application's bucket and key."""

    def __init__(self, settings: Mapping[str, Any], timeout: float) -> None:
        self._settings = settings
        self._timeout = min(timeout, _LONGEST)
        self._bucket = str(settings.get("s3BucketName") or "")
        self._account_id: Optional[str] = None

    def about_key(self) -> Known:
        """Whether IAM has the key, and since when."""
        iam = self._client("iam")
        key_id = self._settings.get("s3AccessKey")
        used = self._ask(iam, "get_access_key_last_used", none_on=("NoSuchEntity",), AccessKeyId=key_id)
        if used is _NONE:
            return Known(key="gone")
        listed = self._ask(iam, "list_access_keys", UserName=used["UserName"]) if used else None
        for each in (listed or {}).get("AccessKeyMetadata", []):
            if each["AccessKeyId"] == key_id:
                age = (datetime.now(timezone.utc) - each["CreateDate"]).total_seconds()
                return Known(key="active" if each["Status"] == "Active" else "inactive", key_age=age)
        return Known()

    def about_user(self) -> Known:
        """The policies of the key's user; unknown where one of them, or of a group, may not be read."""
        iam = self._client("iam")
        used = self._ask(iam, "get_access_key_last_used", AccessKeyId=self._settings.get("s3AccessKey"))
        if not used:
            return Known()
        user = {"UserName": used["UserName"]}
        inline = self._ask(iam, "list_user_policies", **user)
        attached = self._ask(iam, "list_attached_user_policies", **user)
        groups = self._ask(iam, "list_groups_for_user", **user)
        if not (inline and attached and groups) or groups["Groups"]:
            return Known()
        documents = [
            (self._ask(iam, "get_user_policy", PolicyName=name, **user) or {}).get("PolicyDocument")
            for name in inline["PolicyNames"]
        ]
        documents += [self._managed(iam, each["PolicyArn"]) for each in attached["AttachedPolicies"]]
        read = tuple(each for each in documents if isinstance(each, dict))
        return Known(user_policies=read if len(read) == len(documents) else None)

    def _managed(self, iam: Any, arn: str) -> Any:
        policy = self._ask(iam, "get_policy", PolicyArn=arn)
        if not policy:
            return None
        version = policy["Policy"]["DefaultVersionId"]
        found = self._ask(iam, "get_policy_version", PolicyArn=arn, VersionId=version)
        return found["PolicyVersion"]["Document"] if found else None

    def about_owner(self) -> Known:
        """Whether the bucket belongs to the account of the provisioning credentials."""
        account = self._account()
        if not account:
            return Known()
        s3 = s3_client(self._settings, self._timeout, provisioning=True)
        refused = ("403", "AccessDenied")
        own = self._ask(s3, "head_bucket", refused, Bucket=self._bucket, ExpectedBucketOwner=account)
        if own is None:
            return Known()
        if own is not _NONE:
            return Known(owner="own")
        seen = self._ask(s3, "head_bucket", refused, Bucket=self._bucket)
        if seen is None:
            return Known()
        return Known(owner="hidden" if seen is _NONE else "foreign")

    def about_access(self) -> Known:
        """Block Public Access and the bucket policy."""
        s3 = s3_client(self._settings, self._timeout, provisioning=True)
        bucket = {"Bucket": self._bucket}
        block = self._ask_setting(s3, "get_public_access_block", **bucket)
        policy = _policy_of(self._ask_setting(s3, "get_bucket_policy", **bucket))
        public = None
        if policy is None:
            status = self._ask_setting(s3, "get_bucket_policy_status", **bucket)
            public = _is_public(status)
        return Known(account=self._account_block(), block=_block_of(block), policy=policy, public=public)

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
        return self._quietly(lambda: environment_client(service, self._settings, self._timeout))

    def _ask(self, client: Any, operation: str, none_on: tuple[str, ...] = (), **what: Any) -> Any:
        """The answer; _NONE for the codes in none_on, None where it stays unknown."""
        if client is None:
            return None
        return self._quietly(
            lambda: getattr(client, operation)(**what), lambda code, _status: code in none_on
        )

    def _ask_setting(self, client: Any, operation: str, **what: Any) -> Any:
        """The answer; _NONE where there is no such setting, None where it stays unknown."""
        if client is None:
            return None
        return self._quietly(lambda: getattr(client, operation)(**what), is_none)

    @staticmethod
    def _quietly(
        call: Callable[[], Any], says_none: Callable[[str, int], bool] = lambda _code, _status: False
    ) -> Any:
        try:
            return call()
        except ClientError as error:
            return _NONE if says_none(code_of(error), status_of(error)) else None
        except (BotoCoreError, ValueError):
            return None


def _block_of(answer: Any) -> Optional[Block]:
    if answer is _NONE:
        return dict(ALL_OFF)
    found = (answer or {}).get("PublicAccessBlockConfiguration")
    # A store that does not know the setting may take the question for another one and answer that.
    return {name: bool(found.get(aws_name)) for name, aws_name in SWITCHES.items()} if found else None


def _policy_of(answer: Any) -> Optional[Mapping[str, Any]]:
    if answer is _NONE:
        return {}
    try:
        policy = parse((answer or {}).get("Policy") or "null")
    except ValueError:
        return None
    return policy if isinstance(policy, dict) else None


def _is_public(answer: Any) -> Optional[bool]:
    if answer is _NONE:
        return False
    status = (answer or {}).get("PolicyStatus")
    return bool(status.get("IsPublic")) if status else None
