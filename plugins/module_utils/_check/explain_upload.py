# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Explain why an upload fails and what to do: plain data in, a sentence out.

Texts of refusals by AWS:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/troubleshoot-403-errors.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Optional

from .._aws.credentials import Trouble
from .._aws.policy import applies_to, resources, statements_for
from .._aws.s3_bucket_access_model import SWITCHES, Block
from .._common.network import NoAnswer
from .report import AS_EXPECTED

PUBLIC_ACLS = ("public-read", "public-read-write")
# authenticated-read opens to every AWS account, which Block Public Access calls public as well.
BLOCKED_ACLS = (*PUBLIC_ACLS, "authenticated-read")
UNKNOWN_KEY = ("InvalidAccessKeyId", "InvalidClientTokenId", "UnrecognizedClientException")
# A response to HEAD has no body, so only the status is known.
DENIED = ("AccessDenied", "AllAccessDisabled", "403")
_REGION = (
    "AuthorizationHeaderMalformed",
    "IllegalLocationConstraintException",
    "PermanentRedirect",
    "TemporaryRedirect",
    "IncorrectEndpoint",
    "301",
    "307",
)
NO_BUCKET = ("NoSuchBucket",)
_KEY_REFUSED = (*UNKNOWN_KEY, "SignatureDoesNotMatch", "InvalidToken", "ExpiredToken")
_STOPPING = (*_KEY_REFUSED, *_REGION, *NO_BUCKET, "RequestTimeTooSkewed", "InvalidBucketName")
# An older key is known everywhere on AWS. Seconds.
_YOUNG = 600
_FOLDER = "run storage.yml for this folder, or correct s3StreamsFolderPath"
_NAMED = re.compile(
    r"not authorized to perform: (?P<action>[\w-]+:\w+)(?: on resource: \"?(?P<on>[^\"\s]+)\"?)?(?P<why>.*)",
    re.S,
)
_DENIERS = {
    "explicit deny in a resource-based policy": "a statement of the bucket policy denies it",
    "explicit deny in an identity-based policy": "a statement of the user's policies denies it",
    "service control policy": "a service control policy of the organization denies it",
    "resource control policy": "a resource control policy of the organization denies it",
    "permissions boundary": "the user's permissions boundary does not allow it",
    "VPC endpoint policy": "the policy of the VPC endpoint on the way does not allow it",
    "session policy": "the session's own policy does not allow it",
}

_TEMPORARY = (
    "AMS does not support temporary credentials: it needs the key of an IAM user, run storage.yml, then "
    "servers.yml"
)
_BY_CODE = {
    "SignatureDoesNotMatch": (
        "The secret does not belong to the access key: run servers.yml, which takes both from the key store"
    ),
    "InvalidToken": _TEMPORARY,
    "ExpiredToken": _TEMPORARY,
    "RequestTimeTooSkewed": "The clock of the host that runs this check is wrong; see that of the server too",
    "InvalidStorageClass": (
        "The S3 provider does not have the storage class of s3StorageClass: correct it, run servers.yml"
    ),
}


@dataclass(frozen=True)
class UploadTarget:
    """Where and how an application uploads, from its settings."""

    bucket: str
    key: str
    acl: str = ""
    region: str = ""
    endpoint: str = ""

    @property
    def folder(self) -> str:
        return self.key.rpartition("/")[0]


@dataclass(frozen=True)
class S3Response:
    """A response of the S3 provider. region: of the bucket, if the response names it. waited: seconds.

    failure: why there was no response. trouble: with the AWS credentials of the environment, if used.
    """

    ok: bool = False
    code: str = ""
    message: str = ""
    region: str = ""
    waited: float = 0
    failure: Optional[NoAnswer] = None
    trouble: Optional[Trouble] = None

    @property
    def denied(self) -> bool:
        return self.code in DENIED

    @property
    def stops(self) -> bool:
        """True if every other call must fail in the same way."""
        return self.failure is not None or self.code in _STOPPING

    def describe(self) -> str:
        problem = self.trouble or self.failure
        if problem is not None:
            return problem.words
        if self.ok:
            return after(AS_EXPECTED, self.waited)
        text = f"{self.code}: {self.message}" if self.message and self.message != self.code else self.code
        return after(text.rstrip(". "), self.waited, "still after")


