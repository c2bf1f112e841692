# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Authentication and authorisation of every service."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from . import cloudfront_actions, moto_kms, sigv4
from . import moto_state as state
from .account import ACCOUNT
from .errors import Refusal
from .policy import ContextValue, Question, Verdict, is_public, judge
from .resources import resources
from .s3_actions import further_actions

if TYPE_CHECKING:
    from .call import Call
    from .edge import Service

_UNKNOWN_KEY = {
    "s3": (403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records."),
    "query": (403, "InvalidClientTokenId", "The security token included in the request is invalid."),
    "json": (400, "UnrecognizedClientException", "The security token included in the request is invalid."),
}
_ALWAYS_ALLOWED = ("sts:GetCallerIdentity",)


@dataclass
class Settings:
    key_delay: float = 0.0
    policy_delay: float = 0.0
    https: bool = False
    distribution_delay: float = 0.0
    quirks: list[str] = field(default_factory=list)


def authenticate(call: Call, settings: Settings) -> tuple[state.Caller | None, bytes]:
    """Return the signer of a request (None: nobody), and its body for the service."""
    signature = None if call.protocol == "edge" else sigv4.read_signature(call)
    if signature is None:
        if call.protocol not in ("s3", "edge"):
            raise Refusal(403, "MissingAuthenticationToken", "Request is missing Authentication Token")
        return None, sigv4.plain_body(call, None, None)
    token = call.headers.get("x-amz-security-token") or call.query.get("X-Amz-Security-Token")
    caller = state.find_caller(call.access_key_id or "", token, call.partition, settings.key_delay)
    if caller is None:
        status, code, message = _UNKNOWN_KEY[call.protocol]
        extra = {"AWSAccessKeyId": call.access_key_id or ""} if call.protocol == "s3" else {}
        raise Refusal(status, code, message, **extra)
    try:
        sigv4.check(call, signature, caller.secret)
    except Refusal as refusal:
        if call.protocol == "json" and refusal.code == "SignatureDoesNotMatch":
            raise Refusal(400, "InvalidSignatureException", refusal.message) from refusal
        raise
    return caller, sigv4.plain_body(call, signature, caller.secret)


def _context(call: Call, caller: state.Caller | None, settings: Settings) -> dict[str, ContextValue]:
    secure = settings.https or call.headers.get("x-forwarded-proto") == "https"
    context: dict[str, ContextValue] = {
        "aws:securetransport": str(secure).lower(),
        "aws:sourceip": call.environ.get("REMOTE_ADDR", "127.0.0.1"),
        "aws:requestedregion": call.region,
    }
    given = {
        "aws:referer": call.headers.get("referer"),
        "aws:useragent": call.headers.get("user-agent"),
        "s3:x-amz-acl": call.headers.get("x-amz-acl"),
        "s3:x-amz-storage-class": call.headers.get("x-amz-storage-class"),
        "s3:prefix": call.query.get("prefix"),
        "s3:delimiter": call.query.get("delimiter"),
        "s3:max-keys": call.query.get("max-keys"),
    }
    context |= {key: value for key, value in given.items() if value is not None}
    if caller:
        context |= {"aws:username": caller.name, "aws:principalarn": caller.arn}
        context |= {"aws:principalaccount": ACCOUNT, "aws:principalisawsservice": "false"}
    return context


_REQUESTED_BOUNDARY = ("CreateUser", "PutUserPermissionsBoundary")


def _iam_context(call: Call) -> dict[str, ContextValue]:
    """Return the boundary in a request or else of its user, the policy and the keys of tags."""
    context: dict[str, ContextValue] = {}
    user = state.find_user(str(call.params.get("UserName", "")), call.partition)
    boundary = str(call.params.get("PermissionsBoundary", ""))
    if call.operation not in _REQUESTED_BOUNDARY:
        boundary = state.boundary_of(user) if user else ""
    if boundary:
        context["iam:permissionsboundary"] = boundary
    policy = str(call.params.get("PolicyArn", ""))
    if policy:
        context["iam:policyarn"] = policy
    keys = [
        str(value)
        for name, value in call.params.items()
        if name.startswith("Tags.member.") and name.endswith(".Key")
    ]
    return context | ({"aws:tagkeys": tuple(keys)} if keys else {})


def _service_context(service: Service) -> dict[str, ContextValue]:
    return {
        "aws:principalisawsservice": "true",
        "aws:principalservicename": service.principal,
        "aws:sourcearn": service.source_arn,
        "aws:sourceaccount": ACCOUNT,
    }


def _kms_context(resource: str, call: Call) -> dict[str, ContextValue]:
    key = moto_kms.find_key(resource, call.region)
    if key is None:
        return {}
    context: dict[str, ContextValue] = {
        "kms:calleraccount": ACCOUNT,
        "kms:resourcealiases": tuple(key.aliases),
    }
    if call.protocol == "s3":
        context["kms:viaservice"] = f"s3.{call.region}.amazonaws.com"
    return context


@dataclass
class Access:
    """One request's rights."""

    call: Call
    caller: state.Caller | None
    settings: Settings
    service: Service | None = None

    def __post_init__(self) -> None:
        self._context = _context(self.call, self.caller, self.settings)
        if self.service:
            self._context |= _service_context(self.service)
        if self.call.service == "iam":
            self._context |= _iam_context(self.call)

    def _question(self, action: str, resource: str) -> Question:
        context = self._context
        if action.startswith("kms:"):
            context = context | _kms_context(resource, self.call)
        caller = self.caller.arn if self.caller else None
        service = self.service.principal if self.service else None
        return Question(action, resource, caller, context, service)

    def require(self, action: str, resource: str) -> None:
        verdict, why = self._weigh(action, resource)
        if verdict is not Verdict.ALLOW:
            raise self.denied(action, resource, why)

    def allows(self, action: str, resource: str) -> bool:
        return self._weigh(action, resource)[0] is Verdict.ALLOW

    def _weigh(self, action: str, resource: str) -> tuple[Verdict, str]:
        question = self._question(action, resource)
        identity = judge(self.caller.documents, question) if self.caller else Verdict.NONE
        if identity is Verdict.DENY:
            return identity, "with an explicit deny in an identity-based policy"
        limit = self.caller.boundary if self.caller else None
        limited = Verdict.ALLOW if limit is None else judge([limit], question)
        if limited is Verdict.DENY:
            return limited, "with an explicit deny in a permissions boundary"
        if identity is Verdict.ALLOW and limited is not Verdict.ALLOW:
            why = f"because no permissions boundary allows the {action} action"
            return Verdict.NONE, why
        by_resource = self._bucket_verdict(question) if self.call.protocol == "s3" else Verdict.NONE
        if by_resource is Verdict.DENY:
            return by_resource, "with an explicit deny in a resource-based policy"
        if self._is_closed(question):
            return Verdict.NONE, f"because no resource-based policy allows the {action} action"
        allowing = [verdict is Verdict.ALLOW for verdict in (identity, by_resource)]
        # Across accounts both sides have to agree.
        if all(allowing) if self.caller and _of_another_account(question) else any(allowing):
            return Verdict.ALLOW, ""
        return Verdict.NONE, f"because no identity-based policy allows the {action} action"

    def _bucket_verdict(self, question: Question) -> Verdict:
        bucket = _bucket_of(question)
        if bucket is None:
            return Verdict.NONE
        verdict = Verdict.NONE
        if bucket.policy:
            document = json.loads(bucket.policy)
            verdict = judge([document], question, resource_based=True)
            restricted = state.switch_on(bucket, "restrict_public_buckets") and is_public(document)
            if verdict is Verdict.ALLOW and restricted and question.is_anonymous:
                verdict = Verdict.NONE
        if verdict is Verdict.NONE and self._acl_allows(bucket, question):
            return Verdict.ALLOW
        return verdict

    def _is_closed(self, question: Question) -> bool:
        """True if the object belongs to another account, so that no policy of this one opens it."""
        if not question.action.startswith("s3:GetObject") and self.call.operation != "PutObjectAcl":
            return False
        bucket = _bucket_of(question)
        if bucket is None:
            return False
        key = question.resource.partition("/")[2]
        found = state.find_version(bucket, key, self.call.query.get("versionId"))
        if state.foreign_owner(bucket, found) is None or self._acl_allows(bucket, question):
            return False
        return question.principal is None or not state.kept(found, "open_to_owner")

    def _acl_allows(self, bucket: Any, question: Question) -> bool:
        if state.acls_disabled(bucket) or state.switch_on(bucket, "ignore_public_acls"):
            return False
        signed = question.principal is not None
        if question.action == "s3:GetObject":
            found = state.find_object(bucket, question.resource.split("/", 1)[-1])
            return found is not None and state.acl_grants(found.acl, "READ", signed)
        if question.action == "s3:ListBucket":
            return state.acl_grants(bucket.acl, "READ", signed)
        if question.action in ("s3:PutObject", "s3:DeleteObject"):
            return state.acl_grants(bucket.acl, "WRITE", signed)
        return False

    def denied(self, action: str, resource: str, why: str) -> Refusal:
        message = "Access Denied"
        # Another account gets no more detail.
        if self.caller and not (
            self.call.protocol == "s3" and _of_another_account(Question(action, resource))
        ):
            shown = f'"{resource}"' if action.startswith("s3:") and self.call.protocol == "s3" else resource
            message = (
                f"User: {self.caller.arn} is not authorized to perform: {action} on resource: {shown} {why}"
            )
        if self.call.protocol == "json":
            return Refusal(400, "AccessDeniedException", message)
        return Refusal(403, "AccessDenied", message)

    def bucket_arn(self) -> str:
        bucket = state.find_bucket(self.call.bucket)
        # A request that nobody signed names no region, from which the partition follows.
        return f"arn:{bucket.partition if bucket else self.call.partition}:s3:::{self.call.bucket}"

    def resource(self) -> str:
        return self.bucket_arn() + (f"/{self.call.key}" if self.call.key else "")


def _bucket_of(question: Question) -> Any:
    return state.find_bucket(question.resource.split(":::", 1)[-1].split("/", 1)[0])


def _of_another_account(question: Question) -> bool:
    bucket = _bucket_of(question)
    # To make a bucket concerns the own account, and a name that is taken is refused as such.
    return bucket is not None and state.is_foreign(bucket) and question.action != "s3:CreateBucket"


def authorise_s3(access: Access) -> None:
    call = access.call
    if call.operation == "ListBuckets":
        access.require(call.action, f"arn:{call.partition}:s3:::*")
        return
    if state.find_bucket(call.bucket) is None and call.operation != "CreateBucket":
        return  # S3 says NoSuchBucket to everyone
    if call.operation == "DeleteObjects":
        if access.caller is None:
            raise access.denied(call.action, access.resource(), "")
        return  # each key is judged on its own
    for action in (call.action, *further_actions(call.operation, call.headers)):
        access.require(action, access.resource())
    if "x-amz-copy-source" in call.headers:
        source = unquote(call.headers["x-amz-copy-source"]).lstrip("/").partition("?")[0]
        access.require("s3:GetObject", f"arn:{call.partition}:s3:::{source}")
    if call.operation in ("GetObject", "HeadObject"):
        _hide_missing(access)


def _hide_missing(access: Access) -> None:
    bucket = state.find_bucket(access.call.bucket)
    missing = bucket is not None and access.call.key not in bucket.keys
    if missing and not access.allows("s3:ListBucket", access.bucket_arn()):
        why = "because no identity-based policy allows the s3:ListBucket action"
        raise access.denied("s3:ListBucket", access.bucket_arn(), why)


def authorise_other(access: Access) -> None:
    call = access.call
    if call.action in _ALWAYS_ALLOWED:
        return
    for resource in resources(call, access.caller):
        for action in (call.action, *_further_actions(call)):
            access.require(action, resource)


def _further_actions(call: Call) -> list[str]:
    if call.operation == "CreateUser" and any(name.startswith("Tags.") for name in call.params):
        return ["iam:TagUser"]
    return cloudfront_actions.further_actions(call.operation)
