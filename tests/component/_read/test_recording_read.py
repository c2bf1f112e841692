# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Servers of a play that are read in one task, with the variables that each of them would have itself."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stand_ins.ams import Fleet
from stand_ins.ansible_environment import PYTHON
from tests.harness.playbook import PlaybookRun, run_playbook

READ = "antmedia.s3_recording.recording_read"
LOCAL = {"ansible_connection": "local", "ansible_python_interpreter": PYTHON}
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
ROLE = {
    "s3_recording_bucket": "recordings-of-a-test",
    "s3_recording_region": "eu-west-1",
    "s3_recording_access_key_id": "AKIAIOSFODNN7EXAMPLE",
    "s3_recording_secret_access_key": SECRET,
}
LOCAL_PLAY = {"hosts": "all", "gather_facts": False}


@pytest.fixture(scope="module")
def running() -> Iterator[Fleet]:
    with Fleet(hosts=5, release=["2.17.1", "2.17.1", "3.0.3"]) as fleet:
        yield fleet


@pytest.fixture
def fleet(running: Fleet) -> Fleet:
    running.reset()
    return running


def names(fleet: Fleet) -> list[str]:
    return [f"ams-{number}" for number, _host in enumerate(fleet.hosts, 1)]


def inventory(fleet: Fleet, count: int = 5, **variables: Any) -> dict[str, Any]:
    hosts: dict[str, Any] = {
        name: {"s3_recording_ams_url": host.url}
        for name, host in list(zip(names(fleet), fleet.hosts, strict=True))[:count]
    }
    return {"all": {"hosts": hosts, "vars": {**LOCAL, **ROLE, **variables}}}


def login(fleet: Fleet) -> dict[str, Any]:
    return {
        "s3_recording_ams_email": fleet.hosts[0].email,
        "s3_recording_ams_password": fleet.hosts[0].password,
    }


def task(step: str, **more: Any) -> dict[str, Any]:
    action = "antmedia.s3_recording.recording_servers"
    return {"name": step, action: {"step": step}, **more}


def read_task(hosts: Any = "{{ ansible_play_hosts_all }}", **more: Any) -> dict[str, Any]:
    return {"name": "Read", READ: {"hosts": hosts}, "run_once": True, **more}


def plan_tasks() -> list[dict[str, Any]]:
    role = {
        "name": "antmedia.s3_recording.s3_recording",
        "tasks_from": "shared/desired",
        "rolespec_validate": False,
    }
    keys = {"name": "Keys", "antmedia.s3_recording.recording_keys": {}, "run_once": True}
    return [{"name": "Plan", "ansible.builtin.import_role": role}, keys]


def play(
    hosts: dict[str, Any] | str,
    *given: dict[str, Any],
    folder: Path,
    play_vars: dict[str, Any] | None = None,
    keywords: dict[str, Any] | None = None,
    **options: Any,
) -> PlaybookRun:
    variables = {"s3_recording_backup_dir": str(folder / "backup"), **(play_vars or {})}
    tasks = [*plan_tasks(), *(given or [read_task()])]
    plays = [{**LOCAL_PLAY, "vars": variables, "tasks": tasks, **(keywords or {})}]
    # A lookup finds files beside the playbook.
    path = folder / "play.json"
    path.write_text(json.dumps(plays), encoding="utf-8")
    return run_playbook(path, inventory=hosts, expected_warnings=None, cwd=folder, **options)


def servers_of(run: PlaybookRun) -> dict[str, Any]:
    results = run.of_action(READ)
    return {host: read for result in results for host, read in result["servers"].items()}


def kinds(run: PlaybookRun) -> dict[str, str]:
    return {host: (read["problem"] or {}).get("kind", "") for host, read in servers_of(run).items()}


