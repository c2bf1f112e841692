# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What awx.yml set up, run as AWX would: by ansible-runner, with injected credentials, in slices."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from stand_ins.ams import Fleet
from stand_ins.aws import AwsStandIn
from stand_ins.awx import AwxStandIn
from stand_ins.awx.jobs import Job, Runner
from stand_ins.awx.workflows import Went, run_workflow
from tests.harness.playbook import KEEPING, run_playbook
from tests.harness.saved_site import SavedSite

pytest.importorskip(
    "ansible_collections.awx.awx", reason="awx.awx is needed: ansible-galaxy collection install awx.awx"
)

BUCKET, REGION = "awx-recordings", "eu-west-1"
SLICES = 3
# Of a server in a rollout: to read it, to change it, to verify that, and to verify it once more at the end.
LOGINS = 4


class Controller:
    """AWX with an inventory of simulated servers, and the folder that outlasts its jobs."""

    def __init__(self, awx: AwxStandIn, aws: AwsStandIn, fleet: Fleet, folder: Path) -> None:
        self.awx, self.aws, self.fleet = awx, aws, fleet
        self.backups = folder / "backup"
        self.names = [f"ams{number}.example.com" for number in range(1, len(fleet.hosts) + 1)]
        credentials = aws.env()
        variables = {
            "s3_recording_awx_image": "s3-recording-ee",
            "s3_recording_awx_backup_dir": str(self.backups),
            "s3_recording_awx_slices": SLICES,
            "s3_recording_awx_ams_email": fleet.hosts[0].email,
            "s3_recording_awx_ams_password": fleet.hosts[0].password,
            "s3_recording_awx_aws_access_key_id": credentials["AWS_ACCESS_KEY_ID"],
            "s3_recording_awx_aws_secret_access_key": credentials["AWS_SECRET_ACCESS_KEY"],
            "s3_recording_awx_inventory_variables": {
                "s3_recording_bucket": BUCKET,
                "s3_recording_region": REGION,
                "s3_recording_endpoint": aws.endpoint_url,
                "s3_recording_aws_endpoint_url": aws.endpoint_url,
                "s3_recording_live_test": "none",
                "s3_recording_ams_start_timeout": 1,
                "s3_recording_key_switch_wait": 0,
            },
            "s3_recording_awx_hosts": {
                name: {"s3_recording_ams_url": host.url}
                for name, host in zip(self.names, fleet.hosts, strict=True)
            },
        }
        run_playbook("antmedia.s3_recording.awx", extra_vars=variables, env=awx.env())
        of_aws = {
            name: value for name, value in credentials.items() if "KEY" not in name and "TOKEN" not in name
        }
        self.runner = Runner(awx, folder, {**of_aws, **KEEPING})

    def launch(self, name: str, **prompts: Any) -> list[Job]:
        jobs = self.runner.launch(f"Recording {name}", **prompts)
        for job in jobs:
            self.refuse_secrets(job)
        return jobs

    def rollout(self) -> Went:
        self.fleet.clear_requests()
        went = run_workflow(self.runner, "Recording rollout")
        for job in (job for jobs in went.nodes.values() for job in jobs):
            self.refuse_secrets(job)
        return went

    def refuse_secrets(self, job: Job) -> None:
        assert job.secrets
        for secret in [*job.secrets, *self.stored_secrets()]:
            assert secret not in job.log

    def stored_secrets(self) -> list[str]:
        ssm = self.aws.client("ssm", region_name=REGION)
        names = [each["Name"] for each in ssm.describe_parameters()["Parameters"]]
        values = ssm.get_parameters(Names=names, WithDecryption=True)["Parameters"] if names else []
        return [json.loads(each["Value"])["secret_access_key"] for each in values]

    def recording(self) -> list[bool]:
        return [
            self.fleet.settings(number, "live")["s3RecordingEnabled"] for number in range(len(self.names))
        ]


@pytest.fixture(scope="module")
def set_up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Controller]:
    with Fleet(hosts=7) as fleet, AwsStandIn(region=REGION) as aws, AwxStandIn() as awx:
        yield Controller(awx, aws, fleet, tmp_path_factory.mktemp("awx"))


@pytest.fixture
def controller(set_up: Controller) -> Controller:
    """Return a controller with an empty account and servers that nobody has changed."""
    forget_all(set_up)
    return set_up


def forget_all(controller: Controller) -> None:
    controller.aws.reset()
    controller.fleet.reset()
    shutil.rmtree(controller.backups, ignore_errors=True)


@dataclass(frozen=True)
class RolledOut:
    """A first rollout. logins: of each server in it. site: what it left."""

    went: Went
    logins: list[int]
    site: SavedSite


@pytest.fixture(scope="module")
def first_rollout(set_up: Controller, tmp_path_factory: pytest.TempPathFactory) -> RolledOut:
    forget_all(set_up)
    went = set_up.rollout()
    logins = [len(set_up.fleet.logins(host)) for host in set_up.fleet.hosts]
    backups = shutil.copytree(set_up.backups, tmp_path_factory.mktemp("rolled-out") / "backup")
    return RolledOut(went, logins, SavedSite(set_up.aws, set_up.fleet, backups))


