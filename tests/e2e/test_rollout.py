# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A rollout in batches: verified, stopped and restored, killed in the middle, rolled back by name."""

from __future__ import annotations

import json
import os
import re
import signal
import stat
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stand_ins.ams import Fleet
from stand_ins.ansible_environment import BIN
from stand_ins.aws import AwsStandIn
from tests.harness.blocks import PLAN, RESULT, STOP, block, failed_hosts, problems
from tests.harness.expected_changes import SERVERS_OWN
from tests.harness.playbook import PlaybookRun, environment, run_playbook
from tests.harness.saved_site import SavedSite
from tests.harness.site_variables import site_variables

BUCKET, REGION = "rollout-recordings", "eu-west-1"
SERVERS = "antmedia.s3_recording.servers"
ROLLBACK = "antmedia.s3_recording.rollback"
PATIENCE = 60


class Rollout:
    """Five servers in three batches: 1, 2 and the rest."""

    def __init__(self, aws: AwsStandIn, fleet: Fleet, folder: Path) -> None:
        self.aws, self.fleet, self.folder = aws, fleet, folder
        self.backups = folder / "former"
        self.names = [f"ams-{number}" for number in range(1, len(fleet.hosts) + 1)]

    def inventory(self, of_host: dict[str, dict[str, Any]] | None = None, **variables: Any) -> dict[str, Any]:
        shared = site_variables(
            self.aws,
            self.fleet,
            s3_recording_bucket=BUCKET,
            s3_recording_backup_dir=str(self.backups),
            s3_recording_serial=[1, 2, "100%"],
            s3_recording_ams_start_timeout=1,
        )
        hosts = {
            name: {"s3_recording_ams_url": host.url, **(of_host or {}).get(name, {})}
            for name, host in zip(self.names, self.fleet.hosts)
        }
        return {"all": {"hosts": hosts, "vars": {**shared, **variables}}}

    def run(self, playbook: str = SERVERS, *arguments: str, **options: Any) -> PlaybookRun:
        self.fleet.clear_requests()
        options.setdefault("inventory", self.inventory())
        return run_playbook(playbook, env=self.aws.env(), arguments=arguments, **options)

    def settings(self, name: str) -> dict[str, Any]:
        return self.fleet.settings(self.names.index(name), "live")

    def recording(self) -> list[str]:
        return [name for name in self.names if self.settings(name)["s3BucketName"] == BUCKET]

    def differing(self, name: str, before: dict[str, Any]) -> set[str]:
        now = self.settings(name)
        return {field for field in before if before[field] != now[field]} - SERVERS_OWN

    def files(self) -> list[str]:
        return sorted(path.name for path in self.backups.glob("*")) if self.backups.exists() else []

    def with_backup(self) -> list[str]:
        return [re.sub(r"-\w{8}\.json$", "", name) for name in self.files() if ".restored." not in name]

    def unverified(self) -> list[str]:
        return [
            re.sub(r"-\w{8}\.unverified\.json$", "", name) for name in self.files() if ".unverified." in name
        ]


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SavedSite]:
    """Storage for servers that nobody has changed."""
    folder = tmp_path_factory.mktemp("stored")
    with AwsStandIn() as aws, Fleet(hosts=5) as fleet:
        Rollout(aws, fleet, folder).run("antmedia.s3_recording.storage")
        yield SavedSite(aws, fleet, folder)


@pytest.fixture
def rollout(stored: SavedSite, tmp_path: Path) -> Rollout:
    stored.restore(tmp_path)
    return Rollout(stored.aws, stored.fleet, tmp_path)


def named_run(run: PlaybookRun) -> str:
    found = re.search(r"s3_recording_rollback_run=(\w+)", run.stdout)
    assert found, run.stdout
    return found[1]


