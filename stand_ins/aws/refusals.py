# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Refusals of AWS that moto lacks, for a caller who is allowed the action."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import TYPE_CHECKING, Any

from . import bucket_policy, cors, encryption, xml_body
from . import moto_state as state
from .errors import Refusal, malformed_xml
from .s3_actions import has_acl_header

if TYPE_CHECKING:
    from collections.abc import Callable

    from .access import Access
    from .call import Call

_CANNED = (
    "private",
    "public-read",
    "public-read-write",
    "authenticated-read",
    "aws-exec-read",
    "bucket-owner-read",
    "bucket-owner-full-control",
    "log-delivery-write",
)
_PUBLIC_CANNED = ("public-read", "public-read-write", "authenticated-read")
_PUBLIC_GROUPS = ("global/AllUsers", "global/AuthenticatedUsers")
_OBJECT_WRITES = ("PutObject", "CopyObject", "CreateMultipartUpload", "PutObjectAcl")
_NO_ACLS = "The bucket does not allow ACLs"
_OWNER_ENFORCED = "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting"
_OWNERSHIPS = ("BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter")
_BLOCK = "are blocked by the {} block public access setting."
_BLOCKED_ACL = "because public access control lists (ACLs) " + _BLOCK.format("BlockPublicAcls")
_BLOCKED_POLICY = "because public policies " + _BLOCK.format("BlockPublicPolicy")


def refuse_s3(access: Access, body: bytes) -> None:
    call = access.call
    bucket = state.find_bucket(call.bucket)
    if call.operation == "CreateBucket":
        _check_new_bucket(access, bucket)
        return
    if bucket is None:
        return
    _check_region(access, bucket)
    if call.headers.get("x-amz-expected-bucket-owner", bucket.account_id) != bucket.account_id:
        raise Refusal(403, "AccessDenied", "Access Denied")
    check_md5(call, body)
    if call.operation in (*_OBJECT_WRITES, "PutBucketAcl"):
        _check_acl(access, bucket, body)
    check = _CHECKS.get(call.operation)
    if check:
        check(access, bucket, body)


def check_md5(call: Call, body: bytes) -> None:
    given = call.headers.get("content-md5")
    if given and given != base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode():
        raise Refusal(400, "BadDigest", "The Content-MD5 you specified did not match what we received.")


def _check_region(access: Access, bucket: Any) -> None:
    call = access.call
    if access.caller and call.region != bucket.region_name and call.operation != "GetBucketLocation":
        raise Refusal(
            400,
            "AuthorizationHeaderMalformed",
            f"The authorization header is malformed; the region '{call.region}' is wrong; "
            f"expecting '{bucket.region_name}'",
            Region=bucket.region_name,
        )


def _check_canned(access: Access) -> None:
    canned = access.call.headers.get("x-amz-acl")
    if canned is not None and canned not in _CANNED:
        raise Refusal(400, "InvalidArgument", "", ArgumentName="x-amz-acl", ArgumentValue=canned)


def _check_new_bucket(access: Access, existing: Any) -> None:
    headers = access.call.headers
    _check_canned(access)
    ownership = headers.get("x-amz-object-ownership", "BucketOwnerEnforced")
    if ownership not in _OWNERSHIPS:
        raise Refusal(
            400, "InvalidArgument", "Invalid x-amz-object-ownership header", ArgumentValue=ownership
        )
    if existing is not None or not has_acl_header(headers) or headers.get("x-amz-acl") == "private":
        return
    if ownership == "BucketOwnerEnforced":
        raise Refusal(400, "InvalidBucketAclWithObjectOwnership", _OWNER_ENFORCED)
    if _is_public_acl(access, b""):
        raise access.denied("s3:PutBucketAcl", access.resource(), _BLOCKED_ACL)


def _check_acl(access: Access, bucket: Any, body: bytes) -> None:
    call = access.call
    _check_canned(access)
    sets_acl = has_acl_header(call.headers) or call.operation in ("PutObjectAcl", "PutBucketAcl")
    if not sets_acl:
        return
    if state.acls_disabled(bucket) and call.headers.get("x-amz-acl") != "bucket-owner-full-control":
        raise Refusal(400, "AccessControlListNotSupported", _NO_ACLS)
    if state.switch_on(bucket, "block_public_acls") and _is_public_acl(access, body):
        action = "s3:PutBucketAcl" if call.operation == "PutBucketAcl" else "s3:PutObjectAcl"
        raise access.denied(action, access.resource(), _BLOCKED_ACL)


