# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Read, compare, apply and read back who may read a bucket."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Optional

from .._common.errors import AwsError
from .._common.strict_json import parse
from . import bucket_setting
from . import s3_bucket_access_acls as dormant_acls
from . import s3_bucket_access_audience as audience
from . import s3_bucket_access_dormant as dormant_access
from . import s3_bucket_access_plan as access
from .calls import S3_TRANSIENT, call_aws, caller_identity, client, owned_by, partition_of, read_back
from .module import AwsModule
from .other_folders import other_folders
from .result import diff, summary
from .s3_bucket_access_model import ALL_OFF, NEW_BUCKET, SWITCHES, Access, Block, DesiredAccess

_READ_BACK_SECONDS = 20
_PAGES_OF_OBJECTS = 10


def run(module: AwsModule) -> dict[str, Any]:
    """Make the bucket's access as the task requests; return the module's result."""
    params = module.params
    desired = _desired(module)
    access.check_desired(desired)
    s3 = owned_by(client(module, "s3"), params.get("expected_bucket_owner"))
    bucket = AccessApi(s3, desired.bucket, policy_only=desired.policy_only)
    before, missing = _read_or_new(bucket, module.check_mode)
    if missing:
        desired = replace(desired, new_bucket=True)
    after = access.target(before, desired)
    if params.get("restore"):
        # What a run has opened for nothing, it closes.
        after = access.restored(before, params["restore"])
    leaves_open = access.leaves_open(before, after, desired)
    bucket.require_policies(after)
    account, unknown = (dict(ALL_OFF), "") if desired.policy_only else _account_block(module)
    around = (
        _surroundings(bucket, account, before, after, desired)
        if not missing
        else access.Surroundings(account)
    )
    access.check(before, after, desired, around)
    steps = access.steps(before, after)
    if steps and not module.check_mode:
        after = bucket.apply(steps, after)
    left, right = access.difference(before, after)
    return {
        "changed": bool(steps),
        "bucket_exists": not missing,
        **access.view(after, desired.policy_only),
        "before": access.view(before, desired.policy_only),
        "leaves_open": leaves_open,
        **({"dormant_acls": around.dormant.result()} if around.dormant else {}),
        "steps": [step.text for step in steps],
        "msg": _message(desired, [step.text for step in steps], missing, unknown, around.dormant),
        "diff": diff(f"access to {desired.bucket}", left, right),
    }


def _desired(module: AwsModule) -> DesiredAccess:
    params = module.params
    return DesiredAccess(
        params["name"],
        params["delivery"],
        tuple(params["folders"]),
        partition_of(module.region),
        params["allow_changing_others_access"],
        params["policy_only"],
        params["secure_transport_only"],
        params["cloudfront_distribution_arn"] or "",
        params["new_bucket"],
        params["open_existing"],
        params["close_existing"],
        other_folders(params),
        params["closes"],
    )


def _surroundings(
    bucket: AccessApi,
    account: Optional[Block],
    before: Access,
    after: Access,
    desired: DesiredAccess,
) -> access.Surroundings:
    """Read what else a change of the access touches."""
    around = access.Surroundings(account)
    if access.turns_acls_off(before, after):
        grantees, keys = bucket.others()
        around = replace(around, acl_grantees=grantees, objects_of_others=keys)
    known = account or ALL_OFF
    if dormant_access.opening(before, after, known).acls:
        dormant = dormant_acls.look(bucket.s3, bucket.name, desired.folders, readable=before.has_acls)
        around = replace(around, dormant=dormant)
    # A provider that knows only policies need not know ACLs either.
    acls_count = dormant_access.obeys_acls(before, known) and not desired.policy_only
    opened = audience.opened(before, after, desired, known)
    closed = audience.closed(before, after, desired, known)
    return replace(
        around,
        opens=dormant_acls.count(bucket.s3, bucket.name, opened, acls_count=acls_count),
        closes=dormant_acls.count(bucket.s3, bucket.name, closed, acls_count=False),
    )