def after(text: str, waited: float, preposition: str = "after") -> str:
    """Return a text with the seconds that were waited for it, if any."""
    return f"{text}, {preposition} {waited:.0f} s" if waited >= 1 else text


@dataclass(frozen=True)
class Evidence:
    """Facts that explain a failure, read with the provisioning credentials. Each may be unknown.

    key: "gone", "inactive" or "active" in IAM, key_age in seconds. owner: "own", "other" or "hidden".
    account, block: the switches of Block Public Access.
    policy: of the bucket, empty if it has none. public: True if S3 calls the policy public.
    user_policies: all policies of the key's user.
    """

    key: str = ""
    key_age: float = 0
    owner: str = ""
    account: Optional[Block] = None
    block: Optional[Block] = None
    policy: Optional[Mapping[str, Any]] = field(default=None)
    public: Optional[bool] = None
    user_policies: Optional[tuple[Mapping[str, Any], ...]] = None

    def who_blocks(self, switch: str) -> str:
        """Return who has this switch of Block Public Access on, the account or the bucket, or ""."""
        if self.account and self.account[switch]:
            return f"the account's own Block Public Access ({SWITCHES[switch]})"
        if self.block and self.block[switch]:
            return f"Block Public Access of the bucket ({SWITCHES[switch]})"
        return ""


NO_EVIDENCE = Evidence()


@dataclass(frozen=True)
class Refusal:
    """The action that a message of AWS names, and the policy that denies it."""

    action: str = ""
    by: str = ""
    blocked: bool = False


def parse_refusal(message: str) -> Refusal:
    found = _NAMED.search(message)
    if found is None:
        return Refusal()
    why = found["why"]
    by = next((denier for text, denier in _DENIERS.items() if text in why), "")
    return Refusal(found["action"], by, "block public access setting" in why)


def list_remedy(response: S3Response, target: UploadTarget, evidence: Evidence) -> str:
    """Return what to do if the list with an empty prefix was refused."""
    if not response.denied:
        return general_remedy(response, target, evidence)
    refusal = parse_refusal(response.message)
    if refusal.by:
        return f"The key needs s3:ListBucket on {target.bucket}, but {refusal.by}"
    if evidence.owner == "other":
        return (
            f"Bucket {target.bucket} belongs to another account, whose bucket policy must allow the key's "
            "user s3:ListBucket, and s3:PutObject, s3:PutObjectAcl and s3:GetObject on the folder; or name "
            "your own bucket"
        )
    if evidence.owner == "hidden" and not refusal.action:
        return (
            f"S3 refuses bucket {target.bucket} to the provisioning credentials too, so it seems to belong "
            "to another account: see s3BucketName, bucket names are global"
        )
    return (
        "The key needs s3:ListBucket on the whole bucket, without a condition on the prefix: run storage.yml"
    )


def head_remedy(head: S3Response, listed: S3Response, put: S3Response, target: UploadTarget) -> str:
    """Return what to do if HEAD of a missing object did not return 404."""
    if not head.denied:
        return general_remedy(head, target, NO_EVIDENCE)
    if not listed.ok:
        return (
            "Without s3:ListBucket S3 returns 403 for a missing object, see the check 'list'; "
            f"s3:GetObject on {target.folder}/* is needed as well"
        )
    if not put.ok and put.denied:
        return f"The key's policy lacks s3:GetObject on {target.folder}/*: see the check 'put'"
    return (
        "The key can list and write but not read: it needs s3:GetObject on "
        f"{target.folder}/*: run storage.yml"
    )