@pytest.fixture
def recording(set_up: Controller, first_rollout: RolledOut) -> Controller:
    """Return a controller whose servers record since a first rollout."""
    shutil.rmtree(set_up.backups, ignore_errors=True)
    first_rollout.site.restore(set_up.backups)
    return set_up


def test_a_rollout_goes_from_storage_to_proof(recording: Controller, first_rollout: RolledOut) -> None:
    controller, went = recording, first_rollout.went
    assert list(went.nodes) == ["storage", "approval", "canary", "rest", "verify"]
    assert went.good
    assert len(went.nodes["rest"]) == SLICES
    assert controller.recording() == [True] * len(controller.names)

    # One of each, whatever the slices; and the CORS rule is of the whole inventory.
    iam = controller.aws.client("iam")
    keys = [
        each["AccessKeyId"]
        for each in iam.list_access_keys(UserName=f"{BUCKET}-recording")["AccessKeyMetadata"]
    ]
    s3 = controller.aws.client("s3")
    assert [each["Name"] for each in s3.list_buckets()["Buckets"]] == [BUCKET]
    (rule,) = s3.get_bucket_cors(Bucket=BUCKET)["CORSRules"]
    assert sorted(rule["AllowedOrigins"]) == sorted(host.url for host in controller.fleet.hosts)
    # The canary is one of the rest as well, and is read there once more.
    assert first_rollout.logins == [LOGINS + 1, *[LOGINS] * (len(controller.names) - 1)]

    assert went.artifacts["s3_recording_storage"][BUCKET]["access_key_id"] == keys[0]
    assert len(keys) == 1
    outcomes = [job.artifacts["s3_recording_results"] for job in [*went.nodes["canary"], *went.nodes["rest"]]]
    assert outcomes[0] == {controller.names[0]: "changed"}
    assert {host for each in outcomes[1:] for host in each} == set(controller.names)
    assert sorted(outcome for each in outcomes[1:] for outcome in each.values()) == ["changed"] * 6 + [
        "unchanged"
    ]

    assert controller.rollout().changed == 0
    (report,) = controller.launch("drift")
    assert report.good


def test_a_rollout_that_fails_takes_everything_back(controller: Controller) -> None:
    controller.fleet.fault(4, "status", status=404, method="GET", path="/live/streams/recording-check")
    went = controller.rollout()
    assert list(went.nodes) == ["storage", "approval", "canary", "rest", "back", "report"]
    assert {
        outcome for job in went.nodes["rest"] for outcome in job.artifacts["s3_recording_results"].values()
    } >= {"restored"}
    assert controller.recording() == [False] * len(controller.names)
    # The workflow says that it failed, and what is to be done.
    assert went.unhandled == ["report"]
    assert "There is drift" in went.nodes["report"][0].stdout
    drift = went.nodes["report"][0].stdout
    assert "Servers: 7 to change" in drift
    assert re.search(rf"live: s3BucketName .+ -> .{BUCKET}.  \(ams1\.example\.com, ", drift)

    controller.fleet.clear_faults()
    assert controller.rollout().good
    assert controller.recording() == [True] * len(controller.names)


def test_the_storage_can_be_checked(controller: Controller) -> None:
    (storage,) = controller.launch("storage", job_type="check")
    assert storage.good
    assert controller.aws.client("s3").list_buckets()["Buckets"] == []


def test_the_other_templates(recording: Controller) -> None:
    controller = recording
    first = controller.stored_secrets()

    (rotated,) = controller.launch("rotate key", extra_vars={"s3_recording_key_delete_after": 0})
    assert rotated.good
    assert controller.stored_secrets() != first
    key = rotated.artifacts["s3_recording_storage"][BUCKET]["access_key_id"]
    assert {controller.fleet.settings(host, "live")["s3AccessKey"] for host in controller.fleet.hosts} == {
        key
    }

    controller.fleet.set_settings(2, "live", {"mp4MuxingEnabled": False})
    controller.aws.client("s3").delete_bucket_cors(Bucket=BUCKET)
    (report,) = controller.launch("drift")
    assert not report.good
    assert "PLAN  AWS: 1 to add (CORS rule).  Servers: 1 to change (1 setting)" in report.stdout
    assert f"live: mp4MuxingEnabled false -> true  ({controller.names[2]})" in report.stdout
    # Without the CORS rule no server could be proved.
    controller.launch("storage")
    mended = controller.launch("servers")
    (run,) = {each for job in mended for each in re.findall(r"s3_recording_rollback_run=(\w+)", job.stdout)}
    (back,) = controller.launch("rollback", extra_vars={"s3_recording_rollback_run": run})
    assert back.good
    assert controller.fleet.settings(2, "live")["mp4MuxingEnabled"] is False


def test_a_cancelled_job_is_mended_by_the_next(controller: Controller) -> None:
    controller.launch("storage")
    # The last batch is under way for as long as its slowest server takes.
    controller.fleet.set_delays(4, post=20)
    job = controller.runner.cancelled("Recording servers", lambda: bool(controller.fleet.writes(3)))
    assert job.status == "canceled"
    controller.fleet.set_delays(4, post=0)
    assert all(each.good for each in controller.launch("servers"))
    assert controller.recording() == [True] * len(controller.names)
    assert all(each.changed == 0 for each in controller.launch("servers"))
