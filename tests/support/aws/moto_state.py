# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The one place that touches moto's backends: what it stores is read, and where needed set, here."""

from __future__ import annotations

import json
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

import moto.s3.responses
from moto.core.utils import utcnow
from moto.iam.access_control import CreateAccessKeyFailure, IAMPolicy, PermissionResult, create_access_key
from moto.iam.models import User, iam_backends
from moto.moto_api._internal.models import moto_api_backend
from moto.s3.models import FakeBucket, FakeMultipart, PublicAccessBlock, s3_backends
from moto.s3.responses import S3Response
from moto.s3control.models import s3control_backends
from moto.secretsmanager.models import secretsmanager_backends

from . import policy
from .account import ACCOUNT, FOREIGN_ACCOUNT

PARTITIONS = ("aws", "aws-cn", "aws-us-gov")
_MOTOS_DATE = "2010-11-10T20:48:33.000Z"
_LONG_AGO = timedelta(days=1)
_DEFAULT_ENCRYPTION = {
    "Rule": {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": "false"}
}
SWITCHES = ("block_public_acls", "ignore_public_acls", "block_public_policy", "restrict_public_buckets")

# Set for the time of a request: what moto asks about each key of a DeleteObjects.
may_delete: ContextVar[Any] = ContextVar("may_delete", default=None)


@dataclass(frozen=True)
class Caller:
    arn: str
    name: str
    access_key_id: str
    secret: str
    documents: tuple[dict[str, Any], ...]


def adapt_moto() -> None:
    """moto's own verdicts on bucket policies know neither principals nor conditions: ours replace them.

    Its uploads of many parts all began in 2010.
    """
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

    def get_permission(_self: FakeBucket, action: str, resource: str) -> PermissionResult:
        ask = may_delete.get()
        if action == "s3:DeleteObject" and ask and not ask(resource):
            return PermissionResult.DENIED
        return PermissionResult.PERMITTED

    def is_public(text: bytes | str) -> bool:
        return policy.is_public(json.loads(text))

    # By name, because a type checker rightly minds.
    setattr(FakeMultipart, "__init__", begin_now)  # noqa: B010
    setattr(S3Response, "list_multipart_uploads", list_with_dates)  # noqa: B010
    setattr(FakeBucket, "get_permission", get_permission)  # noqa: B010
    setattr(moto.s3.responses, "bucket_policy_is_public", is_public)  # noqa: B010


def reset() -> None:
    moto_api_backend.reset()


def _age(moment: datetime) -> float:
    now = utcnow()
    if moment.tzinfo:
        now = datetime.now(tz=timezone.utc)
    return (now - moment).total_seconds()


def _stored_key(access_key_id: str, partition: str) -> Any:
    for user in iam_backends[ACCOUNT][partition].users.values():
        for key in user.access_keys:
            if key.access_key_id == access_key_id:
                return key
    return None


def find_caller(access_key_id: str, token: str | None, partition: str, key_delay: float) -> Caller | None:
    """Who signs with this key; None for a key that is unknown, inactive or still too young."""
    key = _stored_key(access_key_id, partition)
    if key and (key.status != "Active" or _age(key.create_date) < key_delay):
        return None
    headers = {"X-Amz-Security-Token": token} if token else {}
    try:
        found = create_access_key(ACCOUNT, partition, access_key_id, headers)
    except CreateAccessKeyFailure:
        return None
    documents = tuple(IAMPolicy(each)._policy_json for each in found.collect_policies())
    # The name in an ARN has the user's path, which moto's caller leaves out.
    user = find_user(key.user_name, partition) if key else None
    arn = user.arn if user else found.arn
    return Caller(
        arn, arn.rsplit("/", 1)[-1], access_key_id, found.create_credentials().secret_key, documents
    )


def find_user(name: str, partition: str) -> User | None:
    return iam_backends[ACCOUNT][partition].users.get(name)


def key_owner(access_key_id: str, partition: str) -> str | None:
    key = _stored_key(access_key_id, partition)
    return key.user_name if key else None


def groups_of(name: str, partition: str) -> list[Any]:
    return iam_backends[ACCOUNT][partition].get_groups_for_user(name)


def knows_principal(value: str, partition: str, delay: float) -> bool:
    """Whether S3 takes this as the AWS principal of a bucket policy."""
    if value in (ACCOUNT, f"arn:{partition}:iam::{ACCOUNT}:root"):
        return True
    backend = iam_backends[ACCOUNT][partition]
    principals: list[Any] = [*backend.users.values(), *backend.roles.values()]
    for principal in principals:
        if value in (principal.arn, principal.id):
            return _age(principal.create_date) >= delay
    return False


def create_user(
    name: str,
    document: str | None,
    partitions: tuple[str, ...] = PARTITIONS,
    key: tuple[str, str] | None = None,
) -> tuple[str, str]:
    """A user with one inline policy and one key that works at once, the same in each partition."""
    for partition in partitions:
        backend = iam_backends[ACCOUNT][partition]
        region = {"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}[partition]
        user = backend.create_user(region, name)
        if document:
            backend.put_user_policy(name, f"{name}-policy", document)
        created = backend.create_access_key(name)
        if key:
            backend.access_keys.pop(created.access_key_id)
            created.access_key_id, created.secret_access_key = key
            backend.access_keys[created.access_key_id] = created
        key = (created.access_key_id, created.secret_access_key)
        created.create_date -= _LONG_AGO
        user.create_date -= _LONG_AGO
    assert key is not None
    return key


def find_bucket(name: str | None) -> FakeBucket | None:
    account = s3_backends.bucket_accounts.get(name) if name else None
    if name is None or account is None:
        return None
    partition, account_id = account
    return s3_backends[account_id][partition].buckets.get(name)


def dress_new_bucket(bucket: FakeBucket) -> None:
    """The defaults of every bucket made since April 2023."""
    bucket.public_access_block = PublicAccessBlock(True, True, True, True)
    rule: Any = bucket.ownership_rule or "BucketOwnerEnforced"
    bucket.ownership_rule = rule
    bucket.encryption = dict(_DEFAULT_ENCRYPTION)


def restore_encryption(bucket: FakeBucket) -> None:
    bucket.encryption = dict(_DEFAULT_ENCRYPTION)


def make_foreign_bucket(name: str, region: str) -> None:
    """See that another account has this bucket, with the defaults of a new one."""
    if find_bucket(name) is not None:
        return
    dress_new_bucket(s3_backends[FOREIGN_ACCOUNT]["aws"].create_bucket(name, region))


def is_foreign(bucket: FakeBucket) -> bool:
    return bucket.account_id != ACCOUNT


def switch_on(bucket: FakeBucket, name: str) -> bool:
    """A Block Public Access switch, as the bucket or its account has it."""
    account = s3control_backends[bucket.account_id][bucket.partition].public_access_block
    return any(
        block is not None and bool(getattr(block, name)) for block in (bucket.public_access_block, account)
    )


def acls_disabled(bucket: FakeBucket) -> bool:
    return (bucket.ownership_rule or "BucketOwnerEnforced") == "BucketOwnerEnforced"


def find_object(bucket: FakeBucket, key: str) -> Any:
    found = bucket.keys.get(key)
    return found if found is not None and hasattr(found, "acl") else None


def acl_grants(acl: Any, permission: str, signed: bool) -> bool:
    """Whether an ACL gives a permission to everybody, or to everybody with an AWS account."""
    groups = ("/AllUsers", "/AuthenticatedUsers") if signed else ("/AllUsers",)
    for grant in acl.grants if acl else []:
        to_group = any((grantee.uri or "").endswith(groups) for grantee in grant.grantees)
        if to_group and (permission in grant.permissions or "FULL_CONTROL" in grant.permissions):
            return True
    return False


def acl_has_others(acl: Any) -> bool:
    return any(grantee.uri for grant in (acl.grants if acl else []) for grantee in grant.grantees)


def secret_arn(name: str, region: str) -> str | None:
    secrets = secretsmanager_backends[ACCOUNT][region].secrets
    try:
        return secrets[name].arn if name in secrets else None
    except (KeyError, AttributeError):
        return None
