# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""While the servers change, a bucket is as open as before and as requested, and not more."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws import (
    s3_bucket_access_plan as access,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.other_folders import OtherFolders
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.policy import (
    as_list,
    everyone_may,
    statements_of,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.s3_bucket_access_model import (
    CLOSE_NOTHING,
    CLOSE_READS,
    NEW_BUCKET,
    Access,
    DesiredAccess,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.deliveries import (
    ENFORCED,
    OWNER_ACL,
)

FIRST, SECOND = (f"arn:aws:cloudfront::111122223333:distribution/{each}" for each in ("E1", "E2"))
SIDE = {"Sid": "Theirs", "Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "s3:*"}
OTHERS = Access(ENFORCED, NEW_BUCKET.block, {"Statement": [{**SIDE, "Resource": "arn:aws:s3:::b/*"}]})


def desired(delivery: str, folder: str, https: str = "nothing", arn: str = FIRST) -> DesiredAccess:
    return DesiredAccess(
        "b", delivery, (folder,), https_for=https, cloudfront_distribution_arn=arn, others=OtherFolders()
    )


CASES = [
    desired(delivery, folder, https, arn)
    for delivery in ("private", "public", "acl", "cloudfront")
    for folder in ("old", "new")
    for https in ("nothing", "folders", "bucket")
    for arn in ((FIRST, SECOND) if delivery == "cloudfront" else (FIRST,))
]
PAIRS = list(itertools.product(CASES, CASES))


def who_may(state: Access) -> set[tuple[Any, ...]]:
    """Return what a bucket allows: reads of a folder by someone over http or https, and uploads by ACL."""
    found: set[tuple[Any, ...]] = set()
    for folder, secure in itertools.product(("old", "new", "other"), (True, False)):
        arn = f"arn:aws:s3:::b/{folder}/x.mp4"
        statements = [each for each in statements_of(state.policy) if _names(each, arn)]
        if not secure and any(each["Effect"] == "Deny" for each in statements):
            continue
        found.add(("owner", folder, secure))
        for each in statements:
            if each["Effect"] == "Deny" or (everyone_may(each) and state.block["restrict_public_buckets"]):
                continue
            found.add((str(each["Principal"]), str(each.get("Condition")), folder, secure))
        if state.has_acls and not state.block["ignore_public_acls"]:
            found.add(("public ACL", folder, secure))
    if state.has_acls:
        found.add(("upload", "private"))
        found |= set() if state.block["block_public_acls"] else {("upload", "public-read")}
    return found | {("upload", OWNER_ACL)}


def _names(statement: Any, arn: str) -> bool:
    return any(
        arn.startswith(str(each).removesuffix("*")) and str(each).endswith("*")
        for each in as_list(statement["Resource"])
    )


@pytest.mark.parametrize("start", [NEW_BUCKET, OTHERS], ids=["new", "with a statement of others"])
def test_nothing_closes_and_nothing_opens_that_nobody_asked_for(start: Access) -> None:
    for before, after in PAIRS:
        current = access.target(start, before)
        asked = access.target(current, after)
        wide = access.target(current, replace(after, closes=CLOSE_NOTHING))
        either = who_may(current) | who_may(asked)
        # Until http is refused, it works for whatever can be read by https.
        by_http = {(*each[:-1], False) for each in either if each[-1] is True}
        assert either <= who_may(wide) <= either | by_http, (before, after)
        assert access.target(wide, replace(after, closes=CLOSE_NOTHING)).same_as(wide), (before, after)
        assert access.target(wide, after).same_as(asked), (before, after)
        sids = [each["Sid"] for each in wide.ours]
        assert len({*sids}) == len(sids), (before, after)


def test_each_step_of_widening_closes_nothing() -> None:
    for before, after in PAIRS:
        current = access.target(NEW_BUCKET, before)
        wide = access.target(current, replace(after, closes=CLOSE_NOTHING))
        for step in access.steps(current, wide):
            following = access.after_step(current, step)
            assert who_may(current) <= who_may(following), (before, after, step)
            current = following


def test_reads_are_closed_and_uploads_with_an_acl_stay_possible() -> None:
    for before, after in PAIRS:
        current = access.target(NEW_BUCKET, before)
        asked = access.target(current, after)
        found = access.target(current, replace(after, closes=CLOSE_READS))

        def reads(state: Access) -> set[tuple[Any, ...]]:
            return {each for each in who_may(state) if each[0] != "upload"}

        assert reads(found) == reads(asked), (before, after)
        assert {each for each in who_may(current) if each[0] == "upload"} <= who_may(found), (before, after)


def test_a_task_says_whether_something_stays_open() -> None:
    current = access.target(NEW_BUCKET, desired("public", "old"))
    private = replace(desired("private", "old"), closes=CLOSE_NOTHING)
    assert access.leaves_open(current, access.target(current, private), private)
    wider = replace(desired("public", "old"), closes=CLOSE_NOTHING)
    assert not access.leaves_open(current, access.target(current, wider), wider)


def test_the_access_of_before_comes_back() -> None:
    for before, after in PAIRS:
        current = access.target(OTHERS, before)
        wide = access.target(current, replace(after, closes=CLOSE_NOTHING))
        assert access.restored(wide, access.view(current)).same_as(current), (before, after)


def test_a_statement_that_a_switch_holds_back_is_not_opened() -> None:
    public = access.target(NEW_BUCKET, desired("public", "old"))
    held_back = replace(public, block=NEW_BUCKET.block)
    wide = access.target(held_back, replace(desired("public", "new"), closes=CLOSE_NOTHING))
    assert ("*", "None", "new", True) in who_may(wide)
    assert ("*", "None", "old", True) not in who_may(wide)
