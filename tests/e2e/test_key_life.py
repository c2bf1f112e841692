# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An access key from its first day to its last: rotated over a fleet, retired, looked at, taken away."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stand_ins.ams import Fleet
from stand_ins.aws import AwsStandIn
from tests.harness.blocks import RESULT, STOP, block, failed_hosts
from tests.harness.playbook import PlaybookRun, ran, run_playbook
from tests.harness.saved_site import SavedSite

BUCKET, REGION = "key-life-recordings", "eu-west-1"
ROTATE, DECOMMISSION = "antmedia.s3_recording.rotate_key", "antmedia.s3_recording.decommission"
ROLLBACK = "antmedia.s3_recording.rollback"
STORED_AT = f"/antmedia/s3_recording/{BUCKET}"
USER = f"{BUCKET}-recording"
# Of a server in a rotation: to read it, to change it, and to verify it.
LOGINS = 3
# Nothing listens on the port for discarding.
NO_SERVER = {"s3_recording_ams_url": "http://127.0.0.1:9"}
NO_SSH = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 9}


class KeyLife:
    """Four servers that record to one bucket; nothing is waited for that need not be."""

    def __init__(self, aws: AwsStandIn, fleet: Fleet, folder: Path) -> None:
        self.aws, self.fleet, self.folder = aws, fleet, folder
        self.names = [f"ams-{number}" for number in range(1, len(fleet.hosts) + 1)]
        # Variables of hosts beside their own.
        self.of_host: dict[str, dict[str, Any]] = {}
        self.variables: dict[str, Any] = {
            "s3_recording_bucket": BUCKET,
            "s3_recording_region": REGION,
            "s3_recording_endpoint": aws.endpoint_url,
            "s3_recording_aws_endpoint_url": aws.endpoint_url,
            "s3_recording_ams_email": fleet.hosts[0].email,
            "s3_recording_ams_password": fleet.hosts[0].password,
            "s3_recording_backup_dir": str(folder / "former"),
            "s3_recording_live_test": "none",
            "s3_recording_ams_start_timeout": 1,
            "s3_recording_key_switch_wait": 0,
        }

    def run(self, playbook: str, *arguments: str, **options: Any) -> PlaybookRun:
        variables = {**self.variables, **options.pop("variables", {})}
        hosts = {
            name: {"s3_recording_ams_url": host.url, **self.of_host.get(name, {})}
            for name, host in zip(self.names, self.fleet.hosts)
        }
        inventory = {"all": {"hosts": hosts, "vars": variables}}
        self.aws.clear_requests()
        self.fleet.clear_requests()
        run = run_playbook(playbook, inventory=inventory, env=self.aws.env(), arguments=arguments, **options)
        assert not self.secret_in(run.output)
        return run

    def secret_in(self, text: str) -> bool:
        stored = self.stored()
        return bool(stored) and stored["secret_access_key"] in text

    def stored(self) -> dict[str, Any]:
        found = self.aws.client("ssm").get_parameters(Names=[STORED_AT], WithDecryption=True)["Parameters"]
        return json.loads(found[0]["Value"]) if found else {}

    def keys(self) -> dict[str, str]:
        listed = self.aws.client("iam").list_access_keys(UserName=USER)["AccessKeyMetadata"]
        return {each["AccessKeyId"]: each["Status"] for each in listed}

    def on_servers(self) -> list[str]:
        return [self.fleet.settings(number, "live")["s3AccessKey"] for number in range(len(self.names))]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SavedSite]:
    folder = tmp_path_factory.mktemp("site")
    with AwsStandIn() as aws, Fleet(hosts=4) as fleet:
        KeyLife(aws, fleet, folder).run("antmedia.s3_recording.site")
        yield SavedSite(aws, fleet, folder)


@pytest.fixture
def life(site: SavedSite, tmp_path: Path) -> KeyLife:
    """Return four servers that record since a first run of site.yml."""
    site.restore(tmp_path)
    return KeyLife(site.aws, site.fleet, tmp_path)


def words(run: PlaybookRun) -> str:
    return " ".join(run.stdout.split())


def said(run: PlaybookRun, task: str) -> str:
    return "\n".join(str(each["msg"]) for each in ran(run.of_task(task)))


