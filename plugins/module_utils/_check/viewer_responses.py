# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Responses that a viewer gets, and whether they are right."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Redirect:
    """The server's response to a viewer. wanted: the address to which it should lead."""

    url: str
    wanted: str
    extension: str
    status: int
    location: str = ""

    @property
    def ok(self) -> bool:
        return self.status == 302 and self.location == self.wanted


@dataclass(frozen=True)
class ObjectResponse:
    """The response to a GET of the recording's address. code: of an S3 error body."""

    url: str
    status: int = 0
    code: str = ""
    encrypted_by_kms: bool = False


@dataclass(frozen=True)
class Preflight:
    """The response to a browser's CORS preflight request for an origin."""

    url: str
    origin: str
    status: int = 0
    allowed: str = ""
    text: str = ""
    credentials: bool = False

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300 and self.allowed in (self.origin, "*")
