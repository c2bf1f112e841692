# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Measure an import over HTTP: 10,000 small recordings, and one of 6 GiB, beside boto3's transfer manager.

python -m tests.bench.import_recordings [--files 10000] [--gigabytes 6]

Source and bucket are one process that stores nothing: it knows of each part its size and its MD5. Importer
and boto3 read the same source and run in a process of their own, whose peak memory counts.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

REPO = Path(__file__).resolve().parents[2]
MIB, BUCKET = 1024 * 1024, "bench"
SMALL = 64 * 1024
BLOCK = bytes(MIB)
MOST_MEMORY, MOST_SLOWER = 150, 1.2
PARTS: dict[str, dict[int, tuple[int, str]]] = {}
OBJECTS: dict[str, tuple[int, str]] = {}


class Both(BaseHTTPRequestHandler):
    """Recordings of zeros, whose size is in their names, and a bucket."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_args: Any) -> None:
        return

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        found = re.fullmatch(r"/live/streams/\d+-(\d+)\.mp4", url.path)
        if found is None:
            self._answer(200, b"<ListBucketResult/>" if "uploads" not in url.query else b"<Uploads/>")
            return
        size = int(found[1])
        given = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        first, last = (int(given[1]), min(int(given[2]), size - 1)) if given else (0, size - 1)
        self.send_response(206 if given else 200)
        self.send_header("Content-Length", str(last - first + 1))
        if given:
            self.send_header("Content-Range", f"bytes {first}-{last}/{size}")
        self.send_header("Last-Modified", "Thu, 01 Jan 2026 00:00:00 GMT")
        self.end_headers()
        for start in range(first, last + 1, MIB):
            self.wfile.write(BLOCK[: min(MIB, last + 1 - start)])

    def do_HEAD(self) -> None:
        size, etag = OBJECTS.get(unquote(urlsplit(self.path).path), (0, ""))
        self.send_response(200 if etag else 404)
        self.send_header("Content-Length", str(size))
        if etag:
            self.send_header("ETag", f'"{etag}"')
        self.end_headers()

    def do_POST(self) -> None:
        url = urlsplit(self.path)
        key = unquote(url.path)
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if "uploadId" not in url.query:
            PARTS[key] = {}
            self._answer(200, b"<R><UploadId>one</UploadId></R>")
            return
        parts = [PARTS[key][number] for number in sorted(PARTS[key])]
        whole = hashlib.md5(b"".join(bytes.fromhex(etag) for _size, etag in parts), usedforsecurity=False)
        OBJECTS[key] = sum(size for size, _etag in parts), f"{whole.hexdigest()}-{len(parts)}"
        self._answer(200, b"<R/>")

    def do_PUT(self) -> None:
        url, left = urlsplit(self.path), int(self.headers.get("Content-Length") or 0)
        if self.headers.get("Expect") == "100-continue":
            pass  # http.server has answered it.
        size, digest = left, hashlib.md5(usedforsecurity=False)
        while left:
            piece = self.rfile.read(min(left, MIB))
            digest.update(piece)
            left -= len(piece)
        key, number = unquote(url.path), parse_qs(url.query).get("partNumber")
        if number:
            PARTS[key][int(number[0])] = size, digest.hexdigest()
        else:
            OBJECTS[key] = size, digest.hexdigest()
        self._answer(200, b"", ETag=f'"{digest.hexdigest()}"')

    def _answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def serve() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Both)
    print(server.server_port, flush=True)
    # It ends with its parent, which holds the other end of stdin.
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()


def settings(url: str) -> dict[str, Any]:
    return {
        "s3BucketName": BUCKET,
        "s3Endpoint": url,
        "s3RegionName": "us-east-1",
        "s3PathStyleAccessEnabled": True,
        "s3Permission": "bucket-owner-full-control",
    }


def ours(url: str, files: int, size: int) -> None:
    from ansible_collections.antmedia.s3_recording.plugins.module_utils._import.http_source import HttpSource
    from ansible_collections.antmedia.s3_recording.plugins.module_utils._import.target import Target
    from ansible_collections.antmedia.s3_recording.plugins.module_utils._import.transfer import Transfer
    from ansible_collections.antmedia.s3_recording.plugins.module_utils._import.wanted import Wanted

    names = [f"{number}-{size}.mp4" for number in range(files)]
    wanted = [Wanted("live", name, f"streams/{name}", size) for name in names]
    transfer = Transfer(HttpSource(url, "live", True, 30), Target(settings(url), 30, 4), 4)
    states = [result.state for result in transfer.run(wanted)]
    assert states == ["copied"] * files, transfer.stopped_by


def boto3s(url: str, files: int, size: int) -> None:
    import urllib.request

    import boto3
    from boto3.s3.transfer import TransferConfig
    from botocore.config import Config

    # With its own checksums, as its users have it.
    config = Config(s3={"addressing_style": "path"}, max_pool_connections=5)
    s3 = boto3.client("s3", endpoint_url=url, region_name="us-east-1", config=config)
    for number in range(files):
        name = f"{number}-{size}.mp4"
        with urllib.request.urlopen(f"{url}/live/streams/{name}") as body:  # noqa: S310
            given = TransferConfig(max_concurrency=4)
            s3.upload_fileobj(body, BUCKET, f"streams/{name}", Config=given)


WAYS = {"ours": ours, "boto3": boto3s}


@contextmanager
def served() -> Iterator[str]:
    command = [sys.executable, "-m", "tests.bench.import_recordings", "--serve"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        assert server.stdin is not None
        yield f"http://127.0.0.1:{server.stdout.readline().strip()}"
        server.stdin.close()


def measured(way: str, files: int, size: int) -> dict[str, float]:
    """Return the seconds of one way, and the peak of its memory in MiB."""
    with served() as url:
        command = [sys.executable, "-m", "tests.bench.import_recordings", "--way", way, "--url", url]
        command += ["--files", str(files), "--size", str(size)]
        keys = {"AWS_ACCESS_KEY_ID": "of-a-bench", "AWS_SECRET_ACCESS_KEY": "of-a-bench"}
        keys["PYTHONPATH"] = str(REPO / "build" / "collections")
        done = subprocess.run(
            command, env={**os.environ, **keys}, stdout=subprocess.PIPE, text=True, check=True
        )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def one(way: str, url: str, files: int, size: int) -> None:
    start = time.monotonic()
    WAYS[way](url, files, size)
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds, cpu = time.monotonic() - start, used.ru_utime + used.ru_stime
    print(json.dumps({"seconds": seconds, "cpu": cpu, "memory": used.ru_maxrss / 1024}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--gigabytes", type=float, default=6)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    parser.add_argument("--size", type=int, default=SMALL, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        serve()
        return
    if given.way:
        one(given.way, given.url, given.files, given.size)
        return
    large = int(given.gigabytes * 1024 * MIB)
    for files, size in ((given.files, SMALL), (1, large)):
        results = {way: measured(way, files, size) for way in WAYS}
        for way, found in results.items():
            rate = files * size / MIB / found["seconds"]
            words = f"{files} of {size} bytes, {way}: {found['seconds']:.1f} s, {rate:.0f} MiB/s"
            print(f"{words}, {found['cpu']:.1f} s of CPU, peak memory {found['memory']:.0f} MiB", flush=True)
        ratio = results["ours"]["seconds"] / results["boto3"]["seconds"]
        held = ratio <= MOST_SLOWER and results["ours"]["memory"] <= MOST_MEMORY
        print(f"  {ratio:.2f} of boto3's time: {'held' if held else 'MISSED'}", flush=True)


if __name__ == "__main__":
    main()
