# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""What a store of access keys has to be able to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Optional


@dataclass(frozen=True)
class Content:
    """What a store holds. version means something to the store alone; storing again mends flaws."""

    text: str
    version: Any
    flaws: tuple[str, ...] = ()


class KeyStore:
    """A place for one text.

    create and replace decide who wins when two runs write at the same moment: False means another one did,
    and what is stored is the other's. Texts may hold secrets: no error shows them.

    module: what an AnsibleAWSModule has of params, region and client(); the lookup has a stand-in for it.
    """

    ARGUMENTS: ClassVar[dict[str, dict[str, Any]]] = {}

    def __init__(self, module: Any, stored_at: str, description: str) -> None:
        self.module = module
        self.stored_at = stored_at
        self.description = description

    @property
    def where(self) -> str:
        raise NotImplementedError

    def prepare(self, check_mode: bool) -> None:
        """Find out, as far as can be without writing, that create would work."""

    def read(self) -> Optional[Content]:
        """What is stored; None where nothing is."""
        raise NotImplementedError

    def create(self, text: str) -> bool:
        """Store where nothing is."""
        raise NotImplementedError

    def replace(self, text: str, before: Content) -> bool:
        """Store in place of just what was read before."""
        raise NotImplementedError

    def delete(self) -> None:
        """Remove what is stored; nothing there is no error."""
        raise NotImplementedError
