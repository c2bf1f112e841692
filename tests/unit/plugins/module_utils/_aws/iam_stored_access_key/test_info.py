# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is told of a key."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.iam_stored_access_key import (
    info as key_info,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.iam_stored_access_key import (
    model as keys,
)

NOW = datetime(2026, 11, 25, 12, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("before", "days"),
    [
        (timedelta(milliseconds=-400), 0),
        (timedelta(0), 0),
        (timedelta(hours=47), 1),
        (timedelta(days=30), 30),
    ],
)
def test_no_key_is_younger_than_new(before: timedelta, days: int) -> None:
    key = keys.Key("AKIA", True, NOW - before)
    now = keys.KeyState("u", "SSM parameter /p", (key,), None, NOW)
    assert key_info._key_entry(key, now, False, {})["age_days"] == days
    assert f"AKIA is active, {days} days old, never used, not stored" in key_info._describe_keys(now, False)
