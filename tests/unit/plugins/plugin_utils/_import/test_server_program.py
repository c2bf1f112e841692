# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The program that runs on a server, run as one by a Python that sees nothing of this collection."""

from __future__ import annotations

import ast
import hashlib
import http.server
import json
import os
import shutil
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._import import server_program

PROGRAM = Path(server_program.__file__)
SIGNATURE = "5f3b1c0de5f3b1c0de5f3b1c0de5f3b1c0de"
QUERY = f"partNumber=1&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20261130&X-Amz-Signature={SIGNATURE}"
EXPIRED = "<Error><Code>AccessDenied</Code><Message>Request has expired</Message><Expires>x</Expires></Error>"
# As much as no socket keeps for itself.
LARGE = 8 * 1024 * 1024


def md5_of(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


class Bucket:
    """Answers PUT: with what a test has queued, else with 200. It keeps what it has received."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, str]] = []
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.before_reading: Callable[[], object] = lambda: None
        self.refuses_early = False
        self.at_once = self.most_at_once = 0
        lock = threading.Lock()
        bucket = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_PUT(self) -> None:
                with lock:
                    bucket.at_once += 1
                    bucket.most_at_once = max(bucket.most_at_once, bucket.at_once)
                bucket.before_reading()
                length = 0 if bucket.refuses_early else int(self.headers["Content-Length"])
                body = self.rfile.read(length)
                with lock:
                    bucket.at_once -= 1
                    if len(body) == length:
                        bucket.requests.append((self.path, dict(self.headers), body))
                    status, text = bucket.answers.pop(0) if bucket.answers else (200, "")
                self.close_connection = True
                if status == 0:
                    return
                self.send_response(status)
                self.send_header("ETag", f'"{md5_of(body)}"')
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_arguments: object) -> None:
                """Nothing of it belongs to the output of a test."""

        class Listener(http.server.ThreadingHTTPServer):
            def handle_error(self, *_request: object) -> None:
                """Say nothing: in some tests the program ends before it is answered."""

        self.server = Listener(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/bucket/a%20b.mp4?{QUERY}"


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    bucket = Bucket()
    thread = threading.Thread(target=bucket.server.serve_forever)
    thread.start()
    yield bucket
    bucket.server.shutdown()
    thread.join()
    bucket.server.server_close()


def run(duty: str, folder: Path, **given: Any) -> list[dict[str, Any]]:
    """Return what the program says, but for the signs of life and the end."""
    done = run_as(sys.executable, {"duty": duty, "folder": str(folder), **given})
    assert (done.returncode, done.stderr) == (0, "")
    assert SIGNATURE not in done.stdout
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert lines[-1] == {"done": True}
    # Of items that are done at the same time, any may be said first.
    return sorted((line for line in lines[:-1] if line), key=lambda line: line.get("id", 0))


def run_as(
    python: str, given: dict[str, Any], env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [python, "-I", str(PROGRAM)],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={"PATH": os.environ["PATH"], **(env or {})},
    )


def send(folder: Path, *parts: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    return run("send", folder, parts=list(parts), **{**SENDING, **more})


SENDING: dict[str, Any] = {
    "connections": 2,
    "bytes_per_second": 0,
    "seconds": 50,
    "timeout": 20,
    "attempts": 3,
    "wait": 0.01,
    "authorities": "",
}


def part_of(path: Path, folder: Path, url: str = "", offset: int = 0, length: int = -1) -> dict[str, Any]:
    about = path.stat()
    given = {"path": str(path.relative_to(folder)), "size": about.st_size, "mtime_ns": about.st_mtime_ns}
    of = {"offset": offset, "length": about.st_size - offset if length < 0 else length}
    return {**given, **of, "url": url, "headers": {"Content-MD5": "as-signed"}}


def box(kind: bytes, size: int, *, wide: bool = False) -> bytes:
    if wide:
        return struct.pack(">I4sQ", 1, kind, size + 16) + bytes(size)
    return struct.pack(">I4s", size + 8, kind) + bytes(size)


WHOLE = box(b"ftyp", 20) + box(b"mdat", 500) + box(b"moov", 100)


# --- for which Python


def test_it_is_python_3_7() -> None:
    ast.parse(PROGRAM.read_text(encoding="utf-8"), feature_version=(3, 7))


@pytest.mark.parametrize("version", ["3.7", "3.8", "3.9", "3.13"])
def test_it_runs_on_this_python(tmp_path: Path, bucket: Bucket, version: str) -> None:
    found = sorted(
        Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions").glob(f"{version}.*")
    )
    python = str(found[-1] / "bin" / "python") if found else shutil.which(f"python{version}")
    if python is None:
        pytest.skip(f"there is no Python {version} here")
    path = tmp_path / "a.mp4"
    path.write_bytes(b"0123456789")
    given = {
        "duty": "send",
        "folder": str(tmp_path),
        **SENDING,
        "parts": [part_of(path, tmp_path, bucket.url)],
    }
    done = run_as(python, given)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout.splitlines()[0])["status"] == 200


# --- list


def test_what_is_listed(tmp_path: Path) -> None:
    odd = ["a b#%.mp4", "ümlaut..mp4", "sub/new\nline.webm", "s.mp4.tmp_extension"]
    for name in [*odd, "a.m3u8", "a0.ts"]:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(WHOLE)
        os.utime(path, (1_700_000_000, 1_700_000_000))
    (tmp_path / "link.mp4").symlink_to("/etc/passwd")
    (tmp_path / "imported").symlink_to("/etc")
    found = {
        line.pop("path"): line for line in run("list", tmp_path, endings=[".mp4", ".webm", ".tmp_extension"])
    }
    assert found.pop("link.mp4") == found.pop("imported") == {"kind": "link"}
    assert sorted(found) == sorted(odd)
    for name, line in found.items():
        assert line.pop("age") > 1000
        whole = {"is_whole": True} if name.endswith("tmp_extension") else {}
        assert line == {"size": len(WHOLE), "mtime_ns": 1_700_000_000 * 10**9, **whole}


def test_a_name_that_is_no_text(tmp_path: Path) -> None:
    with open(os.path.join(os.fsencode(tmp_path), b"caf\xe9.mp4"), "wb"):
        pass
    (line,) = run("list", tmp_path, endings=[".mp4"])
    assert line["path"] == "caf\udce9.mp4"


@pytest.mark.parametrize(
    ("content", "is_whole"),
    [
        (WHOLE, True),
        (box(b"ftyp", 20) + box(b"moov", 100) + box(b"mdat", 70_000, wide=True), True),
        (box(b"ftyp", 20) + box(b"moov", 9) + struct.pack(">I4s", 0, b"mdat") + b"to the end", True),
        (WHOLE[:-1], False),
        (WHOLE + b"\0\0\0", False),
        (WHOLE + b"\0\0\0\4free", False),
        # While a stream is live: AMS 2.17.1 has written this, and has the rest in its memory.
        (box(b"ftyp", 24) + struct.pack(">I4s", 0, b"mdat") + bytes(8), False),
        (box(b"ftyp", 20) + box(b"moov", 100), False),
        (b"", False),
        (b"not an MP4 but a text of some length", False),
    ],
)
def test_whether_an_mp4_is_whole(tmp_path: Path, content: bytes, is_whole: bool) -> None:
    (tmp_path / "s.mp4.tmp_extension").write_bytes(content)
    (line,) = run("list", tmp_path, endings=[".tmp_extension"])
    assert line["is_whole"] is is_whole


def test_a_folder_that_does_not_exist(tmp_path: Path) -> None:
    (line,) = run("list", tmp_path / "none" / "streams", endings=[".mp4"])
    assert line == {"path": ".", "kind": "unreadable", "message": "No such file or directory"}
    # An application that has not recorded yet.
    assert run("list", tmp_path / "streams", endings=[".mp4"]) == []


# --- digest


def test_digests_of_parts(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(bytes(range(256)) * 1000)
    parts = [part_of(path, tmp_path, length=100_000), part_of(path, tmp_path, offset=100_000)]
    content = path.read_bytes()
    md5s = [md5_of(each) for each in (content[:100_000], content[100_000:])]
    assert run("digest", tmp_path, parts=parts) == [{"id": 0, "md5": md5s[0]}, {"id": 1, "md5": md5s[1]}]


def refused_path(folder: Path, path: str) -> dict[str, Any]:
    (line,) = run("digest", folder, parts=[part_of(folder / "a.mp4", folder) | {"path": path}])
    return line


def test_a_path_stays_in_the_folder(tmp_path: Path) -> None:
    folder, secret = tmp_path / "streams", tmp_path / "a.mp4"
    folder.mkdir()
    for path in (folder / "a.mp4", secret):
        path.write_bytes(b"01234")
        os.utime(path, (1_700_000_000, 1_700_000_000))
    (folder / "link.mp4").symlink_to(secret)
    (folder / "up").symlink_to(tmp_path)
    for outside in ("../a.mp4", "up/a.mp4", str(secret), ".."):
        assert refused_path(folder, outside)["message"] == "the path leads out of the folder"
    assert refused_path(folder, "link.mp4")["kind"] == "unreadable"
    assert refused_path(folder, "a.mp4").keys() == {"id", "md5"}


def test_a_file_that_is_another_one_by_now(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"01234")
    listed = part_of(path, tmp_path)
    path.write_bytes(b"0123456789")
    (line,) = run("digest", tmp_path, parts=[listed])
    said = "its size was 5 bytes, and is 10; it was written to"
    assert line == {"id": 0, "kind": "changed", "message": said}
    path.unlink()
    (line,) = run("digest", tmp_path, parts=[listed])
    assert line == {"id": 0, "kind": "vanished", "message": "the file does not exist any more"}
    os.mkfifo(path)
    (line,) = run("digest", tmp_path, parts=[listed])
    assert line["kind"] == "changed"


def test_a_folder_that_may_not_be_read_is_not_called_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The user of the connection may not enter the application's folder."""

    def refuse(_path: str) -> None:
        raise PermissionError(13, "Permission denied")

    assert server_program.is_to_come(str(tmp_path / "streams"))
    monkeypatch.setattr(os, "lstat", refuse)
    assert not server_program.is_to_come(str(tmp_path / "streams"))


# --- send


def test_parts_are_sent(tmp_path: Path, bucket: Bucket) -> None:
    path = tmp_path / "ü #%.mp4"
    path.write_bytes(os.urandom(300_000))
    content = path.read_bytes()
    lines = send(
        tmp_path,
        part_of(path, tmp_path, bucket.url, length=200_000),
        part_of(path, tmp_path, bucket.url, offset=200_000),
    )
    for number, sent in enumerate((content[:200_000], content[200_000:])):
        md5 = md5_of(sent)
        assert lines[number] == {"id": number, "status": 200, "etag": f'"{md5}"', "md5": md5}
    assert {body for _path, _headers, body in bucket.requests} == {content[:200_000], content[200_000:]}
    for target, headers, body in bucket.requests:
        assert target == f"/bucket/a%20b.mp4?{QUERY}"
        assert headers.pop("Host") == f"127.0.0.1:{bucket.port}"
        assert headers == {
            "Content-MD5": "as-signed",
            "Content-Length": str(len(body)),
            "Connection": "close",
        }


def test_no_more_at_once_than_allowed(tmp_path: Path, bucket: Bucket) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"0" * 1000)
    both = threading.Barrier(3, timeout=20)
    bucket.before_reading = both.wait
    lines = send(tmp_path, *[part_of(path, tmp_path, bucket.url)] * 6, connections=3)
    assert [line["status"] for line in lines] == [200] * 6
    assert bucket.most_at_once == 3