def test_rotation_moves_every_server_and_the_former_key_goes_after_its_time_of_grace(life: KeyLife) -> None:
    first = life.stored()["access_key_id"]
    check = life.run(ROTATE, "--check", "--diff")
    assert (life.aws.writes(), life.fleet.writes()) == ([], [])
    assert (life.stored()["access_key_id"], set(life.on_servers())) == (first, {first})
    assert len([each for each in check.of_step("apply") if each.changed]) == 4
    assert "would" not in said(check, "bucket | retire_key | Show the result")
    assert "made inactive when all 4 servers" in said(
        check, "bucket | retire_key | Show what would happen to the key in use"
    )

    run = life.run(ROTATE, "--diff", verbosity=4)
    second = life.stored()["access_key_id"]
    assert second != first
    assert life.on_servers() == [second] * 4
    assert life.keys() == {first: "Inactive", second: "Active"}
    assert f"all 4 servers have the key {second}" in said(run, "bucket | retire_key | Show the result")
    assert f"{first} is made inactive, a run after" in said(run, "bucket | retire_key | Show the result")
    proofs = [each for each in run.of_step("check") if each.status == "ok"]
    assert len(proofs) == 4

    # A second one changed nothing and ended well, so that a leaked key was taken for replaced.
    again = life.run(ROTATE, expected_rc=2)
    assert (life.aws.writes(), life.fleet.requests()) == ([], [])
    told = " ".join(again.stdout.split())
    assert f"the key {second} was made at" in told
    assert f"the old key {first} is inactive and kept until" in told
    assert "Wait until then and run again" in told
    assert "s3_recording_key_leaked=true" in told
    assert life.run("antmedia.s3_recording.site").changed == 0

    life.run("antmedia.s3_recording.site", variables={"s3_recording_key_delete_after": 0})
    assert life.keys() == {second: "Active"}
    assert life.fleet.writes() == []


def test_a_leaked_key_is_replaced_at_once_whatever_uses_it(life: KeyLife) -> None:
    first = life.stored()["access_key_id"]
    life.run(ROTATE)
    leaked = life.stored()["access_key_id"]
    s3 = life.aws.client("s3")
    s3.create_multipart_upload(Bucket=BUCKET, Key="streams/concert.mp4")
    options: dict[str, Any] = {"extra_vars": {"s3_recording_key_leaked": True}}
    check = life.run(ROTATE, "--check", "--diff", "--limit", "!ams-3", **options)
    assert (life.aws.writes(), life.fleet.writes()) == ([], [])
    assert "would be made inactive at once" in said(
        check, "rotate_plan | Show what is lost with the leaked key"
    )
    would = said(check, "bucket | retire_key | Show what would happen to the key in use")
    assert "made inactive at once after all servers were tried" in would
    assert "would not be able to upload" in said(
        check, "bucket | retire_key | Show which servers cannot upload without the leaked key"
    )

    run = life.run(ROTATE, "--limit", "!ams-3", variables={"s3_recording_key_switch_wait": 60}, **options)
    fresh = life.stored()["access_key_id"]
    assert life.keys() == {leaked: "Inactive", fresh: "Active"}
    assert life.on_servers() == [fresh, fresh, leaked, fresh]
    assert first not in life.keys()
    before = said(run, "rotate_plan | Show what is lost with the leaked key")
    assert "A multipart upload that is running then continues with the leaked key and is lost" in before
    after = said(run, "bucket | retire_key | Show the result")
    assert f"3 of 4 servers have the key {fresh}" in after
    assert f"{leaked} is made inactive at once, a run after" in after
    assert "are lost, the files stay on the servers: streams/concert.mp4" in after
    assert said(
        run, "bucket | retire_key | Show which servers cannot upload without the leaked key"
    ).endswith("on their disks: ams-3")

    life.run("antmedia.s3_recording.site")
    assert life.on_servers() == [fresh] * 4
    assert life.keys() == {leaked: "Inactive", fresh: "Active"}


def test_a_key_that_leaks_before_its_rotation_is_finished_is_not_taken_for_replaced(life: KeyLife) -> None:
    """The run made the key before it inactive, said that all was well and left the leaked one in use."""
    first = life.stored()["access_key_id"]
    life.run(ROTATE, "--limit", "!ams-3")
    leaked = life.stored()["access_key_id"]
    run = life.run(ROTATE, extra_vars={"s3_recording_key_leaked": True}, expected_rc=2)
    assert life.keys() == {first: "Inactive", leaked: "Active"}
    begin = said(run, "rotate_plan | Show which keys are not replaced although one has leaked")
    assert f"The key in use, {leaked}, is not replaced" in begin
    assert run.of_task("rotate_plan | Show what is lost with the leaked key")[0].status == "skipped"
    last = run.of_task("retire_key | Fail if a key that may have leaked was not replaced")[-1]
    assert f"{first} is now inactive. {leaked} was NOT replaced" in last["msg"]

    life.run(ROTATE, extra_vars={"s3_recording_key_leaked": True})
    assert life.keys() == {leaked: "Inactive", life.stored()["access_key_id"]: "Active"}


