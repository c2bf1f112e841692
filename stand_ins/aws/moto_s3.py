# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Correct moto's S3 where it answers otherwise than AWS."""

from __future__ import annotations

import json
from contextvars import ContextVar
from typing import Any

import moto.s3.responses
from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.iam.access_control import PermissionResult
from moto.s3.models import FakeBucket, FakeKey, FakeMultipart, S3Backend, get_canned_acl
from moto.s3.responses import S3Response

from . import moto_state as state
from . import policy

_MOTOS_DATE = "2010-11-10T20:48:33.000Z"

# Set for the time of a request: what moto asks about each key of a DeleteObjects.
may_delete: ContextVar[Any] = ContextVar("may_delete", default=None)


def adapt_moto() -> None:
    _adapt_policies()
    _adapt_uploads()
    _adapt_encryption()
    _adapt_owners()
    _adapt_acls()
    _adapt_tags()


def _adapt_tags() -> None:
    """Delete the tags with a bucket; moto keeps them for the next one of its name."""
    delete = S3Backend.delete_bucket

    def delete_with_tags(self: S3Backend, bucket_name: str) -> FakeBucket | None:
        deleted = delete(self, bucket_name)
        if deleted:
            self.tagger.delete_all_tags_for_resource(deleted.arn)
        return deleted

    state.replace(S3Backend, "delete_bucket", delete_with_tags)


def _adapt_policies() -> None:
    """Replace moto's verdicts on bucket policies, which know neither principals nor conditions."""

    def get_permission(_self: FakeBucket, action: str, resource: str) -> PermissionResult:
        ask = may_delete.get()
        if action == "s3:DeleteObject" and ask and not ask(resource):
            return PermissionResult.DENIED
        return PermissionResult.PERMITTED

    def is_public(text: bytes | str) -> bool:
        return policy.is_public(json.loads(text))

    state.replace(FakeBucket, "get_permission", get_permission)
    state.replace(moto.s3.responses, "bucket_policy_is_public", is_public)


def _adapt_uploads() -> None:
    """Give multipart uploads their time; in moto all began in 2010."""
    begun: dict[str, str] = {}
    begin, list_uploads = FakeMultipart.__init__, S3Response.list_multipart_uploads

    def begin_now(self: FakeMultipart, *arguments: Any, **options: Any) -> None:
        begin(self, *arguments, **options)
        begun[self.id] = f"{utcnow():%Y-%m-%dT%H:%M:%S.000Z}"

    def list_with_dates(self: S3Response) -> Any:
        status, headers, body = list_uploads(self)
        text = body if isinstance(body, str) else body.decode()
        prefix = (self.querystring.get("prefix") or [""])[0]
        for upload in self.backend.list_multipart_uploads(self.bucket_name).values():
            if upload.key_name.startswith(prefix):
                text = text.replace(_MOTOS_DATE, begun[upload.id], 1)
        return status, headers, text

    state.replace(FakeMultipart, "__init__", begin_now)
    state.replace(S3Response, "list_multipart_uploads", list_with_dates)


def _adapt_encryption() -> None:
    """Name the key of aws:kms:dsse in the headers too; moto names only one of aws:kms."""
    headers_of: Any = vars(FakeKey)["response_dict"].fget

    def headers_with_key(self: FakeKey) -> dict[str, Any]:
        headers: dict[str, Any] = headers_of(self)
        if self.encryption == "aws:kms:dsse":
            headers["x-amz-server-side-encryption-aws-kms-key-id"] = self.kms_key_id
        return headers

    state.replace(FakeKey, "response_dict", property(headers_with_key))


def _adapt_owners() -> None:
    """Give each object its owner; in moto one account owns all."""
    serialize: Any = S3Response.serialized

    def serialize_with_owners(self: S3Response, answer: ActionResult) -> Any:
        action = str(self.data.get("Action"))
        if action in ("ListObjects", "ListObjectsV2", "ListObjectVersions"):
            encoding = (self.querystring.get("encoding-type") or [None])[0]
            bucket = self.backend.get_bucket(self.bucket_name)
            if not state.acls_disabled(bucket):
                _name_owners(bucket, answer.result, encoding)
        return serialize(self, answer)

    state.replace(S3Response, "serialized", serialize_with_owners)


def _adapt_acls() -> None:
    """Answer with the owner's full control while ACLs are disabled, as S3 does."""
    to_dict: Any = S3Response._acl_to_dict

    def acl_to_dict(self: S3Response, acl: Any) -> Any:
        disabled = state.acls_disabled(self.backend.get_bucket(self.bucket_name))
        return to_dict(get_canned_acl("private") if disabled else acl)

    state.replace(S3Response, "_acl_to_dict", acl_to_dict)


def _name_owners(bucket: FakeBucket, listed: Any, encoding: str | None) -> None:
    names, versions = {}, {}
    for key in bucket.keys:
        for found in bucket.keys.getlist(key):
            if isinstance(found, FakeKey):
                versions[key, found.version_id] = names[found.safe_name(encoding)] = found
    entries = [(each, names[each["Key"]]) for each in listed.get("Contents", [])]
    entries += [(each, versions[each["Key"], each["VersionId"]]) for each in listed.get("Versions", [])]
    for entry, found in entries:
        owner = state.foreign_owner(bucket, found)
        if owner and "Owner" in entry:
            entry["Owner"] = {"ID": owner}