def put_remedy(
    put: S3Response,
    without_acl: Optional[S3Response],
    head: S3Response,
    listed: S3Response,
    target: UploadTarget,
    evidence: Evidence = NO_EVIDENCE,
) -> str:
    """Return what to do if the upload was refused. without_acl: the response without an ACL, if tried."""
    if put.code in ("AccessControlListNotSupported", "InvalidBucketAclWithObjectOwnership"):
        return (
            f"ACLs are disabled in bucket {target.bucket} (BucketOwnerEnforced), which refuses {target.acl}: "
            "set s3Permission to bucket-owner-full-control, or enable ACLs with storage.yml and delivery acl"
        )
    if not put.denied:
        return general_remedy(put, target, evidence)
    refusal = parse_refusal(put.message)
    if refusal.blocked:
        return _blocked_acl(target, evidence)
    if refusal.action == "s3:PutObjectAcl" or (without_acl is not None and without_acl.ok):
        return _acl_refused(refusal, target, evidence)
    if refusal.action and refusal.action != "s3:PutObject":
        return _other_action(refusal)
    if refusal.by:
        return f"The key needs s3:PutObject on {target.folder}/*, but {refusal.by}"
    return _write_refused(head, listed, target, evidence)


def _acl_refused(refusal: Refusal, target: UploadTarget, evidence: Evidence) -> str:
    if target.acl in BLOCKED_ACLS and not refusal.action and evidence.who_blocks("block_public_acls"):
        return _blocked_acl(target, evidence)
    if refusal.by:
        return f"The key needs s3:PutObjectAcl on {target.folder}/*, but {refusal.by}"
    seen = "" if refusal.action else " (without an ACL the object was stored)"
    return (
        f"The key may write but not set ACLs{seen}: it needs s3:PutObjectAcl on {target.folder}/*: run "
        "storage.yml"
    )


def _blocked_acl(target: UploadTarget, evidence: Evidence) -> str:
    who = evidence.who_blocks("block_public_acls") or "Block Public Access (BlockPublicAcls)"
    return (
        f"{who[:1].upper()}{who[1:]} refuses the ACL {target.acl}: turn that off with storage.yml and "
        "delivery acl, or set s3Permission to bucket-owner-full-control and open the folder by bucket "
        "policy (delivery public)"
    )


def _other_action(refusal: Refusal) -> str:
    if refusal.action.startswith("kms:"):
        return f"The bucket encrypts with a KMS key, for which the key's user needs {refusal.action}"
    return f"The key needs {refusal.action}" + (f", but {refusal.by}" if refusal.by else ": run storage.yml")


def _write_refused(head: S3Response, listed: S3Response, target: UploadTarget, evidence: Evidence) -> str:
    """Return whether the key's policy lacks the action or does not include the folder."""
    if evidence.owner in ("other", "hidden"):
        return f"Bucket {target.bucket} is not this account's: see the check 'list'"
    if evidence.user_policies is not None:
        return _explain_by_policies(evidence.user_policies, target)
    if listed.ok and not head.ok:
        return (
            f"The key's policy does not include the folder {target.folder} (s3:GetObject is refused too): "
            f"{_FOLDER}"
        )
    # An allowed HEAD says little: a public bucket policy lets everyone read.
    return f"The key needs s3:PutObject and s3:PutObjectAcl on {target.folder}/*: {_FOLDER}"


def _explain_by_policies(policies: Sequence[Mapping[str, Any]], target: UploadTarget) -> str:
    allowing = list(statements_for(policies, "Allow", "s3:PutObject"))
    if any(applies_to(each, f"{target.bucket}/{target.key}") for each in allowing):
        return (
            "The policies of the key's user allow s3:PutObject there, so something else denies it: a "
            "condition in them, the bucket policy, or a rule of the organization or of the network"
        )
    elsewhere = [place for each in allowing for place in resources(each)]
    if elsewhere:
        return (
            f"The key's policy allows s3:PutObject on {', '.join(elsewhere)}, but not on "
            f"{target.bucket}/{target.folder}/*: {_FOLDER}"
        )
    return f"The key's policy allows s3:PutObject nowhere, it is needed on {target.folder}/*: run storage.yml"


