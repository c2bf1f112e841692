# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""The objects that an import makes: as AMS would have made them, and never in place of another object.

Both ways of an import use it: over HTTP the controller sends the parts (put, put_part), over ssh the server
does, to presigned URLs (part_url). In either case the order is head, open, the parts, complete.

It acts with the AWS credentials of the environment, since the application's own key may not list uploads. It
needs s3:ListBucket, s3:ListBucketMultipartUploads, s3:GetObject, s3:PutObject, s3:PutObjectAcl,
s3:AbortMultipartUpload and s3:ListMultipartUploadParts, and of a bucket that is encrypted with a KMS key
kms:GenerateDataKey and kms:Decrypt.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Optional, Protocol, TypeVar

from .._ams.recording_rules import upload_acl
from .._aws.codes import THROTTLED_CODES, UNKNOWN_CALL_CODES, code_of, status_of
from .._aws.errors import to_aws_error
from .._check.s3_clients import s3_client
from .._common.errors import AwsError
from .parts import UNIT, Layout, Part, etag_of, md5_of
from .stored import (
    MD5,
    StoredObject,
    StoredPart,
    Upload,
    base64_of,
    content_type,
    digest_of,
    etag_in,
    fits,
    is_of_import,
    object_of,
    size_of,
)

with suppress(ImportError):  # s3_client reports it.
    from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, SSLError
    from botocore.exceptions import ConnectionError as NoConnection

_PRECONDITION_FAILED = ("PreconditionFailed", "412")
_POLICY = "docs/policies/import.json"
# Status of answers.
_TOO_MANY, _ITS_OWN, _UNKNOWN_CALL, _FULL = 429, 500, 501, 507


@dataclass(eq=False, repr=False)
class ObjectDiffers(AwsError):
    """The key has an object that is not this recording. It is left as it is."""


@dataclass(eq=False, repr=False)
class StoreBusy(AwsError):
    """The provider did not answer, or not now. The same call may succeed later."""


class Recorded(Protocol):
    """A recording with the key that it has in the bucket."""

    @property
    def key(self) -> str: ...

    @property
    def size(self) -> int: ...


_Item = TypeVar("_Item", bound=Recorded)


