# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What viewers no longer need is closed when the servers have changed, and never what uploads need."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._plan.closing import (
    Closing,
    Servers,
    closing_of,
    to_restore,
)

BUCKET = {"bucket": "videos", "hosts": ["ams1", "ams2"]}
OWNER = "bucket-owner-full-control"


def read(acl: str = OWNER, bucket: str = "videos") -> dict[str, Any]:
    return {"problem": None, "uploads": {"live": {"s3BucketName": bucket, "s3Permission": acl}}}


def closing(
    moved: Any = ("ams1", "ams2"),
    skipped: Any = (),
    hosts: Any = ("ams1", "ams2"),
    before: Any = (),
    **reads: Any,
) -> Closing:
    after = {"ams1": read(), "ams2": read(), **reads}
    return closing_of(BUCKET, Servers(hosts, moved, skipped, dict(before), after))


def test_all_is_closed_when_all_servers_have_changed() -> None:
    assert closing() == Closing("all", [])


def test_nothing_is_closed_while_a_server_may_send_viewers_there() -> None:
    found = closing(moved=["ams1"])
    assert found == Closing("", ["ams2 may still send viewers there as before"])


def test_a_server_out_of_reach_keeps_nothing_open_but_its_uploads() -> None:
    found = closing(moved=["ams1"], skipped=["ams2"], ams2={})
    assert found == Closing("reads", ["ams2: not read after the change"])


@pytest.mark.parametrize("acl", ["public-read", "", "no-such-acl", "private"])
def test_uploads_with_an_acl_stay_possible(acl: str) -> None:
    """S3 refuses them as soon as ACLs are disabled, and AMS says so only in its log."""
    found = closing(ams2=read(acl))
    assert found.closes == "reads"
    assert "application 'live' of ams2 uploads with the ACL" in found.reasons[0]


def used(bucket: str) -> dict[str, Any]:
    return {"apps": {"live": {"uses": {"s3BucketName": bucket}}}}


def test_a_server_that_is_to_leave_the_bucket_and_has_not_holds_it_open() -> None:
    """The inventory has it at another bucket already."""
    hosts = ["ams1", "ams2", "ams3"]
    found = closing(hosts=hosts, before={"ams3": used("videos")}, ams3=read())
    assert found.reasons == ["ams3 may still send viewers there as before"]
    assert closing(hosts=hosts, before={"ams3": used("other")}, ams3=read()).closes == "all"


def test_a_server_of_another_bucket_that_was_not_read_may_upload_with_an_acl() -> None:
    assert closing(hosts=["ams1", "ams2", "ams3"]).closes == "reads"


def test_other_buckets_do_not_count() -> None:
    assert closing(ams2=read("public-read", "other")).closes == "all"


BEFORE = {"object_ownership": "BucketOwnerEnforced", "policy_statements": []}
OPENED = {**BEFORE, "policy_statements": [{"Sid": "x", "Effect": "Allow"}], "before": BEFORE}


def restored(moved: Any, done: Any, *, is_new: bool = False) -> Any:
    return to_restore(BUCKET, moved, done, is_new=is_new)


def test_what_was_opened_for_nothing_is_closed_again() -> None:
    assert restored([], OPENED) == BEFORE


def test_what_a_server_uses_or_the_run_has_not_changed_stays() -> None:
    assert restored(["ams2"], OPENED) is None
    assert restored(["elsewhere"], {**BEFORE, "before": BEFORE}) is None
    assert restored([], {}) is None


def test_a_new_bucket_keeps_what_it_denies() -> None:
    """Later runs would take it for a bucket of others, and ask for https in the folders alone."""
    allow, deny = {"Sid": "a", "Effect": "Allow"}, {"Sid": "d", "Effect": "Deny"}
    made = {**BEFORE, "policy_statements": [allow, deny], "before": BEFORE}
    assert restored([], made, is_new=True) == {**BEFORE, "policy_statements": [deny]}
    assert restored([], made) == BEFORE
