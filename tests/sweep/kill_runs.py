# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs a playbook, kills it at a request, runs the next one, and looks for what is left over."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Set
from contextlib import suppress
from pathlib import Path
from typing import Any

from ansible_collections.antmedia.s3_recording.plugins.module_utils._check.leftovers import PROBE, is_of_check

from tests.harness.expected_changes import SERVERS_OWN

from .kill_cases import AWS, BATCH_FAILS, Case, Kill
from .world import BUCKET, USER, World

PATIENCE = 120
FOREVER = 3600
SETTINGS = "/applications/settings/"
SECOND = 1


def kill(world: World, playbook: str, at: Kill, **extra: Any) -> None:
    """Start a run and end it, with all of its processes, at a request that never gets its answer."""
    world.fleet.clear_requests()
    if at.at == AWS:
        when = "after" if at.after else "before"
        world.aws.fault("*", skip=at.nth - 1, delay=FOREVER, when=when, writes=at.writes)
    else:
        only = {"method": "POST", "path": SETTINGS} if at.writes else {}
        world.fleet.fault(SECOND, "slow", nth=at.nth, times=1, seconds=FOREVER, late=at.after, **only)
    command, env = world.command(playbook, **extra)
    with (
        open(world.folder / "killed", "ab") as output,
        subprocess.Popen(
            command, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        ) as run,
    ):
        try:
            _until_met(world, at, run)
        finally:
            _kill_all(run.pid)
    world.aws.clear_faults()
    world.fleet.clear_faults()


