# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Recordings that are copied from a disk by the program of a server, which a shell here runs as ssh would."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.errors import CollectionError
from ansible_collections.antmedia.s3_recording.plugins.module_utils._import.parts import (
    UNIT,
    layout_of,
    md5_of,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._import.stored import base64_of
from ansible_collections.antmedia.s3_recording.plugins.module_utils._import.target import Target
from ansible_collections.antmedia.s3_recording.plugins.module_utils._import.transfer import Result
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._import import copying
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._import.copying import Copying
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._import.files import (
    ENDINGS,
    LocalFile,
    choose,
)
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._import.server import (
    Answer,
    Sending,
    Server,
)

from stand_ins.aws import AwsStandIn

from .conftest import BUCKET

FOLDER = "live/streams"
OLD = 1_700_000_000
NAMES = ["a b#%ü.mp4", "sub/b.mp4"]
SIGNED = "X-Amz-Signature"


class Disk:
    """A folder of recordings, a shell that runs commands there, and what was run."""

    def __init__(self, aws: AwsStandIn, folder: Path) -> None:
        self.aws, self.folder = aws, folder
        self.settings = {
            "s3BucketName": BUCKET,
            "s3RegionName": aws.region,
            "s3Endpoint": aws.endpoint_url,
            "s3PathStyleAccessEnabled": True,
            "s3Permission": "bucket-owner-full-control",
            "s3StreamsFolderPath": FOLDER,
        }
        self.target = Target(self.settings, timeout=10)
        self.server = Server(self.execute, sys.executable, str(folder))
        self.commands: list[str] = []
        self.printed: list[str] = []
        # Called before a command with its number, from 1.
        self.before: Callable[[int], object] = id

    def execute(self, command: str, data: bytes) -> Mapping[str, Any]:
        self.commands.append(command)
        self.before(len(self.commands))
        done = subprocess.run(
            ["sh", "-c", command], input=data, capture_output=True, check=False, timeout=120
        )
        self.printed.append((done.stdout + done.stderr).decode())
        return {"rc": done.returncode, "stdout": done.stdout.decode(), "stderr": done.stderr.decode()}

    def write(self, name: str, content: bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        os.utime(path, (OLD, OLD))
        return path

    def files(self) -> list[LocalFile]:
        choice = choose("live", self.server.files(ENDINGS), self.settings)
        assert choice.unusable == []
        self.commands.clear()
        return choice.files

    def copy(self, files: list[LocalFile], **sending: Any) -> tuple[dict[str, Result], Copying]:
        run = Copying(self.server, self.target, Sending(**{"wait": 0.01, **sending}))
        return {result.wanted.path: result for result in run.run(files)}, run

    def stored(self) -> dict[str, bytes]:
        s3 = self.aws.client("s3")
        keys = [each["Key"] for each in s3.list_objects_v2(Bucket=BUCKET).get("Contents", ())]
        return {key: s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in keys}

    def uploads(self) -> list[str]:
        listed = self.aws.client("s3").list_multipart_uploads(Bucket=BUCKET)
        return [each["Key"] for each in listed.get("Uploads", ())]


@pytest.fixture
def disk(aws: AwsStandIn, tmp_path: Path) -> Disk:
    return Disk(aws, tmp_path)


def states(results: Mapping[str, Result]) -> dict[str, str]:
    return {path: result.state for path, result in results.items()}


def test_recordings_are_copied(disk: Disk) -> None:
    contents = {NAMES[0]: os.urandom(2 * UNIT + 5), NAMES[1]: b"small", "c.webm": os.urandom(UNIT)}
    for name, content in contents.items():
        disk.write(name, content)
    results, run = disk.copy(disk.files())
    assert states(results) == dict.fromkeys(contents, "copied")
    assert disk.stored() == {f"{FOLDER}/{name}": content for name, content in contents.items()}
    assert disk.uploads() == []
    assert run.stopped_by is None
    s3 = disk.aws.client("s3")
    about = s3.head_object(Bucket=BUCKET, Key=f"{FOLDER}/{NAMES[0]}")
    assert (about["ContentType"], about["ETag"][-3:]) == ("video/mp4", '-3"')
    # Digests and parts of all of them, and neither in a command nor printed is anything of a URL.
    assert len(disk.commands) == 2
    assert not [text for text in disk.commands + disk.printed if SIGNED in text or "uploadId" in text]
    for file in disk.files():
        stored = disk.target.head(file.key)
        assert stored
        assert run.is_same(file, stored) is True


def test_the_recording_of_an_upload_that_failed_at_once(disk: Disk) -> None:
    whole = b"\0\0\0\x08ftyp\0\0\0\x09mdat1\0\0\0\x08moov"
    disk.write("s_1.mp4.tmp_extension", whole)
    results, _run = disk.copy(disk.files())
    assert states(results) == {"s_1.mp4": "copied"}
    assert disk.stored() == {f"{FOLDER}/s_1.mp4": whole}


def test_a_store_that_is_busy_for_a_while(disk: Disk) -> None:
    disk.write("a.mp4", os.urandom(UNIT + 5))
    disk.aws.fault("s3:UploadPart", count=3, status=503, code="SlowDown")
    results, _run = disk.copy(disk.files(), attempts=5)
    assert states(results) == {"a.mp4": "copied"}
    # Longer than a batch: each of its parts fails in two of them.
    disk.write("b.mp4", os.urandom(UNIT))
    disk.aws.fault("s3:UploadPart", count=4, status=503, code="SlowDown")
    results, _run = disk.copy([file for file in disk.files() if file.path == "b.mp4"], attempts=2)
    assert states(results) == {"b.mp4": "copied"}


def test_a_killed_run_is_continued(disk: Disk) -> None:
    content = os.urandom(3 * UNIT + 5)
    disk.write("a.mp4", content)
    disk.aws.fault("s3:UploadPart", count=2, status=403, code="AccessDenied", skip=2)
    results, _run = disk.copy(disk.files(), connections=1)
    assert states(results) == {"a.mp4": "failed"}
    assert "S3 answered 403 AccessDenied" in str(results["a.mp4"].error)
    assert disk.uploads() == [f"{FOLDER}/a.mp4"]
    disk.aws.clear_faults()
    disk.aws.clear_requests()
    results, _run = disk.copy(disk.files())
    assert states(results) == {"a.mp4": "copied"}
    assert disk.stored() == {f"{FOLDER}/a.mp4": content}
    sent = [each for each in disk.aws.requests() if each["operation"] == "UploadPart"]
    assert len(sent) == 2


def test_parts_of_other_bytes_are_not_taken_over(disk: Disk) -> None:
    content = os.urandom(UNIT + 5)
    file = disk.write("a.mp4", content)
    upload = disk.target.open(f"{FOLDER}/a.mp4", layout_of(len(content)))
    disk.target.put_part(upload, upload.layout.part(1), os.urandom(UNIT))
    results, _run = disk.copy(disk.files())
    assert states(results) == {"a.mp4": "copied"}
    assert disk.stored() == {f"{FOLDER}/a.mp4": file.read_bytes()}


def test_a_url_that_is_too_old_is_signed_again_once(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first URL is too old at once, then both are."""
    disk.write("a.mp4", b"a recording")
    signed: list[float] = []
    part_url, valid = disk.target.part_url, [0]

    def aged(upload: Any, number: int, md5: bytes, seconds: float) -> str:
        signed.append(seconds)
        return part_url(upload, number, md5, valid.pop() if valid else seconds)

    monkeypatch.setattr(disk.target, "part_url", aged)
    results, _run = disk.copy(disk.files())
    assert (states(results), signed) == ({"a.mp4": "copied"}, [900, 900])
    valid += [0, 0]
    disk.write("b.mp4", b"another")
    results, _run = disk.copy([file for file in disk.files() if file.path == "b.mp4"])
    assert "S3 answered 403 AccessDenied: Request has expired" in str(results["b.mp4"].error)
    assert len(signed) == 4


def test_files_that_change_vanish_or_cannot_be_read(disk: Disk) -> None:
    names = ["changes.mp4", "grows.mp4", "stays.mp4", "vanishes.mp4"]
    for name in names:
        disk.write(name, os.urandom(UNIT + 5))
    files = disk.files()

    def harm(number: int) -> None:
        if number == 1:
            (disk.folder / "vanishes.mp4").unlink()
        if number == 2:
            os.truncate(disk.folder / "changes.mp4", UNIT)
            with (disk.folder / "grows.mp4").open("ab") as handle:
                handle.write(b"more")

    disk.before = harm
    results, run = disk.copy(files)
    assert states(results) == {name: "copied" if name == "stays.mp4" else "failed" for name in names}
    assert "does not exist any more" in str(results["vanishes.mp4"].error)
    assert f"its size was {UNIT + 5} bytes, and is {UNIT}" in str(results["changes.mp4"].error)
    assert "it was written to" in str(results["grows.mp4"].error)
    assert list(disk.stored()) == [f"{FOLDER}/stays.mp4"]
    assert (disk.uploads(), run.stopped_by) == ([], None)


def test_an_object_is_never_replaced(disk: Disk) -> None:
    disk.write("a.mp4", b"ours")
    files = disk.files()

    def other(number: int) -> None:
        if number == 2:
            disk.aws.client("s3").put_object(Bucket=BUCKET, Key=f"{FOLDER}/a.mp4", Body=b"of somebody else")

    disk.before = other
    results, _run = disk.copy(files)
    assert states(results) == {"a.mp4": "differs"}
    assert disk.stored() == {f"{FOLDER}/a.mp4": b"of somebody else"}
    assert disk.uploads() == []


def test_a_server_that_reaches_no_s3(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(8):
        disk.write(f"{number}.mp4", b"a recording")
    part_url = disk.target.part_url

    def elsewhere(*given: Any) -> str:
        return part_url(*given).replace(disk.aws.endpoint_url, "http://127.0.0.1:1")

    monkeypatch.setattr(disk.target, "part_url", elsewhere)
    monkeypatch.setattr(copying, "_MOST_PARTS", 5)
    results, run = disk.copy(disk.files(), attempts=2)
    assert states(results) == {f"{number}.mp4": "failed" for number in range(5)}
    assert "Connection refused" in str(results["0.mp4"].error)
    assert "so the others were not tried" in str(run.stopped_by)


def test_a_server_that_is_restarted(disk: Disk) -> None:
    disk.write("a.mp4", b"a recording")
    disk.write("b.mp4", os.urandom(UNIT * 2))
    files = disk.files()

    def restart(number: int) -> None:
        if number == 2:
            raise CollectionError("Running a command over ssh", "Connection closed")

    disk.before = restart
    results, run = disk.copy(files)
    assert (results, "Connection closed" in str(run.stopped_by)) == ({}, True)
    disk.before = id
    results, run = disk.copy(files)
    assert states(results) == {"a.mp4": "copied", "b.mp4": "copied"}


@pytest.mark.parametrize("in_parts", [False, True])
def test_whether_a_file_is_the_object(disk: Disk, in_parts: bool) -> None:
    content = os.urandom(5 * 1024 * 1024 + 7)
    disk.write("a.mp4", content)
    (file,) = disk.files()
    s3 = disk.aws.client("s3")
    if in_parts:
        made = s3.create_multipart_upload(Bucket=BUCKET, Key=file.key)["UploadId"]
        parts = [content[: 5 * 1024 * 1024], content[5 * 1024 * 1024 :]]
        tags = [
            s3.upload_part(Bucket=BUCKET, Key=file.key, UploadId=made, PartNumber=n, Body=part)["ETag"]
            for n, part in enumerate(parts, 1)
        ]
        listed = {"Parts": [{"PartNumber": n, "ETag": tag} for n, tag in enumerate(tags, 1)]}
        s3.complete_multipart_upload(Bucket=BUCKET, Key=file.key, UploadId=made, MultipartUpload=listed)
    else:
        s3.put_object(Bucket=BUCKET, Key=file.key, Body=content)
    stored = disk.target.head(file.key)
    assert stored
    run = Copying(disk.server, disk.target, Sending())
    assert run.is_same(file, stored) is True
    disk.write("a.mp4", content[:-1] + bytes([content[-1] ^ 1]))
    (file,) = disk.files()
    assert run.is_same(file, stored) is False
    (disk.folder / "a.mp4").unlink()
    with pytest.raises(CollectionError, match="does not exist any more"):
        run.is_same(file, stored)


def test_a_url_serves_for_its_part_alone(disk: Disk) -> None:
    """The stand-in checks signatures, as AWS does: of the address, and of the MD5 that was signed."""
    path = disk.write("a.mp4", b"a recording")
    (file,) = disk.files()
    upload = disk.target.open(file.key, layout_of(file.size))
    md5 = md5_of(path.read_bytes())
    url = disk.target.part_url(upload, 1, md5, 60)
    part = {**file.as_listed(), "offset": 0, "length": file.size}

    def sent(url: str, md5: bytes) -> Answer:
        headers = {"Content-MD5": base64_of(md5)}
        (answer,) = disk.server.send([{**part, "url": url, "headers": headers}], Sending())
        return answer

    assert sent(url.replace("partNumber=1", "partNumber=2"), md5).code == "SignatureDoesNotMatch"
    assert sent(url.replace("a.mp4", "b.mp4"), md5).code == "SignatureDoesNotMatch"
    assert sent(url, md5_of(b"other bytes")).code == "SignatureDoesNotMatch"
    other = md5_of(b"other bytes")
    assert sent(disk.target.part_url(upload, 1, other, 60), other).code == "BadDigest"
    assert sent(url, md5).kind == ""
    assert not [text for text in disk.printed if "X-Amz" in text]