def test_a_fleet_with_every_kind_of_problem_is_read_in_one_task(fleet: Fleet, tmp_path: Path) -> None:
    fleet.fault(0, "html")
    fleet.fault(1, "slow", path="authenticate", seconds=60)
    hosts = inventory(fleet, **login(fleet), s3_recording_ams_timeout=1)
    # The third has another release.
    hosts["all"]["hosts"]["ams-4"]["s3_recording_applications"] = ["live", "nobody-has-it"]
    hosts["all"]["hosts"]["ams-4"]["s3_recording_folder_per_application"] = True
    hosts["all"]["hosts"]["ams-5"]["s3_recording_ams_password"] = "mistyped"
    run = play(hosts, folder=tmp_path)
    assert kinds(run) == {
        "ams-1": "refused",
        "ams-2": "unreachable",
        "ams-3": "",
        "ams-4": "refused",
        "ams-5": "login",
    }
    read = servers_of(run)
    assert read["ams-3"]["release"] == "3.0.3"
    assert read["ams-3"]["apps"]["live"]["live_streams"] == 0
    assert read["ams-3"]["apps"]["live"]["uses"]["s3RecordingEnabled"] is False
    assert "a page of HTML" in read["ams-1"]["problem"]["actual"]
    assert "within 1 s" in read["ams-2"]["problem"]["actual"]
    assert "no such application" in read["ams-4"]["problem"]["actual"]
    assert Counter(request["host"] for request in fleet.logins()).most_common(1)[0][1] == 1
    assert fleet.writes() == []
    assert not run.changed
    for secret in (SECRET, fleet.hosts[0].password, "mistyped"):
        assert secret not in run.output
        assert secret not in repr(run.results)


def test_who_waits_longer_than_ten_seconds_sees_for_whom(fleet: Fleet, tmp_path: Path) -> None:
    fleet.fault(1, "slow", path="authenticate", seconds=60)
    hosts = inventory(fleet, **login(fleet), s3_recording_ams_timeout=14)
    # Its login holds up no other.
    hosts["all"]["hosts"]["ams-2"]["s3_recording_ams_password"] = "its own"
    hosts["all"]["hosts"]["ams-4"]["s3_recording_ams_url"] = "https://127.0.0.1:1"
    run = play(hosts, folder=tmp_path)
    assert [host for host, kind in kinds(run).items() if kind == "unreachable"] == ["ams-2", "ams-4"]
    line = (
        r"Waiting for 1 of 5 servers to be read: \d+ s so far, slow: ams-2, unreachable: ams-4, at most 30 s"
    )
    assert re.search(line, run.output), run.output


def test_each_server_has_one_login_and_one_connection(fleet: Fleet, tmp_path: Path) -> None:
    run = play(inventory(fleet, **login(fleet)), folder=tmp_path)
    assert set(kinds(run).values()) == {""}
    for host in fleet.hosts:
        assert len(fleet.logins(host)) == 1
        assert fleet.connections(host) == 1
        paths = [request["path"] for request in fleet.requests(host)]
        assert len([path for path in paths if "applications/settings" in path]) == 1


def test_a_wrong_password_of_all_is_tried_once(fleet: Fleet, tmp_path: Path) -> None:
    wrong = {**login(fleet), "s3_recording_ams_password": "mistyped"}
    run = play(inventory(fleet, **wrong), folder=tmp_path)
    assert set(kinds(run).values()) == {"login"}
    assert len(fleet.logins()) == 1
    # A later task of the run does not try it either.
    again = play(inventory(fleet, **wrong), read_task(), read_task(name="Again"), folder=tmp_path)
    assert set(kinds(again).values()) == {"login"}
    assert len(fleet.logins()) == 2