def test_a_limit_of_bandwidth(tmp_path: Path, bucket: Bucket) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"0" * 65536 * 4)
    pace, slept, now = server_program.Pace(65536 * 4), list[float](), time.monotonic()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "monotonic", lambda: now)
        patch.setattr(time, "sleep", slept.append)
        for _chunk in range(4):
            pace.wait(65536)
        server_program.Pace(0).wait(10**9)
    assert slept == pytest.approx([0, 0.25, 0.5, 0.75])
    (line,) = send(tmp_path, part_of(path, tmp_path, bucket.url), bytes_per_second=65536 * 40)
    assert line["status"] == 200


@pytest.mark.parametrize("status", [500, 503, 0])
def test_a_passing_failure(tmp_path: Path, bucket: Bucket, status: int) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"0123")
    bucket.answers = [(status, "<Code>SlowDown</Code>")] * 2
    (line,) = send(tmp_path, part_of(path, tmp_path, bucket.url))
    assert line["status"] == 200
    assert [body for _path, _headers, body in bucket.requests] == [b"0123"] * 3


def test_a_failure_that_lasts(tmp_path: Path, bucket: Bucket) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"0123")
    bucket.answers = [(503, "<Code>SlowDown</Code><Message>Please reduce</Message>")] * 3
    (line,) = send(tmp_path, part_of(path, tmp_path, bucket.url))
    refused = {"kind": "refused", "status": 503, "code": "SlowDown", "message": "Please reduce"}
    assert line == {"id": 0, "is_passing": True, **refused}


