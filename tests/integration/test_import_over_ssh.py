# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Recordings that are imported from the disk of a server that is reached by ssh."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._check.clip import clip
from ansible_collections.antmedia.s3_recording.plugins.module_utils._import.parts import UNIT

from stand_ins.ams import Fleet
from stand_ins.aws import AwsStandIn
from stand_ins.ssh import Sshd, unavailable
from tests.harness.become import BECOME_NOBODY_ELSE
from tests.harness.playbook import PlaybookRun, run_playbook

pytestmark = pytest.mark.skipif(unavailable() is not None, reason=str(unavailable()))
MODULE = "antmedia.s3_recording.recordings_import"
BUCKET, FOLDER, OLD = "imported-over-ssh", "live/streams", 1_700_000_000
# Parts of a presigned URL.
OF_URLS = ("X-Amz-Signature", "X-Amz-Credential", "partNumber=")


class Site:
    """A server that is reached by ssh, with its disk, and a bucket."""

    def __init__(self, ssh: Sshd, fleet: Fleet, aws: AwsStandIn, folder: Path) -> None:
        self.ssh, self.fleet, self.aws, self.folder = ssh, fleet, aws, folder
        self.streams = folder / "ams" / "webapps" / "live" / "streams"
        self.streams.mkdir(parents=True)
        self.settings = {
            "s3BucketName": BUCKET,
            "s3RegionName": aws.region,
            "s3Endpoint": aws.endpoint_url,
            "s3PathStyleAccessEnabled": True,
        }
        more = {
            "s3RecordingEnabled": True,
            "s3StreamsFolderPath": FOLDER,
            "s3Permission": "bucket-owner-full-control",
        }
        fleet.set_settings(0, "live", {**self.settings, **more})

    def write(self, name: str, content: bytes, *, is_old: bool = True) -> bytes:
        path = self.streams / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        if is_old:
            os.utime(path, (OLD, OLD))
        return content

    def play(self, arguments: dict[str, Any] | None = None, **options: Any) -> PlaybookRun:
        host = self.fleet.hosts[0]
        keywords, variables = options.pop("keywords", {}), options.pop("variables", {})
        given: dict[str, Any] = {"url": host.url, "email": host.email, "password": host.password}
        given |= {"apps": [{"name": "live", "settings": self.settings}], "ams_dir": str(self.folder / "ams")}
        task = {"name": "Import", MODULE: {**given, **(arguments or {})}, **keywords}
        play = {"name": "Over ssh", "hosts": "all", "gather_facts": False, "tasks": [task]}
        inventory = {"all": {"hosts": {"ams": {**self.ssh.variables(), **variables}}}}
        env = {**self.aws.env(), **options.pop("env", {})}
        return run_playbook([play], inventory=inventory, env=env, **options)

    def app(self, arguments: dict[str, Any] | None = None, **options: Any) -> dict[str, Any]:
        return dict(self.play(arguments, **options).results[-1]["apps"][0])

    def objects(self) -> dict[str, bytes]:
        s3 = self.aws.client("s3")
        keys = [each["Key"] for each in s3.list_objects_v2(Bucket=BUCKET).get("Contents", ())]
        return {key: s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in keys}

    def on_disk(self) -> list[str]:
        return sorted(str(path.relative_to(self.streams)) for path in self.streams.rglob("*.*"))


@pytest.fixture(scope="module")
def started() -> Iterator[tuple[Sshd, Fleet, AwsStandIn]]:
    with Sshd() as ssh, Fleet(hosts=1, first_address="127.0.0.1") as fleet, AwsStandIn() as aws:
        s3 = aws.client("s3")
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": aws.region})
        yield ssh, fleet, aws


@pytest.fixture
def site(started: tuple[Sshd, Fleet, AwsStandIn], tmp_path: Path) -> Iterator[Site]:
    yield Site(*started, tmp_path)
    s3 = started[2].client("s3")
    started[2].clear_faults()
    for each in s3.list_objects_v2(Bucket=BUCKET).get("Contents", ()):
        s3.delete_object(Bucket=BUCKET, Key=each["Key"])
    for each in s3.list_multipart_uploads(Bucket=BUCKET).get("Uploads", ()):
        s3.abort_multipart_upload(Bucket=BUCKET, Key=each["Key"], UploadId=each["UploadId"])