def test_a_server_that_was_left_out_keeps_the_former_key_alive(life: KeyLife) -> None:
    first = life.stored()["access_key_id"]
    run = life.run(ROTATE, "--limit", "!ams-3", variables={"s3_recording_key_delete_after": 0})
    second = life.stored()["access_key_id"]
    assert life.keys() == {first: "Active", second: "Active"}
    assert life.on_servers() == [second, second, first, second]
    told = said(run, "bucket | retire_key | Show which servers still need the previous key")
    assert "this run has not seen 1 of 4 servers of the inventory with the next one: ams-3" in told

    life.run(ROTATE, variables={"s3_recording_key_delete_after": 0})
    assert life.keys() == {second: "Active"}
    assert life.on_servers() == [second] * 4


def test_a_server_out_of_reach_stops_a_rotation_before_the_next_key_exists(life: KeyLife) -> None:
    """The next key was made first, and the plan that stopped the run then said that nothing was changed."""
    first = life.stored()["access_key_id"]
    life.of_host = {"ams-3": NO_SERVER}
    stopped = life.run(ROTATE, expected_rc=2)
    told = words(stopped)
    assert "STOP 1 problem on 1 server. Nothing was changed." in told
    assert "To run without them: -e s3_recording_skip_unreachable=1." in told
    assert "IAM user key-life-recordings-recording will get the next access key" in told
    assert (life.aws.writes(), life.fleet.writes(), life.keys()) == ([], [], {first: "Active"})

    skipped = life.run(ROTATE, variables={"s3_recording_skip_unreachable": 1})
    second = life.stored()["access_key_id"]
    assert life.keys() == {first: "Active", second: "Active"}
    assert life.on_servers() == [second, second, first, second]
    assert [len(life.fleet.logins(host)) for host in (0, 1, 3)] == [LOGINS] * 3
    told = said(skipped, "bucket | retire_key | Show which servers still need the previous key")
    assert "this run has not seen 1 of 4 servers of the inventory with the next one: ams-3" in told

    life.of_host = {}
    life.run(ROTATE, variables={"s3_recording_key_delete_after": 0})
    assert life.keys() == {second: "Active"}
    assert life.on_servers() == [second] * 4


def test_a_leaked_key_waits_for_no_server_that_is_left_out_or_gone(life: KeyLife) -> None:
    leaked = life.stored()["access_key_id"]
    life.of_host = {"ams-3": NO_SERVER}
    options: dict[str, Any] = {"extra_vars": {"s3_recording_key_leaked": True}}
    stopped = life.run(ROTATE, expected_rc=2, **options)
    assert "Nothing was changed." in words(stopped)
    assert life.keys() == {leaked: "Active"}

    options["extra_vars"]["s3_recording_skip_unreachable"] = "25%"
    run = life.run(ROTATE, **options)
    fresh = life.stored()["access_key_id"]
    assert life.keys() == {leaked: "Inactive", fresh: "Active"}
    cannot = said(run, "bucket | retire_key | Show which servers cannot upload without the leaked key")
    assert cannot.endswith("on their disks: ams-3")

    # No key waits for a server that is gone for good, whether it is in the run or not.
    for arguments in ([], ["--limit", "!ams-3"]):
        gone = {"s3_recording_gone_hosts": "ams-3", "s3_recording_key_leaked": True}
        run = life.run(ROTATE, *arguments, extra_vars=gone)
        assert [*life.keys().values()].count("Active") == 1
        assert life.stored()["access_key_id"] not in (leaked, fresh)
        assert "all 3 servers have the key" in said(run, "bucket | retire_key | Show the result")


