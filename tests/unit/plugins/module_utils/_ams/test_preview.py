# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a preview keeps of a server's settings. The rest is seen with servers, in tests/component/_read."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.fields import is_secret
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.preview import USES, bounded


def test_no_secret_is_among_what_an_application_uses() -> None:
    assert not [name for name in USES if is_secret(name)]
    assert "s3AccessKey" in USES


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (True, True),
        (None, None),
        (7, 7),
        ("streams", "streams"),
        ("x" * 1024, "x" * 1024),
        ("x" * 1025, "x" * 1024 + "…"),
        (["a"], "['a']"),
        ({"a": "x" * 2000}, "{'a': '" + "x" * 1017 + "…"),
    ],
    ids=lambda value: repr(value)[:12],
)
def test_what_a_server_has_is_cut_where_no_real_one_has_more(value: Any, kept: Any) -> None:
    assert bounded({"s3BucketName": value}) == {"s3BucketName": kept}
