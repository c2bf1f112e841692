# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""The bucket's side of the probe: list, HEAD and PUT as AMS sends them, and the removal of the object."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from threading import Lock
from typing import Any, Callable, Optional, TypeVar

from .._ams.recording_rules import upload_acl
from .._aws.codes import code_of
from .._aws.credentials import trouble_of
from .._common.network import no_answer
from .._common.polling import Deadline
from .evidence import EvidenceCollector
from .explain_upload import (
    BLOCKED_ACLS,
    NO_BUCKET,
    UNKNOWN_KEY,
    Evidence,
    Refusal,
    S3Response,
    UploadTarget,
    head_remedy,
    list_remedy,
    parse_refusal,
    put_remedy,
    removal_remedy,
)
from .leftovers import PROBE, leftover_keys
from .report import Check, CheckResult
from .s3_clients import S3Clients, require_delete_permission, s3_client

with suppress(ImportError):  # s3_client reports it.
    from botocore.exceptions import BotoCoreError, ClientError

# Codes of responses while a new key or policy is not yet known everywhere.
_NOT_EVERYWHERE_YET = (*UNKNOWN_KEY, "AccessDenied", "403")
# Seconds after which an upload without a response has ended.
_LATEST = 2.0
_T = TypeVar("_T")


def repeat(call: Callable[[], _T], is_early: Callable[[_T], bool], deadline: Deadline) -> tuple[_T, float]:
    """Repeat a call while it is too early for its result. Return the last result and the seconds waited."""
    waited = 0.0
    while True:
        result = call()
        slept = deadline.pause(1.0) if is_early(result) else 0
        if not slept:
            return result, waited
        waited += slept