def _is_public_acl(access: Access, body: bytes) -> bool:
    headers = access.call.headers
    grants = [value for name, value in headers.items() if name.startswith("x-amz-grant-")]
    if access.call.operation in ("PutObjectAcl", "PutBucketAcl"):
        grants.append(body.decode("utf-8", "replace"))
    return headers.get("x-amz-acl") in _PUBLIC_CANNED or any(
        group in grant for grant in grants for group in _PUBLIC_GROUPS
    )


def _check_policy(access: Access, bucket: Any, body: bytes) -> None:
    partition = access.call.partition

    def known(principal: str) -> bool:
        return state.knows_principal(principal, partition, access.settings.policy_delay)

    public = bucket_policy.check_policy(body, bucket.name, partition, known)
    if public and state.switch_on(bucket, "block_public_policy"):
        raise access.denied("s3:PutBucketPolicy", access.resource(), _BLOCKED_POLICY)


def _check_cors(_access: Access, _bucket: Any, body: bytes) -> None:
    cors.check_configuration(body)


def _check_encryption(_access: Access, _bucket: Any, body: bytes) -> None:
    encryption.check_default(body)


def _check_versioning(_access: Access, _bucket: Any, body: bytes) -> None:
    status = xml_body.read(body, "VersioningConfiguration").findtext("Status")
    if status not in ("Enabled", "Suspended"):
        raise malformed_xml()


def _check_ownership(_access: Access, bucket: Any, body: bytes) -> None:
    wanted = re.findall(r"<ObjectOwnership>(\w*)</ObjectOwnership>", body.decode("utf-8", "replace"))
    if len(wanted) != 1 or wanted[0] not in _OWNERSHIPS:
        raise malformed_xml()
    if wanted[0] == "BucketOwnerEnforced" and state.acl_has_others(bucket.acl):
        raise Refusal(400, "InvalidBucketAclWithObjectOwnership", _OWNER_ENFORCED)


_CHECKS: dict[str, Callable[[Access, Any, bytes], None]] = {
    "PutBucketPolicy": _check_policy,
    "PutBucketCors": _check_cors,
    "PutBucketOwnershipControls": _check_ownership,
    "PutBucketEncryption": _check_encryption,
    "PutBucketVersioning": _check_versioning,
}


def refuse_iam(access: Access) -> None:
    call = access.call
    boundary = str(call.params.get("PermissionsBoundary", ""))
    if boundary and not state.knows_policy(boundary, call.partition):
        message = f"Scope ARN: {boundary} does not exist or is not attachable."
        raise Refusal(404, "NoSuchEntity", message)
    user = state.find_user(call.params.get("UserName", ""), call.partition)
    if call.operation != "DeleteUser" or user is None:
        return
    for left, what in (
        (user.access_keys, "delete access keys"),
        (user.policies, "delete policies"),
        (user.managed_policies, "detach all policies"),
        (user.password, "delete login profile"),
        (state.groups_of(user.name, call.partition), "remove users from group"),
    ):
        if left:
            raise Refusal(409, "DeleteConflict", f"Cannot delete entity, must {what} first.")


_BOUNDARIES = ("PutUserPermissionsBoundary", "DeleteUserPermissionsBoundary")


def answer_iam(access: Access) -> bytes | None:
    """Answer the calls that moto does not have, None for any other."""
    if access.call.operation in _BOUNDARIES:
        return _change_boundary(access)
    if access.call.operation != "ListServiceSpecificCredentials":
        return None
    name = access.call.params.get("UserName", "")
    if name and state.find_user(name, access.call.partition) is None:
        raise Refusal(404, "NoSuchEntity", f"The user with name {name} cannot be found.")
    return (
        b'<ListServiceSpecificCredentialsResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">'
        b"<ListServiceSpecificCredentialsResult><ServiceSpecificCredentials/>"
        b"</ListServiceSpecificCredentialsResult></ListServiceSpecificCredentialsResponse>"
    )


def _change_boundary(access: Access) -> bytes:
    call = access.call
    user = state.find_user(str(call.params.get("UserName", "")), call.partition)
    if user is None:
        message = f"The user with name {call.params.get('UserName')} cannot be found."
        raise Refusal(404, "NoSuchEntity", message)
    state.set_boundary(user, str(call.params.get("PermissionsBoundary", "")))
    return (
        f'<{call.operation}Response xmlns="https://iam.amazonaws.com/doc/2010-05-08/">'
        f"<ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></{call.operation}Response>"
    ).encode()
