# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An OpenSSH server on loopback, with keys of its own, for runs of Ansible over ssh."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from stand_ins.ansible_environment import PYTHON
from stand_ins.local import StandIn, end, free_ports

ADDRESS = "127.0.0.1"
PACKAGES = {"sshd": "openssh-server", "ssh": "openssh-client", "ssh-keygen": "openssh-client"}
PORT_ATTEMPTS = 10
START_SECONDS = 20
# sshd refuses to start under root without it; Debian's service makes it. It stays, another sshd may need it.
ROOTS_FOLDER = Path("/run/sshd")
_SHARED = "-o ControlMaster=auto -o ControlPersist=60s"
_SHARED_NAME = "shared-"
CONFIG = """\
ListenAddress {address}:{port}
HostKey "{folder}/host_key"
AuthorizedKeysFile "{folder}/user_key.pub"
AllowUsers {user}
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
UseDNS no
StrictModes no
PidFile none
PrintMotd no
PrintLastLog no
MaxStartups 100
Subsystem sftp internal-sftp
"""


def program(name: str) -> str | None:
    """Return the path of a program; sshd is outside of an ordinary user's PATH."""
    return shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin"]))


def unavailable() -> str | None:
    """Return why no server can be started here, in one line, or None."""
    missing = sorted({package for name, package in PACKAGES.items() if program(name) is None})
    return f"no ssh server can run here: apt-get install {' '.join(missing)}" if missing else None


class Sshd(StandIn):
    """`with Sshd() as ssh:` lets the current user log in with a key that ends with the block."""

    def __init__(self) -> None:
        self.port = 0
        self.user = getpass.getuser()
        self.folder = Path()
        self._process: subprocess.Popen[bytes] | None = None
        self._guard: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> Sshd:
        reason = unavailable()
        if reason:
            raise RuntimeError(reason)
        self.folder = Path(tempfile.mkdtemp(prefix="sshd-"))
        try:
            self._make_keys()
            self._listen()
            self._log_in()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        if self._process is not None:
            self._end_guard()
            self._end_shared_connections()
            end(self._process)
            self._process = None
        if self.folder.name:
            shutil.rmtree(self.folder, ignore_errors=True)

    def variables(self) -> dict[str, Any]:
        """Return the variables of an Ansible host that is reached through it."""
        return {
            "ansible_connection": "ssh",
            "ansible_host": ADDRESS,
            "ansible_port": self.port,
            "ansible_user": self.user,
            "ansible_ssh_private_key_file": str(self.folder / "user_key"),
            # As Ansible's own, but the shared connection lies here and ends with the server.
            "ansible_ssh_args": f"-F none {_SHARED} -o ControlPath={self.folder}/{_SHARED_NAME}%C",
            "ansible_ssh_common_args": " ".join(self._options()),
            "ansible_python_interpreter": PYTHON,
        }

    def log(self) -> str:
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")

    def _end_shared_connections(self) -> None:
        """End connections that Ansible shares: each has a waiting client, and a process of the server."""
        for shared in self.folder.glob(f"{_SHARED_NAME}*"):
            command = ["ssh", "-F", "none", "-o", f"ControlPath={shared}", "-O", "exit", ADDRESS]
            subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=10, check=False)

    def _options(self) -> list[str]:
        options = {
            "UserKnownHostsFile": self.folder / "known_hosts",
            "GlobalKnownHostsFile": os.devnull,
            "StrictHostKeyChecking": "yes",
            "IdentitiesOnly": "yes",
            "IdentityAgent": "none",
        }
        return [part for name, value in options.items() for part in ("-o", f"{name}={value}")]

    def _make_keys(self) -> None:
        for name in ("host_key", "user_key"):
            command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", self.folder / name]
            subprocess.run(command, check=True, stdin=subprocess.DEVNULL)

    def _listen(self) -> None:
        if os.geteuid() == 0:
            ROOTS_FOLDER.mkdir(mode=0o755, exist_ok=True)
        for _attempt in range(PORT_ATTEMPTS):
            self.port = free_ports("sshd")["sshd"]
            config = CONFIG.format(address=ADDRESS, port=self.port, folder=self.folder, user=self.user)
            (self.folder / "sshd_config").write_text(config, encoding="utf-8")
            with (self.folder / "log").open("wb") as log:
                self._process = subprocess.Popen(
                    [str(program("sshd")), "-D", "-e", "-f", str(self.folder / "sshd_config")],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    # A Ctrl-C in the terminal is for the test run, which then stops it in order.
                    start_new_session=True,
                )
            if self._answers():
                self._start_guard(self._process.pid)
                break
            if "Address already in use" not in self.log():
                raise RuntimeError(f"sshd did not start: {self.log()}")
        key = (self.folder / "host_key.pub").read_text(encoding="utf-8")
        (self.folder / "known_hosts").write_text(f"[{ADDRESS}]:{self.port} {key}", encoding="utf-8")

    def _start_guard(self, pid: int) -> None:
        """Start a process that ends sshd when this one ends without having done so: its stdin ends then."""
        command = ["sh", "-c", 'read -r _; kill "$1"', "sh", str(pid)]
        self._guard = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)

    def _end_guard(self) -> None:
        if self._guard is not None:
            self._guard.kill()
            self._guard.communicate()
            self._guard = None

    def _answers(self) -> bool:
        assert self._process is not None
        deadline = time.monotonic() + START_SECONDS
        while self._process.poll() is None and time.monotonic() < deadline:
            with suppress(OSError), socket.create_connection((ADDRESS, self.port), timeout=1) as caller:
                if caller.recv(4) == b"SSH-":
                    return True
            time.sleep(0.02)
        return False

    def _log_in(self) -> None:
        """Fail at once, instead of an unreachable host in a test's playbook."""
        where = ["-p", str(self.port), "-i", str(self.folder / "user_key"), f"{self.user}@{ADDRESS}"]
        command = ["ssh", "-F", "none", "-o", "BatchMode=yes", *self._options(), *where, "true"]
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30, check=False
        )
        if done.returncode:
            raise RuntimeError(f"nobody can log in to sshd: {done.stderr}{self.log()}")