def test_a_batch_that_fails_has_the_former_key_again_and_a_second_run_goes_on(life: KeyLife) -> None:
    first = life.stored()["access_key_id"]
    life.fleet.fault(2, "status", status=500, method="POST", path="/applications/settings/")
    stopped = life.run(ROTATE, expected_rc=2, variables={"s3_recording_serial": [1, "100%"]})
    second = life.stored()["access_key_id"]
    assert life.keys() == {first: "Active", second: "Active"}
    assert life.on_servers() == [second, first, first, first]
    assert stopped.of_task("bucket | retire_key | Show the result") == []
    told = words(stopped)
    assert "The rollout was stopped (run " in told
    assert "Nothing was written to ams-3" in told or "As before the run: ams-3" in told
    assert f"Changed on AWS, and not rolled back with the servers: access key {second} of {BUCKET}." in told
    assert "Run rotate_key.yml again to finish it." in told
    assert failed_hosts(stopped) == ["ams-3"]

    life.fleet.clear_faults()
    life.run(ROTATE, variables={"s3_recording_key_delete_after": 0})
    assert life.stored()["access_key_id"] == second
    assert life.keys() == {second: "Active"}


def test_without_the_check_verify_alone_checks_and_no_later_run_restores_a_retired_key(life: KeyLife) -> None:
    """site.yml, rotation and decommissioning used to check whatever the inventory had."""
    unchecked = {"s3_recording_verify": False}
    first = life.stored()["access_key_id"]
    for playbook in ("antmedia.s3_recording.site", ROTATE):
        assert ran(life.run(playbook, variables=unchecked).of_step("check")) == []
    second = life.stored()["access_key_id"]
    assert life.keys() == {first: "Inactive", second: "Active"}
    assert list((life.folder / "former").glob("*.unverified.json")) == []
    assert len(ran(life.run("antmedia.s3_recording.verify", variables=unchecked).of_step("check"))) == 4

    # Settings of a batch that fails go back, the key that was replaced does not.
    life.fleet.fault(3, "status", status=500, method="POST", path="/applications/settings/")
    changed = {**unchecked, "s3_recording_serial": "100%", "s3_recording_cache_control": "no-store"}
    life.run("antmedia.s3_recording.site", expected_rc=2, variables=changed)
    assert life.on_servers() == [second] * 4

    life.fleet.clear_faults()
    assert ran(life.run(DECOMMISSION, variables=unchecked).of_step("check")) == []
    assert life.stored() == {}
    assert list((life.folder / "former").glob("*.unverified.json")) == []


def test_a_host_that_ansible_does_not_reach_does_not_take_the_result_with_it(life: KeyLife) -> None:
    """The last play had that host alone, on which no task runs any more."""
    first = life.stored()["access_key_id"]
    life.of_host = {"ams-1": NO_SSH}
    told = words(life.run("antmedia.s3_recording.verify", expected_rc=4, expected_warnings=None))
    assert "RESULT 1 of 4 servers failed. 3 servers record application live" in told
    assert "! ams-1: Task failed: Failed to connect to the host via ssh" in told

    told = words(life.run(DECOMMISSION, expected_rc=4, expected_warnings=None))
    assert life.on_servers() == [first, "", "", ""]
    assert life.keys() == {first: "Active"}
    assert "RESULT 3 servers no longer record application live" in told
    assert "Not changed ams-1: could not be read" in told

    # No key waits for it once it is gone for good.
    life.run(DECOMMISSION, extra_vars={"s3_recording_gone_hosts": "ams-1"})
    assert life.stored() == {}


def test_an_upload_that_is_under_way_keeps_the_former_key_active(life: KeyLife) -> None:
    first = life.stored()["access_key_id"]
    s3 = life.aws.client("s3")
    begun = s3.create_multipart_upload(Bucket=BUCKET, Key="streams/concert.mp4")["UploadId"]
    run = life.run(ROTATE, variables={"s3_recording_key_wait_timeout": 7})
    assert life.keys()[first] == "Active"
    # None where the machine is so slow that the time is over at once.
    assert run.stdout.count("Waiting for the moment to switch off an access key") <= 2
    assert "streams/concert.mp4" in said(run, "bucket | retire_key | Show the result")
    assert "uploads in progress" in said(run, "bucket | retire_key | Show the result")
    s3.abort_multipart_upload(Bucket=BUCKET, Key="streams/concert.mp4", UploadId=begun)
    life.run(ROTATE, variables={"s3_recording_key_delete_after": 0})
    assert first not in life.keys()


