# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""README's inventory and commands as they stand, with the addresses of stand-ins beside them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from stand_ins.ams import Fleet
from stand_ins.ansible_environment import REPO
from stand_ins.aws import AwsStandIn
from tests.harness.playbook import PlaybookRun, ran, run_playbook

README = (REPO / "README.md").read_text(encoding="utf-8")
REGION = "us-east-1"
RUN = "20261124T120000Z"


def block(language: str, word: str) -> str:
    """The block of README that has this word in it."""
    found = re.findall(rf"^```{language}\n(.*?)^```", README, re.M | re.S)
    (one,) = [each for each in found if word in each]
    return str(one)


def commands(word: str) -> list[list[str]]:
    lines = block("console", word).splitlines()
    return [shlex.split(line)[1:] for line in lines if line.startswith("ansible-playbook ")]


class Readme:
    def __init__(self, aws: AwsStandIn, fleet: Fleet, folder: Path) -> None:
        self.aws, self.fleet, self.folder = aws, fleet, folder
        inventory: dict[str, Any] = yaml.safe_load(block("yaml", "# hosts.yml"))
        hosts = inventory["all"]["hosts"]
        assert len(hosts) == len(fleet.hosts)
        for name, host in zip(hosts, fleet.hosts, strict=True):
            hosts[name] = {"s3_recording_ams_url": host.url, "vaulted_ams_password": host.password}
        assert inventory["all"]["vars"]["s3_recording_ams_email"] == fleet.hosts[0].email
        inventory["all"]["vars"] |= {
            "s3_recording_endpoint": aws.endpoint_url,
            "s3_recording_aws_endpoint_url": aws.endpoint_url,
            "s3_recording_backup_dir": str(folder / "former"),
            "s3_recording_key_switch_wait": 0,
        }
        (folder / "hosts.yml").write_text(yaml.safe_dump(inventory))

    def run(self, words: list[str]) -> PlaybookRun:
        assert words[:2] == ["-i", "hosts.yml"]
        playbook, *arguments = words[2:]
        return run_playbook(
            playbook,
            inventory=self.folder / "hosts.yml",
            env=self.aws.env(),
            cwd=self.folder,
            arguments=arguments,
        )


@pytest.fixture
def readme(tmp_path: Path) -> Iterator[Readme]:
    with AwsStandIn(region=REGION) as aws, Fleet(hosts=2, email="admin@example.com") as fleet:
        yield Readme(aws, fleet, tmp_path)


def test_the_commands_do_what_readme_says(readme: Readme) -> None:
    plan, site = commands("antmedia.s3_recording.site")
    readme.aws.clear_requests()
    assert "PLAN  AWS: 6 to add" in readme.run(plan).stdout
    assert readme.aws.writes() == []
    first = readme.run(site)
    assert first.changed > 0
    assert readme.run(site).changed == 0

    verify, imported, back, rotate, audit, decommission = commands("antmedia.s3_recording.audit")
    assert readme.run(verify).changed == 0
    assert readme.run(imported).changed == 0
    assert readme.run(rotate).changed > 0
    assert "is used by ams1.example.com and ams2.example.com" in " ".join(readme.run(audit).stdout.split())
    readme.aws.clear_requests()
    assert readme.run(decommission).changed > 0
    assert readme.aws.writes() == []

    assert f"s3_recording_rollback_run={RUN}" in back
    (printed,) = set(re.findall(r"s3_recording_rollback_run=(\w+)", first.stdout))
    assert readme.fleet.settings(0, "live")["s3RecordingEnabled"]
    readme.run([word.replace(RUN, printed) for word in back])
    assert not readme.fleet.settings(0, "live")["s3RecordingEnabled"]


def test_the_role_in_a_play_of_ones_own(readme: Readme) -> None:
    text = (REPO / "roles" / "s3_recording" / "README.md").read_text(encoding="utf-8")
    (found,) = re.findall(r"^```yaml\n(.*?)^```", text, re.M | re.S)
    (play,) = yaml.safe_load(found)
    run = run_playbook(
        [{**play, "hosts": "all"}], inventory=readme.folder / "hosts.yml", env=readme.aws.env()
    )
    assert run.changed > 0
    checks = ran(run.of_step("check"))
    assert len(checks) == 2
    assert all(link["ok"] for check in checks for link in check["checks"])
