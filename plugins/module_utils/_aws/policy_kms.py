# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Keep the right to use other KMS keys of a bucket when the policy of a user changes.

An upload that began before the bucket has the next key needs the previous one to its end, and an object needs
for as long as it exists the key that has encrypted it. Plain data in, plain data out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Optional

from .policy import Statement, as_list, meaning, statements_of

FORGET, KEEP, DECRYPT = PREVIOUS_KEYS = ("forget", "keep", "decrypt")
ENCRYPT_SID, _PREVIOUS_SID = "EncryptRecordings", "PreviousKey"
_ENCRYPTS, _DECRYPTS = "kms:GenerateDataKey", "kms:Decrypt"


@dataclass(frozen=True)
class PreviousKeys:
    """What becomes of KMS keys that the desired policy does not name, one of PREVIOUS_KEYS.

    forgotten: keys that no object needs any more.
    """

    how: str = FORGET
    forgotten: tuple[str, ...] = ()


def with_previous_keys(
    desired: Mapping[str, Any], current: Optional[Mapping[str, Any]], keys: PreviousKeys
) -> dict[str, Any]:
    """Return the desired policy with its rights for other KMS keys."""
    if keys.how == FORGET:
        return dict(desired)
    kept = [each for each in previous_keys(current, desired) if not _is_forgotten(each, keys.forgotten)]
    named = [
        {
            **each,
            "Sid": f"{_PREVIOUS_SID}{number}",
            "Action": _DECRYPTS if keys.how == DECRYPT else each["Action"],
        }
        for number, each in enumerate(kept, start=1)
    ]
    return {**desired, "Statement": [*statements_of(desired), *named]} if named else dict(desired)


def previous_keys(policy: Optional[Mapping[str, Any]], desired: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the statements of a policy about other KMS keys than those of the desired one, each key once."""
    named = {_key(each) for each in _of_kms(desired)}
    found = {_key(each): dict(each) for each in _of_kms(policy)}
    return [each for key, each in found.items() if key not in named]


def described(statements: Iterable[Statement]) -> list[dict[str, Any]]:
    """Return the keys for a result: their names, and whether something may be encrypted with them."""
    return [{"key": name_of(each), "encrypts": _ENCRYPTS in as_list(each["Action"])} for each in statements]


def name_of(statement: Statement) -> str:
    """Return the alias or the ARN of the key that a statement is about."""
    for condition in (statement.get("Condition") or {}).values():
        for alias in as_list(condition.get("kms:ResourceAliases")):
            return str(alias)
    return str(as_list(statement["Resource"])[0])


def _is_forgotten(statement: Statement, forgotten: Iterable[str]) -> bool:
    name = name_of(statement)
    # The ID of a key is the end of its ARN, as is an alias.
    return any(name == each or name.endswith(f"/{each}") or each.endswith(f":{name}") for each in forgotten)


def _of_kms(policy: Optional[Mapping[str, Any]]) -> Iterator[Statement]:
    for each in statements_of(policy):
        is_ours = str(each.get("Sid", "")).startswith((ENCRYPT_SID, _PREVIOUS_SID))
        if is_ours and all(str(action).startswith("kms:") for action in as_list(each.get("Action"))):
            yield each


def _key(statement: Statement) -> str:
    return meaning({name: statement[name] for name in ("Resource", "Condition") if name in statement})
