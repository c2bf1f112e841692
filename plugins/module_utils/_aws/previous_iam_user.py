# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Delete the IAM user that a bucket had before, with its access key, when nothing uses that key any more.

A part of s3_recording_storage alone. Without may_delete it only says what it would delete.

The key ends like one that a rotation has replaced (plan_retirement): something else than the servers of this
inventory may use it, and its secret is stored nowhere else.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from .._common.errors import AwsError
from . import iam_programmatic_user_apply as apply_user
from .iam_stored_access_key import apply as apply_key
from .module import AwsModule
from .ownership import POLICY_NAME

Result = dict[str, Any]


def run(module: AwsModule) -> Result:
    """Return the result: `deletes`, the keys of the user, and why it stays if it does."""
    # What would stay for ever is found out as if the key were deleted at once.
    key = apply_key.run(_as_key_module(module, check=True, gradual=False))
    user = apply_user.run(_as_user_module(module, check=True))
    exists, stays = "arn" in user, _stays(user, key)
    found: Result = {
        "changed": False,
        "user_name": module.params["user_name"],
        "access_key_ids": [*key["deleted_access_key_ids"], *_ids_of_others(key)],
        "deletes": exists and not stays,
        "stays": stays if exists else "",
        "msg": user["msg"],
        "diff": user["diff"],
    }
    if not found["deletes"] or not module.params["may_delete"]:
        return found
    return {**found, **_delete(module)}


def _delete(module: AwsModule) -> Result:
    """Delete the key and the user, or do the next step towards that. In check mode, predict it."""
    key = apply_key.run(_as_key_module(module, check=module.check_mode, gradual=True))
    name, keys = module.params["user_name"], " and ".join(key["deleted_access_key_ids"])
    if key.get("pending"):
        stays = key["pending"]
        message = f"IAM user {name} stays for now: {stays}"
        return {"changed": key["changed"], "deletes": True, "stays": stays, "msg": message}
    try:
        apply_user.run(_as_user_module(module, check=module.check_mode))
    except AwsError as error:
        what = f"access key {keys} is deleted" if keys else "the stored access key is deleted"
        raise error.with_done([what] if key["changed"] else []) from None
    is_deleted = "would be deleted" if module.check_mode else "is deleted"
    return {
        "changed": True,
        "deletes": module.check_mode,
        "msg": f"IAM user {name} {is_deleted}, with its policy and its access key, "
        f"{keys or 'which did not exist any more'}",
    }


def _stays(user: Mapping[str, Any], key: Mapping[str, Any]) -> str:
    """Return why the user is not deleted, empty if it is."""
    others = _ids_of_others(key)
    if not user.get("ours", True):
        return "; ".join(user["stays"])
    if user["stays"]:
        return f"it has {'; '.join(user['stays'])}"
    if others:
        return f"it has the access key {' and '.join(others)}, which is not stored in {key['stored_at']}"
    return ""


def _ids_of_others(key: Mapping[str, Any]) -> list[str]:
    return [each["access_key_id"] for each in key["previous_access_keys"]]


def _as_key_module(module: AwsModule, *, check: bool, gradual: bool) -> AwsModule:
    params = module.params
    # While an upload that began with the key is in progress the key stays, and a later run deletes it.
    return _as_module(
        module,
        check,
        state="absent",
        store=params["key_store"],
        stored_at=params["key_stored_at"],
        bucket=params["bucket"] if gradual else None,
        wait=False,
        gradual=gradual,
        vault_password=list(params["vault_password"] or []),
    )


def _as_user_module(module: AwsModule, *, check: bool) -> AwsModule:
    # The keys are deleted by the other module; before that they would be refused.
    return _as_module(module, check, state="absent", policy_name=POLICY_NAME, delete_access_keys=check)


def _as_module(module: AwsModule, check: bool, **params: Any) -> AwsModule:
    other = copy.copy(module)
    # Its class knows which options are None if they are not given.
    other.params = copy.copy(module.params)
    other.params.update(params)
    other.check_mode = check
    return other
