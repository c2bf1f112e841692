# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Keep the right to upload to other folders of a bucket when the policy of a user changes.

Plain data in, plain data out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Optional

from .other_folders import OtherFolders, is_folder, is_within
from .policy import Statement, as_list, statements_of

_UPLOADS = ("s3:PutObject", "s3:*", "*")


def with_other_folders(
    desired: Mapping[str, Any], current: Optional[Mapping[str, Any]], bucket: str, others: OtherFolders
) -> dict[str, Any]:
    """Return the desired policy, with its right to upload for other folders: those of now, and those in use.

    No other action is kept, and no right in a folder that the desired policy names.
    """
    kept = [each for each in other_uploads(desired, current, bucket) if others.keeps(folder_of(each))]
    return with_uploads(desired, [*kept, *uploads_to(others.in_use, desired, bucket)])


def uploads_to(folders: Iterable[str], policy: Mapping[str, Any], bucket: str) -> list[str]:
    """Return the objects in folders that a policy does not name, with the endings that it allows."""
    own = list(upload_rights(policy, bucket))
    endings = dict.fromkeys(each.rpartition("/*")[2] for each in own)
    named = [folder_of(each) for each in own]
    others = [each for each in folders if is_folder(each) and not any(is_within(each, one) for one in named)]
    return [f"{bucket}/{each}/*{end}" for each in others for end in endings]


def with_uploads(policy: Mapping[str, Any], objects: Sequence[str]) -> dict[str, Any]:
    """Return a policy with its right to upload for these objects as well, if it has such a right."""
    statements = [dict(each) for each in statements_of(policy)]
    upload = next((each for each in statements if _allows_uploads(each)), None)
    if upload is None or not objects:
        return dict(policy)
    own = as_list(upload["Resource"])
    arn = str(own[0]).partition(":::")[0]
    upload["Resource"] = list(dict.fromkeys([*own, *(f"{arn}:::{each}" for each in objects)]))
    return {**policy, "Statement": statements}


def other_uploads(desired: Mapping[str, Any], current: Optional[Mapping[str, Any]], bucket: str) -> list[str]:
    """Return to which objects a policy allows uploads in folders that the desired one does not name.

    Each is BUCKET/FOLDER/* with what may follow.
    """
    named = {folder_of(each) for each in upload_rights(desired, bucket)}
    return sorted({each for each in upload_rights(current, bucket) if folder_of(each) not in named})


def upload_rights(policy: Optional[Mapping[str, Any]], bucket: str) -> Iterator[str]:
    """Yield the objects that a policy allows to upload, as BUCKET/FOLDER/* with what may follow."""
    for statement in statements_of(policy):
        if _allows_uploads(statement):
            for resource in as_list(statement.get("Resource")):
                path = str(resource).rpartition(":::")[2]
                if path.partition("/")[0] == bucket and is_folder(folder_of(path)):
                    yield path


def _allows_uploads(statement: Statement) -> bool:
    return statement.get("Effect") == "Allow" and any(
        each in _UPLOADS for each in as_list(statement.get("Action"))
    )


def folder_of(path: str) -> str:
    """Return the folder of BUCKET/FOLDER/*, empty for what has another form."""
    key = path.partition("/")[2]
    folder, below, _ending = key.partition("/*")
    return folder if below else ""
