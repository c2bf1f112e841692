# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Keep in our statements of a bucket policy the folders that they have now and that the task does not name.

Plain data in, plain data out. A folder stays only as it is: for the same readers, and not if a switch of the
bucket holds the statement back. The whole bucket and patterns are no folders, so they do not stay.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Optional

from .other_folders import is_folder
from .policy import as_list, everyone_may, meaning
from .s3_bucket_access_model import CLOUDFRONT, Access, DesiredAccess

Statement = dict[str, Any]


def with_kept(wanted: Sequence[Statement], current: Access, desired: DesiredAccess) -> list[Statement]:
    """Return the statements that are wanted, with the folders that stay."""
    found = {readers(each): each for each in wanted}
    for each in current.ours:
        stays = _stays(each, current, desired)
        into = found.get(readers(each)) or _of_other_distribution(each, wanted)
        if stays and into and f"{desired.arn}/*" not in into["Resource"]:
            found[readers(into)] = {**into, "Resource": sorted({*into["Resource"], *stays})}
    return list(found.values())


def kept_in(after: Access, desired: DesiredAccess) -> list[str]:
    """Return the folders of our statements that the task does not name."""
    found = {folder for each in after.ours for folder in _folders(each, desired.arn)}
    return sorted(found - {*desired.folders})


def readers(statement: Mapping[str, Any]) -> str:
    """Return a text that is equal for statements that allow, or deny, the same to the same."""
    return meaning({name: value for name, value in statement.items() if name not in ("Sid", "Resource")})


def _stays(statement: Mapping[str, Any], current: Access, desired: DesiredAccess) -> list[str]:
    """Return the resources of a statement that stay."""
    if everyone_may(statement) and current.block["restrict_public_buckets"]:
        return []
    return [
        resource
        for folder, resource in _folders(statement, desired.arn).items()
        if folder not in desired.folders and desired.others.keeps(folder)
    ]


def _folders(statement: Mapping[str, Any], arn: str) -> dict[str, str]:
    """Return the resources that are all objects of one folder, by the folder."""
    start, end = f"{arn}/", "/*"
    named = {
        resource.removeprefix(start).removesuffix(end): resource
        for resource in map(str, as_list(statement.get("Resource")))
        if resource.startswith(start) and resource.endswith(end)
    }
    return {folder: resource for folder, resource in named.items() if is_folder(folder)}


def _of_other_distribution(statement: Mapping[str, Any], wanted: Sequence[Statement]) -> Optional[Statement]:
    """Return the statement of a previous distribution without resources, if it is one.

    What that one reads is not opened to the new one, which may be open to other viewers.
    """
    condition = statement.get("Condition")
    equals = condition.get("StringEquals") if isinstance(condition, Mapping) else None
    arn = equals.get("AWS:SourceArn") if isinstance(equals, Mapping) else None
    for each in wanted:
        if each["Sid"] == CLOUDFRONT and isinstance(arn, str):
            name = re.sub(r"[^A-Za-z0-9]", "", arn.rpartition("/")[2])
            other = {
                **each,
                "Sid": f"{CLOUDFRONT}{name}",
                "Resource": [],
                "Condition": {"StringEquals": {"AWS:SourceArn": arn}},
            }
            return other if readers(other) == readers(statement) else None
    return None
