# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A run is undone by the command that its result names, and a rollback says what it restored and what not."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stand_ins.ams import Fleet
from stand_ins.ansible_environment import BIN
from stand_ins.aws import AwsStandIn
from tests.harness.blocks import RESULT, STOP, block, failed_hosts
from tests.harness.playbook import PlaybookRun, environment, run_playbook
from tests.harness.site_variables import site_variables

SITE, ROLLBACK = "antmedia.s3_recording.site", "antmedia.s3_recording.rollback"
BUCKET, REGION, PASSWORD = "undone-recordings", "eu-west-1", "the-password-of-the-console"
NAMES = ["ams1", "ams2", "ams3"]
STAYS = f"nothing is rolled back: bucket {BUCKET}, who may read there, and the access key stay as they are"


class Undone:
    """Three servers."""

    def __init__(self, aws: AwsStandIn, fleet: Fleet, folder: Path) -> None:
        self.aws, self.fleet, self.folder = aws, fleet, folder

    def inventory(self, **variables: Any) -> dict[str, Any]:
        shared = site_variables(self.aws, self.fleet, s3_recording_bucket=BUCKET, **variables)
        hosts = {name: {"s3_recording_ams_url": host.url} for name, host in zip(NAMES, self.fleet.hosts)}
        return {"all": {"hosts": hosts, "vars": shared}}

    def run(self, playbook: str, *arguments: str, run: str | None = None, **options: Any) -> PlaybookRun:
        self.fleet.clear_requests()
        return run_playbook(
            playbook,
            inventory=self.inventory(s3_recording_backup_dir=str(self.folder / "backup")),
            env=self.aws.env(),
            arguments=arguments,
            extra_vars=None if run is None else {"s3_recording_rollback_run": run},
            **options,
        )

    def recording(self) -> list[str]:
        return [
            name
            for number, name in enumerate(NAMES)
            if self.fleet.settings(number, "live")["s3BucketName"] == BUCKET
        ]


@pytest.fixture(scope="module")
def stands() -> Iterator[tuple[AwsStandIn, Fleet]]:
    with AwsStandIn() as aws, Fleet(hosts=3, password=PASSWORD) as fleet:
        yield aws, fleet


@pytest.fixture
def undone(stands: tuple[AwsStandIn, Fleet], tmp_path: Path) -> Undone:
    aws, fleet = stands
    fleet.reset()
    aws.reset()
    return Undone(aws, fleet, tmp_path)


def fact(run: PlaybookRun, word: str) -> str:
    """Return what the result says behind a word."""
    (found,) = [
        line.removeprefix(word).strip() for line in block(run, RESULT) if line.startswith(f"{word}  ")
    ]
    return found


def test_the_command_that_undoes_a_run_works_as_it_is_copied(undone: Undone) -> None:
    """It had neither the folder of the backups nor the vault's password, and found no such run."""
    folder = undone.folder / "my files"
    folder.mkdir()
    (folder / "vault").write_text("the-password-of-the-vault")
    inventory = folder / "hosts.yml"
    inventory.write_text(json.dumps(undone.inventory(s3_recording_ams_password="{{ vaulted_password }}")))
    secrets = folder / "secrets.yml"
    secrets.write_text(json.dumps({"vaulted_password": PASSWORD}))
    home = environment(folder / "home", {**undone.aws.env(), "PATH": f"{BIN}:/usr/bin:/bin"})
    vault = ["--vault-password-file", str(folder / "vault")]
    subprocess.run([str(BIN / "ansible-vault"), "encrypt", *vault, str(secrets)], env=home, check=True)
    made = run_playbook(
        SITE,
        inventory=inventory,
        env=undone.aws.env(),
        cwd=folder,
        arguments=[
            *("-e", f"s3_recording_backup_dir='{folder}/the backups'"),
            *("-e", json.dumps({"s3_recording_hosts": ["ams1", "ams2"], "my_token": "hidden"})),
            *("-e", "@secrets.yml", "--limit", "ams2,ams3", *vault),
        ],
    )
    assert undone.recording() == ["ams2"]
    assert fact(made, "Undo needs").startswith("also -e with my_token, as in this run")
    command = fact(made, "Undo")
    assert "hidden" not in command
    assert PASSWORD not in made.output
    back = subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=folder,
        env=home,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert back.returncode == 0, back.stdout + back.stderr
    assert "RESULT  1 server has its settings from before run " in back.stdout
    assert undone.recording() == []


