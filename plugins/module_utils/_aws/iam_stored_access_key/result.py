# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""The result of a task about an access key: what was found, and what was done or would be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Optional

from ansible.module_utils.common.warnings import warn

from ..result import diff
from . import model as keys
from . import plan as decisions

_NEW_KEY = "(a new key)"


class Progress:
    """What has been done so far, for the result; of a failure too.

    steps: what of a decision was carried out, and the message of each decision that was carried out in whole.
    """

    def __init__(self, before: keys.KeyState, decision: keys.Decision) -> None:
        self.deleted: list[str] = []
        self.steps: list[str] = []
        self._whole: list[str] = []
        self.changed, self.message = False, ""
        self.first = before
        self.look(before, decision)

    def look(self, before: keys.KeyState, decision: keys.Decision) -> None:
        self.before, self.decision = before, decision
        self.document: Optional[dict[str, Any]] = dict(before.stored.document) if before.stored else None
        if not self.changed:
            self.first = before

    def carried_out(self, decision: keys.Decision) -> None:
        """Record that a decision is carried out in whole."""
        self.steps = [*self._whole, *([decision.message] if decision.changes else [])]

    def keep_steps(self) -> None:
        """Keep what was done so far: a later decision adds to it."""
        self._whole = [*self.steps]

    def predict(self) -> None:
        self.changed = self.decision.changes
        if self.decision.action == "create" or self.decision.remove_stored:
            self.document = None
        self.deleted = list(self.decision.delete_ids)


def result_of(done: Progress, params: Mapping[str, Any], where: str, user_is_missing: bool) -> dict[str, Any]:
    """Return the result of the module. where: the key store, to people."""
    document, decision, before = done.document, done.decision, done.before
    stored_id = document["access_key_id"] if document else _NEW_KEY
    age = keys.age_days(document.get("create_date"), before.now) if document else None
    return {
        "changed": done.changed or bool(done.deleted),
        "user_name": params["user_name"],
        "store": params["store"],
        "stored_at": params["stored_at"],
        "access_key_id": document["access_key_id"] if document else None,
        "create_date": document.get("create_date") if document else None,
        "age_days": age,
        "deleted_access_key_ids": done.deleted,
        "previous_access_keys": [
            {"access_key_id": key.access_key_id, "active": key.active}
            for key in decisions.after(before, decision, stored_id)[0]
            if key.access_key_id != stored_id
        ],
        **({"pending": decision.pending} if decision.pending else {}),
        **_of_previous_store(before, decision),
        "msg": f"{params['user_name']}: {decision.message}"
        + (" (the user does not exist yet)" if user_is_missing and params["state"] != "absent" else ""),
        **_due(age, params, stored_id),
        "diff": _diff(done, stored_id, where),
    }


def _of_previous_store(before: keys.KeyState, decision: keys.Decision) -> dict[str, Any]:
    """Return what becomes of the previous key store, empty where there is none."""
    previous, stored = before.previous, before.stored
    if previous is None:
        return {}
    is_same = stored is not None and previous.access_key_id == stored.access_key_id
    return {
        "previous_store": {
            "where": previous.where,
            "copied": bool(stored and stored.copied_from),
            "not_copied": decisions.why_not_copied(before) if decision.action == "create" else "",
            "deleted": decision.remove_previous,
            "left": (is_same or previous.has_ended) and not decision.remove_previous,
        }
    }


def _due(age: Optional[int], params: Mapping[str, Any], key_id: str) -> dict[str, Any]:
    most = params["max_age_days"]
    if not most:
        return {}
    is_due = age is not None and age >= most
    if is_due:
        # module.warn of amazon.aws would add it to the result as well, which ansible-core finds deprecated.
        warn(
            f"The access key {key_id} of IAM user {params['user_name']} is {age} days old, the limit is "
            f"{most}: rotate it (playbook antmedia.s3_recording.rotate_key)"
        )
    return {"rotation_due": is_due}


def _diff(done: Progress, new_id: str, where: str) -> dict[str, Any]:
    def view(found: Sequence[keys.Key], stored: Optional[str]) -> dict[str, Any]:
        return {
            "access_key_ids": sorted(key.access_key_id for key in found),
            "inactive_access_key_ids": sorted(key.access_key_id for key in found if not key.active),
            "stored_access_key_id": stored,
        }

    first = done.first
    old = view(first.keys, first.stored.access_key_id if first.stored else None)
    new = view(*decisions.after(done.before, done.decision, new_id)) if done.changed else old
    if first.previous:
        old["stored_in"] = first.places(where)
        new["stored_in"] = _places_after(done, where) if done.changed else first.places(where)
    changed = [name for name in old if old[name] != new[name]]
    return diff(
        f"access key of {first.user_name}",
        {name: old[name] for name in changed},
        {name: new[name] for name in changed},
    )


def _places_after(done: Progress, where: str) -> list[str]:
    """Return where a key is stored afterwards."""
    if done.decision.remove_stored:
        return []
    previous = done.first.previous
    is_left = previous and previous.access_key_id and not done.decision.remove_previous
    return [where, *([previous.where] if previous and is_left else [])]
