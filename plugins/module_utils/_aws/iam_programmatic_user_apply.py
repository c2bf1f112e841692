# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Read, compare, apply and read back an IAM user."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Optional

from .._common.errors import AwsError
from . import iam_programmatic_user_plan as users
from .calls import call_aws, client, partition_of, poll
from .iam_programmatic_user_read import BUSY, MISSING, UserReader
from .module import AwsModule
from .other_folders import other_folders
from .ownership import Belongings, Claim, full_access_warnings, reasons_to_keep, tags_of
from .policy_kms import PreviousKeys, described, previous_keys
from .policy_union import other_uploads
from .result import diff
from .tags import from_aws

# A change is known everywhere in IAM within seconds.
_READ_BACK_SECONDS = 30
_DEMANDED = (
    "If the policy of these credentials demands a permissions boundary, give its ARN by permissions_boundary "
    "(in the role s3_recording_permissions_boundary)"
)
# The calls made here to which the condition iam:PermissionsBoundary applies.
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
_WITH_BOUNDARY = ("create_user", "put_user_policy", "attach_user_policy")
_REMEDIES = {
    "DeleteConflict": "The user still has something that this module never deletes (MFA device, SSH key, "
    "signing certificate, service credential); remove it, then run again",
    "LimitExceeded": f"A user may have {users.MAX_INLINE_POLICIES} characters of inline policies in all, "
    "and as many attached policies as the account's quota says",
}


def run(module: AwsModule) -> dict[str, Any]:
    """Make the user as the task requests; return the module's result."""
    return _present(module) if module.params["state"] == "present" else _absent(module)


def _claim(params: Mapping[str, Any], managed: tuple[str, ...]) -> Claim:
    return Claim(
        params["user_name"],
        params["bucket"] or "",
        params["policy_name"],
        managed,
        bool(params["adopt"]),
    )


def _desired(params: Mapping[str, Any]) -> users.DesiredUser:
    desired = users.DesiredUser(
        user=params["user_name"],
        policy_name=params["policy_name"],
        policy=params["policy"],
        managed=tuple(params["managed_policies"] or ()),
        path=params["path"] or None,
        tags={str(name): str(value) for name, value in (params["tags"] or {}).items()},
        boundary=params["permissions_boundary"] or "",
        bucket=params["bucket"] or "",
        others=other_folders(params),
        keys=PreviousKeys(params["previous_kms_keys"], tuple(params["forget_kms_keys"] or ())),
    )
    users.check(desired)
    return replace(desired, tags={**desired.tags, **tags_of(params["bucket"])})


def _present(module: AwsModule) -> dict[str, Any]:
    params, desired = module.params, _desired(module.params)
    user = UserApi(client(module, "iam"), _claim(params, desired.managed))
    before = user.read(desired)
    partition = users.partition_in(before.arn if before else "", partition_of(module.region))
    desired = replace(
        desired, managed=user.resolve(desired.managed, before.managed if before else (), partition)
    )
    changes = [step.text for step in users.steps(before, desired)]
    after = users.target(before, desired)
    kept = other_uploads(desired.policy, after.policy, desired.bucket)
    keys = described(previous_keys(after.policy, desired.policy))
    users.check_size(desired.user, after.policy, [*kept, *(each["key"] for each in keys)])
    if after.boundary != (before.boundary if before else ""):
        user.check_boundary(after.boundary)
    if changes and not module.check_mode:
        before, after, changes = user.apply(before, desired)
    left, right = users.difference(before, after)
    result = _result(desired.user, after.arn, changes, users.summary(desired, changes), left, right)
    attached = user.attached_if_readable() if before else ()
    warnings = full_access_warnings(desired.user, attached, desired.managed, after.boundary)
    return {**result, "kept_rights": kept, "kept_kms_keys": keys, "warnings": warnings}


