# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The operation of an S3 request, and the IAM actions that AWS requires for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

Pair = tuple[str, str]


def _both(stem: str, action: str, delete: bool = False) -> dict[str, Pair]:
    pairs = {"GET": (f"Get{stem}", f"s3:Get{action}"), "PUT": (f"Put{stem}", f"s3:Put{action}")}
    if delete:
        pairs["DELETE"] = (f"Delete{stem}", f"s3:Put{action}")
    return pairs


_BUCKET: dict[str, dict[str, Pair]] = {
    "acl": _both("BucketAcl", "BucketAcl"),
    "cors": _both("BucketCors", "BucketCORS", delete=True),
    "policyStatus": {"GET": ("GetBucketPolicyStatus", "s3:GetBucketPolicyStatus")},
    "policy": _both("BucketPolicy", "BucketPolicy")
    | {"DELETE": ("DeleteBucketPolicy", "s3:DeleteBucketPolicy")},
    "publicAccessBlock": _both("PublicAccessBlock", "BucketPublicAccessBlock", delete=True),
    "ownershipControls": _both("BucketOwnershipControls", "BucketOwnershipControls", delete=True),
    "encryption": _both("BucketEncryption", "EncryptionConfiguration", delete=True),
    "tagging": _both("BucketTagging", "BucketTagging", delete=True),
    "versioning": _both("BucketVersioning", "BucketVersioning"),
    "lifecycle": _both("BucketLifecycleConfiguration", "LifecycleConfiguration", delete=True),
    "location": {"GET": ("GetBucketLocation", "s3:GetBucketLocation")},
    "logging": _both("BucketLogging", "BucketLogging"),
    "notification": _both("BucketNotificationConfiguration", "BucketNotification"),
    "requestPayment": _both("BucketRequestPayment", "BucketRequestPayment"),
    "accelerate": _both("BucketAccelerateConfiguration", "AccelerateConfiguration"),
    "website": _both("BucketWebsite", "BucketWebsite")
    | {"DELETE": ("DeleteBucketWebsite", "s3:DeleteBucketWebsite")},
    "replication": _both("BucketReplication", "ReplicationConfiguration", delete=True),
    "object-lock": _both("ObjectLockConfiguration", "BucketObjectLockConfiguration"),
    "inventory": _both("BucketInventoryConfiguration", "InventoryConfiguration", delete=True),
    "uploads": {"GET": ("ListMultipartUploads", "s3:ListBucketMultipartUploads")},
    "versions": {"GET": ("ListObjectVersions", "s3:ListBucketVersions")},
    "delete": {"POST": ("DeleteObjects", "s3:DeleteObject")},
    "": {
        "GET": ("ListObjects", "s3:ListBucket"),
        "HEAD": ("HeadBucket", "s3:ListBucket"),
        "PUT": ("CreateBucket", "s3:CreateBucket"),
        "DELETE": ("DeleteBucket", "s3:DeleteBucket"),
        "POST": ("PostObject", "s3:PutObject"),
    },
}
_KEY: dict[str, dict[str, Pair]] = {
    "uploadId": {
        "GET": ("ListParts", "s3:ListMultipartUploadParts"),
        "PUT": ("UploadPart", "s3:PutObject"),
        "POST": ("CompleteMultipartUpload", "s3:PutObject"),
        "DELETE": ("AbortMultipartUpload", "s3:AbortMultipartUpload"),
    },
    "uploads": {"POST": ("CreateMultipartUpload", "s3:PutObject")},
    "acl": _both("ObjectAcl", "ObjectAcl"),
    "tagging": _both("ObjectTagging", "ObjectTagging")
    | {"DELETE": ("DeleteObjectTagging", "s3:DeleteObjectTagging")},
    "retention": _both("ObjectRetention", "ObjectRetention"),
    "legal-hold": _both("ObjectLegalHold", "ObjectLegalHold"),
    "attributes": {"GET": ("GetObjectAttributes", "s3:GetObject")},
    "restore": {"POST": ("RestoreObject", "s3:RestoreObject")},
    "versionId": {
        "GET": ("GetObject", "s3:GetObjectVersion"),
        "HEAD": ("HeadObject", "s3:GetObjectVersion"),
        "DELETE": ("DeleteObject", "s3:DeleteObjectVersion"),
    },
    "": {
        "GET": ("GetObject", "s3:GetObject"),
        "HEAD": ("HeadObject", "s3:GetObject"),
        "PUT": ("PutObject", "s3:PutObject"),
        "DELETE": ("DeleteObject", "s3:DeleteObject"),
        "POST": ("PostObject", "s3:PutObject"),
    },
}
CONTROL_ACTIONS = {
    "GetPublicAccessBlock": "s3:GetAccountPublicAccessBlock",
    "PutPublicAccessBlock": "s3:PutAccountPublicAccessBlock",
    "DeletePublicAccessBlock": "s3:PutAccountPublicAccessBlock",
}
OBJECT_ACTIONS = frozenset(
    {action for table in _KEY.values() for _rest, action in table.values()}
    | {"s3:PutObjectAcl", "s3:GetObjectVersionAcl", "s3:PutObjectVersionAcl", "s3:GetObjectVersionTagging"}
    | {"s3:PutObjectVersionTagging", "s3:DeleteObjectVersionTagging", "s3:BypassGovernanceRetention"}
    | {"s3:GetObjectTorrent", "s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"}
    | {"s3:ObjectOwnerOverrideToBucketOwner", "s3:GetObjectVersionForReplication", "s3:GetObjectAttributes"}
)
BUCKET_ACTIONS = frozenset(
    {action for name, table in _BUCKET.items() for _rest, action in table.values()} - OBJECT_ACTIONS
    | {"s3:DeleteBucketWebsite", "s3:GetMetricsConfiguration", "s3:PutMetricsConfiguration"}
    | {"s3:GetAnalyticsConfiguration", "s3:PutAnalyticsConfiguration", "s3:GetBucketCORS"}
    | {"s3:GetIntelligentTieringConfiguration", "s3:PutIntelligentTieringConfiguration"}
)


