# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which value counts where inventory, play and role disagree, on the real Ansible."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.harness.playbook import PlaybookRun, run_playbook

ROLE = "antmedia.s3_recording.s3_recording"
# What only the variables decide, without a request.
VALIDATION: list[dict[str, Any]] = [
    {"name": "Validate", "ansible.builtin.import_role": {"name": ROLE, "tasks_from": each}}
    for each in ("shared/desired", "shared/refuse")
]
ONCE_FOR_EACH = ["Using run_once with the"]
GROUPS = {
    "eu": {
        "hosts": {"eu1": {}, "eu2": {}},
        "vars": {
            "s3_recording_bucket": "eu-videos",
            "s3_recording_region": "eu-west-1",
            "s3_recording_delivery": "public",
        },
    },
    "us": {
        "hosts": {"us1": {}},
        "vars": {
            "s3_recording_bucket": "us-videos",
            "s3_recording_region": "us-east-1",
            "s3_recording_applications": ["live", "LiveApp"],
            "s3_recording_folder_per_application": True,
        },
    },
    "other": {"hosts": {"db1": {}}},
}


def plan(
    tmp_path: Path,
    *arguments: str,
    play_vars: dict[str, Any] | None = None,
    hosts: str | list[str] = "eu:us",
    **options: Any,
) -> PlaybookRun:
    inventory = tmp_path / "hosts.yml"
    inventory.write_text(json.dumps({"all": {"children": GROUPS}}))
    tasks = [
        *VALIDATION,
        {"name": "Show", "ansible.builtin.debug": {"var": "__s3_recording_fleet"}, "run_once": True},
    ]
    play = {"name": "Plan", "hosts": hosts, "gather_facts": False, "vars": play_vars or {}, "tasks": tasks}
    return run_playbook([play], inventory=inventory, arguments=arguments, **options)


def shown(run: PlaybookRun) -> dict[str, Any]:
    fleet: dict[str, Any] = run.task("Show")["__s3_recording_fleet"]
    return fleet


def test_a_value_of_the_play_beats_the_inventory_for_every_host(tmp_path: Path) -> None:
    fleet = shown(plan(tmp_path, play_vars={"s3_recording_delivery": "private"}))
    assert {bucket["bucket"]: bucket["delivery"] for bucket in fleet["buckets"]} == {
        "eu-videos": "private",
        "us-videos": "private",
    }


def test_each_group_keeps_its_own_values(tmp_path: Path) -> None:
    fleet = shown(plan(tmp_path))
    assert [len(fleet["hosts"][host]["apps"]) for host in ("eu1", "eu2", "us1")] == [1, 1, 2]
    assert [bucket["region"] for bucket in fleet["buckets"]] == ["eu-west-1", "us-east-1"]


def test_limit_leaves_origins_and_folders_of_the_others(tmp_path: Path) -> None:
    fleet = shown(plan(tmp_path, "--limit", "eu2"))
    (bucket,) = fleet["buckets"]
    assert bucket["cors_rules"][0]["allowed_origins"] == ["https://eu1:5443", "https://eu2:5443"]
    assert list(fleet["hosts"]) == ["eu2"]


def test_hosts_that_the_pattern_leaves_out_have_no_part(tmp_path: Path) -> None:
    extra = {
        "s3_recording_bucket": "all-videos",
        "s3_recording_region": "eu-west-1",
        "s3_recording_hosts": "eu",
    }
    fleet = shown(plan(tmp_path, extra_vars=extra, hosts="eu"))
    assert fleet["buckets"][0]["cors_rules"][0]["allowed_origins"] == ["https://eu1:5443", "https://eu2:5443"]


def test_texts_of_the_command_line_and_a_certificate_by_a_variable_of_the_play(tmp_path: Path) -> None:
    of_host = {"s3_recording_ams_ca_path": "{{ cert_dir }}/ca.pem"}
    (tmp_path / "host_vars").mkdir()
    for host in ("eu1", "us1"):
        (tmp_path / "host_vars" / f"{host}.json").write_text(json.dumps(of_host))
    settings = json.dumps({"s3_recording_settings": json.dumps({"webMEnabled": True})})
    texts = ("-e", settings, "-e", "s3_recording_secure_transport_only=yes")
    fleet = shown(plan(tmp_path, *texts, play_vars={"cert_dir": "/certs"}))
    assert (fleet["problems"], fleet["warnings"]) == ([], [])
    assert {tuple(host["other_settings"]) for host in fleet["hosts"].values()} == {("webMEnabled",)}
    access = [bucket["tasks"]["s3_bucket_access"] for bucket in fleet["buckets"]]
    assert [each["secure_transport_only"] for each in access] == ["bucket", "bucket"]