def test_the_prediction_is_that_of_check_mode(fleet: Fleet, tmp_path: Path) -> None:
    fleet.set_settings(
        0, "live", {"s3RecordingEnabled": True, "s3BucketName": "another", "playTokenControlEnabled": True}
    )
    fleet.add_recordings(1, "live", ["old.mp4"])
    fleet.set_settings(3, "live", {"remoteAllowedCIDR": "127.0.0.1/8,10.0.0.0/8"})
    settings: dict[str, Any] = {"s3_recording_settings": {"hlsTime": "0", "webRTCEnabled": False}}
    run = play(
        inventory(fleet, **login(fleet), **settings),
        read_task(),
        task("apply", check_mode=True),
        folder=tmp_path,
    )
    read = servers_of(run)
    checked = {result.host: result.result for result in run.of_step("apply")}
    assert set(checked) == set(read) == set(names(fleet))
    for host, result in checked.items():
        assert {name: app["changes"] for name, app in read[host]["apps"].items()} == {
            name: app["changes"] for name, app in result["apps"].items()
        }
        assert result["apps"]["live"]["changes"]
        assert read[host]["warnings"] == result.get("warnings", [])
    assert sum(len(each["warnings"]) for each in read.values()) > len(read)
    assert fleet.writes() == []


def test_a_key_that_does_not_exist_yet_is_predicted(fleet: Fleet, tmp_path: Path, aws: Any) -> None:
    no_key: dict[str, Any] = {"s3_recording_access_key_id": "", "s3_recording_secret_access_key": ""}
    hosts = inventory(fleet, **login(fleet), **no_key)
    keys = {"name": "Keys", "antmedia.s3_recording.recording_keys": {}, "run_once": True, "check_mode": True}
    plays = [{**LOCAL_PLAY, "tasks": [plan_tasks()[0], keys, read_task(), task("apply", ignore_errors=True)]}]
    run = run_playbook(plays, inventory=hosts, env=aws.env(), expected_warnings=None, cwd=tmp_path)
    changes = servers_of(run)["ams-1"]["apps"]["live"]["changes"]
    assert changes["s3AccessKey"]["after"] == "(the key that will be made)"
    assert changes["s3SecretKey"]["after"] == "********"
    # What only predicts is never written.
    assert all("has read the access key" in result["msg"] for result in run.of_step("apply"))
    assert fleet.writes() == []


def test_a_server_that_is_being_recorded_on_says_how_many_streams_are_live(
    fleet: Fleet, tmp_path: Path
) -> None:
    fleet.set_live(0, "live", ["one", "two"])
    run = play(inventory(fleet, 1, **login(fleet)), folder=tmp_path)
    assert servers_of(run)["ams-1"]["apps"]["live"]["live_streams"] == 2


def test_what_does_not_change_is_not_counted(fleet: Fleet, tmp_path: Path) -> None:
    hosts = inventory(fleet, 1, **login(fleet))
    play(hosts, task("apply"), folder=tmp_path)
    fleet.clear_requests()
    run = play(hosts, folder=tmp_path)
    app = servers_of(run)["ams-1"]["apps"]["live"]
    assert (app["changes"], app["live_streams"]) == ({}, None)
    assert app["uses"]["s3BucketName"] == ROLE["s3_recording_bucket"]
    assert app["uses"]["s3AccessKey"] == ROLE["s3_recording_access_key_id"]
    assert [request["path"] for request in fleet.requests()] == [
        "/rest/v2/users/authenticate",
        "/rest/v2/version",
        "/rest/v2/applications/settings/live",
        "/rest/v2/users/logout",
    ]


def test_removal_is_predicted(fleet: Fleet, tmp_path: Path) -> None:
    hosts = inventory(fleet, 1, **login(fleet))
    play(hosts, task("apply"), folder=tmp_path)
    run = play(hosts, folder=tmp_path, play_vars={"__s3_recording_removes": True})
    changes = servers_of(run)["ams-1"]["apps"]["live"]["changes"]
    assert changes["s3RecordingEnabled"] == {"before": True, "after": False}


# --- where a login may come from, each time with a second host that differs


def two(fleet: Fleet, first: dict[str, Any], second: dict[str, Any], **shared: Any) -> dict[str, Any]:
    hosts = inventory(fleet, 2, **shared)
    hosts["all"]["hosts"]["ams-1"].update(first)
    hosts["all"]["hosts"]["ams-2"].update(second)
    return hosts


