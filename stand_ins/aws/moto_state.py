# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""moto's IAM, S3 and secrets. Only this file and moto_*.py read and set what moto stores."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from moto.core.utils import utcnow
from moto.iam.access_control import CreateAccessKeyFailure, IAMPolicy, create_access_key
from moto.iam.models import User, iam_backends
from moto.moto_api._internal.models import moto_api_backend
from moto.s3.models import FakeBucket, FakeMultipart, PublicAccessBlock, get_canned_acl, s3_backends
from moto.s3control.models import s3control_backends
from moto.secretsmanager.models import secretsmanager_backends

from .account import ACCOUNT, FOREIGN_ACCOUNT, FOREIGN_OWNER

PARTITIONS = ("aws", "aws-cn", "aws-us-gov")
_LONG_AGO = timedelta(days=1)
_DEFAULT_ENCRYPTION = {
    "Rule": {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": "false"}
}
SWITCHES = ("block_public_acls", "ignore_public_acls", "block_public_policy", "restrict_public_buckets")


@dataclass(frozen=True)
class Caller:
    arn: str
    name: str
    access_key_id: str
    secret: str
    documents: tuple[dict[str, Any], ...]
    boundary: dict[str, Any] | None = None


def replace(place: Any, name: str, value: Any) -> None:
    """Put something of one's own into moto; by name, because a type checker rightly minds."""
    setattr(place, name, value)


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
    """Return the user of a key; None for a key that is unknown, inactive or still too young."""
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
    secret = found.create_credentials().secret_key
    boundary = _managed_policy(boundary_of(user), partition) if user else None
    return Caller(arn, arn.rsplit("/", 1)[-1], access_key_id, secret, documents, boundary)


def boundary_of(user: User) -> str:
    """Return the ARN of a user's permissions boundary, empty without one."""
    arn: str = (vars(user).get("permissions_boundary") or {}).get("PermissionsBoundaryArn", "")
    return arn


def set_boundary(user: User, arn: str) -> None:
    boundary = {"PermissionsBoundaryType": "PermissionsBoundaryPolicy", "PermissionsBoundaryArn": arn}
    vars(user)["permissions_boundary"] = boundary if arn else None


def knows_policy(arn: str, partition: str) -> bool:
    return arn in iam_backends[ACCOUNT][partition].managed_policies


def _managed_policy(arn: str, partition: str) -> dict[str, Any] | None:
    """Return the document that counts; for a deleted policy one that allows nothing."""
    if not arn:
        return None
    found = iam_backends[ACCOUNT][partition].managed_policies.get(arn)
    return IAMPolicy(found)._policy_json if found else {"Statement": []}


def find_user(name: str, partition: str) -> User | None:
    return iam_backends[ACCOUNT][partition].users.get(name)


def key_owner(access_key_id: str, partition: str) -> str | None:
    key = _stored_key(access_key_id, partition)
    return key.user_name if key else None


def groups_of(name: str, partition: str) -> list[Any]:
    return iam_backends[ACCOUNT][partition].get_groups_for_user(name)


def knows_principal(value: str, partition: str, delay: float) -> bool:
    """True if S3 accepts this as the AWS principal of a bucket policy."""
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
    """Make a user with one inline policy and one key that works at once, the same in each partition."""
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
    """Set the defaults of every bucket made since April 2023."""
    bucket.public_access_block = PublicAccessBlock(True, True, True, True)
    rule: Any = bucket.ownership_rule or "BucketOwnerEnforced"
    bucket.ownership_rule = rule
    bucket.encryption = dict(_DEFAULT_ENCRYPTION)


def restore_encryption(bucket: FakeBucket) -> None:
    bucket.encryption = dict(_DEFAULT_ENCRYPTION)


def make_foreign_bucket(name: str, region: str) -> None:
    """Make this bucket in another account, with the defaults of a new one."""
    if find_bucket(name) is not None:
        return
    dress_new_bucket(s3_backends[FOREIGN_ACCOUNT]["aws"].create_bucket(name, region))


def keep(thing: Any, name: str, value: Any) -> None:
    """Keep on moto's own object what moto has no place for; it is deleted with the object."""
    setattr(thing, f"_standin_{name}", value)


def kept(thing: Any, name: str) -> Any:
    return vars(thing).get(f"_standin_{name}")


def tags_of(bucket: FakeBucket) -> dict[str, str]:
    return s3_backends[bucket.account_id][bucket.partition].tagger.get_tag_dict_for_resource(bucket.arn)


def set_tags(bucket: FakeBucket, tags: dict[str, str]) -> None:
    s3_backends[bucket.account_id][bucket.partition].put_bucket_tagging(bucket.name, tags)


def require_bucket(name: str) -> FakeBucket:
    bucket = find_bucket(name)
    if bucket is None:
        raise ValueError(f"no bucket {name}")
    return bucket


def is_foreign(bucket: FakeBucket) -> bool:
    return bucket.account_id != ACCOUNT


def switch_on(bucket: FakeBucket, name: str) -> bool:
    """Return a Block Public Access switch, as the bucket or its account has it."""
    account = s3control_backends[bucket.account_id][bucket.partition].public_access_block
    return any(
        block is not None and bool(getattr(block, name)) for block in (bucket.public_access_block, account)
    )


def acls_disabled(bucket: FakeBucket) -> bool:
    return (bucket.ownership_rule or "BucketOwnerEnforced") == "BucketOwnerEnforced"


def find_object(bucket: FakeBucket, key: str) -> Any:
    found = bucket.keys.get(key)
    return found if found is not None and hasattr(found, "acl") else None


def find_version(bucket: FakeBucket, key: str, version_id: str | None) -> Any:
    """Return an object as moto stores it; None for a key that is missing or a delete marker."""
    if version_id is None:
        return find_object(bucket, key)
    versions = bucket.keys.getlist(key, [])
    return next((each for each in versions if each.version_id == version_id and hasattr(each, "acl")), None)


def make_foreign_object(bucket: FakeBucket, key: str, acl: str) -> None:
    """Give this object to another account, as if it had uploaded it with this canned ACL."""
    found = find_object(bucket, key)
    if found is None:
        raise ValueError(f"no object {key} in {bucket.name}")
    found.set_acl(get_canned_acl(acl))
    keep(found, "owner", FOREIGN_OWNER)
    keep(found, "open_to_owner", acl in ("bucket-owner-read", "bucket-owner-full-control"))


def make_older(bucket: FakeBucket, key: str, days: float) -> None:
    """Make every version of this object, and every delete marker, that much older."""
    versions = bucket.keys.getlist(key, [])
    if not versions:
        raise ValueError(f"no object {key} in {bucket.name}")
    for each in versions:
        each.last_modified -= timedelta(days=days)


def foreign_owner(bucket: FakeBucket, found: Any) -> str | None:
    """Return the canonical ID of the account that owns an object, None where it is the bucket's."""
    owner: str | None = None if found is None or acls_disabled(bucket) else kept(found, "owner")
    return owner


def find_upload(bucket: FakeBucket, upload_id: str) -> FakeMultipart | None:
    return bucket.multiparts.get(upload_id)


def acl_grants(acl: Any, permission: str, signed: bool) -> bool:
    """True if an ACL gives a permission to everybody, or to everybody with an AWS account."""
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