def _absent(module: AwsModule) -> dict[str, Any]:
    params = module.params
    name = params["user_name"]
    users.check_name(name)
    claim = _claim(params, tuple(params["managed_policies"] or ()))
    user = UserApi(client(module, "iam"), claim)
    found = user.found()
    if found is None:
        return {
            **_result(name, "", [], f"There is no IAM user {name}, no change needed", {}, {}),
            "stays": [],
        }
    refusal = user.refusal(found, claim)
    if refusal:
        why = refusal.came_back
        message = f"IAM user {name} stays as it is: {why}"
        return {**_result(name, found["Arn"], [], message, {}, {}), "ours": False, "stays": [why]}
    return _removal(module, user, user.belongings(found))


def _removal(module: AwsModule, user: UserApi, has: Belongings) -> dict[str, Any]:
    claim = user.claim
    users.check_removal(has, claim, module.params["delete_access_keys"])
    steps = users.removal(has, claim)
    changes = [step.text for step in steps]
    if not module.check_mode:
        user.remove(steps)
    stays = reasons_to_keep(has, claim)
    done = "; ".join(changes) or "nothing of this collection was left"
    message = f"There is no IAM user {claim.user} any more: {done}"
    if stays:
        message = f"IAM user {claim.user} stays, because it has {'; '.join(stays)}. Changes: {done}"
    left, right = users.removal_difference(has, steps)
    result = _result(claim.user, has.arn, changes, message, left, right)
    return {**result, "ours": True, "stays": stays}


def _result(
    name: str, arn: str, changes: list[str], message: str, left: dict[str, Any], right: dict[str, Any]
) -> dict[str, Any]:
    return {
        "changed": bool(changes),
        "user_name": name,
        **({"arn": arn} if arn else {}),
        "changes": changes,
        "msg": message,
        "diff": diff(f"IAM user {name}", left, right),
    }