def test_a_rollback_says_what_is_restored_and_what_is_not(undone: Undone) -> None:
    """The second time a run that had changed all three servers was one that does not exist."""
    name = fact(undone.run(SITE), "Undo").rpartition("=")[2]
    part = undone.run(ROLLBACK, "--limit", "ams1", run=name)
    assert block(part, RESULT)[0] == f"1 server has its settings from before run {name} again"
    assert fact(part, "Not done").startswith(f"ams2 and ams3 still have the changes of run {name}")
    assert fact(part, "On AWS") == STAYS
    assert fact(part, "Next").startswith(
        "the inventory still asks for what was undone on ams1: the next site.yml"
    )
    assert undone.recording() == ["ams2", "ams3"]

    again = undone.run(ROLLBACK, "--limit", "ams1", run=name)
    assert block(again, RESULT)[0] == "no server was changed"
    assert fact(again, "Already") == f"ams1: the changes of run {name} were undone there before"
    assert undone.fleet.requests() == []

    rest = undone.run(ROLLBACK, run=name)
    assert block(rest, RESULT)[0] == f"2 servers have their settings from before run {name} again"
    assert fact(rest, "Already").startswith("ams1: ")
    assert undone.recording() == []

    whole = undone.run(ROLLBACK, run=name)
    assert fact(whole, "Already").startswith("ams1, ams2 and ams3: ")
    assert (whole.changed, undone.fleet.requests()) == (0, [])

    later = fact(undone.run(SITE), "Undo").rpartition("=")[2]
    assert f"Run {later} has changed servers there since" in fact(undone.run(ROLLBACK, run=name), "Already")
    assert undone.recording() == NAMES


def test_the_servers_of_a_run_may_not_be_in_the_play(undone: Undone) -> None:
    name = fact(undone.run(SITE, "--limit", "ams1"), "Undo").rpartition("=")[2]
    run = undone.run(ROLLBACK, "--limit", "ams2", run=name, expected_rc=2)
    assert block(run, STOP)[0].startswith(
        f"Run {name} can be rolled back on ams1, and none of them is in this play."
    )
    assert undone.recording() == ["ams1"]


def test_a_run_that_changed_nothing_and_one_that_is_mistyped(undone: Undone) -> None:
    name = fact(undone.run(SITE), "Undo").rpartition("=")[2]
    assert not [line for line in block(undone.run(SITE), RESULT) if line.startswith("Undo")]
    run = undone.run(ROLLBACK, run=name[:-2], expected_rc=2)
    first, listed, *runs, last = block(run, STOP)
    assert first.startswith(f"There is no run '{name[:-2]}' in the backups of the servers of this play.")
    assert f"Did you mean {name}?" in first
    assert str(undone.folder / "backup") in listed
    assert [line.split() for line in runs] == [["-", name, "site", "3", "servers", "11", "settings"]]
    assert last == "A run that changed no server has no backup: there is nothing to restore."
    assert undone.recording() == NAMES


def test_a_server_that_is_not_restored_is_named_with_the_others(undone: Undone) -> None:
    """The run ended with the failure, and said of no server what it had done there."""
    name = fact(undone.run(SITE), "Undo").rpartition("=")[2]
    undone.fleet.restart(1, 3600)
    try:
        run = undone.run(ROLLBACK, run=name, expected_rc=2)
    finally:
        undone.fleet.reset()
    first, problem, *_facts = block(run, RESULT)
    assert first.startswith(
        "1 of 3 servers could not be restored. 2 servers have their settings from before "
    )
    assert problem.startswith("! ams2: maybe not restored: ")
    assert problem.endswith("Its backup is kept: fix that, then run the same command again")
    assert fact(run, "Restored") == "ams1 and ams3"
    assert failed_hosts(run) == ["ams2"]
