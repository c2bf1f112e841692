# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Start a server in a directory of its own, and stop it when the process that wanted it is gone.

The guard is the parent of the server. When the process that started the guard ends, in whatever way, the
guard's stdin ends: it stops the server and removes the directory.
"""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from stand_ins.local import cache_dir, end_with_stdin, free_ports, running

from .release import NEEDS_JAVA, RELEASE, AmsError, installed, java_17

COPIED = ("conf", "webapps")
PORTS = ("http.port", "https.port", "rtmp.port", "rtmps.port", "jmx.rmi.port", "jmx.rmi.sport", "policy.port")
QUIET = {
    "server.heartbeatEnabled": "false",
    "server.cpu_limit": "100",
    "server.memory_limit_percentage": "100",
}
JVM = (
    # These halve the time that the options of start.sh take; a test server does not live long.
    *("-XX:+UseParallelGC", "-XX:TieredStopAtLevel=1", "-Xverify:none"),
    *("-Djava.awt.headless=true", "-Djava.security.egd=file:/dev/./urandom"),
    *("-Djava.net.preferIPv4Stack=true", "-Dcatalina.useNaming=true"),
    "-Djava.system.class.loader=org.red5.server.classloading.ServerClassLoader",
)


@dataclass(frozen=True)
class Start:
    """Options of a start."""

    release: str = RELEASE
    https: bool = False
    heap: str = "1g"
    properties: dict[str, str] = field(default_factory=dict)
    hosts: dict[str, str] = field(default_factory=dict)


def command(start: Start) -> list[str]:
    """Return the command line of the guard."""
    return [sys.executable, "-c", f"from {__name__} import main; main()", json.dumps(asdict(start))]


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


def guard(start: Start) -> int:
    """Start the server, print its place as JSON, and wait until it ends."""
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
