# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Storage is as wide as the servers need it while they move, and closed when they have moved."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from botocore.exceptions import ClientError

from stand_ins.ams import Fleet
from stand_ins.aws import AwsStandIn
from stand_ins.aws.stand_in import Credentials
from tests.harness.saved_site import SavedSite

from .test_fleet_plan import BUCKET, SITE, Planned, words

PLAN, STORAGE = (f"antmedia.s3_recording.{name}" for name in ("plan", "storage"))
NAMES = ["ams1", "ams2"]
OLD_RECORDING = "streams/concert.mp4"
PUBLIC, PRIVATE, ACL = ({"s3_recording_delivery": each} for each in ("public", "private", "acl"))


class Sites:
    """Two servers with one bucket, set up once for each delivery."""

    def __init__(self, aws: AwsStandIn, fleet: Fleet, factory: pytest.TempPathFactory) -> None:
        self.aws, self.fleet, self._factory = aws, fleet, factory
        self._saved: dict[str, SavedSite] = {}

    def begin(self, folder: Path, delivery: str) -> Planned:
        """Return a site on which the first server has recorded something."""
        if delivery not in self._saved:
            self.fleet.reset()
            self.aws.reset()
            first = Planned(self.aws, self.fleet, self._factory.mktemp(delivery))
            first.run(SITE, names=NAMES, variables={"s3_recording_delivery": delivery})
            upload(first, OLD_RECORDING)
            self._saved[delivery] = SavedSite(self.aws, self.fleet, first.folder)
        self._saved[delivery].restore(folder)
        return Planned(self.aws, self.fleet, folder)


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sites]:
    with AwsStandIn() as aws, Fleet(hosts=2) as servers:
        yield Sites(aws, servers, tmp_path_factory)


@pytest.fixture
def fleet(sites: Sites, tmp_path: Path) -> Planned:
    return sites.begin(tmp_path, "public")


@pytest.fixture
def closed(sites: Sites, tmp_path: Path) -> Planned:
    return sites.begin(tmp_path, "private")


@pytest.fixture
def with_acls(sites: Sites, tmp_path: Path) -> Planned:
    return sites.begin(tmp_path, "acl")


def upload(planned: Planned, key: str, host: int = 0) -> None:
    """Upload an object with the settings that a server has now."""
    settings = planned.fleet.settings(host, "live")
    s3 = planned.aws.client("s3", Credentials(settings["s3AccessKey"], settings["s3SecretKey"]))
    bucket, acl = settings["s3BucketName"], settings["s3Permission"]
    s3.put_object(Bucket=bucket, Key=key, Body=b"film", ACL=acl)


def status(planned: Planned, key: str = OLD_RECORDING, bucket: str = BUCKET) -> int:
    """Return what a viewer without credentials gets."""
    return requests.get(f"{planned.aws.endpoint_url}/{bucket}/{key}", timeout=10).status_code


def run_stopped(planned: Planned, **variables: Any) -> str:
    """Run while the first server refuses its change, which stops the rollout."""
    planned.fleet.fault(0, "status", method="POST", path="/applications/settings/", status=500)
    run = planned.run(SITE, names=NAMES, variables=variables, expected_rc=2)
    planned.fleet.clear_faults()
    return words(run)


def assert_ends_as_asked(planned: Planned, **variables: Any) -> str:
    """Run until nothing is left to do: the next run ends as asked, the one after it changes nothing."""
    run = planned.run(SITE, names=NAMES, variables=variables)
    again = planned.run(SITE, names=NAMES, variables=variables)
    assert (again.changed, planned.fleet.writes()) == (0, [])
    return words(run)


def test_what_was_public_plays_until_the_servers_send_nobody_there(fleet: Planned) -> None:
    """The bucket was closed first: links died, and stayed dead when the rollout was stopped."""
    told = run_stopped(fleet, **PRIVATE)
    assert status(fleet) == 200
    assert f"Not closed {BUCKET} (who may read it), because" in told
    assert "ams1, ams2 may still send viewers there as before" in told
    assert f"{BUCKET} is set for private delivery" in assert_ends_as_asked(fleet, **PRIVATE)
    assert status(fleet) == 403


def test_a_server_that_is_not_part_of_the_run_keeps_its_links(fleet: Planned) -> None:
    run = fleet.run(SITE, "--limit", "ams1", names=NAMES, variables=PRIVATE)
    assert status(fleet) == 200
    assert "ams2 may still send viewers there as before" in words(run)
    fleet.run(STORAGE, names=NAMES, variables=PRIVATE)
    assert status(fleet) == 403