def test_a_refusal_is_not_repeated(tmp_path: Path, bucket: Bucket) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"0123")
    quoting = f"<Message>Not /bucket?{QUERY} nor {SIGNATURE}</Message>"
    bucket.answers = [(403, EXPIRED), (403, quoting)]
    (line,) = send(tmp_path, part_of(path, tmp_path, bucket.url))
    assert (line["status"], line["code"], line["message"]) == (403, "AccessDenied", "Request has expired")
    (line,) = send(tmp_path, part_of(path, tmp_path, bucket.url))
    assert line["message"] == "Not /bucket?... nor ..."
    assert len(bucket.requests) == 2


def test_a_refusal_of_a_request_that_is_not_read(tmp_path: Path, bucket: Bucket) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(bytes(LARGE))
    bucket.refuses_early, bucket.answers = True, [(403, EXPIRED)] * 3
    (line,) = send(tmp_path, part_of(path, tmp_path, bucket.url))
    # A reset of the connection may overtake the answer.
    assert line["kind"] == ("refused" if "status" in line else "unreachable")
    assert line["message"]


def test_nobody_listens(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"0123")
    (line,) = send(tmp_path, part_of(path, tmp_path, f"http://127.0.0.1:1/?{QUERY}"))
    assert line == {"id": 0, "kind": "unreachable", "message": "Connection refused", "is_passing": True}