def test_a_batch_that_is_not_verified_gets_its_previous_settings_back(rollout: Rollout) -> None:
    before = {name: rollout.settings(name) for name in rollout.names}
    rollout.fleet.fault(2, "status", status=404, method="GET", path="/live/streams/recording-check")
    run = rollout.run(expected_rc=2)

    assert rollout.recording() == ["ams-1"]
    assert all(rollout.differing(name, before[name]) == set() for name in rollout.names[1:])
    first, *lines = block(run, RESULT)
    assert first.startswith("1 of 3 servers failed. 1 server records application live to ")
    broken = [line for line in lines if line.startswith("! ")]
    assert all(line.startswith("! ams-3: ") for line in broken)
    assert rollout.fleet.hosts[2].url in broken[0]
    assert "redirect" in broken[0]
    assert lines[: len(broken)] == broken
    assert "The previous settings are restored on ams-2, ams-3." in lines
    assert f"The rollout was stopped (run {named_run(run)})." in lines
    assert "Not touched  ams-4 and ams-5: the run ended before" in lines
    assert failed_hosts(run) == ["ams-3"]
    of_next_batch = rollout.fleet.requests(3)
    assert [each["method"] for each in of_next_batch if each["method"] != "GET"] == ["POST", "DELETE"]
    assert len(rollout.fleet.logins(3)) == 1, "the batch after it was asked by the plan alone"
    assert rollout.unverified() == []

    rollout.fleet.clear_faults()
    mended = rollout.run()
    assert rollout.recording() == rollout.names
    assert sorted(each.host for each in mended.of_step("apply")) == rollout.names[1:]
    assert rollout.run().changed == 0


def test_what_a_stopped_rollout_leaves_changed_on_aws_is_said(rollout: Rollout) -> None:
    """The servers were restored, and nothing said that the bucket was not."""
    rollout.fleet.fault(0, "status", status=404, method="GET", path="/live/streams/recording-check")
    wanted = {"s3_recording_versioning": True}
    run = rollout.run("antmedia.s3_recording.site", extra_vars=wanted, expected_rc=2)
    left = "Changed on AWS, and not rolled back with the servers: "
    (said,) = [line for line in block(run, RESULT) if line.startswith(left)]
    assert BUCKET in said
    assert failed_hosts(run) == ["ams-1"]
    check = rollout.run("antmedia.s3_recording.site", "--check", extra_vars=wanted, expected_rc=None)
    assert "Changed on AWS" not in check.stdout


def test_previous_values_are_kept_for_their_owner_alone_and_shown_nowhere(rollout: Rollout) -> None:
    rollout.fleet.set_settings(0, "live", {"s3SecretKey": "the-former-secret-key"})
    check = rollout.run(SERVERS, "--check", "--diff")
    assert rollout.files() == []
    assert "would change" in check.of_step("apply")[0]["msg"]

    run = rollout.run(SERVERS, "--diff", verbosity=4)
    kept = sorted(rollout.backups.glob("*"))
    assert [stat.S_IMODE(path.stat().st_mode) for path in kept] == [0o600] * 5
    assert stat.S_IMODE(rollout.backups.stat().st_mode) == 0o700
    assert "the-former-secret-key" in kept[0].read_text()
    assert "the-former-secret-key" not in run.output + check.output


def test_a_run_is_rolled_back_by_its_name_and_what_others_set_is_left_alone(rollout: Rollout) -> None:
    before = {name: rollout.settings(name) for name in rollout.names}
    run = named_run(rollout.run())
    rollout.fleet.set_settings(
        1, "live", {"s3StorageClass": "STANDARD_IA", "httpForwardingExtension": "mp4,webm"}
    )

    # 2026 comes before every name, and rolled back everything before it was found to be none.
    kept = {path: path.read_bytes() for path in rollout.backups.iterdir()}
    for name in ("", "2026", run[:-1]):
        unknown = rollout.run(ROLLBACK, extra_vars={"s3_recording_rollback_run": name}, expected_rc=2)
        refused = block(unknown, STOP)
        assert [line for line in refused if re.fullmatch(rf"- {run}  servers  5 servers  \d+ settings", line)]
        assert (f"Did you mean {run}?" in refused[0]) == bool(name)
        assert rollout.fleet.requests() == [], "no server is asked"
        assert {path: path.read_bytes() for path in rollout.backups.iterdir()} == kept
    assert rollout.recording() == rollout.names

    warning = "not restored, somebody else changed it: httpForwardingExtension='mp4,webm'"
    options: dict[str, Any] = {
        "extra_vars": {"s3_recording_rollback_run": run},
        "expected_warnings": [warning],
    }
    check = rollout.run(ROLLBACK, "--check", "--diff", **options)
    assert (check.changed, rollout.fleet.writes()) == (5, [])
    back = rollout.run(ROLLBACK, **options)
    assert back.changed == 5
    first, problem, *_facts = block(back, RESULT)
    assert first == f"5 servers have their settings from before run {run} again"
    assert problem.startswith(
        f"! ams-2: not restored, because somebody else has changed it since run {run}: live: http"
    )
    for name in rollout.names:
        others = {"s3StorageClass", "httpForwardingExtension"} if name == "ams-2" else set()
        assert rollout.differing(name, before[name]) == others
    # What is not back on a server stays in its backup, and nothing else does.
    assert rollout.with_backup() == ["ams-2"]
    again = rollout.run(ROLLBACK, expected_rc=2, **options)
    assert block(again, RESULT)[0] == "no server was changed"
    assert failed_hosts(again) == ["ams-2"]
    assert rollout.fleet.writes() == []
    assert rollout.with_backup() == ["ams-2"]
    assert rollout.fleet.requests(0) == [], "nothing to restore, not asked"


