# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Read an IAM user, and decide if it is ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Optional

from .._common.errors import AwsError
from .calls import call_aws, call_aws_pages
from .ownership import Belongings, Claim, is_ours, other_bucket, refusal
from .tags import from_aws

MISSING = "NoSuchEntity"
# IAM answers so while another change of the same user is under way.
BUSY = ("ConcurrentModification", "EntityTemporarilyUnmodifiable")
_UNREADABLE = ("AccessDenied", "NotImplemented", "InvalidAction", "MethodNotAllowed", "405", "501")
# Never deleted here: name, call that lists it, two keys of the answer, permission.
_KEPT = (
    ("MFA device", "list_mfa_devices", "MFADevices", "SerialNumber", "iam:ListMFADevices"),
    ("SSH key", "list_ssh_public_keys", "SSHPublicKeys", "SSHPublicKeyId", "iam:ListSSHPublicKeys"),
    (
        "signing certificate",
        "list_signing_certificates",
        "Certificates",
        "CertificateId",
        "iam:ListSigningCertificates",
    ),
    (
        "service credential",
        "list_service_specific_credentials",
        "ServiceSpecificCredentials",
        "ServiceSpecificCredentialId",
        "iam:ListServiceSpecificCredentials",
    ),
)


class UserReader:
    """One IAM user by its name."""

    def __init__(self, iam: Any, name: str) -> None:
        self.iam = iam
        self.name = name

    def _ask(self, what: str, call: str, needs: str, **options: Any) -> Any:
        tried = f"Reading {what} of IAM user {self.name}"
        return call_aws(tried, getattr(self.iam, call), needs=needs, UserName=self.name, **options)

    def _list(self, what: str, call: str, within: str, needs: str, none_on: tuple[str, ...] = ()) -> Any:
        tried = f"Reading {what} of IAM user {self.name}"
        # A new user may not be known everywhere yet.
        patience = (*BUSY, MISSING)
        return call_aws_pages(
            tried, self.iam, call, within, needs=needs, none_on=none_on, retry_on=patience, UserName=self.name
        )

    def found(self, *, waits: bool = False) -> Optional[dict[str, Any]]:
        """Return the user's data, None if there is no such user. waits: until one just made is known."""
        patience = {"retry_on" if waits else "none_on": (MISSING,)}
        answer = self._ask("the data", "get_user", "iam:GetUser", **patience)
        return answer["User"] if answer else None

    def console_access(self) -> bool:
        answer = self._ask(
            "the login profile", "get_login_profile", "iam:GetLoginProfile", none_on=(MISSING,)
        )
        return answer is not None

    def policy(self, name: str) -> Optional[dict[str, Any]]:
        answer = self._ask(
            f"the inline policy {name}",
            "get_user_policy",
            "iam:GetUserPolicy",
            none_on=(MISSING,),
            PolicyName=name,
        )
        return answer["PolicyDocument"] if answer else None

    def attached(self) -> tuple[str, ...]:
        found = self._list(
            "the attached policies",
            "list_attached_user_policies",
            "AttachedPolicies",
            "iam:ListAttachedUserPolicies",
        )
        return tuple(sorted(each["PolicyArn"] for each in found))

    def attached_if_readable(self) -> tuple[str, ...]:
        """Return the ARNs of the attached policies; none where the credentials may not list them."""
        try:
            return self.attached()
        except AwsError as error:
            if error.code in _UNREADABLE:
                return ()
            raise

    def check_ours(self, found: Mapping[str, Any], claim: Claim) -> None:
        """Raise if the user is someone else's and is not to be adopted, or may not be."""
        error = self.refusal(found, claim)
        if error:
            raise error

    def refusal(self, found: Mapping[str, Any], claim: Claim) -> Optional[AwsError]:
        """Return why the user is not ours. Its rights are read only if it might be adopted."""
        tags = from_aws(found.get("Tags") or [])
        if is_ours(tags, claim.bucket):
            return None
        has = Belongings(found["Arn"], tags=tags) if other_bucket(tags, claim.bucket) else self.rights(found)
        return refusal(has, claim)

    def rights(self, found: Mapping[str, Any]) -> Belongings:
        """Return what the user may do and who manages it, without its keys."""
        inline = self._list(
            "the inline policies", "list_user_policies", "PolicyNames", "iam:ListUserPolicies"
        )
        groups = self._list("the groups", "list_groups_for_user", "Groups", "iam:ListGroupsForUser")
        return Belongings(
            arn=found["Arn"],
            console_access=self.console_access(),
            inline_policies=tuple(sorted(inline)),
            managed_policies=self.attached(),
            groups=tuple(sorted(each["GroupName"] for each in groups)),
            tags=from_aws(found.get("Tags") or []),
        )

    def belongings(self, found: Mapping[str, Any]) -> Belongings:
        """Return everything that the user has."""
        keys = self._list("the access keys", "list_access_keys", "AccessKeyMetadata", "iam:ListAccessKeys")
        return replace(
            self.rights(found),
            access_keys=tuple(each["AccessKeyId"] for each in keys),
            kept=self._kept(),
        )

    def _kept(self) -> dict[str, list[str]]:
        """Return what this module never deletes of a user; if it cannot be read, AWS itself refuses."""
        found = {}
        for kind, call, within, identity, needs in _KEPT:
            # Not all of these have pages.
            answer = self._ask(f"each {kind}", call, needs, none_on=_UNREADABLE, retry_on=(MISSING,))
            found[kind] = [each[identity] for each in (answer or {}).get(within) or []]
        return found
