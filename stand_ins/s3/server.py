# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The base of the S3 servers: a child process starts one, waits for it, prints its place and stops it."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from abc import abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from stand_ins.aws.stand_in import Credentials
from stand_ins.local import Child, StandIn, cache_dir, end_with_stdin, running

START_SECONDS = 60
STOP_SECONDS = 80
Server = TypeVar("Server", bound="S3Server")
Built = TypeVar("Built", bound="GoServer")
Process = subprocess.Popen[bytes]


@dataclass(frozen=True)
class Start:
    """A server that was started: its process, its port, and the key of its owner."""

    process: Process
    port: int
    key: Credentials


class S3Server(StandIn):
    """`with` starts a fresh server; it ends with the block or with this process."""

    name: str
    default_region = "us-east-1"

    def __init__(self, region: str | None = None) -> None:
        self.region = region or self.default_region
        self.endpoint_url = ""
        self.credentials = Credentials("", "")
        self.root = Path()
        self._child: Child | None = None

    @abstractmethod
    def start_in(self, root: Path) -> AbstractContextManager[Start]:
        """Run the server in a folder for as long as the block lasts."""

    def start(self: Server) -> Server:
        self._child = Child([sys.executable, "-m", __package__, self.name, self.region], self.name)
        place = self._child.ready
        self.root, self.endpoint_url = Path(place["root"]), place["endpoint_url"]
        self.credentials = Credentials(**place["key"])
        return self

    def stop(self) -> None:
        if self._child is not None:
            self._child.stop(STOP_SECONDS)
            self._child = None

    def serve(self) -> NoReturn:
        """Run the server in this process until stdin closes."""
        end_with_stdin()
        with (
            tempfile.TemporaryDirectory(prefix=f"{self.name}-", ignore_cleanup_errors=True) as folder,
            self.start_in(Path(folder)) as server,
        ):
            _wait_for(server)
            url = f"http://127.0.0.1:{server.port}"
            print(json.dumps({"root": folder, "endpoint_url": url, "key": vars(server.key)}), flush=True)
            sys.exit(server.process.wait())

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
        """Return the provisioning credentials, for a child process."""
        return {
            "AWS_ACCESS_KEY_ID": self.credentials.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.credentials.secret_access_key,
            "AWS_EC2_METADATA_DISABLED": "true",
        }


class GoServer(S3Server):
    """A server that is built with Go, once, into the user's cache, and has one key."""

    release: str
    # As `go install` wants it, with its version.
    package: str

    @classmethod
    def program(cls) -> Path:
        return cache_dir() / f"{cls.name}-{cls.release}" / cls.name

    @classmethod
    def build(cls) -> None:
        """Build the program unless the cache has it. It takes minutes."""
        program = cls.program()
        if program.is_file():
            return
        program.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="build-", dir=program.parent) as scratch:
            env = {**os.environ, "GOBIN": scratch}
            command = ["go", "install", cls.package]
            done = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
            if done.returncode:
                raise RuntimeError(f"go install {cls.package}: {done.stderr.strip()[-1000:]}")
            Path(scratch, cls.name).replace(program)

    def __enter__(self: Built) -> Built:
        # Here, where nothing limits the time that it takes.
        self.build()
        return super().__enter__()

    @contextlib.contextmanager
    def start_in(self, root: Path) -> Iterator[Start]:
        self.build()
        key = Credentials(f"AKIA{secrets.token_hex(8).upper()}", secrets.token_urlsafe(30))
        arguments, env, port = self.command(root, key)
        command = [str(self.program()), *arguments]
        with running(command, root, root / f"{self.name}.out", {**os.environ, **env}) as process:
            yield Start(process, port, key)

    @abstractmethod
    def command(self, root: Path, key: Credentials) -> tuple[list[str], dict[str, str], int]:
        """Return the arguments, the environment and the port of the server."""


def _wait_for(server: Start) -> None:
    end = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", server.port), timeout=1).close()
        except OSError:
            if time.monotonic() > end or server.process.poll() is not None:
                raise
            time.sleep(0.05)
        else:
            return
