# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One start of the server: its directory, its ports, and the process that sees to its end.

The guard holds the server as its child. When the process that started the guard is gone, however it went,
stdin ends here: the server is stopped and its directory removed.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import FrameType

from .release import NEEDS_JAVA, RELEASE, AmsError, cache_dir, installed, java_17

COPIED = ("conf", "webapps")
PORTS = ("http.port", "https.port", "rtmp.port", "rtmps.port", "jmx.rmi.port", "jmx.rmi.sport", "policy.port")
QUIET = {
    "server.heartbeatEnabled": "false",
    "server.cpu_limit": "100",
    "server.memory_limit_percentage": "100",
}
STOP_SECONDS = 15
ENDINGS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
JVM = (
    # These halve the time that the options of start.sh take; a test server does not live long.
    *("-XX:+UseParallelGC", "-XX:TieredStopAtLevel=1", "-Xverify:none"),
    *("-Djava.awt.headless=true", "-Djava.security.egd=file:/dev/./urandom"),
    *("-Djava.net.preferIPv4Stack=true", "-Dcatalina.useNaming=true"),
    "-Djava.system.class.loader=org.red5.server.classloading.ServerClassLoader",
)


@dataclass(frozen=True)
class Start:
    """What was asked for."""

    release: str = RELEASE
    https: bool = False
    heap: str = "1g"
    properties: dict[str, str] = field(default_factory=dict)
    hosts: dict[str, str] = field(default_factory=dict)


def command(start: Start) -> list[str]:
    """The guard's own command line."""
    return [sys.executable, "-c", f"from {__name__} import main; main()", json.dumps(asdict(start))]


def free_ports(*names: str) -> dict[str, int]:
    """A port of the loopback address for each name, none of them in use."""
    with contextlib.ExitStack() as held:
        sockets = {name: held.enter_context(socket.socket()) for name in names}
        for listener in sockets.values():
            listener.bind(("127.0.0.1", 0))
        return {name: listener.getsockname()[1] for name, listener in sockets.items()}


def _lay_out(home: Path, root: Path) -> None:
    for name in COPIED:
        shutil.copytree(home / name, root / name)
    for entry in home.iterdir():
        if entry.name not in COPIED:
            (root / entry.name).symlink_to(entry)
    (root / "log").mkdir()
    (root / "tmp").mkdir()


def _edit(path: Path, *changes: tuple[str, str]) -> None:
    text = path.read_text()
    for old, new in changes:
        if old not in text:
            raise AmsError(f"{path.name} of this release has nothing like {old!r}")
        text = text.replace(old, new)
    path.write_text(text)


def _edit_properties(path: Path, values: Mapping[str, str]) -> None:
    text = path.read_text().replace("=0.0.0.0\n", "=127.0.0.1\n")
    for name, value in values.items():
        text = re.sub(rf"^{re.escape(name)}=.*\n", "", text, flags=re.MULTILINE)
        text += f"\n{name}={value}\n"
    path.write_text(text)


def _make_certificate(directory: Path) -> None:
    made = directory / "fullchain.pem"
    arguments = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    arguments += ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"]
    arguments += ["-keyout", str(directory / "privkey.pem"), "-out", str(made)]
    subprocess.run(arguments, check=True, capture_output=True)
    shutil.copy(made, directory / "chain.pem")


def _configure(root: Path, start: Start, ports: Mapping[str, int]) -> None:
    conf = root / "conf"
    values = {name: str(ports[name]) for name in PORTS}
    _edit_properties(conf / "red5.properties", values | QUIET | start.properties)
    delay = '<property name="shutdownDelay"'
    _edit(conf / "red5.xml", (delay, f'<property name="port" value="{ports["shutdown"]}" />{delay}'))
    # The appender would send every error to the maker's collector.
    to_collector = '<appender-ref ref="AntmediaLogger"/>'
    _edit(conf / "logback.xml", ("/var/log/antmedia", "${red5.root}/log"), (to_collector, ""))
    # The console reaches the applications through this address, which the release has fixed.
    proxied = f"http://127.0.0.1:{ports['http.port']}/"
    _edit(root / "webapps" / "root" / "WEB-INF" / "web.xml", ("http://localhost:5080/", proxied))
    if start.https:
        _make_certificate(conf)
        _edit(conf / "jee-container.xml", ("<!-- https start", ""), ("https end -->", ""))
    known = {"localhost": "127.0.0.1", socket.gethostname(): "127.0.0.1", **start.hosts}
    (root / "hosts").write_text("".join(f"{address} {name}\n" for name, address in known.items()))


def _server_command(java: str, root: Path, heap: str) -> list[str]:
    return [
        java,
        *JVM,
        f"-Xmx{heap}",
        f"-Dred5.root={root}",
        f"-Dcatalina.home={root}",
        f"-Djava.io.tmpdir={root / 'tmp'}",
        f"-XX:ErrorFile={root / 'log' / 'hs_err.log'}",
        f"-Djava.library.path={root / 'lib' / 'native'}",
        f"-Dorg.bytedeco.javacpp.cachedir={cache_dir() / 'native'}",
        # Each login would tell antmedia.io the user's name: only the names in this file resolve.
        f"-Djdk.net.hosts.file={root / 'hosts'}",
        *("-cp", f"{root / 'ant-media-server-service.jar'}:{root / 'conf'}"),
        "org.red5.server.Bootstrap",
    ]


@contextlib.contextmanager
def running(
    arguments: list[str], root: Path, console: Path, env: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A server for as long as the block lasts. root: where it runs. console: the file for what it says."""
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
    """From here on a signal, or the end of stdin, ends this process by SystemExit: what is open is closed."""
    for number in ENDINGS:
        signal.signal(number, _end_in_order)

    def watch() -> None:
        sys.stdin.read()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()


def guard(start: Start) -> int:
    """Prints where the server is, as JSON, then runs it to its end."""
    end_with_stdin()
    java = java_17()
    if java is None:
        raise AmsError(NEEDS_JAVA)
    home = installed(start.release)
    with tempfile.TemporaryDirectory(prefix="ams-", ignore_cleanup_errors=True) as directory:
        root = Path(directory)
        ports = free_ports(*PORTS, "shutdown")
        _lay_out(home, root)
        _configure(root, start, ports)
        console = root / "log" / "console.log"
        with running(_server_command(java, root, start.heap), root, console) as server:
            print(json.dumps({"root": directory, "ports": ports, "pid": server.pid}), flush=True)
            return server.wait()


def main() -> None:
    sys.exit(guard(Start(**json.loads(sys.argv[1]))))
