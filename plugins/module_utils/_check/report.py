# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Results of checks: the names of the checks, the table that a person reads, and the module's result."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Optional

from .._common.errors import AmsError
from .._common.plain_text import one_line


class Check:
    """Names of the checks."""

    SETTINGS, KEY, REGION = "settings", "key", "region"
    LEFTOVERS, LIST, HEAD, PUT, REMOVE = "leftovers", "list", "head", "put", "remove"
    REDIRECT, MIXED_CONTENT, GET, RANGE = "redirect", "mixed content", "get", "range"
    CORS, CORS_OF_OTHERS, HLS_UPLOAD = "cors for {origin}", "cors for someone else's origin", "hls-upload"
    LIVE, LIVE_SOURCE, LIVE_PULL = "live check", "live source", "live pull"
    LIVE_RECORDING, LIVE_UPLOAD = "live recording", "live upload"
    LIVE_PLAYBACK, LIVE_REMOVAL = "live playback", "live removal"
    BACKLOG = "backlog"


AS_EXPECTED = "as expected"
# What the playback of a live check expects begins so where the server forwards viewers.
BY_REDIRECT = "302 to "


@dataclass(frozen=True)
class CheckResult:
    """The result of one check, and what to do if it failed.

    warning: to report although the check did not fail. tried: False if the check could not be made, which
    says nothing about the recording chain.
    """

    app: str
    check: str
    ok: bool
    expected: str
    actual: str
    remedy: str = ""
    warning: str = ""
    tried: bool = True

    def __post_init__(self) -> None:
        """Keep texts of a server or an S3 provider to one line each. Success needs no remedy."""
        for name in ("expected", "actual"):
            object.__setattr__(self, name, one_line(getattr(self, name)))
        if self.ok and self.tried:
            object.__setattr__(self, "remedy", "")

    def describe(self) -> str:
        """Return "ok", or what is wrong, for a line of the table."""
        if self.ok:
            return "ok" if self.tried else f"not tried  {self.actual}"
        return f"{'BROKEN' if self.tried else 'NOT TRIED'}  {self._difference()}"

    def sentence(self) -> str:
        return f"{self.app}: {self.check}: {self._difference()}"

    def _difference(self) -> str:
        return f"expected {self.expected}, got {self.actual}. {self.remedy}".strip()

    def public(self) -> dict[str, Any]:
        """Return the entry of the module's result."""
        # asdict would copy each text.
        return {name: getattr(self, name) for name in _FIELDS}


_FIELDS = [field.name for field in fields(CheckResult)]


def results_of(module_result: Mapping[str, Any]) -> list[CheckResult]:
    """Return the checks in the module's result, also if they are text there."""
    checks = module_result.get("checks") or ()
    if isinstance(checks, str):
        checks = json.loads(checks)
    return [CheckResult(**{name: each[name] for name in _FIELDS}) for each in checks]


def module_result(url: str, results: Sequence[CheckResult]) -> dict[str, Any]:
    """Return the module's result. A failed check raises no error, since the table is needed with it."""
    public: dict[str, Any] = {"changed": False, "checks": [result.public() for result in results]}
    warnings = list(dict.fromkeys(result.warning for result in results if result.warning))
    if warnings:
        public["warnings"] = warnings
    failed = [result for result in results if not result.ok]
    if not failed:
        return {**public, "msg": _success(results)}
    # Only a check that was made shows that something is broken.
    broken = [result for result in failed if result.tried]
    state = "is broken" if broken else "could not be verified"
    message = f"{url}: the recording chain {state} ({_names(broken or failed)}):\n{table(results)}"
    return {**public, "failed": True, "msg": message}


def require_removed(removal: Optional[CheckResult], error: BaseException, tried: str) -> None:
    """Raise an error that also says what could not be removed after another error, if anything."""
    if removal is None or removal.ok:
        return
    if isinstance(error, KeyboardInterrupt):
        raise KeyboardInterrupt(f"{error}; {removal.sentence()}") from error
    raise AmsError(tried, repr(error), removal.sentence()) from error


def _success(results: Sequence[CheckResult]) -> str:
    apps = sorted({result.app for result in results})
    passed = [result for result in results if result.tried]
    not_tried = [result for result in results if not result.tried]
    more = f"; not tried: {_names(not_tried)}" if not_tried else ""
    return f"{', '.join(apps)}: all {len(passed)} checks passed{more}"


def _names(results: Sequence[CheckResult]) -> str:
    return ", ".join(dict.fromkeys(result.check for result in results))


def table(results: Sequence[CheckResult]) -> str:
    """Return a line for each check: the application, the check, and ok or what is wrong."""
    first = max((len(result.app) for result in results), default=0)
    second = max((len(result.check) for result in results), default=0)
    return "\n".join(
        f"{result.app:{first}}  {result.check:{second}}  {result.describe()}" for result in results
    )