def _message(
    desired: DesiredAccess,
    steps: list[str],
    missing: bool,
    account_unknown: str,
    dormant: Optional[dormant_access.Dormant],
) -> str:
    message = summary(f"{desired.bucket} is set for {desired.delivery} delivery", steps)
    for note in dormant_access.describe(dormant):
        message += f" ({note})"
    if missing:
        message += " (the bucket does not exist yet; predicted from what AWS gives a new one)"
    if account_unknown and (desired.rules.readers or desired.rules.uses_acls):
        message += f" (the account's own Block Public Access could not be read: {account_unknown})"
    return message


def _read_or_new(bucket: AccessApi, check_mode: bool) -> tuple[Access, bool]:
    """Return the access, and True if the bucket is missing: in check mode an earlier task may make it."""
    try:
        return bucket.read(retry_on=() if check_mode else S3_TRANSIENT), False
    except AwsError as error:
        if error.code != "NoSuchBucket":
            raise
        if not check_mode:
            raise error.with_remedy(bucket_setting.MAKE_BUCKET) from None
    return (bucket.only(None) if bucket.policy_only else NEW_BUCKET), True


def _account_block(module: AwsModule) -> tuple[Optional[Block], str]:
    """Return the account's own Block Public Access, or why it cannot be read. S3 itself decides anyway."""
    tried = "Reading the account's own Block Public Access"
    try:
        identity = caller_identity(module, tried)
        answer = call_aws(
            tried,
            client(module, "s3control").get_public_access_block,
            needs="s3:GetAccountPublicAccessBlock",
            none_on=("NoSuchPublicAccessBlockConfiguration",),
            AccountId=identity["Account"],
        )
    except AwsError as error:
        return None, error.came_back
    return _block_from(answer), ""


def _block_from(answer: Optional[dict[str, Any]]) -> Block:
    found = (answer or {}).get("PublicAccessBlockConfiguration") or {}
    return {name: bool(found.get(aws_name)) for name, aws_name in SWITCHES.items()}


