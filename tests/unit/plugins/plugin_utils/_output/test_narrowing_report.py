# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the result says of upload rights that were to be removed: nothing that was not done."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._output.narrowing_report import (
    format_closed_again,
    format_closing,
    format_kms_keys,
    format_narrowing,
    format_previous_keys,
    format_previous_user,
)
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._plan.closing import Closing
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._plan.narrowing import Narrowing

BUCKET = {"bucket": "videos", "iam_user": "videos-recording"}
RIGHTS = ["videos/old/streams/*", "videos/old/previews/*"]
REMOVED = {"changes": {"videos": [{"what": "policy"}], "other": []}, "uploads": {}}


def test_rights_that_were_removed() -> None:
    assert format_narrowing(BUCKET, Narrowing(RIGHTS, [], []), REMOVED) == [
        "  Removed      the right of videos-recording to upload to videos/old/streams/, videos/old/previews/",
    ]


@pytest.mark.parametrize(
    ("done", "reason"),
    [
        ({"failed": True, "msg": "IAM said no."}, "removing it failed: IAM said no."),
        ({"changes": {"videos": []}, "uploads": {"videos": ["a.mp4"]}}, "uploads are in progress (a.mp4)"),
        # Another bucket's upload is no reason, and its removal none either.
        (
            {"changes": {"other": [{}]}, "uploads": {"other": ["b.mp4"]}, "failed": True, "msg": "no."},
            "removing it failed: no.",
        ),
    ],
)
def test_rights_that_were_not_removed_after_all(done: dict[str, Any], reason: str) -> None:
    [kept, why] = format_narrowing(BUCKET, Narrowing(RIGHTS, [], []), done)
    assert kept.startswith("  Kept         the right of videos-recording to upload to videos/old/streams/")
    assert why == f"               {reason}"


def test_some_are_removed_and_some_are_kept() -> None:
    found = Narrowing(RIGHTS[:1], RIGHTS[1:], ["application 'live' of ams1 records to old/previews"])
    assert [line.split()[0] for line in format_narrowing(BUCKET, found, REMOVED)] == [
        "Removed",
        "Kept",
        "application",
    ]


def test_many_reasons_are_cut() -> None:
    reasons = [f"ams{number} was not read after the change" for number in range(1000)]
    lines = format_narrowing(BUCKET, Narrowing([], RIGHTS, reasons), {})
    assert len(lines) == 6
    assert lines[-1].strip() == "and 996 more reasons"


LATER = {"videos": ["s3_recording_bucket", "s3_bucket_access"]}


def test_what_was_closed_has_no_second_line() -> None:
    done = {
        "changes": {"videos": [{"what": "public access"}]},
        "buckets": {"videos": {"s3_bucket_access": {}}},
    }
    assert format_closing({"videos": Closing("all")}, LATER, done) == []


def test_what_is_not_closed_is_named_with_its_reason_and_what_to_do() -> None:
    assert format_closing(
        {"videos": Closing("", ["ams2 may still send viewers there as before"])}, LATER, {}
    ) == [
        "  Not closed   videos (its lifecycle rules and who may read it), because",
        "               ams2 may still send viewers there as before",
        "               run site.yml again when they have changed, or storage.yml to close it now",
    ]


def test_a_closing_that_failed_is_none() -> None:
    done = {"failed": True, "msg": "AWS said no."}
    (line,) = format_closing({"videos": Closing("all")}, LATER, done)
    assert line.endswith("(its lifecycle rules and who may read it): closing it failed: AWS said no.")
    (line,) = format_closed_again(["videos"], done)
    assert line.startswith("  Still open   videos, which this run has opened and no server uses: ")


def test_acls_that_stay_are_named_with_their_servers() -> None:
    results = {"s3_bucket_access": {"leaves_open": True}}
    done = {"changes": {"videos": [{"what": "public access"}]}, "buckets": {"videos": results}}
    assert format_closing({"videos": Closing("reads", ["ams2: not read after the change"])}, LATER, done) == [
        "  Kept         uploads with an ACL to videos, because",
        "               ams2: not read after the change",
    ]


def test_what_was_opened_for_nothing_is_said_to_be_closed() -> None:
    done = {"changes": {"videos": [{"what": "public access"}]}}
    (line,) = format_closed_again(["videos"], done)
    assert line.startswith("  Closed       videos: who may read it is as before the run")


def test_a_closing_that_has_nothing_to_do_any_more_is_no_failure() -> None:
    """A second run said that closing had failed, with the message: no change needed."""
    done = {"changed": False, "changes": {"videos": []}, "msg": "no change needed"}
    assert format_closing({"videos": Closing("all")}, LATER, done) == []
    results = {"videos": {"s3_bucket_access": {"leaves_open": True}}}
    lines = format_closing(
        {"videos": Closing("reads", ["ams2: not read"])}, LATER, {**done, "buckets": results}
    )
    assert lines[0].startswith("  Kept         uploads with an ACL to videos")


PLACES = {"videos": "SSM parameter /old"}
LATER_RUN = (
    "a later run of site.yml deletes it when that is no longer so; it has to read all servers, which it "
    "cannot do of those reached by ssh"
)


@pytest.mark.parametrize(
    ("done", "why"),
    [
        ({}, "the rollout was stopped. The next run that ends well deletes it"),
        ({"failed": True, "msg": "SSM said no."}, "deleting it failed: SSM said no."),
    ],
)
def test_a_key_that_stays_in_its_previous_store(done: dict[str, Any], why: str) -> None:
    assert format_previous_keys(PLACES, done) == [
        f"  Kept         the access key in SSM parameter /old, because {why}"
    ]


def test_a_key_that_was_deleted_in_its_previous_store() -> None:
    assert format_previous_keys(PLACES, {"changes": {"videos": [{"what": "key"}]}}) == []


@pytest.mark.parametrize(
    ("reasons", "result", "why"),
    [
        (["the rollout was stopped"], {}, "the rollout was stopped"),
        ([], {"stays": "uploads are in progress"}, "uploads are in progress"),
    ],
)
def test_a_previous_user_that_stays(reasons: list[str], result: dict[str, Any], why: str) -> None:
    lines = [line.strip() for line in format_previous_user("old", reasons, result)]
    assert lines == [
        "Kept         IAM user old and its access key, because",
        why,
        LATER_RUN,
    ]


def test_after_a_failure_only_the_message_says_what_became_of_the_key() -> None:
    line, why, _later = format_previous_user("old", [], {"failed": True, "msg": "IAM said no."})
    assert line == "  Kept         IAM user old, because"
    assert why.strip() == "deleting it failed: IAM said no."


def test_a_right_to_encrypt_that_stays() -> None:
    done = {"changes": {"videos": []}, "uploads": {"videos": ["a.mp4"]}}
    (line,) = format_kms_keys(["videos"], done)
    assert line == (
        "  Kept         the right to encrypt with the previous KMS key of videos, because uploads are in "
        "progress (a.mp4)"
    )
    assert format_kms_keys(["videos"], REMOVED) == []