def test_after_its_time_nothing_is_begun(tmp_path: Path, bucket: Bucket) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"0123")
    (line,) = send(tmp_path, part_of(path, tmp_path, bucket.url), seconds=0)
    assert line == {"id": 0, "kind": "later", "message": ""}
    assert bucket.requests == []


def test_a_file_that_becomes_shorter_while_it_is_sent(tmp_path: Path, bucket: Bucket) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(bytes(LARGE))
    listed = part_of(path, tmp_path, bucket.url)
    bucket.before_reading = lambda: os.truncate(path, 10)
    (line,) = send(tmp_path, listed)
    assert line["kind"] == "changed"
    assert bucket.requests == []


def test_a_file_that_grows_while_it_is_sent(tmp_path: Path, bucket: Bucket) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(bytes(LARGE))
    listed = part_of(path, tmp_path, bucket.url)

    def grow() -> None:
        with path.open("ab") as handle:
            handle.write(b"more")

    bucket.before_reading = grow
    (line,) = send(tmp_path, listed)
    said = f"its size was {LARGE} bytes, and is {LARGE + 4}; it was written to"
    assert line == {"id": 0, "kind": "changed", "message": said}


def test_a_certificate_that_nobody_knows(tmp_path: Path, bucket: Bucket) -> None:
    from stand_ins.ams import Fleet

    path = tmp_path / "a.mp4"
    path.write_bytes(b"0123")
    with Fleet(tls=True) as fleet:
        part = part_of(path, tmp_path, f"{fleet.hosts[0].url}/x?{QUERY}")
        (line,) = send(tmp_path, part)
        assert line["message"].startswith("the certificate of S3 is not trusted: ")
        assert fleet.ca_path
        trusted = Path(fleet.ca_path).read_text(encoding="ascii")
        (line,) = send(tmp_path, part, authorities=trusted)
        assert line["kind"] == "refused"


def test_a_proxy_of_the_environment(tmp_path: Path, bucket: Bucket) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"0123")
    part = part_of(path, tmp_path, f"http://bucket.example.com/a.mp4?{QUERY}")
    given = {"duty": "send", "folder": str(tmp_path), **SENDING, "parts": [part]}
    env = {"http_proxy": f"http://user:p%40ss@127.0.0.1:{bucket.port}", "no_proxy": "localhost"}
    done = run_as(sys.executable, given, env)
    assert json.loads(done.stdout.splitlines()[0])["status"] == 200
    ((target, headers, _body),) = bucket.requests
    assert target == part["url"]
    assert (headers["Host"], headers["Proxy-Authorization"]) == ("bucket.example.com", "Basic dXNlcjpwQHNz")
    env["no_proxy"] = "example.com"
    assert "unreachable" in run_as(sys.executable, given, env).stdout


# --- delete


def test_only_the_file_that_was_meant_is_deleted(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("same.mp4", "changed.mp4", "vanished.mp4")]
    for path in paths:
        path.write_bytes(b"01234")
    files = [part_of(path, tmp_path) for path in paths]
    paths[1].write_bytes(b"56789")
    os.utime(paths[1], ns=(0, files[1]["mtime_ns"] + 1))
    paths[2].unlink()
    lines = run("delete", tmp_path, files=files)
    assert [line.get("kind", line.get("deleted")) for line in lines] == [True, "changed", "vanished"]
    assert [path.exists() for path in paths] == [False, True, False]


# --- its end


def test_its_own_error_quotes_nothing(tmp_path: Path) -> None:
    done = run_as(sys.executable, {"duty": f"?{QUERY}"})
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("KeyError in line ")
    assert SIGNATURE not in done.stderr


def test_it_ends_when_nobody_reads_it_any_more(tmp_path: Path, bucket: Bucket) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"0123")
    release = threading.Event()
    bucket.before_reading = lambda: release.wait(30)
    given = {
        "duty": "send",
        "folder": str(tmp_path),
        **SENDING,
        "parts": [part_of(path, tmp_path, bucket.url)],
    }
    program = PROGRAM.read_text(encoding="utf-8").replace("64 * 1024, 5.0", "64 * 1024, 0.05")
    running = subprocess.Popen(
        [sys.executable, "-I", "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert running.stdin
    assert running.stdout
    running.stdin.write(json.dumps(given).encode())
    running.stdin.close()
    assert running.stdout.readline() == b"{}\n"
    running.stdout.close()
    assert running.wait(20) == 1
    release.set()
