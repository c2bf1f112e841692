# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Why an upload fails and what to do: plain data in, a sentence out.

How AWS words a refusal:
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

PUBLIC_ACLS = ("public-read", "public-read-write")
# authenticated-read opens to every AWS account, which Block Public Access calls public as well.
BLOCKED_ACLS = (*PUBLIC_ACLS, "authenticated-read")
UNKNOWN_KEY = ("InvalidAccessKeyId", "InvalidClientTokenId", "UnrecognizedClientException")
# Answers to a HEAD have no body, so only the status.
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
# A key that is older is known everywhere at AWS.
_YOUNG = 600
_FOLDER = "run storage.yml for this folder, or correct s3StreamsFolderPath"
_NAMED = re.compile(
    r"not authorized to perform: (?P<action>[\w-]+:\w+)(?: on resource: \"?(?P<on>[^\"\s]+)\"?)?(?P<why>.*)",
    re.S,
)
_DENIERS = {
    "explicit deny in a resource-based policy": "a statement of the bucket policy denies it",
    "explicit deny in an identity-based policy": "a statement of the user's own policies denies it",
    "service control policy": "a service control policy of the organization denies it",
    "resource control policy": "a resource control policy of the organization denies it",
    "permissions boundary": "the user's permissions boundary does not allow it",
    "VPC endpoint policy": "the policy of the VPC endpoint on the way does not allow it",
    "session policy": "the session's own policy does not allow it",
}


@dataclass(frozen=True)
class Asked:
    """What an upload goes by: from the application's settings."""

    bucket: str
    key: str
    acl: str = ""
    region: str = ""
    endpoint: str = ""

    @property
    def folder(self) -> str:
        return self.key.rpartition("/")[0]


@dataclass(frozen=True)
class Answer:
    """What the store answered. region: where the bucket is, if that was told; waited: seconds.

    trouble: with the AWS credentials of the environment, where those asked.
    """

    ok: bool = False
    code: str = ""
    message: str = ""
    region: str = ""
    waited: float = 0
    nothing: Optional[NoAnswer] = None
    trouble: Optional[Trouble] = None

    @property
    def denied(self) -> bool:
        return self.code in DENIED

    @property
    def stops(self) -> bool:
        """Whether every further call must fail in the same way."""
        return self.nothing is not None or self.code in _STOPPING

    def came(self) -> str:
        if self.trouble is not None:
            return self.trouble.words
        if self.nothing is not None:
            return self.nothing.words
        if self.ok:
            return f"that, after {self.waited:.0f} s" if self.waited >= 1 else "that"
        text = f"{self.code}: {self.message}" if self.message and self.message != self.code else self.code
        return (
            f"{text.rstrip('. ')}, still after {self.waited:.0f} s" if self.waited >= 1 else text.rstrip(". ")
        )


