# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""import_recordings.yml: what never reached the bucket is there afterwards, before viewers are sent there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from stand_ins.ams import Fleet
from stand_ins.aws import AwsStandIn
from stand_ins.real_ams import RealAms, unavailable
from stand_ins.waiting import wait_for
from tests.harness.blocks import RESULT, block, failed_hosts
from tests.harness.expected_changes import SERVERS_OWN
from tests.harness.playbook import PlaybookRun, run_playbook
from tests.harness.site_variables import site_variables

from .test_site_real import BUCKET as REAL_BUCKET
from .test_site_real import MP4_ALONE, RealSite
from .test_site_real import REGION as REAL_REGION

PREFIX = "antmedia.s3_recording."
SITE, IMPORT, VERIFY = (f"{PREFIX}{name}" for name in ("site", "import_recordings", "verify"))
BUCKET, OLD = "imported-recordings", 7200
ODD = "ä b#1%20.mp4"
NOT_FORWARDED = {"s3_recording_forwarding": False}


class Imported:
    """A fleet that records to one bucket, and has recordings of before."""

    def __init__(self, aws: AwsStandIn, fleet: Fleet, folder: Path) -> None:
        self.aws, self.fleet, self.folder = aws, fleet, folder

    def run(self, playbook: str, **options: Any) -> PlaybookRun:
        self.aws.clear_requests()
        shared = site_variables(
            self.aws, self.fleet, s3_recording_backup_dir=str(self.folder), s3_recording_bucket=BUCKET
        )
        hosts = {
            f"ams-{number}": {"s3_recording_ams_url": host.url, "s3_recording_prefix": f"ams-{number}"}
            for number, host in enumerate(self.fleet.hosts)
        }
        extra = {**NOT_FORWARDED, **options.pop("extra_vars", {})}
        inventory = {"all": {"hosts": hosts, "vars": shared}}
        return run_playbook(playbook, inventory=inventory, env=self.aws.env(), extra_vars=extra, **options)

    def add(self, host: int, name: str, content: bytes, age: float = OLD, kind: str = "streamVod") -> None:
        self.fleet.add_recordings(host, "live", [name], kind, age=age, size=len(content))
        self.fleet.add_file(host, "live", f"streams/{name}", content, age=age)

    def objects(self) -> dict[str, bytes]:
        s3 = self.aws.client("s3")
        listed = s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])
        return {each["Key"]: s3.get_object(Bucket=BUCKET, Key=each["Key"])["Body"].read() for each in listed}


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Imported]:
    with AwsStandIn() as aws, Fleet(hosts=3) as fleet:
        made = Imported(aws, fleet, tmp_path_factory.mktemp("backups"))
        made.run(SITE)
        yield made


def test_a_fleet_is_imported_verified_and_then_forwarded(imported: Imported) -> None:
    imported.add(0, "a.mp4", b"of the first server")
    imported.add(0, ODD, b"with an odd name")
    imported.add(1, "a.mp4", b"of the second one")
    imported.add(1, "film.mp4", b"of a user", kind="uploadedVod")
    run = imported.run(IMPORT, arguments=("--check",))
    assert block(run, RESULT)[0] == "4 recordings (61 bytes) would be copied"
    assert imported.objects() == {}

    run = imported.run(IMPORT)
    first, *lines = block(run, RESULT)
    assert first == "4 recordings (61 bytes) copied and verified"
    assert (
        lines
        == [
            f"ams-0: live: 2 of 2 recordings copied to s3://{BUCKET}/ams-0/streams/ (35 bytes)",
            f"ams-1: live: 2 of 2 recordings copied to s3://{BUCKET}/ams-1/streams/ (26 bytes)",
            "nothing to import: ams-2",
        ]
        or lines[-1] == "nothing to import: ams-2"
    )
    assert imported.objects() == {
        "ams-0/streams/a.mp4": b"of the first server",
        f"ams-0/streams/{ODD}": b"with an odd name",
        "ams-1/streams/a.mp4": b"of the second one",
        "ams-1/streams/film.mp4": b"of a user",
    }
    assert {host: counts["changed"] for host, counts in run.recap.items()} == {
        "ams-0": 1,
        "ams-1": 1,
        "ams-2": 0,
    }

    again = imported.run(IMPORT)
    assert again.changed == 0
    assert imported.aws.writes() == []
    assert block(again, RESULT) == [
        "0 recordings (0 bytes) copied and verified",
        "nothing to import: ams-0, ams-1 and ams-2",
    ]
    run = imported.run(VERIFY, extra_vars={"s3_recording_backlog_max": 0})
    assert not [line for line in block(run, RESULT) if line.startswith("! ")]

    expected = ["AMS never puts recordings uploaded by users (1) into S3"]
    imported.run(SITE, extra_vars={"s3_recording_forwarding": True}, expected_warnings=expected)
    for host, content in ((0, b"of the first server"), (1, b"of the second one")):
        answer = requests.get(f"{imported.fleet.hosts[host].url}/live/streams/a.mp4", timeout=10)
        assert (answer.content, len(answer.history)) == (content, 1)

    # Now only the other way can read them.
    imported.add(2, "late.mp4", b"late")
    run = imported.run(IMPORT, extra_vars={"s3_recording_forwarding": True}, expected_rc=2)
    assert failed_hosts(run) == ["ams-2"]
    text = " ".join(block(run, RESULT))
    assert "it forwards their viewers to where they are not yet" in text
    assert "from the server's disk over ssh, by ansible_connection=ssh for this host" in text


