# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The real server as tests start it: on loopback alone, able to record, and gone with its parent."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stand_ins.local import REPO
from stand_ins.real_ams import unavailable

MISSING = unavailable()
pytestmark = [
    pytest.mark.real_ams,
    pytest.mark.skipif(MISSING is not None, reason=str(MISSING)),
    pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="reads /proc, which Linux alone has"),
]
PROGRAM = """
import json, sys, time
from stand_ins.real_ams import RealAms
ams = RealAms().start()
ams.change_settings("live", {"mp4MuxingEnabled": True})
ams.publish("live", "clip", 2)
deadline = time.monotonic() + 20
while not ams.recordings("live") and time.monotonic() < deadline:
    time.sleep(0.05)
told = {"pid": ams.pid, "root": str(ams.app_dir("").parent), "files": ams.files("live")}
print(json.dumps(told | {"recordings": ams.recordings("live")}), flush=True)
sys.stdin.read()
"""
LISTENING = "0A"


@pytest.fixture(autouse=True)
def settings_return() -> None:
    """This server is gone after its test."""


@pytest.fixture
def child() -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM], cwd=REPO, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        yield process
        process.kill()


def listeners(pid: int) -> set[str]:
    """The addresses, as the kernel writes them, at which the process listens."""
    sockets = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        # The server opens and closes files meanwhile.
        with contextlib.suppress(FileNotFoundError):
            sockets.add(os.readlink(descriptor).removeprefix("socket:[").removesuffix("]"))
    found = set()
    for table in ("tcp", "tcp6", "udp", "udp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields: list[Any] = line.split()
            if fields[9] in sockets and (fields[3] == LISTENING or table.startswith("udp")):
                found.add(f"{table} {fields[1].partition(':')[0]}")
    return found


def test_it_listens_on_loopback_records_and_goes_with_its_parent(child: subprocess.Popen[str]) -> None:
    assert child.stdout is not None
    told = json.loads(child.stdout.readline())
    assert listeners(told["pid"]) == {"tcp 0100007F"}
    assert "clip.mp4" in told["files"]
    assert [recording["vodName"] for recording in told["recordings"]] == ["clip.mp4"]
    os.kill(child.pid, signal.SIGKILL)
    deadline = time.monotonic() + 20
    while Path(told["root"]).exists() or Path(f"/proc/{told['pid']}").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
