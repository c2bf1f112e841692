# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Report the access keys of a user, and which of them is stored."""

from __future__ import annotations

from typing import Any

from ..key_stores.registry import STORES
from ..module import AwsModule
from . import model as keys
from .read import KeyReader


def run(module: AwsModule) -> dict[str, Any]:
    params = module.params
    store = STORES[params["store"]](module, params["stored_at"], "")
    reader = KeyReader(module, store, params["user_name"])
    now = reader.key_state(user_may_be_missing=True)
    now = reader.with_last_uses(now, now.keys)
    stored = now.stored.access_key_id if now.stored else None
    since = (now.stored.document.get("inactive_since") or {}) if now.stored else {}
    return {
        "changed": False,
        "user_name": params["user_name"],
        "user_exists": not reader.user_is_missing,
        "store": params["store"],
        "stored_at": params["stored_at"],
        "access_key_id": stored,
        "access_keys": [_key_entry(key, now, key.access_key_id == stored, since) for key in now.keys],
        "msg": f"{params['user_name']}: {_describe_keys(now, reader.user_is_missing)}",
    }


def _key_entry(key: keys.Key, now: keys.KeyState, is_stored: bool, since: dict[str, str]) -> dict[str, Any]:
    return {
        "access_key_id": key.access_key_id,
        "active": key.active,
        "stored": is_stored,
        "create_date": key.created.isoformat(),
        "age_days": _age_days(key, now),
        "last_used": key.last_used.isoformat() if key.last_used else None,
        "last_used_by": key.by if key.last_used else None,
        "inactive_since": None if key.active else since.get(key.access_key_id),
    }


def _describe_keys(now: keys.KeyState, user_is_missing: bool) -> str:
    if user_is_missing:
        return "there is no such user"
    stored = now.stored.access_key_id if now.stored else ""
    words = [_describe_key(key, now, key.access_key_id == stored) for key in now.keys]
    if not stored:
        words.append(f"nothing is stored in {now.where}")
    elif now.key(stored) is None:
        words.append(f"{stored} is stored in {now.where}, and the user has no such key any more")
    return "; ".join(words)


def _describe_key(key: keys.Key, now: keys.KeyState, is_stored: bool) -> str:
    used = f"last used {key.last_used:%Y-%m-%dT%H:%MZ} {key.by}" if key.last_used else "never used"
    place = f"stored in {now.where}" if is_stored else "not stored"
    state = "active" if key.active else "inactive"
    return f"{key.access_key_id} is {state}, {_age_days(key, now)} days old, {used}, {place}"


def _age_days(key: keys.Key, now: keys.KeyState) -> int:
    # AWS gives its time in whole seconds, and a key may be made within one.
    return max(0, (now.now - key.created).days)
