# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Decide what a rollback writes and what it leaves alone. Plain data in, plain data out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .backup import ACCESS_KEY, BUCKET, Settings
from .settings import Change, is_stored, plan, redact


@dataclass(frozen=True)
class Rollback:
    """The settings to write for a rollback, and those that stay as they are.

    left_alone: what somebody else has changed since. key_stays: the settings of an access key that replaced
    another, which may be inactive or deleted by now.
    """

    change: Change = field(default_factory=Change)
    left_alone: dict[str, Any] = field(default_factory=dict)
    key_stays: tuple[str, ...] = ()

    @property
    def kept(self) -> set[str]:
        """Return the settings that are not restored, so that their backup is still needed."""
        return {*self.left_alone, *self.key_stays}


def replaces_key(settings: Settings) -> bool:
    """True if an access key was replaced by another one for the same bucket."""
    key = [settings[name] for name in ACCESS_KEY if name in settings]
    return bool(key) and not _moves_bucket(settings) and key[0]["before"] not in (None, "")


def plan_rollback(current: Mapping[str, Any], settings: Settings, access_key: bool = True) -> Rollback:
    """Plan the rollback of those settings that still are as the change left them.

    access_key: whether to restore a key that was replaced for the same bucket.
    """
    others = {
        name
        for name, values in settings.items()
        if name not in current or not _is(current, name, values["before"], values["after"])
    }
    key = {name for name in ACCESS_KEY if name in settings}
    stays: set[str] = set()
    if not access_key and replaces_key(settings):
        stays, others = key, others - key
    else:
        others = _with_key(others, key, current, settings)
    wanted = {name: each["before"] for name, each in settings.items() if name not in others | stays}
    left_alone = {name: redact(name, current.get(name)) for name in settings if name in others}
    return Rollback(plan(current, wanted), left_alone, tuple(sorted(stays)))


def _with_key(others: set[str], key: set[str], current: Mapping[str, Any], settings: Settings) -> set[str]:
    """Return what somebody else has set, with the access key or without: it is restored as a whole or not."""
    if _moves_bucket(settings):
        if BUCKET in others:
            # It is the key of their bucket.
            return others | key
        if _is(current, BUCKET, settings[BUCKET]["after"]):
            # Our bucket is rolled back, and its key with it, whichever key that is by now.
            return others - (key & set(current))
    return others | key if others & key else others


def _moves_bucket(settings: Settings) -> bool:
    return BUCKET in settings and settings[BUCKET]["before"] != settings[BUCKET]["after"]


def _is(current: Mapping[str, Any], name: str, *expected: Any) -> bool:
    """True if a setting has one of the values, as the server would store them."""
    return any(is_stored(name, value, current[name]) for value in expected)
