# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Check mode predicts what the end of a run removes, and what a failed step has changed counts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from stand_ins.ams import Fleet
from stand_ins.aws import AwsStandIn
from tests.harness.playbook import PlaybookRun
from tests.harness.saved_site import SavedSite

from .test_fleet_plan import BUCKET, SITE, Planned, words

NAMES = ["ams1", "ams2"]
OLD_USER, NEW_USER = f"{BUCKET}-recording", "another-recorder"
AND_DELETE = {
    "s3_recording_iam_user": NEW_USER,
    "s3_recording_key_path": "/another/key",
    "s3_recording_iam_user_previous": OLD_USER,
    "s3_recording_key_delete_after": 0,
}
NARROWS = "Remove upload rights that no server needs"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SavedSite]:
    folder = tmp_path_factory.mktemp("site")
    with AwsStandIn() as aws, Fleet(hosts=2) as servers:
        Planned(aws, servers, folder).run(SITE, names=NAMES)
        yield SavedSite(aws, servers, folder)


@pytest.fixture
def fleet(site: SavedSite, tmp_path: Path) -> Planned:
    site.restore(tmp_path)
    return Planned(site.aws, site.fleet, tmp_path)


def narrowing_changed(run: PlaybookRun) -> bool:
    """Return whether the task that narrows counts as changed."""
    _before, found, rest = run.stdout.partition(NARROWS)
    assert found
    states = [line for line in rest.splitlines() if line.startswith(("changed: ", "ok: "))]
    return states[0].startswith("changed: ")


def test_what_a_server_that_does_not_move_needs_is_not_predicted_to_be_removed(fleet: Planned) -> None:
    """ams2 is not part of the run. What it needs was predicted to be removed all the same."""
    moved = {**AND_DELETE, "s3_recording_prefix": "new", "s3_recording_delivery": "private"}
    one = fleet.run(SITE, "--check", "--limit", "ams1", names=NAMES, variables=moved)
    assert not narrowing_changed(one)
    assert fleet.writes() == []
    both = fleet.run(SITE, "--check", names=NAMES, variables=moved)
    assert narrowing_changed(both)
    assert f"IAM user {OLD_USER} would be deleted, with its policy and its access key" in words(both)
    assert fleet.writes() == []


def test_a_key_that_was_deleted_counts_and_is_named_when_its_user_stays(fleet: Planned) -> None:
    """The run counted as unchanged, although a key was gone for good."""
    key = fleet.fleet.settings(0, "live")["s3AccessKey"]
    fleet.aws.fault("iam:DeleteUser", code="AccessDenied", status=403, count=9)
    run = fleet.run(SITE, names=NAMES, variables=AND_DELETE)
    fleet.aws.clear_faults()
    assert narrowing_changed(run)
    assert f"Kept IAM user {OLD_USER}, because" in words(run)
    assert f"Done before that: access key {key} is deleted" in words(run)
    (left,) = [each for each in fleet.aws.client("iam").list_users()["Users"] if each["UserName"] == OLD_USER]
    assert fleet.aws.client("iam").list_access_keys(UserName=left["UserName"])["AccessKeyMetadata"] == []
