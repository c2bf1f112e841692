# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Decide what stays of the folders of a bucket that a task does not name.

Plain data in, plain data out. A folder that the inventory no longer has may still hold recordings.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .policy import is_literal

KEEP, FORGET = OTHER_FOLDERS = ("keep", "forget")
FORGET_SOME = (
    "name the folders that nobody needs any more in forget_folders (in the role s3_recording_forget_folders)"
)
_PATH = "a path such as live/streams, no slash at its ends, no *, ? or $ in it, and no part that is . or .."


@dataclass(frozen=True)
class OtherFolders:
    """What becomes of the folders that are not named.

    kept: True if they stay, except the forgotten ones. in_use: those to which something uploads for now.
    """

    kept: bool = False
    forgotten: tuple[str, ...] = ()
    in_use: tuple[str, ...] = ()

    def keeps(self, folder: str) -> bool:
        return self.kept and not any(is_within(folder, each) for each in self.forgotten)


def other_folders(params: Mapping[str, Any]) -> OtherFolders:
    """Return what the options of a module say."""
    return OtherFolders(
        params.get("other_folders") == KEEP,
        tuple(params.get("forget_folders") or ()),
        tuple(params.get("folders_in_use") or ()),
    )


def is_within(folder: str, other: str) -> bool:
    """True if a folder is the other one, or is in it."""
    return f"{folder}/".startswith(f"{other}/")


def is_folder(name: str) -> bool:
    """True if a name stands in a policy for one folder, and for no others."""
    return is_literal(name) and bool(re.fullmatch(r"[^/]+(/[^/]+)*", name))


def folder_problems(folders: Iterable[str], option: str = "the folder") -> list[str]:
    return [f"{option} '{each}' must be {_PATH}" for each in folders if not is_folder(each)]