def test_what_was_opened_for_nothing_is_closed_again(closed: Planned) -> None:
    assert status(closed) == 403
    told = run_stopped(closed, **PUBLIC)
    assert status(closed) == 403
    assert f"Closed {BUCKET}: who may read it is as before the run" in told
    assert_ends_as_asked(closed, **PUBLIC)
    assert status(closed) == 200


def test_uploads_with_an_acl_go_on_until_the_servers_use_another(with_acls: Planned) -> None:
    """S3 refuses an ACL as soon as the ownership is BucketOwnerEnforced, and AMS says so only in its log."""
    run_stopped(with_acls, **PUBLIC)
    upload(with_acls, "streams/later.mp4")
    assert status(with_acls, "streams/later.mp4") == 200
    assert_ends_as_asked(with_acls, **PUBLIC)
    with pytest.raises(ClientError, match="AccessControlListNotSupported"):
        with_acls.aws.client("s3").put_object(Bucket=BUCKET, Key="streams/x", ACL="public-read")


def test_a_server_out_of_reach_still_uploads_with_its_acl(with_acls: Planned) -> None:
    private = {**PRIVATE, "s3_recording_skip_unreachable": 1}
    dead = {"ams2": {"s3_recording_ams_url": "http://127.0.0.1:9"}}
    run = with_acls.run(SITE, names=NAMES, variables=private, of_host=dead)
    assert status(with_acls) == 403, "closing never waits for a server out of reach"
    upload(with_acls, "streams/of-the-other.mp4", host=1)
    assert f"Kept uploads with an ACL to {BUCKET}, because ams2: not read after the change" in words(run)
    assert_ends_as_asked(with_acls, **PRIVATE)


def test_a_stream_that_is_live_while_its_bucket_changes_may_be_uploaded(fleet: Planned) -> None:
    """It uploads with the new key to the new bucket, in the folder with which it began."""
    fleet.fleet.set_live(0, "live", ["concert"])
    new = {"s3_recording_bucket": "new-recordings", "s3_recording_prefix": "new"}
    plan = fleet.run(PLAN, names=NAMES, variables=new)
    text = "will allow uploads to new-recordings/previews/, new-recordings/streams/ as well"
    assert text in words(plan)
    assert "1 stream is live, its recording will be in bucket new-recordings in the folder streams" in words(
        plan
    )
    run = fleet.run(SITE, names=NAMES, variables=new)
    assert "1 stream was live in application 'live' when its settings changed" in words(run)
    upload(fleet, OLD_RECORDING)
    assert status(fleet) == 200, "the previous bucket stays as it is"
    fleet.fleet.set_live(0, "live", [])
    fleet.run(SITE, names=NAMES, variables=new)
    with pytest.raises(ClientError, match="AccessDenied"):
        upload(fleet, OLD_RECORDING)
    assert_ends_as_asked(fleet, **new)


def rules(planned: Planned) -> list[Any]:
    try:
        found = planned.aws.client("s3").get_bucket_lifecycle_configuration(Bucket=BUCKET)
    except ClientError:
        return []
    return [each for each in found["Rules"] if "Expiration" in each]


def test_recordings_expire_only_after_a_rollout_that_ends_well(fleet: Planned) -> None:
    expiring = {"s3_recording_expire_days": 30, "s3_recording_expire_existing": True, **PRIVATE}
    told = run_stopped(fleet, **expiring)
    assert rules(fleet) == []
    assert f"Not closed {BUCKET} (its lifecycle rules and who may read it), because" in told
    assert_ends_as_asked(fleet, **expiring)
    assert json.dumps(rules(fleet)).count('"Days": 30') == 2


ROLLBACK = "antmedia.s3_recording.rollback"


def test_a_rollback_gives_the_key_its_previous_folders_back(fleet: Planned) -> None:
    """The right was gone, and uploads failed without a word."""
    moved = {"s3_recording_prefix": "new"}
    run = fleet.run(SITE, names=NAMES, variables=moved)
    (name,) = re.findall(r"s3_recording_rollback_run=(\w+)", run.stdout)
    back = {**moved, "s3_recording_rollback_run": name}
    fleet.run(ROLLBACK, "--check", names=NAMES, variables=back)
    assert fleet.writes() == []
    fleet.run(ROLLBACK, names=NAMES, variables=back)
    for host in range(2):
        assert fleet.fleet.settings(host, "live")["s3StreamsFolderPath"] == "streams"
        upload(fleet, "streams/later.mp4", host)
    again = fleet.run(ROLLBACK, names=NAMES, variables=back)
    assert (again.changed, fleet.writes()) == (0, [])


