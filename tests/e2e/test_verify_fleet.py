# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A fleet is verified in one task: what is the same is tried once, and exactly the broken servers are named.

VERIFIED_SERVERS=300 python -m pytest tests/e2e/test_verify_fleet.py tries it with as many.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stand_ins.ams import Fleet
from stand_ins.ansible_environment import PYTHON
from stand_ins.aws import AwsStandIn
from stand_ins.ssh import Sshd, unavailable
from tests.harness.blocks import RESULT, block, failed_hosts
from tests.harness.playbook import PlaybookRun, run_playbook
from tests.harness.saved_site import SavedSite
from tests.harness.site_variables import site_variables

SITE, VERIFY = (f"antmedia.s3_recording.{name}" for name in ("site", "verify"))
SERVERS = max(12, int(os.environ.get("VERIFIED_SERVERS", "12")))
REGION = "eu-west-1"
PUBLIC, PRIVATE = "public-recordings", "private-recordings"
# Every third server records to the bucket that is closed.
STALE, ORIGIN, DOOR, DEAD = 1, 4, 3, 7
PLAYER = "https://player.example.com"


class Verified:
    """A fleet that records to two buckets, and of which site.yml has set up every server."""

    def __init__(self, aws: AwsStandIn, fleet: Fleet, folder: Path) -> None:
        self.aws, self.fleet, self.folder = aws, fleet, folder
        self.names = [f"ams-{number}" for number in range(len(fleet.hosts))]

    def is_private(self, number: int) -> bool:
        return number % 3 == 0

    def run(self, playbook: str, of_host: Any = None, **options: Any) -> PlaybookRun:
        self.aws.clear_requests()
        self.fleet.clear_requests()
        shared = site_variables(self.aws, self.fleet, s3_recording_backup_dir=str(self.folder))
        hosts = {
            name: {
                "s3_recording_ams_url": host.url,
                "s3_recording_bucket": PRIVATE if self.is_private(number) else PUBLIC,
                "s3_recording_delivery": "private" if self.is_private(number) else "public",
                **(of_host or {}).get(name, {}),
            }
            for number, (name, host) in enumerate(zip(self.names, self.fleet.hosts))
        }
        inventory = {"all": {"hosts": hosts, "vars": shared}}
        return run_playbook(playbook, inventory=inventory, env=self.aws.env(), **options)

    def puts(self) -> list[str]:
        """Return where test objects were put, whether or not that was refused."""
        requests = [each for each in self.aws.requests() if each["method"] == "PUT"]
        return sorted(each["path"].partition("/recording-check-")[0] for each in requests)

    def left(self) -> list[str]:
        s3 = self.aws.client("s3")
        listed = [s3.list_objects_v2(Bucket=bucket).get("Contents", []) for bucket in (PUBLIC, PRIVATE)]
        return [each["Key"] for objects in listed for each in objects]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SavedSite]:
    folder = tmp_path_factory.mktemp("site")
    with AwsStandIn() as aws, Fleet(hosts=SERVERS) as fleet:
        Verified(aws, fleet, folder).run(SITE)
        yield SavedSite(aws, fleet, folder)


@pytest.fixture
def verified(site: SavedSite, tmp_path: Path) -> Verified:
    site.restore(tmp_path)
    return Verified(site.aws, site.fleet, tmp_path)


def test_exactly_the_broken_servers_are_named_with_what_to_do(verified: Verified) -> None:
    verified.fleet.set_settings(STALE, "live", {"s3SecretKey": "the-secret-of-last-year"})
    verified.fleet.set_settings(DOOR, "live", {"ipFilterEnabled": False})
    verified.fleet.restart(DEAD, 3600)
    run = verified.run(
        VERIFY, {verified.names[ORIGIN]: {"s3_recording_cors_extra_origins": [PLAYER]}}, expected_rc=2
    )
    broken = [verified.names[number] for number in sorted((STALE, ORIGIN, DOOR, DEAD))]
    assert sorted(failed_hosts(run), key=verified.names.index) == broken

    first, *lines = block(run, RESULT)
    assert first.startswith(f"4 of {SERVERS} servers failed. ")
    said = {
        name: [line for line in lines if line.startswith(f"! {name}: ")]
        for name in (verified.names[number] for number in (STALE, ORIGIN, DOOR, DEAD))
    }
    for number, check, remedy in (
        (STALE, "SignatureDoesNotMatch", "run servers.yml, which takes both from the key store"),
        (ORIGIN, f"cors for {PLAYER}", "CORS"),
        (DOOR, "hls-upload", "Set ipFilterEnabled to true"),
        (DEAD, "refused", "Is the server running"),
    ):
        text = " ".join(said[verified.names[number]])
        assert check in text, text
        assert remedy in text, text
    assert {line for line in lines if line.startswith("! ")} == {
        text for each in said.values() for text in each
    }
    passed = [each for each in run.of_step("check") if each.status == "ok"]
    assert sorted(each.host for each in passed) == sorted(set(verified.names) - set(broken))
    assert verified.left() == []


