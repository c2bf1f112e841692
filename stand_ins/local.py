# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Free ports, child processes that end with their parent, and the cache of programs on this machine."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import FrameType

STOP_SECONDS = 15
ENDINGS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


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