def counts(app: dict[str, Any]) -> dict[str, int]:
    names = ("listed", "skipped", "present", "copied", "to_copy", "unfinished", "deleted", "kept")
    more = ("differing_count", "failed_count", "not_tried")
    return {name: app[name] for name in (*names, *more) if app[name]}


def test_check_mode_a_run_and_the_next_one(site: Site) -> None:
    """With names that are hard to quote, and a recording whose upload failed at once."""
    names = ["a b#%ü'.mp4", "sub/$(id).webm"]
    content = {f"{FOLDER}/{name}": site.write(name, os.urandom(2 * UNIT + 5)) for name in names}
    content[f"{FOLDER}/s.mp4"] = site.write("s.mp4.tmp_extension", clip())
    site.write("young.mp4", b"young", is_old=False)
    site.write("s.m3u8", b"#EXTM3U\n")

    planned = site.app(arguments={}, keywords={"check_mode": True})
    assert counts(planned) == {"listed": 4, "skipped": 1, "to_copy": 3, "unfinished": 1}
    assert site.objects() == {}

    run = site.play()
    result = run.results[-1]
    assert counts(result["apps"][0]) == {"listed": 4, "skipped": 1, "copied": 3, "unfinished": 1}
    assert result["msg"].startswith(
        "live: 3 of 4 recordings copied to s3://imported-over-ssh/live/streams/ (29.4 MB), 1 too young or "
        "expired, 1 of them with a name that AMS had not finished"
    )
    assert result.changed is True
    assert site.objects() == content

    again = site.play().results[-1]
    assert (again.changed, counts(again["apps"][0])) == (False, {"listed": 4, "skipped": 1, "present": 3})
    assert len(site.on_disk()) == 5


def test_what_is_verified_is_deleted_if_that_is_desired(site: Site) -> None:
    content = site.write("new.mp4", b"new")
    site.write("same.mp4", b"same")
    site.write("other.mp4", b"this")
    site.write("longer.mp4", b"longer")
    site.write("s.mp4.tmp_extension", clip())
    s3 = site.aws.client("s3")
    for name, body in (("same", b"same"), ("other", b"that"), ("longer", b"long")):
        s3.put_object(Bucket=BUCKET, Key=f"{FOLDER}/{name}.mp4", Body=body)
    app = site.app({"delete_local": True}, expected_warnings=["not replaced: longer.mp4, other.mp4"])
    found = {"listed": 5, "present": 1, "copied": 2, "unfinished": 1, "deleted": 3, "differing_count": 2}
    assert counts(app) == found
    assert site.on_disk() == ["longer.mp4", "other.mp4"]
    assert site.objects()[f"{FOLDER}/new.mp4"] == content
    assert site.objects()[f"{FOLDER}/other.mp4"] == b"that"


def test_what_cannot_be_imported_has_a_line_each(site: Site) -> None:
    site.write("good.mp4", b"good")
    site.write("broken.mp4.tmp_extension", clip()[:-1])
    site.write("empty.mp4", b"")
    site.write("two..dots.mp4", b"x")
    site.write("good.mp4.tmp_extension", clip())
    (site.streams / "link.mp4").symlink_to("/etc/passwd")
    said = (
        "live: 1 link on the server's disk not followed, so nothing that they lead to was imported: link.mp4"
    )
    run = site.play(expected_rc=2, expected_warnings=[said])
    failed = {each["name"]: each["reason"] for each in run.results[-1]["apps"][0]["failed"]}
    assert failed == {
        "broken.mp4.tmp_extension": "AMS has not finished it, and it is no whole MP4. A video tool may "
        "repair it",
        "empty.mp4": "it is empty",
        "good.mp4.tmp_extension": f"good.mp4 is for the same object, {FOLDER}/good.mp4",
        "two..dots.mp4": "AMS serves and forwards no name with two dots, or that leads out of the folder",
    }
    assert list(site.objects()) == [f"{FOLDER}/good.mp4"]