def accounts(fleet: Fleet) -> list[dict[str, str]]:
    """Return a user for each of two servers, whom the other does not have."""
    made = [{"email": f"{name}@example.com", "password": f"of-{name}"} for name in names(fleet)[:2]]
    for host, user in enumerate(made):
        fleet.add_user(host, **user, userType="ADMIN", scope="system")
    return made


def logged_in(fleet: Fleet) -> list[list[str]]:
    return [[request["email"] for request in fleet.logins(host)] for host in (0, 1)]


def test_a_login_of_the_inventory(fleet: Fleet, tmp_path: Path) -> None:
    users = accounts(fleet)
    given = [{f"s3_recording_ams_{name}": value for name, value in user.items()} for user in users]
    run = play(two(fleet, *given), folder=tmp_path)
    assert set(kinds(run).values()) == {""}
    assert logged_in(fleet) == [[user["email"]] for user in users]


def test_a_login_of_group_vars_with_a_name_for_each(fleet: Fleet, tmp_path: Path) -> None:
    users = accounts(fleet)
    given: list[dict[str, Any]] = [{"password_here": user["password"]} for user in users]
    shared: dict[str, Any] = {
        "s3_recording_ams_email": "{{ inventory_hostname }}@example.com",
        "s3_recording_ams_password": "{{ password_here }}",
    }
    run = play(two(fleet, *given, **shared), folder=tmp_path)
    assert set(kinds(run).values()) == {""}
    assert logged_in(fleet) == [[user["email"]] for user in users]


@pytest.mark.parametrize("place", ["vars", "vars_files", "role"])
def test_a_login_of_the_play_beats_the_inventory(fleet: Fleet, tmp_path: Path, place: str) -> None:
    users = accounts(fleet)
    given = {
        "s3_recording_ams_email": "{{ inventory_hostname }}@example.com",
        "s3_recording_ams_password": "{{ lookup('ansible.builtin.file', inventory_hostname ~ '.pw') }}",
    }
    for name, user in zip(names(fleet), users, strict=False):
        (tmp_path / f"{name}.pw").write_text(user["password"])
    hosts = two(fleet, {"s3_recording_ams_password": "of the inventory"}, {}, **login(fleet))
    (tmp_path / "login.yml").write_text("".join(f'{name}: "{value}"\n' for name, value in given.items()))
    places: dict[str, dict[str, Any]] = {
        "vars": {"play_vars": given},
        "vars_files": {"keywords": {"vars_files": [str(tmp_path / "login.yml")]}},
        "role": {"keywords": {"roles": [{"role": str(tmp_path / "logins")}]}},
    }
    for folder in ("vars", "files"):
        (tmp_path / "logins" / folder).mkdir(parents=True)
    (tmp_path / "logins" / "vars" / "main.yml").write_text((tmp_path / "login.yml").read_text())
    run = play(hosts, folder=tmp_path, **places[place])
    assert set(kinds(run).values()) == {""}, servers_of(run)
    assert logged_in(fleet) == [[user["email"]] for user in users]


def test_a_login_of_an_extra_variable_beats_all(fleet: Fleet, tmp_path: Path) -> None:
    hosts = two(fleet, {"s3_recording_ams_password": "one"}, {"s3_recording_ams_password": "two"})
    run = play(
        hosts, folder=tmp_path, extra_vars=login(fleet), play_vars={"s3_recording_ams_email": "nobody"}
    )
    assert set(kinds(run).values()) == {""}


def test_a_login_of_the_environment_is_for_hosts_without_their_own(fleet: Fleet, tmp_path: Path) -> None:
    users = accounts(fleet)
    own = {f"s3_recording_ams_{name}": value for name, value in users[1].items()}
    env = {"AMS_EMAIL": users[0]["email"], "AMS_PASSWORD": users[0]["password"]}
    run = play(two(fleet, {}, own), folder=tmp_path, env=env)
    assert set(kinds(run).values()) == {""}
    assert logged_in(fleet) == [[user["email"]] for user in users]


