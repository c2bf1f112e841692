# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The whole fleet is read before anything is changed: one plan, all problems at once, no write before it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from stand_ins.ams import Fleet
from stand_ins.aws import AwsStandIn
from tests.harness.blocks import RESULT, block, failed_hosts
from tests.harness.playbook import Play, PlaybookRun, run_playbook
from tests.harness.saved_site import SavedSite
from tests.harness.site_variables import site_variables

BUCKET, REGION = "planned-recordings", "eu-west-1"
PLAN, SITE, DRIFT = (f"antmedia.s3_recording.{name}" for name in ("plan", "site", "drift"))
HTML, SILENT, OLD, OTHER, WRONG = NAMES = [f"ams{number}" for number in range(1, 6)]


@contextmanager
def two_servers(folder: Path) -> Iterator[SavedSite]:
    """Set up ams1 and ams2 by a first run of site.yml, once for all tests of a module."""
    with AwsStandIn() as aws, Fleet(hosts=2) as servers:
        Planned(aws, servers, folder).run(SITE, names=NAMES[:2])
        yield SavedSite(aws, servers, folder)


class Planned:
    """Five servers, one of an old release."""

    def __init__(self, aws: AwsStandIn, fleet: Fleet, folder: Path) -> None:
        self.aws, self.fleet, self.folder = aws, fleet, folder

    def run(
        self,
        playbook: str | Sequence[Play],
        *arguments: str,
        of_host: dict[str, dict[str, Any]] | None = None,
        variables: dict[str, Any] | None = None,
        names: Sequence[str] = NAMES,
        **options: Any,
    ) -> PlaybookRun:
        self.aws.clear_requests()
        self.fleet.clear_requests()
        shared = site_variables(
            self.aws, self.fleet, s3_recording_bucket=BUCKET, s3_recording_backup_dir=str(self.folder)
        )
        hosts = {
            name: {"s3_recording_ams_url": host.url, **(of_host or {}).get(name, {})}
            for name, host in zip(names, self.fleet.hosts)
        }
        inventory = {"all": {"hosts": hosts, "vars": {**shared, **(variables or {})}}}
        return run_playbook(playbook, inventory=inventory, env=self.aws.env(), arguments=arguments, **options)

    def writes(self) -> list[Any]:
        return [*self.aws.writes(), *self.fleet.writes()]


@pytest.fixture(scope="module")
def stands() -> Iterator[tuple[AwsStandIn, Fleet]]:
    releases = ["2.17.1", "2.17.1", "2.13.2", "2.17.1", "2.17.1"]
    with AwsStandIn() as aws, Fleet(hosts=5, release=releases) as fleet:
        yield aws, fleet


@pytest.fixture
def planned(stands: tuple[AwsStandIn, Fleet], tmp_path: Path) -> Planned:
    """Return servers that nobody has changed, and an empty account."""
    aws, fleet = stands
    fleet.reset()
    aws.reset()
    return Planned(aws, fleet, tmp_path)


@pytest.fixture(scope="module")
def first_run(
    stands: tuple[AwsStandIn, Fleet], tmp_path_factory: pytest.TempPathFactory
) -> tuple[PlaybookRun, SavedSite]:
    """Return a first run of site.yml, and the site that it has made."""
    aws, fleet = stands
    fleet.reset()
    aws.reset()
    folder = tmp_path_factory.mktemp("site")
    return Planned(aws, fleet, folder).run(SITE), SavedSite(aws, fleet, folder)


@pytest.fixture
def recording(first_run: tuple[PlaybookRun, SavedSite], tmp_path: Path) -> Planned:
    """Return servers that record since a first run of site.yml."""
    site = first_run[1]
    site.restore(tmp_path)
    return Planned(site.aws, site.fleet, tmp_path)


def words(run: PlaybookRun) -> str:
    return " ".join(run.stdout.split())


@pytest.mark.parametrize("playbook", [SITE, PLAN, DRIFT])
def test_five_servers_with_five_problems_are_one_list_and_nothing_is_written(
    planned: Planned, playbook: str
) -> None:
    planned.fleet.fault(0, "html")
    planned.fleet.fault(1, "slow", seconds=20)
    run = planned.run(
        playbook,
        expected_rc=2,
        of_host={
            OLD: {"s3_recording_settings": {"audioLevelThreshold": 40}},
            OTHER: {"s3_recording_applications": ["Live"]},
            WRONG: {"s3_recording_ams_password": "wrong"},
        },
        variables={"s3_recording_folder_per_application": True, "s3_recording_ams_timeout": 2},
    )
    assert planned.writes() == []
    told = words(run)
    assert "STOP 5 problems on 5 servers. Nothing was changed." in told
    assert failed_hosts(run) == NAMES
    # The other plays have no heading.
    assert run.stdout.count("skipping:") == 0
    for host, text in (
        (HTML, "HTML"),
        (SILENT, "no answer from the server within 2 s"),
        (OLD, "audioLevelThreshold"),
        (OTHER, "no such application"),
        (WRONG, "password is wrong"),
    ):
        (line,) = [line for line in run.stdout.splitlines() if line.strip().startswith(f"! {host}:")]
        assert text in line, line
    assert len(planned.fleet.logins(4)) == 1