class UserApi(UserReader):
    def __init__(self, iam: Any, claim: Claim) -> None:
        super().__init__(iam, claim.user)
        self.claim = claim
        # True while users are made or changed without a requested boundary.
        self.has_no_boundary = False

    def read(self, desired: users.DesiredUser) -> Optional[users.User]:
        """Return the parts of the user that the task is about, None if there is no such user.

        AwsError if the user is someone else's.
        """
        found = self.found()
        if found is None:
            return None
        self.check_ours(found, self.claim)
        return users.User(
            arn=found["Arn"],
            path=found["Path"],
            console_access=self.console_access(),
            policy=self.policy(desired.policy_name),
            managed=self.attached() if desired.managed else (),
            tags=from_aws(found.get("Tags") or []),
            boundary=(found.get("PermissionsBoundary") or {}).get("PermissionsBoundaryArn") or "",
        )

    def check_boundary(self, arn: str) -> None:
        """Raise if there is no such policy; where the credentials may not ask, IAM itself will say so."""
        try:
            exists = self._policy_exists(arn)
        except AwsError as error:
            if error.code != "AccessDenied":
                raise
            return
        if not exists:
            raise AwsError(
                f"Looking up the permissions boundary {arn} for IAM user {self.name}",
                "there is no such managed policy",
                "Make the policy first (docs/policies/boundary.json), or correct its ARN in "
                "permissions_boundary (in the role s3_recording_permissions_boundary). Nothing was changed",
                code=MISSING,
            )

    def resolve(self, names: tuple[str, ...], attached: tuple[str, ...], partition: str) -> tuple[str, ...]:
        """Return ARNs of managed policies: AWS's own of that name, else the account's."""
        found = []
        for name in names:
            arn = users.aws_managed(name, partition)
            if arn not in attached and not self._policy_exists(arn):
                arn = self._policy_of_account(name)
            found.append(arn)
        return tuple(found)

    def _policy_exists(self, arn: str) -> bool:
        tried = f"Looking up the managed policy {arn} for IAM user {self.name}"
        answer = call_aws(
            tried, self.iam.get_policy, needs="iam:GetPolicy", none_on=(MISSING,), PolicyArn=arn
        )
        return answer is not None

    def _policy_of_account(self, name: str) -> str:
        tried = f"Looking up the managed policy {name} for IAM user {self.name}"
        if not name.startswith("arn:"):
            pages = self.iam.get_paginator("list_policies").paginate(Scope="Local")
            answer = call_aws(tried, pages.build_full_result, needs="iam:ListPolicies")
            for each in answer.get("Policies") or []:
                if each["PolicyName"] == name:
                    return str(each["Arn"])
        raise AwsError(
            tried,
            "neither AWS nor the account has it",
            "Check the name, or give the ARN of a policy that exists. Nothing was changed",
            code=MISSING,
        )

    def apply(
        self, before: Optional[users.User], desired: users.DesiredUser
    ) -> tuple[Optional[users.User], users.User, list[str]]:
        """Make what is missing; return what the user had, what it then has, and the changes."""
        done: list[str] = []
        steps = users.steps(before, desired)
        self.has_no_boundary = not desired.boundary
        try:
            if before is None:
                current, created = self._create(steps[0], desired)
                done += [steps[0].text] if created else []
                before = None if created else current
                steps = users.steps(current, desired)
            for step in steps:
                self._apply_step(step)
                done.append(step.text)
            return before, self._read_back(desired), done
        except AwsError as error:
            raise error.with_done(done) from None

    def _create(self, step: users.Step, desired: users.DesiredUser) -> tuple[users.User, bool]:
        """Return the new user, once IAM knows it, and True if this run made it and not another one."""
        created = self._call(step, none_on=("EntityAlreadyExists",))
        found = poll(lambda: self.read(desired), _READ_BACK_SECONDS)
        if found is None:
            came_back = f"IAM still says after {_READ_BACK_SECONDS} seconds that there is no such user"
            remedy = "Run again"
            if created is None:
                came_back = "EntityAlreadyExists, but there is no user of exactly this name"
                remedy = "IAM treats upper and lower case alike: use the name as it is spelled there"
            raise AwsError(self._tried(step), came_back, remedy)
        return found, created is not None

    def _apply_step(self, step: users.Step) -> None:
        missing_ok = (MISSING,) if step.removes else ()
        patience = ("DeleteConflict",) if step.call == "delete_user" else ()
        if not step.removes:
            patience = (MISSING,)
        self._call(step, none_on=missing_ok, retry_on=patience)

    def _call(self, step: users.Step, *, none_on: tuple[str, ...], retry_on: tuple[str, ...] = ()) -> Any:
        try:
            return call_aws(
                self._tried(step),
                getattr(self.iam, step.call),
                needs=step.needs,
                none_on=none_on,
                retry_on=(*BUSY, *retry_on),
                UserName=self.name,
                **step.arguments,
            )
        except AwsError as error:
            failure = error.with_remedy(error.remedy or _REMEDIES.get(error.code, ""))
            if error.code == "AccessDenied" and self.has_no_boundary and step.call in _WITH_BOUNDARY:
                failure = failure.with_note(_DEMANDED)
            raise failure from None

    def _tried(self, step: users.Step) -> str:
        return f"IAM user {self.name} ({step.text})"

    def _read_back(self, desired: users.DesiredUser) -> users.User:
        found: list[Optional[users.User]] = []

        def is_desired() -> Optional[users.User]:
            found[:] = [self.read(desired)]
            return found[0] if found[0] and not users.steps(found[0], desired) else None

        answer = poll(is_desired, _READ_BACK_SECONDS)
        if answer is None:
            missing = "; ".join(step.text for step in users.steps(found[0], desired))
            raise AwsError(
                f"Setting up IAM user {self.name}",
                f"all calls were accepted, but these changes are missing: {missing}",
                "Something else may be changing the user at the same time; run again",
            )
        return answer

    def remove(self, steps: list[users.Step]) -> None:
        done: list[str] = []
        try:
            for step in steps:
                self._apply_step(step)
                done.append(step.text)
        except AwsError as error:
            raise error.with_done(done) from None
        if not any(step.call == "delete_user" for step in steps):
            return
        if not poll(lambda: None if self.found() else True, _READ_BACK_SECONDS):
            raise AwsError(
                f"Deleting IAM user {self.name}",
                "all calls were accepted, but the user is still there",
                "Something else may be making it again at the same time; run again",
            ).with_done(done)
