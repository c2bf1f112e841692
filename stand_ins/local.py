# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What stand-ins share: free ports, processes that end with their parent, the cache of programs."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar

REPO = Path(__file__).resolve().parents[1]
STOP_SECONDS = 15
ENDINGS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
Started = TypeVar("Started", bound="StandIn")


class StandIn(ABC):
    """Starts when a block is entered, and stops when it is left."""

    @abstractmethod
    def start(self: Started) -> Started: ...

    @abstractmethod
    def stop(self) -> None: ...

    def __enter__(self: Started) -> Started:
        return self.start()

    def __exit__(self, *_exception: object) -> None:
        self.stop()


class Child:
    """A program in a process of its own: prints a line of JSON once it is ready, and ends with its stdin."""

    def __init__(self, command: Sequence[str], name: str) -> None:
        self.process = subprocess.Popen(
            command,
            cwd=REPO,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            # A Ctrl-C in the terminal is for the test run, which then stops the child in order.
            start_new_session=True,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            self.process.communicate()
            raise RuntimeError(f"{name} did not start: status {self.process.returncode}; see its stderr")
        self.ready: dict[str, Any] = json.loads(line)

    def stop(self, timeout: float | None = STOP_SECONDS) -> None:
        try:
            self.process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()


def cache_dir() -> Path:
    """Return the user's folder for programs that are downloaded or built once."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "antmedia-s3-recording"


def free_ports(*names: str) -> dict[str, int]:
    """Return a port of the loopback address for each name, none of them in use."""
    with contextlib.ExitStack() as held:
        sockets = {name: held.enter_context(socket.socket()) for name in names}
        for listener in sockets.values():
            listener.bind(("127.0.0.1", 0))
        return {name: listener.getsockname()[1] for name, listener in sockets.items()}


@contextlib.contextmanager
def running(
    arguments: list[str], root: Path, console: Path, env: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server for as long as the block lasts. root: its folder. console: the file for its output."""
    with console.open("wb") as log:
        server = subprocess.Popen(
            arguments,
            cwd=root,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            env=env,
        )
    try:
        yield server
    finally:
        end(server)


def end(server: subprocess.Popen[bytes]) -> None:
    """Terminate a server, and kill it if it does not end."""
    server.terminate()
    try:
        server.wait(timeout=STOP_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def _end_in_order(_number: int, _frame: FrameType | None) -> None:
    for number in ENDINGS:
        signal.signal(number, signal.SIG_IGN)
    sys.exit(0)


def end_with_stdin() -> None:
    """Make a signal, or the end of stdin, raise SystemExit in this process, so that it cleans up."""
    for number in ENDINGS:
        signal.signal(number, _end_in_order)

    def watch() -> None:
        sys.stdin.read()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()