def test_a_disk_that_is_not_there(site: Site) -> None:
    run = site.play({"ams_dir": "/no/such/folder"}, expected_rc=2)
    said = run.results[-1]["msg"]
    assert "/no/such/folder/webapps/live/streams" in said
    assert "No such file or directory" in said


def test_a_server_without_a_usable_python(site: Site, tmp_path: Path) -> None:
    old = tmp_path / "python"
    # Modules run, the program does not.
    python = site.ssh.variables()["ansible_python_interpreter"]
    old.write_text(
        f'#!/bin/sh\n[ "$1" != -I ] || {{ echo "no option -I" >&2; exit 2; }}\nexec {python} "$@"\n'
    )
    old.chmod(0o755)
    site.write("a.mp4", b"x")
    run = site.play(variables={"ansible_python_interpreter": str(old)}, expected_rc=2)
    said = run.results[-1]["msg"]
    assert "it ended with 2 before it was done, and its last words are 'no option -I'" in said
    assert "It needs Python 3.7" in said


def test_a_bucket_that_was_not_requested(site: Site) -> None:
    site.write("a.mp4", b"x")
    apps = [{"name": "live", "settings": {**site.settings, "s3BucketName": "another-bucket"}}]
    run = site.play({"apps": apps}, expected_rc=2)
    assert "Nothing was sent to what the server names" in run.results[-1]["msg"]
    assert site.objects() == {}


def test_not_in_the_background(site: Site) -> None:
    run = site.play(keywords={"async": 60, "poll": 1}, expected_rc=2)
    assert "cannot run in the background (async)" in run.results[-1]["msg"]


class Processes:
    """Watches all command lines and environments of this machine."""

    def __init__(self) -> None:
        self.seen: set[str] = set()
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def _watch(self) -> None:
        while not self._ends.wait(0.01):
            for place in Path("/proc").glob("[0-9]*"):
                for name in ("cmdline", "environ"):
                    try:
                        self.seen.add(
                            (place / name).read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
                        )
                    except OSError:
                        continue

    def __enter__(self) -> Processes:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._ends.set()
        self._thread.join()


@pytest.mark.parametrize("become", [False, True])
def test_no_url_is_seen_anywhere(site: Site, tmp_path: Path, become: bool) -> None:
    """At the highest verbosity, with the debug output, for whoever lists processes; of a refused URL too."""
    site.write("a.mp4", os.urandom(UNIT + 5))
    site.aws.fault("s3:UploadPart", count=1, status=403, code="AccessDenied")
    (tmp_path / "nobody_else.py").write_text(BECOME_NOBODY_ELSE, encoding="utf-8")
    variables = {"ansible_become": True, "ansible_become_method": "nobody_else"} if become else {}
    env = {
        "ANSIBLE_DEBUG": "1",
        "ANSIBLE_BECOME_PLUGINS": str(tmp_path),
        "ANSIBLE_BECOME_ALLOW_SAME_USER": "1",
    }
    given = {"environment": {**site.aws.env(), "AWS_SESSION_HINT": "only-for-the-controller"}}
    more: dict[str, Any] = {"env": env, "variables": variables, "keywords": given, "expected_warnings": None}
    with Processes() as processes:
        run = site.play(verbosity=5, **more, expected_rc=2)
        again = site.play(verbosity=5, **more)
    assert "S3 answered 403 AccessDenied" in run.results[-1]["msg"]
    assert again.results[-1]["apps"][0]["copied"] == 1
    # It was there to be seen.
    assert [text for text in processes.seen if "sys.stdin.buffer.read(" in text]
    assert ("BECOME-SUCCESS" in run.output) is become
    there = [text for text in processes.seen if "sys.stdin" in text or "AnsiballZ_ams_server_info" in text]
    assert not [text for text in there if "only-for-the-controller" in text]
    for text in (*processes.seen, run.output, again.output, repr(run.results), repr(again.results)):
        assert not [part for part in OF_URLS if part in text]
