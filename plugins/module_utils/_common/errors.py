# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Errors that users read: what was tried, what the answer was, what to do next.

CollectionError
    AmsError                 a server
    AwsError                 AWS, or another provider of S3; _aws/errors.py translates botocore's errors
        CredentialsError     _aws/credentials.py
        RotationInGrace      _aws/iam_stored_access_key/model.py
        KeyNotYetUsable      _aws/iam_stored_access_key/wait_usable.py

An error never changes. To say more, raise the copy that with_remedy, with_note, with_done or masked returns.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import Any, Optional, TypeVar

from .plain_text import one_line, printable
from .secret_forms import scrub

_Error = TypeVar("_Error", bound="CollectionError")
_AwsError = TypeVar("_AwsError", bound="AwsError")


# Not frozen: contextlib sets __traceback__ of an error that passes through it.
@dataclass(eq=False, repr=False)
class CollectionError(Exception):
    """The base of all errors that a task, a lookup or a filter reports."""

    tried: str
    came_back: str
    remedy: str = ""

    def __post_init__(self) -> None:
        super().__init__(self.tried, self.came_back, self.remedy)

    def __setattr__(self, name: str, value: object) -> None:
        if name in self.__dict__ and not name.startswith("__"):
            raise AttributeError(f"{name}: an error does not change, make a copy of it")
        super().__setattr__(name, value)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), tuple(getattr(self, each.name) for each in fields(self))

    def __str__(self) -> str:
        parts = (f"{self.tried}: {self.came_back}", self.remedy)
        return printable(" ".join(_sentence(part) for part in parts if part))

    def with_remedy(self: _Error, remedy: str) -> _Error:
        """Return a copy with another remedy."""
        return replace(self, remedy=remedy)

    def with_note(self: _Error, note: str) -> _Error:
        """Return a copy with one more sentence at the end of the remedy."""
        return self.with_remedy(f"{_sentence(self.remedy)} {note}" if self.remedy else note)

    def masked(self: _Error, secrets: Iterable[Optional[str]]) -> _Error:
        """Return a copy with the secrets masked that an answer may quote."""
        known = list(secrets)
        return replace(self, came_back=scrub(self.came_back, known), remedy=scrub(self.remedy, known))

    def result(self, secrets: Iterable[Optional[str]] = ()) -> dict[str, Any]:
        """Return the error as a task's result."""
        return {"msg": scrub(str(self), secrets)}


@dataclass(eq=False, repr=False)
class AmsError(CollectionError):
    """A request to a server, or what was to be sent to it, failed.

    status: the HTTP status of the answer, None where there was none.
    uncertain: a write was sent and its answer was lost, so it may have been carried out.
    transient: trying the same read again may help.
    starting: nothing was carried out, as with a server that is not up yet.
    login_unsure: a login was sent and its answer was lost, so the password may have been checked.
    unreachable: no connection could be made, or no answer came in time.
    login_refused: the server refused the e-mail address or the password, or has blocked the account.
    stale: the settings have changed since they were backed up, so nothing was written.
    not_tried: the server was not asked, because another one refused the same login.
    """

    status: Optional[int] = None
    uncertain: bool = False
    transient: bool = False
    starting: bool = False
    unreachable: bool = False
    login_unsure: bool = False
    login_refused: bool = False
    stale: bool = False
    not_tried: bool = False

    def __str__(self) -> str:
        return one_line(super().__str__())

    def result(self, secrets: Iterable[Optional[str]] = ()) -> dict[str, Any]:
        details = super().result(secrets)
        if self.status is not None:
            details["status"] = self.status
        flags = ("uncertain", "login_refused", "login_unsure", "stale")
        return {**details, **{name: True for name in flags if getattr(self, name)}}


@dataclass(eq=False, repr=False)
class AwsError(CollectionError):
    """A call of AWS failed, or cannot be made.

    code: AWS's own name of the error, empty where AWS did not answer. status: the HTTP status of its answer.
    changed: something had been changed before the error, and the task counts as changed.
    """

    code: str = ""
    status: int = 0
    changed: bool = False

    def with_done(self: _AwsError, steps: Iterable[str]) -> _AwsError:
        """Return a copy that lists what had been changed before the error."""
        done = "; ".join(steps)
        return replace(self.with_note(f"Done before that: {done}"), changed=True) if done else self

    def result(self, secrets: Iterable[Optional[str]] = ()) -> dict[str, Any]:
        details = {"error_code": self.code} if self.code else {}
        return {**super().result(secrets), **details, **({"changed": True} if self.changed else {})}


def _sentence(text: str) -> str:
    return text if text[-1] in ".?!" else f"{text}."
