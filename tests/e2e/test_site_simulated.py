# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""site.yml as a user runs it, on a stand-in of AWS and a simulated fleet of two groups with a bucket each."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stand_ins.ams import Fleet
from stand_ins.aws import AwsStandIn
from tests.harness.expected_changes import ASKED, SERVERS_OWN
from tests.harness.playbook import PlaybookRun, run_playbook

SITE = "antmedia.s3_recording.site"
EU, US = "e2e-recordings-eu", "e2e-recordings-us"


class Site:
    """A stand-in of AWS, a fleet, and an inventory that names both."""

    def __init__(self, aws: AwsStandIn, fleet: Fleet, folder: Path) -> None:
        self.aws, self.fleet = aws, fleet
        self.inventory = folder / "hosts.yml"
        self.names = [f"ams-{number}" for number in range(1, len(fleet.hosts) + 1)]
        self.write_inventory()

    def write_inventory(self, **variables: Any) -> None:
        urls = {name: host.url for name, host in zip(self.names, self.fleet.hosts)}
        half = len(self.names) // 2
        groups = {
            "europe": (self.names[:half], {"s3_recording_bucket": EU, "s3_recording_region": "eu-west-1"}),
            "america": (
                self.names[half:],
                {
                    "s3_recording_bucket": US,
                    "s3_recording_region": "us-east-1",
                    "s3_recording_applications": ["live", "LiveApp"],
                    "s3_recording_folder_per_application": True,
                },
            ),
        }
        children = {
            group: {"hosts": {name: {"s3_recording_ams_url": urls[name]} for name in names}, "vars": shared}
            for group, (names, shared) in groups.items()
        }
        first = self.fleet.hosts[0]
        everyones = {
            "s3_recording_endpoint": self.aws.endpoint_url,
            "s3_recording_aws_endpoint_url": self.aws.endpoint_url,
            "s3_recording_ams_email": first.email,
            "s3_recording_ams_password": first.password,
            **variables,
        }
        self.inventory.write_text(json.dumps({"all": {"children": children, "vars": everyones}}))

    def run(self, *arguments: str, playbook: str | Path = SITE, **options: Any) -> PlaybookRun:
        self.aws.clear_requests()
        self.fleet.clear_requests()
        return run_playbook(
            playbook, inventory=self.inventory, env=self.aws.env(), arguments=arguments, **options
        )

    def server_writes(self) -> list[dict[str, Any]]:
        return self.fleet.writes()

    def all_settings(self) -> dict[str, dict[str, dict[str, Any]]]:
        return {
            name: {app: self.fleet.settings(host.address, app) for app in ("live", "LiveApp")}
            for name, host in zip(self.names, self.fleet.hosts)
        }

    def key(self, bucket: str, region: str) -> dict[str, str]:
        name = f"/antmedia/s3_recording/{bucket}"
        stored = self.aws.client("ssm", region_name=region).get_parameter(Name=name, WithDecryption=True)
        return json.loads(stored["Parameter"]["Value"])


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with AwsStandIn() as aws, Fleet(hosts=4) as fleet:
        yield Site(aws, fleet, tmp_path_factory.mktemp("inventory"))


@pytest.fixture(scope="module")
def checked(untouched: Site) -> tuple[Site, PlaybookRun, list[Any], list[Any]]:
    run = untouched.run("--check", "--diff")
    return untouched, run, untouched.aws.writes(), untouched.server_writes()


@pytest.fixture(scope="module")
def made(checked: tuple[Site, PlaybookRun, list[Any], list[Any]]) -> tuple[Site, PlaybookRun, dict[str, Any]]:
    site = checked[0]
    before = site.all_settings()
    run = site.run("--diff", verbosity=4)
    return site, run, before


@pytest.fixture
def site(made: tuple[Site, PlaybookRun, dict[str, Any]]) -> Site:
    return made[0]


def test_check_on_an_untouched_account_is_green_and_writes_nothing(
    checked: tuple[Site, PlaybookRun, list[Any], list[Any]],
) -> None:
    _site, run, aws_writes, server_writes = checked
    assert (aws_writes, server_writes) == ([], [])
    assert (
        "PLAN  AWS: 12 to add (user, policy, bucket, CORS rule, key, public access) for 2 buckets."
        in run.stdout
    )
    assert "Servers: 4 to change (11 to 26 settings each), 0 as they are, 0 unreachable." in run.stdout
    for bucket in (EU, US):
        assert f"{bucket}: make the bucket in" in run.stdout
        assert f"{bucket}-recording" in run.stdout
    assert run.changed > 0
    assert '"s3BucketName": "e2e-recordings-eu"' in run.stdout
    servers = run.of_step("apply")
    assert len(servers) == 4
    assert all("would change" in server["msg"] for server in servers)


