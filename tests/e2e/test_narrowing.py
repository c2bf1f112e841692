# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A key keeps its rights while servers change, and loses them when no server needs them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.playbook import PlaybookRun
from tests.harness.saved_site import SavedSite

from .test_fleet_plan import BUCKET, SITE, Planned, two_servers, words

STORAGE = "antmedia.s3_recording.storage"
NAMES = ["ams1", "ams2"]
NEW = {"s3_recording_prefix": "new"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SavedSite]:
    with two_servers(tmp_path_factory.mktemp("site")) as made:
        yield made


@pytest.fixture
def fleet(site: SavedSite, tmp_path: Path) -> Planned:
    """Return two servers that record since a first run of site.yml."""
    site.restore(tmp_path)
    return Planned(site.aws, site.fleet, tmp_path)


def folders(planned: Planned) -> list[str]:
    """Return the folders to which the key may upload."""
    iam = planned.aws.client("iam")
    document = iam.get_user_policy(UserName=f"{BUCKET}-recording", PolicyName="recordings")["PolicyDocument"]
    policy = json.loads(document) if isinstance(document, str) else document
    (write,) = [each for each in policy["Statement"] if "s3:PutObject" in each["Action"]]
    resources = write["Resource"] if isinstance(write["Resource"], list) else [write["Resource"]]
    keys = [each.rpartition(":::")[2].partition("/")[2] for each in resources]
    return sorted(each.removesuffix("/*") for each in keys)


OLD_FOLDERS, NEW_FOLDERS = ["previews", "streams"], ["new/previews", "new/streams"]
BOTH = sorted([*OLD_FOLDERS, *NEW_FOLDERS])


def policies_written(planned: Planned) -> int:
    return len([each for each in planned.aws.writes() if each["operation"] == "PutUserPolicy"])


def test_the_key_has_the_rights_of_both_until_the_servers_have_moved(fleet: Planned) -> None:
    run = fleet.run(SITE, names=NAMES, variables=NEW)
    assert folders(fleet) == NEW_FOLDERS
    assert policies_written(fleet) == 2
    assert f"Removed the right of {BUCKET}-recording to upload to {BUCKET}/previews/" in words(run)
    again = fleet.run(SITE, names=NAMES, variables=NEW)
    assert (again.changed, policies_written(fleet), fleet.fleet.writes()) == (0, 0, [])
    assert "later:" not in again.stdout


def test_the_plan_names_what_is_removed_at_the_end(fleet: Planned) -> None:
    run = fleet.run("antmedia.s3_recording.plan", names=NAMES, variables=NEW)
    text = f"loses the right to upload to {BUCKET}/previews/ and {BUCKET}/streams/, once no server records"
    assert text in words(run)
    assert fleet.writes() == []


def test_a_batch_that_fails_still_can_upload(fleet: Planned) -> None:
    """Before, its previous settings were restored and their folder was forbidden."""
    fleet.fleet.fault(0, "status", status=404, method="GET", path="/live/streams/recording-check")
    run = fleet.run(SITE, names=NAMES, variables=NEW, expected_rc=2)
    fleet.fleet.clear_faults()
    assert folders(fleet) == BOTH
    assert f"Kept the right of {BUCKET}-recording to upload to {BUCKET}/previews/" in words(run)
    assert "application 'live' of ams1, ams2 records to previews, streams" in words(run)
    fleet.run(SITE, names=NAMES, variables=NEW)
    assert folders(fleet) == NEW_FOLDERS


def test_storage_alone_removes_no_right(fleet: Planned) -> None:
    """It asks no server. Before, a mistyped application took the rights of all of them."""
    typo = {"s3_recording_folder_per_application": True, "s3_recording_applications": ["lvie"]}
    fleet.run(STORAGE, names=NAMES, variables=typo)
    assert {*OLD_FOLDERS} < {*folders(fleet)}
    plan = fleet.run("antmedia.s3_recording.plan", names=NAMES)
    assert "later: IAM user" in words(plan)
    fleet.run(SITE, names=NAMES)
    assert folders(fleet) == OLD_FOLDERS


def test_a_server_that_is_not_part_of_the_run_keeps_its_rights(fleet: Planned) -> None:
    run = fleet.run(SITE, "--limit", "ams1", names=NAMES, variables=NEW)
    assert folders(fleet) == BOTH
    assert "ams2: not read after the change" in words(run)


def test_an_application_that_is_not_listed_any_more_keeps_its_rights_and_is_named(
    fleet: Planned,
) -> None:
    both = {"s3_recording_applications": ["live", "LiveApp"], "s3_recording_folder_per_application": True}
    fleet.run(SITE, names=NAMES, variables=both)
    one = {**both, "s3_recording_applications": ["live"]}
    run = fleet.run(SITE, names=NAMES, variables=one)
    assert folders(fleet) == ["LiveApp/previews", "LiveApp/streams", "live/previews", "live/streams"]
    assert "application 'LiveApp' of ams1, ams2 records to LiveApp/previews, LiveApp/streams" in words(run)
    again = fleet.run(SITE, names=NAMES, variables=one)
    assert (again.changed, policies_written(fleet), fleet.fleet.writes()) == (0, 0, [])
    assert "application 'LiveApp' of ams1, ams2 records to LiveApp/previews, LiveApp/streams" in words(again)


def test_an_upload_that_is_under_way_keeps_the_rights_until_the_next_run(fleet: Planned) -> None:
    s3 = fleet.aws.client("s3")
    begun = s3.create_multipart_upload(Bucket=BUCKET, Key="streams/concert.mp4")["UploadId"]
    run = fleet.run(SITE, names=NAMES, variables=NEW)
    assert folders(fleet) == BOTH
    assert "because uploads are in progress (streams/concert.mp4)" in words(run)
    s3.abort_multipart_upload(Bucket=BUCKET, Key="streams/concert.mp4", UploadId=begun)
    fleet.run(SITE, names=NAMES, variables=NEW)
    assert folders(fleet) == NEW_FOLDERS


def test_a_stream_of_before_the_change_keeps_the_rights_until_it_ends(fleet: Planned) -> None:
    fleet.fleet.set_live(0, "live", ["concert"])
    run = fleet.run(SITE, names=NAMES, variables=NEW)
    assert folders(fleet) == BOTH
    assert "ams1: 1 stream was live in application 'live' when its settings changed" in words(run)
    again = fleet.run(SITE, names=NAMES, variables=NEW)
    assert folders(fleet) == BOTH
    assert "ams1: 1 stream was live in application 'live' since before the change" in words(again)
    fleet.fleet.set_live(0, "live", ["later"])
    fleet.run(SITE, names=NAMES, variables=NEW)
    assert folders(fleet) == NEW_FOLDERS


# --- check mode, and a step that fails

OLD_USER, NEW_USER = f"{BUCKET}-recording", "another-recorder"
AND_DELETE = {
    "s3_recording_iam_user": NEW_USER,
    "s3_recording_key_path": "/another/key",
    "s3_recording_iam_user_previous": OLD_USER,
    "s3_recording_key_delete_after": 0,
}
NARROWS = "Remove upload rights that no server needs"


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