def test_a_run_that_was_killed_in_a_batch_is_finished_by_the_next(rollout: Rollout) -> None:
    inventory = rollout.folder / "hosts.json"
    inventory.write_text(json.dumps(rollout.inventory()))
    rollout.fleet.set_delays(2, get=0.5)
    rollout.fleet.clear_requests()
    with subprocess.Popen(
        [str(BIN / "ansible-playbook"), "-i", str(inventory), SERVERS],
        env=environment(rollout.folder / "home", rollout.aws.env()),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as killed:
        until(lambda: rollout.fleet.writes(2))
        os.killpg(killed.pid, signal.SIGKILL)
    rollout.fleet.set_delays(2, get=0)
    assert rollout.recording()[0] == "ams-1"
    assert "ams-3" in rollout.unverified()

    elsewhere = rollout.run(
        SERVERS,
        "--limit",
        "ams-1",
        expected_warnings=["was interrupted before its change was verified: run servers.yml for it"],
    )
    assert elsewhere.changed == 0
    rollout.run()
    assert rollout.recording() == rollout.names
    assert rollout.unverified() == []


def test_a_server_that_stays_away_is_named_and_finished_later(rollout: Rollout) -> None:
    rollout.fleet.fault(
        1, "restart", method="POST", path="/applications/settings/", nth=1, times=1, seconds=8
    )
    run = rollout.run(expected_rc=2)
    last = block(run, RESULT)
    assert any(line.startswith("ams-2: the previous settings could not be restored: ") for line in last)
    assert failed_hosts(run) == ["ams-2"]
    assert rollout.unverified() == ["ams-2"]
    until(lambda: rollout.run(expected_rc=None).rc == 0)
    assert rollout.recording() == rollout.names
    assert rollout.unverified() == []


def clustered(rollout: Rollout, names: list[str], **variables: Any) -> dict[str, Any]:
    of_host = {name: {"s3_recording_cluster": "one"} for name in names}
    return rollout.inventory(of_host, s3_recording_serial=["100%"], s3_recording_verify=False, **variables)


def test_nodes_of_a_cluster_try_a_wrong_password_once(rollout: Rollout) -> None:
    inventory = clustered(rollout, rollout.names, s3_recording_ams_password="a-wrong-password")
    run = rollout.run(expected_rc=2, inventory=inventory)
    assert len(rollout.fleet.logins()) == 1
    refused, others = problems(run)
    first = refused.split(":")[0]
    rest = [name for name in rollout.names if name != first]
    assert others.startswith(f"{', '.join(rest[:-1])} and {rest[-1]}: Logging in as ")
    assert f"not tried, because {first} refused the login" in others


def test_one_write_serves_a_cluster(tmp_path: Path, stored: SavedSite) -> None:
    aws = stored.aws
    with Fleet(hosts=4, clusters=["one", "one", "one", None], first_address="127.78.0.1") as fleet:
        rollout = Rollout(aws, fleet, tmp_path)
        rollout.names = rollout.names[:3]
        rollout.run("antmedia.s3_recording.storage")
        rollout.run(inventory=clustered(rollout, rollout.names))
        assert len(fleet.writes()) == 1
        assert rollout.recording() == rollout.names
        rollout.names = rollout.names[:2]
        fewer = "has 3 nodes (127.78.0.1, 127.78.0.2, 127.78.0.3), and 2 are known"
        run = rollout.run(inventory=clustered(rollout, rollout.names))
        assert run.changed == 0
        (said,) = [line for line in block(run, PLAN) if fewer in line]
        assert said.startswith("! ams-1: ")


def test_the_other_nodes_are_waited_for(rollout: Rollout) -> None:
    """Two servers that share nothing, called a cluster: what the first has is waited for at the second."""
    rollout.names = rollout.names[:2]
    alone = "is configured as a cluster node, but reports that it is in none"
    inventory = clustered(rollout, rollout.names, s3_recording_cluster_timeout=1)
    late = rollout.run(inventory=inventory, expected_rc=2, expected_warnings=[alone])
    waited = r"for what ams-\d wrote in their cluster: after 1 s these settings are not as written: live:"
    assert re.search(waited, late.stdout)
    # One write, and one to take it back.
    assert sorted(len(rollout.fleet.writes(number)) for number in (0, 1)) == [0, 2]

    def reach_the_other() -> None:
        until(
            lambda: rollout.fleet.writes() and all(len(rollout.fleet.requests(each)) > 1 for each in (0, 1))
        )
        writer = rollout.fleet.writes()[0]["host"] == rollout.fleet.hosts[1].address
        settings = rollout.settings("ams-2" if writer else "ams-1")
        asked = {name: value for name, value in settings.items() if name not in SERVERS_OWN}
        rollout.fleet.set_settings(int(not writer), "live", asked)

    inventory = clustered(rollout, rollout.names, s3_recording_cluster_timeout=30)
    rollout.fleet.clear_requests()
    replication = threading.Thread(target=reach_the_other)
    replication.start()
    rollout.run(inventory=inventory, expected_warnings=[alone])
    replication.join()
    assert sorted(len(rollout.fleet.writes(number)) for number in (0, 1)) == [0, 1]
    assert rollout.recording() == rollout.names


def until(holds: Any) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.02)


