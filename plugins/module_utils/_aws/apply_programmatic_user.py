# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""What iam_programmatic_user does: read, difference, apply, read back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Optional

from . import programmatic_user as users
from .calls import attempt, attempt_all, client, partition_of, poll
from .errors import AwsError

# IAM tells all its parts of a change within seconds.
_READ_BACK_SECONDS = 30
_MISSING = "NoSuchEntity"
# IAM answers so while another change of the same user is under way.
_BUSY = ("ConcurrentModification", "EntityTemporarilyUnmodifiable")
_UNREADABLE = ("AccessDenied", "NotImplemented", "InvalidAction", "MethodNotAllowed", "405", "501")
_REMEDIES = {
    "DeleteConflict": "The user still has something that this module never deletes (MFA device, SSH key, "
    "signing certificate, service credential); remove it, then run again",
    "LimitExceeded": f"A user may have {users.MAX_INLINE_POLICIES} characters of inline policies in all, "
    "and as many attached policies as the account's quota says",
}
# What is never deleted here: its name, the call that lists it, where the answer has it, the permission.
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


def run(module: Any) -> dict[str, Any]:
    """Bring the user to what the task asks; the module's result."""
    return _present(module) if module.params["state"] == "present" else _absent(module)


def _present(module: Any) -> dict[str, Any]:
    params = module.params
    wish = users.Wish(
        user=params["user_name"],
        policy_name=params["policy_name"],
        policy=params["policy"],
        managed=tuple(params["managed_policies"] or ()),
        path=params["path"] or None,
        tags={str(name): str(value) for name, value in (params["tags"] or {}).items()},
    )
    users.check(wish)
    user = _User(client(module, "iam"), wish.user)
    before = user.read(wish)
    partition = users.partition_in(before.arn if before else "", partition_of(module.region))
    wish = replace(wish, managed=user.resolve(wish.managed, before.managed if before else (), partition))
    changes = [step.words for step in users.steps(before, wish)]
    after = users.target(before, wish)
    if changes and not module.check_mode:
        before, after, changes = user.bring(before, wish)
    left, right = users.difference(before, after)
    return _result(wish.user, after.arn, changes, users.summary(wish, changes), left, right)


def _absent(module: Any) -> dict[str, Any]:
    name = module.params["user_name"]
    users.check_name(name)
    user = _User(client(module, "iam"), name)
    found = user.belongings()
    if found is None:
        return _result(name, "", [], f"There is no IAM user {name}, as wanted", {}, {})
    users.check_removal(name, found, module.params["delete_access_keys"])
    steps = users.removal(name, found)
    changes = [step.words for step in steps]
    if not module.check_mode:
        user.remove(steps)
    message = f"There is no IAM user {name} any more: {'; '.join(changes)}"
    return _result(name, found.arn, changes, message, users.removal_view(found), {})


def _result(
    name: str, arn: str, changes: list[str], message: str, left: dict[str, Any], right: dict[str, Any]
) -> dict[str, Any]:
    return {
        "changed": bool(changes),
        "user_name": name,
        **({"arn": arn} if arn else {}),
        "changes": changes,
        "msg": message,
        "diff": {
            "before_header": f"IAM user {name}",
            "after_header": f"IAM user {name}",
            "before": left,
            "after": right,
        },
    }