def removal_remedy(response: S3Response, target: UploadTarget, versions: bool) -> str:
    """Return what to do if the AWS credentials of the environment could not remove an object."""
    if response.trouble is not None:
        return response.trouble.remedy
    if response.failure is not None:
        return unreachable_provider(response.failure, target)
    rights = "s3:DeleteObject" + (" and s3:DeleteObjectVersion" if versions else "")
    return f"The AWS credentials of the environment need {rights} on {target.bucket}/{target.folder}/*"


def general_remedy(response: S3Response, target: UploadTarget, evidence: Evidence) -> str:
    """Return what to do after a response that means the same for every call."""
    if response.failure is not None:
        return unreachable_provider(response.failure, target)
    if response.code in UNKNOWN_KEY:
        return _unknown_key(response, evidence)
    if response.code in _REGION:
        return _wrong_region(response, target)
    if response.code in NO_BUCKET:
        return f"The bucket {target.bucket} does not exist: run storage.yml, or correct s3BucketName"
    if response.code == "InvalidBucketName":
        return f"No bucket can have the name '{target.bucket}': correct s3BucketName"
    if response.code in _BY_CODE:
        return _BY_CODE[response.code]
    if response.code.startswith("5") or response.code in ("SlowDown", "InternalError", "ServiceUnavailable"):
        return "The S3 provider failed: run again later"
    return f"See the error of the S3 provider, and the settings of bucket {target.bucket}"


def unreachable_provider(failure: NoAnswer, target: UploadTarget) -> str:
    """Return what to do if the S3 provider did not respond."""
    where = "s3Endpoint" if target.endpoint else "s3RegionName"
    given = target.endpoint or target.region or "empty"
    return {
        "dns": f"Is {where} ({given}) right? The host that runs this check must be able to resolve the name",
        "refused": f"Is the port in {where} ({given}) right, and is the S3 service running?",
        "timeout": f"Is {where} ({given}) right, and does a firewall let this host through?",
        "route": f"Is {where} ({given}) right, and does this host have a route there?",
        "tls": (
            f"Does {where} ({given}) name the right scheme and port, and does this host trust the "
            "certificate of the S3 service (AWS_CA_BUNDLE)?"
        ),
        "proxy": "See HTTPS_PROXY, HTTP_PROXY and NO_PROXY of this host",
    }.get(failure.kind, f"Is {where} ({given}) right, and are bucket and region well-formed?")


def _unknown_key(response: S3Response, evidence: Evidence) -> str:
    renew = "run storage.yml for a new one, then servers.yml"
    if evidence.key == "gone":
        return f"IAM has no such key, it was deleted or is another account's: {renew}"
    if evidence.key == "inactive":
        return f"The key is inactive in IAM: activate it, or {renew}"
    if evidence.key == "active" and evidence.key_age < _YOUNG:
        return (
            f"IAM has the key, {evidence.key_age:.0f} s old and not yet known to S3: run again, or raise "
            "wait_timeout"
        )
    if evidence.key == "active":
        return "IAM has the key and it is active, but this S3 provider does not know it: see s3Endpoint"
    waited = f", still after {response.waited:.0f} s" if response.waited >= 1 else ""
    return f"The S3 provider does not know the access key{waited}: {renew}"


def _wrong_region(response: S3Response, target: UploadTarget) -> str:
    if not target.region:
        region = f" ({response.region})" if response.region else ""
        return (
            f"s3RegionName is empty, so AMS signs without the region that this provider requires{region}: "
            "run servers.yml, which sets it"
        )
    wrong = f"not in {target.region}"
    if response.region and response.region != target.region:
        return (
            f"The bucket is in {response.region}, {wrong}: set s3RegionName to {response.region} with "
            "servers.yml"
        )
    return f"The bucket is {wrong}: set s3RegionName (and s3Endpoint, if any) to where it is with servers.yml"