def test_what_each_turn_of_a_wait_did_is_told_at_its_end(life: KeyLife) -> None:
    first = life.stored()["access_key_id"]
    run = life.run(
        ROTATE, "--diff", variables={"s3_recording_key_switch_wait": 3, "s3_recording_key_delete_after": 0}
    )
    (retired,) = ran(run.of_task("or delete it after the grace period"))
    assert "Waiting for the moment to switch off an access key" in run.stdout
    assert "s to go" in run.stdout
    assert retired.changed
    assert retired["deleted_access_key_ids"] == [first]
    assert retired["diff"]["before"]["access_key_ids"] == sorted([first, life.stored()["access_key_id"]])


def test_a_rotation_is_not_rolled_back_and_a_run_before_it_is_in_whole(life: KeyLife) -> None:
    """A rotation offered a rollback that did nothing and forgot the run; the next one left the key there."""
    run = life.run(ROTATE)
    second = life.stored()["access_key_id"]
    assert "s3_recording_rollback_run=" not in run.stdout
    assert f"all 4 servers have the key {second}" in said(run, "bucket | retire_key | Show the result")
    kept = {path: path.read_bytes() for path in (life.folder / "former").iterdir()}
    site, rotation = [layer["run"] for layer in json.loads(next(iter(kept.values())))["layers"]]

    back = life.run(ROLLBACK, extra_vars={"s3_recording_rollback_run": rotation}, expected_rc=2)
    refused = "\n".join(block(back, STOP))
    assert f"Run {rotation} (rotate_key) was a key rotation" in refused
    assert f"- {site}  site  4 servers" in refused
    assert life.fleet.requests() == []
    assert {path: path.read_bytes() for path in (life.folder / "former").iterdir()} == kept
    assert life.on_servers() == [second] * 4

    whole = life.run(ROLLBACK, extra_vars={"s3_recording_rollback_run": site})
    assert "somebody else" not in whole.output
    for number in range(len(life.names)):
        settings = life.fleet.settings(number, "live")
        assert {settings[name] or None for name in ("s3AccessKey", "s3SecretKey", "s3BucketName")} == {None}
        assert settings["s3RecordingEnabled"] is False
        assert settings["mp4MuxingEnabled"] is False
    assert [path for path in (life.folder / "former").iterdir() if ".restored." not in path.name] == []


def test_a_later_run_is_rolled_back_and_the_key_of_a_rotation_after_it_stays(life: KeyLife) -> None:
    """The rotation's backup went with it, and the way back to before the site left the key there."""
    former = {"s3_recording_storage_class": "STANDARD_IA"}
    life.run("antmedia.s3_recording.servers", variables=former)
    life.run(ROTATE, variables=former)
    second = life.stored()["access_key_id"]
    (kept, *_others) = (life.folder / "former").iterdir()
    site, later, rotation = [layer["run"] for layer in json.loads(kept.read_text())["layers"]]
    back = life.run(ROLLBACK, extra_vars={"s3_recording_rollback_run": later})
    (stays,) = [line for line in block(back, RESULT) if line.startswith("Key stays")]
    assert "a replaced access key is not written back" in stays
    assert life.on_servers() == [second] * 4
    assert {life.fleet.settings(number, "live")["s3StorageClass"] for number in range(4)} != {"STANDARD_IA"}
    assert [layer["run"] for layer in json.loads(kept.read_text())["layers"]] == [site, rotation]
    assert "somebody else" not in life.run(ROLLBACK, extra_vars={"s3_recording_rollback_run": site}).output
    assert [each or "" for each in life.on_servers()] == [""] * 4


def test_a_new_key_that_takes_its_time_is_waited_for_with_words(life: KeyLife) -> None:
    # Longer than one turn of waiting, on a slow machine too.
    life.aws.settings(key_delay=15)
    try:
        run = life.run(ROTATE, variables={"s3_recording_key_delete_after": 0})
    finally:
        life.aws.settings(key_delay=0)
    told = f"Waiting for AWS to activate access key {life.stored()['access_key_id']}"
    assert f"{told}: usually 5 to 20 s, at most 60 s" in run.stdout
    assert "InvalidClientTokenId" not in run.output
    (rotated,) = ran(run.of_task("Create and store the next access key"))
    assert rotated.changed


