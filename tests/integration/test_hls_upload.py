# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The door beside a closed bucket, simulated and real: the plan warns of it and the check finds it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

import pytest

from stand_ins.ams import Fleet
from stand_ins.aws import AwsStandIn
from tests.harness.playbook import PlaybookRun, run_playbook

COLLECTION = "antmedia.s3_recording"
FOLDER = "live/streams"
RIGHTS = ("s3:ListBucket", "s3:GetObject", "s3:PutObject", "s3:PutObjectAcl")
DOOR_OF_PLAN = "ipFilterEnabled is false: whoever reaches the server can read and overwrite each recording"
DOOR_OF_CHECK = "ipFilterEnabled is false, so everybody who reaches the server has access"


class Server(Protocol):
    """What the simulated and the real server have in common."""

    url: str
    email: str
    password: str

    def settings(self, app: str) -> dict[str, Any]:
        """All of an application."""

    def change_settings(self, app: str, changes: Mapping[str, Any]) -> None:
        """As somebody else would."""


class Simulated:
    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        host = fleet.hosts[0]
        self.url, self.email, self.password = host.url, host.email, host.password

    def settings(self, app: str) -> dict[str, Any]:
        return self.fleet.settings(0, app)

    def change_settings(self, app: str, changes: Mapping[str, Any]) -> None:
        self.fleet.set_settings(0, app, changes)


class Site:
    """A server that records to a closed bucket, with the key that the role would give it."""

    def __init__(self, server: Server, aws: AwsStandIn) -> None:
        self.server, self.aws = server, aws
        self.bucket = f"door-{uuid.uuid4().hex[:12]}"
        place = {"LocationConstraint": aws.region}
        aws.client("s3").create_bucket(Bucket=self.bucket, CreateBucketConfiguration=place)
        resources = [f"arn:aws:s3:::{self.bucket}", f"arn:aws:s3:::{self.bucket}/*"]
        allowed = {"Effect": "Allow", "Action": RIGHTS, "Resource": resources}
        key = aws.make_user({"Version": "2012-10-17", "Statement": [allowed]})
        self.recording: dict[str, Any] = {
            "s3RecordingEnabled": True,
            "s3BucketName": self.bucket,
            "s3RegionName": aws.region,
            "s3Endpoint": aws.endpoint_url,
            "s3PathStyleAccessEnabled": True,
            "s3Permission": "bucket-owner-full-control",
            "s3StreamsFolderPath": FOLDER,
            "s3AccessKey": key.access_key_id,
            "s3SecretKey": key.secret_access_key,
        }
        server.change_settings("live", self.recording)

    def run(self, module: str, *warnings: str, rc: int = 0, **options: Any) -> PlaybookRun:
        """Runs one task of a module, with the warnings that it must give."""
        who = {"url": self.server.url, "email": self.server.email, "password": self.server.password}
        keywords = {name: options.pop(name) for name in ("check_mode",) if name in options}
        task = {"name": "Task", f"{COLLECTION}.{module}": {**who, **options}, **keywords}
        return run_playbook(
            [{"hosts": "localhost", "gather_facts": False, "tasks": [task]}],
            env=self.aws.env(),
            expected_rc=rc,
            expected_warnings=warnings,
        )

    def check(self, *warnings: str, rc: int = 0, **options: Any) -> dict[str, Any]:
        """Returns the link of the door."""
        apps = [{"name": "live"}]
        run = self.run("recording_check", *warnings, rc=rc, apps=apps, wait_timeout=0, **options)
        links = run.task("Task")["checks"]
        assert [each["check"] for each in links if not each["ok"]] == (["hls-upload"] if rc else [])
        listed = self.aws.client("s3").list_objects_v2(Bucket=self.bucket)
        assert listed["KeyCount"] == 0
        assert self.recording["s3SecretKey"] not in json.dumps([each.result for each in run.results])
        (door,) = [each for each in links if each["check"] == "hls-upload"]
        return dict(door)


@pytest.fixture(params=["simulated", pytest.param("real", marks=pytest.mark.real_ams)])
def site(request: pytest.FixtureRequest, aws: AwsStandIn) -> Iterator[Site]:
    if request.param == "simulated":
        server: Server = Simulated(request.getfixturevalue("fleet"))
    else:
        server = request.getfixturevalue("real_ams")
    before = server.settings("live")
    yield Site(server, aws)
    server.change_settings("live", before)


def test_a_closed_bucket_is_not_closed_without_the_filter(site: Site) -> None:
    """What nothing said before: the plan warns, and the check fails with what to do, where it was green."""
    known = site.check()
    assert known["actual"] == (
        "200 and the recording without a header; 403 with X-Forwarded-For: 203.0.113.7; not judged from "
        "here: the check runs from 127.0.0.1, which the filter allows"
    )
    off: dict[str, Any] = {"app": "live", "settings": {"ipFilterEnabled": False}}
    assert site.run("ams_app_settings", DOOR_OF_PLAN, check_mode=True, **off).changed == 1
    assert site.server.settings("live")["ipFilterEnabled"] is True
    site.run("ams_app_settings", DOOR_OF_PLAN, **off)
    # Also where there is nothing to change.
    assert site.run("ams_app_settings", DOOR_OF_PLAN, **off).changed == 0
    found = site.check(rc=2)
    assert DOOR_OF_CHECK in found["actual"]
    assert found["remedy"].startswith("Set ipFilterEnabled to true")
    assert site.check(DOOR_OF_CHECK, closed=False)["ok"]


def test_a_filter_that_lets_others_in_is_warned_of(site: Site) -> None:
    wide: dict[str, Any] = {"app": "live", "settings": {"remoteAllowedCIDR": "10.0.0.0/8"}}
    plan = "remoteAllowedCIDR allows 10.0.0.0/8: everybody there can read and overwrite"
    site.run("ams_app_settings", plan, **wide)
    found = site.check(
        plan, "everybody who can send X-Forwarded-For: 10.0.0.1 through a proxy in front of it"
    )
    assert found["actual"].startswith(
        "403 without a header; 403 with X-Forwarded-For: 127.0.0.1; 200 and the recording with "
        "X-Forwarded-For: 10.0.0.1"
    )