def control_operation(method: str, path: str) -> str:
    if path.endswith("/configuration/publicAccessBlock"):
        return {"GET": "Get", "PUT": "Put", "DELETE": "Delete"}.get(method, method) + "PublicAccessBlock"
    return f"{method.capitalize()}{path.rsplit('/', 1)[-1].capitalize()}"


def _preflight() -> Pair:
    return "Preflight", "s3:Preflight"


def identify(
    method: str,
    bucket: str | None,
    key: str | None,
    query: Mapping[str, str],
    headers: Mapping[str, str],
) -> Pair:
    """Return the operation's name and its main IAM action."""
    if method == "OPTIONS":
        return _preflight()
    if bucket is None:
        return "ListBuckets", "s3:ListAllMyBuckets"
    operation, action = _look_up(_KEY if key else _BUCKET, method, query)
    if operation in ("PutObject", "UploadPart") and "x-amz-copy-source" in headers:
        operation = {"PutObject": "CopyObject", "UploadPart": "UploadPartCopy"}[operation]
    if operation == "ListObjects" and query.get("list-type") == "2":
        operation = "ListObjectsV2"
    return operation, action


def _look_up(table: dict[str, dict[str, Pair]], method: str, query: Mapping[str, str]) -> Pair:
    for name, methods in table.items():
        if name and name in query and method in methods:
            return methods[method]
    return table[""].get(method, (method, f"s3:{method}"))


def has_acl_header(headers: Mapping[str, str]) -> bool:
    return "x-amz-acl" in headers or any(name.startswith("x-amz-grant-") for name in headers)


def further_actions(operation: str, headers: Mapping[str, str]) -> list[str]:
    """Return the actions that some headers require besides the main one, on the same resource."""
    actions = []
    if operation in ("PutObject", "CopyObject", "CreateMultipartUpload"):
        if has_acl_header(headers):
            actions.append("s3:PutObjectAcl")
        if "x-amz-tagging" in headers:
            actions.append("s3:PutObjectTagging")
    if operation == "CreateBucket":
        if has_acl_header(headers):
            actions.append("s3:PutBucketAcl")
        if "x-amz-object-ownership" in headers:
            actions.append("s3:PutBucketOwnershipControls")
    return actions
