# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Errors are made once: to say more is to make a copy."""

from __future__ import annotations

import copy

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.errors import AmsError, AwsError


def test_an_error_does_not_change() -> None:
    error = AwsError("Reading", "AccessDenied", code="AccessDenied")
    with pytest.raises(AttributeError, match="remedy"):
        error.remedy = "Run again"
    assert str(error) == "Reading: AccessDenied."


def test_copies_say_more() -> None:
    error = AwsError("Reading", "status 500 with 'a-secret'", "Is it up?", status=500)
    told = error.with_note("Nothing was written").with_done(["made the bucket"]).masked(["a-secret"])
    assert str(told) == (
        "Reading: status 500 with '********'. Is it up? Nothing was written. "
        "Done before that: made the bucket."
    )
    assert told.result() == {"msg": str(told), "changed": True}
    assert "changed" not in error.result()
    assert error.with_done([]) is error
    assert str(error.with_remedy("")) == "Reading: status 500 with 'a-secret'."


def test_an_error_can_be_copied_and_sent_to_another_process() -> None:
    error = AmsError("Reading", "status 500", "Is it up?", status=500, uncertain=True)
    again = copy.copy(error)
    assert (str(again), again.result()) == (str(error), error.result())