def test_a_rollback_to_an_acl_that_the_bucket_refuses_is_refused(with_acls: Planned) -> None:
    run = with_acls.run(SITE, names=NAMES, variables=PUBLIC)
    (name,) = re.findall(r"s3_recording_rollback_run=(\w+)", run.stdout)
    back = {"s3_recording_rollback_run": name}
    run = with_acls.run(ROLLBACK, names=NAMES, variables={**PUBLIC, **back}, expected_rc=2)
    assert with_acls.writes() == []
    assert "would upload to planned-recordings with the ACL public-read again" in words(run)
    to_acl = {**ACL, "s3_recording_close_existing": True}
    with_acls.run(STORAGE, names=NAMES, variables=to_acl)
    with_acls.run(ROLLBACK, names=NAMES, variables={**to_acl, **back})
    upload(with_acls, "streams/later.mp4")


def test_links_that_would_die_stop_the_run_unless_that_is_allowed(fleet: Planned) -> None:
    """They died without a word: all links of an application lead to one address."""
    fleet.fleet.add_recordings(1, "live", ["a.mp4", "b.mp4"])
    moved = {"s3_recording_prefix": "new"}
    run = fleet.run(SITE, names=NAMES, variables=moved, expected_rc=2)
    assert fleet.writes() == []
    source, target = f"s3://{BUCKET}/streams", f"s3://{BUCKET}/new/streams"
    assert f"! ams2: links of 2 recordings of application 'live' lead to {source}, and would" in words(run)
    assert f"aws s3 cp --recursive {source}/ {target}/" in words(run)
    fleet.run(SITE, names=NAMES, variables=PRIVATE)
    allowed = {**moved, "s3_recording_break_links": True}
    fleet.run(SITE, names=NAMES, variables=allowed)
    assert fleet.fleet.settings(1, "live")["s3StreamsFolderPath"] == "new/streams"


KEY_PLACE = f"/antmedia/s3_recording/{BUCKET}"
TO_SECRETS = {"s3_recording_key_store": "secretsmanager", "s3_recording_key_store_previous": "ssm"}


def stored_key(planned: Planned, store: str) -> str:
    """Return the ID of the key in a key store, empty if nothing is stored."""
    client = planned.aws.client(store)
    try:
        if store == "ssm":
            text = client.get_parameter(Name=KEY_PLACE, WithDecryption=True)["Parameter"]["Value"]
        else:
            text = client.get_secret_value(SecretId=KEY_PLACE, VersionStage="AWSCURRENT")["SecretString"]
    except ClientError:
        return ""
    return str(json.loads(text)["access_key_id"])


def test_a_key_moves_to_another_store_and_the_servers_keep_it(fleet: Planned) -> None:
    """It was refused, as the secret of the user's key cannot be read again."""
    key = fleet.fleet.settings(0, "live")["s3AccessKey"]
    plan = words(fleet.run(PLAN, names=NAMES, variables=TO_SECRETS))
    assert "nothing to change, 2 as they are" in plan
    user = f"IAM user {BUCKET}-recording"
    old, new = f"SSM parameter {KEY_PLACE}", f"secretsmanager {KEY_PLACE}"
    assert f"~ {BUCKET}: the access key of {user} will be copied from {old} to {new}" in plan
    assert f"- {BUCKET}: {old} will be deleted at the end, since {new} has the access key of {user}" in plan
    stopped = run_stopped(fleet, **TO_SECRETS, s3_recording_prefix="new", s3_recording_break_links=True)
    assert f"Kept the access key in {old}, because the rollout was stopped" in stopped
    assert (stored_key(fleet, "ssm"), stored_key(fleet, "secretsmanager")) == (key, key)
    assert_ends_as_asked(fleet, **TO_SECRETS)
    assert (stored_key(fleet, "ssm"), stored_key(fleet, "secretsmanager")) == ("", key)
    assert fleet.fleet.settings(0, "live")["s3AccessKey"] == key
    without = {"s3_recording_key_store": "secretsmanager"}
    assert fleet.run(SITE, names=NAMES, variables=without).changed == 0