class _User:
    def __init__(self, iam: Any, name: str) -> None:
        self.iam = iam
        self.name = name

    def _ask(self, what: str, call: str, needs: str, **options: Any) -> Any:
        tried = f"Reading {what} of IAM user {self.name}"
        return attempt(tried, getattr(self.iam, call), needs=needs, UserName=self.name, **options)

    def _list(self, what: str, call: str, within: str, needs: str, none_on: tuple[str, ...] = ()) -> Any:
        tried = f"Reading {what} of IAM user {self.name}"
        # A new user may not be known everywhere yet.
        patience = (*_BUSY, _MISSING)
        return attempt_all(
            tried, self.iam, call, within, needs=needs, none_on=none_on, retry_on=patience, UserName=self.name
        )

    def _found(self) -> Optional[dict[str, Any]]:
        answer = self._ask("the data", "get_user", "iam:GetUser", none_on=(_MISSING,))
        return answer["User"] if answer else None

    def _console_access(self) -> bool:
        answer = self._ask(
            "the login profile", "get_login_profile", "iam:GetLoginProfile", none_on=(_MISSING,)
        )
        return answer is not None

    def _attached(self) -> tuple[str, ...]:
        found = self._list(
            "the attached policies",
            "list_attached_user_policies",
            "AttachedPolicies",
            "iam:ListAttachedUserPolicies",
        )
        return tuple(sorted(each["PolicyArn"] for each in found))

    def read(self, wish: users.Wish) -> Optional[users.User]:
        """What the user has of all that the task speaks of; None: there is no such user."""
        found = self._found()
        if found is None:
            return None
        answer = self._ask(
            f"the inline policy {wish.policy_name}",
            "get_user_policy",
            "iam:GetUserPolicy",
            none_on=(_MISSING,),
            PolicyName=wish.policy_name,
        )
        return users.User(
            arn=found["Arn"],
            path=found["Path"],
            console_access=self._console_access(),
            policy=answer["PolicyDocument"] if answer else None,
            managed=self._attached() if wish.managed else (),
            tags=users.from_aws(found.get("Tags") or []),
        )

    def resolve(self, names: tuple[str, ...], attached: tuple[str, ...], partition: str) -> tuple[str, ...]:
        """ARNs of managed policies: AWS's own of that name, else the account's."""
        found = []
        for name in names:
            arn = users.aws_managed(name, partition)
            if arn not in attached and not self._policy_exists(arn):
                arn = self._policy_of_account(name)
            found.append(arn)
        return tuple(found)

    def _policy_exists(self, arn: str) -> bool:
        tried = f"Looking up the managed policy {arn} for IAM user {self.name}"
        answer = attempt(
            tried, self.iam.get_policy, needs="iam:GetPolicy", none_on=(_MISSING,), PolicyArn=arn
        )
        return answer is not None

    def _policy_of_account(self, name: str) -> str:
        tried = f"Looking up the managed policy {name} for IAM user {self.name}"
        if not name.startswith("arn:"):
            pages = self.iam.get_paginator("list_policies").paginate(Scope="Local")
            answer = attempt(tried, pages.build_full_result, needs="iam:ListPolicies")
            for each in answer.get("Policies") or []:
                if each["PolicyName"] == name:
                    return str(each["Arn"])
        raise AwsError(
            tried,
            "neither AWS nor the account has it",
            "Check the name, or give the ARN of a policy that exists. Nothing was changed",
            code=_MISSING,
        )

    def bring(
        self, before: Optional[users.User], wish: users.Wish
    ) -> tuple[Optional[users.User], users.User, list[str]]:
        """Make what is missing: what the user had, what it then has, and what was done."""
        done: list[str] = []
        steps = users.steps(before, wish)
        try:
            if before is None:
                current, created = self._create(steps[0], wish)
                done += [steps[0].words] if created else []
                before = None if created else current
                steps = users.steps(current, wish)
            for step in steps:
                self._take(step)
                done.append(step.words)
            return before, self._read_back(wish), done
        except AwsError as error:
            raise error.after(done) from None

    def _create(self, step: users.Step, wish: users.Wish) -> tuple[users.User, bool]:
        """The new user, once IAM knows it, and whether it was made here and not by another run just now."""
        tried = f"IAM user {self.name} ({step.words})"
        created = attempt(
            tried,
            self.iam.create_user,
            needs=step.needs,
            none_on=("EntityAlreadyExists",),
            retry_on=_BUSY,
            UserName=self.name,
            **step.arguments,
        )
        found = poll(lambda: self.read(wish), _READ_BACK_SECONDS)
        if found is None:
            came_back = f"IAM still says after {_READ_BACK_SECONDS} seconds that there is no such user"
            remedy = "Run again"
            if created is None:
                came_back = "EntityAlreadyExists, but there is no user of exactly this name"
                remedy = "IAM does not tell upper from lower case: use the name as it is spelled there"
            raise AwsError(tried, came_back, remedy)
        return found, created is not None

    def _take(self, step: users.Step) -> None:
        gone = (_MISSING,) if step.removes else ()
        patience = ("DeleteConflict",) if step.call == "delete_user" else ()
        if not step.removes:
            patience = (_MISSING,)
        try:
            attempt(
                f"IAM user {self.name} ({step.words})",
                getattr(self.iam, step.call),
                needs=step.needs,
                none_on=gone,
                retry_on=(*_BUSY, *patience),
                UserName=self.name,
                **step.arguments,
            )
        except AwsError as error:
            error.remedy = error.remedy or _REMEDIES.get(error.code, "")
            raise

    def _read_back(self, wish: users.Wish) -> users.User:
        found: list[Optional[users.User]] = []

        def as_asked() -> Optional[users.User]:
            found[:] = [self.read(wish)]
            return found[0] if found[0] and not users.steps(found[0], wish) else None

        answer = poll(as_asked, _READ_BACK_SECONDS)
        if answer is None:
            missing = "; ".join(step.words for step in users.steps(found[0], wish))
            raise AwsError(
                f"Setting up IAM user {self.name}",
                f"all calls were accepted, but still to be done would be: {missing}",
                "Something else may be changing the user at the same time; run again",
            )
        return answer

    def belongings(self) -> Optional[users.Belongings]:
        """All that has to go before the user; None: there is no such user."""
        found = self._found()
        if found is None:
            return None
        keys = self._list("the access keys", "list_access_keys", "AccessKeyMetadata", "iam:ListAccessKeys")
        inline = self._list(
            "the inline policies", "list_user_policies", "PolicyNames", "iam:ListUserPolicies"
        )
        groups = self._list("the groups", "list_groups_for_user", "Groups", "iam:ListGroupsForUser")
        return users.Belongings(
            arn=found["Arn"],
            console_access=self._console_access(),
            access_keys=tuple(each["AccessKeyId"] for each in keys),
            inline_policies=tuple(sorted(inline)),
            managed_policies=self._attached(),
            groups=tuple(sorted(each["GroupName"] for each in groups)),
            kept=self._kept(),
        )

    def _kept(self) -> dict[str, list[str]]:
        """What a user may have and this module never deletes; if it cannot be read, AWS itself refuses."""
        found = {}
        for kind, call, within, identity, needs in _KEPT:
            # Not all of these come in pages.
            answer = self._ask(f"each {kind}", call, needs, none_on=_UNREADABLE, retry_on=(_MISSING,))
            found[kind] = [each[identity] for each in (answer or {}).get(within) or []]
        return found

    def remove(self, steps: list[users.Step]) -> None:
        done: list[str] = []
        try:
            for step in steps:
                self._take(step)
                done.append(step.words)
        except AwsError as error:
            raise error.after(done) from None
        if not poll(lambda: None if self._found() else True, _READ_BACK_SECONDS):
            raise AwsError(
                f"Deleting IAM user {self.name}",
                "all calls were accepted, but the user is still there",
                "Something else may be making it again at the same time; run again",
            ).after(done)