def _until_met(world: World, at: Kill, run: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + PATIENCE
    while not _is_met(world, at):
        said = (world.folder / "killed").read_text(errors="replace")
        assert run.poll() is None, f"the run ended before {at}:\n{said}"
        assert time.monotonic() < end, f"{at} did not come:\n{said}"
        time.sleep(0.1)


def _is_met(world: World, at: Kill) -> bool:
    if at.at == AWS:
        return not world.aws.faults()
    seen = world.fleet.writes(SECOND) if at.writes else world.fleet.requests(SECOND)
    return len(seen) >= at.nth


def _kill_all(pid: int) -> None:
    """With the workers, which newer releases of Ansible put in sessions of their own."""
    family = [pid]
    for each in family:
        family += _children(each)
    for each in family:
        with suppress(ProcessLookupError):
            os.kill(each, signal.SIGKILL)


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for path in Path("/proc", str(pid), "task").glob("*/children"):
        with suppress(OSError):
            found += [int(child) for child in path.read_text().split()]
    return found


# --- cases


def run_case(world: World, case: Case) -> None:
    world.variables |= {"s3_recording_key_delete_after": 0}
    extra: dict[str, Any] = {}
    if case.playbook not in ("site", "servers"):
        world.run("site")
    if case.playbook == "servers":
        world.run("storage")
    if case.playbook == "rollback":
        extra = {"s3_recording_rollback_run": run_in(world)}
    if case.then == BATCH_FAILS:
        # One server after the other, so that a kill is between two of them.
        world.env["ANSIBLE_FORKS"] = "1"
    for each in case.kills:
        kill(world, case.playbook, each, **extra)
    # The object of a killed check is not old enough yet for the next run to remove it, see leftovers.OLD.
    killed = {key for key in world.objects() if is_of_check(key, PROBE)}
    if case.then == "rollback":
        extra = {"s3_recording_rollback_run": run_in(world)}
    ENDS[case.then](world, extra)
    nothing_is_left(world, killed)


def run_in(world: World) -> str:
    """The run that the backups name, which of a killed run only they do."""
    names = {
        name
        for path in world.backups.glob("*.json")
        for name in re.findall(r'"run": "(\w+)"', path.read_text())
    }
    (name,) = names
    return name


def _site(world: World, _extra: dict[str, Any]) -> None:
    world.run("site", expected_warnings=None)
    again = world.run("site")
    assert again.changed == 0, again.describe()
    _one_key_works(world)


def _rotate_key(world: World, _extra: dict[str, Any]) -> None:
    world.run("rotate_key", expected_warnings=None)
    again = world.run("site")
    assert again.changed == 0, again.describe()
    _one_key_works(world)


def _decommission(world: World, _extra: dict[str, Any]) -> None:
    world.run("decommission", expected_warnings=None)
    again = world.run("decommission", expected_warnings=None)
    assert again.changed == 0, again.describe()
    assert USER not in [each["UserName"] for each in world.aws.client("iam").list_users()["Users"]]
    assert world.key() == {}
    for number in range(len(world.names)):
        now = world.settings(number)
        assert (now["s3RecordingEnabled"], now["s3SecretKey"], now["s3BucketName"]) == (False, "", "")


def _rollback(world: World, extra: dict[str, Any]) -> None:
    world.run("rollback", extra_vars=extra, expected_warnings=None)
    _is_as_before(world)
    again = world.run("rollback", extra_vars=extra, expected_rc=2, expected_warnings=None)
    assert again.changed == 0, again.describe()


def _batch_fails(world: World, _extra: dict[str, Any]) -> None:
    """Half a batch was taken back, and the other half called "As before the run"."""
    began = [name for number, name in enumerate(world.names) if world.settings(number)["s3BucketName"]]
    assert began, "the killed run has written to a server"
    if world.names[SECOND] in began:
        # Nothing is left to write, and the check fails.
        world.fleet.fault(SECOND, "status", status=404, method="GET", path="/live/streams/recording-check")
    else:
        # After a 500 the backup is kept on purpose, since the write may have been carried out.
        world.fleet.fault(SECOND, "status", status=400, method="POST", path=SETTINGS, times=1)
    failed = world.run("servers", expected_rc=2, expected_warnings=None)
    world.fleet.clear_faults()
    _is_as_before(world)
    said = failed.output
    assert "The rollout was stopped" in said
    (back,) = re.findall(r"The previous settings are restored on (.+?)\.", said)
    assert set(began) <= set(back.split(", ")), said
    assert not [
        name for name in began if re.search(rf"(As before the run|Nothing was written to):? .*{name}", said)
    ]


def _is_as_before(world: World) -> None:
    for number, before in enumerate(world.before):
        now = world.settings(number)
        differing = {name: now[name] for name in now if now[name] != before[name]}
        assert set(differing) <= SERVERS_OWN, differing


def _one_key_works(world: World) -> None:
    keys = world.aws.client("iam").list_access_keys(UserName=USER)["AccessKeyMetadata"]
    assert [each["AccessKeyId"] for each in keys] == [world.key()["access_key_id"]]
    for number in range(len(world.names)):
        now = world.settings(number)
        assert (now["s3AccessKey"], now["s3BucketName"]) == (world.key()["access_key_id"], BUCKET)


ENDS = {
    "site": _site,
    "rotate_key": _rotate_key,
    "decommission": _decommission,
    "rollback": _rollback,
    BATCH_FAILS: _batch_fails,
}


def nothing_is_left(world: World, but: Set[str] = frozenset()) -> None:
    """Neither objects and uploads in the bucket nor locks, halves of files and secrets on the controller."""
    assert set(world.objects()) <= but
    if BUCKET in [each["Name"] for each in world.aws.client("s3").list_buckets()["Buckets"]]:
        assert world.aws.client("s3").list_multipart_uploads(Bucket=BUCKET).get("Uploads", []) == []
    kept = sorted(path.name for path in world.backups.glob("*")) if world.backups.exists() else []
    over = [name for name in kept if name.startswith(".") or ".unverified." in name]
    assert not over, over
    backups = [path for path in world.backups.glob("*.json") if ".restored." not in path.name]
    for path in backups:
        assert json.loads(path.read_text())["layers"]
    password = str(world.variables["s3_recording_ams_password"])
    secrets = [password, world.key().get("secret_access_key") or password]
    for path in world.left_files():
        text = path.read_bytes().decode(errors="replace")
        assert not any(secret in text for secret in secrets), path