def test_a_plan_says_what_would_change_and_writes_nothing(planned: Planned) -> None:
    run = planned.run(PLAN)
    assert planned.writes() == []
    assert [len(planned.fleet.logins(number)) for number in range(5)] == [1] * 5
    assert [planned.fleet.connections(number) for number in range(5)] == [1] * 5
    assert "PLAN AWS: 6 to add (user, policy, bucket, CORS rule, key, public access)." in words(run)
    assert "Servers: 5 to change" in words(run)
    assert "everyone on the internet" in words(run)
    assert run.changed == 0


def test_a_second_run_changes_nothing_and_no_server_has_a_task(recording: Planned) -> None:
    run = recording.run(SITE)
    assert run.changed == 0
    # The verification stores and removes its own objects.
    assert [each for each in recording.writes() if "/recording-check-" not in each["path"]] == []
    assert run.of_step("apply") == []
    assert "nothing to change" in words(run)


def test_only_the_server_that_differs_is_changed(recording: Planned) -> None:
    recording.fleet.set_settings(3, "live", {"s3RegionName": "us-west-2"})
    assert [each.host for each in recording.run(SITE).of_step("apply")] == [OTHER]


def test_a_first_run_is_short_to_read(first_run: tuple[PlaybookRun, SavedSite]) -> None:
    first = first_run[0]
    headings = [line for line in first.stdout.splitlines() if line.startswith(("PLAY [", "TASK ["))]
    assert len(headings) <= 25, headings
    # Each server was verified with its batch, and Ansible lists the play for the others.
    assert first.stdout.count("skipping:") == 1


def test_drift_needs_no_check_mode_and_fails_where_something_differs(recording: Planned) -> None:
    assert "nothing to change" in words(recording.run(DRIFT))
    recording.fleet.set_settings(1, "live", {"s3RegionName": "us-west-2"})
    run = recording.run(DRIFT, expected_rc=2)
    assert recording.writes() == []
    assert "There is drift" in run.output
    assert f"live: s3RegionName 'us-west-2' -> '{REGION}'  ({SILENT})" in run.stdout
    assert failed_hosts(run) == [SILENT]


def test_a_server_out_of_reach_stops_the_run_unless_so_many_are_allowed(planned: Planned) -> None:
    planned.fleet.restart(1, 3600)
    run = planned.run(SITE, expected_rc=2)
    assert planned.writes() == []
    assert "s3_recording_skip_unreachable" in run.stdout
    assert failed_hosts(run) == [SILENT]
    run = planned.run(SITE, variables={"s3_recording_skip_unreachable": "20%"})
    assert sorted({each.host for each in run.of_step("apply")}) == [HTML, OLD, OTHER, WRONG]
    assert "left out of this run" in words(run)


@pytest.mark.parametrize("playbook", [SITE, PLAN])
def test_a_problem_of_no_server_is_not_that_of_the_first(planned: Planned, playbook: str) -> None:
    """It counted as failed, in the recap and in AWX."""
    refused = {
        "s3_recording_cloudfront_distribution": "E0000000000000",
        "s3_recording_delivery": "cloudfront",
        "s3_recording_cache_control": "public, max-age=86400",
    }
    run = planned.run(playbook, variables=refused, expected_rc=2)
    assert planned.writes() == []
    assert "STOP 1 problem. Nothing was changed." in words(run)
    assert failed_hosts(run) == ["localhost"]
    assert run.stdout.count("skipping:") == 0
    # No play has localhost then.
    run = planned.run(playbook, "--limit", f"{OLD},{WRONG}", variables=refused, expected_rc=2)
    assert planned.writes() == []
    assert "STOP 1 problem. Nothing was changed." in words(run)
    assert failed_hosts(run) == [OLD]


def test_variables_that_cannot_work_fail_the_hosts_that_have_them(planned: Planned) -> None:
    run = planned.run(SITE, of_host={OLD: {"s3_recording_applications": []}}, expected_rc=2)
    assert f"! {OLD}: " in run.stdout
    assert failed_hosts(run) == [OLD]