def test_what_is_the_same_is_tried_once(verified: Verified) -> None:
    run = verified.run(VERIFY)
    folders = sorted(f"/{bucket}/streams" for bucket in (PUBLIC, PRIVATE))
    assert verified.puts() == folders
    assert verified.left() == []
    for number in range(SERVERS):
        assert len(verified.fleet.logins(number)) == 1
        # One for the console, and one for viewers.
        assert verified.fleet.connections(number) == 2
        paths = [each["path"] for each in verified.fleet.requests(number)]
        redirects = [path for path in paths if path.startswith("/live/streams/recording-check-")]
        assert len(redirects) == (0 if verified.is_private(number) else 1)
    assert {each.host for each in run.of_step("check")} == set(verified.names)
    checks = {each.host: [check["check"] for check in each["checks"]] for each in run.of_step("check")}
    assert checks["ams-0"] == ["settings", "list", "head", "put", "hls-upload", "remove", "backlog"]
    assert checks["ams-1"][:7] == ["settings", "list", "head", "put", "redirect", "get", "range"]
    assert checks["ams-1"][-3:] == ["hls-upload", "remove", "backlog"]


def test_recordings_that_are_not_in_the_bucket_are_counted(verified: Verified) -> None:
    fleet, two_hours = verified.fleet, 7200
    fleet.add_recordings(1, "live", ["a.mp4", "b.mp4", "c.mp4"], age=two_hours)
    fleet.add_recordings(2, "live", ["d.mp4"], age=two_hours)
    fleet.add_recordings(2, "live", ["on-its-way.mp4"])
    fleet.add_recordings(4, "live", ["film.mp4"], "uploadedVod", age=two_hours)
    verified.aws.client("s3").put_object(Bucket=PUBLIC, Key="streams/b.mp4", Body=b"b")
    run = verified.run(VERIFY)
    lines = [line for line in block(run, RESULT) if line.startswith("! ")]
    assert len(lines) == 2
    assert lines[0].startswith(f"! 3 recordings are not in s3://{PUBLIC}/streams/ (3.0 MB, made ")
    assert lines[0].endswith(
        ": ams-1 2 of 3 and ams-2 1 of 1. import_recordings.yml copies them, AMS does not"
    )
    assert lines[1].startswith(f"! 1 recording is not in s3://{PUBLIC}/streams/, since AMS uploads only")
    listings = [
        each for each in verified.aws.requests("s3:ListBucket") if "prefix=streams%2F&" in each["path"]
    ]
    assert len(listings) == 1

    run = verified.run(VERIFY, expected_rc=2, extra_vars={"s3_recording_backlog_max": 1})
    assert failed_hosts(run) == [verified.names[1]]
    (line,) = [line for line in block(run, RESULT) if line.startswith("! ams-1: ")]
    assert "2 of 3 are missing (2000000 bytes, made from" in line
    assert "An upload works now. AMS does not upload old recordings later" in line

    # A server that is changed is not rolled back for what it did not upload before.
    fleet.set_settings(1, "live", {"s3RegionName": "us-west-2"})
    run = verified.run(SITE, expected_rc=2, extra_vars={"s3_recording_backlog_max": 0})
    assert failed_hosts(run) == [verified.names[2]]
    assert fleet.settings(1, "live")["s3RegionName"] == verified.aws.region

    run = verified.run(VERIFY, extra_vars={"s3_recording_verify_backlog": False})
    assert [line for line in block(run, RESULT) if line.startswith("! ")] == []