@dataclass(frozen=True)
class Known:
    """What the provisioning credentials could find out to explain a failure; all of it may be unknown.

    key: "gone", "inactive" or "active" in IAM, key_age in seconds. owner: "own", "foreign" or "hidden".
    account, block: the switches of Block Public Access.
    policy: of the bucket, empty where it has none; public: what S3 itself says of it.
    user_policies: all that bind the key's user.
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
        """The account or the bucket, whichever has this switch of Block Public Access on."""
        if self.account and self.account[switch]:
            return f"the account's own Block Public Access ({SWITCHES[switch]})"
        if self.block and self.block[switch]:
            return f"Block Public Access of the bucket ({SWITCHES[switch]})"
        return ""


NOTHING_KNOWN = Known()


@dataclass(frozen=True)
class Refusal:
    """What a message of AWS names: the action, and the policy that stands against it."""

    action: str = ""
    by: str = ""
    blocked: bool = False


def read_refusal(message: str) -> Refusal:
    found = _NAMED.search(message)
    if found is None:
        return Refusal()
    why = found["why"]
    by = next((words for text, words in _DENIERS.items() if text in why), "")
    return Refusal(found["action"], by, "block public access setting" in why)


def list_remedy(answer: Answer, asked: Asked, known: Known) -> str:
    """What to do where the list with an empty prefix was refused."""
    if not answer.denied:
        return general_remedy(answer, asked, known)
    refusal = read_refusal(answer.message)
    if refusal.by:
        return f"The key needs s3:ListBucket on {asked.bucket}, but {refusal.by}"
    if known.owner == "foreign":
        return (
            f"Bucket {asked.bucket} belongs to another account, whose bucket policy must allow the key's "
            "user s3:ListBucket, and s3:PutObject, s3:PutObjectAcl and s3:GetObject on the folder; or name "
            "a bucket of your own"
        )
    if known.owner == "hidden" and not refusal.action:
        return (
            f"Bucket {asked.bucket} is refused to the provisioning credentials too, so it seems to belong to "
            "another account: see s3BucketName, bucket names are shared by all accounts"
        )
    return (
        "The key needs s3:ListBucket on the whole bucket, without a condition on the prefix: run storage.yml"
    )


def head_remedy(head: Answer, listed: Answer, put: Answer, asked: Asked) -> str:
    """What to do where HEAD of a missing object did not come to 404."""
    if not head.denied:
        return general_remedy(head, asked, NOTHING_KNOWN)
    if not listed.ok:
        return (
            "Without s3:ListBucket S3 answers 403 for what is missing, so this goes with the link list; "
            f"s3:GetObject on {asked.folder}/* is needed as well"
        )
    if not put.ok and put.denied:
        return f"The key's policy lacks s3:GetObject on {asked.folder}/*: see the link put"
    return (
        f"The key can list and write but not read: it needs s3:GetObject on {asked.folder}/*: run storage.yml"
    )


def put_remedy(
    put: Answer,
    without_acl: Optional[Answer],
    head: Answer,
    listed: Answer,
    asked: Asked,
    known: Known = NOTHING_KNOWN,
) -> str:
    """What to do where the upload was refused. without_acl: the same without an ACL, where that was tried."""
    if put.code in ("AccessControlListNotSupported", "InvalidBucketAclWithObjectOwnership"):
        return (
            f"ACLs are disabled in bucket {asked.bucket} (BucketOwnerEnforced), which refuses {asked.acl}: "
            "set s3Permission to bucket-owner-full-control, or enable ACLs with storage.yml and delivery acl"
        )
    if not put.denied:
        return general_remedy(put, asked, known)
    refusal = read_refusal(put.message)
    if refusal.blocked:
        return _blocked_acl(asked, known)
    if refusal.action == "s3:PutObjectAcl" or (without_acl is not None and without_acl.ok):
        return _acl_refused(refusal, asked, known)
    if refusal.action and refusal.action != "s3:PutObject":
        return _other_action(refusal)
    if refusal.by:
        return f"The key needs s3:PutObject on {asked.folder}/*, but {refusal.by}"
    return _write_refused(head, listed, asked, known)


def _acl_refused(refusal: Refusal, asked: Asked, known: Known) -> str:
    if asked.acl in BLOCKED_ACLS and not refusal.action and known.who_blocks("block_public_acls"):
        return _blocked_acl(asked, known)
    if refusal.by:
        return f"The key needs s3:PutObjectAcl on {asked.folder}/*, but {refusal.by}"
    proof = "" if refusal.action else " (the same without an ACL was stored)"
    return (
        f"The key may write but not set ACLs{proof}: it needs s3:PutObjectAcl on {asked.folder}/*: run "
        "storage.yml"
    )


def _blocked_acl(asked: Asked, known: Known) -> str:
    who = known.who_blocks("block_public_acls") or "Block Public Access (BlockPublicAcls)"
    return (
        f"{who[:1].upper()}{who[1:]} refuses the ACL {asked.acl}: turn that off with storage.yml and "
        "delivery acl, or set s3Permission to bucket-owner-full-control and open the folder by bucket "
        "policy (delivery public)"
    )


def _other_action(refusal: Refusal) -> str:
    if refusal.action.startswith("kms:"):
        return f"The bucket encrypts with a KMS key, for which the key's user needs {refusal.action}"
    return f"The key needs {refusal.action}" + (f", but {refusal.by}" if refusal.by else ": run storage.yml")


def _write_refused(head: Answer, listed: Answer, asked: Asked, known: Known) -> str:
    """Whether the key's policy lacks the action or does not reach the folder."""
    if known.owner in ("foreign", "hidden"):
        return f"Bucket {asked.bucket} is not this account's: see the link list"
    if known.user_policies is not None:
        return _read_in_policies(known.user_policies, asked)
    if listed.ok and not head.ok:
        return (
            f"The key's policy does not reach the folder {asked.folder} (s3:GetObject is refused as well): "
            f"{_FOLDER}"
        )
    # That HEAD is allowed proves little: a public bucket policy lets everyone read.
    return f"The key needs s3:PutObject and s3:PutObjectAcl on {asked.folder}/*: {_FOLDER}"


def _read_in_policies(policies: Sequence[Mapping[str, Any]], asked: Asked) -> str:
    allowing = list(statements_for(policies, "Allow", "s3:PutObject"))
    if any(applies_to(each, f"{asked.bucket}/{asked.key}") for each in allowing):
        return (
            "The policies of the key's user allow s3:PutObject there, so something else refuses it: a "
            "condition in them, the bucket policy, or a rule of the organization or of the network"
        )
    elsewhere = [place for each in allowing for place in resources(each)]
    if elsewhere:
        return (
            f"The key's policy allows s3:PutObject on {', '.join(elsewhere)}, but not on "
            f"{asked.bucket}/{asked.folder}/*: {_FOLDER}"
        )
    return f"The key's policy allows s3:PutObject nowhere, it is needed on {asked.folder}/*: run storage.yml"