def test_a_server_that_is_gone_for_good_is_not_asked(planned: Planned) -> None:
    run = planned.run(SITE, variables={"s3_recording_gone_hosts": [SILENT]})
    assert planned.fleet.requests(1) == []
    assert {each.host for each in run.of_step("apply")} == {HTML, OLD, OTHER, WRONG}
    assert f"{SILENT}: gone for good" in words(run)


def test_a_host_that_failed_before_does_not_take_the_plan_with_it(planned: Planned) -> None:
    """The first host had the task of reading. Without it there was no plan, and all servers were changed."""
    before: list[Play] = [
        {
            "name": "Before",
            "hosts": "all",
            "connection": "local",
            "gather_facts": False,
            "tasks": [
                {"name": "Fail", "ansible.builtin.fail": {}, "when": f"inventory_hostname == '{HTML}'"}
            ],
        },
        {"name": "Record", "ansible.builtin.import_playbook": SITE},
    ]
    run = planned.run(before, expected_rc=2)
    assert planned.writes() == []
    assert f"! {HTML}: Reading the server: Ansible did not reach it" in words(run)


def test_names_with_spaces_are_the_hosts_that_they_name(planned: Planned) -> None:
    """The inventories of clouds have them. Such a name matched no host, and nothing counted as failed."""
    names = [f"Ant Media {number}" for number in range(1, 6)]
    run = planned.run(SITE, names=names)
    assert sorted({each.host for each in run.of_step("apply")}) == names
    planned.fleet.set_settings(3, "live", {"s3RegionName": "us-west-2"})
    assert [each.host for each in planned.run(SITE, names=names).of_step("apply")] == [names[3]]


def test_the_role_verifies_servers_that_need_no_change(planned: Planned) -> None:
    """In a play of one's own, only those that had changed were verified."""
    role = {"name": "Record", "ansible.builtin.import_role": {"name": "antmedia.s3_recording.s3_recording"}}
    play = {"name": "Own", "hosts": "all", "connection": "local", "gather_facts": False, "tasks": [role]}
    planned.run([play])
    planned.fleet.fault(2, "status", status=404, method="GET", path="/live/streams/recording-check")
    run = planned.run([play], expected_rc=2)
    assert len([each for each in run.of_step("check") if each.status != "skipped"]) == 5
    assert f"! {OLD}:" in run.stdout
    assert [host for host, counts in run.recap.items() if counts["failures"]] == [OLD]


def test_a_batch_that_is_restored_ends_a_play_of_ones_own(planned: Planned) -> None:
    role = {"name": "Record", "ansible.builtin.import_role": {"name": "antmedia.s3_recording.s3_recording"}}
    later = {"name": "Later", "ansible.builtin.debug": {"msg": "later"}}
    play = {
        "name": "Own",
        "hosts": "all",
        "connection": "local",
        "gather_facts": False,
        "tasks": [role, later],
    }
    planned.fleet.fault(2, "status", status=404, method="GET", path="/live/streams/recording-check")
    run = planned.run([play], expected_rc=2)
    assert not run.of_task("Later")
    assert all(not planned.fleet.settings(number, "live")["s3RecordingEnabled"] for number in range(5))
    assert "RESULT 1 of 5 servers failed" in words(run)
    assert "redirect: expected 302" in words(run)


def test_no_password_is_one_problem_in_the_words_of_the_role(planned: Planned) -> None:
    run = planned.run(PLAN, variables={"s3_recording_ams_password": ""}, expected_rc=2)
    assert "STOP 1 problem on 5 servers" in words(run)
    assert "Logging in: no password is given" in words(run)
    assert "s3_recording_ams_password" in words(run)


def test_the_syntax_can_be_checked_and_the_tasks_listed(planned: Planned) -> None:
    names = ["site", "plan", "storage", "servers", "verify", "rotate_key", "decommission"]
    *others, last = [f"antmedia.s3_recording.{name}" for name in names]
    checked = planned.run(last, "--syntax-check", *others)
    listed = planned.run(last, "--list-tasks", *others).stdout.split("\nplaybook: ")[1:]
    assert checked.stdout.count("playbook: ") == len(listed) == len(names)
    assert all("TAGS" in each for each in listed)


def test_verify_says_which_servers_are_not_set_up(planned: Planned) -> None:
    """The reader was to find out who had changed them, and nobody had."""
    planned.run(SITE, "--limit", HTML)
    run = planned.run("antmedia.s3_recording.verify", expected_rc=2)
    problem = block(run, RESULT)[1]
    assert problem.startswith(
        f"! {SILENT}, {OLD}, {OTHER} and {WRONG}: live: settings: expected recording to bucket "
    )
    assert problem.endswith("Recording to S3 is not set up on this server. To set it up, run site.yml")
    assert failed_hosts(run) == NAMES[1:]