def test_a_warning_is_one_for_all_servers(rollout: Rollout) -> None:
    for number in range(len(rollout.names)):
        rollout.fleet.add_recordings(number, "live", ["former.mp4"])
    text = "1 recording from before this change is in its list"
    run = rollout.run(inventory=rollout.inventory(s3_recording_serial="100%"), expected_warnings=[text])
    assert len(run.warnings) == 1
    assert f"{', '.join(rollout.names)}: the server, application 'live': {text}" in run.warnings[0]
    (planned,) = [line for line in block(run, PLAN) if text in line]
    assert planned.startswith("! ams-1, ams-2, ams-3, ams-4 and ams-5: ")


def test_what_says_nothing_of_recording_is_a_warning_and_rolls_nothing_back(rollout: Rollout) -> None:
    """A rule of someone else's for every site, and a server that is too busy for the live check."""
    s3 = rollout.aws.client("s3", region_name=REGION)
    rules = s3.get_bucket_cors(Bucket=BUCKET)["CORSRules"]
    everybody: Any = {"ID": "someone-elses", "AllowedOrigins": ["*"], "AllowedMethods": ["GET"]}
    s3.put_bucket_cors(Bucket=BUCKET, CORSConfiguration={"CORSRules": [*rules, everybody]})
    busy = json.dumps({"success": False, "message": "Not enough resource on server to start streaming."})
    answer: dict[str, Any] = {"status": 200, "body": busy, "content_type": "application/json"}
    rollout.fleet.fault(0, "status", method="POST", path="/start$", **answer)
    try:
        run = rollout.run(
            inventory=rollout.inventory(s3_recording_live_test="first", s3_recording_live_test_timeout=2),
            expected_warnings=["is wider than requested", "the live check could not be made"],
        )
    finally:
        s3.put_bucket_cors(Bucket=BUCKET, CORSConfiguration={"CORSRules": rules})
    assert rollout.recording() == rollout.names
    assert rollout.unverified() == []
    (wider,) = [text for text in run.warnings if "is wider than requested" in text]
    assert "someone else's" in wider
    (not_made,) = [text for text in run.warnings if "the live check could not be made" in text]
    assert f"{rollout.names[0]}: the server" in not_made
