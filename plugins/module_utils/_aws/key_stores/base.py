# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""The base class of key stores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Optional

from ..module import AwsModule


@dataclass(frozen=True)
class Content:
    """What a key store holds. version has a meaning for this key store alone; storing again fixes flaws."""

    text: str
    version: Any
    flaws: tuple[str, ...] = ()


class KeyStore:
    """A place for one text.

    create and replace decide who wins when two runs write at the same moment: False means another one did,
    and what is stored is the other's. Texts may hold secrets: no error shows them.

    module: what an AnsibleAWSModule has of params, region and client(); the lookup has a stand-in for it.
    ERRORS_LAST: True if a read that fails would fail again, as nothing is sent over a network.
    """

    ARGUMENTS: ClassVar[dict[str, dict[str, Any]]] = {}
    ERRORS_LAST: ClassVar[bool] = False

    def __init__(self, module: AwsModule, stored_at: str, description: str) -> None:
        self.module = module
        self.stored_at = stored_at
        self.description = description

    @property
    def where(self) -> str:
        raise NotImplementedError

    def prepare(self, check_mode: bool) -> None:
        """Raise if create would fail, as far as that can be known without writing."""

    def read(self) -> Optional[Content]:
        """Return what is stored; None if nothing is."""
        raise NotImplementedError

    def create(self, text: str) -> bool:
        """Store where nothing is stored."""
        raise NotImplementedError

    def replace(self, text: str, before: Content) -> bool:
        """Store in place of exactly what was read before."""
        raise NotImplementedError

    def delete(self) -> None:
        """Remove what is stored; it is no error if nothing is."""
        raise NotImplementedError
