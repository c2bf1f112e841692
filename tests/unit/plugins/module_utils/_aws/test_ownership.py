# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which users are ours, and which may be adopted, without AWS."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.ownership import (
    Belongings,
    Claim,
    is_ours,
    refusal,
    tags_of,
)

ALICE = Belongings("arn:aws:iam::123456789012:user/alice")
CLAIM = Claim("alice", "videos")
LINE = "-e s3_recording_adopt_iam_user=true"
FULL = "arn:aws:iam::aws:policy/AmazonS3FullAccess"


def why_not(has: Belongings, claim: Claim = CLAIM) -> str:
    return str(refusal(has, claim) or "")


def test_a_user_that_was_made_here_is_ours() -> None:
    assert why_not(replace(ALICE, tags=tags_of("videos"), console_access=True, groups=("admins",))) == ""
    assert is_ours(tags_of("videos"), "")
    assert is_ours(tags_of(None), "videos")


def test_any_other_user_is_refused_with_the_line_that_adopts_it() -> None:
    """A user that existed was taken over by its name alone."""
    for tags in ({}, {"managed-by": ""}, {"antmedia-bucket": "videos"}):
        said = why_not(replace(ALICE, tags={name: each for name, each in tags.items() if each}))
        assert "IAM user alice: it exists and is someone else's" in said
        assert LINE in said
        assert "s3_recording_iam_user" in said
        assert said.endswith("Nothing was changed.")


def test_the_user_of_the_guide_is_adopted_if_asked() -> None:
    has = replace(ALICE, inline_policies=("recordings",), managed_policies=(FULL,), tags={"team": "video"})
    assert LINE in why_not(has)
    assert why_not(has, replace(CLAIM, adopt=True)) == ""
    china = replace(has, managed_policies=(FULL.replace("arn:aws:", "arn:aws-cn:"),))
    assert why_not(china, replace(CLAIM, adopt=True)) == ""


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"console_access": True}, "a console password"),
        ({"inline_policies": ("payroll", "recordings")}, "the inline policies payroll"),
        (
            {"managed_policies": ("arn:aws:iam::aws:policy/AdministratorAccess", FULL)},
            "the attached policies AdministratorAccess",
        ),
        (
            {"managed_policies": ("arn:aws:iam::123456789012:policy/AmazonS3FullAccess",)},
            "the attached policies arn:aws:iam::123456789012:policy/AmazonS3FullAccess",
        ),
        ({"groups": ("admins", "staff")}, "the groups admins, staff"),
        ({"tags": {"Managed-By": "terraform"}}, "the tag Managed-By=terraform"),
    ],
)
def test_who_can_do_something_else_is_never_adopted(more: dict[str, Any], said: str) -> None:
    """The key of an administrator went to every server."""
    for adopt in (False, True):
        refused = why_not(replace(ALICE, **more), replace(CLAIM, adopt=adopt))
        assert said in refused
        assert "never adopted" in refused
        assert LINE not in refused


def test_the_user_of_another_bucket_is_refused_whatever_is_asked() -> None:
    """The second bucket took the permissions of the first away."""
    for adopt in (False, True):
        refused = why_not(replace(ALICE, tags=tags_of("others")), replace(CLAIM, adopt=adopt))
        assert "it is the user of bucket others" in refused
        assert LINE not in refused


def test_policies_that_the_task_names_are_known() -> None:
    own = "arn:aws:iam::123456789012:policy/team/own"
    for named in (own, "own"):
        assert (
            why_not(replace(ALICE, managed_policies=(own,)), replace(CLAIM, adopt=True, managed=(named,)))
            == ""
        )
