# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Serve a fleet until stdin closes or SIGTERM comes, and print its place as one line of JSON."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import resource
import secrets
import signal
import sys
import tempfile
import threading
from pathlib import Path

from aiohttp import web

from .certificates import Authority
from .control import Control
from .host import APPS, COMMUNITY, Plan
from .server import FleetServer, Layout
from .settings import releases

DEFAULT_RELEASE = "2.17.1"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m stand_ins.ams", description=__doc__)
    parser.add_argument("--hosts", type=int, default=1)
    parser.add_argument("--release", action="append", help="of all hosts, or one after the other in turn")
    parser.add_argument("--cluster", action="append", help='of each host in turn; "" for a host of its own')
    parser.add_argument("--first-address", default="127.77.0.1")
    parser.add_argument("--port", type=int, default=0, help="the same at each address; 0 finds a free one")
    parser.add_argument("--control-port", type=int, default=0)
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("--app", action="append", help=f"instead of {', '.join(APPS)}")
    parser.add_argument("--email", default="admin@example.com")
    parser.add_argument("--password", default="", help="one is made up otherwise")
    parser.add_argument("--fresh", action="store_true", help="no user yet, as after the installation")
    parser.add_argument("--edition", default=COMMUNITY)
    parser.add_argument("--jwt-secret", default="", help="switches the console's tokens on")
    parser.add_argument("--delays", type=json.loads, default={}, help='seconds: {"login": 0.01, "get": 0.01}')
    options = parser.parse_args()
    options.password = options.password or secrets.token_urlsafe(12)
    options.release = options.release or [DEFAULT_RELEASE]
    unknown = sorted(set(options.release) - set(releases()))
    if unknown:
        parser.error(f"no such release: {', '.join(unknown)}; there are {', '.join(releases())}")
    return options


def _allow_many_files(wanted: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard), hard))


def _in_turn(given: list[str], count: int) -> list[str]:
    return [given[number % len(given)] for number in range(count)]


async def _serve(options: argparse.Namespace, directory: Path) -> None:
    clusters = [name or None for name in _in_turn(options.cluster or [""], options.hosts)]
    layout = Layout(_in_turn(options.release, options.hosts), clusters, options.first_address, options.port)
    plan = Plan(
        options.email,
        options.password,
        tuple(options.app or APPS),
        not options.fresh,
        options.edition,
        options.jwt_secret,
        options.delays,
    )
    authority = Authority(directory) if options.tls else None
    fleet = FleetServer(layout, plan, authority)
    await fleet.start()
    control = Control(fleet)
    api = await asyncio.get_running_loop().create_server(
        web.Server(control.handle, access_log=None), "127.0.0.1", options.control_port
    )
    place = {
        "control_url": f"http://127.0.0.1:{api.sockets[0].getsockname()[1]}",
        "ca_path": str(authority.ca_path) if authority else None,
        "hosts": await control.hosts(),
    }
    print(json.dumps(place), flush=True)
    await _end()


async def _end() -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, ended.set)

    def watch() -> None:
        sys.stdin.buffer.read()
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(ended.set)

    threading.Thread(target=watch, daemon=True).start()
    await ended.wait()


def main() -> None:
    options = _options()
    _allow_many_files(3 * options.hosts + 1024)
    with tempfile.TemporaryDirectory(prefix="ams-fleet-") as directory:
        asyncio.run(_serve(options, Path(directory)))
    sys.stdout.flush()
    # The thread that waits for stdin would hold the process.
    os._exit(0)


if __name__ == "__main__":
    main()
