# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""The bucket's side of the probe: list, HEAD and PUT as AMS does them, and the removal of what was put."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from typing import Any, Callable, Optional

from .._aws.credentials import trouble_of
from .._aws.errors import code_of
from .._common.network import no_answer
from .evidence import Inquiry
from .explain_upload import (
    BLOCKED_ACLS,
    NO_BUCKET,
    UNKNOWN_KEY,
    Answer,
    Asked,
    Known,
    Refusal,
    head_remedy,
    list_remedy,
    put_remedy,
    read_refusal,
    removal_remedy,
)
from .leftovers import PROBE, left_over
from .report import Link
from .s3_clients import delete_nothing, s3_client

# _probe_store says so where it is missing.
with suppress(ImportError):
    from botocore.exceptions import BotoCoreError, ClientError

CANNED_ACLS = frozenset(
    (
        "private",
        "public-read",
        "public-read-write",
        "authenticated-read",
        "log-delivery-write",
        "bucket-owner-read",
        "bucket-owner-full-control",
        "aws-exec-read",
    )
)
# What a new key or a new policy answers until it is known everywhere.
_MAY_COME = (*UNKNOWN_KEY, "AccessDenied", "403")

# Seconds after which an upload without an answer has come to something.
_LATEST = 2.0


class Patience:
    """The seconds in which a new key or policy must have become known, shared by all links of a probe."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def wait(self) -> float:
        """Wait for a moment and tell how long; 0 when the time is up."""
        left = self._end - time.monotonic()
        if left <= 0:
            return 0
        pause = min(1.0, left)
        time.sleep(pause)
        return pause


class Upload:
    """One object on its way into the bucket of an application's settings.

    leaves: what the names of objects begin with that a killed check leaves there.
    """

    def __init__(
        self,
        app: str,
        settings: Mapping[str, Any],
        key: str,
        body: bytes,
        timeout: float,
        patience: Patience,
        leaves: Sequence[str] = (PROBE,),
    ) -> None:
        self._app, self._settings, self._body = app, settings, body
        self._timeout, self._patience = timeout, patience
        self._leaves = leaves
        permission = settings.get("s3Permission")
        self.asked = Asked(
            bucket=str(settings.get("s3BucketName") or ""),
            key=key,
            # AMS takes everything else for public-read.
            acl=str(permission) if permission in CANNED_ACLS else "public-read",
            region=str(settings.get("s3RegionName") or ""),
            endpoint=str(settings.get("s3Endpoint") or ""),
        )
        self.inquiry = Inquiry(settings, timeout)
        self.answers = False
        self.may_be_stored = False
        self.encrypted_by_kms = False
        self._versions: list[str] = []
        self._owner = Known()
        self._is_certain = True

    @cached_property
    def _s3(self) -> Any:
        return s3_client(self._settings, self._timeout, provisioning=False)

    @cached_property
    def _provisioning_s3(self) -> Any:
        return s3_client(self._settings, self._timeout, provisioning=True)

    def links(self) -> list[Link]:
        """list, head and put; list alone where its failure makes the others impossible.

        Nothing is put that could not be removed: then the link remove is told in place of put.
        """
        listed = self._call(self._list)
        head = put = Answer()
        kept_from: Optional[Link] = None
        swept: list[Link] = []
        if listed.denied:
            self._owner = self.inquiry.about_owner()
        if not listed.stops:
            head = self._call(self._head)
            kept_from = self._require_removal()
            swept = [] if kept_from or not listed.ok else self._remove_leftovers()
            put = put if kept_from else self._call(lambda s3: self._put(s3, self.asked.acl))
        self.answers = listed.nothing is None and listed.code not in NO_BUCKET
        links = [self._list_link(listed)]
        if not listed.stops:
            links += [*swept, self._head_link(head, listed, put)]
            links.append(kept_from or self._put_link(put, head, listed))
        return links

    def _remove_leftovers(self) -> list[Link]:
        """Remove what earlier checks have left that were killed; a link that tells of it, or none."""
        keys: list[str] = []

        def find(s3: Any) -> None:
            for name in self._leaves:
                prefix = self.asked.key[: self.asked.key.rfind("/") + 1] + name
                keys.extend(left_over(s3.list_objects_v2(Bucket=self.asked.bucket, Prefix=prefix)))

        def delete(s3: Any) -> None:
            for key in keys:
                s3.delete_object(Bucket=self.asked.bucket, Key=key)

        self._once(find, provisioning=False)
        if not keys:
            return []
        removed = self._once(delete, provisioning=True)
        if not removed.ok:
            removed = self._once(delete, provisioning=False)
        came = f"{len(keys)} of them, {'removed' if removed.ok else f'not removed: {removed.came()}'}"
        told = f"Bucket {self.asked.bucket} had objects of earlier checks that were killed: {came}"
        return [Link(self._app, "leftovers", True, "nothing of earlier checks", came, warning=told)]

    def _require_removal(self) -> Optional[Link]:
        """The link that cannot be tried where neither credentials may delete the object."""

        def try_it(s3: Any) -> None:
            delete_nothing(s3, self.asked.bucket, self.asked.key)

        answer = self._once(try_it, provisioning=True)
        if answer.ok or self._once(try_it, provisioning=False).ok:
            return None
        remedy = removal_remedy(answer, self.asked, versions=True)
        if self._owner.owner in ("foreign", "hidden"):
            remedy = f"Bucket {self.asked.bucket} is not this account's: see the link list"
        return Link(
            self._app,
            "remove",
            False,
            f"leave to delete {self.asked.key} from {self.asked.bucket} again, before it is put there",
            f"{answer.came()}, and the server's key may not delete either. Nothing was uploaded",
            remedy,
            tried=False,
        )

    def _list(self, s3: Any) -> None:
        s3.list_objects_v2(Bucket=self.asked.bucket, Prefix="", MaxKeys=1)

    def _head(self, s3: Any) -> None:
        try:
            s3.head_object(Bucket=self.asked.bucket, Key=self.asked.key)
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
        before = self.may_be_stored, self._is_certain
        # Until there is an answer, also where a signal ends the call.
        self.may_be_stored, self._is_certain = True, False
        try:
            answer = s3.put_object(
                Bucket=self.asked.bucket,
                Key=self.asked.key,
                Body=self._body,
                ContentType="video/mp4",
                **given,
            )
        except ClientError as error:
            told = error.response.get("ResponseMetadata", {})
            refused = told.get("HTTPStatusCode", 500) < 500 and not told.get("RetryAttempts")
            if refused:
                self.may_be_stored, self._is_certain = before
            raise
        # What was sent again may have been stored twice.
        self._is_certain = before[1] and not answer["ResponseMetadata"].get("RetryAttempts")
        self._versions += [answer["VersionId"]] if answer.get("VersionId") else []
        self.encrypted_by_kms = str(answer.get("ServerSideEncryption") or "").startswith("aws:kms")

    def _list_link(self, listed: Answer) -> Link:
        known = self._owner
        if listed.code in UNKNOWN_KEY:
            known = self.inquiry.about_key()
        return self._link(
            "list",
            listed,
            "the list of the bucket with an empty prefix",
            list_remedy(listed, self.asked, known),
        )

    def _head_link(self, head: Answer, listed: Answer, put: Answer) -> Link:
        remedy = head_remedy(head, listed, put, self.asked)
        return self._link("head", head, "404 for a key that is not there", remedy)

    def _put_link(self, put: Answer, head: Answer, listed: Answer) -> Link:
        expected = f"{self.asked.key} stored with the ACL {self.asked.acl}"
        if put.ok:
            return self._link("put", put, expected, "")
        refusal = read_refusal(put.message)
        without_acl = None
        if put.denied and not refusal.action:
            # A store that does not name the action shows it by what it takes without an ACL.
            without_acl = self._call(lambda s3: self._put(s3, ""))
        known = self._known_of(refusal, without_acl) if put.denied else Known()
        return self._link("put", put, expected, put_remedy(put, without_acl, head, listed, self.asked, known))

    def _known_of(self, refusal: Refusal, without_acl: Optional[Answer]) -> Known:
        """What helps to explain a refused upload."""
        of_acl = without_acl is not None and without_acl.ok
        if self.asked.acl in BLOCKED_ACLS and (refusal.blocked or of_acl):
            return self.inquiry.about_access()
        if of_acl or refusal.by or refusal.action not in ("", "s3:PutObject"):
            return self._owner
        return replace(self._owner, user_policies=self.inquiry.about_user().user_policies)

    def remove(self) -> Optional[Link]:
        """Remove what was put, by either credentials; None where nothing can be there."""
        if not self.may_be_stored:
            return None
        removed = self._once(self._delete, provisioning=True)
        if not removed.ok and self._once(self._delete, provisioning=False).ok:
            removed = Answer(ok=True)
        self.may_be_stored = not removed.ok
        remedy = removal_remedy(removed, self.asked, versions=bool(self._versions))
        return self._link(
            "remove",
            removed,
            "the probe removed again",
            f"Remove {self.asked.key} from bucket {self.asked.bucket} by hand. {remedy}",
        )

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
            answer = s3.delete_object(Bucket=self.asked.bucket, Key=self.asked.key, **given)
            if unlisted is not None and answer.get("DeleteMarker"):
                raise unlisted

    def _all_versions(self, s3: Any) -> list[str]:
        versions: list[str] = []
        # An upload that was cut off may still be on its way.
        for pause in (0.0, _LATEST):
            time.sleep(pause)
            found = s3.list_object_versions(Bucket=self.asked.bucket, Prefix=self.asked.key)
            versions = [str(each["VersionId"]) for each in found.get("Versions", [])]
            if versions:
                break
        # "null": the bucket never had versions, and the permission to delete one is not needed.
        return ["" if version == "null" else version for version in versions]

    def _call(self, call: Callable[[Any], Any]) -> Answer:
        """What a call came to; asked again while a new key or policy may not be known yet."""
        waited = 0.0
        while True:
            answer = self._once(call, provisioning=False)
            pause = self._patience.wait() if answer.code in _MAY_COME else 0
            if not pause:
                return replace(answer, waited=waited)
            waited += pause

    def _once(self, call: Callable[[Any], Any], provisioning: bool) -> Answer:
        url = self.asked.endpoint
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
            return Answer(code=code_of(error), message=message, region=region, trouble=trouble)
        except (BotoCoreError, ValueError) as error:
            trouble = trouble_of(error) if provisioning else None
            return Answer(nothing=no_answer(error, url, self._timeout), trouble=trouble)
        return Answer(ok=True)

    def _link(self, link: str, answer: Answer, expected: str, remedy: str) -> Link:
        return Link(self._app, link, answer.ok, expected, answer.came(), "" if answer.ok else remedy)
