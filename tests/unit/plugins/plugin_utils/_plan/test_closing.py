# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What viewers no longer need is closed when the servers have changed, and never what uploads need."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._plan.closing import (
    Closing,
    closing_of,
    to_restore,
)

BUCKET = {"bucket": "videos", "hosts": ["ams1", "ams2"]}
OWNER = "bucket-owner-full-control"


def read(acl: str = OWNER, bucket: str = "videos") -> dict[str, Any]:
    return {"problem": None, "uploads": {"live": {"s3BucketName": bucket, "s3Permission": acl}}}


def closing(moved: Any = ("ams1", "ams2"), absent: Any = (), **reads: Any) -> Closing:
    return closing_of(BUCKET, moved, absent, {"ams1": read(), "ams2": read(), **reads})


def test_all_is_closed_when_all_servers_have_changed() -> None:
    assert closing() == Closing("all", [])


def test_nothing_is_closed_while_a_server_may_send_viewers_there() -> None:
    found = closing(moved=["ams1"])
    assert found == Closing("", ["ams2 may still send viewers there as before"])


def test_a_server_out_of_reach_keeps_nothing_open_but_its_uploads() -> None:
    found = closing(moved=["ams1"], absent=["ams2"], ams2={})
    assert found == Closing("reads", ["ams2: not read after the change"])


@pytest.mark.parametrize("acl", ["public-read", "", "no-such-acl", "private"])
def test_uploads_with_an_acl_stay_possible(acl: str) -> None:
    """S3 refuses them as soon as ACLs are disabled, and AMS says so only in its log."""
    found = closing(ams2=read(acl))
    assert found.closes == "reads"
    assert "application 'live' of ams2 uploads with the ACL" in found.reasons[0]


def test_other_buckets_do_not_count() -> None:
    assert closing(ams2=read("public-read", "other")).closes == "all"


BEFORE = {"object_ownership": "BucketOwnerEnforced", "policy_statements": []}
OPENED = {**BEFORE, "policy_statements": [{"Sid": "x"}], "before": BEFORE}


def test_what_was_opened_for_nothing_is_closed_again() -> None:
    assert to_restore(BUCKET, [], OPENED) == BEFORE


def test_what_a_server_uses_or_the_run_has_not_changed_stays() -> None:
    assert to_restore(BUCKET, ["ams2"], OPENED) is None
    assert to_restore(BUCKET, ["elsewhere"], {**BEFORE, "before": BEFORE}) is None
    assert to_restore(BUCKET, [], {}) is None