def test_an_old_key_is_said_to_be_due(life: KeyLife) -> None:
    document = {**life.stored(), "create_date": "2020-01-31T12:00:00+00:00"}
    life.aws.client("ssm").put_parameter(
        Name=STORED_AT, Value=json.dumps(document), Type="SecureString", Overwrite=True
    )
    due = "days old, the limit is 90: rotate it (playbook antmedia.s3_recording.rotate_key)"
    run = life.run(
        "antmedia.s3_recording.site",
        variables={"s3_recording_key_max_age_days": 90},
        expected_warnings=[due],
    )
    assert run.changed == 0


def test_the_audit_tells_who_uses_which_key(life: KeyLife) -> None:
    first = life.stored()["access_key_id"]
    life.run(ROTATE, "--limit", "ams-1,ams-2")
    second = life.stored()["access_key_id"]
    run = life.run("antmedia.s3_recording.audit", expected_rc=2)
    assert f"{BUCKET}: {first} is used by ams-3 and ams-4" in words(run)
    assert f"live: s3AccessKey '{first}' -> '{second}' (ams-3, ams-4)" in words(run)
    assert failed_hosts(run) == ["ams-3", "ams-4"]
    life.fleet.fault(3, "status", status=500, method="GET", path="/version")
    run = life.run("antmedia.s3_recording.audit", expected_rc=2)
    told = words(run)
    assert f"{BUCKET}: {second} is used by ams-1 and ams-2" in told
    assert f"{BUCKET}: {first} is used by ams-3" in told
    assert f"{BUCKET}: not read were ams-4" in told
    assert failed_hosts(run) == ["ams-4"]
    assert f"{first} is active, 0 days old" in told
    assert f"stored in SSM parameter {STORED_AT}" in told
    assert (life.aws.writes(), life.fleet.writes()) == ([], [])


def test_the_audit_does_not_ask_a_server_that_is_gone(life: KeyLife) -> None:
    run = life.run("antmedia.s3_recording.audit", variables={"s3_recording_gone_hosts": ["ams-2"]})
    told = words(run)
    assert f"{BUCKET}: {life.stored()['access_key_id']} is used by ams-1, ams-3 and ams-4" in told
    assert f"{BUCKET}: gone for good and not read (s3_recording_gone_hosts): ams-2" in told
    assert life.fleet.requests(1) == []


def test_the_audit_of_servers_that_cannot_be_read_still_reports_the_keys(life: KeyLife) -> None:
    """Where the only server did not answer there was no report."""
    life.fleet.fault(0, "status", status=500, method="GET", path="/version")
    run = life.run("antmedia.s3_recording.audit", "--limit", "ams-1", expected_rc=2)
    told = words(run)
    assert f"{life.stored()['access_key_id']} is active" in told
    assert f"{BUCKET}: not read were ams-1, ams-2, ams-3 and ams-4" in told
    assert failed_hosts(run) == ["ams-1"]