def test_check_predicts_what_the_run_then_does(
    checked: tuple[Site, PlaybookRun, list[Any], list[Any]], made: tuple[Site, PlaybookRun, dict[str, Any]]
) -> None:
    def changes(run: PlaybookRun) -> dict[str, dict[str, set[str]]]:
        return {
            task.host: {app: set(each["changes"]) for app, each in task["apps"].items()}
            for task in run.of_step("apply")
        }

    assert changes(checked[1]) == changes(made[1])


def test_only_the_asked_settings_differ_afterwards(made: tuple[Site, PlaybookRun, dict[str, Any]]) -> None:
    site, _run, before = made
    after = site.all_settings()
    for number, name in enumerate(site.names):
        for app in ("live", "LiveApp"):
            old, new = before[name][app], after[name][app]
            assert set(old) == set(new)
            differing = {field for field in old if old[field] != new[field]}
            asked = app == "live" or number >= 2
            assert differing - SERVERS_OWN <= (ASKED if asked else set())
            assert asked == ("s3BucketName" in differing)
            for random_key in ("clusterCommunicationKey", "subscriberAuthenticationKey"):
                assert old[random_key] == new[random_key]


def test_each_group_has_its_bucket_and_its_key(site: Site) -> None:
    settings = site.all_settings()
    eu, us = settings["ams-1"]["live"], settings["ams-3"]["LiveApp"]
    assert (eu["s3BucketName"], us["s3BucketName"]) == (EU, US)
    assert eu["s3AccessKey"] == site.key(EU, "eu-west-1")["access_key_id"]
    assert us["s3SecretKey"] == site.key(US, "us-east-1")["secret_access_key"]
    assert us["s3StreamsFolderPath"] == "LiveApp/streams"
    assert us["httpForwardingBaseURL"] == f"{site.aws.endpoint_url}/{US}/LiveApp"


def test_the_secret_is_nowhere_in_the_output(made: tuple[Site, PlaybookRun, dict[str, Any]]) -> None:
    site, run, _before = made
    shown = run.output + json.dumps([result.result for result in [*run.results, *run.items]])
    for bucket, region in ((EU, "eu-west-1"), (US, "us-east-1")):
        key = site.key(bucket, region)
        assert key["secret_access_key"] not in shown
        assert key["access_key_id"] in shown
    assert site.fleet.hosts[0].password not in shown


def test_a_second_run_changes_nothing_and_posts_nothing(site: Site) -> None:
    run = site.run()
    assert run.changed == 0
    assert (
        "PLAN  AWS: nothing to change.  Servers: nothing to change, 4 as they are, 0 unreachable."
        in run.stdout
    )
    assert run.of_step("apply") == []
    assert site.server_writes() == []
    assert {write["action"] for write in site.aws.writes()} <= {"s3:PutObject", "s3:DeleteObject"}


def test_requests_are_as_few_as_promised(site: Site) -> None:
    site.run(playbook="antmedia.s3_recording.servers")
    for number, host in enumerate(site.fleet.hosts):
        requests = [f"{request['method']} {request['path']}" for request in site.fleet.requests(host.address)]
        apps = ["live"] if number < 2 else ["live", "LiveApp"]
        assert requests == [
            "POST /rest/v2/users/authenticate",
            "GET /rest/v2/version",
            *(f"GET /rest/v2/applications/settings/{app}" for app in apps),
            "DELETE /rest/v2/users/logout",
        ]


def test_drift_by_hand_is_reported_and_nothing_else(site: Site) -> None:
    host = site.fleet.hosts[0]
    site.fleet.set_settings(host.address, "live", {"s3RegionName": "us-west-2"})
    s3 = site.aws.client("s3", region_name="eu-west-1")
    rules = s3.get_bucket_cors(Bucket=EU)["CORSRules"]
    s3.put_bucket_cors(
        Bucket=EU, CORSConfiguration={"CORSRules": [{**rules[0], "AllowedOrigins": ["https://elsewhere"]}]}
    )
    policy = json.loads(s3.get_bucket_policy(Bucket=EU)["Policy"])
    # Of the folders, the last is closed.
    (*others, _closed) = policy["Statement"][0]["Resource"]
    policy["Statement"][0]["Resource"] = others
    s3.put_bucket_policy(Bucket=EU, Policy=json.dumps(policy))

    drift = site.run(playbook="antmedia.s3_recording.drift", expected_rc=2)
    on_aws = "1 to add (public access), 1 to change (CORS rule)"
    on_servers = "1 to change (1 setting), 3 as they are, 0 unreachable"
    assert f"PLAN  AWS: {on_aws}.  Servers: {on_servers}." in drift.stdout
    assert "live: s3RegionName 'us-west-2' -> 'eu-west-1'  (ams-1)" in drift.stdout
    assert "There is drift, listed above." in drift.stdout
    assert (site.aws.writes(), site.server_writes()) == ([], [])

    run = site.run("--check", "--diff")
    assert [each.host for each in run.of_step("apply")] == ["ams-1"]
    changed = {(result.action.rsplit(".", 1)[1], result.host) for result in run.results if result.changed}
    assert changed == {("recording_servers", "ams-1"), ("s3_recording_storage", "ams-1")}
    (settings,) = [task for task in run.of_step("apply") if task.changed]
    assert settings["apps"]["live"]["changes"] == {
        "s3RegionName": {"before": "us-west-2", "after": "eu-west-1"}
    }
    assert (site.aws.writes(), site.server_writes()) == ([], [])

    assert site.run().changed == 2
    assert site.run().changed == 0
    assert site.run(playbook="antmedia.s3_recording.drift").changed == 0