def test_a_key_that_cannot_be_copied_is_replaced_and_the_plan_says_why(fleet: Planned) -> None:
    key = fleet.fleet.settings(0, "live")["s3AccessKey"]
    fleet.aws.client("ssm").delete_parameter(Name=KEY_PLACE)
    plan = words(fleet.run(PLAN, names=NAMES, variables=TO_SECRETS))
    assert f"the key {key} cannot be copied, and stays active until it is retired" in plan
    assert_ends_as_asked(fleet, **TO_SECRETS)
    assert fleet.fleet.settings(1, "live")["s3AccessKey"] == stored_key(fleet, "secretsmanager") != key
    iam = fleet.aws.client("iam")
    iam.delete_access_key(UserName=f"{BUCKET}-recording", AccessKeyId=key)
    iam.create_access_key(UserName=f"{BUCKET}-recording")
    fleet.aws.client("secretsmanager").delete_secret(SecretId=KEY_PLACE, ForceDeleteWithoutRecovery=True)
    run = fleet.run(SITE, names=NAMES, variables=TO_SECRETS, expected_rc=2)
    assert "the user has 2 already" in words(run)
    assert fleet.writes() == []


def test_a_rotation_before_the_move_stores_the_next_key_in_the_new_place(fleet: Planned) -> None:
    """It said that nothing was stored, and to set recreate=true."""
    key = fleet.fleet.settings(0, "live")["s3AccessKey"]
    at_once = {"s3_recording_key_delete_after": 0, "s3_recording_key_switch_wait": 0}
    fleet.run("antmedia.s3_recording.rotate_key", names=NAMES, variables={**TO_SECRETS, **at_once})
    following = stored_key(fleet, "secretsmanager")
    assert [fleet.fleet.settings(host, "live")["s3AccessKey"] for host in range(2)] == [following] * 2
    assert following not in ("", key)
    # Its key is deleted, and old enough to know that.
    ssm = fleet.aws.client("ssm")
    document = json.loads(ssm.get_parameter(Name=KEY_PLACE, WithDecryption=True)["Parameter"]["Value"])
    assert document["access_key_id"] == key
    older = json.dumps({**document, "create_date": "2026-01-01T00:00:00+00:00"})
    ssm.put_parameter(Name=KEY_PLACE, Value=older, Type="SecureString", Overwrite=True)
    assert_ends_as_asked(fleet, **TO_SECRETS)
    assert (stored_key(fleet, "ssm"), stored_key(fleet, "secretsmanager")) == ("", following)


OLD_USER, NEW_USER = f"{BUCKET}-recording", "another-recorder"
TO_USER = {"s3_recording_iam_user": NEW_USER, "s3_recording_key_path": "/another/key"}
STEP_BY_STEP = {**TO_USER, "s3_recording_iam_user_previous": OLD_USER}
AND_DELETE = {**STEP_BY_STEP, "s3_recording_key_delete_after": 0}


def users(planned: Planned) -> set[str]:
    found = {each["UserName"] for each in planned.aws.client("iam").list_users()["Users"]}
    return found & {OLD_USER, NEW_USER}


def test_the_previous_user_is_deleted_when_no_server_uses_its_key(fleet: Planned) -> None:
    """It kept its key for ever, and nothing said so."""
    key = fleet.fleet.settings(0, "live")["s3AccessKey"]
    unnamed = words(fleet.run(PLAN, names=NAMES, variables=TO_USER))
    assert f"the access key {key} of now does not belong to IAM user {NEW_USER}" in unnamed
    plan = words(fleet.run(PLAN, names=NAMES, variables=AND_DELETE))
    assert f"later: {BUCKET}" not in plan
    assert f"site.yml deletes IAM user {OLD_USER}, with its access key and its policy, once no server" in plan
    told = run_stopped(fleet, **AND_DELETE)
    assert f"Kept IAM user {OLD_USER} and its access key, because the rollout was stopped" in told
    upload(fleet, "streams/later.mp4")
    one = words(fleet.run(SITE, "--limit", "ams1", names=NAMES, variables=AND_DELETE))
    assert "ams2: not read after the change" in one
    upload(fleet, "streams/later.mp4", host=1)
    ended = assert_ends_as_asked(fleet, **AND_DELETE)
    assert f"IAM user {OLD_USER} is deleted, with its policy and its access key, {key}" in ended
    assert users(fleet) == {NEW_USER}
    with pytest.raises(ClientError, match="ParameterNotFound"):
        fleet.aws.client("ssm").get_parameter(Name=KEY_PLACE)
    upload(fleet, "streams/later.mp4")
    assert fleet.run(SITE, names=NAMES, variables=TO_USER).changed == 0