def test_decommissioning_takes_recording_off_first_and_leaves_the_bucket(life: KeyLife) -> None:
    s3 = life.aws.client("s3")
    s3.put_object(Bucket=BUCKET, Key="streams/precious.mp4", Body=b"x")
    foreign = {"s3BucketName": "somebody-elses", "s3AccessKey": "AKIAIOSFODNN7EXAMPLE"}
    life.fleet.set_settings(3, "live", foreign)
    life.fleet.set_live(0, "live", ["concert", "match"])
    # Nothing here knows what MP4 recording was before on this one.
    for kept in (life.folder / "former").glob("ams-3-*"):
        kept.unlink()

    check = life.run(DECOMMISSION, "--check", "--diff")
    assert (life.aws.writes(), life.fleet.writes()) == ([], [])
    assert check.changed >= 3
    assert "PLAY [Turn recording and forwarding off]" in check.stdout
    on_disk = "decommission_read | Show which recordings stay on the disk of their server"
    assert "would not be uploaded: ams-1 (live): 2 live streams. Viewers" in said(check, on_disk)
    end = "bucket | decommission | Show what was turned off and what stays"
    assert "forwarding would be off on 4 servers" in said(check, end)
    user = check.of_action("antmedia.s3_recording.iam_programmatic_user")[-1]
    assert user["msg"].startswith(f"There is no IAM user {USER} any more")

    run = life.run(DECOMMISSION, variables={"s3_recording_delete_bucket": True}, expected_rc=2)
    assert f"Bucket {BUCKET} stays, everything else is done" in run.stdout
    assert "are not uploaded: ams-1 (live): 2 live streams. Viewers" in said(run, on_disk)
    words = " ".join(run.stdout.split())
    assert f"Recording to {BUCKET} and forwarding are off on 4 servers: ams-1, ams-2, ams-3, ams-4." in words
    assert "Left alone, since they record elsewhere: ams-4 (live)." in words
    assert f"Links such as {life.fleet.hosts[0].url}/live/streams/NAME.mp4 do not lead" in words
    assert f"everybody can still read them at {life.aws.endpoint_url}/{BUCKET}/streams/NAME.mp4" in words
    assert "MP4 recording is off again, as before the first run: ams-1 (live), ams-2 (live)." in words
    assert "was off: ams-3 (live). To stop it, set mp4MuxingEnabled to false." in words
    for number in range(3):
        settings = life.fleet.settings(number, "live")
        assert settings["s3RecordingEnabled"] is False
        assert (settings["s3AccessKey"], settings["s3SecretKey"], settings["s3BucketName"]) == ("", "", "")
        assert settings["httpForwardingExtension"] == ""
        assert settings["mp4MuxingEnabled"] is (number == 2)
    left = life.fleet.settings(3, "live")
    assert {name: left[name] for name in foreign} == foreign
    told = [each["msg"] for each in run.of_step("apply")]
    assert "live: left alone, since s3BucketName='somebody-elses'" in told
    assert life.stored() == {}
    users = [each["UserName"] for each in life.aws.client("iam").list_users()["Users"]]
    assert USER not in users
    assert s3.get_object(Bucket=BUCKET, Key="streams/precious.mp4")["Body"].read() == b"x"

    s3.delete_object(Bucket=BUCKET, Key="streams/precious.mp4")
    tags = {"TagSet": s3.get_bucket_tagging(Bucket=BUCKET)["TagSet"]}
    s3.delete_bucket_tagging(Bucket=BUCKET)
    again = life.run(DECOMMISSION, variables={"s3_recording_delete_bucket": True})
    assert (again.changed, life.fleet.writes()) == (0, [])
    assert "To stop it, set mp4MuxingEnabled to false." in said(again, end)
    not_ours = said(
        again, "bucket | decommission | Show that the bucket stays, since this role did not create it"
    )
    assert f"aws s3 rb s3://{BUCKET}" in not_ours
    assert f"The bucket {BUCKET} and its recordings stay" in said(again, end)
    s3.put_bucket_tagging(Bucket=BUCKET, Tagging=tags)
    life.run(DECOMMISSION, variables={"s3_recording_delete_bucket": True})
    assert BUCKET not in [each["Name"] for each in s3.list_buckets()["Buckets"]]


def test_decommissioning_deletes_the_user_that_the_bucket_had_before(life: KeyLife) -> None:
    """It kept its key and its rights, and nothing said so."""
    first = life.stored()["access_key_id"]
    other = {"s3_recording_iam_user": "another-recorder", "s3_recording_key_path": "/another/key"}
    variables = {**other, "s3_recording_iam_user_previous": USER}
    run = life.run("antmedia.s3_recording.site", variables=variables)
    assert f"IAM user {USER} stays for now: {first} stays active" in " ".join(run.stdout.split())
    before = "bucket | decommission | Show what becomes of the user that the bucket had before"
    part = life.run(DECOMMISSION, "--limit", "ams-1", variables=variables)
    told = said(part, "bucket | decommission | Show the servers that may need the key")
    assert f"So do those of IAM user {USER}, which the bucket had before." in told
    check = life.run(DECOMMISSION, "--check", variables=variables)
    assert f"IAM user {USER} would be deleted" in said(check, before)
    life.run(DECOMMISSION, variables=variables)
    users = {each["UserName"] for each in life.aws.client("iam").list_users()["Users"]}
    assert not users & {USER, "another-recorder"}
    assert life.stored() == {}
    assert life.run(DECOMMISSION, variables=variables).changed == 0


def test_decommissioning_a_part_of_the_fleet_leaves_the_others_their_key(life: KeyLife) -> None:
    first = life.stored()["access_key_id"]
    run = life.run(DECOMMISSION, "--limit", "ams-1")
    assert life.on_servers() == ["", first, first, first]
    assert life.keys() == {first: "Active"}
    told = said(run, "bucket | decommission | Show the servers that may need the key")
    assert "this run has not seen 3 of 4 servers of the inventory with recording to it turned off" in told


