# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Find objects of earlier checks that were killed before they could remove them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any

PROBE, LIVE = "recording-check-", "live-check-"
# No check takes that long, so objects of other runs are left alone.
OLD = timedelta(hours=1)
_NAME = re.compile(rf"({PROBE}|{LIVE})[0-9a-f]{{16}}[^/]*")


def is_of_check(path: str, kind: str = "") -> bool:
    """True for the name of what a check makes, of this kind. path: a key, or a path on the server."""
    name = path.rpartition("/")[2]
    return name.startswith(kind) and bool(_NAME.fullmatch(name))


def leftover_keys(listed: Mapping[str, Any]) -> list[str]:
    """Return the keys of old objects of checks in a response to ListObjectsV2, by the provider's clock."""
    found = [each for each in listed.get("Contents", ()) if is_of_check(each["Key"])]
    if not found:
        return []
    now = parsedate_to_datetime(listed["ResponseMetadata"]["HTTPHeaders"]["date"])
    return [each["Key"] for each in found if each["LastModified"] <= now - OLD]