class AccessApi:
    def __init__(self, s3: Any, name: str, *, policy_only: bool = False) -> None:
        self.s3 = s3
        self.name = name
        self.policy_only = policy_only
        self.no_policies: Optional[AwsError] = None

    def read(self, retry_on: tuple[str, ...] = S3_TRANSIENT) -> Access:
        if self.policy_only:
            return self.only(self._policy(retry_on))
        ownership = self._ownership(retry_on)
        block = self._known(
            f"Reading Block Public Access of bucket {self.name}",
            self.s3.get_public_access_block,
            needs="s3:GetBucketPublicAccessBlock",
            retry_on=retry_on,
        )
        return Access(ownership, _block_from(block), self._policy(retry_on))

    @staticmethod
    def only(policy: Optional[dict[str, Any]]) -> Access:
        """Return the access of a bucket that has nothing but a policy."""
        return Access(None, dict(ALL_OFF), policy)

    def _ownership(self, retry_on: tuple[str, ...]) -> Optional[str]:
        tried = f"Reading object ownership of bucket {self.name}"
        answer = self._known(
            tried,
            self.s3.get_bucket_ownership_controls,
            needs="s3:GetBucketOwnershipControls",
            retry_on=retry_on,
        )
        if answer is None:
            return None
        rules = (answer.get("OwnershipControls") or {}).get("Rules")
        if not rules:
            # A provider that does not know the setting mistakes the request for another one and answers that.
            came_back = "the provider does not know this setting (the answer holds no ownership)"
            raise AwsError(tried, came_back, bucket_setting.REMEDIES["ownership"])
        return str(rules[0]["ObjectOwnership"])

    def _known(self, tried: str, operation: Callable[..., Any], **options: Any) -> Any:
        found = bucket_setting.read("ownership", tried, operation, Bucket=self.name, **options)
        if found.unknown:
            raise found.unknown
        return found.answer

    def _policy(self, retry_on: tuple[str, ...]) -> Optional[dict[str, Any]]:
        tried = f"Reading the policy of bucket {self.name}"
        found = bucket_setting.read(
            "policy",
            tried,
            self.s3.get_bucket_policy,
            needs="s3:GetBucketPolicy",
            retry_on=retry_on,
            Bucket=self.name,
        )
        self.no_policies = found.unknown
        answer = found.answer
        if not answer or not answer.get("Policy"):
            return None
        try:
            policy = parse(answer["Policy"])
        except ValueError:
            policy = None
        if not isinstance(policy, dict):
            raise AwsError(tried, "the policy is not a JSON object", "Look at it in the AWS console")
        return policy

    def require_policies(self, wanted: Access) -> None:
        """Raise if a policy is wanted, and the provider has none."""
        if self.no_policies and wanted.policy is not None:
            raise self.no_policies

    def others(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return whom the ACL of the bucket allows besides the owner, and keys of objects that others own.

        Neither is known if the ACL may not be read; S3 itself decides about the grants then.
        """
        answer = call_aws(
            f"Reading the ACL of bucket {self.name}",
            self.s3.get_bucket_acl,
            needs="s3:GetBucketAcl",
            none_on=("AccessDenied",),
            Bucket=self.name,
        )
        if not answer:
            return (), ()
        owner = (answer.get("Owner") or {}).get("ID")
        grantees = [grant.get("Grantee") or {} for grant in answer.get("Grants") or []]
        let_in = tuple(
            str(each.get("URI") or each.get("DisplayName") or each.get("ID"))
            for each in grantees
            if each.get("URI") or each.get("ID") != owner
        )
        return let_in, self._objects_of_others(str(owner))

    def _objects_of_others(self, owner: str) -> tuple[str, ...]:
        """Return keys of objects that the bucket's owner does not own, among the first ones."""
        found: list[str] = []
        after: dict[str, str] = {}
        for _page in range(_PAGES_OF_OBJECTS):
            answer = call_aws(
                f"Looking who owns the objects of bucket {self.name}",
                self.s3.list_objects_v2,
                needs="s3:ListBucket",
                Bucket=self.name,
                FetchOwner=True,
                **after,
            )
            objects = answer.get("Contents") or []
            found += [each["Key"] for each in objects if (each.get("Owner") or {}).get("ID", owner) != owner]
            if found or not answer.get("IsTruncated"):
                break
            after = {"ContinuationToken": answer["NextContinuationToken"]}
        return tuple(found)

    def apply(self, steps: list[access.Step], wanted: Access) -> Access:
        """Apply the steps and return what the bucket then has."""
        done: list[str] = []
        for step in steps:
            try:
                self._apply_step(step, switched=any(each.kind == "block" for each in steps[: len(done)]))
            except AwsError as error:
                raise error.with_done(done) from None
            done.append(step.text)
        found = read_back(self.read, wanted.same_as, _READ_BACK_SECONDS)
        if not found.same_as(wanted):
            left, right = access.difference(wanted, found)
            raise AwsError(
                f"Setting the access to bucket {self.name}",
                f"all calls were accepted, but the bucket has {right} where {left} was requested",
                "Something else may be changing it at the same time; run again",
            ).with_done(done)
        return found

    def _apply_step(self, step: access.Step, *, switched: bool) -> None:
        tried = f"Changing bucket {self.name} ({step.text})"
        if step.kind == "block":
            operation, needs = self.s3.put_public_access_block, "s3:PutBucketPublicAccessBlock"
            value = {aws_name: step.value[name] for name, aws_name in SWITCHES.items()}
            arguments: dict[str, Any] = {"PublicAccessBlockConfiguration": value}
        elif step.kind == "ownership":
            operation, needs = self.s3.put_bucket_ownership_controls, "s3:PutBucketOwnershipControls"
            arguments = {"OwnershipControls": {"Rules": [{"ObjectOwnership": step.value}]}}
        elif step.value is None:
            operation, needs, arguments = self.s3.delete_bucket_policy, "s3:DeleteBucketPolicy", {}
        else:
            operation, needs = self.s3.put_bucket_policy, "s3:PutBucketPolicy"
            arguments = {"Policy": access.policy_text(step.value)}
        # S3 applies the old switches for some seconds after they were changed.
        patience = ("AccessDenied",) if switched and step.kind == "policy" else ()
        bucket_setting.write(
            "policy" if step.kind == "policy" else "ownership",
            tried,
            operation,
            needs=needs,
            retry_on=(*S3_TRANSIENT, *patience),
            Bucket=self.name,
            **arguments,
        )