class Target:
    """Makes objects in the bucket of an application's settings.

    settings: those on the server. The caller has compared them with the requested ones, see
    _check/trusted_settings.py. timeout: seconds for each response of S3. connections: at the same time.
    """

    def __init__(self, settings: Mapping[str, Any], timeout: float, connections: int = 4) -> None:
        self.bucket = str(settings.get("s3BucketName") or "")
        self._settings, self._connections = settings, connections
        options: dict[str, Any] = {
            "ACL": upload_acl(settings),
            "StorageClass": settings.get("s3StorageClass"),
            "CacheControl": settings.get("s3CacheControl"),
        }
        self._options = {name: value for name, value in options.items() if value}
        self._has_conditions = True
        with self._as_error("Making a client for S3"):
            self._s3 = s3_client(settings, timeout, provisioning=True, **_options_of(settings, connections))

    def head(self, key: str) -> Optional[StoredObject]:
        """Return the object of a key, None if there is none."""
        with self._as_error(f"Looking for {self._address(key)}", "s3:GetObject and s3:ListBucket"):
            try:
                found = self._s3.head_object(Bucket=self.bucket, Key=key)
            except ClientError as error:
                if code_of(error) not in ("404", "NoSuchKey"):
                    raise
                return None
        return object_of(key, found)

    def sizes(self, prefix: str) -> Iterator[dict[str, int]]:
        """Yield the objects whose keys begin with a prefix, page by page, with their sizes."""
        with self._as_error(f"Listing {self._address(prefix)}", "s3:ListBucket"):
            pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
            for page in pages:
                yield {each["Key"]: int(each["Size"]) for each in page.get("Contents", ())}

    def compare(
        self, items: Sequence[_Item]
    ) -> tuple[list[_Item], list[tuple[_Item, StoredObject]], list[tuple[_Item, StoredObject]]]:
        """Return what has no object, what has one of the same size, and what has another one."""
        missing, same = list[_Item](), list[tuple[_Item, StoredObject]]()
        others = list[tuple[_Item, StoredObject]]()
        with ThreadPoolExecutor(self._connections) as pool:
            for item, stored in zip(items, pool.map(lambda item: self.head(item.key), items)):
                if stored is None:
                    missing.append(item)
                else:
                    (same if stored.size == item.size else others).append((item, stored))
        return missing, same, others

    def require_same(self, stored: StoredObject, size: int) -> None:
        """Raise ObjectDiffers if an object cannot be a recording of so many bytes."""
        if stored.size != size:
            raise self._differs(stored, f"it has {stored.size} bytes, and the recording {size}")

    def layout_of_stored(self, stored: StoredObject) -> Optional[Layout]:
        """Return how an object was cut, so that its ETag can be computed; None if the ETag is no checksum."""
        digest, _dash, count = stored.etag.partition("-")
        if stored.is_kms or not MD5.fullmatch(digest):
            return None
        if not count:
            return Layout(stored.size, max(1, stored.size))
        with self._as_error(f"Reading the parts of {self._address(stored.key)}", "s3:GetObject"):
            first = self._s3.head_object(Bucket=self.bucket, Key=stored.key, PartNumber=1)
        layout = Layout(stored.size, max(1, int(first.get("ContentLength") or 0)))
        return layout if str(layout.count) == count else None

    def put(self, key: str, body: bytes) -> StoredObject:
        """Make an object of a whole small recording, and return it verified.

        Raise ObjectDiffers if the key has another object by then.
        """
        md5 = md5_of(body)
        refused = self._send_new(
            f"Putting {self._address(key)}",
            self._s3.put_object,
            Key=key,
            Body=body,
            ContentMD5=base64_of(md5),
            ContentType=content_type(key),
            **self._options,
        )
        layout = Layout(len(body), max(1, len(body)))
        return self._verified(key, layout, {1: md5}, etag_of([md5], is_multipart=False), refused)

    def open(self, key: str, layout: Layout) -> Upload:
        """Return an upload of an import that was not finished, with the parts that it has, or a new one.

        Other uploads of imports of this key, which are cut otherwise, are aborted. Those of AMS or of other
        programs stay as they are.
        """
        found = [upload for upload in self._uploads(key, layout) if upload.parts]
        usable = [upload for upload in found if fits(upload)]
        usable.sort(key=lambda upload: len(upload.parts), reverse=True)
        for upload in found:
            if upload not in usable[:1] and is_of_import(upload):
                self.abort(upload)
        return usable[0] if usable else self._create(key, layout)

    def put_part(self, upload: Upload, part: Part, body: bytes) -> None:
        """Store a part. S3 refuses what it has not received as it was sent."""
        md5 = md5_of(body)
        with self._as_error(f"Putting part {part.number} of {self._address(upload.key)}", "s3:PutObject"):
            answer = self._s3.upload_part(
                **self._of(upload), PartNumber=part.number, Body=body, ContentMD5=base64_of(md5)
            )
        etag = etag_in(answer)
        upload.parts[part.number] = StoredPart(part.number, len(body), etag, md5=md5)

    def part_url(self, upload: Upload, number: int, md5: bytes, seconds: float) -> str:
        """Return a URL to which anybody may PUT this part for so long. It is a secret.

        The MD5 is signed, so S3 stores only bytes that have it. Content-MD5 must be sent.
        """
        params = {**self._of(upload), "PartNumber": number, "ContentMD5": base64_of(md5)}
        with self._as_error(f"Signing a URL for {self._address(upload.key)}"):
            return str(self._s3.generate_presigned_url("upload_part", Params=params, ExpiresIn=int(seconds)))

    def complete(self, upload: Upload) -> StoredObject:
        """Make the object of all parts, and return it verified.

        Raise ObjectDiffers if the key has another object by then, AwsError if parts are missing.
        """
        tried = f"Completing {self._address(upload.key)}"
        sizes = {part.number: part.size for part in upload.layout}
        wrong = [number for number, size in sizes.items() if size_of(upload, number) != size]
        if wrong:
            raise AwsError(tried, f"part {wrong[0]} is missing or has another size", "Run the import again")
        parts = [{"PartNumber": number, "ETag": f'"{upload.parts[number].etag}"'} for number in sizes]
        # Hours may have passed since the key had no object, and not every provider obeys the condition.
        refused = self.head(upload.key) is not None or self._send_new(
            tried,
            self._s3.complete_multipart_upload,
            none_on=("NoSuchUpload",),
            MultipartUpload={"Parts": parts},
            **self._of(upload, with_bucket=False),
        )
        md5s = {number: upload.parts[number].md5 for number in sizes}
        expected = etag_of(md5s[number] or digest_of(upload.parts[number].etag) for number in sizes)
        return self._verified(upload.key, upload.layout, md5s, expected, refused)

    def abort(self, upload: Upload) -> None:
        """Delete the parts of an upload. It does not matter if somebody else has."""
        with self._as_error(f"Aborting an upload of {self._address(upload.key)}", "s3:AbortMultipartUpload"):
            try:
                self._s3.abort_multipart_upload(**self._of(upload))
            except ClientError as error:
                if code_of(error) not in ("NoSuchUpload", "404"):
                    raise
        upload.parts = {}

    def _create(self, key: str, layout: Layout) -> Upload:
        with self._as_error(
            f"Starting an upload of {self._address(key)}", "s3:PutObject and s3:PutObjectAcl"
        ):
            made = self._s3.create_multipart_upload(
                Bucket=self.bucket, Key=key, ContentType=content_type(key), **self._options
            )
        return Upload(key, str(made["UploadId"]), layout)

    def _uploads(self, key: str, layout: Layout) -> Iterator[Upload]:
        tried = f"Listing uploads of {self._address(key)}"
        with self._as_error(tried, "s3:ListBucketMultipartUploads"):
            pages = self._s3.get_paginator("list_multipart_uploads").paginate(Bucket=self.bucket, Prefix=key)
            found = [
                Upload(key, str(each["UploadId"]), layout)
                for page in pages
                for each in page.get("Uploads", ())
                if each.get("Key") == key
            ]
        for upload in found:
            upload.parts = self._parts(upload, none_on=("NoSuchUpload",))
            yield upload

    def _parts(self, upload: Upload, none_on: tuple[str, ...] = ()) -> dict[int, StoredPart]:
        """Return the parts that are in the bucket."""
        tried = f"Listing the parts of {self._address(upload.key)}"
        with self._as_error(tried, "s3:ListMultipartUploadParts"):
            try:
                pages = list(self._s3.get_paginator("list_parts").paginate(**self._of(upload)))
            except ClientError as error:
                # Somebody has completed or aborted it.
                if code_of(error) not in none_on:
                    raise
                pages = []
        return {
            int(each["PartNumber"]): StoredPart(int(each["PartNumber"]), int(each["Size"]), etag_in(each))
            for page in pages
            for each in page.get("Parts", ())
        }

    def _send_new(self, tried: str, operation: Any, none_on: tuple[str, ...] = (), **arguments: Any) -> bool:
        """Send what makes an object, unless the key has one. Return True if it was refused for that.

        Not every provider knows the condition, and an older botocore has no such argument.
        """
        names = {"put_object": "PutObject", "complete_multipart_upload": "CompleteMultipartUpload"}
        shape = self._s3.meta.service_model.operation_model(names[operation.__name__]).input_shape
        condition = {"IfNoneMatch": "*"} if "IfNoneMatch" in shape.members and self._has_conditions else {}
        refused_by = {*_PRECONDITION_FAILED, *none_on}
        with self._as_error(tried, "s3:PutObject and s3:PutObjectAcl"):
            try:
                operation(Bucket=self.bucket, **arguments, **condition)
            except ClientError as error:
                if code_of(error) in refused_by:
                    return True
                if not condition or code_of(error) not in UNKNOWN_CALL_CODES:
                    raise
                self._has_conditions = False
            else:
                return False
        return self._send_new(tried, operation, none_on, **arguments)

    def _verified(
        self,
        key: str,
        layout: Layout,
        md5s: Mapping[int, Optional[bytes]],
        etag: str,
        was_refused: bool,
    ) -> StoredObject:
        """Return the object that is in the bucket now. Raise AwsError if it is not the one that was sent.

        was_refused: whether the last request was. It may have been sent twice, and the first answer lost.
        """
        stored = self.head(key)
        if stored is None:
            raise AwsError(f"Reading {self._address(key)} back", "it is not there", "Run the import again")
        has_etag = stored.etag == etag or (stored.is_kms and not was_refused)
        if stored.size == layout.size and (has_etag or self._reads_back(stored, layout, md5s)):
            return stored
        if was_refused:
            raise self._differs(stored, f"it has {stored.size} bytes and the ETag {stored.etag}")
        raise AwsError(
            f"Reading {self._address(key)} back",
            f"it has {stored.size} bytes and the ETag {stored.etag}, and {layout.size} bytes with the ETag "
            f"{etag} were sent",
            "Delete that object and run the import again",
        )

    def _reads_back(self, stored: StoredObject, layout: Layout, md5s: Mapping[int, Optional[bytes]]) -> bool:
        """True if an object has these parts. Some stores have ETags of their own kind."""
        for part in layout:
            expected = md5s.get(part.number)
            if expected is not None and md5_of(self._read(stored, part)) != expected:
                return False
        return any(md5s.values())

    def _read(self, stored: StoredObject, part: Part) -> bytes:
        if not part.size:
            return b""
        body = b""
        with self._as_error(f"Reading {self._address(stored.key)} back", "s3:GetObject"):
            for start in range(part.offset, part.offset + part.size, UNIT):
                end = min(start + UNIT, part.offset + part.size) - 1
                answer = self._s3.get_object(Bucket=self.bucket, Key=stored.key, Range=f"bytes={start}-{end}")
                body += answer["Body"].read()
        return body

    def _differs(self, stored: StoredObject, how: str) -> ObjectDiffers:
        return ObjectDiffers(
            f"Making {self._address(stored.key)}",
            f"there is an object that differs: {how}. It was left as it is",
            "Compare the two. Delete the object if the recording on the server is the right one, and run the "
            "import again",
        )

    def _of(self, upload: Upload, *, with_bucket: bool = True) -> dict[str, str]:
        named = {"Bucket": self.bucket} if with_bucket else {}
        return {**named, "Key": upload.key, "UploadId": upload.upload_id}

    def _address(self, key: str) -> str:
        return f"s3://{self.bucket}/{key}"

    @contextmanager
    def _as_error(self, tried: str, needs: str = "") -> Iterator[None]:
        try:
            yield
        except (BotoCoreError, ClientError, ValueError) as error:
            address = str(self._settings.get("s3Endpoint") or "")
            found = to_aws_error(tried, error, needs, address=address, policy=_POLICY)
            if not _is_passing(error):
                raise found from None
            raise StoreBusy(
                tried, found.came_back, found.remedy, code=found.code, status=found.status
            ) from None


def _is_passing(error: Exception) -> bool:
    """True if the provider has not answered, or with a failure of its own that is not a full disk."""
    if isinstance(error, ClientError):
        status = status_of(error)
        is_its_own = status >= _ITS_OWN and status not in (_UNKNOWN_CALL, _FULL)
        return is_its_own or status == _TOO_MANY or code_of(error) in {*THROTTLED_CODES, "RequestTimeout"}
    return isinstance(error, (NoConnection, HTTPClientError)) and not isinstance(error, SSLError)


def _options_of(settings: Mapping[str, Any], connections: int) -> dict[str, Any]:
    # By default a URL is signed in a way that newer regions refuse, and for s3.amazonaws.com, which sends a
    # reader on to the bucket's region, where the signature does not fit any more.
    options: dict[str, Any] = {"signature_version": "s3v4", "max_pool_connections": connections + 1}
    if not (settings.get("s3Endpoint") or settings.get("s3PathStyleAccessEnabled")):
        # A bucket with dots in its name fits no certificate of AWS.
        has_dots = "." in str(settings.get("s3BucketName") or "")
        options["s3"] = {"addressing_style": "path" if has_dots else "virtual"}
    return options