def test_limit_does_not_shrink_what_hosts_share(site: Site) -> None:
    run = site.run("--limit", "ams-2")
    assert run.changed == 0
    rules = site.aws.client("s3", region_name="eu-west-1").get_bucket_cors(Bucket=EU)["CORSRules"]
    assert rules[0]["AllowedOrigins"] == sorted(host.url for host in site.fleet.hosts[:2])


def test_a_wrong_password_costs_one_attempt_and_names_the_host(site: Site) -> None:
    site.write_inventory(s3_recording_ams_password="wrong-password-of-a-test")
    try:
        run = site.run(expected_rc=2)
    finally:
        site.write_inventory()
    assert len(site.fleet.logins()) == 1, "one server is asked, and where it refuses no other is"
    assert (site.server_writes(), site.aws.writes()) == ([], [])
    # Several connect at once, and the first that is connected is asked.
    (asked,) = re.findall(r"at (\S+): the e-mail address or the password is wrong", run.stdout)
    assert asked in [host.url for host in site.fleet.hosts]
    assert "wrong-password-of-a-test" not in run.output


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"s3_recording_settings": {"hlsTme": 3}}, "did you mean 'hlsTime'?"),
        ({"s3_recording_delivry": "public"}, "did you mean s3_recording_delivery?"),
        ({"s3_recording_region": "eu-wset-1", "s3_recording_endpoint": ""}, "s3_recording_region"),
        ({"s3_recording_mp4": "perhaps"}, "s3_recording_mp4: must be true or false"),
        ({"s3_recording_endpoint": f"http://minio:9000/{EU}"}, "contains the bucket"),
    ],
)
def test_a_wrong_setting_is_named_and_nothing_is_written(
    site: Site, variables: dict[str, Any], said: str
) -> None:
    run = site.run(extra_vars=variables, expected_rc=2)
    assert said in " ".join(run.stdout.split())
    assert (site.server_writes(), site.aws.writes()) == ([], [])


def test_an_unknown_application_names_those_that_exist(site: Site) -> None:
    extra = {"s3_recording_applications": ["liev"], "s3_recording_folder_per_application": False}
    run = site.run(extra_vars=extra, expected_rc=2)
    assert "STOP  1 problem on 4 servers. Nothing was changed." in run.stdout
    assert "Applications there: " in run.stdout
    assert "LiveApp" in run.stdout
    assert (site.server_writes(), site.aws.writes()) == ([], [])


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"action": "status", "status": 204}, "no such application (204"),
        ({"action": "html"}, "a page of HTML"),
        ({"action": "truncate"}, "JSON that breaks off"),
        ({"action": "status", "status": 502}, "status 502"),
    ],
)
def test_odd_answers_are_told_apart(site: Site, fault: dict[str, Any], said: str) -> None:
    host = site.fleet.hosts[0]
    site.fleet.fault(host.address, method="GET", path="/applications/settings/", **fault)
    try:
        run = site.run(expected_rc=2)
    finally:
        site.fleet.clear_faults()
    assert "STOP  1 problem on 1 server. Nothing was changed." in run.stdout
    assert said in run.stdout
    assert host.url in run.stdout
    assert (site.server_writes(), site.aws.writes()) == ([], [])


def test_it_runs_from_elsewhere_by_path(site: Site, repo: Path, tmp_path: Path) -> None:
    link = repo / "build" / "collections" / "ansible_collections" / "antmedia" / "s3_recording"
    run = site.run(playbook=link / "playbooks" / "site.yml", cwd=tmp_path)
    assert run.changed == 0