@pytest.fixture
def untouched(tmp_path: Path) -> Iterator[Imported]:
    """Servers that have recordings, and have never recorded to S3."""
    with AwsStandIn() as aws, Fleet(hosts=2) as fleet:
        made = Imported(aws, fleet, tmp_path)
        made.add(0, "a.mp4", b"of the first server")
        made.add(0, "new.mp4", b"of the last hour", age=60)
        made.add(1, "a.mp4", b"of the second one")
        yield made


BEFORE_FORWARDING = {"s3_recording_import": True, "s3_recording_forwarding": True}


def test_site_imports_before_it_forwards(untouched: Imported) -> None:
    fleet = untouched.fleet
    run = untouched.run(SITE, extra_vars=BEFORE_FORWARDING)
    assert "Imported     3 recordings (52 bytes)" in block(run, RESULT)
    assert set(untouched.objects()) == {
        "ams-0/streams/a.mp4",
        "ams-0/streams/new.mp4",
        "ams-1/streams/a.mp4",
    }
    seen = [f"{each['method']} {each['path']}" for each in fleet.requests(1)]
    read = seen.index("GET /live/streams/a.mp4")
    written = [
        number for number, each in enumerate(seen) if each == "POST /rest/v2/applications/settings/live"
    ]
    assert len(written) == 2
    assert written[0] < read < written[1]
    answer = requests.get(f"{fleet.hosts[0].url}/live/streams/new.mp4", timeout=10)
    assert (answer.content, len(answer.history)) == (b"of the last hour", 1)
    again = untouched.run(SITE, extra_vars=BEFORE_FORWARDING)
    assert again.changed == 0
    assert not [line for line in block(again, RESULT) if line.startswith("Imported")]


def test_what_cannot_be_imported_keeps_playing(untouched: Imported) -> None:
    untouched.add(1, "x..y.mp4", b"a name that AMS forwards to nobody")
    before = untouched.fleet.settings(1, "live")
    run = untouched.run(SITE, extra_vars=BEFORE_FORWARDING, expected_rc=2)
    assert failed_hosts(run) == ["ams-1"]
    text = " ".join(block(run, RESULT))
    assert "No viewer is forwarded, since recordings could not be imported" in text
    assert "x..y.mp4" in text
    after = untouched.fleet.settings(1, "live")
    assert {name for name in after if after[name] != before[name]} <= SERVERS_OWN
    answer = requests.get(f"{untouched.fleet.hosts[1].url}/live/streams/a.mp4", timeout=10)
    assert (answer.content, answer.history) == (b"of the second one", [])


def test_over_http_nothing_is_deleted(imported: Imported) -> None:
    run = imported.run(IMPORT, extra_vars={"s3_recording_import_delete": True}, expected_rc=2)
    assert len(failed_hosts(run)) == 3
    assert "over HTTP no recording can be deleted" in run.stdout


def test_variables_that_cannot_work_are_refused(imported: Imported) -> None:
    run = imported.run(IMPORT, extra_vars={"s3_recording_import_connections": 33}, expected_rc=2)
    assert "s3_recording_import_connections must be from 1 to 32" in run.stdout


@pytest.fixture
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealSite]:
    with AwsStandIn() as aws, RealAms() as ams:
        made = RealSite(aws, ams, tmp_path_factory.mktemp("inventory"), **MP4_ALONE, **NOT_FORWARDED)
        made.run()
        yield made


@pytest.mark.real_ams
@pytest.mark.skipif(unavailable() is not None, reason=str(unavailable()))
def test_a_real_server_that_had_no_permission_for_a_while(site: RealSite) -> None:
    user, iam = f"{REAL_BUCKET}-recording", site.aws.client("iam")
    policy = iam.get_user_policy(UserName=user, PolicyName="recordings")["PolicyDocument"]
    statements = [
        {**each, "Action": [action for action in each["Action"] if action != "s3:PutObject"]}
        if isinstance(each["Action"], list)
        else each
        for each in policy["Statement"]
    ]
    without = {**policy, "Statement": statements}
    iam.put_user_policy(UserName=user, PolicyName="recordings", PolicyDocument=json.dumps(without))
    site.ams.publish("live", "refused", 4)
    assert wait_for(lambda: any(each["streamId"] == "refused" for each in site.ams.recordings("live")))
    failed = "Upload failed with key streams/refused.mp4"
    assert wait_for(lambda: failed in site.ams.log_text()), site.ams.log_text()[-3000:]
    iam.put_user_policy(UserName=user, PolicyName="recordings", PolicyDocument=json.dumps(policy))
    assert site.keys() == set()
    content = (site.ams.app_dir("live") / "streams" / "refused.mp4").read_bytes()

    def run(playbook: str, **variables: Any) -> PlaybookRun:
        given = {"s3_recording_import_min_age": 0, **variables}
        return run_playbook(playbook, inventory=site.inventory, env=site.aws.env(), extra_vars=given)

    imported = run(IMPORT)
    assert block(imported, RESULT)[0] == f"1 recording ({len(content) / 1000:.1f} kB) copied and verified"
    s3 = site.aws.client("s3", region_name=REAL_REGION)
    stored = s3.get_object(Bucket=REAL_BUCKET, Key="streams/refused.mp4")
    assert stored["Body"].read() == content
    assert stored["ContentType"] == "video/mp4"
    assert stored["CacheControl"] == site.settings("live")["s3CacheControl"]
    assert run(IMPORT).changed == 0
    verified = run(VERIFY, s3_recording_backlog_max=0)
    assert not [line for line in block(verified, RESULT) if line.startswith("! ")]

    run(SITE, s3_recording_forwarding=True)
    answer = requests.get(f"{site.ams.url}/live/streams/refused.mp4", timeout=30)
    assert (answer.content, len(answer.history)) == (content, 1)