def test_an_environment_of_the_play_is_evaluated_for_each_host(fleet: Fleet, tmp_path: Path) -> None:
    users = accounts(fleet)
    environment = {"AMS_EMAIL": "{{ inventory_hostname }}@example.com", "AMS_PASSWORD": "{{ password_here }}"}
    given: list[dict[str, Any]] = [{"password_here": user["password"]} for user in users]
    run = play(two(fleet, *given), folder=tmp_path, keywords={"environment": environment})
    assert set(kinds(run).values()) == {""}
    assert logged_in(fleet) == [[user["email"]] for user in users]


def test_a_default_of_a_role_is_beaten_by_the_inventory(fleet: Fleet, tmp_path: Path) -> None:
    users = accounts(fleet)
    (tmp_path / "logins" / "defaults").mkdir(parents=True)
    (tmp_path / "logins" / "defaults" / "main.yml").write_text(
        f"user_of_role: {users[0]['email']}\nlogin_of_role: {users[0]['password']}\n"
    )
    own = {"user_of_role": users[1]["email"], "login_of_role": users[1]["password"]}
    run = play(
        two(fleet, {}, own),
        folder=tmp_path,
        keywords={"roles": [{"role": str(tmp_path / "logins")}]},
        play_vars={
            "s3_recording_ams_email": "{{ user_of_role }}",
            "s3_recording_ams_password": "{{ login_of_role }}",
        },
    )
    assert set(kinds(run).values()) == {""}
    assert logged_in(fleet) == [[user["email"]] for user in users]


def test_a_vaulted_string_of_one_host(fleet: Fleet, tmp_path: Path) -> None:
    from ansible.constants import DEFAULT_VAULT_ID_MATCH
    from ansible.parsing.vault import VaultLib, VaultSecret

    users = accounts(fleet)
    secret = VaultSecret(b"of-a-test")
    vaulted = VaultLib([(DEFAULT_VAULT_ID_MATCH, secret)]).encrypt(users[1]["password"], secret).decode()
    (tmp_path / "vault-password").write_text("of-a-test")
    lines = "".join(f"          {line}\n" for line in vaulted.splitlines())
    (tmp_path / "host_vars").mkdir()
    (tmp_path / "host_vars" / "ams-2.yml").write_text(
        f"s3_recording_ams_email: {users[1]['email']}\ns3_recording_ams_password: !vault |\n{lines}"
    )
    own = {f"s3_recording_ams_{name}": value for name, value in users[0].items()}
    (tmp_path / "hosts.yml").write_text(json.dumps(two(fleet, own, {})))
    arguments = [f"--vault-password-file={tmp_path / 'vault-password'}"]
    run = play(str(tmp_path / "hosts.yml"), folder=tmp_path, arguments=arguments)
    assert set(kinds(run).values()) == {""}
    assert logged_in(fleet) == [[user["email"]] for user in users]


def test_a_variable_that_cannot_be_evaluated_is_the_problem_of_its_host(fleet: Fleet, tmp_path: Path) -> None:
    missing = {"s3_recording_ams_password": "{{ lookup('ansible.builtin.file', '/nowhere') }}"}
    number = {"s3_recording_ams_timeout": "soon"}
    hosts = inventory(fleet, 3, **login(fleet))
    hosts["all"]["hosts"]["ams-1"].update(missing)
    hosts["all"]["hosts"]["ams-2"].update(number)
    run = play(hosts, folder=tmp_path)
    assert kinds(run) == {"ams-1": "refused", "ams-2": "refused", "ams-3": ""}
    problems = [servers_of(run)[name]["problem"] for name in ("ams-1", "ams-2")]
    assert "s3_recording_ams_password cannot be read" in problems[0]["actual"]
    assert "timeout" in problems[1]["actual"]