def origins(run: PlaybookRun) -> list[str]:
    (bucket,) = shown(run)["buckets"]
    found: list[str] = bucket["cors_rules"][0]["allowed_origins"]
    return found


@pytest.mark.parametrize("hosts", ["eu", "all:!us:!other", ["eu1", "eu2"], "{{ target }}"])
def test_a_play_of_ones_own_is_about_its_own_hosts(tmp_path: Path, hosts: str | list[str]) -> None:
    """Without the play's pattern the whole inventory has a part in a bucket that the play names.

    Where the limit leaves one host, the other one of the pattern keeps its origin.
    """
    variables = {"s3_recording_bucket": "all-videos", "s3_recording_region": "eu-west-1"}
    limited = plan(tmp_path, "--limit", "eu1", hosts=hosts, play_vars=variables, extra_vars={"target": "eu"})
    assert origins(limited) == ["https://eu1:5443", "https://eu2:5443"]
    assert list(shown(limited)["hosts"]) == ["eu1"]


def test_hosts_of_other_plays_that_share_a_bucket_can_be_named(tmp_path: Path) -> None:
    variables = {
        "s3_recording_bucket": "all-videos",
        "s3_recording_region": "eu-west-1",
        "s3_recording_inventory_hosts": ["eu1", "eu2"],
    }
    assert origins(plan(tmp_path, hosts="eu1", play_vars=variables)) == [
        "https://eu1:5443",
        "https://eu2:5443",
    ]


@pytest.mark.parametrize("strategy", ["free", "ansible.builtin.host_pinned"])
def test_a_play_in_which_each_host_goes_alone_is_refused_before_anything(
    tmp_path: Path, strategy: str
) -> None:
    """Without this a batch is neither verified nor restored as a whole; here by the configuration."""
    run = plan(tmp_path, env={"ANSIBLE_STRATEGY": strategy}, expected_rc=2, expected_warnings=ONCE_FOR_EACH)
    assert f"This play has the strategy {strategy}," in run.stdout
    assert not run.of_task("Validate the variables of all hosts")


@pytest.mark.parametrize("entry_point", ["main", "plan", "storage", "servers"])
def test_a_plan_that_is_skipped_is_missed_in_words(tmp_path: Path, entry_point: str) -> None:
    """Without this the message is that '__s3_recording_fleet' is undefined."""
    role = {"name": ROLE, "tasks_from": entry_point}
    task = {"name": "Record", "ansible.builtin.import_role": role, "when": "inventory_hostname != 'eu1'"}
    play = {"name": "Record", "hosts": "eu", "gather_facts": False, "tasks": [task]}
    (tmp_path / "hosts.yml").write_text(json.dumps({"all": {"children": GROUPS}}))
    run = run_playbook([play], inventory=tmp_path / "hosts.yml", expected_rc=2)
    assert "The plan of this run is missing" in run.output
    assert "use its hosts or --limit instead of a condition" in run.output


def test_a_host_that_is_no_server_is_named_with_the_way_out(tmp_path: Path) -> None:
    run = plan(tmp_path, hosts="all", expected_rc=2)
    assert "db1: s3_recording_bucket is not set (s3_recording_hosts names the hosts" in run.stdout


def test_secrets_among_other_settings_are_not_shown(tmp_path: Path) -> None:
    secret = {"s3_recording_settings": {"jwtSecretKey": "hush-hush-of-a-test"}}
    run = plan(tmp_path, play_vars=secret, verbosity=3, expected_rc=None)
    before_the_debug_of_this_test = run.stdout.split("TASK [Show]")[0]
    assert "hush-hush" not in before_the_debug_of_this_test
    broken = {"s3_recording_settings": '{"jwtSecretKey": "hush-hush-of-a-test"'}
    assert "hush-hush" not in plan(tmp_path, play_vars=broken, expected_rc=2).output


