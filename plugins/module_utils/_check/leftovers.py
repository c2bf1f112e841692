# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Objects of earlier checks that were killed before they could remove them: they would stay for ever."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any

PROBE, LIVE = "recording-check-", "live-check-"
# No check takes so long, so that those of other runs are left alone.
OLD = timedelta(hours=1)
_NAME = re.compile(rf"({PROBE}|{LIVE})[0-9a-f]{{16}}[^/]*")


def left_over(listed: Mapping[str, Any]) -> list[str]:
    """Return the keys of old objects of checks, of an answer to ListObjectsV2. The store's clock counts."""
    found = [each for each in listed.get("Contents", ()) if _NAME.fullmatch(each["Key"].rpartition("/")[2])]
    if not found:
        return []
    now = parsedate_to_datetime(listed["ResponseMetadata"]["HTTPHeaders"]["date"])
    return [each["Key"] for each in found if each["LastModified"] <= now - OLD]
