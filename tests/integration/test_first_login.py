# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A user and a password that several servers share are tried at one of them first.

A wrong one that went to all servers at once would, where three of them are one cluster, block the account.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stand_ins.ams import Fleet
from stand_ins.ansible_environment import PYTHON
from stand_ins.ssh import ADDRESS, Sshd, unavailable
from tests.harness.playbook import PlaybookRun, run_playbook

INFO, CHECK = "antmedia.s3_recording.ams_server_info", "antmedia.s3_recording.recording_check"
LOCAL = {"ansible_connection": "local", "ansible_python_interpreter": PYTHON}
AT_ONCE = ("--forks", "10")
NOT_TRIED = "refused the login, and this server shares its user and password"


@pytest.fixture(scope="module")
def running() -> Iterator[Fleet]:
    with Fleet(hosts=10, first_address=ADDRESS) as fleet:
        yield fleet


@pytest.fixture
def fleet(running: Fleet) -> Fleet:
    running.reset()
    return running


def inventory(fleet: Fleet, **variables: Any) -> dict[str, Any]:
    hosts = {
        f"ams-{number}": {"s3_recording_ams_url": host.url} for number, host in enumerate(fleet.hosts, 1)
    }
    given = {
        "s3_recording_bucket": "recordings-of-a-test",
        "s3_recording_region": "eu-west-1",
        "s3_recording_access_key_id": "AKIAIOSFODNN7EXAMPLE",
        "s3_recording_secret_access_key": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "s3_recording_verify": False,
        "s3_recording_serial": "100%",
        "s3_recording_ams_email": fleet.hosts[0].email,
        "s3_recording_ams_password": fleet.hosts[0].password,
    }
    return {"all": {"hosts": hosts, "vars": {**LOCAL, **given, **variables}}}


def servers(fleet: Fleet, folder: Path, rc: int = 0, **variables: Any) -> PlaybookRun:
    given = {"s3_recording_backup_dir": str(folder), **variables}
    return run_playbook(
        "antmedia.s3_recording.servers",
        inventory=inventory(fleet, **given),
        arguments=AT_ONCE,
        expected_rc=rc,
    )


def not_tried(run: PlaybookRun) -> int:
    """Return on how many servers the plan names a password that another one has refused."""
    count = 0
    for line in run.stdout.splitlines():
        if " not tried, because " in line:
            named = re.match(r"      ! (.*?)(?: and (\d+) more)?: ", line)
            assert named, line
            count += len(re.split(", | and ", named[1])) + int(named[2] or 0)
    return count


def test_a_wrong_password_of_ten_servers_is_tried_once(fleet: Fleet, tmp_path: Path) -> None:
    """Without the first login ten servers are tried, and three in a cluster block the account."""
    run = servers(fleet, tmp_path, rc=2, s3_recording_ams_password="mistyped")
    assert len(fleet.logins()) == 1
    assert not_tried(run) == 9
    assert "STOP  2 problems on 10 servers. Nothing was changed." in run.stdout
    assert fleet.writes() == []
    assert "mistyped" not in run.output


def test_each_password_has_a_first_login_of_its_own(fleet: Fleet, tmp_path: Path) -> None:
    odd_or_even = "{{ 'mistyped' ~ (inventory_hostname[-1] | int % 2) }}"
    run = servers(fleet, tmp_path, rc=2, s3_recording_ams_password=odd_or_even)
    assert len(fleet.logins()) == 2
    assert not_tried(run) == 8
    assert " on 10 servers. Nothing was changed." in run.stdout


def test_a_right_password_is_one_login_each(fleet: Fleet, tmp_path: Path) -> None:
    """One for the plan, and one where something changes."""
    servers(fleet, tmp_path)
    assert [len(fleet.logins(host)) for host in fleet.hosts] == [2] * 10
    assert {fleet.connections(host) for host in fleet.hosts} == {2}
    servers(fleet, tmp_path)
    assert [len(fleet.logins(host)) for host in fleet.hosts] == [3] * 10


def test_a_server_that_is_away_or_has_no_user_decides_nothing(fleet: Fleet) -> None:
    """The first one cannot be reached and the second has no user: the third decides, and is let in."""
    play = {"hosts": "all", "gather_facts": False, "tasks": [{"name": "Read", INFO: connection()}]}
    hosts = inventory(fleet)
    hosts["all"]["hosts"]["ams-1"]["s3_recording_ams_url"] = "http://127.0.0.1:1"
    with Fleet(hosts=1, first_address="127.88.0.1", fresh=True) as without_user:
        hosts["all"]["hosts"]["ams-2"]["s3_recording_ams_url"] = without_user.hosts[0].url
        run = run_playbook([play], inventory=hosts, arguments=("--forks", "1"), expected_rc=2)
    assert [result.host for result in run.results if result.status == "failed"] == ["ams-1", "ams-2"]
    assert len(fleet.logins()) == 8


def test_tasks_that_follow_and_other_modules_do_not_try_it_either(fleet: Fleet) -> None:
    read = {"name": "Read", INFO: connection(), "ignore_errors": True}
    check = {"name": "Check", CHECK: {**connection(), "apps": [{"name": "live"}]}}
    play = {"hosts": "all", "gather_facts": False, "tasks": [read, check]}
    hosts = inventory(fleet, s3_recording_ams_password="mistyped")
    run = run_playbook([play], inventory=hosts, arguments=AT_ONCE, expected_rc=2)
    assert len(fleet.logins()) == 1
    assert sum(NOT_TRIED in result["msg"] for result in run.results) == 19


def test_modules_that_are_shipped_wait_as_well(fleet: Fleet) -> None:
    reason = unavailable()
    if reason:
        pytest.skip(reason)
    with Sshd() as sshd:
        hosts = inventory(fleet, **sshd.variables(), s3_recording_ams_password="mistyped")
        for number in range(5, 11):
            del hosts["all"]["hosts"][f"ams-{number}"]
        play = {"hosts": "all", "gather_facts": False, "tasks": [{"name": "Read", INFO: connection()}]}
        wrong = run_playbook([play], inventory=hosts, arguments=AT_ONCE, expected_rc=2)
        assert len(fleet.logins()) == 1
        assert sum(NOT_TRIED in result["msg"] for result in wrong.results) == 3
        hosts["all"]["vars"]["s3_recording_ams_password"] = fleet.hosts[0].password
        right = run_playbook([play], inventory=hosts, arguments=AT_ONCE)
    assert {result["version"] for result in right.results} == {"2.17.1"}
    assert not any("login" in result.result for result in [*wrong.results, *right.results])


def connection() -> dict[str, str]:
    return {name: f"{{{{ s3_recording_ams_{name} }}}}" for name in ("url", "email", "password")}