def test_the_key_of_the_previous_user_is_inactive_before_it_is_deleted(fleet: Planned) -> None:
    """It was deleted at once, whatever used it beside these servers."""
    key, iam = fleet.fleet.settings(0, "live")["s3AccessKey"], fleet.aws.client("iam")
    told = words(fleet.run(SITE, names=NAMES, variables=STEP_BY_STEP))
    assert f"IAM user {OLD_USER} stays for now: {key} stays active, because it is not known yet" in told
    told = words(fleet.run(SITE, names=NAMES, variables=STEP_BY_STEP))
    assert f"IAM user {OLD_USER} stays for now: {key} is made inactive, a run after" in told
    (listed,) = iam.list_access_keys(UserName=OLD_USER)["AccessKeyMetadata"]
    assert (listed["AccessKeyId"], listed["Status"]) == (key, "Inactive")
    again = fleet.run(SITE, names=NAMES, variables=STEP_BY_STEP)
    assert again.changed == 0
    assert f"{key} is inactive, a run after" in words(again)
    assert users(fleet) == {OLD_USER, NEW_USER}
    fleet.run(SITE, names=NAMES, variables=AND_DELETE)
    assert users(fleet) == {NEW_USER}


def test_a_previous_user_with_anything_else_stays(fleet: Planned) -> None:
    fleet.aws.client("iam").create_access_key(UserName=OLD_USER)
    ended = assert_ends_as_asked(fleet, **AND_DELETE)
    assert f"IAM user {OLD_USER} is not deleted: it has the access key" in ended
    assert users(fleet) == {OLD_USER, NEW_USER}


OTHER = {"ams2": {"s3_recording_bucket": "zz-others"}}


def test_a_storage_that_fails_leaves_no_bucket_opened_for_nothing(closed: Planned) -> None:
    """The first bucket stayed open, although no server had changed."""
    closed.run(SITE, names=NAMES, variables=PRIVATE, of_host=OTHER)
    closed.aws.fault("s3:PutBucketPolicy", skip=1, count=1, status=400, code="MalformedPolicy")
    run = closed.run(SITE, names=NAMES, variables=PUBLIC, of_host=OTHER, expected_rc=2)
    closed.aws.clear_faults()
    assert "MalformedPolicy" in words(run)
    for bucket in (BUCKET, "zz-others"):
        assert f"{bucket} was closed again: who may read it is as before this run." in words(run)
    assert closed.fleet.writes() == []
    assert status(closed) == 403
    block = closed.aws.client("s3").get_public_access_block(Bucket="zz-others")
    assert all(block["PublicAccessBlockConfiguration"].values())
    closed.run(SITE, names=NAMES, variables=PUBLIC, of_host=OTHER)
    assert status(closed) == 200


def kms_of(planned: Planned) -> dict[str, list[str]]:
    """Return by the end of a key's ARN what the policy of the user allows with it."""
    found = planned.aws.client("iam").get_user_policy(UserName=OLD_USER, PolicyName="recordings")
    statements = [each for each in found["PolicyDocument"]["Statement"] if ":kms:" in str(each["Resource"])]
    actions = {each["Resource"].rpartition("/")[2]: each["Action"] for each in statements}
    return {key: [each] if isinstance(each, str) else each for key, each in actions.items()}


def test_both_kms_keys_are_allowed_while_one_follows_the_other(closed: Planned) -> None:
    """Uploads failed until the bucket had the next key, and old recordings could not be read after it."""
    old, new = (closed.aws.client("kms").create_key()["KeyMetadata"]["KeyId"] for _key in range(2))
    kms = {**PRIVATE, "s3_recording_encryption": "aws:kms"}
    before, after = ({**kms, "s3_recording_encryption_key_id": each} for each in (old, new))
    closed.run(SITE, names=NAMES, variables=before)
    upload(closed, "streams/of-old.mp4")
    closed.aws.fault("s3:PutBucketEncryption", count=1, status=400, code="InvalidArgument")
    closed.run(SITE, names=NAMES, variables=after, expected_rc=2)
    closed.aws.clear_faults()
    upload(closed, "streams/while-it-moves.mp4")
    told = assert_ends_as_asked(closed, **after)
    assert "It keeps the right to decrypt, which existing recordings may need" in told
    assert kms_of(closed) == {new: ["kms:GenerateDataKey", "kms:Decrypt"], old: ["kms:Decrypt"]}
    settings = closed.fleet.settings(0, "live")
    server = closed.aws.client("s3", Credentials(settings["s3AccessKey"], settings["s3SecretKey"]))
    for key in ("streams/of-old.mp4", "streams/while-it-moves.mp4"):
        assert server.get_object(Bucket=BUCKET, Key=key)["Body"].read() == b"film"
    assert_ends_as_asked(closed, **after, s3_recording_forget_kms_keys=[old])
    assert [*kms_of(closed)] == [new]