def removal_remedy(answer: Answer, asked: Asked, versions: bool) -> str:
    """What to do where the AWS credentials of the environment could not remove an object."""
    if answer.trouble is not None:
        return answer.trouble.remedy
    if answer.nothing is not None:
        return unreachable_store(answer.nothing, asked)
    rights = "s3:DeleteObject" + (" and s3:DeleteObjectVersion" if versions else "")
    return f"The AWS credentials of the environment need {rights} on {asked.bucket}/{asked.folder}/*"


def general_remedy(answer: Answer, asked: Asked, known: Known) -> str:
    """For the answers that mean the same whatever was asked."""
    if answer.nothing is not None:
        return unreachable_store(answer.nothing, asked)
    for codes, words in _BY_CODE:
        if answer.code in codes:
            return words(answer, asked, known)
    if answer.code.startswith("5") or answer.code in ("SlowDown", "InternalError", "ServiceUnavailable"):
        return "The store has trouble by itself: run again later"
    return f"See what the store says, and the settings of bucket {asked.bucket}"


def unreachable_store(nothing: NoAnswer, asked: Asked) -> str:
    """What to do where the store gave no answer at all."""
    where = "s3Endpoint" if asked.endpoint else "s3RegionName"
    given = asked.endpoint or asked.region or "empty"
    return {
        "dns": f"Is {where} ({given}) right? The host that runs this check must be able to resolve the name",
        "refused": f"Is the port in {where} ({given}) right, and is the store running?",
        "timeout": f"Is {where} ({given}) right, and does a firewall let this host through?",
        "route": f"Is {where} ({given}) right, and does this host have a way there?",
        "tls": (
            f"Does {where} ({given}) name the right scheme and port, and does this host trust the store's "
            "certificate (AWS_CA_BUNDLE)?"
        ),
        "proxy": "See HTTPS_PROXY, HTTP_PROXY and NO_PROXY of this host",
    }.get(nothing.kind, f"Is {where} ({given}) right, and are bucket and region well-formed?")


def _unknown_key(answer: Answer, _asked: Asked, known: Known) -> str:
    renew = "run storage.yml for a new one, then servers.yml"
    if known.key == "gone":
        return f"IAM has no such key, it was deleted or is another account's: {renew}"
    if known.key == "inactive":
        return f"The key is inactive in IAM: activate it, or {renew}"
    if known.key == "active" and known.key_age < _YOUNG:
        return (
            f"IAM has the key, {known.key_age:.0f} s old and not yet known to S3: run again, or raise "
            "wait_timeout"
        )
    if known.key == "active":
        return "IAM has the key and it is active, but this store does not know it: see s3Endpoint"
    learned = f" and did not learn of it within {answer.waited:.0f} s" if answer.waited >= 1 else ""
    return f"The store does not know the access key{learned}: {renew}"


def _wrong_secret(_answer: Answer, _asked: Asked, _known: Known) -> str:
    return (
        "The secret does not belong to the access key: run servers.yml, which takes both from the key's store"
    )


def _temporary(_answer: Answer, _asked: Asked, _known: Known) -> str:
    return (
        "AMS takes no temporary credentials: it needs the key of an IAM user, run storage.yml, then "
        "servers.yml"
    )


def _no_bucket(_answer: Answer, asked: Asked, _known: Known) -> str:
    return f"The bucket {asked.bucket} does not exist: run storage.yml, or correct s3BucketName"


def _wrong_region(answer: Answer, asked: Asked, _known: Known) -> str:
    if not asked.region:
        told = f" ({answer.region})" if answer.region else ""
        return (
            f"s3RegionName is empty, so that AMS signs without the region that this store wants{told}: run "
            "servers.yml, which sets it"
        )
    wrong = f"not in {asked.region}"
    if answer.region and answer.region != asked.region:
        return (
            f"The bucket is in {answer.region}, {wrong}: set s3RegionName to {answer.region} with servers.yml"
        )
    return f"The bucket is {wrong}: set s3RegionName (and s3Endpoint, if any) to where it is with servers.yml"


def _wrong_clock(_answer: Answer, _asked: Asked, _known: Known) -> str:
    return "The clock of the host that runs this check is wrong; see that of the server too"


def _storage_class(_answer: Answer, _asked: Asked, _known: Known) -> str:
    return "The store does not have the storage class of s3StorageClass: correct it, run servers.yml"


def _bucket_name(_answer: Answer, asked: Asked, _known: Known) -> str:
    return f"No bucket can have the name '{asked.bucket}': correct s3BucketName"


_BY_CODE = (
    (UNKNOWN_KEY, _unknown_key),
    (("SignatureDoesNotMatch",), _wrong_secret),
    (("InvalidToken", "ExpiredToken"), _temporary),
    (NO_BUCKET, _no_bucket),
    (_REGION, _wrong_region),
    (("RequestTimeTooSkewed",), _wrong_clock),
    (("InvalidStorageClass",), _storage_class),
    (("InvalidBucketName",), _bucket_name),
)