def test_a_password_that_yaml_has_made_a_number_is_refused(tmp_path: Path) -> None:
    """As a text it would be tried at every server, and the third wrong one blocks an account."""
    extra = {"s3_recording_ams_password": 123456}
    told = " ".join(plan(tmp_path, extra_vars=extra, expected_rc=2).stdout.split())
    assert "eu1, eu2, us1: YAML reads s3_recording_ams_password as a number" in told
    assert "s3_recording_ams_password: '...'" in told


PASSWORD = {"s3_recording_ams_password": "{{ vaulted_ams_password }}"}
REFERS = "s3_recording_ams_password refers"


def planned_play(variables: dict[str, Any]) -> dict[str, Any]:
    return {"name": "Plan", "hosts": "eu:us", "gather_facts": False, "vars": variables, "tasks": VALIDATION}


def with_inventory(tmp_path: Path, playbook: str | list[Any], *arguments: str, **options: Any) -> PlaybookRun:
    """Run with a password in the inventory that refers to a variable."""
    inventory = tmp_path / "hosts.yml"
    inventory.write_text(json.dumps({"all": {"children": GROUPS, "vars": PASSWORD}}))
    limits = ("--limit", "eu:us", *arguments)
    return run_playbook(playbook, inventory=inventory, arguments=limits, **options)


def test_a_password_that_refers_to_nothing_is_refused_before_anything_is_changed(tmp_path: Path) -> None:
    """Storage was made first. Then each server was said to have settings that could not be restored."""
    run = with_inventory(tmp_path, "antmedia.s3_recording.site", expected_rc=2)
    told = " ".join(run.stdout.split())
    assert f"eu1, eu2, us1: {REFERS} to 'vaulted_ams_password', which is not defined. Define it where" in told
    assert "or leave s3_recording_ams_password out and set AMS_PASSWORD in the environment" in told
    assert "STOP 1 problem. Nothing was changed." in told
    assert "could not be restored" not in told
    # Nothing was asked for, and nothing comes after the plan.
    (read,) = run.of_task("plan_storage | Read all buckets, users, keys and key stores")
    assert (read["buckets"], read["problems"]) == ({}, [])
    assert run.results[-1].task.endswith("show_plan | Show the plan")


@pytest.mark.parametrize(
    "variables",
    [
        {"vaulted_ams_password": "hush"},
        {"s3_recording_ams_password": "hush"},
        {"s3_recording_ams_password": "{{ lookup('ansible.builtin.env', 'HOME') }}"},
        {"s3_recording_ams_password": "{{ vaulted_ams_password | default('') }}"},
    ],
    ids=["defined", "of the play", "lookup", "default"],
)
def test_a_password_that_can_be_read_is_not_refused(tmp_path: Path, variables: dict[str, Any]) -> None:
    assert "not defined" not in with_inventory(tmp_path, [planned_play(variables)]).output


@pytest.mark.parametrize(
    ("inventory", "play", "told"),
    [
        (
            {**PASSWORD, "vaulted_ams_password": "{{ elsewhere }}"},
            {},
            "eu1, eu2, us1: {} to 'elsewhere', which",
        ),
        ({}, {"s3_recording_ams_password": "{{ elsewhere }}"}, "eu1: {} to a variable that is not defined"),
    ],
    ids=["through another variable", "of the play"],
)
def test_a_password_that_refers_to_nothing_elsewhere(
    tmp_path: Path, inventory: dict[str, str], play: dict[str, str], told: str
) -> None:
    (tmp_path / "hosts.yml").write_text(json.dumps({"all": {"children": GROUPS, "vars": inventory}}))
    run = run_playbook(
        [planned_play(play)],
        inventory=tmp_path / "hosts.yml",
        expected_rc=2,
    )
    assert told.format(REFERS) in " ".join(run.stdout.split())


def test_storage_alone_needs_no_password(tmp_path: Path) -> None:
    """In AWX the job of the servers may have a credential that the job of the storage has not."""
    env = {
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    }
    run = with_inventory(tmp_path, "antmedia.s3_recording.storage", expected_rc=2, env=env)
    assert "which is not defined" not in run.stdout
    assert run.of_task("plan_storage | Read all buckets, users, keys and key stores")
