# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""VersityGW on loopback: a real S3 that is not AWS and wants the region in a signature to be its own.

    with VersityGW() as store:
        store.client().create_bucket(Bucket="recordings")

`python -m stand_ins.s3.versitygw REGION` starts one, prints where it is as JSON and stops when stdin closes.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any

from stand_ins.aws.stand_in import Credentials
from stand_ins.real_ams.guard import end_with_stdin, free_ports, running
from stand_ins.real_ams.release import cache_dir

REPO = Path(__file__).resolve().parents[2]
RELEASE = "1.8.0"
PACKAGE = f"github.com/versity/versitygw/cmd/versitygw@v{RELEASE}"
START_SECONDS = 60


def _program() -> Path:
    return cache_dir() / f"versitygw-{RELEASE}" / "versitygw"


def unavailable() -> str | None:
    """Why it cannot run here, and how to get it."""
    had = _program().is_file() or shutil.which("go")
    return None if had else "VersityGW is built with Go: apt-get install golang, or see https://go.dev/dl"


def installed() -> Path:
    """The program in the user's cache; built by the first who asks."""
    program = _program()
    if program.is_file():
        return program
    program.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="build-", dir=program.parent) as scratch:
        env = {**os.environ, "GOBIN": scratch}
        done = subprocess.run(
            ["go", "install", PACKAGE], capture_output=True, text=True, check=False, env=env
        )
        if done.returncode:
            raise RuntimeError(f"go install {PACKAGE}: {done.stderr.strip()[-1000:]}")
        Path(scratch, "versitygw").replace(program)
    return program


class VersityGW:
    """`with VersityGW() as store:` starts a fresh one; it ends with the block or with this process."""

    def __init__(self, region: str = "us-east-1") -> None:
        self.region = region
        self.endpoint_url = ""
        self.credentials = Credentials("", "")
        self._guard: subprocess.Popen[str] | None = None

    def __enter__(self) -> VersityGW:
        installed()
        self._guard = subprocess.Popen(
            [sys.executable, "-m", "stand_ins.s3.versitygw", self.region],
            cwd=REPO,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._guard.stdout is not None
        line = self._guard.stdout.readline()
        if not line:
            raise RuntimeError(f"VersityGW did not start: status {self._guard.wait()}; its stderr tells why")
        place = json.loads(line)
        self.endpoint_url = place["endpoint_url"]
        self.credentials = Credentials(place["access_key"], place["secret_key"])
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._guard is not None:
            self._guard.communicate(timeout=START_SECONDS)

    def client(self) -> Any:
        import boto3

        return boto3.client(
            "s3",
            region_name=self.region,
            endpoint_url=self.endpoint_url,
            aws_access_key_id=self.credentials.access_key_id,
            aws_secret_access_key=self.credentials.secret_access_key,
        )

    def env(self) -> dict[str, str]:
        """The provisioning credentials, for a child process."""
        return {
            "AWS_ACCESS_KEY_ID": self.credentials.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.credentials.secret_access_key,
            "AWS_EC2_METADATA_DISABLED": "true",
        }


def _wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > end or server.poll() is not None:
                raise
            time.sleep(0.05)
        else:
            return


def main() -> None:
    end_with_stdin()
    port = free_ports("gateway")["gateway"]
    key = {"access_key": f"AKIA{secrets.token_hex(8).upper()}", "secret_key": secrets.token_urlsafe(30)}
    with tempfile.TemporaryDirectory(prefix="versitygw-", ignore_cleanup_errors=True) as directory:
        root = Path(directory)
        for name in ("buckets", "sidecar"):
            (root / name).mkdir()
        command = [str(installed()), "--port", f"127.0.0.1:{port}", "--region", sys.argv[1], "--quiet"]
        # Beside the objects, since not every file system has extended attributes.
        command += ["posix", "--sidecar", str(root / "sidecar"), str(root / "buckets")]
        account = {"ROOT_ACCESS_KEY": key["access_key"], "ROOT_SECRET_KEY": key["secret_key"]}
        with running(command, root, root / "versitygw.out", {**os.environ, **account}) as server:
            _wait_for(port, server)
            print(json.dumps({"endpoint_url": f"http://127.0.0.1:{port}", **key}), flush=True)
            sys.exit(server.wait())


if __name__ == "__main__":
    main()