# --- servers that are reached otherwise

# As over ssh: modules are shipped. Where no sshd is installed the test runs all the same.
ELSEWHERE = """
DOCUMENTATION = 'name: elsewhere\\nshort_description: of a test\\nauthor: a test\\ndescription: [of a test]'
from ansible.plugins.connection.local import Connection as Local

class Connection(Local):
    transport = "elsewhere"
"""
GONE = (
    ELSEWHERE.replace("elsewhere", "gone")
    + """
    def _connect(self):
        from ansible.errors import AnsibleConnectionFailure
        raise AnsibleConnectionFailure("no route to it")
"""
)


def test_a_server_with_another_connection_is_read_there(fleet: Fleet, tmp_path: Path) -> None:
    (tmp_path / "elsewhere.py").write_text(ELSEWHERE)
    (tmp_path / "gone.py").write_text(GONE)
    fleet.set_live(0, "live", ["one"])
    fleet.set_settings(0, "live", {"remoteAllowedCIDR": "127.0.0.1/8,10.0.0.0/8"})
    local = play(inventory(fleet, **login(fleet)), folder=tmp_path)
    hosts = inventory(fleet, **login(fleet), s3_recording_cluster="")
    own: dict[str, dict[str, Any]] = hosts["all"]["hosts"]
    own["ams-1"].update(ansible_connection="elsewhere", s3_recording_cluster="of-one")
    own["ams-3"].update(ansible_connection="elsewhere", s3_recording_ams_password="mistyped")
    own["ams-4"].update(ansible_connection="elsewhere", s3_recording_ams_url="http://127.0.0.1:9")
    own["ams-5"].update(ansible_connection="gone")
    fleet.clear_requests()
    each = read_task("{{ [inventory_hostname] }}", run_once=False)
    run = play(
        hosts,
        each,
        task("apply", check_mode=True, when="inventory_hostname == 'ams-1'"),
        folder=tmp_path,
        env={"ANSIBLE_CONNECTION_PLUGINS": str(tmp_path)},
    )
    read = servers_of(run)
    of_cluster = [text for text in read["ams-1"]["warnings"] if "cluster node" in text]
    read["ams-1"]["warnings"] = [text for text in read["ams-1"]["warnings"] if text not in of_cluster]
    assert read["ams-1"] == servers_of(local)["ams-1"]
    assert of_cluster
    assert read["ams-1"]["warnings"]
    assert read["ams-1"]["apps"]["live"]["live_streams"] == 1
    assert kinds(run) == {
        "ams-1": "",
        "ams-2": "",
        "ams-3": "login",
        "ams-4": "unreachable",
        "ams-5": "unreachable",
    }
    problem = read["ams-4"]["problem"]
    assert problem["tried"] == f"Logging in as {fleet.hosts[0].email} at http://127.0.0.1:9"
    assert problem["actual"] == "the connection to the server was refused"
    assert "no route to it" in read["ams-5"]["problem"]["actual"]
    assert fleet.writes() == []
    # What a node has read does not count as written by it.
    (applied,) = [result for result in run.of_step("apply") if result.status != "skipped"]
    assert applied["apps"]["live"]["changes"] == read["ams-1"]["apps"]["live"]["changes"]


def test_with_another_connection_a_task_reads_its_own_host_alone(fleet: Fleet, tmp_path: Path) -> None:
    (tmp_path / "elsewhere.py").write_text(ELSEWHERE)
    hosts = inventory(fleet, 2, **login(fleet), ansible_connection="elsewhere")
    env = {"ANSIBLE_CONNECTION_PLUGINS": str(tmp_path)}
    run = play(hosts, folder=tmp_path, env=env, expected_rc=2)
    (result,) = run.of_action(READ)
    assert "is not reached by a local connection" in result["msg"]
    assert fleet.requests() == []