def test_decommissioning_loses_no_recording_and_keeps_the_key_as_long_as_something_needs_it(
    life: KeyLife,
) -> None:
    """HLS files of live streams were lost, uploads lost their key, and one dead server stopped all others."""
    first = life.stored()["access_key_id"]
    life.fleet.set_settings(1, "live", {"mp4MuxingEnabled": False, "hlsMuxingEnabled": True})
    life.fleet.set_live(1, "live", ["concert"])
    refused = life.run(DECOMMISSION, expected_rc=2)
    assert "ams-2 (live): 1 live stream, recorded as HLS alone" in " ".join(refused.stdout.split())
    assert (life.aws.writes(), life.fleet.writes()) == ([], [])

    forced = {"s3_recording_ignore_live_streams": True, "s3_recording_key_wait_timeout": 6}
    life.fleet.set_settings(2, "LiveApp", {"s3RecordingEnabled": True, "s3BucketName": BUCKET})
    life.fleet.fault(0, "status", status=500, method="GET", path="/version")
    run = life.run(DECOMMISSION, variables=forced, expected_rc=2)
    assert life.on_servers() == [first, "", "", ""]
    assert life.keys() == {first: "Active"}
    told = said(run, "bucket | decommission | Show the servers that may need the key")
    assert "this run has not seen 1 of 4 servers of the inventory with recording to it" in told
    assert "turned off: ams-1." in told
    assert "or may do so: ams-3 (LiveApp)" in said(run, "Show the applications that may need the key")
    assert "off on 3 servers: ams-2, ams-3, ams-4." in said(run, "Show what was turned off and what stays")

    life.fleet.clear_faults()
    life.fleet.set_settings(2, "LiveApp", {"s3RecordingEnabled": False, "s3BucketName": ""})
    life.aws.client("s3").create_multipart_upload(Bucket=BUCKET, Key="streams/concert.mp4")
    run = life.run(DECOMMISSION, variables=forced)
    assert life.on_servers() == [""] * 4
    assert (life.keys(), life.stored()["access_key_id"]) == ({first: "Active"}, first)
    told = said(run, "bucket | decommission | Warn that decommissioning is not finished")
    assert told.startswith(f"NOT FINISHED: access key, policy and user of {BUCKET} stay.")
    assert "uploads in progress may have begun with it: streams/concert.mp4" in told


def test_a_decommissioning_that_is_stopped_leaves_the_key_and_the_next_one_finishes_it(life: KeyLife) -> None:
    first = life.stored()["access_key_id"]
    life.fleet.fault(2, "status", status=400, method="POST", path="/applications/settings/")
    stopped = life.run(DECOMMISSION, expected_rc=2, variables={"s3_recording_serial": [1, "100%"]})
    assert life.on_servers() == ["", first, first, first]
    assert (life.keys(), life.stored()["access_key_id"]) == ({first: "Active"}, first)
    assert life.aws.writes() == []
    assert stopped.of_action("antmedia.s3_recording.iam_stored_access_key") == []
    assert failed_hosts(stopped) == ["ams-3"]
    told = words(stopped)
    assert "RESULT 1 of 4 servers failed" in told
    assert "The rollout was stopped (run " in told
    assert "Run decommission.yml again to finish it." in told
    assert "s3_recording_rollback_run=" not in told

    life.fleet.clear_faults()
    life.run(DECOMMISSION)
    assert life.on_servers() == [""] * 4
    assert life.stored() == {}
    assert USER not in [each["UserName"] for each in life.aws.client("iam").list_users()["Users"]]


def test_decommissioning_refuses_a_user_with_a_key_that_was_not_made_here(life: KeyLife) -> None:
    first = life.stored()["access_key_id"]
    iam = life.aws.client("iam")
    foreign = iam.create_access_key(UserName=USER)["AccessKey"]["AccessKeyId"]
    run = life.run(DECOMMISSION, expected_rc=2)
    assert f"has an access key that this role did not create, {foreign}" in " ".join(run.stdout.split())
    assert life.keys() == {first: "Active", foreign: "Active"}
    iam.delete_access_key(UserName=USER, AccessKeyId=foreign)


def test_keys_that_are_given_are_not_rotated(life: KeyLife) -> None:
    given = {"s3_recording_access_key_id": "AKIAIOSFODNN7EXAMPLE", "s3_recording_secret_access_key": "x" * 40}
    run = life.run(ROTATE, variables=given, expected_rc=2)
    assert "The inventory gives every access key" in " ".join(run.stdout.split())
    assert (life.aws.writes(), life.fleet.writes()) == ([], [])