class UploadCheck:
    """Uploads one object to the bucket in an application's settings.

    leftovers: prefixes of the names of objects that a killed check leaves there.
    """

    def __init__(
        self,
        app: str,
        settings: Mapping[str, Any],
        key: str,
        body: bytes,
        timeout: float,
        deadline: Deadline,
        leftovers: Sequence[str] = (PROBE,),
        clients: Optional[S3Clients] = None,
    ) -> None:
        self._app, self._settings, self._body = app, settings, body
        self._timeout, self._deadline = timeout, deadline
        self._clients = clients or S3Clients()
        self._leftovers = leftovers
        self.target = UploadTarget(
            bucket=str(settings.get("s3BucketName") or ""),
            key=key,
            acl=upload_acl(settings),
            region=str(settings.get("s3RegionName") or ""),
            endpoint=str(settings.get("s3Endpoint") or ""),
        )
        self.collector = EvidenceCollector(settings, timeout)
        self.bucket_responds = False
        self.may_be_stored = False
        self.encrypted_by_kms = False
        self._versions: list[str] = []
        self._owner = Evidence()
        self._access: Optional[Evidence] = None
        self._reading_access = Lock()
        self._is_certain = True

    @cached_property
    def _s3(self) -> Any:
        return self._clients.get(s3_client, self._settings, self._timeout, provisioning=False)

    @cached_property
    def _provisioning_s3(self) -> Any:
        return self._clients.get(s3_client, self._settings, self._timeout, provisioning=True)

    def run(self) -> list[CheckResult]:
        """Return the results of list, head and put; of list alone if its failure rules out the others.

        Nothing is put that could not be removed. The result of remove is then in place of that of put.
        """
        listed = self._call(self._list)
        self.bucket_responds = listed.failure is None and listed.code not in NO_BUCKET
        if listed.denied:
            self._owner = self.collector.about_owner()
        if listed.stops:
            return [self._list_result(listed)]
        head = self._call(self._head)
        refused = self._require_removal()
        leftovers = [] if refused or not listed.ok else self._remove_leftovers()
        put = S3Response() if refused else self._call(lambda s3: self._put(s3, self.target.acl))
        remedy = head_remedy(head, listed, put, self.target)
        head_result = self._result(Check.HEAD, head, "404 for a key that does not exist", remedy)
        put_result = refused or self._put_result(put, head, listed)
        return [self._list_result(listed), *leftovers, head_result, put_result]

    def _remove_leftovers(self) -> list[CheckResult]:
        """Remove objects of killed checks, and return a result if there were any."""
        bucket = self.target.bucket
        keys: list[str] = []

        def find(s3: Any) -> None:
            for name in self._leftovers:
                prefix = self.target.key[: self.target.key.rfind("/") + 1] + name
                keys.extend(leftover_keys(s3.list_objects_v2(Bucket=bucket, Prefix=prefix)))

        def delete(s3: Any) -> None:
            for key in keys:
                s3.delete_object(Bucket=bucket, Key=key)

        self._once(find, provisioning=False)
        if not keys:
            return []
        removed = self._once(delete, provisioning=True)
        if not removed.ok:
            removed = self._once(delete, provisioning=False)
        actual = f"{len(keys)} of them, {'removed' if removed.ok else f'not removed: {removed.describe()}'}"
        warning = f"Bucket {bucket} had objects of earlier checks that were killed: {actual}"
        expected = "nothing of earlier checks"
        return [CheckResult(self._app, Check.LEFTOVERS, True, expected, actual, warning=warning)]

    def _require_removal(self) -> Optional[CheckResult]:
        """Return a result if neither credentials may delete the object."""

        def try_delete(s3: Any) -> None:
            require_delete_permission(s3, self.target.bucket, self.target.key)

        response = self._once(try_delete, provisioning=True)
        if response.ok or self._once(try_delete, provisioning=False).ok:
            return None
        remedy = removal_remedy(response, self.target, versions=True)
        if self._owner.owner in ("other", "hidden"):
            remedy = f"Bucket {self.target.bucket} is not this account's: see the check 'list'"
        expected = f"permission to delete {self.target.key} from {self.target.bucket}, before it is put there"
        actual = f"{response.describe()}, and the server's key may not delete either. Nothing was uploaded"
        return CheckResult(self._app, Check.REMOVE, False, expected, actual, remedy, tried=False)

    def _list(self, s3: Any) -> None:
        s3.list_objects_v2(Bucket=self.target.bucket, Prefix="", MaxKeys=1)

    def _head(self, s3: Any) -> None:
        try:
            s3.head_object(Bucket=self.target.bucket, Key=self.target.key)
        except ClientError as error:
            if code_of(error) != "404":
                raise

    def _put(self, s3: Any, acl: str) -> None:
        options = {
            "ACL": acl,
            "StorageClass": self._settings.get("s3StorageClass"),
            "CacheControl": self._settings.get("s3CacheControl"),
        }
        given = {name: value for name, value in options.items() if value}
        previous = self.may_be_stored, self._is_certain
        # True until there is a response, also if a signal ends the call.
        self.may_be_stored, self._is_certain = True, False
        try:
            response = s3.put_object(
                Bucket=self.target.bucket,
                Key=self.target.key,
                Body=self._body,
                ContentType="video/mp4",
                **given,
            )
        except ClientError as error:
            details = error.response.get("ResponseMetadata", {})
            if details.get("HTTPStatusCode", 500) < 500 and not details.get("RetryAttempts"):
                self.may_be_stored, self._is_certain = previous
            raise
        # A repeated request may have stored the object twice.
        self._is_certain = previous[1] and not response["ResponseMetadata"].get("RetryAttempts")
        self._versions += [response["VersionId"]] if response.get("VersionId") else []
        self.encrypted_by_kms = str(response.get("ServerSideEncryption") or "").startswith("aws:kms")

    def _list_result(self, listed: S3Response) -> CheckResult:
        evidence = self.collector.about_key() if listed.code in UNKNOWN_KEY else self._owner
        remedy = list_remedy(listed, self.target, evidence)
        return self._result(Check.LIST, listed, "the list of the bucket with an empty prefix", remedy)

    def _put_result(self, put: S3Response, head: S3Response, listed: S3Response) -> CheckResult:
        expected = f"{self.target.key} stored with the ACL {self.target.acl}"
        if put.ok:
            return self._result(Check.PUT, put, expected, "")
        refusal = parse_refusal(put.message)
        without_acl = None
        if put.denied and not refusal.action:
            # A provider that does not name the action shows it by accepting the object without an ACL.
            without_acl = self._call(lambda s3: self._put(s3, ""))
        evidence = self._put_evidence(refusal, without_acl) if put.denied else Evidence()
        remedy = put_remedy(put, without_acl, head, listed, self.target, evidence)
        return self._result(Check.PUT, put, expected, remedy)

    def about_access(self) -> Evidence:
        """Return Block Public Access and the bucket policy, read once for all that are refused."""
        with self._reading_access:
            if self._access is None:
                self._access = self.collector.about_access()
            return self._access

    def _put_evidence(self, refusal: Refusal, without_acl: Optional[S3Response]) -> Evidence:
        """Return what helps to explain a refused upload."""
        by_acl = without_acl is not None and without_acl.ok
        if self.target.acl in BLOCKED_ACLS and (refusal.blocked or by_acl):
            return self.about_access()
        if by_acl or refusal.by or refusal.action not in ("", "s3:PutObject"):
            return self._owner
        return replace(self._owner, user_policies=self.collector.about_user().user_policies)

    def remove(self) -> Optional[CheckResult]:
        """Remove the object with either credentials. Return None if it cannot exist."""
        if not self.may_be_stored:
            return None
        removed = self._once(self._delete, provisioning=True)
        if not removed.ok and self._once(self._delete, provisioning=False).ok:
            removed = S3Response(ok=True)
        self.may_be_stored = not removed.ok
        remedy = removal_remedy(removed, self.target, versions=bool(self._versions))
        by_hand = f"Remove {self.target.key} from bucket {self.target.bucket} by hand. {remedy}"
        return self._result(Check.REMOVE, removed, "the probe removed again", by_hand)

    def _delete(self, s3: Any) -> None:
        versions, unlisted = self._versions or [""], None
        if not self._is_certain:
            try:
                versions = self._all_versions(s3)
            except ClientError as error:
                unlisted = error
        for version in versions:
            # In a versioned bucket a DELETE without the version only hides the object.
            given = {"VersionId": version} if version else {}
            response = s3.delete_object(Bucket=self.target.bucket, Key=self.target.key, **given)
            if unlisted is not None and response.get("DeleteMarker"):
                raise unlisted

    def _all_versions(self, s3: Any) -> list[str]:
        versions: list[str] = []
        # An upload that was cut off may still be in progress.
        for pause in (0.0, _LATEST):
            time.sleep(pause)
            found = s3.list_object_versions(Bucket=self.target.bucket, Prefix=self.target.key)
            versions = [str(each["VersionId"]) for each in found.get("Versions", [])]
            if versions:
                break
        # "null": the bucket never had versions, and the permission to delete one is not needed.
        return ["" if version == "null" else version for version in versions]

    def _call(self, call: Callable[[Any], Any]) -> S3Response:
        """Return the response; the call is repeated while a new key or policy may not be known yet."""
        response, waited = repeat(
            lambda: self._once(call, provisioning=False),
            lambda response: response.code in _NOT_EVERYWHERE_YET,
            self._deadline,
        )
        return replace(response, waited=waited)

    def _once(self, call: Callable[[Any], Any], provisioning: bool) -> S3Response:
        url = self.target.endpoint
        try:
            s3 = self._provisioning_s3 if provisioning else self._s3
            url = s3.meta.endpoint_url
            call(s3)
        except ClientError as error:
            details = error.response.get("Error", {})
            headers = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
            region = str(headers.get("x-amz-bucket-region") or details.get("Region") or "")
            message = str(details.get("Message") or "").strip()
            trouble = trouble_of(error) if provisioning else None
            return S3Response(code=code_of(error), message=message, region=region, trouble=trouble)
        except (BotoCoreError, ValueError) as error:
            trouble = trouble_of(error) if provisioning else None
            return S3Response(failure=no_answer(error, url, self._timeout), trouble=trouble)
        return S3Response(ok=True)

    def _result(self, check: str, response: S3Response, expected: str, remedy: str) -> CheckResult:
        return CheckResult(self._app, check, response.ok, expected, response.describe(), remedy)