@pytest.mark.skipif(unavailable() is not None, reason=str(unavailable()))
def test_a_server_behind_ssh_is_verified_there_with_its_disk(verified: Verified, tmp_path: Path) -> None:
    streams = tmp_path / "antmedia" / "webapps" / "live" / "streams"
    streams.mkdir(parents=True)
    lost = streams / "lost.mp4.tmp_extension"
    lost.write_bytes(b"12345")
    os.utime(lost, (0, 0))
    credentials = "".join(f"export {name}='{value}'\n" for name, value in verified.aws.env().items())
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\n{credentials}exec {PYTHON} "$@"\n')
    python.chmod(0o700)
    one = verified.names[1]
    with Sshd() as ssh:
        there = {**ssh.variables(), "ansible_python_interpreter": str(python)}
        there["s3_recording_ams_dir"] = str(tmp_path / "antmedia")
        run = verified.run(VERIFY, {one: there})
    (line,) = [line for line in block(run, RESULT) if line.startswith("! ")]
    assert line.startswith(f"! 1 recording is on the disk of {one} (1) as NAME.mp4.tmp_extension (5 bytes)")
    passed = {each.host for each in run.of_step("check") if each.status == "ok"}
    assert passed == set(verified.names)
    assert verified.left() == []


def test_a_server_that_was_verified_lately_is_not_verified_again(verified: Verified) -> None:
    lately = {"extra_vars": {"s3_recording_verify_every": "12h"}}
    verified.run(SITE, **lately)
    run = verified.run(SITE, **lately)
    assert verified.puts() == []
    assert f"{SERVERS} servers: verified less than a minute ago, and not again" in run.stdout
    # Only for what was desired then, and only until something changes.
    run = verified.run(SITE, {verified.names[1]: {"s3_recording_cors_extra_origins": [PLAYER]}}, **lately)
    assert {each.host for each in run.of_step("check") if each.status == "ok"} >= {verified.names[1]}
    verified.fleet.set_settings(2, "live", {"s3RegionName": "us-west-2"})
    run = verified.run(SITE, {verified.names[1]: {"s3_recording_cors_extra_origins": [PLAYER]}}, **lately)
    assert [each.host for each in run.of_step("check") if each.status == "ok"] == [verified.names[2]]
    verified.run(VERIFY, **lately)
    assert len(verified.puts()) == 2


def test_a_server_with_another_release_or_other_authorities_is_verified_again(
    verified: Verified, tmp_path: Path
) -> None:
    authorities = tmp_path / "ca.pem"
    authorities.write_text("one")
    lately: dict[str, Any] = {
        "s3_recording_verify_every": "12h",
        "s3_recording_ams_ca_path": str(authorities),
    }
    verified.run(SITE, extra_vars=lately)
    # As if it had been upgraded since.
    path = verified.folder / "verifications.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    name = next(name for name in document["servers"] if verified.names[1] in name)
    assert document["servers"][name]["release"] == "2.17.1"
    document["servers"][name]["release"] = "2.16.2"
    path.write_text(json.dumps(document), encoding="utf-8")
    run = verified.run(SITE, extra_vars=lately)
    assert [each.host for each in run.of_step("check") if each.status == "ok"] == [verified.names[1]]
    run = verified.run(SITE, extra_vars=lately)
    assert [each.host for each in run.of_step("check") if each.status == "ok"] == []
    authorities.write_text("another")
    run = verified.run(SITE, extra_vars=lately)
    assert [each.host for each in run.of_step("check") if each.status == "ok"] == verified.names


def test_a_server_whose_verification_failed_is_verified_by_the_next_run(verified: Verified) -> None:
    """It had passed lately, and the next site.yml was green without asking it."""
    lately = {"extra_vars": {"s3_recording_verify_every": "12h"}}
    verified.run(SITE, **lately)
    verified.fleet.fault(1, "status", status=404, method="GET", path="/live/streams/recording-check")
    verified.run(VERIFY, expected_rc=2, **lately)
    verified.fleet.clear_faults()
    run = verified.run(SITE, **lately)
    assert [each.host for each in run.of_step("check") if each.status == "ok"] == [verified.names[1]]


def test_the_live_check_walks_over_the_fleet(verified: Verified) -> None:
    """By default each run of verify.yml takes one server, whose turn is longest ago."""
    walk = {
        "extra_vars": {"s3_recording_live_test": "rotate"},
        "expected_warnings": None,
        "expected_rc": None,
    }
    seen = []
    for _run in range(2):
        run = verified.run(VERIFY, **walk)
        seen += [
            each.host
            for each in run.of_step("check")
            if any(check["check"].startswith("live") for check in each["checks"])
        ]
    assert seen == verified.names[:2]
    document = json.loads((verified.folder / "verifications.json").read_text(encoding="utf-8"))
    assert len(document["servers"]) == 2
